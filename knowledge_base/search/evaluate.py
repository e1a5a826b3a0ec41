"""Search quality over a file of judged questions; the measures are pure functions of ranked ids.

nDCG as Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002, with gains 2^grade - 1 and log2
discounts. A question without relevant records has no answer: it counts for the refusals only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from knowledge_base.errors import InputError
from knowledge_base.model import Answer

DEPTH = 10
_FIELDS: Mapping[str, type] = {"question": str, "lang": str, "kind": str, "relevant": dict}
_REMEDY = 'Each line is {"question": "…", "lang": "de|en|pl", "kind": "…", "relevant": {"id": grade}}.'


@dataclass(frozen=True, slots=True)
class Question:
    """A judged question: ``relevant`` maps project ids to grades 1 … 3; empty means that there is no answer."""

    question: str
    lang: str
    kind: str
    relevant: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a question: ids in their order, hits first, then the nearest."""

    question: Question
    ids: tuple[str, ...]
    counted: int  # how many of them, from the first on, are hits
    answered: bool
    took_ms: float


@dataclass(frozen=True, slots=True)
class SearchQuality:
    """Means over a group of questions; None where the group has no such question."""

    group: str
    questions: int
    answerable: int
    ndcg: float | None
    mrr: float | None
    recall: float | None
    first_relevant: float | None  # first hit has any grade
    first_best: float | None  # first hit has the best grade of its question
    counted: float | None  # precision of the hits that count as answers, where such a question was answered
    wrongly_refused: float | None  # of those with an answer
    rightly_refused: float | None  # of those without


@dataclass(frozen=True, slots=True)
class Report:
    """Figures over all questions, then by language and by kind, and each result for a closer look."""

    figures: tuple[SearchQuality, ...]
    results: tuple[Result, ...]

    @property
    def all(self) -> SearchQuality:
        return self.figures[0]

    def table(self) -> str:
        """Return the figures as text, one line a group."""
        head = f"{'':16}{'n':>5}{'nDCG@10':>9}{'MRR':>7}{'R@10':>7}{'first':>7}{'best':>7}"
        head += f"{'counted':>9}{'refused wrongly':>17}{'rightly':>9}"
        return "\n".join((head, *(_line(figures) for figures in self.figures)))


class _Result(Protocol):
    @property
    def answer(self) -> Answer: ...


class _Asks(Protocol):
    async def ask(self, question: str, *, limit: int = 5) -> _Result: ...


async def evaluate(search: _Asks, questions: Iterable[Question]) -> Report:
    """Ask every question on its own, in the language that the search detects; return the results."""
    results = []
    for question in questions:
        answer = (await search.ask(question.question, limit=DEPTH)).answer
        ids = tuple(hit.project.id for hit in (*answer.hits, *answer.near))
        results.append(Result(question, ids, len(answer.hits), answer.answered, answer.took_ms))
    return report(results)


def report(results: Sequence[Result]) -> Report:
    """Return the figures of results: of all, by language, and by kind."""
    groups: dict[str, list[Result]] = {"all": list(results)}
    for name in sorted({result.question.lang for result in results}):
        groups[name] = [result for result in results if result.question.lang == name]
    for name in sorted({result.question.kind for result in results}):
        groups[name] = [result for result in results if result.question.kind == name]
    return Report(tuple(_figures(name, group) for name, group in groups.items()), tuple(results))


# ------------------------------------------------------------------------------------------------------- measures


def ndcg(ids: Sequence[str], relevant: Mapping[str, float], depth: int = DEPTH) -> float:
    """Return the normalised discounted cumulative gain of the first ``depth`` ids, 0 … 1; 0 without relevant ids."""
    ideal = _gain(sorted(relevant.values(), reverse=True)[:depth])
    return _gain([relevant.get(record_id, 0.0) for record_id in ids[:depth]]) / ideal if ideal else 0.0


def reciprocal_rank(ids: Sequence[str], relevant: Mapping[str, float], depth: int = DEPTH) -> float:
    """Return 1 / place of the first relevant id; 0 when the first ``depth`` hold no relevant id."""
    return next(
        (1.0 / place for place, record_id in enumerate(ids[:depth], 1) if relevant.get(record_id, 0.0) > 0), 0.0
    )


