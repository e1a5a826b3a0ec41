"""What can I do here: welcome, help, the language, unknown commands."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands import EDITORS_COMMANDS, WORDS, typed
from bot.commands.intents import Language
from bot.context import Act, Turn, say
from bot.messages import Choice, Say
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts
from knowledge_base.model import RecordKind
from knowledge_base.store.transaction import Transaction

SHOWN_IN_HELP = (
    "ask", "more", "show", "intro", "subscribe", "digest", "useful", "reply", "language",
    "profile", "verify", "pause", "privacy", "help",
)  # fmt: skip

SPOKEN_OF = " – "  # what stands between command and description in help


async def start() -> Act:
    """Introduce the bot."""

    async def act(tx: Transaction) -> Say:
        return Say("start", {"projects": (await tx.records.count()).get(RecordKind.PROJECT, 0)})

    return act


async def show_help(turn: Turn) -> Act:
    """The commands, in the language of the person."""
    names = (*SHOWN_IN_HELP, *(EDITORS_COMMANDS if turn.editor else ()))
    return say(Say("help", {"commands": tuple(Say(f"help.{name}") for name in names)}))


async def choose_language(turn: Turn, intent: Language) -> Act:
    """Answer in a language from now on, or tell which there are."""

    async def ask(tx: Transaction) -> Say:
        choices = tuple(Choice(Say(f"language.{code}"), f"language {code}", True) for code in (*LANGUAGES, "auto"))
        await tx.people.remember(turn.context_key, None, None, [choice.command for choice in choices])
        return Say("language.which", {"languages": tuple(choice.label for choice in choices)}, choices)

    async def choose(tx: Transaction) -> Say:
        chosen = None if intent.code == "auto" else intent.code
        await tx.people.choose_language(turn.person.id, chosen)
        return Say("language.chosen" if chosen else "language.follows", {}, (), chosen or "")

    return choose if intent.code else ask


async def unknown(command: str) -> Act:
    """Answer a word that is no command."""
    return say(Say("unknown_command", {"command": command}))


def listed(texts: Texts) -> Mapping[str, list[tuple[str, str]]]:
    """Return the commands as networks list them, word and description, per language.

    ``""`` is for users of all other languages.
    """
    found = {language: [_entry(name, language, texts) for name in SHOWN_IN_HELP] for language in LANGUAGES}
    return {"": found[DEFAULT_LANGUAGE], **found}


def words() -> frozenset[str]:
    """Return every word that is a command."""
    return frozenset(WORDS)


def _entry(name: str, language: str, texts: Texts) -> tuple[str, str]:
    description = texts.line(Say(f"help.{name}"), language).partition(SPOKEN_OF)[2]
    return typed(name, language).removeprefix("!"), description
