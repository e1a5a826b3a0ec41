"""What people tell about themselves: name, municipality, phone, the channel on which they want to be reached."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import replace

from bot.channels.networks import MAIL, named_by, network, order
from bot.channels.policy import is_usable
from bot.commands.account import EditProfile
from bot.commands.search import Ask
from bot.context import Act, Serves, Services, Turn, say
from bot.features.dialog import CANCEL, is_aside, prompt, says_no
from bot.features.introductions.chat import go_on
from bot.features.places import UNKNOWN, name_of, named, proven_by
from bot.features.search.ask import ask
from bot.messages import Choice, Own, Reach, Say, Value
from bot.messages.markup import clean
from bot.messages.reach import MOST_DIGITS
from bot.messages.without_links import has_link
from knowledge_base.mail_address import read_address
from knowledge_base.store.profiles import Profile
from knowledge_base.store.transaction import Transaction

LONGEST_NAME = 80
EXACTLY, TYPED = "#", "="  # before the id of a municipality, before a name that is to be taken as it is
MOST_CHOICES = 8
ANYHOW = ("auto", "egal", "any", "dowolny")
PHONE = re.compile(r"\+?\(?[0-9][0-9 ()/.–-]{4,40}")
FEWEST_DIGITS = 5


async def profile(turn: Turn, intent: EditProfile, services: Services) -> Act:
    """Show what a person told, or set one thing of it; without a value, ask for it."""
    value = clean(intent.value)
    if turn.awaited and is_aside(value):
        return await ask(turn, Ask(value), services)
    if turn.awaited and value and (value.lower() in CANCEL or says_no(value)):
        return say(Say("profile.cancelled"))
    if not intent.field:
        return _show(turn, services)
    if not value:
        return _ask_for(turn, intent.field, services)
    if intent.field == "municipality":
        return _municipality(turn, value, services)
    if intent.field == "channel":
        return _prefer(turn, value, services)
    return _plain(turn, intent.field, value, services)


def is_name(text: str) -> bool:
    """Return whether it may be the name of a person: letters and what stands between them, nothing to click."""
    return _is_words(text, "[ .,'’-]")


def is_phone(text: str) -> bool:
    """Return whether it may be one phone number: digits enough for one, and what stands between them."""
    return bool(PHONE.fullmatch(text)) and FEWEST_DIGITS <= sum(char.isdigit() for char in text) <= MOST_DIGITS


def is_place(text: str) -> bool:
    """Return whether it may be the name of a place: no part of it may look like a remark of the bot."""
    return _is_words(text, "[ .'’/-]")


def _is_words(text: str, between: str) -> bool:
    rest = re.sub(between, "", text)
    letters = [char for char in rest if unicodedata.category(char)[0] in "LM"]
    return 2 <= len(letters) == len(rest) and len(text) <= LONGEST_NAME and not has_link(text)


def _ask_for(turn: Turn, field: str, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        await prompt(tx, turn, services, EditProfile(field))
        accounts = await tx.people.accounts(turn.person.id) if field == "channel" else []
        return Say(f"profile.ask_{field}", {"channels": _labels({account.channel for account in accounts})})

    return act


def _plain(turn: Turn, field: str, value: str, services: Services) -> Act:
    """Set name or phone."""
    fits = not says_no(value) and (is_name(value) if field == "name" else is_phone(value))

    async def act(tx: Transaction) -> Say:
        if not fits:
            await prompt(tx, turn, services, EditProfile(field))
            return Say(f"profile.no_{field}")
        await tx.profiles.set(turn.person.id, **{field: value})
        return await _saved(tx, turn, services)

    return act


def _prefer(turn: Turn, value: str, services: Services) -> Act:
    """Set the channel on which the person wants to be told things, of those that they have."""
    wanted = named_by(value)

    async def act(tx: Transaction) -> Say:
        own = {account.channel for account in await tx.people.accounts(turn.person.id)}
        if wanted not in own and wanted not in ANYHOW:
            return Say("profile.no_channel", {"channels": _labels(own)})
        await tx.profiles.set(turn.person.id, prefers=wanted if wanted in own else "")
        return await _saved(tx, turn, services)

    return act


def _labels(channels: Collection[str]) -> tuple[Say, ...]:
    """Return the names of networks, as people write them."""
    return tuple(Say("digest.word", {"word": network(channel)}) for channel in sorted(channels, key=order))


# ------------------------------------------------------------------------------------------------------ municipality


def _municipality(turn: Turn, value: str, services: Services) -> Act:
    gazetteer = services.search.snapshot.gazetteer
    typed = value.removeprefix(TYPED).strip()
    if value.startswith(TYPED) and is_place(typed):
        return _belongs(turn, UNKNOWN + typed, services)
    municipalities = [] if says_no(typed) else named(value.removeprefix(TYPED), gazetteer)
    if len(municipalities) == 1:
        return _belongs(turn, municipalities[0].id, services)

    async def act(tx: Transaction) -> Say:
        await prompt(tx, turn, services, EditProfile("municipality"))
        choices = tuple(
            Choice(
                Say("profile.place", {"name": place.name, "kind": place.kind, "state": place.state}),
                EditProfile("municipality", EXACTLY + place.id),
                numbered=True,
            )
            for place in municipalities[:MOST_CHOICES]
        )
        if not (municipalities or is_place(typed)) or says_no(typed):
            return Say("profile.no_place")
        if not municipalities:
            as_typed = Choice(Say("choice.as_typed", {"name": value}), EditProfile("municipality", TYPED + value), True)
            choices = (as_typed,)
        await _offer(tx, turn, services, choices)
        values: dict[str, Value] = {"name": value, "options": tuple(choice.label for choice in choices)}
        return Say("profile.which" if municipalities else "profile.unknown_place", values, choices)

    return act


async def _offer(tx: Transaction, turn: Turn, services: Services, choices: tuple[Choice, ...]) -> None:
    """The numbers mean these choices; a plain text still answers the question."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    query, awaits = (before.query, before.awaits) if before else (None, "")
    await tx.people.remember(turn.context_key, query, None, [choice.command for choice in choices], awaits=awaits)