def recall(ids: Sequence[str], relevant: Mapping[str, float], depth: int = DEPTH) -> float:
    """Return the share of the relevant ids (at most ``depth`` of them can be found) among the first ``depth``."""
    wanted = {record_id for record_id, grade in relevant.items() if grade > 0}
    return len(wanted & set(ids[:depth])) / min(len(wanted), depth) if wanted else 0.0


def precision(ids: Sequence[str], relevant: Mapping[str, float]) -> float:
    """Return the share of ids with any grade, 0 … 1; 0 without ids."""
    return sum(relevant.get(record_id, 0.0) > 0 for record_id in ids) / len(ids) if ids else 0.0


def first_grade(ids: Sequence[str], relevant: Mapping[str, float]) -> float:
    """Return the grade of the first id; 0 without one."""
    return relevant.get(ids[0], 0.0) if ids else 0.0


def _gain(grades: Sequence[float]) -> float:
    return math.fsum((2.0**grade - 1.0) / math.log2(place + 1) for place, grade in enumerate(grades, 1))


# ------------------------------------------------------------------------------------------------------- the file


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a JSON Lines file. Errors: InputError that names file, line and field."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else "it is no UTF-8"
        raise InputError(f"{path.name} cannot be read: {reason}.", remedy="Name a file of judged questions.") from cause
    questions = [_question(line, f"{path.name}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not questions:
        raise InputError(f"{path.name} holds no question.", remedy=_REMEDY)
    return questions


def _question(line: str, place: str) -> Question:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise InputError(f"{place}: this is no JSON ({cause}).", remedy=_REMEDY) from cause
    if not isinstance(entry, dict):
        raise InputError(f"{place}: an object is expected.", remedy=_REMEDY)
    for name, kind in _FIELDS.items():
        if not isinstance(entry.get(name), kind):
            raise InputError(f"{place}, field “{name}”: {_problem(entry, name)}.", remedy=_REMEDY)
    return Question(entry["question"], entry["lang"], entry["kind"], _grades(entry["relevant"], place))


def _problem(entry: Mapping[str, Any], name: str) -> str:
    return "is missing" if name not in entry else f"holds {type(entry[name]).__name__}, not {_FIELDS[name].__name__}"


def _grades(relevant: Mapping[str, Any], place: str) -> dict[str, float]:
    for record_id, grade in relevant.items():
        if isinstance(grade, bool) or not isinstance(grade, int | float) or not 0 <= grade <= 10:
            raise InputError(f"{place}, field “relevant”: the grade of {record_id} has to be a number.", remedy=_REMEDY)
    return {record_id: float(grade) for record_id, grade in relevant.items() if grade > 0}


# ------------------------------------------------------------------------------------------------------- figures


def _figures(group: str, results: Sequence[Result]) -> SearchQuality:
    answerable = [result for result in results if result.question.relevant]
    others = [result for result in results if not result.question.relevant]

    def mean(measure: Callable[[Sequence[str], Mapping[str, float]], float]) -> float | None:
        return _mean([measure(result.ids, result.question.relevant) for result in answerable])

    return SearchQuality(
        group=group,
        questions=len(results),
        answerable=len(answerable),
        ndcg=mean(ndcg),
        mrr=mean(reciprocal_rank),
        recall=mean(recall),
        first_relevant=mean(lambda ids, relevant: float(first_grade(ids, relevant) > 0)),
        first_best=mean(lambda ids, relevant: float(first_grade(ids, relevant) == max(relevant.values()))),
        counted=_mean(
            [
                precision(result.ids[: result.counted], result.question.relevant)
                for result in answerable
                if result.counted
            ]
        ),
        wrongly_refused=_mean([float(not result.answered) for result in answerable]),
        rightly_refused=_mean([float(not result.answered) for result in others]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _line(figures: SearchQuality) -> str:
    def cell(value: float | None, width: int) -> str:
        return f"{'–' if value is None else f'{value:.3f}':>{width}}"

    measured = (figures.ndcg, figures.mrr, figures.recall, figures.first_relevant, figures.first_best)
    widths = (9, 7, 7, 7, 7)
    cells = "".join(cell(value, width) for value, width in zip(measured, widths, strict=True))
    decided = cell(figures.counted, 9) + cell(figures.wrongly_refused, 17) + cell(figures.rightly_refused, 9)
    return f"{figures.group:16}{figures.questions:>5}{cells}{decided}"
