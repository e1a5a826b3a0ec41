"""Count what became of questions and digests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bot.messages import Say
from bot.texts import LANGUAGES, Texts
from tests.matrix_server.person import Person
from tests.telegram_api import Message, World

_SORRY = frozenset(Texts().line(Say("error.sorry"), language) for language in LANGUAGES)


def is_apology(text: str) -> bool:
    """Return whether a message is the one that stands for an answer when something went wrong."""
    return any(sorry in text for sorry in _SORRY)


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures of questions. ``doubled`` counts the answers beyond the first."""

    asked: int = 0
    unanswered: int = 0
    doubled: int = 0
    apologies: int = 0

    @property
    def right(self) -> bool:
        """True if each question has one answer that is no apology."""
        return (self.unanswered, self.doubled, self.apologies) == (0, 0, 0)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.asked + other.asked, self.unanswered + other.unanswered,
            self.doubled + other.doubled, self.apologies + other.apologies,
        )  # fmt: skip


def tally(answers: Iterable[list[str]]) -> Tally:
    """Count the answers of each question."""
    counted = Tally()
    for texts in answers:
        counted += Tally(1, int(not texts), max(0, len(texts) - 1), sum(map(is_apology, texts)))
    return counted


def replies(world: World) -> dict[tuple[int, int], list[Message]]:
    """Return the bot's messages by chat and id of the message that they reply to."""
    seen: dict[tuple[int, int], list[Message]] = {}
    for message in list(world.messages.values()):
        if message.sender is world.bot and not message.deleted and message.reply_to is not None:
            seen.setdefault((message.chat.id, message.reply_to), []).append(message)
    return seen


def answered(world: World, asked: Iterable[Message]) -> bool:
    """Return whether each of the questions has an answer."""
    result = replies(world)
    return all((one.chat.id, one.id) in result for one in asked)


def on_telegram(world: World, asked: Iterable[Message]) -> Tally:
    """Count what Telegram shows."""
    result = replies(world)
    return tally([answer.text for answer in result.get((one.chat.id, one.id), [])] for one in asked)


def on_matrix(asked: Iterable[tuple[Person, str, str]]) -> Tally:
    """Count what clients show of questions: who asked, the room, the event's id."""
    return tally(
        [event["content"].get("body", "") for event in person.answers(room, question)]
        for person, room, question in asked
    )


@dataclass(frozen=True, slots=True)
class Served:
    """Figures of digests: how many subscribers got theirs, more than one, none, and none although none is unclear."""

    subscribers: int
    doubled: int
    unclear: int
    lost: int

    @classmethod
    def of(cls, got: Counter[str], unclear: Counter[str], subscribers: Iterable[str]) -> Served:
        """Compare what arrived and what the product lists as unclear, by the place of each subscriber."""
        places = list(subscribers)
        missing = [place for place in places if not got[place]]
        return cls(
            len(places),
            sum(max(0, got[place] - 1) for place in places),
            sum(unclear[place] > 0 for place in missing),
            sum(not unclear[place] for place in missing),
        )
