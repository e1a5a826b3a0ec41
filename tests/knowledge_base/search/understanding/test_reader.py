"""What the search reads from questions in the three languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.search.understanding import Query, understand
from tests.knowledge_base.search.bundled import gazetteer, lexicon

FIRST, SECOND, THIRD = "MPSC 1. Staffel 2019", "MPSC 2. Staffel 2020", "MPSC 3. Staffel 2021"

CASES: list[tuple[str, str, dict[str, Any]]] = [
    # money, counties, boroughs
    ("de", "Wer hat 2020 Geld gekriegt in Thüringen?", {"listing": True, "states": ("Thüringen",), "subject": ()}),
    ("de", "Wofür gibt das Rathaus Geld aus?", {"listing": False}),
    ("de", "Was ist eigentlich MPSC?", {"listing": False}),
    ("pl", "Co to jest projekt modelowy?", {"listing": False}),
    ("de", "Was ist in der ersten Staffel gefördert worden?", {"listing": True, "rounds": (FIRST,)}),
    ("pl", "Jaką kwotę dostał Guben?", {"listing": True, "municipalities": ("Guben",), "subject": ()}),
    ("de", "Welche Landkreise sind dabei?", {"counties": True, "listing": True}),
    ("de", "Was gibt es im Landkreis Spree-Neiße?", {"counties": False}),
    ("en", "Which rural districts use sensors?", {"counties": True, "topics": ("rural", "sensors")}),
    ("pl", "Które powiaty mają czujniki?", {"counties": True, "topics": ("sensors",)}),
    ("de", "Projekte in Neukölln", {"municipalities": ("Berlin",), "boroughs": ("Neukölln",)}),
    ("de", "Fahrten rund um eine Stadt", {"listing": False}),
    ("de", "in Sachen Digitalisierung", {"states": ()}),
    ("de", "Was gibt es in der Nähe von Forst?", {"near": ("Forst (Lausitz)",)}),
    ("de", "how much money for bad bellzig", {"municipalities": ("Bad Belzig",)}),
    ("de", "Welche Lösungen kann man übernehmen?", {"topics": (), "transfer": True}),
    ("de", "3. Stafel Brandenb.", {"rounds": (THIRD,), "states": ("Brandenburg",)}),
    ("en", "heating across the border w poland", {"border": True, "states": ()}),
    # topics
    ("de", "Wer hat Mobilitätsprojekte gemacht?", {"topics": ("mobility",), "who": True}),
    ("en", "Who did mobility projects?", {"topics": ("mobility",), "who": True}),
    ("pl", "Kto robił projekty związane z mobilnością?", {"topics": ("mobility",), "who": True}),
    ("de", "Ich arbeite in Guben und suche Hitzeschutz", {"subject": ("Hitzeschutz",)}),
    ("en", "against heat", {"topics": ("climate-adaptation",), "subject": ("heat",)}),
    ("pl", "przeciw upałom", {"topics": ("climate-adaptation",), "subject": ("upałom",)}),
    ("de", "Hitzeschutz", {"topics": ("climate-adaptation",)}),
    ("de", "Hitzeaktionstage", {"topics": ("climate-adaptation",)}),
    ("en", "heat waves", {"topics": ("climate-adaptation",)}),
    ("pl", "ochrona przed upałem", {"topics": ("climate-adaptation",)}),
    ("de", "LoRaWAN", {"topics": ("sensors",)}),
    ("de", "Bürgerbeteiligung", {"topics": ("participation",)}),
    ("de", "buergerbeteiligung", {"topics": ("participation",)}),
    ("de", "Kinderbeteiligung", {"topics": ("participation",)}),
    ("de", "katastrofenschutz", {"topics": ("civil-protection",)}),
    ("de", "Waldbrände und Hochwasser", {"topics": ("civil-protection",)}),
    ("pl", "otwarte dane", {"topics": ("open-data",)}),
    ("en", "open data portals", {"topics": ("open-data",)}),
    ("en", "digital twin", {"topics": ("digital-twin",)}),
    ("de", "Digitaler Zwilling", {"topics": ("digital-twin",)}),
    ("pl", "cyfrowy bliźniak", {"topics": ("digital-twin",)}),
    ("de", "Nahverkehr", {"topics": ("public-transport",)}),
    ("de", "Open Source", {"topics": ("open-source",)}),
    ("de", "Strukturwandel", {"topics": ("structural-change",)}),
    ("de", "Kandidaten und Soldaten", {"topics": ()}),
    ("de", "erzähl mir einen Witz", {"topics": ()}),
    # places and topics together
    ("de", "Hitzeschutz in Potsdam", {"topics": ("climate-adaptation",), "municipalities": ("Potsdam",)}),
    ("pl", "Co robi się w Poczdamie dla klimatu?", {"municipalities": ("Potsdam",)}),
    ("de", "Hochwasserschutz in Rostock", {"topics": ("civil-protection",), "municipalities": ("Rostock",)}),
    # rounds and years
    ("de", "Brandenburger Kommunen der 3. Staffel", {"rounds": (THIRD,), "states": ("Brandenburg",)}),
    ("de", "zweite Staffel", {"rounds": (SECOND,)}),
    ("de", "Städte der 2021er Staffel", {"rounds": (THIRD,), "years": (2021,)}),
    ("de", "Wer wurde 2019 ausgewählt?", {"rounds": (FIRST,), "years": (2019,)}),
    ("en", "the first round", {"rounds": (FIRST,)}),
    ("en", "Which cities were selected in 2021?", {"rounds": (THIRD,), "years": (2021,), "who": True}),
    ("pl", "druga edycja", {"rounds": (SECOND,)}),
    ("pl", "Które miasta wybrano w drugiej edycji w 2020 roku?", {"rounds": (SECOND,), "years": (2020,)}),
    ("de", "Was läuft seit 2022?", {"rounds": (), "years": (2022,)}),
    ("de", "gefördert über MORO", {"rounds": ("MORO",)}),
    ("de", "Was gibt es auf dem Land?", {"rounds": (), "rural": True}),
    ("de", "die 20300 Euro von 1999", {"years": ()}),
    # status
    ("de", "nur abgeschlossene Projekte", {"status": ("done",)}),
    ("de", "Was ist in Planung?", {"status": ("planned",)}),
    ("de", "Welche Vorhaben stehen in Potsdam noch bevor?", {"status": ("planned",), "municipalities": ("Potsdam",)}),
    ("en", "What hasn't started yet?", {"status": ("planned",)}),
    ("de", "Was ist schon in Betrieb?", {"status": ("running",)}),
    ("en", "finished projects", {"status": ("done",)}),
    ("en", "Which projects are only planned so far?", {"status": ("planned",)}),
    ("en", "still in the pilot phase", {"status": ("pilot",)}),
    ("pl", "Które projekty są już zakończone?", {"status": ("done",)}),
    ("pl", "Co dopiero jest planowane?", {"status": ("planned",)}),
    ("pl", "planowanie przestrzenne", {"status": ()}),
    ("de", "Wer hat eine Verpackungssteuer eingeführt?", {"status": ()}),
    ("de", "Wer hat das umgesetzt?", {"status": ()}),
    ("de", "Was läuft in Soest?", {"status": ()}),
    ("de", "Wir planen einen Rufbus, wer hat das schon?", {"status": ()}),
    ("pl", "Kto wdrożył czujniki?", {"status": ()}),
    ("en", "a public dashboard with live data", {"status": ()}),
    ("de", "nur die, die noch laufen", {"status": ("running",)}),
    ("pl", "tylko te, które już działają", {"status": ("running",)}),
    ("de", "Nur was läuft, keine Piloten", {"status": ()}),
    # left out
    ("de", "Projekte ohne Mobilität", {"topics": (), "without_topics": ("mobility",), "negated": ("Mobilität",)}),
    ("de", "Energie, aber nicht zur Mobilität", {"topics": ("energy",), "negated": ("Mobilität",)}),
    ("de", "Digitalisierung, keine Apps", {"topics": (), "negated": ("Apps",)}),
    ("de", "Klimaprojekte außer Hitze", {"subject": ("Klima",), "without_topics": (), "negated": ("Hitze",)}),
    ("en", "mobility projects but not about buses", {"topics": ("mobility",), "negated": ("buses",)}),
    ("en", "fire detection, without cameras", {"negated": ("cameras",)}),
    ("pl", "aplikacje? bez aplikacji", {"negated": ("aplikacji",)}),
    ("de", "nicht Lübeck und nicht Kiel", {"negated": ("Lübeck", "Kiel")}),
    ("de", "Ohne Thüringen bitte", {"negated": ("Thüringen",), "municipalities": ()}),
    ("de", "Dorfladen ohne Personal", {"negated": (), "subject": ("Dorfladen", "Personal")}),
    ("de", "Der Platz ist heiß, wir haben kein Geld. Wer hat Ideen?", {"negated": ()}),
    # role
    ("de", "Wer ist zuständig für die Kiezbox?", {"role": True, "who": True}),
    ("de", "Ansprechpartner Hardenbergplatz", {"role": True}),
    ("de", "An wen wende ich mich wegen der App?", {"role": True}),
    ("de", "Wen frage ich in Guben?", {"role": True, "municipalities": ("Guben",)}),
    ("en", "Who is responsible for the sensor network in Potsdam?", {"role": True, "municipalities": ("Potsdam",)}),
    ("en", "Who's responsible for water?", {"role": True, "topics": ("water",)}),
    ("en", "Who is in charge of water?", {"role": True, "topics": ("water",)}),
    ("pl", "Kto odpowiada za portal Guben Cockpit?", {"role": True, "municipalities": ("Guben",)}),
    ("pl", "Do kogo się zwrócić?", {"role": True}),
    ("de", "Wer macht Open Data?", {"role": False, "who": True}),
    # who
    ("de", "Welche Kommunen messen Luft?", {"who": True}),
    ("en", "which small towns have an app", {"who": True, "rural": True}),
    ("pl", "Które miasta mają czujniki?", {"who": True}),
    ("de", "LoRaWAN in der Fläche", {"who": False}),
    # rural, near
    ("de", "Was machen kleine Gemeinden?", {"rural": True}),
    ("de", "Wir haben 5.000 Einwohner und suchen eine App", {"rural": False, "asker_small": True}),
    ("de", "kl. gemeinde, 3 tsd ew", {"rural": True, "asker_small": True}),
    ("de", "Wir haben 300.000 Einwohner", {"rural": False}),
    ("en", "We are a village with 4,000 people", {"rural": False, "asker_small": True}),
    ("pl", "Jesteśmy małą gminą wiejską", {"rural": False, "asker_small": True}),
    ("de", "Großstädte", {"rural": False}),
    ("de", "in der Nähe von Guben", {"near": ("Guben",), "municipalities": ()}),
    ("de", "Projekte bei Potsdam", {"near": ("Potsdam",)}),
    ("de", "rund um Eisenhüttenstadt", {"near": ("Eisenhüttenstadt",)}),
    ("de", "Wer ist bei Potsdam zuständig?", {"near": (), "municipalities": ("Potsdam",)}),
    ("en", "close to Werder (Havel)", {"near": ("Werder (Havel)",)}),
    ("en", "near Berlin", {"near": ("Berlin",)}),
    ("pl", "koło Cottbus", {"near": ("Cottbus/Chóśebuz",)}),
    ("pl", "w pobliżu Zielonej Góry", {"near": ("Zielona Góra",)}),
]

FLAGS: list[tuple[str, str, dict[str, bool]]] = [
    ("de", "Doppelstadt an der Grenze", {"border": True}),
    ("en", "small towns near the Polish border", {"border": True}),
    ("pl", "gminy przygraniczne", {"border": True}),
    ("de", "Was lässt sich übertragen?", {"transfer": True}),
    ("en", "solutions that other towns can reuse", {"transfer": True}),
    ("pl", "które rozwiązania można przenieść", {"transfer": True}),
    ("de", "Welche Modellprojekte gibt es in Sachsen?", {"listing": True}),
    ("en", "Is Cologne one of the model projects?", {"listing": True}),
    ("pl", "miasta modelowe", {"listing": True}),
    ("de", "Was läuft noch bis 2027?", {"ending": True}),
    ("de", "Verkehrszählung", {"border": False, "transfer": False, "listing": False, "ending": False}),
]

SUBJECTS: list[tuple[str, str, tuple[str, ...]]] = [
    ("de", "Welche Vorhaben sind schon abgeschlossen?", ()),
    ("de", "Welche Projekte hat Guben?", ()),
    ("de", "Wer hat Mobilitätsprojekte gemacht?", ("Mobilität",)),
    ("de", "Hitzeschutz in Potsdam", ("Hitzeschutz",)),
    ("en", "Who has done mobility projects?", ("mobility",)),
    ("pl", "Które projekty są już zakończone?", ()),
    ("pl", "otwarte dane", ("otwarte", "dane")),
]


def read(language: str, question: str) -> Query:
    return understand(question, language, gazetteer(), lexicon())


@pytest.mark.parametrize(("language", "question", "expected"), CASES)
def test_topics_places_years_and_status_are_read_from_a_question(
    language: str, question: str, expected: dict[str, Any]
) -> None:
    query = read(language, question)
    seen = {name: getattr(query if hasattr(query, name) else query.understood, name) for name in expected}
    assert seen == expected


@pytest.mark.parametrize(("language", "question", "expected"), FLAGS)
def test_kind_of_answer_is_read_from_a_question(language: str, question: str, expected: dict[str, bool]) -> None:
    query = read(language, question)
    assert {name: getattr(query, name) for name in expected} == expected


@pytest.mark.parametrize(("language", "question", "subject"), SUBJECTS)
def test_subject_is_read_from_a_question(language: str, question: str, subject: tuple[str, ...]) -> None:
    assert read(language, question).subject == subject


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["de", "en", "pl"]))
def test_any_text_is_read_the_same_way_twice(text: str, language: str) -> None:
    assert read(language, text) == read(language, text)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from("und in Potsdam Cotbus nur 2021 3. Staffel wer Ansprechpartner koło near Halle ? : (".split()),
        max_size=12,
    )
)
def test_words_in_any_order_are_read_without_an_error(parts: list[str]) -> None:
    query = read("de", " ".join(parts))
    assert all(0 <= row < len(gazetteer().municipalities) for row in (*query.rows, *query.near_rows))


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "😀" * 500, "a" * 100_000, "wort " * 20_000, "\u202eabc\u202c", "\ud800", "ﷺ" * 50, "1" * 5_000],
)
def test_hostile_text_is_read_without_an_error(text: str) -> None:
    query = read("de", text)
    assert len(query.text) <= 2_000
    assert "\0" not in query.text


@pytest.mark.parametrize(
    ("language", "question", "left_out"),
    [
        ("de", "Katastrophenschutz, aber bitte nicht schon wieder Cottbus", True),
        ("de", "Wer außer Cottbus hat offene Daten?", True),
        ("en", "open data, but not in Cottbus", True),
        ("pl", "Kto poza Cottbus ma otwarte dane?", True),
        ("de", "Projekte nicht nur in Cottbus", False),
        ("de", "Ist Cottbus nicht dabei?", False),
    ],
)
def test_excluded_place_is_not_a_searched_place(language: str, question: str, left_out: bool) -> None:
    query = understand(question, language, gazetteer(), lexicon())
    assert bool(query.without_rows) is left_out
    assert bool(query.rows) is not left_out


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("de", "Wir sind in Guben. Wer in unserer Nähe misst mit Sensoren?"),
        ("en", "Do any towns near us in Guben use sensors?"),
    ],
)
def test_question_for_places_near_the_asker_searches_nearby_places(language: str, question: str) -> None:
    query = understand(question, language, gazetteer(), lexicon())
    assert query.understood.near == ("Guben",)
    assert not query.rows


def test_limiting_topic_is_not_a_subject_next_to_a_real_topic() -> None:
    query = understand("Mobilität auf dem Land", "de", gazetteer(), lexicon())
    assert query.subject_topics == ("mobility",)
    assert understand("ländlicher Raum", "de", gazetteer(), lexicon()).subject_topics == ("rural",)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Hitzeschutz in Guben", "Hitzeschutz"),
        ("Wir in Guben suchen etwas gegen Hitze, wer hat das?", "suchen Hitze"),
        ("Hitzeschutz, aber nicht in Brandenburg", "Hitzeschutz"),
        ("Zusammenarbeit mit Partnern in Polen", "Zusammenarbeit Partnern"),
    ],
)
def test_name_of_a_place_is_no_word_to_search_for_unless_it_is_the_subject(question: str, words: str) -> None:
    assert understand(question, "de", gazetteer(), lexicon()).words == words


@pytest.mark.parametrize(
    ("language", "question", "subject"),
    [
        ("de", "Ich bin Klimamanagerin in Cottbus. Was machen andere gegen Hitze?", ("Hitze",)),
        ("de", "Als Stadt Cottbus interessiert uns: Wer hat einen Bürgerhaushalt?", ("interessiert", "Bürgerhaushalt")),
        ("de", "Wir wollen in Cottbus ein Baumkataster aufbauen. Wer hat das?", ("Baumkataster", "aufbauen")),
        ("de", "Guten Tag, hier Stadtwerke Cottbus. Wo gibt es LoRaWAN?", ("LoRaWAN",)),
        ("en", "I work for the city of Cottbus, what do others do against heat?", ("heat",)),
        ("pl", "Urząd Miasta Cottbus tutaj, kto ma czujniki?", ("czujniki",)),
    ],
)
def test_town_of_the_asker_is_who_asks_and_not_where_to_search(
    language: str, question: str, subject: tuple[str, ...]
) -> None:
    query = read(language, question)
    assert query.asker == read("de", "Cottbus").rows
    assert not query.placed
    assert query.subject == subject


@pytest.mark.parametrize(
    "question",
    ["Was machen wir in Cottbus?", "Ich suche Projekte in Cottbus", "I'm visiting Cottbus, what can they show us?"],
)
def test_place_that_an_asker_asks_for_is_not_their_own(question: str) -> None:
    query = read("en" if question.startswith("I'm") else "de", question)
    assert query.rows
    assert not query.asker


def test_size_of_the_askers_town_is_no_condition_but_a_limit_is() -> None:
    assert not read("de", "Wir haben 5.000 Einwohner. Wer hat eine App?").understood.rural
    assert read("de", "Städte unter 20.000 Einwohnern mit App").understood.rural
