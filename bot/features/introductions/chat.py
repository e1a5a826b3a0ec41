"""Being introduced to who answers for a project, and answering those who ask: in private chats only."""

from __future__ import annotations

from bot.channels.networks import words_of_shared
from bot.channels.policy import DataClass, may_pass
from bot.commands.introductions import Introduce, IntroduceStatus, IntroduceStep, Respond, SayHelped, kinds_of
from bot.commands.search import PROJECT
from bot.context import Act, Serves, Services, Turn
from bot.features.dialog import ask_missing, prompt, says_no, wanted_before
from bot.features.entries import project_behind
from bot.features.introductions import Evidence, describe, for_editors, helped, respond, withdraw
from bot.features.introductions.candidates import contact_of, project_of
from bot.features.introductions.contact_answers import LONGEST_TYPED, TYPED, is_typed, typed_reach
from bot.features.introductions.notify import answers
from bot.features.introductions.public_name import keep_public_name
from bot.features.introductions.request import (
    agreeing,
    begin,
    change,
    consent,
    own_shares,
    owned_draft,
    preview,
    there_is_no_way,
)
from bot.features.introductions.view import RequestView, date_of, said_of, sharables, title_of
from bot.features.privacy_notice import version
from bot.features.search.ask import picked_entry
from bot.features.talk import offer
from bot.messages import Choice, Happening, Say, Value
from bot.messages.markup import clean, plain
from bot.messages.reach import is_reach
from knowledge_base.introductions.values import ContactAnswer, Helped, Introduction, Side, State
from knowledge_base.model import Project
from knowledge_base.store.transaction import Transaction

SHOWN = 10  # introductions in a status
UNKNOWN = Say("intro.unknown")


async def introduce(turn: Turn, intent: Introduce, services: Services) -> Act:
    """Begin a request: show what the contact would see. What is missing is asked for first."""
    entry = intent.entry or await picked_entry(turn, intent.number, services)

    async def act(tx: Transaction) -> Say:
        project = await project_of(tx, await project_behind(tx, entry))
        if project is None:
            return Say("show.not_found")
        if hopeless := await there_is_no_way(tx, services, turn.person, project):
            return hopeless
        if missing := await ask_missing(tx, turn, services, then=Introduce(PROJECT + project.id)):
            return Say("intro.missing", {"question": missing})
        return await _begun(tx, turn, services, project)

    return act


async def go_on(tx: Transaction, turn: Turn, services: Services) -> Say | None:
    """What a person wanted before they were asked for something: the next question, or what the contact will see.

    ``None``: they wanted nothing.
    """
    earlier = await wanted_before(tx, turn, services)
    project = await project_of(tx, earlier.entry.removeprefix(PROJECT)) if isinstance(earlier, Introduce) else None
    if earlier is None or project is None:
        return None
    return await ask_missing(tx, turn, services, then=earlier) or await _begun(tx, turn, services, project)


async def _begun(tx: Transaction, turn: Turn, services: Services, project: Project) -> Say:
    context = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    texts = (context.query or {}).get("texts", []) if context else []
    begun = await begin(tx, services, turn.person, project, texts[-1] if texts else "")
    return begun if isinstance(begun, Say) else await _next(tx, turn, services, begun)


async def _next(tx: Transaction, turn: Turn, services: Services, introduction: Introduction) -> Say:
    """What is still needed, or what the contact will see."""
    await keep_public_name(tx, turn)
    if not introduction.question:
        await prompt(tx, turn, services, IntroduceStep("question", introduction.code))
        return Say("intro.ask_question")
    if not await own_shares(tx, introduction):
        await prompt(tx, turn, services, IntroduceStep("reach", introduction.code))
        return Say("intro.ask_reach")
    shown = await preview(tx, services, introduction, turn.language)
    await offer(tx, turn, services, shown.choices, consent=True)
    return shown


async def step(turn: Turn, intent: IntroduceStep, services: Services) -> Act:
    """Take the next step of the user's own request."""

    async def act(tx: Transaction) -> Say:
        introduction = await tx.introductions.by_code(intent.code)
        if introduction is None or introduction.side(turn.person.id) is not Side.ASKER:
            return await _take_back(tx, turn, services, introduction, intent)
        text = clean(intent.text)
        match intent.step:
            case "yes":
                evidence = await _evidence(tx, turn, services, introduction)
                return await consent(
                    tx, services, introduction, kinds_of(text, words_of_shared()), evidence, turn.language
                )
            case "cancel":
                return await withdraw(
                    tx, services, introduction.id, turn.person.id, await _evidence(tx, turn, services, introduction)
                )
            case "editors":
                return await for_editors(tx, services, introduction.id, turn.person.id)
        if await owned_draft(tx, introduction.code, turn.person.id) is None:
            return Say("intro.refused_twice")
        if not text or (intent.step == "question" and says_no(text)):
            await prompt(tx, turn, services, IntroduceStep(intent.step, introduction.code))
            return Say(f"intro.ask_{intent.step}")
        if intent.step == "reach" and not is_reach(text):
            await prompt(tx, turn, services, IntroduceStep(intent.step, introduction.code))
            return Say("intro.no_reach", {"code": introduction.code})
        changes = {"question": text} if intent.step == "question" else {"reach": text[:LONGEST_TYPED]}
        return await _next(tx, turn, services, await change(tx, introduction, **changes))

    return act


