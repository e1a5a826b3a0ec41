"""Text to intent, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import COMMANDS, WORDS, is_command, parse, typed
from bot.commands.account import Language
from bot.commands.command import Intent, fold
from bot.commands.editing import Edit, Remove
from bot.commands.editors import NewEntry, Questions
from bot.commands.general import Help, Start, Unknown
from bot.commands.introductions import Introduce
from bot.commands.open_questions import OfferAnswer, PassOn, Reply
from bot.commands.ratings import Rate
from bot.commands.router import Routed, route
from bot.commands.search import LAST, Ask, More, Pick, Show
from bot.commands.small_talk import polite_intent

PRIVATE = [
    # questions
    ("Wer hat Mobilitätsprojekte gemacht?", Ask("Wer hat Mobilitätsprojekte gemacht?")),
    ("  who did mobility projects?  ", Ask("who did mobility projects?")),
    ("Kto robił projekty mobilności?", Ask("Kto robił projekty mobilności?")),
    ("und in Potsdam?", Ask("und in Potsdam?")),
    ("only rural ones", Ask("only rural ones")),
    ("LoRaWAN", Ask("LoRaWAN")),
    ("2019", Ask("2019")),
    ("0", Ask("0")),
    ("-1", Ask("-1")),
    ("100", Ask("100")),
    ("٣", Ask("٣")),
    ("mehr Bäume in der Stadt", Ask("mehr Bäume in der Stadt")),
    ("more trees", Ask("more trees")),
    ("das zweite Modellprojekt in Berlin", Ask("das zweite Modellprojekt in Berlin")),
    ("die Stadt", Ask("die Stadt")),
    ("the city", Ask("the city")),
    ("hilfe für Senioren", Ask("hilfe für Senioren")),
    ("", Ask("")),
    ("   ", Ask("")),
    ("!", Ask("!")),
    ("/", Ask("/")),
    ("! mehr", More()),
    ("! wer war das", Ask("! wer war das")),
    ("?", Ask("?")),
    # commands
    ("!start", Start()),
    ("/start", Start()),
    ("/start payload", Start("payload")),
    ("!help", Help()),
    ("!hilfe", Help()),
    ("/pomoc", Help()),
    ("hilfe", Help()),
    ("Hilfe!", Help()),
    ("help", Help()),
    ("/help@stadtlotse_bot", Help()),
    ("!HILFE", Help()),
    ("!frage Wer baut Radwege?", Ask("Wer baut Radwege?")),
    ("!frage\nWer baut\nRadwege?", Ask("Wer baut\nRadwege?")),
    ("/ask@stadtlotse_bot\twho?", Ask("who?")),
    ("!pytanie kto?", Ask("kto?")),
    ("!frage", Help()),
    # more, in words
    ("mehr", More()),
    ("Mehr bitte", More()),
    ("noch mehr", More()),
    ("weitere", More()),
    ("more", More()),
    ("More please!", More()),
    ("więcej", More()),
    ("wiecej", More()),
    ("Pokaż więcej", More()),
    ("!mehr", More()),
    ("/more", More()),
    ("!więcej", More()),
    # one of what was shown
    ("3", Pick(3)),
    (" 3. ", Pick(3)),
    ("03", Pick(3)),
    ("99", Pick(99)),
    ("das zweite", Pick(2)),
    ("Zeig mir das dritte Projekt bitte", Pick(3)),
    ("die fünfte", Pick(5)),
    ("den ersten Treffer", Pick(1)),
    ("das letzte", Pick(LAST)),
    ("the second one", Pick(2)),
    ("show me the last one please", Pick(LAST)),
    ("tell me about the first", Pick(1)),
    ("drugi", Pick(2)),
    ("pokaż trzeci projekt", Pick(3)),
    ("ostatni", Pick(LAST)),
    ("piąty", Pick(5)),
    ("!zeige 2", Show(number=2)),
    ("zeige 2", Show(number=2)),
    ("Kontakt 3", Introduce(number=3)),
    ("intro 12", Introduce(number=12)),
    ("kontakt 123", Ask("kontakt 123")),
    ("Kontakt zu Vereinen", Ask("Kontakt zu Vereinen")),
    ("Kontakt", Ask("Kontakt")),
    ("help 2", Ask("help 2")),
    ("!show bb-cottbus", Show("project:bb-cottbus")),
    ("!pokaż 1", Show(number=1)),
    ("!show", Help()),
    # language
    ("!sprache", Language("")),
    ("!sprache Polnisch", Language("pl")),
    ("!language english", Language("en")),
    ("!język polski", Language("pl")),
    ("!language auto", Language("auto")),
    ("!language klingon", Language("")),
    # feedback
    ("!hilfreich", Rate(True)),
    ("!useless", Rate(False)),
    ("!przydatne abc", Rate(True, "abc")),
    # editors
    ("!fragen", Questions()),
    ("!fragen schliessen 7", Questions(7)),
    ("!fragen schließen 7", Questions(7)),
    ("!questions close 7", Questions(7)),
    ("!pytania zamknij 7", Questions(7)),
    ("!questions close 99999999999", Questions()),
    ("!questions close seven", Questions()),
    ("!fragen eintrag 7 bb-cottbus", Questions(7, "bb-cottbus")),
    ("!fragen eintrag 7", NewEntry(7)),
    ("!fragen neu 7", NewEntry(7)),
    ("!pytania nowy 7 tytuł = Zbiorniki = woda", NewEntry(7, "set", "title", "Zbiorniki = woda")),
    ("!questions new 7 licence = CC BY 4.0", NewEntry(7, "set", "licence", "CC BY 4.0")),
    ("!fragen neu 7 kommune =", NewEntry(7, "set", "municipality", "")),
    ("!fragen neu 7 text = Zeile 1\nZeile 2", NewEntry(7, "set", "text", "Zeile 1\nZeile 2")),
    ("!fragen neu 7 antwort 0a1b", NewEntry(7, "answer", value="0a1b")),
    ("!fragen neu 7 0A1B2C3D ja", NewEntry(7, "yes", value="0a1b2c3d")),
    ("!fragen verwerfen 7", NewEntry(7, "discard")),
    ("!fragen neu", Questions()),
    ("!fragen neu x", Questions()),
    ("!antwort 7 Ja, das geht", Reply(7, "Ja, das geht")),
    ("!antwort redaktion 0a1b", OfferAnswer("0a1b")),
    ("!odpowiedz wycofaj 0a1b", OfferAnswer("0a1b", taken_back=True)),
    ('!questions entry 7 "my id"', Questions(7, "my id")),
    ("!pytania wpis 7 x", Questions(7, "x")),
    # open questions
    ("!weitergeben", PassOn()),
    ("!pass-on 0a1b", PassOn(answer="0a1b")),
    ("!przekaż tak 7", PassOn("yes", 7)),
    ("!pass-on withdraw 7", PassOn("withdraw", 7)),
    ("!weitergeben ja", PassOn("yes", 0)),
    ("!antwort 7 Wir haben das.\nSo: ja", Reply(7, "Wir haben das.\nSo: ja")),
    ("!reply", Reply(0)),
    ("!odpowiedz bez numeru", Reply(0, "numeru")),
    ("!antwort 99999999999 x", Reply(0, "x")),
    ("!edit", Help()),
    ("!edit p1", Edit("p1")),
    ("!bearbeiten p1 title = Ein = Zeichen", Edit("p1", "title", "Ein = Zeichen")),
    ("!edit p1 Title=", Edit("p1", "title", "")),
    ("!edit p1 text = Zeile 1\nZeile 2", Edit("p1", "text", "Zeile 1\nZeile 2")),
    ('!edit "my id" title = x', Edit("my id", "title", "x")),
    ('!edit "open', Edit('"open')),
    ("!remove", Help()),
    ("!remove p1", Remove("p1")),
    ("!entfernen p1 ja", Remove("p1", confirmed=True)),
    ("!usun-wpis p1 tak", Remove("p1", confirmed=True)),
    ('!remove "my id" yes', Remove("my id", confirmed=True)),
    ("!remove p1 maybe", Remove("p1")),
    # what there is not
    ("!foo", Unknown("foo")),
    ("/foo bar", Unknown("foo")),
    ("!!", Unknown("!")),
    ("!" + "x" * 500, Unknown("x" * 40)),
]


@pytest.mark.parametrize(("text", "intent"), PRIVATE)
def test_text_in_a_private_chat_becomes_its_intent(text: str, intent: Intent) -> None:
    assert route(text, private=True).intent == intent


@pytest.mark.parametrize("text", ["mehr", "more", "3", "das zweite", "hilfe", "the last one", "drugi"])
def test_words_without_a_sign_are_questions_in_a_room(text: str) -> None:
    assert route(text, private=False).intent == Ask(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("!hilfe", "de"), ("!help", "en"), ("!pomoc", "pl"), ("!start", None), ("mehr", "de"), ("the second", "en"),
        ("więcej", "pl"), ("3", None), ("Wer hat was gemacht?", None), ("!foo", None), ("das dritte", "de"),
    ],
)  # fmt: skip
def test_words_of_a_command_set_the_language(text: str, language: str | None) -> None:
    assert route(text, private=True).language == language


@pytest.mark.parametrize(
    ("text", "ours"),
    [("!mehr", True), (" /more@bot", True), ("!foo", False), ("!", False), ("mehr", False), ("", False), ("/", False)],
)
def test_only_known_commands_in_a_room_count_as_commands(text: str, ours: bool) -> None:
    assert is_command(text) is ours


@pytest.mark.parametrize("word", sorted(WORDS))
@pytest.mark.parametrize("sign", ["!", "/"])
def test_every_word_of_every_command_is_known(sign: str, word: str) -> None:
    for text in (f"{sign}{word}", f"{sign}{word.upper()}", f"{sign}{word} x y"):
        assert not isinstance(route(text, private=False).intent, Unknown)


def test_each_command_word_has_one_meaning() -> None:
    words = [word for command in COMMANDS for words in command.words.values() for word in words]
    assert len(words) == len(set(words)) == len(WORDS)


@pytest.mark.parametrize("language", ["de", "en", "pl"])
@pytest.mark.parametrize(
    "command",
    [
        "more",
        "useful",
        "useless",
        "show =12",
        "show bb-cottbus",
        "remove p1 yes",
        "questions new 7 0a1b2c3d yes",
        "questions new 7 municipality =",
        "questions new 7 answer 0a1b",
        "questions discard 7",
        "reply editors 0a1b",
        "reply withdraw 0a1b",
        "pass-on yes 7",
        "pass-on withdraw 7",
    ],
)
def test_user_can_type_the_command_of_a_button_in_every_language(command: str, language: str) -> None:
    typed_in = route(typed(parse(command), language), private=False)
    assert typed_in.intent == parse(command)
    assert typed_in.language in (language, None)


@pytest.mark.parametrize("command", ["forget yes", 'remove "a b" yes', "questions new 7 0a1b2c3d yes"])
def test_confirming_command_ends_with_yes_in_the_language_of_the_user(command: str) -> None:
    said = [typed(parse(command), language) for language in ("de", "en", "pl")]
    assert [text.rsplit(" ", 1)[1] for text in said] == ["ja", "yes", "tak"]
    assert {route(text, private=True).intent for text in said} == {parse(command)}


@given(st.text(), st.booleans())
def test_every_text_becomes_an_intent(text: str, private: bool) -> None:
    routed = route(text, private=private)
    assert isinstance(routed, Routed)
    if not text.strip().startswith(("!", "/")) and not private and polite_intent(fold(text)) is None:
        assert routed.intent == Ask(text.strip())


@given(st.sampled_from(sorted(WORDS)), st.text())
def test_every_text_after_a_command_keeps_the_command_known(word: str, rest: str) -> None:
    assert not isinstance(route(f"!{word} {rest}", private=True).intent, Unknown)


@given(st.text())
def test_question_after_the_ask_command_is_passed_on_unchanged(text: str) -> None:
    expected: Intent = Ask(text.strip()) if text.strip() else Help()
    assert route(f"!ask {text}", private=False).intent == expected
