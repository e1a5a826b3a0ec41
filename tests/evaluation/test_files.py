"""The question files are well formed and complete, and have no question in common."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.evaluation import corpora
from tests.evaluation.corpora import Corpus
from tests.knowledge_base.search import bundled as bundle

HERE = Path(__file__).parent
BUNDLE = HERE.parents[1] / "knowledge_base" / "bundle"
DEV = HERE / "bundle_dev.jsonl"
DEV_2 = HERE / "bundle_dev2.jsonl"
DEV_3 = HERE / "bundle_dev3.jsonl"
DEV_4 = HERE / "bundle_dev4.jsonl"
DEV_5 = HERE / "bundle_dev5.jsonl"
DEV_6 = HERE / "bundle_dev6.jsonl"
DEV_7 = HERE / "bundle_dev7.jsonl"
DEV_8 = HERE / "bundle_dev8.jsonl"
DEV_9 = HERE / "bundle_dev9.jsonl"
HELD_OUT = HERE / "bundle_heldout.jsonl"
PRESENT = [DEV, DEV_2, DEV_3, DEV_4, DEV_5, DEV_6, DEV_7, DEV_8, DEV_9, HELD_OUT]

GROWN, GROWN_2 = (HERE / name for name in corpora.GROWN)
CIVIC, REGIONAL = HERE / "civic_dev.jsonl", HERE / "regional_dev.jsonl"
OF_CORPORA = [GROWN, GROWN_2, CIVIC, REGIONAL]
DATA = os.environ.get("STADTLOTSE_TEST_DATA", "")

UNANSWERED = {"noanswer_far", "noanswer_near"}
KINDS = UNANSWERED | {
    *("topic", "who", "place", "round", "status", "rural", "role", "transfer", "paraphrase", "messy", "cross"),
}
KINDS_OF_GROWN = {
    "topic": 35, "place": 28, "paraphrase": 25, "list": 18, "status": 10, "round": 8, "transfer": 6, "negation": 6,
    "field": 6, "noanswer_near": 20, "noanswer_far": 8,
}  # fmt: skip
KINDS_OF = {  # how many questions of each kind the files on other corpora hold
    GROWN: KINDS_OF_GROWN,
    GROWN_2: KINDS_OF_GROWN,
    CIVIC: {"topic": 40, "paraphrase": 25, "place": 20, "list": 15, "noanswer_near": 14, "noanswer_far": 6},
    REGIONAL: {
        "topic": 50, "paraphrase": 30, "place": 30, "list": 20, "year": 6, "noanswer_near": 18, "noanswer_far": 6,
    },
}  # fmt: skip
LANGUAGES = {"de", "en", "pl"}
NEAR_SHARE = 2 / 3

each_file = pytest.mark.parametrize("path", PRESENT, ids=lambda path: path.stem)
each_of_corpora = pytest.mark.parametrize("path", OF_CORPORA, ids=lambda path: path.stem)
any_file = pytest.mark.parametrize("path", [*PRESENT, *OF_CORPORA], ids=lambda path: path.stem)


class Question(NamedTuple):
    """One line of a question file; `relevant` maps record ids to grades 1 to 3."""

    text: str
    lang: str
    kind: str
    relevant: dict[str, int]


class MakeUp(NamedTuple):
    """What a file holds at least: questions of each language, share of messy ones, grade-3 questions of a project."""

    answerable: dict[str, int]
    unanswered: dict[str, int]
    messy: float
    of_a_project: int


AT_LEAST = {
    DEV: MakeUp({"de": 120, "en": 60, "pl": 60}, {"de": 60, "en": 25, "pl": 25}, messy=0.15, of_a_project=4),
    DEV_2: MakeUp({"de": 90, "en": 39, "pl": 40}, {"de": 35, "en": 15, "pl": 15}, messy=0.10, of_a_project=3),
    DEV_3: MakeUp({"de": 45, "en": 20, "pl": 20}, {"de": 25, "en": 15, "pl": 14}, messy=0.025, of_a_project=1),
    DEV_4: MakeUp({"de": 45, "en": 18, "pl": 20}, {"de": 30, "en": 13, "pl": 15}, messy=0.10, of_a_project=1),
    DEV_5: MakeUp({"de": 70, "en": 36, "pl": 36}, {"de": 34, "en": 16, "pl": 15}, messy=0.15, of_a_project=2),
    DEV_6: MakeUp({"de": 70, "en": 36, "pl": 36}, {"de": 34, "en": 16, "pl": 15}, messy=0.14, of_a_project=1),
    DEV_7: MakeUp({"de": 70, "en": 36, "pl": 36}, {"de": 34, "en": 16, "pl": 15}, messy=0.14, of_a_project=1),
    DEV_8: MakeUp({"de": 70, "en": 36, "pl": 36}, {"de": 34, "en": 16, "pl": 15}, messy=0.14, of_a_project=1),
    DEV_9: MakeUp({"de": 70, "en": 36, "pl": 36}, {"de": 34, "en": 16, "pl": 15}, messy=0.14, of_a_project=1),
    HELD_OUT: MakeUp({"de": 70, "en": 36, "pl": 36}, {"de": 34, "en": 16, "pl": 15}, messy=0.14, of_a_project=1),
}


def read(path: Path) -> list[Question]:
    """The questions of a file. Every line holds the four fields and nothing else."""
    questions = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        assert fields.keys() == {"question", "lang", "kind", "relevant"}, line
        questions.append(Question(fields["question"], fields["lang"], fields["kind"], fields["relevant"]))
    return questions


def relevant(path: Path) -> set[str]:
    """The ids of all records that the file judges."""
    return {record_id for question in read(path) for record_id in question.relevant}


def normalised(text: str) -> str:
    """The words alone: case, punctuation and spacing do not make a different question."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def bundled() -> dict[str, str]:
    """File name of each record id of the bundle."""
    return {
        json.loads(line)["id"]: path.name
        for path in BUNDLE.glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    }


