"""Measure dialogues: each turn goes through the whole bot, in a chat of its own for each dialogue."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from bot.app import Bot
from bot.channels.port import Listening, Receive
from bot.channels.terminal import NAME
from bot.features.transcript import Exchange, Transcript
from bot.messages import Address, Inbound, Outgoing
from bot.messages.readership import Readership
from bot.processes.state_lock import shared_secrets
from bot.resources import KnowledgeBase, open_knowledge, open_store
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.errors import InputError
from knowledge_base.export import export
from knowledge_base.ingest.importer import Options, import_files
from knowledge_base.progress import Progress
from knowledge_base.store.secret import share_secret

FIRST = 3  # hits among which one of the right records must be
REMEDY = 'Each line is {"id": "…", "lang": "de|en|pl", "turns": [{"say": "…", "act": "…", "any": [], "none": []}]}.'
ACTS = frozenset({
    "answer", "not_sure", "more", "detail", "attribute", "introduce", "pass_on", "consent_yes", "consent_no",
    "small_talk", "about_bot", "privacy", "digest", "contribute", "language", "clarify",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """What is right at one turn: the act, records of which one must come, records that must not, conditions."""

    say: str
    act: str
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The turns of one user."""

    id: str
    lang: str
    turns: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one turn came to; ``None`` where the dialogue does not say what is right."""

    dialogue: Dialogue
    number: int
    exchange: Exchange
    act: bool
    hijacked: bool | None  # a question was taken for another act, or answered with a record that it excludes
    hit: bool | None
    kept: bool | None  # the conditions
    precise: float | None  # share of the counted hits that are right, where the right ones are named

    @property
    def expected(self) -> Expected:
        """Return what is right."""
        return self.dialogue.turns[self.number]


def is_dialogues(path: Path) -> bool:
    """Return whether a file holds dialogues rather than questions."""
    try:
        first = path.read_text("utf-8").lstrip().partition("\n")[0]
        return "turns" in json.loads(first)
    except (OSError, ValueError):
        return False


def read_dialogues(path: Path) -> list[Dialogue]:
    """Return the dialogues of a JSONL file. Raise ``InputError`` with the line that is wrong."""
    return list(_dialogues(path))


def _dialogues(path: Path) -> Iterator[Dialogue]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            turns = tuple(
                Expected(
                    str(turn["say"]), str(turn["act"]), tuple(turn.get("any", ())), tuple(turn.get("none", ())),
                    dict(turn.get("conditions") or {}),
                )
                for turn in entry["turns"]
            )  # fmt: skip
            yield Dialogue(str(entry["id"]), str(entry["lang"]), turns)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}, line {number} is no dialogue: {error}.", remedy=REMEDY) from error


class Script:
    """A channel that says the turns of dialogues, one after the other, each after the answer to the one before."""

    name = NAME
    exactly_once = False

    def __init__(self, dialogues: Sequence[Dialogue], notes: Transcript) -> None:
        self._dialogues = dialogues
        self._notes = notes
        self._answered: dict[str, asyncio.Event] = {}
        self.judged: list[Judged] = []

    async def run(self, receive: Receive, listening: Listening) -> None:
        """Say every turn and judge what comes."""
        listening(None)
        for dialogue in self._dialogues:
            for number, turn in enumerate(dialogue.turns):
                place = Address(NAME, dialogue.id)
                inbound = Inbound(uuid4().hex, place, dialogue.id, turn.say, True, datetime.now(UTC))
                answered = self._answered[inbound.id] = asyncio.Event()
                await receive(NAME, [inbound])
                await answered.wait()
                exchange = self._notes.take(inbound.id) or Exchange(turn.say)
                self.judged.append(judge(dialogue, number, exchange))

    async def send(self, message: Outgoing) -> str | None:
        """Take an answer."""
        if answered := self._answered.pop(message.answers, None):
            answered.set()
        return message.id

    def who_reads(self, address: Address) -> Readership:
        """See ``bot.channels.port.Channel``: the user of the dialogue."""
        return Readership(frozenset({address.conversation}), closed=True)

    def private_place(self, user: str) -> str | None:
        """See ``bot.channels.port.Channel``."""
        return user

    async def working(self, address: Address) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing: nothing was opened."""


