"""The draft of a new entry: of an open question, or of a candidate (a user's proposal, or an editor's own entry)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.editors import NewEntry
from bot.commands.search import PROJECT, Show
from bot.context import Services, Turn
from bot.features.editors.contribute import tell_author
from bot.features.editors.elsewhere import may_read_here
from bot.features.editors.questions import close
from bot.messages import Choice, Say, Value
from bot.outgoing.notify import Notice, tell
from knowledge_base.model import Project
from knowledge_base.store.contributions import ContributionState
from knowledge_base.store.entry_drafts import Draft, Offered
from knowledge_base.store.transaction import Transaction

STEPS = ("title", "municipality", "text")  # what is asked; the rest can be set
ANSWER = "answer"  # in a draft: the id of the answer that its text is taken from


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """What is known of an entry to be; ``hidden``: answers that may not be read in this chat."""

    number: int
    candidate: bool
    about: Value
    fields: Draft
    answers: tuple[Offered, ...] = ()
    hidden: tuple[Offered, ...] = ()
    topics: tuple[str, ...] = ()  # ids, of the question

    @property
    def text(self) -> str:
        """The editor's own, or that of the answer, as long as its author lets it be used."""
        taken = next((answer.text for answer in self.answers if answer.id == self.fields.get(ANSWER)), "")
        return taken or str(self.fields.get("text", ""))

    @property
    def missing(self) -> str:
        """The next thing to ask for."""
        given = {"title": self.fields.get("title"), "text": self.text}
        given |= {"municipality": "municipality" in self.fields}  # "no municipality" is also an answer
        return next((step for step in STEPS if not given[step]), "")

    @property
    def command(self) -> Say:
        """What the editor types to go on with it."""
        return Say("entry.of_candidate" if self.candidate else "entry.of_question", {"number": self.number})

    def step(self, step: str, field: str = "", value: str = "") -> NewEntry:
        """Return the intent of a step of this draft."""
        return NewEntry(self.number, step, field, value, candidate=self.candidate)


async def load(tx: Transaction, turn: Turn, intent: NewEntry, services: Services) -> EntryDraft | None:
    """Return the draft of an intent; ``None`` if its question or candidate is not open (any more)."""
    if intent.candidate:
        return await _of_candidate(tx, intent.number)
    question = await tx.entry_drafts.question(intent.number)
    if question is None:
        return None
    passed_on = await tx.open_questions.listed(intent.number)
    answers = tuple(await tx.entry_drafts.answers(intent.number))
    reads = may_read_here(turn, services)
    return EntryDraft(
        intent.number,
        candidate=False,
        about=Say("entry.about_question", {"number": intent.number, "question": question[0]}),
        fields=await tx.entry_drafts.get(intent.number),
        answers=answers if reads else (),
        hidden=() if reads else answers,
        topics=passed_on[0].topics if passed_on else (),
    )


async def _of_candidate(tx: Transaction, number: int) -> EntryDraft | None:
    contribution = await tx.contributions.get(number)
    if contribution is None or contribution.kind != "new":
        return None
    own = contribution.state is ContributionState.EDITING
    about = "" if own else Say("entry.about_candidate", {"number": number, "text": contribution.said.get("what", "")})
    return EntryDraft(number, candidate=True, about=about, fields=dict(contribution.proposal))


async def begin(tx: Transaction, turn: Turn) -> int:
    """Begin an entry that nobody asked for; return its number."""
    return await tx.contributions.begin(turn.person.id, "new", turn.language, state=ContributionState.EDITING)


async def put(tx: Transaction, draft: EntryDraft, fields: Draft) -> None:
    """Store the fields of a draft."""
    if draft.candidate:
        await tx.contributions.propose(draft.number, fields)
    else:
        await tx.entry_drafts.put(draft.number, fields)


async def discard(tx: Transaction, draft: EntryDraft) -> Say:
    """Drop a draft; the question or proposal behind it stays open."""
    if not draft.candidate:
        await tx.entry_drafts.put(draft.number, {})
        return Say("entry.discarded", {"number": draft.number})
    contribution = await tx.contributions.get(draft.number)
    if contribution and contribution.state is ContributionState.EDITING:
        await tx.contributions.drop(draft.number)
        return Say("entry.discarded_own")
    await tx.contributions.propose(draft.number, {})
    return Say("entry.discarded_candidate", {"number": draft.number})


async def finish(tx: Transaction, turn: Turn, draft: EntryDraft, project: Project, services: Services) -> Value:
    """End what an entry was made of, tell the people who wait for it; return what to say about them."""
    if draft.candidate:
        contribution = await tx.contributions.get(draft.number)
        if contribution is None or contribution.state is ContributionState.EDITING:
            await tx.contributions.drop(draft.number)
            return ""
        await tx.contributions.decide(draft.number, ContributionState.ACCEPTED)
        state = ContributionState.ACCEPTED
        told = await tell_author(tx, contribution, state, services, title=project.title, record=project.id)
        return Say("candidates.told" if told else "candidates.not_told")
    show = Choice(Say("choice.show", {"title": project.title}), Show(PROJECT + project.id))
    used = next((answer for answer in draft.answers if answer.id == draft.fields.get(ANSWER)), None)
    if used and (author := await tx.people.get(used.person_id)):
        author_notice = Say("question.answer_entered", {"title": project.title}, (show,))
        notice = Notice(author_notice, f"answer entered:{used.id}")
        await tell(tx, author, notice, settings=services.settings, links=services.links)
    return await close(tx, turn, draft.number, project.id, services)
