"""Ask a user for a value that their next text gives, then continue what they wanted before."""

from __future__ import annotations

import re

from bot.commands import parse, to_text, typed, word_for
from bot.commands.account import EditProfile
from bot.commands.command import Intent
from bot.commands.introductions import Introduce
from bot.commands.search import Show
from bot.context import Services, Turn
from bot.messages import Choice, Say, Url
from knowledge_base.store.transaction import Transaction

THEN = "then"  # in the query of a chat context: the command that waits until we know enough
NAMES = ("name", "municipality")  # what must be known before a person is introduced


def only_in_private(turn: Turn, intent: Intent) -> Say:
    """Return the refusal in a room: what to type in the private chat, and a link to it.

    What the user added to a command may be personal, so it is repeated only if it names an entry.
    """
    public = isinstance(intent, Introduce | Show)
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


async def offer(tx: Transaction, turn: Turn, services: Services, choices: tuple[Choice, ...]) -> None:
    """The numbers mean these choices; the last question stays what it is."""
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    query, answer_id = (before.query, before.answer_id) if before else (None, None)
    await tx.people.remember(turn.context_key, query, answer_id, [choice.command for choice in choices])


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


def is_aside(text: str) -> bool:
    """Whether a text that came where something else was awaited is rather a question."""
    return "?" in text or len(text.split()) > 8 or bool(re.match(r"(?i)(wer|was|wie|who|what|how|kto|co|jak)\s", text))
