"""Subscribing to the weekly digest: in one line, or step by step, each step a command of its own.

    subscribe -> topics (add one by one, or write them) -> region -> day -> language -> the settings

The subscription holds from the first topics on; every further step may be left out, the usual is set then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.commands import parse, to_text
from bot.commands.digests import Subscribe
from bot.commands.search import Ask
from bot.commands.times import UnclearError, weekday_and_time
from bot.context import Act, Serves, Services, Turn, say
from bot.features.dialog import is_aside
from bot.features.digests.settings import region_said, settings_say, weekday
from bot.features.digests.wishes import OFFERED, language_of, region_of, topics_of
from bot.features.entries import mine
from bot.features.room_admins import may_decide_here
from bot.features.search import ask
from bot.features.wording import label, named
from bot.messages import Choice, Say, Value
from knowledge_base.store.subscriptions import ON, Subscription
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

STEPS = ("topics", "add", "region", "day", "language")
ORDER = ("topics", "region", "day", "language")  # of the dialogue
OFFERED_TIMES = ((0, 8), (2, 8), (3, 16), (4, 12))
UNKNOWN_SHOWN = 5  # words that were not understood
NUMBERS = re.compile(r"\d{1,2}(?:(?:\s*[,;+]\s*|\s+(?:und|and|i)?\s*)\d{1,2})+")  # "1, 3 und 4"


async def subscribe(turn: Turn, intent: Subscribe, services: Services) -> Act:
    """Begin, go on with a step, or do it all in one line."""
    if refused := await refused_here(turn, services):
        return say(refused)
    step, rest = intent.step, intent.text
    if turn.awaited and is_aside(rest):
        return await ask.ask(turn, Ask(rest), services)
    if turn.awaited and NUMBERS.fullmatch(rest):
        rest = _numbered_words(turn, rest)
    if step == "again":
        return _again(turn, services)
    if step in STEPS:
        return change(turn, step, rest, services, asking=True) if rest else _ask(turn, step, services)
    if not rest:
        return _ask(turn, "topics", services) if turn.inbound.private else say(Say("subscribe.room"))
    return change(turn, "topics", rest, services)


async def refused_here(turn: Turn, services: Services) -> Say | None:
    """Return why this user may not decide what this place gets; ``None``: they may."""
    return None if await may_decide_here(turn, services) else Say("subscribe.admins_only")


def change(turn: Turn, step: str, text: str, services: Services, *, asking: bool = False) -> Act:
    """Set one thing; ``asking`` goes on with the next step. Topics switch a subscription on that was off."""

    async def act(tx: Transaction) -> Say:
        before = await mine(tx, turn) or _fresh(tx, turn)
        after, problem = _changed(before, step, text, services)
        if problem:
            return await _again_asked(tx, turn, step, problem, services) if asking else problem
        if not after.is_on and step not in ("topics", "add"):
            return Say("digest.none")
        begun = after.is_on and not before.is_on
        if begun:
            after = replace(after, language=after.language or turn.person.language or turn.language)
        after = await tx.subscriptions.save(after)
        if step == "add" and asking:
            return await _question(tx, turn, "add", after, services)
        if asking and step != ORDER[-1]:
            return await _question(tx, turn, ORDER[ORDER.index(step) + 1], after, services)
        return await settings_say(tx, after, turn, services, begun=asking or begun)

    return act


def _fresh(tx: Transaction, turn: Turn) -> Subscription:
    place = turn.inbound.address
    if turn.inbound.private:
        return tx.subscriptions.fresh(place.channel, person_id=turn.person.id)
    fresh = tx.subscriptions.fresh(place.channel, room=place.conversation)
    return replace(fresh, language=turn.language)  # a room has no language of its own


def _changed(subscription: Subscription, step: str, text: str, services: Services) -> tuple[Subscription, Say | None]:
    """The subscription with one thing set; with a problem where the text says nothing that can be."""
    match step:
        case "topics" | "add" | "drop":
            return _with_topics(subscription, step, text)
        case "region":
            region, unknown = region_of(text, services.search.snapshot.gazetteer)
            return (
                (subscription, _not("place", unknown or (text,)))
                if region is None
                else (replace(subscription, region=region), None)
            )
        case "day":
            return _with_time(subscription, text)
        case _:
            code = language_of(text)
            if code is None:
                return subscription, _not("language", (text,))
            return replace(subscription, language=None if code == "auto" else code), None


def _with_time(subscription: Subscription, text: str) -> tuple[Subscription, Say | None]:
    """The subscription at another day or hour; digests come at full hours."""
    try:
        weekday_, time = weekday_and_time(text)
    except UnclearError:
        weekday_, time = None, None
    if weekday_ is None and time is None:
        return subscription, _not("time", (text,))
    if time is not None and time.minute:
        between = {"before": f"{time.hour}:00", "after": f"{(time.hour + 1) % 24}:00"}
        return subscription, Say("subscribe.full_hour", {"time": f"{time.hour}:{time.minute:02}", **between})
    day = subscription.weekday if weekday_ is None else weekday_
    return replace(subscription, weekday=day, hour=subscription.hour if time is None else time.hour), None


def _with_topics(subscription: Subscription, step: str, text: str) -> tuple[Subscription, Say | None]:
    topics, unknown = topics_of(text, bundled())
    if topics is None or (unknown and step != "drop"):
        return subscription, _not("topic", unknown or (text,))
    if step == "drop":
        left = tuple(topic for topic in subscription.topics if topic not in topics)
        return (replace(subscription, topics=left), None) if left else (subscription, Say("digest.last_topic"))
    if step == "add" and subscription.is_on and subscription.topics and topics:
        topics = tuple(dict.fromkeys((*subscription.topics, *topics)))
    kept = {topic: count for topic, count in subscription.unopened.items() if topic in topics}
    return replace(subscription, topics=topics, unopened=kept, state=ON), None


def _not(list_name: str, words: Sequence[str]) -> Say:
    shown = ", ".join(word[:60] for word in words[:UNKNOWN_SHOWN])
    return Say(f"subscribe.unknown_{list_name}", {"words": shown})


def _again(turn: Turn, services: Services) -> Act:
    """Back on, as it was before."""

    async def act(tx: Transaction) -> Say:
        subscription = await mine(tx, turn)
        if subscription is None:
            return await _question(tx, turn, "topics", None, services)
        channel = turn.inbound.address.channel if subscription.conversation is None else subscription.channel
        subscription = await tx.subscriptions.save(replace(subscription, state=ON, channel=channel, paused_until=None))
        return await settings_say(tx, subscription, turn, services, begun=True)

    return act


def _numbered_words(turn: Turn, text: str) -> str:
    """What several numbers of the choices shown last stand for, as words."""
    shown = [parse(choice) for choice in turn.context.choices] if turn.context else []
    picked = [shown[number - 1] for number in map(int, re.findall(r"\d+", text)) if 1 <= number <= len(shown)]
    return ", ".join(step.text or step.step for step in picked if isinstance(step, Subscribe))


# --- asking ---------------------------------------------------------------------------------------------------------


def _ask(turn: Turn, step: str, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        return await _question(tx, turn, step, await mine(tx, turn), services)

    return act


async def _again_asked(tx: Transaction, turn: Turn, step: str, problem: Say, services: Services) -> Say:
    """The problem, then the same question."""
    question = await _question(tx, turn, step, await mine(tx, turn), services)
    return replace(question, values={**question.values, "problem": problem})


async def _question(
    tx: Transaction, turn: Turn, step: str, subscription: Subscription | None, services: Services
) -> Say:
    """The question of a step, with the choices that most people want; any other answer is typed."""
    topics = subscription.topics if subscription and subscription.is_on else ()
    choices = await _choices(tx, turn, step, topics, services)
    values: dict[str, Value] = {
        "problem": "",
        "topics": named(topics, turn.language)
        if subscription and subscription.is_on
        else Say("subscribe.no_topics_yet"),
        "region": region_said(subscription.region if subscription else ()),
        "choices": tuple(choice.label for choice in choices),
    }
    commands = [choice.command for choice in choices]
    await tx.people.spoke(turn.person.id, turn.language)  # their answers may be in no language at all
    await tx.people.remember(turn.context_key, None, None, commands, awaits=to_text(Subscribe(step)))
    return Say(f"subscribe.{step}", values, tuple(choices))


async def _choices(
    tx: Transaction, turn: Turn, step: str, topics: Sequence[str], services: Services
) -> list[Choice]:  # fmt: skip
    match step:
        case "topics" | "add":
            offered = [topic for topic in OFFERED if topic not in topics]
            named_ones = [_numbered(_word(label(topic, turn.language)), Subscribe("add", topic)) for topic in offered]
            last = Choice(Say("choice.go_on"), Subscribe("region"), True)
            everything = _numbered(Say("digest.everything"), Subscribe("topics", "everything"))
            return [*named_ones, last if step == "add" else everything]
        case "region":
            return await _regions(tx, turn, services)
        case "day":
            return [
                _numbered(
                    Say("digest.when", {"day": weekday(day, turn.language), "hour": hour}),
                    Subscribe("day", f"{_DAYS[day]} {hour}"),
                )
                for day, hour in OFFERED_TIMES
            ]
        case _:
            return [
                _numbered(Say(f"language.{code}"), Subscribe("language", code)) for code in ("de", "en", "pl", "auto")
            ]


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def _regions(tx: Transaction, turn: Turn, services: Services) -> list[Choice]:
    own = (await tx.profiles.get(turn.person.id)).municipality
    gazetteer = services.search.snapshot.gazetteer
    home = (
        next((municipality for municipality in gazetteer.municipalities if municipality.id == own), None)
        if own
        else None
    )
    choices = [_numbered(Say("digest.near", {"place": home.name}), Subscribe("region", NEAR_WORD))] if home else []
    state = home.state if home and home.state else "Brandenburg"
    choices.append(_numbered(_word(state), Subscribe("region", state)))
    return [*choices, _numbered(Say("digest.everywhere"), Subscribe("region", "everywhere"))]


NEAR_WORD = "nearby"  # as ``digest_words`` reads it


def _numbered(text: Say, intent: Subscribe) -> Choice:
    return Choice(text, intent, numbered=True)


def _word(text: str) -> Say:
    return Say("digest.word", {"word": text})


SERVES: Serves = {Subscribe: subscribe}
