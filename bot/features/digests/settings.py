"""The settings of a digest, in words."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_time, get_day_names

from bot.channels.networks import MAIL, network
from bot.context import Services, Turn
from bot.features.digests.render import UNSUBSCRIBE
from bot.features.wording import LOCALES, day, named
from bot.messages import Say, Value
from knowledge_base.digests.material import NEAR, Atlas
from knowledge_base.digests.schedule import BERLIN, Week, upcoming, week_of
from knowledge_base.store.subscriptions import Subscriber, Subscription
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled


async def settings_say(
    tx: Transaction, subscription: Subscription, turn: Turn, services: Services, *, begun: bool = False
) -> Say:
    """Everything that can be set, and when the next digest comes; ``begun``: it was subscribed to just now."""
    language = turn.language
    home = (await tx.profiles.get(subscription.person_id)).municipality if subscription.person_id else ""
    values: dict[str, Value] = {
        "topics": named(subscription.topics, language),
        "region": region_said(subscription.region)
        if home or NEAR not in subscription.region
        else Say("digest.near_unknown"),
        "when": Say("digest.when", {"day": weekday(subscription.weekday, language), "hour": subscription.hour}),
        "language": Say(f"language.{subscription.language or 'auto'}"),
        "where": _where(subscription),
        "sign": Say("digest.sign_of_life_on") if subscription.sign_of_life else "",
        "state": await _state(tx, subscription, turn, services),
    }
    return Say("subscribe.done" if begun else "digest.settings", values, (UNSUBSCRIBE,) if subscription.is_on else ())


def region_said(region: tuple[str, ...]) -> Value:
    """A region as people read it."""
    if not region:
        return Say("digest.everywhere")
    words = []
    for place in region:
        kind, _, name = place.partition(":")
        if f"{kind}:" == NEAR:
            words.append(Say("digest.near", {"place": name}) if name else Say("digest.near_mine"))
        else:
            words.append(Say("digest.word", {"word": name}))
    return tuple(words)


def weekday(number: int, language: str) -> str:
    """The name of a weekday."""
    return str(get_day_names("wide", locale=LOCALES[language])[number])


def moment(at: datetime, language: str) -> str:
    """A day and an hour of Berlin as people write them."""
    local = at.astimezone(BERLIN)
    return f"{day(local.date(), language)}, {format_time(local, 'short', locale=LOCALES[language])}"


def _where(subscription: Subscription) -> Value:
    if subscription.channel == MAIL:
        return Say("digest.by_mail")
    return (
        Say("digest.into_room")
        if subscription.person_id is None
        else Say("digest.into_chat", {"channel": network(subscription.channel)})
    )


async def _state(tx: Transaction, subscription: Subscription, turn: Turn, services: Services) -> Say:
    if not subscription.is_on:
        return Say("digest.state.off")
    at = await next_at(tx, subscription, services)
    if at is not None and at <= tx.now:
        return Say("digest.state.at_once")
    if at is None:
        return Say("digest.state.paused_open")
    paused = subscription.paused_until and subscription.paused_until > tx.now
    return Say("digest.state.paused" if paused else "digest.state.on", {"at": moment(at, turn.language)})


async def next_at(tx: Transaction, subscription: Subscription, services: Services) -> datetime | None:
    """When the next digest comes; ``None``: not in any foreseeable time."""
    municipality = (await tx.profiles.get(subscription.person_id)).municipality if subscription.person_id else ""
    schedule = Atlas(services.search.snapshot.gazetteer, bundled()).schedule(
        Subscriber(subscription, municipality, None)
    )
    served = await tx.digests.served(subscription.id, str(week_of(tx.now)))
    return upcoming(schedule, tx.now, Week.parse(served) if served else None)
