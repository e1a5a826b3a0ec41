"""A question, the next hits, one hit in full; was it useful?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.commands import parse, to_text
from bot.commands.command import Intent, number_of
from bot.commands.editing import Edit, reference_of
from bot.commands.introductions import Introduce
from bot.commands.search import LAST, PROJECT, QUESTION, Ask, More, Original, Show
from bot.context import Act, Serves, Services, Turn, say
from bot.features.entries import last_told, opened, show_entry
from bot.features.invitation import invitation
from bot.features.open_questions import pass_on
from bot.features.open_questions.worth import is_worth_noting
from bot.features.own_records import author_of
from bot.features.reach import can_ask
from bot.features.search import daily_limit, next_steps
from bot.features.search.answers import listing, one_by_one, shown_hits, without_introductions
from bot.features.search.details import in_full
from bot.features.talk import Talk, change, numbered
from bot.features.wording import folded_words
from bot.messages import Choice, Reach, Say
from knowledge_base.ingest.personal_data import masked
from knowledge_base.model import Answer, Hit, Project, RecordKind
from knowledge_base.search.service import LONGEST, ChainResult
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.people import ChatContext
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import Reading, in_language, in_original

PAGE = 5
CHAIN = 6  # follow-ups that still know what the first question was


async def ask(turn: Turn, intent: Ask, services: Services) -> Act:
    """Answer a question, as a follow-up of the one before where it is one."""
    question = intent.question.strip() or turn.inbound.quoted  # the bot alone is named, below the question of another
    if not question:
        return say(Say("ask.empty"))
    if refused := turn.no_search or turn.no_project:
        return say(refused)
    chain = [*_chain(turn)[-CHAIN + 1 :], question[:LONGEST]]
    asker = Talk.of(turn.context).asker
    result = await services.search.ask(chain, fallback=turn.person.last_language, limit=PAGE, asker=asker)
    if not result.follows_up:
        chain = chain[-1:]
    await _note(turn, services, chain, result)
    return _give(turn, services, chain, result, start=0)


async def _note(turn: Turn, services: Services, chain: Sequence[str], result: ChainResult) -> None:
    """Note what was found, with the hits behind the first page."""
    if services.notes is not None:
        fallback = turn.person.last_language
        whole = await services.search.ask(chain, fallback=fallback, limit=3 * PAGE, asker=result.asker)
        services.notes.searched(turn, result.answer, whole.answer)


async def more(turn: Turn, _intent: More, services: Services) -> Act:
    """The next hits of the last question."""
    context = turn.context
    chain = _texts(context)
    if context is None or not chain:
        return say(Say("more.nothing_before"))
    if refused := turn.no_search or turn.no_project:
        return say(refused)
    talk, language = Talk.of(context), turn.person.last_language
    start = talk.shown
    result = await services.search.ask(chain, fallback=language, limit=PAGE, offset=start, asker=talk.asker)
    if not result.answer.hits:
        return say(Say("more.no_more"))
    if services.notes is not None:
        services.notes.searched(turn, result.answer, result.answer)
    result = replace(result, answer=one_by_one(result.answer))
    return _give(turn, services, chain, result, start=start, before=numbered(context)[:start])


async def pick(turn: Turn, number: int, services: Services) -> Intent | None:
    """Return the intent behind a number that was shown; ``None`` when nothing with this number was."""
    choices = [parse(choice) for choice in turn.context.choices] if turn.context else []
    if not choices:  # nothing shown lately: the numbers are those of the last digest
        async with services.store.read() as tx:
            choices = [Show(key) for key in await last_told(tx, turn)]
    if number == LAST:
        return choices[-1] if choices else None
    return choices[number - 1] if number <= len(choices) else None


async def picked_entry(turn: Turn, number: int | None, services: Services) -> str:
    """Return the key of the entry that a number stands for; else that of the project with this id."""
    picked = await pick(turn, number or LAST, services)
    return picked.entry if isinstance(picked, Show) and picked.entry else f"{PROJECT}{number}"


async def show(turn: Turn, intent: Show, services: Services) -> Act:
    """Show one entry in full: by its key, or by its number in what was shown last."""
    which = intent.entry or await picked_entry(turn, intent.number, services)
    if which.startswith(QUESTION):
        return await pass_on.show(turn, number_of(which.removeprefix(QUESTION)), services)

    async def act(tx: Transaction) -> Say:
        if entry := await show_entry(tx, which, services.search.snapshot.introducible, turn.language):
            return await _shown(tx, turn, which, *entry)
        return await _show_project(tx, turn, which.removeprefix(PROJECT), services, in_language)

    return act


async def original(turn: Turn, intent: Original, services: Services) -> Act:
    """Show a project in full, in the words of its record; other entries have no other words."""
    which = intent.entry or await picked_entry(turn, intent.number, services)
    if not which.startswith(PROJECT):
        return await show(turn, Show(which), services)

    async def act(tx: Transaction) -> Say:
        return await _show_project(
            tx, turn, which.removeprefix(PROJECT), services, lambda project, _: in_original(project)
        )

    return act


async def _show_project(
    tx: Transaction, turn: Turn, project_id: str, services: Services, read: Callable[[Project, str], Reading]
) -> Say:
    stored = await tx.records.get(RecordKind.PROJECT, project_id)
    if stored is None or not isinstance(stored.record, Project):
        return Say("show.not_found")
    if turn.no_project:
        return turn.no_project
    introducible = stored.record in services.search.snapshot.introducible
    introducible = introducible and await can_ask(tx, services, turn.person.id)
    choices = (
        (Choice(Say("choice.intro.this"), Introduce(PROJECT + stored.record.id)),)
        if introducible
        else invitation(stored.record, services)
    )
    project = stored.record
    if services.reader:
        project = (await services.reader.read(tx, [project], turn.language))[project.id]
    reading = read(project, turn.language)
    answer = in_full(reading, turn.language, tx.now.date())
    if turn.inbound.private and await author_of(tx, turn, stored.record, services):
        reference = reference_of(project_id)
        hint = Say("show.edit", {"id": Reach(project_id, linked=False), "ref": reference})
        answer = replace(answer, values={**answer.values, "edit": hint})
        choices = (*choices, Choice(Say("choice.edit", {"id": project_id}), Edit(reference)))
    answer = replace(answer, choices=(*choices, *_other_words(reading, project, turn.language)))
    await daily_limit.note(tx, turn, services, [project_id])
    await change(tx, turn, services, focus=PROJECT + project_id, entry=True)
    return await _shown(tx, turn, PROJECT + project_id, answer, stored.record.topics)


def _other_words(reading: Reading, project: Project, language: str) -> tuple[Choice, ...]:
    """Return the choice to read a translated project in the original, and back."""
    if reading.is_translated:
        return (Choice(Say("choice.original"), Original(PROJECT + project.id)),)
    if in_language(project, language).is_translated:
        return (Choice(Say("choice.translation"), Show(PROJECT + project.id)),)
    return ()


async def _shown(tx: Transaction, turn: Turn, key: str, answer: Say, topics: tuple[str, ...]) -> Say:
    return replace(answer, choices=(*answer.choices, *await opened(tx, turn, key, topics)))


def _chain(turn: Turn) -> list[str]:
    context, quoted = turn.context, turn.inbound.quoted
    texts = _texts(context) or ([quoted[:LONGEST]] if quoted and turn.inbound.text.strip() else [])
    if context is None or not turn.replaces:
        return texts
    return texts[:-1] if context.answer_id == turn.replaces else []  # an edit follows what its question followed


def _texts(context: ChatContext | None) -> list[str]:
    """The last question and what it followed; none where the context is about something else."""
    return list(Talk.of(context).texts)


def _give(
    turn: Turn, services: Services, chain: list[str], result: ChainResult, *, start: int, before: Sequence[str] = ()
) -> Act:
    """Store what the answer shows, and say it."""
    answer = result.answer
    hits = shown_hits(answer)
    sure = answer.answered or bool(answer.events)
    if not sure:  # the numbers of the last list keep their meaning, and the nearest are numbered on
        start = Talk.of(turn.context).shown
        before = numbered(turn.context)[:start]
    commands = [*before, *(to_text(Show(PROJECT + hit.project.id)) for hit in hits)]
    worth = sure or is_worth_noting(services.search.snapshot.read(chain[-1], language=answer.language))

    async def act(tx: Transaction) -> Say:
        number = None
        if not sure and worth:
            text = masked(answer.question)
            number = await tx.answers.not_answered(text, folded_words(text), answer.language)
        await tx.people.spoke(turn.person.id, answer.language)
        await daily_limit.note(tx, turn, services, [hit.project.id for hit in hits])
        await tx.answers.add(
            GivenAnswer(
                id=turn.reply_id,
                channel=turn.inbound.address.channel,
                event_id=turn.inbound.reference,
                sure=sure,
                language=answer.language,
                shown=_project_ids(commands),
                unanswered=number,
            )
        )
        for key in (turn.context_key, turn.question_key):  # of the next question here, and of a reply or thread later
            await tx.people.remember(key, _about(turn, chain, commands, result), turn.reply_id, commands)
        language, noted = turn.person.language or answer.language, bool(number and services.settings.editors)
        shown = await translated(tx, services, answer, language)
        shown = shown if await can_ask(tx, services, turn.person.id) else without_introductions(shown)
        ids = turn.editor and turn.inbound.private
        say = listing(shown, language, start, filters=turn.buttons, noted=noted, ids=ids)
        if ids:
            say = replace(say, choices=(*say.choices, *next_steps.edits(hits)))
        return say if number is None else replace(say, choices=(*say.choices, *pass_on.offered(turn)))

    return act


def _about(turn: Turn, chain: Sequence[str], commands: Sequence[str], result: ChainResult) -> dict[str, Any] | None:
    """Return what the talk is about now.

    A question that found nothing certain leaves list and focus as they are; only a town that it names has the focus.
    """
    talk, answer = Talk.of(turn.context), result.answer
    talk = talk if talk.consent else talk.settled
    sure = answer.answered or bool(answer.events)
    if sure:
        first = parse(commands[0]) if commands else None
        focus = first.entry if isinstance(first, Show) else ""
        talk = replace(talk, focus=focus, shown=len(commands))
    elif (nearest := next(iter(answer.near), None)) and (not talk.focus or _is_of_the_place(nearest, answer)):
        talk = replace(talk, focus=PROJECT + nearest.project.id)
    return replace(talk, texts=tuple(chain), asker=result.asker, unsure=not sure, entry=False).query()


def _is_of_the_place(hit: Hit, answer: Answer) -> bool:
    """Return whether a hit is of a municipality that the question names."""
    return not {hit.project.municipality, *hit.project.members}.isdisjoint(answer.understood.municipalities)


async def translated(tx: Transaction, services: Services, answer: Answer, language: str) -> Answer:
    """Return an answer with the translations by machine that the store holds for its projects."""
    if services.reader is None:
        return answer
    projects = await services.reader.read(tx, [hit.project for hit in shown_hits(answer)], language)
    hits, near = (
        tuple(replace(hit, project=projects.get(hit.project.id, hit.project)) for hit in part)
        for part in (answer.hits, answer.near)
    )
    return replace(answer, hits=hits, near=near)


def _project_ids(commands: Sequence[str]) -> tuple[str, ...]:
    """Return the projects that the numbers of a list stand for, in their order."""
    shown = (parse(command) for command in commands)
    return tuple(show.entry.removeprefix(PROJECT) for show in shown if isinstance(show, Show))


SERVES: Serves = {Ask: ask, More: more, Show: show, Original: original}
