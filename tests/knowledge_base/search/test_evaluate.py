"""Measures checked by hand, the file reader, and a whole evaluation."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from knowledge_base.errors import InputError
from knowledge_base.model import Answer, Hit, Project, Understood
from knowledge_base.search.engine import SearchResult
from knowledge_base.search.evaluate import (
    Question,
    evaluate,
    first_grade,
    ndcg,
    precision,
    read_questions,
    recall,
    reciprocal_rank,
)
from knowledge_base.search.understanding import Query


def test_ndcg_matches_values_computed_by_hand() -> None:
    relevant = {"a": 3.0, "b": 1.0}
    ideal = 7 + 1 / math.log2(3)
    assert ndcg(["a", "b"], relevant) == pytest.approx(1.0)
    assert ndcg(["b", "x", "a"], relevant) == pytest.approx((1 + 7 / 2) / ideal)
    assert ndcg([], relevant) == 0.0
    assert ndcg(["a"], {}) == 0.0
    assert ndcg(["x"] * 10 + ["a"], relevant) == 0.0


def test_reciprocal_rank_and_recall_match_values_computed_by_hand() -> None:
    relevant = {"a": 3.0, "b": 1.0}
    assert reciprocal_rank(["x", "b"], relevant) == 0.5
    assert reciprocal_rank(["x"], relevant) == 0.0
    assert recall(["x", "b"], relevant) == 0.5
    assert recall(["a"], {str(n): 1.0 for n in range(20)} | {"a": 3.0}) == 0.1
    assert first_grade(["b"], relevant) == 1.0
    assert first_grade([], relevant) == 0.0
    assert precision(["a", "x", "b", "y"], relevant) == 0.5
    assert precision([], relevant) == 0.0


GOOD = '{"question": "Wer?", "lang": "de", "kind": "who", "relevant": {"a": 3, "b": 0}}'


def test_questions_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(GOOD + "\n\n", "utf-8")
    assert read_questions(file) == [Question("Wer?", "de", "who", {"a": 3.0})]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no json", ["line 2", "no JSON"]),
        ("[]", ["line 2", "object"]),
        ('{"lang": "de", "kind": "who", "relevant": {}}', ["line 2", "question", "missing"]),
        ('{"question": 1, "lang": "de", "kind": "who", "relevant": {}}', ["line 2", "question", "int"]),
        ('{"question": "a", "lang": "de", "kind": "who", "relevant": []}', ["line 2", "relevant", "list"]),
        (
            '{"question": "a", "lang": "de", "kind": "who", "relevant": {"x": "3"}}',
            ["line 2", "relevant", "grade of x"],
        ),
        (
            '{"question": "a", "lang": "de", "kind": "who", "relevant": {"x": true}}',
            ["line 2", "relevant", "grade of x"],
        ),
    ],
)
def test_error_names_file_line_and_field_of_a_bad_line(tmp_path: Path, line: str, words: list[str]) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(f"{GOOD}\n{line}\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_questions(file)
    assert all(word in str(caught.value) for word in ("questions.jsonl", *words))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe"])
def test_file_without_questions_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(content)
    with pytest.raises(InputError):
        read_questions(file)


def test_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl"):
        read_questions(tmp_path / "none.jsonl")


class Scripted:
    """Answers each question with ids that were given for it, the first ``counted`` as hits; none means not sure."""

    def __init__(self, answers: dict[str, list[str]], counted: int = 1) -> None:
        self._answers = answers
        self._counted = counted

    async def ask(self, question: str, *, limit: int = 5) -> SearchResult:
        hits = [Hit(project=Project(id=i, title=i, text=""), score=1.0, why="", contact_role="", can_introduce=False)
                for i in self._answers[question]]  # fmt: skip
        answer = Answer(
            question=question, language="de", answered=bool(hits), understood=Understood(), total=len(hits),
            hits=tuple(hits[:self._counted]), near=tuple(hits[self._counted:]), took_ms=1.0,
        )  # fmt: skip
        return SearchResult(answer, Query(text=question, language="de"))


async def test_evaluation_counts_by_language_and_kind() -> None:
    questions = [
        Question("right", "de", "topic", {"a": 3.0}), Question("second", "en", "topic", {"a": 3.0}),
        Question("refused", "de", "who", {"a": 3.0}), Question("nothing", "de", "far", {}), Question("wrong", "de",
        "far", {}),
    ]  # fmt: skip
    search = Scripted({"right": ["a"], "second": ["b", "a"], "refused": [], "nothing": [], "wrong": ["a"]})
    report = await evaluate(search, questions)
    assert (report.all.questions, report.all.answerable) == (5, 3)
    assert report.all.ndcg == pytest.approx((1 + 1 / math.log2(3)) / 3)
    assert report.all.first_relevant == pytest.approx(1 / 3)
    assert report.all.wrongly_refused == pytest.approx(1 / 3)
    assert report.all.rightly_refused == 0.5
    assert [figures.group for figures in report.figures] == ["all", "de", "en", "far", "topic", "who"]
    table = report.table()
    assert "nDCG@10" in table
    assert len(table.splitlines()) == 7


async def test_precision_counts_the_hits_of_answered_questions_alone() -> None:
    questions = [
        Question("half", "de", "topic", {"a": 3.0}), Question("none", "de", "topic", {"a": 3.0}),
        Question("refused", "de", "topic", {"a": 3.0}), Question("wrong", "de", "far", {}),
    ]  # fmt: skip
    answers = {"half": ["x", "a", "b"], "none": ["x", "y", "a"], "refused": [], "wrong": ["a"]}
    report = await evaluate(Scripted(answers, counted=2), questions)
    assert report.all.counted == pytest.approx((1 / 2 + 0) / 2)
    far = next(figures for figures in report.figures if figures.group == "far")
    assert far.counted is None
    assert "counted" in report.table().splitlines()[0]
