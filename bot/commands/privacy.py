"""Commands of data protection: what is stored, correct it, withdraw a consent, delete everything. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import YES, Command, Intent, Permission, always, nothing


@dataclass(frozen=True, slots=True)
class ShowPrivacy(Intent):
    """Show who is responsible for the bot, what it stores, why and how long."""


@dataclass(frozen=True, slots=True)
class MyData(Intent):
    """Show everything that is stored about the user; ``machine``: as JSON."""

    machine: bool = False


@dataclass(frozen=True, slots=True)
class Forget(Intent):
    """Delete everything about the user; the bot asks back unless confirmed."""

    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Correct(Intent):
    """What is stored about the user is wrong."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw(Intent):
    """Show which consents of the user hold, and how to withdraw each."""


COMMANDS = (
    Command(
        name="privacy",
        words={"en": ("privacy",), "de": ("datenschutz",), "pl": ("prywatnosc", "prywatność")},
        intents=(ShowPrivacy,),
        parse=always(ShowPrivacy()),
        format=nothing,
        permission=Permission.ALL,
        in_help=True,
    ),
    Command(
        name="mydata",
        words={"en": ("mydata",), "de": ("meinedaten",), "pl": ("mojedane",)},
        intents=(MyData,),
        parse=lambda rest: MyData(machine="json" in rest.lower()),
        format=lambda my_data: "json" if my_data.machine else "",
        permission=Permission.ONE_TO_ONE,
    ),
    Command(
        name="forget",
        words={"en": ("forget",), "de": ("loeschen", "löschen"), "pl": ("usun", "usuń")},
        intents=(Forget,),
        parse=lambda rest: Forget(confirmed=rest.lower() in YES.values()),
        format=lambda forget: "yes" if forget.confirmed else "",
        permission=Permission.ONE_TO_ONE,
        confirmed=True,
    ),
    Command(
        name="correct",
        words={"en": ("correct",), "de": ("korrektur", "berichtigen"), "pl": ("sprostowanie", "sprostuj")},
        intents=(Correct,),
        parse=Correct,
        format=lambda correct: correct.text,
        permission=Permission.ONE_TO_ONE,
    ),
    Command(
        name="withdraw",
        words={"en": ("withdraw",), "de": ("widerruf",), "pl": ("cofnij",)},
        intents=(Withdraw,),
        parse=always(Withdraw()),
        format=nothing,
        permission=Permission.ONE_TO_ONE,
    ),
)
