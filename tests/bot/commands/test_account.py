"""Commands of users about their own data, in three languages, as intents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import NAMES
from bot.commands.account import LONGEST_PAUSE, EditProfile, Pause, Refuse, Resume, Verify
from bot.commands.command import Intent
from bot.commands.privacy import Correct, Forget, MyData, ShowPrivacy, Withdraw
from bot.commands.router import route
from bot.commands.search import Ask, Pick


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("!profil", EditProfile()),
        ("!profile name Erika Beispiel", EditProfile("name", "Erika Beispiel")),
        ("/profil kommune Bad Belzig", EditProfile("municipality", "Bad Belzig")),
        ("!profil gmina: Zielona Góra", EditProfile("municipality", "Zielona Góra")),
        ("!profil telefon", EditProfile("phone", "")),
        ("!profil irgendwas", EditProfile()),
        ("!verify rad@stadt.example", Verify("rad@stadt.example")),
        ("!bestätigen 123456", Verify("123456")),
        ("000042", Verify("000042")),
        ("123 456", Verify("123 456")),
        ("42", Pick(42)),
        ("!pause", Pause("", None)),
        ("!pause 14", Pause("", 14)),
        ("!pause intro 3 Tage", Pause("intro", 3)),
        ("!pauza biuletyn", Pause("digest", None)),
        ("!pause aus", Resume("")),
        ("!pause eine Woche", Pause("", 7)),
        ("!pauza na tydzień", Pause("", 7)),
        ("!pause intro for a month", Pause("intro", 30)),
        ("!pause bis Ende Dezember", Pause("", until="bis ende dezember")),  # no word in it ends a pause
        ("!pause wochenbrief bis 15.12.", Pause("digest", until="bis 15.12.")),
        ("!pause bis auf Weiteres", Pause("", None)),
        ("!pause irgendwann", Pause("", until="irgendwann")),
        ("!pause 0", Pause("", None)),
        (f"!pause {LONGEST_PAUSE + 1}", Pause("", None)),
        ("!fortsetzen wochenbrief", Resume("digest")),
        ("Bitte nicht vermitteln!", Refuse()),
        ("Do not introduce me", Refuse()),
        ("proszę mnie nie przedstawiać", Refuse()),
        ("!nie-przedstawiaj", Refuse()),
        ("!datenschutz", ShowPrivacy()),
        ("/prywatność", ShowPrivacy()),
        ("!meinedaten", MyData()),
        ("!mydata json", MyData(machine=True)),
        ("!löschen", Forget()),
        ("!loeschen ja", Forget(confirmed=True)),
        ("!forget me", Forget()),
        ("!usuń tak", Forget(confirmed=True)),
        ("!widerruf", Withdraw()),
        ("!korrektur", Correct()),
        ("!correct the phone is wrong", Correct("the phone is wrong")),
        ("!sprostowanie telefon", Correct("telefon")),
    ],
)
def test_command_on_own_data_becomes_its_intent(text: str, intent: Intent) -> None:
    assert route(text, private=True).intent == intent


@pytest.mark.parametrize("text", ["000042", "do not introduce me", "bitte nicht vermitteln"])
def test_plain_words_and_codes_in_a_room_are_questions(text: str) -> None:
    assert isinstance(route(text, private=False).intent, Ask)


@given(st.sampled_from(sorted(NAMES)), st.text(max_size=60))
def test_text_after_a_command_is_parsed_safely(name: str, rest: str) -> None:
    intent = NAMES[name].parse(rest.strip())
    if isinstance(intent, Pause):
        assert intent.days is None or 0 < intent.days <= LONGEST_PAUSE
    if isinstance(intent, Forget):
        assert intent.confirmed is (rest.strip().lower() in ("yes", "ja", "tak"))
