"""What is stored about a person, in words: a block for each kind, a paragraph for each record. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from babel.dates import format_datetime

from bot.channels.networks import NETWORKS, network
from bot.features.accounts.pause import FOREVER
from bot.features.digests.settings import region_said, weekday
from bot.features.wording import label
from bot.messages import Reach, Say
from bot.messages.reach import as_reach
from bot.texts import LANGUAGES
from knowledge_base.introductions.values import AFTER, Outcome
from knowledge_base.model import PERSONAL_FIELDS
from knowledge_base.store.consents import ConsentAction
from knowledge_base.store.contributions import ContributionState
from knowledge_base.store.open_questions import QuestionAudience
from knowledge_base.store.subscriptions import OFF, ON
from knowledge_base.working_days import BERLIN

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
FIELDS = (  # that have a word in each language; others are shown by their own name
    "language", "last_language", "created_at", "channel", "user_id", "conversation", "active", "first_seen", "name",
    "public_name", "municipality", "verified_at", "verified_address", "prefers", "paused_until", "refuses",
    "address",
    "expires_at", "query", "at", "useful", "item", "answer_id", "code", "project", "question", "state", "outcome",
    "asker_shares", "contact_shares", "purpose", "what", "wording", "topics", "region", "weekday", "hour",
    "sign_of_life", "since", "unopened", "changed_at", "role", *PERSONAL_FIELDS, "projects",
    "kind", "record", "said", "reason", "fields",
    "id", "legal_basis", "source", "number", "audience", "answers", "text", "agreed", "until",
)  # fmt: skip
STATES = frozenset(("sent", "delivered", "opening", *map(str, AFTER), *map(str, Outcome)))
CONTRIBUTED = ("wrong", "new")  # kinds of contributions
PURPOSES = ("notice", "digest", "introduction", "question", "answer", "claim", "town")  # of consents, with a word each
BASES = ("public_function", "consent", "contract")

Data = Mapping[str, Sequence[Mapping[str, Any]]]


def readable(data: Data, language: str, place: str = "", titles: Mapping[str, str] | None = None) -> Say:
    """Return the data as a text, with moments as people write them.

    ``place``: the name of the municipality; ``titles``: of the projects named in it, by their ids.
    """
    return Say("mydata", {"blocks": tuple(_blocks(data, language, place, titles or {}))})


def _blocks(data: Data, language: str, place: str, titles: Mapping[str, str]) -> Iterator[Say]:
    """Yield the first record of each kind under its heading, each further one as a paragraph of its own."""
    for name, rows in data.items():
        first, *others = _rows(name, rows, language, place, titles)
        yield Say("mydata.block", {"kind": Say(f"mydata.{name}"), "rows": (first,)})
        yield from others


def _rows(
    name: str, rows: Sequence[Mapping[str, Any]], language: str, place: str, titles: Mapping[str, str]
) -> tuple[Say, ...]:
    if name == "outbox":  # each of them says nothing; all of them stand in the machine-readable form
        return (Say("mydata.messages", {"count": len(rows)}),)
    places = {"municipality": place} if name == "profile" and place else {}
    shown = ({**row, **places, **_titled(row, titles)} for row in rows)
    return tuple(Say("mydata.row", {"fields": _fields(row, language)}) for row in shown)


def _titled(row: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, str]:
    project = str(row.get("project", ""))
    return {"project": titles[project]} if project in titles else {}


def _fields(row: Mapping[str, Any], language: str) -> tuple[Say, ...]:
    return tuple(
        Say("mydata.field", {
            "label": Say(f"field.{name}") if name in FIELDS else name,
            "value": _of(name, value, language) or _value(value, language),
        })
        for name, value in row.items() if value not in ([], {})
    )  # fmt: skip


def _of(name: str, value: Any, language: str) -> Say | str | None:  # noqa: C901 - one case per field
    """Return the words for fields with values of the bot's own vocabulary; empty for all other fields."""
    match name, value:
        case (("asker_shares" | "contact_shares"), list()):
            return Say("mydata.list", {"items": tuple(_share(*pair) for pair in value)})
        case (("state" | "outcome"), str()) if value in STATES:
            return Say(f"intro.state.{value}", {"date": ""})
        case "state", str() if value in (ON, OFF):
            return Say(f"mydata.state.{value}")
        case "what", str() if value in set(ConsentAction):
            return Say(f"mydata.what.{value}")
        case "purpose", str() if value.partition(":")[0] in PURPOSES:
            return Say(f"mydata.purpose.{value.partition(':')[0]}")
        case "audience", str() if value in set(QuestionAudience):
            return Say(f"mydata.audience.{value}")
        case (("channel" | "prefers"), str()) if value in NETWORKS:
            return network(value)
        case (("language" | "last_language" | "lang"), str()) if value in LANGUAGES:
            return Say(f"language.{value}")
        case "legal_basis", str() if value.strip().casefold() in BASES:
            return Say(f"basis.{value.strip().casefold()}")
        case "weekday", int():
            return weekday(value, language)
        case "hour", int():
            return Say("mydata.hour", {"hour": value})
        case "topics", list():
            return ", ".join(label(str(topic), language) for topic in value)
        case "region", list():
            return Say("mydata.list", {"items": _listed(region_said(tuple(map(str, value))))})
        case "said", dict():
            return " / ".join(map(str, value.values()))
        case "kind", str() if value in CONTRIBUTED:
            return Say(f"contribution.kind.{value}")
        case "state", str() if value in set(ContributionState):
            return Say(f"contribution.state.{value}")
        case "query", {"texts": list(texts)}:
            return " / ".join(map(str, texts))
        case _, list() if all(isinstance(part, str) for part in value):
            return ", ".join(value)
        case _:
            return None


def _listed(said: Any) -> tuple[Say, ...]:
    return (said,) if isinstance(said, Say) else tuple(said)


def _share(kind: str, value: str) -> Say:
    shown = as_reach(kind, value, own=True)
    return Say("intro.shares.line", {"kind": Say(f"intro.kind.{kind}"), "value": shown})


def _value(value: Any, language: str) -> Say | Reach | str:
    if isinstance(value, bool):
        return Say("mydata.yes" if value else "mydata.no")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and MOMENT.match(value):
        at = datetime.fromisoformat(value)
        return Say("mydata.open_end") if at.year == FOREVER.year else format_datetime(at, "short", BERLIN, language)
    return Reach(str(value), own=True, linked=False)
