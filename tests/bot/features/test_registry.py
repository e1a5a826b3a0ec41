"""A feature serves every intent, only its audience may use it, and unlisted intents are denied."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import Phase, find, settings

from bot.commands import COMMANDS, PERMISSIONS
from bot.commands.command import Command, Intent, Permission
from bot.commands.general import Unknown
from bot.commands.router import route
from bot.context import Turn
from bot.features import registry
from bot.features.registry import SERVES, refusal
from bot.messages import Address, Inbound
from knowledge_base.store.people import Person
from tests.bot.commands.examples import ALL


@cache
def example(kind: type[Intent]) -> Intent:
    """Return any intent of a kind; to look for the simplest one would take long."""
    return find(ALL[kind], lambda _value: True, settings=settings(phases=[Phase.generate], database=None))


def turn(*, editor: bool, private: bool, admin: bool = False) -> Turn:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    inbound = Inbound("$1", Address("matrix", "!room"), "@anna:b.example", "x", private, at)
    return Turn(inbound, Person("p", None, None), "de", "reply", editor, admin=admin)


def test_every_intent_is_served_by_one_feature() -> None:
    assert set(SERVES) == set(PERMISSIONS)
    assert sum(len(served) for served in registry._FEATURES) == len(SERVES)


@pytest.mark.parametrize("intent", ALL, ids=lambda intent: intent.__name__)
@pytest.mark.parametrize("private", [True, False], ids=["private", "room"])
@pytest.mark.parametrize("role", ["editor", "admin", "user"])
def test_only_the_audience_of_an_intent_may_use_it(intent: type[Intent], private: bool, role: str) -> None:
    editor, admin = role == "editor", role == "admin"
    may = {
        Permission.ALL: True,
        Permission.ONE_TO_ONE: private,
        Permission.EDITORS: editor,
        Permission.TOWNS: editor or private,  # whose record it is, is checked when it is read
        Permission.ADMINS: admin,
    }
    refused = refusal(turn(editor=editor, private=private, admin=admin), example(intent))
    assert (refused is None) is may[PERMISSIONS[intent]]


def test_unlisted_intent_is_denied_to_all_users() -> None:
    class New(Intent):
        pass

    assert refusal(turn(editor=False, private=True), New()) is not None
    assert refusal(turn(editor=True, private=True), New()) is not None


def test_intent_without_a_feature_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    intent = next(iter(PERMISSIONS))
    monkeypatch.setattr(registry, "SERVES", {})
    assert refusal(turn(editor=True, private=True), example(intent)) is not None


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_word_leads_to_a_served_intent(command: Command) -> None:
    for word in (word for words in command.words.values() for word in words):
        for rest in ("", " x", " 1"):
            intent = route(f"!{word}{rest}", private=True).intent
            assert type(intent) in SERVES
            assert not isinstance(intent, Unknown)
