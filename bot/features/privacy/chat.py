"""What is stored, why and how long; the user's own data; taking back what was agreed to; being forgotten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.channels.networks import network
from bot.channels.policy import DataClass, may_pass
from bot.commands.command import number_of
from bot.commands.contacts import ClaimRole, Invite
from bot.commands.digests import Unsubscribe
from bot.commands.introductions import IntroduceStep
from bot.commands.open_questions import OfferAnswer, PassOn
from bot.commands.privacy import Forget, MyData, ShowPrivacy, Withdraw
from bot.context import Act, Serves, Services, Turn
from bot.features import introductions
from bot.features.contacts.publish import named_by
from bot.features.places import name_of
from bot.features.privacy.data_inventory import ENTRIES, period
from bot.features.privacy.readable import readable
from bot.features.privacy_notice import NOTICE_PAGE, officer, operator
from bot.features.reach import ways_out
from bot.features.search import rate_limit
from bot.features.talk import offer
from bot.messages import Choice, Reach, Say, Url
from bot.outgoing.notify import Notice, tell
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language

DIGEST, CLAIM, TOWN = "digest", "claim", "town"  # purposes in the ledger


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
            return Say("mydata.no_way", {"instead": ways_out(services.settings)})
        return Say(
            "mydata.as_link" if delivery.as_link else "mydata.elsewhere", {"channel": network(delivery.account.channel)}
        )

    return act


async def _readable(tx: Transaction, turn: Turn, data: Mapping[str, list[dict[str, Any]]], services: Services) -> Say:
    profile = await tx.profiles.get(turn.person.id)
    projects = {str(row["project"]) for rows in data.values() for row in rows if row.get("project")}
    records = [(project, await tx.records.get(RecordKind.PROJECT, project)) for project in sorted(projects)]
    titles = {
        key: in_language(stored.record, turn.language).project.title
        for key, stored in records
        if stored and isinstance(stored.record, Project)
    }
    return readable(data, turn.language, name_of(profile.municipality, services.search.snapshot.gazetteer), titles)


# ---------------------------------------------------------------------------------------------------- withdrawing


async def withdraw(turn: Turn, _intent: Withdraw, services: Services) -> Act:
    """The consents that hold, each with what takes it back: as easy as it was given."""

    async def act(tx: Transaction) -> Say:
        held = [entry for entry in await tx.consents.standing(turn.person.id) if entry.what is ConsentAction.GIVEN]
        choices = [
            choice for entry in held if (choice := await _way_out(tx, turn.person.id, entry, services)) is not None
        ]
        if not choices:
            return Say("withdraw.nothing")
        await tx.people.remember(turn.context_key, None, None, [choice.command for choice in choices])
        return Say("withdraw.which", {"options": tuple(choice.label for choice in choices)}, tuple(choices))

    return act


async def _way_out(tx: Transaction, person_id: str, entry: ConsentEntry, services: Services) -> Choice | None:
    """Return the choice that ends what was agreed to; ``None``: it can be taken back no more, or by this person not."""
    purpose, _, subject = entry.purpose.partition(":")
    if purpose == DIGEST:
        subscription = await tx.subscriptions.of_person(person_id)
        there = subscription is not None and subscription.is_on
        return Choice(Say("withdraw.digest"), Unsubscribe(), numbered=True) if there else None
    if purpose == "question" and (number := number_of(subject)):
        there = await tx.open_questions.waits(number, person_id)
        label = Say("withdraw.question", {"number": number})
        return Choice(label, PassOn("withdraw", number), numbered=True) if there else None
    if purpose == "answer" and subject:
        there = await tx.entry_drafts.is_offered(subject, person_id)
        return Choice(Say("withdraw.answer"), OfferAnswer(subject, taken_back=True), numbered=True) if there else None
    if purpose == CLAIM:
        return Choice(Say("withdraw.claim"), ClaimRole("end"), numbered=True)
    if purpose == TOWN:
        place = name_of(subject, services.search.snapshot.gazetteer)
        stop = Invite("stop", f"#{subject}")
        there = await tx.towns.waits(subject, person_id)
        return Choice(Say("withdraw.town", {"place": place}), stop, numbered=True) if there else None
    introduction = await tx.introductions.get(subject) if purpose == "introduction" else None
    if introduction is None or not introductions.can_take_back(introduction, person_id, tx.now):
        return None
    cancel = IntroduceStep("cancel", introduction.code)
    return Choice(Say("withdraw.introduction", {"code": introduction.code}), cancel, numbered=True)


# ------------------------------------------------------------------------------------------------------ forgetting


async def forget(turn: Turn, intent: Forget, services: Services) -> Act:
    """Delete everything about the one who asks, after asking back."""

    async def ask_back(tx: Transaction) -> Say:
        roles = await tx.contacts.held_by(turn.person.id)
        yes = Choice(Say("choice.forget"), Forget(confirmed=True), numbered=True)
        await offer(tx, turn, services, (yes,), consent=True)
        held = tuple(Say("verify.role", {"role": role.role}) for role in roles)
        return Say("forget.sure", {"roles": held, "choices": (yes.label,)}, (yes,))

    async def act(tx: Transaction) -> Say:
        await rate_limit.carry_over(tx, turn, services)
        await introductions.erase(tx, services, turn.person.id)
        held = await tx.contacts.held_by(turn.person.id)
        await tx.contacts.erase([*held, *await named_by(tx, held)])
        await tx.profiles.erase(turn.person.id, event_id=turn.inbound.id)
        return Say("forget.done")

    return act if intent.confirmed else ask_back


SERVES: Serves = {ShowPrivacy: privacy, MyData: my_data, Forget: forget, Withdraw: withdraw}