def judge(dialogue: Dialogue, number: int, exchange: Exchange) -> Judged:
    """Compare what came with what is right."""
    turn = dialogue.turns[number]
    asks = turn.act in ("answer", "not_sure")
    first = [*exchange.hits[:FIRST], *([exchange.focus] if exchange.focus else [])]
    excluded = bool(set(turn.none) & set(exchange.hits))
    right = [project in turn.any for project in exchange.hits]
    return Judged(
        dialogue,
        number,
        exchange,
        act=exchange.act == turn.act,
        hijacked=(exchange.act not in ("answer", "not_sure") or excluded) if asks else None,
        hit=bool(set(turn.any) & set(first)) and not excluded if turn.any else None,
        kept=all(_holds(name, value, exchange.understood) for name, value in turn.conditions.items())
        if turn.conditions
        else None,
        precise=sum(right) / len(right) if turn.act == "answer" and turn.any and right else None,
    )


def _holds(name: str, wanted: object, understood: Mapping[str, Any]) -> bool:
    """Return whether a condition was read; of a list, each value, whatever its letters' case."""
    read = understood.get(name)
    if isinstance(wanted, bool):
        return bool(read) is wanted
    values = {str(value).casefold() for value in read} if isinstance(read, list) else set()
    if name == "negated":
        return bool(values)
    return isinstance(wanted, list) and all(str(value).casefold() in values for value in wanted)


async def play(settings: Settings, dialogues: Sequence[Dialogue], bar: Progress) -> list[Judged]:
    """Return how the bot did in each turn; the chats take place in a store of their own, which is deleted."""
    notes = Transcript()
    script = Script(dialogues, notes)
    with TemporaryDirectory() as folder:
        database = settings.database.model_copy(update={"url": ""})
        apart = settings.model_copy(update={"state_dir": Path(folder), "database": database})
        async with AsyncExitStack() as stack:
            knowledge = await stack.enter_async_context(open_knowledge(settings, progress=bar))
            store = await stack.enter_async_context(open_store(apart, new=True))
            copy = Path(folder) / "records.jsonl"
            with copy.open("wb") as target:
                await export(knowledge.store, target, with_contacts=True)
            await import_files(store, [copy], options=Options())
            await share_secret(store, apart.state_dir, shared_secrets(apart))
            bot = Bot(apart, KnowledgeBase(store, knowledge.search), Texts(), [script], place=folder, notes=notes)
            await bot.run(asyncio.Event(), lambda _channel, _problem: None)
    return script.judged


def table(judged: Sequence[Judged]) -> str:
    """Return the figures: of all, by language, by act, each a line."""
    groups = {"all": list(judged)}
    for name in sorted({one.dialogue.lang for one in judged}):
        groups[name] = [one for one in judged if one.dialogue.lang == name]
    for name in sorted({one.expected.act for one in judged}):
        groups[name] = [one for one in judged if one.expected.act == name]
    head = f"{'':14}{'turns':>6}{'acts right':>12}{'hijacked':>10}{'hits right':>12}{'conditions':>12}{'precise':>9}"
    return "\n".join([head, *(_line(name, group) for name, group in groups.items()), "", *_confused(judged)])


def _line(name: str, group: Sequence[Judged]) -> str:
    act, hijacked, hit, kept, precise = (
        _mean([getattr(one, figure) for one in group]) for figure in ("act", "hijacked", "hit", "kept", "precise")
    )
    return f"{name:14}{len(group):6}{act:>12}{hijacked:>10}{hit:>12}{kept:>12}{precise:>9}"


def _mean(values: Sequence[float | bool | None]) -> str:
    known = [float(value) for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else "–"


def _confused(judged: Sequence[Judged]) -> list[str]:
    wrong = Counter((one.expected.act, one.exchange.act or "none") for one in judged if not one.act)
    return [f"{expected} taken for {taken}: {count}" for (expected, taken), count in wrong.most_common(12)]


def as_objects(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return each turn as a JSON object: what came, and what was right of it."""
    figures = ("act", "hijacked", "hit", "kept", "precise")
    return [
        {"id": one.dialogue.id, "turn": one.number, "expected": one.expected.act, "came": one.exchange.as_object("")}
        | {"right": {name: getattr(one, name) for name in figures}}
        for one in judged
    ]
