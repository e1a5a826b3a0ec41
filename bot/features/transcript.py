"""What the bot understood and did with a message: for ``chat --json`` and to measure dialogues; off in service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.commands import NAMES, parse, to_text
from bot.commands.account import Language, Pause, Resume
from bot.commands.command import Intent
from bot.commands.conversation import AboutBot, AskBack, Attribute, Decline, Propose, Report, SmallTalk
from bot.commands.digests import Digest, Subscribe, Unsubscribe
from bot.commands.general import Greet, Help, Start, Thanks
from bot.commands.introductions import Introduce, IntroduceStatus, IntroduceStep
from bot.commands.open_questions import OfferAnswer, PassOn
from bot.commands.privacy import Correct, Forget, MyData, ShowPrivacy, Withdraw
from bot.commands.search import PROJECT, Ask, More, Original, Pick, Show
from bot.context import Turn
from bot.features.talk import Talk
from knowledge_base.model import Answer, Understood

ACTS: Mapping[type[Intent], str] = {
    More: "more", Show: "detail", Original: "detail", Attribute: "attribute", Introduce: "introduce",
    IntroduceStatus: "introduce", IntroduceStep: "introduce", PassOn: "pass_on", SmallTalk: "small_talk",
    Greet: "small_talk", Thanks: "small_talk", AboutBot: "about_bot", Help: "about_bot", Start: "small_talk",
    ShowPrivacy: "privacy", MyData: "privacy", Forget: "privacy", Withdraw: "privacy", Subscribe: "digest",
    Unsubscribe: "digest", Digest: "digest", Pause: "digest", Resume: "digest", Report: "contribute",
    Correct: "contribute", Language: "language", AskBack: "clarify", Decline: "consent_no",
}  # fmt: skip
# Keys of answers that fulfil the question.
SURE = ("ask.found", "ask.more", "ask.events", "ask.names", "ask.compared", "ask.only_name")


@dataclass(slots=True)
class Exchange:
    """One message and what came of it, as programs read it."""

    said: str
    act: str = ""
    language: str = ""
    understood: dict[str, Any] = field(default_factory=dict)
    hits: list[str] = field(default_factory=list)  # what the message counts as fulfilling the question
    near: list[str] = field(default_factory=list)  # the others that are shown
    focus: str | None = None
    pending: str | None = None

    def as_object(self, text: str) -> dict[str, Any]:
        """Return the JSON object, with the text that the user read."""
        return {name: getattr(self, name) for name in self.__slots__} | {"text": text}


class Transcript:
    """Notes of messages, by the reference of the message; each is taken once."""

    def __init__(self) -> None:
        self._exchanges: dict[str, Exchange] = {}
        self._searches: dict[str, tuple[Answer, Answer]] = {}

    def searched(self, turn: Turn, answer: Answer, whole: Answer) -> None:
        """Note a search: what is shown now, and its first hits at once."""
        self._searches[turn.inbound.reference] = answer, whole

    def answered(self, turn: Turn, intent: Intent, key: str, talk: Talk) -> None:
        """Note what a message was, and how the talk stands after it."""
        exchange = Exchange(turn.inbound.text, act_of(turn, intent, key), turn.language)
        if found := self._searches.pop(turn.inbound.reference, None):
            shown, whole = found
            exchange.language = shown.language
            exchange.understood = understood_as_object(shown.understood)
            exchange.hits = [hit.project.id for hit in whole.hits] if shown.answered else []
            exchange.near = [hit.project.id for hit in shown.near]
        exchange.focus = talk.focus.removeprefix(PROJECT) or None
        exchange.pending = talk.pending[0] if talk.consent and talk.pending else None
        self._exchanges[turn.inbound.reference] = exchange

    def take(self, reference: str) -> Exchange | None:
        """Return the note of a message, and forget it."""
        return self._exchanges.pop(reference, None)


def act_of(turn: Turn, intent: Intent, key: str) -> str:
    """Return the act that a message was taken for; the name of the command where it is no act of a talk."""
    if key in ("pick.nothing", "more.nothing_before"):
        return "clarify"
    if key.startswith("ask.") and key != "ask.empty" and not isinstance(intent, More):  # whatever it was awaited for
        return "answer" if key in SURE else "not_sure"
    before = Talk.of(turn.context)
    if isinstance(intent, Pick) and turn.context:
        picked = turn.context.choices[intent.number - 1 : intent.number]
        intent = parse(picked[0]) if picked else intent
    if before.consent and not isinstance(intent, Ask) and _is_one_of(intent, before.pending):
        cancels = isinstance(intent, IntroduceStep) and intent.step == "cancel"
        return "consent_no" if cancels else "consent_yes"
    if isinstance(intent, Propose):
        intent = NAMES[intent.command.split()[0]].parse("")
    if isinstance(intent, Ask):
        return "clarify"
    if isinstance(intent, OfferAnswer):
        return "consent_yes"
    return ACTS.get(type(intent)) or to_text(intent).split()[0]


def _is_one_of(intent: Intent, commands: Sequence[str]) -> bool:
    return to_text(intent) in commands


def understood_as_object(read: Understood) -> dict[str, Any]:
    """Return what was read out of a question."""
    return {
        "topics": list(read.topics),
        "municipalities": list(read.municipalities),
        "states": list(read.states),
        "rounds": list(read.rounds),
        "years": list(read.years),
        "status": list(read.status),
        "small": read.rural,
        "near": list(read.near),
        "negated": list(getattr(read, "negated", ())),
    }
