"""The sentence shown with a hit."""

from __future__ import annotations

import pytest

from knowledge_base.language.detect import detect_language
from knowledge_base.model import Project
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.passages import passages
from knowledge_base.search.snippets import WHY_CHARACTERS, Reasons, sentences_of
from knowledge_base.search.understanding import understand
from knowledge_base.vocabulary import bundled
from tests.knowledge_base.search.bundled import gazetteer, lexicon, projects

CITY = Project(
    id="city",
    title="Stadt",
    text="Die Stadt wächst und wird digital. Sechs Felder reichen vom Quartier bis zur integrierten Verkehrswende. "
    "Kühle Orte helfen an heißen Tagen.",
    lang="de",
    transferability="Das Konzept steht allen offen.",
)


OF_THE_BUNDLE = {project.id: project for project in projects()}
LONG = {
    name: Project(id=name, title="T", text=text)
    for name, text in {"empty": "", "of words": "Wort " * 200, "one word": "x" * 500}.items()
}


@pytest.fixture(scope="module")
def reasons() -> Reasons:
    return Reasons(Lexical.build([*OF_THE_BUNDLE.values(), CITY, *LONG.values()]), lexicon(), bundled())


def why(reasons: Reasons, question: str, project: Project) -> str:
    query = understand(question, detect_language(question, fallback="de"), gazetteer(), lexicon())
    return reasons.why(query, [(project, passages(project)[0])])[0]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Wer hat Mobilitätsprojekte gemacht?", "Verkehrswende"),
        ("Who has done mobility projects?", "Verkehrswende"),
        ("kühle Orte", "Kühle Orte"),
        ("Kto ma rozwiązania na upały?", "Kühle Orte"),
        ("Was lässt sich übertragen?", "Konzept"),
        ("xyzzy", "wächst"),
    ],
)
def test_reason_shows_the_sentence_that_matches_the_question(reasons: Reasons, question: str, said: str) -> None:
    assert said in why(reasons, question, CITY)


def test_reason_for_potsdam_and_mobility_names_its_traffic_transition(reasons: Reasons) -> None:
    potsdam = OF_THE_BUNDLE["bb-potsdam"]
    assert "integrierte Verkehrswende" in why(reasons, "Wer hat Mobilitätsprojekte gemacht?", potsdam)


@pytest.mark.parametrize("name", LONG)
def test_reason_is_never_longer_than_its_limit(reasons: Reasons, name: str) -> None:
    assert len(why(reasons, "Wort", LONG[name])) <= WHY_CHARACTERS


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Ausgewählt 2020, 2. Staffel. Danach gebaut.", ["Ausgewählt 2020, 2. Staffel.", "Danach gebaut."]),
        ("Es hilft z. B. Schulen. Gut so.", ["Es hilft z. B. Schulen.", "Gut so."]),
        ("Dr. Amt hat ca. 30 Orte. Nr. 5 fehlt.", ["Dr. Amt hat ca. 30 Orte.", "Nr. 5 fehlt."]),
        ("It has sensors, e.g. LoRaWAN. It works.", ["It has sensors, e.g. LoRaWAN.", "It works."]),
        ("Są tam np. Gubin i Guben. Działa.", ["Są tam np. Gubin i Guben.", "Działa."]),
        ("Seit 2020. Es läuft.", ["Seit 2020.", "Es läuft."]),
        ("Am 3. Mai begann es.", ["Am 3. Mai begann es."]),
        ("Eine Zeile ohne Punkt\nNoch eine", ["Eine Zeile ohne Punkt", "Noch eine"]),
        ("", []),
    ],
)
def test_ordinals_and_abbreviations_end_no_sentence(text: str, sentences: list[str]) -> None:
    assert sentences_of(text) == sentences


@pytest.mark.parametrize(
    "empty",
    [
        "Das Projekt ist eines der fünf Berliner Pilotprojekte.",
        "Ausgewählt 2020, 2. Staffel.",
        "Die Stadt wurde 2021 mit einem Preis ausgezeichnet.",
        "The project was selected as one of five model projects in Germany.",
    ],
)
def test_reason_is_no_sentence_that_only_names_the_round_or_praises(reasons: Reasons, empty: str) -> None:
    project = Project(id="one", title="T", text=f"{empty} Sensoren zählen Räder.", municipality="Berlin")
    assert why(reasons, empty, project) == "Sensoren zählen Räder."


def test_reason_of_a_text_that_says_nothing_is_its_own_sentence(reasons: Reasons) -> None:
    project = Project(id="one", title="T", text="Ausgewählt 2020, 2. Staffel.")
    assert why(reasons, "Staffel", project).startswith("Ausgewählt")


def test_reason_begins_where_a_long_sentence_says_it(reasons: Reasons) -> None:
    text = (
        "Der Bund gibt bis zu fünf Millionen Euro aus dem Programm für Städte, das Land beteiligt sich an den Kosten, "
        "Schwerpunkte sind Mobilität und Teilhabe."
    )
    said = why(reasons, "Wer hat Mobilitätsprojekte gemacht?", Project(id="one", title="T", text=text))
    assert said == "… Schwerpunkte sind Mobilität und Teilhabe."
    assert why(reasons, "Wer bekommt Geld vom Land?", Project(id="one", title="T", text=text)).startswith("… das Land")


def test_reason_is_in_the_language_of_the_question(reasons: Reasons) -> None:
    english = {"en": {"title": "T", "text": "The city grows. Buses run on demand."}}
    project = Project(id="one", title="T", text="Die Stadt wächst. Busse fahren auf Abruf.", translations=english)
    assert why(reasons, "Who has buses on demand?", project) == "Buses run on demand."
    assert why(reasons, "Wer hat Busse auf Abruf?", project) == "Busse fahren auf Abruf."
