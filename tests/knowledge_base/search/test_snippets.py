"""The sentence shown with a hit."""

from __future__ import annotations

import pytest

from knowledge_base.language.detect import detect_language
from knowledge_base.model import Project
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.snippets import WHY_CHARACTERS, Reasons
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
    return reasons.why(query, [(project, "")])[0]


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
