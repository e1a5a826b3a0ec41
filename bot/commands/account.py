"""Commands about a user's own account: language, profile, proofs, pauses. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission, always, fold, nothing
from bot.commands.times import days_of

LANGUAGE_CODES = {
    "de": "de", "deutsch": "de", "german": "de", "niemiecki": "de",
    "en": "en", "englisch": "en", "english": "en", "angielski": "en",
    "pl": "pl", "polnisch": "pl", "polish": "pl", "polski": "pl",
    "auto": "auto",
}  # fmt: skip
FIELDS = {
    "name": "name", "imie": "name", "imię": "name",
    "municipality": "municipality", "kommune": "municipality", "gmina": "municipality",
    "phone": "phone", "telefon": "phone",
    "channel": "channel", "kanal": "channel", "kanał": "channel",
}  # fmt: skip
SUBJECTS = {
    "intro": "intro", "kontakt": "intro", "vermittlung": "intro",
    "digest": "digest", "wochenbrief": "digest", "biuletyn": "digest",
}  # fmt: skip
OFF = ("off", "aus", "ende", "koniec")
OPEN_END = frozenset({
    "", "immer", "fuer immer", "dauerhaft", "unbefristet", "bis auf weiteres", "forever", "for ever", "indefinitely",
    "until further notice", "na zawsze", "bezterminowo", "do odwolania",
})  # fmt: skip
LONGEST_PAUSE = 3650  # days; longer is "until I say so"

# What in a private chat can only be meant so, folded.
REFUSALS = (
    ("en", "do not introduce me", "don't introduce me", "please do not introduce me"),
    ("de", "nicht vermitteln", "bitte nicht vermitteln", "vermittle mich nicht", "bitte vermittle mich nicht"),
    ("pl", "nie przedstawiaj mnie", "prosze mnie nie przedstawiac", "nie laczyc mnie"),
)


@dataclass(frozen=True, slots=True)
class Language(Intent):
    """Answer in this language; empty: show which there are; "auto": follow the questions."""

    code: str


@dataclass(frozen=True, slots=True)
class WhoAmI(Intent):
    """Show the user's own address, as the settings of the bot want it."""


@dataclass(frozen=True, slots=True)
class EditProfile(Intent):
    """Show the user's profile, or set one field of it: name, municipality, phone, channel."""

    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Verify(Intent):
    """Prove that the user belongs to a municipality: a mail address, or the code that was sent there."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Disconnect(Intent):
    """Unlink an account of the user: its network, id or both (``telegram:11``); empty: show which there are."""

    which: str = ""


@dataclass(frozen=True, slots=True)
class Pause(Intent):
    """Pause ``intro``, ``digest``, or both (empty); ``days`` ``None``: until the user says so.

    ``until``: the last day, in the words of the user; only the day on which it is done says which day that is.
    """

    part: str = ""
    days: int | None = None
    until: str = ""


@dataclass(frozen=True, slots=True)
class Resume(Intent):
    """End a pause, and a refusal of introductions."""

    part: str = ""


@dataclass(frozen=True, slots=True)
class Refuse(Intent):
    """Never introduce this user."""


def bare_intent(folded: str) -> tuple[Intent, str] | None:
    """Return what a plain text in a private chat can only mean, and its language."""
    return next(((Refuse(), language) for language, *phrases in REFUSALS if folded in phrases), None)


def parse_profile(rest: str) -> Intent:
    """Read "name Erika", "kommune: Potsdam"."""
    field, _, value = rest.partition(" ")
    known = FIELDS.get(field.lower().rstrip(":"), "")
    return EditProfile(known, value.strip()) if known else EditProfile()


def parse_pause(rest: str) -> Intent:
    """Read "digest 2 weeks" or "until Friday"; "off" ends a pause."""
    words = rest.lower().split()
    part, said = _subject(words), " ".join(word for word in words if word not in SUBJECTS)
    if fold(said) in OFF:
        return Resume(part)
    days = days_of(said)
    if days is None and fold(said) not in OPEN_END:
        return Pause(part, until=said)
    return Pause(part, days if days and days <= LONGEST_PAUSE else None)


def parse_resume(rest: str) -> Intent:
    """Read "digest", "intro"."""
    return Resume(_subject(rest.lower().split()))


def _subject(words: list[str]) -> str:
    return next((SUBJECTS[word] for word in words if word in SUBJECTS), "")


COMMANDS = (
    Command(
        name="language",
        words={"en": ("language",), "de": ("sprache",), "pl": ("jezyk", "język")},
        intents=(Language,),
        parse=lambda rest: Language(LANGUAGE_CODES.get(rest.lower(), "")),
        format=lambda language: language.code,
        permission=Permission.ALL,
        rate_limited=(Language,),
        in_help=True,
    ),
    Command(
        name="profile",
        words={"en": ("profile",), "": ("profil",)},
        intents=(EditProfile,),
        parse=parse_profile,
        format=lambda profile: f"{profile.field} {profile.value}",
        permission=Permission.ONE_TO_ONE,
        in_help=True,
    ),
    Command(
        name="whoami",
        words={"en": ("whoami",), "de": ("werbinich",), "pl": ("kimjestem",)},
        intents=(WhoAmI,),
        parse=always(WhoAmI()),
        format=nothing,
        permission=Permission.ONE_TO_ONE,
        rate_limited=(WhoAmI,),
    ),
    Command(
        name="verify",
        words={"en": ("verify",), "de": ("bestaetigen", "bestätigen"), "pl": ("weryfikuj",)},
        intents=(Verify,),
        parse=Verify,
        format=lambda verify: verify.text,
        permission=Permission.ONE_TO_ONE,
        in_help=True,
        needs_mail=True,
        confirmed=True,
    ),
    Command(
        name="disconnect",
        words={"en": ("disconnect",), "de": ("trennen",), "pl": ("rozlacz", "rozłącz")},
        intents=(Disconnect,),
        parse=Disconnect,
        format=lambda disconnect: disconnect.which,
        permission=Permission.ONE_TO_ONE,
    ),
    Command(
        name="pause",
        words={"": ("pause",), "pl": ("pauza",)},
        intents=(Pause,),
        parse=parse_pause,
        format=lambda pause: f"{pause.part} {pause.days or pause.until}",
        permission=Permission.ONE_TO_ONE,
        in_help=True,
    ),
    Command(
        name="resume",
        words={"en": ("resume",), "de": ("fortsetzen",), "pl": ("wznow", "wznów")},
        intents=(Resume,),
        parse=parse_resume,
        format=lambda resume: resume.part,
        permission=Permission.ONE_TO_ONE,
    ),
    Command(
        name="refuse",
        words={"en": ("do-not-introduce",), "de": ("nicht-vermitteln",), "pl": ("nie-przedstawiaj",)},
        intents=(Refuse,),
        parse=always(Refuse()),
        format=nothing,
        permission=Permission.ONE_TO_ONE,
    ),
)
