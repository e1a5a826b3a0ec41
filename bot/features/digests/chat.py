"""The digest in the chat: preview, settings, unsubscribe; and what editors and admins can do with all digests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.channels.policy import DataClass, can_take_request, may_pass
from bot.commands.digests import Digest, Subscribe, Unsubscribe, step_of
from bot.commands.times import UnclearError, weekday_and_time
from bot.context import Act, Serves, Services, Turn, say
from bot.features.digests.by_mail import by_mail
from bot.features.digests.common import INTRO, approve
from bot.features.digests.make import DigestMaker
from bot.features.digests.render import SETTINGS
from bot.features.digests.settings import settings_say
from bot.features.digests.subscribe import STEPS as SETTABLE
from bot.features.digests.subscribe import change, refused_here
from bot.features.digests.wishes import OFF
from bot.features.entries import mine
from bot.features.wording import day
from bot.messages import Choice, Say, Value
from knowledge_base.store.subscriptions import ON, Subscriber, Subscription
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import fold

INTRO_LASTS = timedelta(days=7)  # a week for each subscriber, whichever weekday they chose
LONGEST_INTRO = 500  # characters
FEEDBACK_PERIOD = timedelta(days=30)
MIN_PEOPLE = 5  # fewer could be recognised
NONE = Say("digest.none", {}, (Choice(Say("choice.subscribe"), Subscribe()),))


async def digest(turn: Turn, intent: Digest, services: Services) -> Act:
    """``digest`` and everything that begins with it."""
    step, rest = _meant(intent)
    if step in ("intro", "preview"):
        return await _of_editors(turn, step, rest, services)
    if step == "approve":
        return _approve(turn, services)
    if refused := await refused_here(turn, services):
        return say(refused)
    if step in SETTABLE or step == "drop":
        return change(turn, step, rest, services)
    if step == "sign":
        return _sign_of_life(turn, rest, services)
    if step == "mail":
        return await by_mail(turn, rest, services)
    if step == "here":
        return _here(turn, services)
    if step or rest:
        return _settings(turn, services)
    return _now(turn, services)


def _meant(intent: Digest) -> tuple[str, str]:
    """Return the step and its text; words behind "digest" or its settings may name the one to be set."""
    if intent.step not in ("", "settings") or not intent.text:
        return intent.step, intent.text
    step, rest = step_of(intent.text)
    if step or not _names_a_time(intent.text):
        return step or "settings", rest
    return "day", intent.text


def _names_a_time(text: str) -> bool:
    if text.isdecimal():  # the number of an entry, rather
        return False
    try:
        return weekday_and_time(text) != (None, None)
    except UnclearError:
        return True


def _settings(turn: Turn, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        subscription = await mine(tx, turn)
        return await settings_say(tx, subscription, turn, services) if subscription else NONE

    return act


def _now(turn: Turn, services: Services) -> Act:
    """The current digest at once: what the last one told, and what is new since. None of it counts as told."""

    async def act(tx: Transaction) -> Say:
        subscription = await mine(tx, turn)
        if subscription is None or not subscription.is_on:
            return NONE
        shown = await _preview(tx, subscription, turn, services)
        if shown is None:
            return Say("digest.nothing_now", {}, (SETTINGS,))
        await tx.people.remember(
            turn.context_key, None, None, [choice.command for choice in shown.choices if choice.numbered]
        )
        return shown

    return act


async def _preview(tx: Transaction, subscription: Subscription, turn: Turn, services: Services) -> Say | None:
    buttons = {turn.inbound.address.channel} if turn.buttons else ()
    maker = DigestMaker(
        services.store, lambda: services.search.snapshot.gazetteer, services.links, buttons=buttons,
        carries=partial(may_pass, data=DataClass.TEXT_OF_OTHERS, settings=services.settings),
        can_reach=partial(can_take_request, settings=services.settings),
    )  # fmt: skip
    municipality = (await tx.profiles.get(turn.person.id)).municipality if subscription.person_id else ""
    here = replace(subscription, channel=turn.inbound.address.channel)
    return await maker.preview(tx, Subscriber(here, municipality, None), subscription.language or turn.language, tx.now)


def _sign_of_life(turn: Turn, rest: str, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        subscription = await mine(tx, turn)
        if subscription is None:
            return NONE
        subscription = await tx.subscriptions.save(
            replace(subscription, sign_of_life=fold(rest).split()[-1:] != ["off"] and fold(rest) not in OFF)
        )
        return await settings_say(tx, subscription, turn, services)

    return act


def _here(turn: Turn, services: Services) -> Act:
    """Digests come into this chat from now on, instead of another one or by mail."""

    async def act(tx: Transaction) -> Say:
        subscription = await mine(tx, turn)
        if subscription is None or subscription.person_id is None:
            return NONE
        subscription = await tx.subscriptions.save(
            replace(subscription, channel=turn.inbound.address.channel, conversation=None)
        )
        return await settings_say(tx, subscription, turn, services)

    return act


async def unsubscribe(turn: Turn, _intent: Unsubscribe, services: Services) -> Act:
    """No more digests, at once; what waits to be sent is not sent."""
    if refused := await refused_here(turn, services):
        return say(refused)

    async def act(tx: Transaction) -> Say:
        subscription = await mine(tx, turn)
        if subscription is None or not subscription.is_on:
            return Say("unsubscribe.nothing")
        await tx.subscriptions.save(replace(subscription, state="off"))
        return Say("unsubscribe.done", {}, (Choice(Say("choice.resubscribe"), Subscribe("again")),))

    return act


# --- editors and admins -------------------------------------------------------------------------------------------


async def _of_editors(turn: Turn, step: str, rest: str, services: Services) -> Act:
    """Set the line before the entries of all next digests; show how a digest would look now."""
    if not turn.editor:
        return say(Say("editors_only"))

    async def intro(tx: Transaction) -> Say:
        text = rest[:LONGEST_INTRO]
        if not text:
            await tx.facts.drop(INTRO)
            return Say("digest.intro_gone")
        until = tx.now + INTRO_LASTS
        await tx.facts.put(INTRO, {"text": text, "until": until.isoformat()})
        shown = Choice(Say("choice.preview"), Digest("preview"))
        return Say("digest.intro_kept", {"text": text, "until": day(until.date(), turn.language)}, (shown,))

    async def preview(tx: Transaction) -> Say:
        everything = replace(tx.subscriptions.fresh(turn.inbound.address.channel, person_id=turn.person.id), state=ON)
        shown = await _preview(tx, everything, turn, services)
        useful, useless, people = await tx.digests.feedback(FEEDBACK_PERIOD)
        counts = {"useful": useful, "useless": useless, "days": FEEDBACK_PERIOD.days}
        values: dict[str, Value] = {
            "digest": shown or Say("digest.nothing_now"),
            "recipients": await tx.subscriptions.count(),
            "feedback": Say("digest.feedback", counts) if people >= MIN_PEOPLE else Say("questions.few_feedback"),
        }
        return Say("digest.preview", values)

    return intro if step == "intro" else preview


def _approve(turn: Turn, services: Services) -> Act:
    address = turn.inbound.address
    if f"{address.channel}:{turn.inbound.user}" not in services.settings.admins:
        return say(Say("admins_only"))

    async def act(tx: Transaction) -> Say:
        await approve(tx)
        return Say("digest.approved")

    return act


SERVES: Serves = {Digest: digest, Unsubscribe: unsubscribe}
