"""Place names in questions: inflected, misspelt, in other languages; and ordinary words that are not places."""

from __future__ import annotations

import pytest

from knowledge_base.model import Municipality
from knowledge_base.places.gazetteer import Gazetteer, PlaceKind
from knowledge_base.places.words import words_of
from tests.knowledge_base.search.bundled import gazetteer

COTTBUS, WIESENBURG = "Cottbus/Chóśebuz", "Wiesenburg/Mark"

MUNICIPALITIES = [
    ("Projekte in Potsdam", ["Potsdam"]),
    ("Potsdams Projekte", ["Potsdam"]),
    ("die Potsdamer Verwaltung", ["Potsdam"]),
    ("Projekte der Cottbuser Verwaltung", [COTTBUS]),
    ("Chóśebuz", [COTTBUS]),
    ("in Cotbus", [COTTBUS]),
    ("cottbuss housing", [COTTBUS]),
    ("Podsdam Klima", ["Potsdam"]),
    ("Postdam", ["Potsdam"]),
    ("potsdm datenplatform", ["Potsdam"]),
    ("wiesnburg smart village", [WIESENBURG]),
    ("Bad Belziger App", ["Bad Belzig"]),
    ("Was gibt es in Belzig?", ["Bad Belzig"]),
    ("Bad Belzig / Wiesenburg/Mark", ["Bad Belzig", WIESENBURG]),
    ("Bad Belzig und Wiesenburg", ["Bad Belzig", WIESENBURG]),
    ("frankfurt oder", ["Frankfurt (Oder)"]),
    ("Frankfurt/Oder", ["Frankfurt (Oder)"]),
    ("Frankfurt an der Oder", ["Frankfurt (Oder)"]),
    ("FFO Stadtbrücke", ["Frankfurt (Oder)"]),
    ("Gubener Cockpit", ["Guben"]),
    ("Europastadt Guben", ["Guben"]),
    ("Münchner Projekte", ["München"]),
    ("Munich", ["München"]),
    ("w Monachium", ["München"]),
    ("Kölner Bürgerhaushalt", ["Köln"]),
    ("Koelner Dom", ["Köln"]),
    ("Cologne's traffic", ["Köln"]),
    ("w Kolonii", ["Köln"]),
    ("Dresdner Projekte", ["Dresden"]),
    ("w Dreźnie", ["Dresden"]),
    ("w Lipsku", ["Leipzig"]),
    ("Was geht in Halle?", ["Halle (Saale)"]),
    ("Halle (Saale)", ["Halle (Saale)"]),
    ("im Landkreis Hof", ["Landkreis Hof"]),
    ("Neues aus Ulm", ["Ulm"]),
    ("Jenaer Projekte", ["Jena"]),
    ("Brandenburg an der Havel", ["Brandenburg an der Havel"]),
    ("Kreuzberg", ["Berlin"]),
    ("in Charlottenburg-Wilmersdorf", ["Berlin"]),
    ("w Poczdamie", ["Potsdam"]),
    ("z Chociebuża", [COTTBUS]),
    ("we Frankfurcie nad Odrą", ["Frankfurt (Oder)"]),
    ("współpraca Frankfurtu nad Odrą i Słubic", ["Frankfurt (Oder)", "Słubice"]),
    ("w Berlinie", ["Berlin"]),
    ("strategia Berlina", ["Berlin"]),
    ("berlińskie projekty", ["Berlin"]),
    ("Guben razem z Gubinem", ["Guben", "Gubin"]),
    ("slubice frankfurt", ["Słubice", "Frankfurt (Oder)"]),
    ("w Zielonej Górze", ["Zielona Góra"]),
    ("w Hamburgu", ["Hamburg"]),
    ("w Rostocku", ["Rostock"]),
    ("Berlin-Brandenburg", ["Berlin"]),
]
STATES = [
    ("im Land Brandenburg", ["Brandenburg"]),
    ("Brandenburger Kommunen", ["Brandenburg"]),
    ("welche Städte in Brandenburg", ["Brandenburg"]),
    ("sächsische Kommunen", ["Sachsen"]),
    ("Freistaat Sachsen", ["Sachsen"]),
    ("Sachsen-Anhalt", ["Sachsen-Anhalt"]),
    ("thüringische Städte", ["Thüringen"]),
    ("in Lower Saxony", ["Niedersachsen"]),
    ("NRW", ["Nordrhein-Westfalen"]),
    ("Mecklenburg-Vorpommern", ["Mecklenburg-Vorpommern"]),
    ("w Brandenburgii", ["Brandenburg"]),
    ("miasta z Turyngii", ["Thüringen"]),
    ("w Saksonii", ["Sachsen"]),
    ("w Dolnej Saksonii", ["Niedersachsen"]),
]
REGISTER = [
    ("Was macht Essen gegen Hitze?", ["Essen"]),
    ("Frankfurt am Main", ["Frankfurt am Main"]),
    ("Frankfurt a. M.", ["Frankfurt am Main"]),
    ("Nürnberger Projekte", ["Nürnberg"]),
    ("we Wrocławiu", ["Wrocław"]),
    ("Leerstandsprojekt in Oberammergau", ["Oberammergau"]),
    ("Rufbusse im Kreis Olpe", ["Kreis Olpe"]),
    ("des Landkreises Gifhorn", ["Landkreis Gifhorn"]),
    ("Projekte in der Uckermark", ["Landkreis Uckermark"]),
    ("Bremen", ["Bremen"]),
    ("Gemeinde Neuenkirchen", ["Neuenkirchen (Kreis Steinfurt)"]),
    ("Neuenkirchen in Mecklenburg-Vorpommern", ["Neuenkirchen (Landkreis Vorpommern-Greifswald)"]),
]
ELSEWHERE = [
    ("smart village projects in Estonia", ["Estland"]),
    ("citizen app of Vienna", ["Wien"]),
    ("w Warszawie", ["Warszawa"]),
    ("open data in Zurich", ["Zürich"]),
]
NO_PLACE = [
    *(
        "Zum Essen gehen",
        "essen auf rädern",
        "Wo kann man essen?",
        "in der Halle",
        "Hallen sanieren",
        "der Hof der Schule",
    ),
    *(
        "Kasse und Kiosk",
        "an der Kasse",
        "jene Projekte",
        "die Linse",
        "Obst und Gemüse",
        "alle Olme",
        "die Leere füllen",
    ),
    *(
        "wir waren dabei",
        "sie kamen zusammen",
        "flexible use",
        "wieder mit Leben füllen",
        "das Leben",
        "smart city",
        "",
    ),
    *("Wald und Wiesen", "schöner Regen", "die Macher und die Machern", "what is new", "co jest nowe", "energia"),
]


