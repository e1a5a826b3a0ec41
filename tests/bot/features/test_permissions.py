"""T19: every intent declares who may want it; role × place × intent is what the declaration says, and nothing more."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from bot.commands import COMMANDS
from bot.commands.intents import Intent, Unknown
from bot.commands.router import route
from bot.context import Turn
from bot.features.permissions import WHO, Audience, refusal
from bot.messages import Address, Inbound
from knowledge_base.store.people import Person

INTENTS = get_args(Intent)


def turn(*, editor: bool, private: bool, admin: bool = False) -> Turn:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    inbound = Inbound("$1", Address("matrix", "!room"), "@anna:b.example", "x", private, at)
    more = {"admin": admin} if "admin" in {field.name for field in fields(Turn)} else {}
    return Turn(inbound, Person("p", None, None), "de", "reply", editor, **more)


def some(intent: type[Any]) -> Any:
    """Any value of the intent."""
    return intent(*("x" for field in fields(intent) if field.default is MISSING))


def test_every_intent_is_declared() -> None:
    assert set(WHO) == set(INTENTS)


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.__name__)
@pytest.mark.parametrize("private", [True, False], ids=["private", "room"])
@pytest.mark.parametrize("role", ["nobody", "editor", "admin"])
def test_who_may(intent: type[Any], private: bool, role: str) -> None:
    may = {
        Audience.EVERYBODY: True,
        Audience.ONE_TO_ONE: private,
        Audience.EDITORS: role == "editor",
    }
    if hasattr(Audience, "ADMINS"):
        may[Audience.ADMINS] = role == "admin" and private
    refused = refusal(turn(editor=role == "editor", private=private, admin=role == "admin"), some(intent))
    assert (refused is None) is may[WHO[intent]]


def test_what_is_not_declared_is_denied() -> None:
    class New:
        pass

    assert refusal(turn(editor=False, private=True), New()) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_an_intent_that_is_declared(name: str) -> None:
    """A command whose intent nobody declared would be denied to everybody: it is found here, not by its users."""
    for words in COMMANDS[name].values():
        for word in words:
            for rest in ("", " x", " 1"):
                intent = route(f"!{word}{rest}", private=True).intent
                assert type(intent) in WHO
                assert not isinstance(intent, Unknown)