@any_file
def test_question_lines_are_well_formed(path: Path) -> None:
    for question in read(path):
        assert normalised(question.text), question
        assert question.lang in LANGUAGES, question
        assert question.kind in KINDS_OF.get(path, KINDS), question
        assert set(question.relevant.values()) <= {1, 2, 3}, question


@any_file
def test_only_questions_of_no_answer_kinds_have_no_relevant_records(path: Path) -> None:
    for question in read(path):
        assert (question.kind in UNANSWERED) == (not question.relevant), question


@each_file
def test_answerable_questions_have_a_best_record(path: Path) -> None:
    without = [question.text for question in read(path) if question.relevant and 3 not in question.relevant.values()]
    assert not without


@each_of_corpora
def test_answerable_questions_on_other_corpora_have_a_record_that_clearly_answers(path: Path) -> None:
    without = [question.text for question in read(path) if question.relevant and max(question.relevant.values()) < 2]
    assert not without


@each_of_corpora
def test_files_on_other_corpora_hold_the_questions_of_each_kind_and_language(path: Path) -> None:
    questions = read(path)
    assert Counter(question.kind for question in questions) == Counter(KINDS_OF[path])
    assert {question.lang for question in questions if question.relevant} == LANGUAGES
    assert {question.lang for question in questions if not question.relevant} == LANGUAGES


@pytest.mark.parametrize("path", [GROWN, GROWN_2], ids=lambda path: path.stem)
def test_record_ids_of_the_grown_bundle_exist_in_it(path: Path) -> None:
    assert relevant(path) - {project.id for project in bundle.projects()} == set()


@pytest.mark.skipif(not DATA, reason="STADTLOTSE_TEST_DATA names no folder")
@pytest.mark.parametrize(
    ("path", "corpus"), [(CIVIC, corpora.civic), (REGIONAL, corpora.regional)], ids=["civic", "regional"]
)
def test_record_ids_of_the_other_corpora_exist_in_them(path: Path, corpus: Callable[[Path], Corpus]) -> None:
    assert relevant(path) - {project.id for project in corpus(Path(DATA)).projects} == set()


@each_file
def test_relevant_record_ids_exist_in_the_bundle(path: Path) -> None:
    assert relevant(path) - bundled().keys() == set()


@each_file
def test_every_file_has_questions_of_every_kind(path: Path) -> None:
    assert {question.kind for question in read(path)} == KINDS


@each_file
def test_every_file_has_enough_questions_of_each_language(path: Path) -> None:
    questions = read(path)
    answerable = Counter(question.lang for question in questions if question.relevant)
    unanswered = Counter(question.lang for question in questions if not question.relevant)
    assert answerable >= Counter(AT_LEAST[path].answerable)
    assert unanswered >= Counter(AT_LEAST[path].unanswered)


@each_file
def test_every_file_has_enough_messy_questions_of_each_language(path: Path) -> None:
    questions = [question for question in read(path) if question.relevant]
    messy = Counter(question.lang for question in questions if question.kind == "messy")
    for lang, count in Counter(question.lang for question in questions).items():
        assert messy[lang] >= AT_LEAST[path].messy * count, lang


@each_file
def test_most_unanswerable_questions_are_near_the_subject(path: Path) -> None:
    kinds = [question.kind for question in read(path) if not question.relevant]
    assert kinds.count("noanswer_near") >= NEAR_SHARE * len(kinds)


@each_file
def test_every_project_has_enough_questions(path: Path) -> None:
    asked = Counter(
        record_id for question in read(path) for record_id, grade in question.relevant.items() if grade == 3
    )
    projects = [record_id for record_id, name in bundled().items() if name == "projects.jsonl"]
    assert projects
    assert [record_id for record_id in projects if asked[record_id] < AT_LEAST[path].of_a_project] == []


def repeated(paths: list[Path]) -> list[str]:
    asked = Counter(normalised(question.text) for path in paths for question in read(path))
    return [text for text, count in asked.items() if count > 1]


def test_no_question_occurs_twice_in_the_files_of_the_old_bundle() -> None:
    assert repeated(PRESENT) == []


@each_of_corpora
def test_no_question_occurs_twice_in_a_file_or_beside_the_held_out_ones(path: Path) -> None:
    assert repeated([path, HELD_OUT]) == []