def found(question: str, kind: PlaceKind) -> list[str]:
    mentions = gazetteer().find(words_of(question))
    return list(dict.fromkeys(mention.place.name for mention in mentions if mention.place.kind is kind))


@pytest.mark.parametrize(("question", "names"), MUNICIPALITIES)
def test_municipality_names_are_recognised_in_questions(question: str, names: list[str]) -> None:
    assert found(question, PlaceKind.MUNICIPALITY) == names


@pytest.mark.parametrize(("question", "names"), STATES)
def test_state_names_are_recognised_in_questions(question: str, names: list[str]) -> None:
    assert found(question, PlaceKind.STATE) == names


@pytest.mark.parametrize(("question", "names"), REGISTER)
def test_places_of_the_register_are_recognised_and_named_in_full(question: str, names: list[str]) -> None:
    assert found(question, PlaceKind.MUNICIPALITY) == names


@pytest.mark.parametrize(("question", "names"), ELSEWHERE)
def test_well_known_places_outside_the_knowledge_base_are_recognised(question: str, names: list[str]) -> None:
    assert found(question, PlaceKind.ELSEWHERE) == names
    assert found(question, PlaceKind.MUNICIPALITY) == []


@pytest.mark.parametrize("question", NO_PLACE)
def test_ordinary_words_are_not_read_as_places(question: str) -> None:
    assert gazetteer().find(words_of(question)) == ()


def test_joint_record_of_two_municipalities_belongs_to_both() -> None:
    rows = gazetteer().rows_named("Bad Belzig / Wiesenburg/Mark")
    assert [gazetteer().municipalities[row].name for row in rows] == ["Bad Belzig", WIESENBURG]


def test_project_of_a_state_belongs_to_no_municipality() -> None:
    assert gazetteer().rows_named("Land Brandenburg") == ()


