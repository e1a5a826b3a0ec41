"""What is stored, why and how long; the user's own data; taking back what was agreed to; being forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from babel.dates import format_datetime

from bot.channels.networks import network
from bot.channels.policy import DataClass, may_pass
from bot.commands.command import number_of
from bot.commands.digests import Unsubscribe
from bot.commands.introductions import IntroduceStep
from bot.commands.open_questions import OfferAnswer, PassOn
from bot.commands.privacy import Forget, MyData, ShowPrivacy, Withdraw
from bot.context import Act, Serves, Services, Turn
from bot.features import introductions
from bot.features.accounts.pause import FOREVER
from bot.features.places import name_of
from bot.features.privacy.data_inventory import ENTRIES, period
from bot.features.privacy_notice import NOTICE_PAGE, officer, operator
from bot.features.search import rate_limit
from bot.messages import Choice, Reach, Say, Url
from bot.messages.reach import as_reach
from bot.outgoing.notify import Notice, tell
from knowledge_base.introductions.values import AFTER, Outcome
from knowledge_base.model import PERSONAL_FIELDS
from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.transaction import Transaction
from knowledge_base.working_days import BERLIN

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
FIELDS = (  # that have a word in each language; others are shown by their own name
    "language", "last_language", "created_at", "channel", "user_id", "conversation", "active", "first_seen", "name",
    "public_name", "municipality", "verified_at", "verified_address", "prefers", "paused_until", "refuses",
    "address",
    "expires_at", "query", "at", "useful", "item", "answer_id", "code", "project", "question", "state", "outcome",
    "asker_shares", "contact_shares", "purpose", "what", "wording", "topics", "region", "weekday", "hour",
    "sign_of_life", "since", "unopened", "changed_at", "role", *PERSONAL_FIELDS, "projects",
    "legal_basis", "source", "number", "audience", "answers", "text", "agreed",
)  # fmt: skip
STATES = frozenset(("sent", "delivered", "opening", *map(str, AFTER), *map(str, Outcome)))
DIGEST = "digest"  # the purpose of a subscription, in the ledger


async def privacy(_turn: Turn, _intent: ShowPrivacy, services: Services) -> Act:
    """Who answers for the bot, what it stores, why and how long: from the settings."""
    settings = services.settings
    stored = tuple(
        Say("privacy.entry", {
            "what": Say(f"register.{entry.key}"),
            "why": Say(f"register.{entry.key}.why"),
            "period": period(entry, settings),
        })
        for entry in ENTRIES if entry.of_people
    )  # fmt: skip
    page = settings.web.public_url and f"{settings.web.public_url}{NOTICE_PAGE}"
    notice = Say("privacy", {
        "operator": operator(settings),
        "address": settings.operator.address,
        "officer": officer(settings),
        "authority": settings.operator.supervisory_authority or Say("notice.no_authority"),
        "entries": stored,
        "page": Url(page) if page else "",
    })  # fmt: skip

    async def act(_tx: Transaction) -> Say:
        return notice

    return act


# ------------------------------------------------------------------------------------------------------ own data


async def my_data(turn: Turn, intent: MyData, services: Services) -> Act:
    """Everything about the one who asks; through networks that may not carry it, where it can be had instead."""

    async def act(tx: Transaction) -> Say:
        data = await tx.own_data(turn.person.id)
        answer = (
            Say("mydata.json", {"data": Reach(json.dumps(data, ensure_ascii=False), own=True, linked=False)})
            if intent.machine
            else await _readable(tx, turn, data, services)
        )
        if may_pass(turn.inbound.address.channel, DataClass.CONTACT_DATUM, services.settings):
            return answer
        notice = Notice(answer, f"mydata:{turn.inbound.id}", about=DataClass.CONTACT_DATUM)
        delivery = await tell(tx, turn.person, notice, settings=services.settings, links=services.links)
        if delivery is None:
            return Say("mydata.no_way")
        return Say(
            "mydata.as_link" if delivery.as_link else "mydata.elsewhere", {"channel": network(delivery.account.channel)}
        )

    return act


async def _readable(tx: Transaction, turn: Turn, data: Mapping[str, list[dict[str, Any]]], services: Services) -> Say:
    profile = await tx.profiles.get(turn.person.id)
    return readable(data, turn.language, name_of(profile.municipality, services.search.snapshot.gazetteer))


def readable(data: Mapping[str, list[dict[str, Any]]], language: str, place: str = "") -> Say:
    """The data as a text: one block for each kind, moments as people write them; ``place``: the municipality's name."""
    blocks = tuple(
        Say("mydata.block", {"kind": Say(f"mydata.{name}"), "rows": _rows(name, rows, language, place)})
        for name, rows in data.items()
    )
    return Say("mydata", {"blocks": blocks})


