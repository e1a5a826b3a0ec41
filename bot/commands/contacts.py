"""Commands of towns and their contacts: claim a role, invite a town, confirm facts; for editors, the claims. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import NO, YES, Command, Intent, Permission, always, nothing, number_of, without_accents

CLAIM_STEPS = {
    "new": "new", "neu": "new", "nowe": "new", "nowy": "new",
    "address": "address", "adresse": "address", "adres": "address",
    "place": "place", "kommune": "place", "gmina": "place",
    "role": "role", "rolle": "role", "rola": "role",
    "scope": "scope", "bereich": "scope", "zakres": "scope",
    "deputy": "deputy", "vertretung": "deputy", "zastepstwo": "deputy",
    "cancel": "cancel", "abbrechen": "cancel", "anuluj": "cancel",
    "end": "end", "ende": "end", "koniec": "end",
    "keep": "keep", "noch": "keep", "nadal": "keep",
} | dict.fromkeys(YES.values(), "yes")  # fmt: skip
CLAIM_ARGUMENTS = {
    "new": {"de": "neu", "pl": "nowe"}, "address": {"de": "adresse", "pl": "adres"},
    "place": {"de": "kommune", "pl": "gmina"}, "role": {"de": "rolle", "pl": "rola"},
    "scope": {"de": "bereich", "pl": "zakres"}, "deputy": {"de": "vertretung", "pl": "zastepstwo"},
    "cancel": {"de": "abbrechen", "pl": "anuluj"}, "end": {"de": "ende", "pl": "koniec"},
    "keep": {"de": "noch", "pl": "nadal"}, "yes": {"de": "ja", "pl": "tak"},
}  # fmt: skip
INVITE_STEPS = {
    "tell": "tell", "melden": "tell", "powiadom": "tell",
    "stop": "stop", "stopp": "stop", "koniec": "stop",
}  # fmt: skip
FACTS = {
    "right": "right", "stimmt": "right", "aktualne": "right",
    "changed": "changed", "geaendert": "changed", "geändert": "changed", "zmienione": "changed",
    "finished": "finished", "beendet": "finished", "zakonczone": "finished", "zakończone": "finished",
    "not-mine": "not-mine", "nicht-meins": "not-mine", "nie-moje": "not-mine",
}  # fmt: skip
EXACTLY = "="  # before the id of a project


@dataclass(frozen=True, slots=True)
class ClaimRole(Intent):
    """Go a step towards being the contact of a municipality, or away from it; see ``CLAIM_STEPS``."""

    step: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Claims(Intent):
    """List the claims that wait for an editor; accept or decline the one with this number."""

    step: str = ""
    number: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Invite(Intent):
    """Make a text that invites a town; ``tell``: say when it has come; ``stop``: do not say it any more."""

    step: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Wanted(Intent):
    """List the towns that are wanted most and have no contact."""


@dataclass(frozen=True, slots=True)
class ConfirmFacts(Intent):
    """Say whether the facts of a project are still true: a value of ``FACTS``; without a project, of all of them."""

    answer: str
    project: str = ""
    text: str = ""


def _parse_claim(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    if step := CLAIM_STEPS.get(without_accents(first)):
        return ClaimRole(step, others.strip())
    return ClaimRole("address", rest) if "@" in rest else ClaimRole()


def _parse_claims(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    word, (number, _, reason) = without_accents(first), others.strip().partition(" ")
    step = "yes" if word in YES.values() else "no" if word in NO.values() else ""
    return Claims(step, number_of(number), reason.strip()) if step and number_of(number) else Claims()


def _parse_invite(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    step = INVITE_STEPS.get(without_accents(first), "")
    return Invite(step, others.strip()) if step and others.strip() else Invite("", rest)


def _parse_facts(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    answer = FACTS.get(first.lower(), "")
    if not others.strip().startswith(EXACTLY):
        return ConfirmFacts(answer, "", others.strip())
    project, _, text = others.strip().removeprefix(EXACTLY).partition(" ")
    return ConfirmFacts(answer, project, text.strip())


def _format_facts(intent: ConfirmFacts) -> str:
    about = f"{EXACTLY}{intent.project} {intent.text}" if intent.project else intent.text
    return f"{intent.answer} {about}"


COMMANDS = (
    Command(
        name="claim",
        words={"en": ("responsible",), "de": ("zustaendig", "zuständig"), "pl": ("odpowiedzialny",)},
        intents=(ClaimRole,),
        parse=_parse_claim,
        format=lambda claim: f"{claim.step} {claim.value}",
        permission=Permission.ONE_TO_ONE,
        in_help=True,
        arguments=CLAIM_ARGUMENTS,
        needs_mail=True,
    ),
    Command(
        name="invite",
        words={"en": ("invite",), "de": ("einladen",), "pl": ("zapros", "zaproś")},
        intents=(Invite,),
        parse=_parse_invite,
        format=lambda invite: f"{invite.step} {invite.place}",
        permission=Permission.ONE_TO_ONE,
        in_help=True,
        arguments={"tell": {"de": "melden", "pl": "powiadom"}, "stop": {"de": "stopp", "pl": "koniec"}},
        needs_mail=True,
    ),
    Command(
        name="facts",
        words={"en": ("up-to-date",), "de": ("aktuell",), "pl": ("aktualnosc", "aktualność")},
        intents=(ConfirmFacts,),
        parse=_parse_facts,
        format=_format_facts,
        permission=Permission.ONE_TO_ONE,
        arguments={
            "right": {"de": "stimmt", "pl": "aktualne"},
            "changed": {"de": "geaendert", "pl": "zmienione"},
            "finished": {"de": "beendet", "pl": "zakonczone"},
            "not-mine": {"de": "nicht-meins", "pl": "nie-moje"},
        },
    ),
    Command(
        name="claims",
        words={"en": ("claims",), "de": ("anmeldungen",), "pl": ("zgloszenia", "zgłoszenia")},
        intents=(Claims,),
        parse=_parse_claims,
        format=lambda claims: f"{claims.step} {claims.number} {claims.reason}" if claims.step else "",
        permission=Permission.EDITORS,
        in_help=True,
        arguments={"yes": YES, "no": NO},
    ),
    Command(
        name="wanted",
        words={"en": ("wanted",), "de": ("gesucht",), "pl": ("poszukiwane",)},
        intents=(Wanted,),
        parse=always(Wanted()),
        format=nothing,
        permission=Permission.EDITORS,
        in_help=True,
    ),
)
