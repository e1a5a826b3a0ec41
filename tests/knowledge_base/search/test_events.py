"""Which questions ask for events, and which events they mean."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge_base.language.detect import detect_language
from knowledge_base.model import Event, Municipality
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.events import Events
from knowledge_base.search.understanding import understand
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.vocabulary import bundled

TODAY = date(2026, 11, 23)
PLACES = Gazetteer(Municipality(id=name.casefold(), name=name) for name in ("Potsdam", "Cottbus", "Guben"))
EVENTS = (
    Event(id="old", title="Erstes Treffen", text="In Potsdam.", start="2021-08-30", topics=("Wissenstransfer",)),
    Event(id="late", title="Workshop zu Mobilität", municipality="Cottbus", start="2026-11-20", end="2026-11-22"),
    Event(id="today", title="Konferenz", municipality="Guben", start="2026-11-21", end="2026-11-23T17:00"),
    Event(
        id="next", title="Netzwerktreffen", text="Es geht um Hochwasser.", municipality="Potsdam", start="2027-01-10"
    ),
    Event(id="spring", title="Austausch im Frühjahr 2027", municipality="Cottbus"),
    Event(id="launch", title="Neue Karte veröffentlicht", municipality="Guben", start="2024-10-01"),
)


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    vocabulary = bundled()
    return Lexicon(vocabulary.topics, vocabulary.rounds)


@pytest.fixture(scope="module")
def events(lexicon: Lexicon) -> Events:
    return Events(EVENTS, PLACES, lexicon)


def found(question: str, events: Events, lexicon: Lexicon) -> list[str]:
    query = understand(question, detect_language(question), PLACES, lexicon)
    return [one.event.id for one in events.asked_for(query, TODAY)]


@pytest.mark.parametrize(
    "question",
    [
        "Wann ist das nächste Treffen?",
        "wann findet die naechste tagung statt",
        "Treffen?",
        "When is the next meeting?",
        "Are there any upcoming workshops?",
        "Kiedy jest następne spotkanie?",
        "Czy są zaplanowane warsztaty?",
    ],
)
def test_question_for_the_next_meeting_lists_upcoming_meetings(question: str, events: Events, lexicon: Lexicon) -> None:
    assert found(question, events, lexicon) == ["today", "next", "spring"]


@pytest.mark.parametrize(
    "question", ["Gab es schon ein Treffen?", "Was there a meeting?", "Czy było już spotkanie?", "letztes Treffen"]
)
def test_question_for_past_meetings_lists_the_latest_first(question: str, events: Events, lexicon: Lexicon) -> None:
    assert found(question, events, lexicon) == ["late", "old", "today"]


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("Gibt es ein Treffen in Potsdam?", ["next", "old"]),
        ("Are there meetings in Cottbus?", ["spring", "late"]),
        ("Jakie wydarzenia były w Guben?", ["launch", "today"]),
        ("Gab es 2021 ein Treffen?", ["old"]),
        ("Gibt es ein Treffen zum Hochwasser?", ["next"]),
        ("Was there a workshop on mobility?", ["late"]),
        ("Czy były warsztaty o transferze wiedzy?", ["old"]),
        ("Wann ist das nächste Treffen zum Klettern?", []),
        ("Gab es 1999 ein Treffen in Guben?", ["today"]),  # no year that we know; the place counts
    ],
)
def test_events_must_match_the_named_place_year_and_topic(
    question: str, ids: list[str], events: Events, lexicon: Lexicon
) -> None:
    assert found(question, events, lexicon) == ids


@pytest.mark.parametrize(
    "question",
    [
        "Wer hat Mobilitätsprojekte gemacht?",
        "Wer hat eine App für Veranstaltungen?",
        "Gibt es Online-Termine im Bürgeramt?",
        "Wann kommt der nächste Bus?",
        "Who has an event calendar?",
        "Wie ist das Wetter morgen?",
        "",
        "\0" * 50,
    ],
)
def test_questions_about_other_subjects_get_no_events(question: str, events: Events, lexicon: Lexicon) -> None:
    assert found(question, events, lexicon) == []


def test_event_is_past_when_it_ended_before_today(lexicon: Lexicon) -> None:
    events = Events((*EVENTS, Event(id="unknown", title="Irgendein Treffen")), PLACES, lexicon)
    query = understand("Treffen", "de", PLACES, lexicon)
    for day, past in ((TODAY, {"old", "late"}), (date(2027, 12, 31), {"old", "late", "today", "next"})):
        assert {known.event.id for known in events._known if known.meeting and known.past(day)} == past
        assert not any(one.past for one in events.asked_for(query, TODAY))