def _rows(name: str, rows: Sequence[Mapping[str, Any]], language: str, place: str) -> tuple[Say, ...]:
    if name == "outbox":  # each of them says nothing; all of them stand in the machine-readable form
        return (Say("mydata.messages", {"count": len(rows)}),)
    shown = (row | {"municipality": place} if name == "profile" and place else row for row in map(dict, rows))
    return tuple(Say("mydata.row", {"fields": _fields(row, language)}) for row in shown)


def _fields(row: Mapping[str, Any], language: str) -> tuple[Say, ...]:
    return tuple(
        Say("mydata.field", {
            "label": Say(f"field.{name}") if name in FIELDS else name,
            "value": _of(name, value) or _value(value, language),
        })
        for name, value in row.items() if value not in ([], {})
    )  # fmt: skip


def _of(name: str, value: Any) -> Say | str:
    """Return the words for fields with values of the bot's own vocabulary; empty for all other fields."""
    match name, value:
        case (("asker_shares" | "contact_shares"), list()):
            return Say("mydata.list", {"items": tuple(_share(*pair) for pair in value)})
        case (("state" | "outcome"), str()) if value in STATES:
            return Say(f"intro.state.{value}", {"date": ""})
        case "what", str() if value in set(ConsentAction):
            return Say(f"mydata.what.{value}")
        case "query", {"texts": list(texts)}:
            return " / ".join(map(str, texts))
        case _:
            return ""


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


# ---------------------------------------------------------------------------------------------------- withdrawing


async def withdraw(turn: Turn, _intent: Withdraw, _services: Services) -> Act:
    """The consents that hold, each with what takes it back: as easy as it was given."""

    async def act(tx: Transaction) -> Say:
        held = [entry for entry in await tx.consents.standing(turn.person.id) if entry.what is ConsentAction.GIVEN]
        choices = [choice for entry in held if (choice := await _way_out(tx, entry)) is not None]
        if not choices:
            return Say("withdraw.nothing")
        await tx.people.remember(turn.context_key, None, None, [choice.command for choice in choices])
        return Say("withdraw.which", {"options": tuple(choice.label for choice in choices)}, tuple(choices))

    return act


async def _way_out(tx: Transaction, entry: ConsentEntry) -> Choice | None:
    """The command that ends what was agreed to."""
    purpose, _, subject = entry.purpose.partition(":")
    if purpose == DIGEST:
        return Choice(Say("withdraw.digest"), Unsubscribe(), numbered=True)
    if purpose == "question" and (number := number_of(subject)):
        return Choice(Say("withdraw.question", {"number": number}), PassOn("withdraw", number), numbered=True)
    if purpose == "answer" and subject:
        return Choice(Say("withdraw.answer"), OfferAnswer(subject, taken_back=True), numbered=True)
    if purpose == "introduction" and (introduction := await tx.introductions.get(subject)) is not None:
        cancel = IntroduceStep("cancel", introduction.code)
        return Choice(Say("withdraw.introduction", {"code": introduction.code}), cancel, numbered=True)
    return None


# ------------------------------------------------------------------------------------------------------ forgetting


async def forget(turn: Turn, intent: Forget, services: Services) -> Act:
    """Delete everything about the one who asks, after asking back."""

    async def ask_back(tx: Transaction) -> Say:
        roles = await tx.contacts.held_by(turn.person.id)
        yes = Choice(Say("choice.forget"), Forget(confirmed=True))
        return Say("forget.sure", {"roles": tuple(Say("verify.role", {"role": role.role}) for role in roles)}, (yes,))

    async def act(tx: Transaction) -> Say:
        await rate_limit.carry_over(tx, turn, services)
        await introductions.erase(tx, services, turn.person.id)
        await tx.contacts.erase(await tx.contacts.held_by(turn.person.id))
        await tx.profiles.erase(turn.person.id, event_id=turn.inbound.id)
        return Say("forget.done")

    return act if intent.confirmed else ask_back


SERVES: Serves = {ShowPrivacy: privacy, MyData: my_data, Forget: forget, Withdraw: withdraw}
