"""Ask a user for a value that their next text gives, then continue what they wanted before."""

from __future__ import annotations

import re

from bot.commands import parse, to_text, typed, word_for
from bot.commands.account import EditProfile
from bot.commands.command import Intent, fold
from bot.commands.introductions import Introduce
from bot.commands.search import Original, Show
from bot.context import Services, Turn
from bot.messages import Say, Url
from knowledge_base.store.transaction import Transaction

THEN = "then"  # in the query of a chat context: the command that waits until we know enough
CANCEL = ("cancel", "stop", "abbrechen", "abbruch", "anuluj", "przerwij")
NOTHING = frozenset({
    "", "nein", "nee", "ne", "nein danke", "lieber nicht", "nicht", "nichts", "kein", "keine", "keinen", "keiner",
    "keins", "keines", "ka", "k.a", "k. a", "keine ahnung", "weiss nicht", "weiss ich nicht", "ich weiss nicht",
    "ich weiss es nicht", "das weiss ich nicht", "habe ich nicht", "hab ich nicht", "nicht vorhanden", "entfaellt",
    "unbekannt", "moechte ich nicht", "will ich nicht", "sage ich nicht", "ohne", "gar nicht", "gar keine", "nie",
    "no", "nope", "no thanks", "no thank you", "none", "nothing", "n/a", "na", "not available", "unknown", "i don't",
    "i don't know", "i dont know", "don't know", "dont know", "dunno", "no idea", "not sure", "never", "without",
    "i have none", "i don't have one", "i dont have one", "i'd rather not", "rather not", "prefer not to",
    "nie wiem", "nie mam", "nie ma", "nie chce", "nie podam", "nie dziekuje", "brak", "zaden", "zadna",
    "zadne", "nic", "nigdy", "nie dotyczy", "bez", "nieznany", "nieznane",
})  # fmt: skip
NO_SUCH_THING = re.compile(
    r"(?:ich habe |habe |i have |i've |mam )?(?:kein\w*|no|nie mam|brak|ohne|without|bez|gar kein\w*) "
    r"(?:(?:e-?)?mail\w*|telefon\w*|handy\w*|nummer\w*|numer\w*|(?:tele)?phone|(?:tele|mobile )?phone number|number|"
    r"adress\w*|adres\w*|(?:e-?)?mail address|angabe\w*|daten|dan\w*|kontakt\w*|contact\w*|name\w*|kommune|gmin\w*)"
)
NAMES = ("name", "municipality")  # what must be known before a person is introduced


def only_in_private(turn: Turn, intent: Intent) -> Say:
    """Return the refusal in a room: what to type in the private chat, and a link to it.

    What the user added to a command may be personal, so it is repeated only if it names an entry.
    """
    public = isinstance(intent, Introduce | Show | Original)
    command = typed(intent, turn.language) if public else word_for(intent, turn.language)
    return Say("one_to_one_only", {"command": command, "chat": Url(turn.private_chat)})


async def prompt(
    tx: Transaction, turn: Turn, services: Services, awaits: Intent, *, then: Intent | None = None
) -> None:
    """The next plain text in this chat completes ``awaits``; everything else known here stays."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    query = dict(before.query or {}) if before else {}
    query |= {THEN: to_text(then)} if then else {}
    answer_id, choices = (before.answer_id, before.choices) if before else (None, ())
    await tx.people.remember(turn.context_key, query or None, answer_id, choices, awaits=to_text(awaits))


async def ask_missing(tx: Transaction, turn: Turn, services: Services, *, then: Intent) -> Say | None:
    """The question for what an introduction needs and the person did not tell yet; ``None``: all is known.

    When it is, they go on with ``then``.
    """
    profile = await tx.profiles.get(turn.person.id)
    missing = next((field for field in NAMES if not getattr(profile, field)), "")
    if not missing:
        return None
    await prompt(tx, turn, services, EditProfile(missing), then=then)
    return Say(f"profile.ask_{missing}")


async def wanted_before(tx: Transaction, turn: Turn, services: Services) -> Intent | None:
    """Return what waited until the bot knows enough, and forget it; ``None``: nothing waited."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    query = dict(before.query or {}) if before else {}
    then = str(query.pop(THEN, ""))
    if before and then:
        await tx.people.remember(turn.context_key, query or None, before.answer_id, before.choices)
    return parse(then) if then else None


def says_no(text: str) -> bool:
    """Return whether a text says that the user has or gives no such thing, in any of the three languages."""
    folded = fold(text.replace("’", "'").replace(",", "")).strip(" -–—/_,;:")
    return folded in NOTHING or NO_SUCH_THING.fullmatch(folded) is not None


def is_aside(text: str) -> bool:
    """Whether a text that came where something else was awaited is rather a question."""
    return "?" in text or len(text.split()) > 8 or bool(re.match(r"(?i)(wer|was|wie|who|what|how|kto|co|jak)\s", text))
