"""What a chat is about, in the query of its context: the last questions, the record in focus, the choices that wait.

Features change a few parts of it and leave the others: an answer sets the questions, a detail sets the focus alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from bot.commands import parse
from bot.commands.command import Intent
from bot.context import Act, Services, Turn
from bot.messages import Choice, Say
from knowledge_base.search.asker import names_of
from knowledge_base.store.people import ChatContext
from knowledge_base.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Talk:
    """The state of a talk; each part is empty where it was not set. ``rest`` holds what other features store there."""

    texts: tuple[str, ...] = ()  # the last question and what it followed
    focus: str = ""  # key of the record that is meant by "that one"
    asker: tuple[str, ...] = ()  # the municipality that the user asks for, as far as they told it
    shown: int = 0  # hits of the last question that were shown
    unsure: bool = False  # the last question found nothing certain
    entry: bool = False  # the last answer was about one record
    pending: tuple[str, ...] = ()  # commands of the choices that wait
    consent: bool = False  # a yes means the first of them, and nothing happens without one
    labels: tuple[str, ...] = ()  # of the choices that wait, as the user read them
    listed: tuple[str, ...] = ()  # what the numbers meant before the choices that wait
    rest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, context: ChatContext | None) -> Self:
        """Return the talk of a context."""
        stored = dict(context.query or {}) if context else {}
        own: dict[str, Any] = {name: stored.pop(name) for name in _OWN & stored.keys()}
        lists = {name: tuple(value) for name, value in own.items() if isinstance(value, list)}
        return cls(**(own | lists), rest=stored)

    def query(self) -> dict[str, Any] | None:
        """Return what the context stores."""
        own = {name: value for name, value in asdict(self).items() if name in _OWN and value}
        return {**self.rest, **own} or None

    @property
    def waiting(self) -> tuple[Intent, ...]:
        """Return the choices that wait."""
        return tuple(map(parse, self.pending))

    @property
    def settled(self) -> Talk:
        """Return the talk with nothing that waits."""
        return replace(self, pending=(), consent=False, labels=(), listed=())


def numbered(context: ChatContext | None) -> tuple[str, ...]:
    """Return the commands behind the numbers of the last list, also while other choices have their numbers."""
    if context is None:
        return ()
    talk = Talk.of(context)
    return talk.listed if talk.pending and context.choices == talk.pending else context.choices


_OWN = {part.name for part in fields(Talk)} - {"rest"}


async def change(tx: Transaction, turn: Turn, services: Services, **parts: object) -> None:
    """Set some parts of the talk here; the numbers and all else stay."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    talk = replace(Talk.of(before), **parts)  # type: ignore[arg-type]
    answer_id, choices = (before.answer_id, before.choices) if before else (None, ())
    await tx.people.remember(turn.context_key, talk.query(), answer_id, choices)


def introduced(turn: Turn, services: Services, act: Act) -> Act:
    """Return the act; it also keeps the municipality that a message without a question tells of its sender."""
    snapshot = services.search.snapshot
    asker = names_of(snapshot.read(turn.inbound.text, language=turn.language).asker, snapshot.gazetteer)

    async def kept(tx: Transaction) -> Say:
        answer = await act(tx)
        await change(tx, turn, services, asker=asker)
        return answer

    return kept if asker else act


async def offer(
    tx: Transaction, turn: Turn, services: Services, choices: Sequence[Choice], *, consent: bool = False
) -> None:
    """Let numbers and labels mean these choices; ``consent``: a yes means the first, and nothing is done without."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    talk = Talk.of(before)
    listed = numbered(before)
    commands = tuple(choice.command for choice in choices)
    labels = tuple(services.texts.line(choice.label, turn.language) for choice in choices)
    talk = replace(talk, pending=commands, consent=consent, labels=labels, listed=listed)
    await tx.people.remember(turn.context_key, talk.query(), before.answer_id if before else None, commands)


async def settle(tx: Transaction, turn: Turn, services: Services) -> None:
    """Nothing waits any more; the numbers mean again what they meant before."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    talk = Talk.of(before)
    if before and talk.pending:
        await tx.people.remember(turn.context_key, talk.settled.query(), before.answer_id, numbered(before))
