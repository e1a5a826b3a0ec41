"""The stored data, their readers and retention periods: the one list behind ``privacy``, the report and the docs.

Every table of the database belongs to exactly one entry; a test proves it, so that no table is forgotten here.
The words are texts: ``register.KEY`` (what), ``register.KEY.why`` (purpose), ``register.KEY.basis`` (legal basis).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.features.contacts.invite import LASTS
from bot.messages import Say
from bot.outgoing.notify import UNSUBSCRIBE_LASTS
from config.settings import Settings
from knowledge_base.store.pages import REMEMBERED

EDITS_LAST = 400  # days, as ``knowledge_base.retention`` has it for changes
TALLIES_LAST = 30  # days, the longest of the counters but for the pause after a request


@dataclass(frozen=True, slots=True)
class DataKind:
    """One kind of data. ``of_people``: of those who talk to the bot, so that they are told of it."""

    key: str
    tables: tuple[str, ...]
    period: Callable[[Settings], Say]
    of_people: bool = True


def days(number: int) -> Say:
    """So many days after the last use."""
    return Say("period.days", {"count": number})


def hours(number: int) -> Say:
    return Say("period.hours", {"count": number})


def minutes(number: int) -> Say:
    return Say("period.minutes", {"count": number})


def until_forgotten(_settings: Settings) -> Say:
    return Say("period.until_forgotten")


ENTRIES = (
    DataKind("account", ("person", "account"), until_forgotten),
    DataKind("messages", ("inbox", "outbox"), lambda s: hours(s.retention.messages_hours)),
    DataKind("context", ("chat_context",), lambda s: minutes(s.limits.context_minutes)),
    DataKind("buttons", ("button", "page"), lambda _: days((UNSUBSCRIBE_LASTS + REMEMBERED).days)),
    DataKind("answers", ("answer", "feedback", "entry_feedback"), lambda s: days(s.retention.answers_days)),
    DataKind("unanswered", ("unanswered",), lambda s: days(s.retention.unanswered_days)),
    DataKind("open_question", ("open_question", "offered_answer"), lambda s: days(s.retention.unanswered_days)),
    DataKind("contribution", ("contribution",), lambda s: days(s.retention.contributions_days)),
    DataKind("record_edit", ("record_edit",), lambda _: days(EDITS_LAST)),
    DataKind("profile", ("profile",), until_forgotten),
    DataKind("verification", ("verification",), lambda _: minutes(15)),
    DataKind("introduction", ("introduction", "introduction_request"), lambda s: days(s.retention.introductions_days)),
    DataKind("claim", ("claim", "town_wish"), lambda _: days(LASTS.days)),
    DataKind("digest", ("subscription", "digest_run"), until_forgotten),
    DataKind("consent", ("consent",), lambda s: Say("period.after_end", {"count": s.retention.consents_days})),
    DataKind("block", ("block",), lambda _: Say("period.as_long_as_objected")),
    DataKind("tally", ("tally",), lambda s: days(max(TALLIES_LAST, s.introductions.pause_days))),
    DataKind("contact", ("contact_notice", "contact_check"), lambda _: Say("period.until_removed"), of_people=False),
    DataKind("permit", ("permit", "room_setting"), lambda _: Say("period.until_removed"), of_people=False),
    DataKind(
        "knowledge",
        (
            "record",
            "record_change",
            "import_run",
            "import_row",
            "vector",
            "translation",
            "fact",
            "cursor",
            "introduction_count",
            "town_wanted",
            "process",
            "leader",
        ),
        lambda _: Say("period.until_removed"),
        of_people=False,
    ),
)


def period(entry: DataKind, settings: Settings) -> Say:
    """How long this is kept."""
    return entry.period(settings)
