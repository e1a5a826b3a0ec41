"""What users write about their weekly digest, in three languages and in their own words, as intents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import NAMES
from bot.commands.account import Pause, Resume
from bot.commands.command import Intent
from bot.commands.digests import WISHES, Digest, Subscribe, Unsubscribe, step_of
from bot.commands.router import route
from bot.commands.search import Ask

SETTINGS = Digest("settings")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("!abo einstellungen", SETTINGS),
        ("!abo Einstellungen ändern", SETTINGS),
        ("/subscribe settings", SETTINGS),
        ("!subskrypcja ustawienia", SETTINGS),
        ("!digest settings", SETTINGS),
        ("!digest einstellungen", SETTINGS),
        ("!biuletyn zmień", SETTINGS),
        ("!wochenbrief ändern", SETTINGS),
        ("!abo stopp", Unsubscribe()),
        ("!abo bitte kündigen", Unsubscribe()),
        ("!wochenbrief abbestellen", Unsubscribe()),
        ("!digest off", Unsubscribe()),
        ("!biuletyn anuluj", Unsubscribe()),
        ("!abo pause 4 Wochen", Pause("digest", 28)),
        ("!wochenbrief 4 Wochen pausieren", Pause("digest", 28)),
        ("!digest pause", Pause("digest", None)),
        ("!wochenbrief pausieren bis Freitag", Pause("digest", until="bis freitag")),
        ("!digest pause off", Resume("digest")),
        ("!biuletyn wznów", Resume("digest")),
        ("!digest on", Subscribe("again")),
        ("!wochenbrief jetzt", Digest()),
        ("!abo mail rad@stadt.example", Digest("mail", "rad@stadt.example")),
        ("!abo ohne Energie", Digest("drop", "Energie")),
        ("!abo hier", Digest("here")),
        ("!subscribe mobility climate", Subscribe("", "mobility climate")),
        ("!abo alles", Subscribe("", "alles")),
        ("!abo region Brandenburg", Subscribe("region", "Brandenburg")),
        ("!abo", Subscribe()),
        ("!digest", Digest()),
        ("!digest add energy", Digest("add", "energy")),
        ("!unsubscribe please", Unsubscribe()),
    ],
)
def test_digest_command_becomes_its_intent_in_any_chat(text: str, intent: Intent) -> None:
    assert route(text, private=True).intent == intent
    assert route(text, private=False).intent == intent


@pytest.mark.parametrize(
    ("text", "intent", "language"),
    [
        ("digest settings", SETTINGS, "en"),
        ("Wochenbrief Einstellungen", SETTINGS, "de"),
        ("Einstellungen Wochenbrief", SETTINGS, "de"),
        ("biuletyn ustawienia", SETTINGS, "pl"),
        ("unsubscribe", Unsubscribe(), "en"),
        ("Abbestellen!", Unsubscribe(), "de"),
        ("rezygnuj", Unsubscribe(), "pl"),
        ("Ich möchte den Wochenbrief abbestellen", Unsubscribe(), "de"),
        ("please cancel my subscription", Unsubscribe(), "en"),
        ("pause digest 4 weeks", Pause("digest", 28), "en"),
        ("Wochenbrief für 2 Monate pausieren", Pause("digest", 60), "de"),
        ("digest", Digest(), "en"),
        ("Wochenbrief", Digest(), "de"),
        ("Abo", Subscribe(), "de"),
    ],
)
def test_plain_digest_words_are_commands_only_in_a_private_chat(text: str, intent: Intent, language: str) -> None:
    routed = route(text, private=True)
    assert (routed.intent, routed.language) == (intent, language)
    assert route(text, private=False).intent == Ask(text)


@pytest.mark.parametrize(
    "text",
    [
        "Was ist der Wochenbrief?",
        "Wer hat einen Newsletter für Pflegende gemacht?",
        "Abo für Busse",
        "Deutschlandticket Abo",
        "Sportpause",
        "stop",
        "settings",
        "Digest Mobilität",
        "pause",
    ],
)
def test_question_with_a_digest_word_stays_a_question(text: str) -> None:
    assert route(text, private=True).intent == Ask(text)


def test_each_digest_word_has_one_meaning_and_is_not_a_command_word() -> None:
    words = [word for group in WISHES.values() for word in group]
    assert len(words) == len(set(words))
    nouns = {word for name in ("subscribe", "digest") for group in NAMES[name].words.values() for word in group}
    assert not nouns & set(words)


def test_first_word_of_a_digest_command_names_the_step() -> None:
    assert step_of("Einstellungen") == ("settings", "")
    assert step_of("themen Mobilität, Klima") == ("topics", "Mobilität, Klima")
    assert step_of("e-mail a@b.example") == ("mail", "a@b.example")
    assert step_of("mobility climate") == ("", "mobility climate")


@given(st.sampled_from(["!abo ", "!digest ", "wochenbrief ", ""]), st.text(max_size=80))
def test_digest_command_accepts_every_text_without_an_error(before: str, text: str) -> None:
    route(before + text, private=True)