def test_near_places_are_found_by_distance_and_by_neighbours() -> None:
    places = [
        Municipality(id="a", name="Aburg", latitude=52.0, longitude=13.0, neighbours=("d",)),
        Municipality(id="b", name="Bdorf", latitude=52.2, longitude=13.0),  # 22 km
        Municipality(id="c", name="Cstadt", latitude=53.0, longitude=13.0),  # 111 km
        Municipality(id="d", name="Dheim"),
    ]
    near = Gazetteer(places).near([0])
    assert set(near) & {0, 1, 2, 3} == {0, 1, 3}
    assert near[0] == 1.0
    assert 0.5 < near[1] < 0.8


def test_places_named_only_by_projects_are_recognised() -> None:
    wider = gazetteer().including(["Musterhausen", "Potsdam", "bundesweit", "Deutschland", ""])
    assert [m.place.name for m in wider.find(words_of("was macht Musterhausen"))] == ["Musterhausen"]
    assert len(wider.municipalities) == len(gazetteer().municipalities) + 1


def test_words_of_the_corpus_are_not_corrected_to_places() -> None:
    told = gazetteer().beside(frozenset({"potsdan"}))
    assert told.find(words_of("Potsdan")) == ()
    assert [m.place.name for m in gazetteer().find(words_of("Potsdan"))] == ["Potsdam"]


def test_record_replaces_its_row_of_the_register() -> None:
    known = gazetteer()
    keys = [municipality.id for municipality in known.municipalities]
    assert len(keys) == len(set(keys))
    assert [known.municipalities[row].id for row in known.rows_named("Cottbus")] == ["12052000"]
    assert known.municipalities[known.rows_named("Słubice")[0]].id == "PL-0805053"
    assert sum(m.name == "Słubice" for m in known.municipalities) == 1


def test_record_of_a_district_answers_beside_the_town_of_its_name() -> None:
    known = Gazetteer([Municipality(id="09475", name="Landkreis Hof", kind="Landkreis")])
    (mention,) = known.find(words_of("Was macht Hof?"))
    assert [known.municipalities[row].name for row in mention.place.rows] == ["Hof", "Landkreis Hof"]


def test_record_of_a_place_is_likelier_than_a_larger_town_of_its_name() -> None:
    oder = Municipality(id="12053000", name="Frankfurt (Oder)", population=58_000)
    (mention,) = Gazetteer([oder]).find(words_of("Frankfurt"))
    assert mention.place.name == "Frankfurt (Oder)"
    (larger,) = Gazetteer([]).find(words_of("Frankfurt"))
    assert larger.place.name == "Frankfurt am Main"


def test_state_named_beside_tells_places_of_one_name_apart() -> None:
    known = Gazetteer([])
    first, _ = known.find(words_of("Neuenkirchen, Niedersachsen"))
    assert known.municipalities[first.place.rows[0]].state == "Niedersachsen"
    assert first.place.name == "Neuenkirchen (Heidekreis)"


def test_district_and_state_hold_their_places() -> None:
    known = Gazetteer([Municipality(id="10", name="Saarland", kind="Land", state="Saarland")])
    olpe = {known.municipalities[row].name for row in known.with_members(known.rows_named("Kreis Olpe"))}
    assert {"Kreis Olpe", "Olpe", "Attendorn"} <= olpe
    saarland = [known.municipalities[row] for row in known.with_members([0])]
    assert len(saarland) > 50
    assert {place.state for place in saarland} == {"Saarland"}


@pytest.mark.parametrize("question", ["Schwein", "der Stadthafen", "am Rhein", "further amounts", "Rheine oder Rhone"])
def test_words_spelt_right_are_not_corrected_to_towns_of_the_register(question: str) -> None:
    assert {m.place.name for m in Gazetteer([]).find(words_of(question))} <= {"Rheine"}


def test_town_of_the_register_is_corrected_only_after_a_preposition_of_place() -> None:
    known = Gazetteer([])
    assert [m.place.name for m in known.find(words_of("Sensoren in Paderbron"))] == ["Paderborn"]
    assert known.find(words_of("Paderbron Sensoren")) == ()
    assert known.find(words_of("Sensoren in Apfeldurf")) == ()  # a village


def test_longer_name_of_a_record_field_holds_no_ordinary_word_as_place() -> None:
    known = Gazetteer([])
    assert known.rows_named("Zweckverband Wald und Wasser") == ()
    assert len(known.rows_named("Wald")) == 1
