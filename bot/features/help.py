"""What can I do here: welcome, help, the language, unknown commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rapidfuzz.distance import OSA

from bot.channels.networks import MAIL
from bot.channels.policy import is_usable
from bot.commands import COMMANDS, WORDS, word_of
from bot.commands.account import Language
from bot.commands.command import Command, Permission, fold
from bot.commands.general import Greet, Help, Thanks, Unknown
from bot.context import Act, Serves, Services, Turn, say
from bot.features.talk import introduced, offer
from bot.messages import Choice, Say, Url
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts
from knowledge_base.model import RecordKind
from knowledge_base.store.transaction import Transaction

SHORT = 4  # letters of a word in which two mistakes would leave too little
SPOKEN_OF = " – "  # what stands between command and description in help


async def welcome(turn: Turn) -> Act:
    """Introduce the bot; a greeting that follows gets a shorter answer."""

    async def act(tx: Transaction) -> Say:
        projects = (await tx.records.count()).get(RecordKind.PROJECT, 0)
        if not turn.inbound.private:
            return Say("start.room", {"projects": projects, "chat": Url(turn.private_chat)})
        if turn.context is None:
            await tx.people.remember(turn.context_key, None, None, ())
        return Say("start", {"projects": projects})

    return act


async def greet(turn: Turn, _intent: Greet, services: Services) -> Act:
    """Return the greeting of a user; the first one of a conversation gets the introduction."""
    return introduced(turn, services, say(Say("greeting")) if turn.context else await welcome(turn))


async def show_help(turn: Turn, _intent: Help, services: Services) -> Act:
    """The commands, in the language of the person."""
    shown = in_help(editor=turn.editor, admin=turn.admin, mail=is_usable(MAIL, services.settings))
    return say(Say("help", {"commands": tuple(Say(f"help.{command.name}") for command in shown)}))


async def thanks(_turn: Turn, _intent: Thanks, _services: Services) -> Act:
    """Answer thanks."""
    return say(Say("thanks"))


async def choose_language(turn: Turn, intent: Language, services: Services) -> Act:
    """Answer in a language from now on, or tell which there are."""

    async def ask(tx: Transaction) -> Say:
        choices = tuple(Choice(Say(f"language.{code}"), Language(code), True) for code in (*LANGUAGES, "auto"))
        await offer(tx, turn, services, choices)
        return Say("language.which", {"languages": tuple(choice.label for choice in choices)}, choices)

    async def choose(tx: Transaction) -> Say:
        chosen = None if intent.code == "auto" else intent.code
        await tx.people.choose_language(turn.person.id, chosen)
        return Say("language.chosen" if chosen else "language.follows", {}, (), chosen or "")

    return choose if intent.code else ask


async def unknown(turn: Turn, intent: Unknown, _services: Services) -> Act:
    """Answer a word that is no command; name the command that it looks like."""
    if meant := meant_by(intent.command, turn.language, _open_to(editor=turn.editor, admin=turn.admin)):
        return say(Say("unknown_command.meant", {"command": intent.command, "meant": f"!{meant}"}))
    return say(Say("unknown_command", {"command": intent.command}))


def meant_by(typed: str, language: str, commands: Iterable[Command] = COMMANDS) -> str:
    """Return the word of a command that a mistyped word is meant to be; empty if none is near.

    A word of up to four letters may have one mistake, a longer one two; two swapped letters are one mistake. Of words
    that are equally near, one of the language comes first.
    """
    word = fold(word_of(typed))
    most = 1 if len(word) <= SHORT else 2
    words = [
        (known, spoken) for command in commands for spoken, known_ones in command.words.items() for known in known_ones
    ]
    near = [
        (away, spoken not in ("", language), known)
        for known, spoken in words
        if (away := OSA.distance(word, fold(known), score_cutoff=most)) <= most and len(word) > away + 1
    ]
    return min(near)[2] if near else ""


def listed(texts: Texts, *, mail: bool = True) -> Mapping[str, list[tuple[str, str]]]:
    """Return the commands as networks list them, word and description, per language.

    ``""`` is for users of all other languages. ``mail``: the bot sends mail.
    """
    commands = {
        language: [_entry(command, language, texts) for command in in_help(mail=mail)] for language in LANGUAGES
    }
    return {"": commands[DEFAULT_LANGUAGE], **commands}


def words() -> frozenset[str]:
    """Return every word that is a command."""
    return frozenset(WORDS)


def in_help(*, editor: bool = False, admin: bool = False, mail: bool = True) -> list[Command]:
    """Return the commands that help shows: those that work here, and those of editors and admins to these alone."""
    shown = _open_to(editor=editor, admin=admin)
    return [command for command in shown if command.in_help and (mail or not command.needs_mail)]


def _open_to(*, editor: bool, admin: bool) -> list[Command]:
    """Return the commands that a user may use."""
    hidden = {Permission.TOWNS: not editor, Permission.EDITORS: not editor, Permission.ADMINS: not admin}
    return [command for command in COMMANDS if not hidden.get(command.permission)]


def _entry(command: Command, language: str, texts: Texts) -> tuple[str, str]:
    description = texts.line(Say(f"help.{command.name}"), language).partition(SPOKEN_OF)[2]
    return command.typed("", language).removeprefix("!"), description


SERVES: Serves = {Greet: greet, Help: show_help, Thanks: thanks, Language: choose_language, Unknown: unknown}