async def _take_back(
    tx: Transaction, turn: Turn, services: Services, introduction: Introduction | None, intent: IntroduceStep
) -> Say:
    """A contact may take back a yes, too, as long as nothing has gone out."""
    if introduction is None or intent.step != "cancel":
        return UNKNOWN
    return (
        await respond(tx, services, introduction.id, turn.person.id, ContactAnswer.NO, (), _proof(turn, "", ""))
    ).say


async def _evidence(tx: Transaction, turn: Turn, services: Services, introduction: Introduction) -> Evidence:
    """What the asker agrees to, or takes back, exactly as it is shown."""
    shown = await preview(tx, services, introduction, turn.language) if introduction.state is State.DRAFT else None
    text = plain(services.texts.render(shown, turn.language)) if shown else ""
    return _proof(turn, version("intro.preview", turn.language, services.texts) if shown else "", text)


def _proof(turn: Turn, wording: str, shown: str) -> Evidence:
    method = "button" if turn.inbound.happening is Happening.PRESSED else "command"
    return Evidence(turn.inbound.address.channel, turn.inbound.reference, method, wording, shown)


# ----------------------------------------------------------------------------------------------------- the contact


async def answer(turn: Turn, intent: Respond, services: Services) -> Act:
    """Answer a request as its contact; a yes says what may be shown."""

    async def act(tx: Transaction) -> Say:
        introduction = await tx.introductions.by_code(intent.code)
        view = await describe(tx, services, introduction, turn.person.id) if introduction else None
        if introduction is None or view is None:
            return UNKNOWN
        await keep_public_name(tx, turn)
        wanted, kinds = ContactAnswer(intent.answer), kinds_of(intent.text, words_of_shared())
        if wanted is ContactAnswer.YES and view.open and not kinds:
            return await _what_to_show(tx, turn, services, introduction)
        if wanted is ContactAnswer.YES and view.open and is_typed(kinds) and not typed_reach(kinds):
            await prompt(tx, turn, services, Respond(ContactAnswer.YES.value, introduction.code, TYPED))
            return Say("intro.no_reach_of_contact", {"code": introduction.code})
        shown = plain(services.texts.render(_asked(view), turn.language))
        evidence = _proof(turn, version("intro.incoming", turn.language, services.texts), f"{shown}\n{intent.text}")
        return (await respond(tx, services, introduction.id, turn.person.id, wanted, kinds, evidence)).say

    return act


def _asked(view: RequestView) -> Say:
    return Say("intro.incoming", said_of(view))


async def _what_to_show(tx: Transaction, turn: Turn, services: Services, introduction: Introduction) -> Say:
    """Ask the contact which of their data the asker may see; a contact without stored data types it."""
    own = await sharables(tx, turn.person.id, await contact_of(tx, introduction.contact))
    if not own:
        await prompt(tx, turn, services, Respond(ContactAnswer.YES.value, introduction.code, TYPED))
        return Say("intro.ask_reach")
    shares = tuple((datum.kind, datum.value) for datum in own)
    choices = agreeing(Respond(ContactAnswer.YES.value, introduction.code), shares, "choice.intro.show")
    await offer(tx, turn, services, choices, consent=True)
    values: dict[str, Value] = {"options": tuple(choice.label for choice in choices), "code": introduction.code}
    return Say("intro.what_to_show", values, choices)


async def say_helped(turn: Turn, intent: SayHelped, services: Services) -> Act:
    """Whether it helped."""

    async def act(tx: Transaction) -> Say:
        introduction = await tx.introductions.by_code(intent.code)
        return (
            await helped(tx, services, introduction.id, turn.person.id, Helped(intent.how)) if introduction else UNKNOWN
        )

    return act


# ------------------------------------------------------------------------------------------------------------ status


async def status(turn: Turn, _intent: IntroduceStatus, services: Services) -> Act:
    """The person's own requests, and those that wait for their answer."""

    async def act(tx: Transaction) -> Say:
        mine = [
            introduction
            for introduction in await tx.introductions.of(turn.person.id, Side.ASKER)
            if introduction.state is not State.DRAFT
        ]
        lines = [await _line(tx, turn, introduction) for introduction in mine[:SHOWN]]
        may_say = may_pass(turn.inbound.address.channel, DataClass.CONTACT_DATUM, services.settings)
        asked = []
        choices: list[Choice] = []
        for introduction in await tx.introductions.of(turn.person.id, Side.CONTACT):
            view = await describe(tx, services, introduction, turn.person.id)
            if view and view.open:
                known = said_of(view)
                nothing_of_the_asker = {name: known[name] for name in ("code", "project", "until")}
                asked.append(_asked(view) if may_say else Say("intro.waits", nothing_of_the_asker))
                choices += answers(introduction, view) if may_say else ()
        if not lines and not asked:
            return Say("intro.no_requests")
        return Say("intro.status", {"requests": tuple(lines), "asked": tuple(asked)}, tuple(choices))

    return act


async def _line(tx: Transaction, turn: Turn, introduction: Introduction) -> Say:
    """Return the status of the user's own request: sent, delivered, arranged, not possible; or the day it goes out."""
    state = introduction.outcome if introduction.outcome and introduction.state is State.CLOSED else introduction.state
    label = Say(f"intro.state.{state}", {"date": date_of(introduction.due_at, turn.language)})
    title = await title_of(tx, introduction, turn.language)
    return Say("intro.status_line", {"code": introduction.code, "project": title, "state": label})


SERVES: Serves = {
    Introduce: introduce,
    IntroduceStep: step,
    IntroduceStatus: status,
    Respond: answer,
    SayHelped: say_helped,
}
