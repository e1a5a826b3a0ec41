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
    tx: Transaction, wish: Subscription, turn: Turn, services: Services, *, begun: bool = False
) -> Say:
    """Everything that can be set, and when the next digest comes; ``begun``: it was subscribed to just now."""
    language = turn.language
    home = (await tx.profiles.get(wish.person_id)).municipality if wish.person_id else ""
    values: dict[str, Value] = {
        "topics": named(wish.topics, language),
        "region": region_said(wish.region) if home or NEAR not in wish.region else Say("digest.near_unknown"),
        "when": Say("digest.when", {"day": weekday(wish.weekday, language), "hour": wish.hour}),
        "language": Say(f"language.{wish.language or 'auto'}"),
        "where": _where(wish),
        "sign": Say("digest.sign_of_life_on") if wish.sign_of_life else "",
        "state": await _state(tx, wish, turn, services),
    }
    return Say("subscribe.done" if begun else "digest.settings", values, (UNSUBSCRIBE,) if wish.is_on else ())


def region_said(region: tuple[str, ...]) -> Value:
    """A region as people read it."""
    if not region:
        return Say("digest.everywhere")
    words = []
    for one in region:
        kind, _, name = one.partition(":")
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


def _where(wish: Subscription) -> Value:
    if wish.channel == MAIL:
        return Say("digest.by_mail")
    return (
        Say("digest.into_room")
        if wish.person_id is None
        else Say("digest.into_chat", {"channel": network(wish.channel)})
    )


async def _state(tx: Transaction, wish: Subscription, turn: Turn, services: Services) -> Say:
    if not wish.is_on:
        return Say("digest.state.off")
    at = await next_at(tx, wish, services)
    if at is not None and at <= tx.now:
        return Say("digest.state.at_once")
    if at is None:
        return Say("digest.state.paused_open")
    paused = wish.paused_until and wish.paused_until > tx.now
    return Say("digest.state.paused" if paused else "digest.state.on", {"at": moment(at, turn.language)})


async def next_at(tx: Transaction, wish: Subscription, services: Services) -> datetime | None:
    """When the next digest comes; ``None``: not in any foreseeable time."""
    municipality = (await tx.profiles.get(wish.person_id)).municipality if wish.person_id else ""
    schedule = Atlas(services.search.snapshot.gazetteer, bundled()).schedule(Subscriber(wish, municipality, None))
    served = await tx.digests.served(wish.id, str(week_of(tx.now)))
    return upcoming(schedule, tx.now, Week.parse(served) if served else None)