def _belongs(turn: Turn, municipality: str, services: Services) -> Act:
    """Note the municipality; a proof by mail holds on if the address belongs to this one, too."""
    gazetteer = services.search.snapshot.gazetteer

    async def act(tx: Transaction) -> Say:
        before = await tx.profiles.get(turn.person.id)
        changes: dict[str, object] = {"municipality": municipality}
        address = read_address(before.verified_address)
        if address and municipality in {place.id for place in proven_by(address.host, gazetteer)}:
            changes |= {"verified_at": before.verified_at, "verified_address": before.verified_address}
        await tx.profiles.set(turn.person.id, **changes)
        await tx.people.got(turn.context_key)
        return await _saved(tx, turn, services)

    return act


# ---------------------------------------------------------------------------------------------------------- showing


async def _saved(tx: Transaction, turn: Turn, services: Services) -> Say:
    """That it is noted, and how it goes on."""
    description = await describe(tx, turn, services)
    following = await go_on(tx, turn, services)
    noted = Say("profile.saved", {"profile": description})
    if following is None:
        return noted
    values = {"profile": description, "next": replace(following, choices=())}
    return Say("profile.noted_and", values, following.choices)


def _show(turn: Turn, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        fields = ("name", "municipality", "phone", "channel")
        choices = tuple(Choice(Say(f"choice.change_{field}"), EditProfile(field), numbered=True) for field in fields)
        await tx.people.remember(turn.context_key, None, None, [choice.command for choice in choices])
        options = tuple(choice.label for choice in choices)
        return Say("profile.show", {"profile": await describe(tx, turn, services), "options": options}, choices)

    return act


async def describe(tx: Transaction, turn: Turn, services: Services) -> Say:
    """What a person told, to show to themselves."""
    profile = await tx.profiles.get(turn.person.id)
    place = name_of(profile.municipality, services.search.snapshot.gazetteer)
    return Say(
        "profile.told",
        {
            "name": Own(profile.name) if profile.name else Say("profile.nothing"),
            "municipality": place or Say("profile.nothing"),
            "verified": _verified(profile, tx, services),
            "phone": Say("profile.phone", {"phone": Reach(profile.phone, own=True)}) if profile.phone else "",
            "channel": Say("profile.channel", {"channel": network(profile.prefers)}) if profile.prefers else "",
            "pause": _left_alone(profile, tx),
        },
    )


def _verified(profile: Profile, tx: Transaction, services: Services) -> Say | str:
    if not profile.municipality:
        return ""
    if profile.is_verified(tx.now):
        return Say("profile.verified")
    how = Say("profile.how_to_verify") if is_usable(MAIL, services.settings) else ""
    return Say("profile.unverified", {"how": how})


def _left_alone(profile: Profile, tx: Transaction) -> Say | str:
    if profile.refuses:
        return Say("profile.refuses")
    return "" if profile.is_available(tx.now) else Say("profile.paused")


SERVES: Serves = {EditProfile: profile}
