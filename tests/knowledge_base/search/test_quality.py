"""The figures of the search with the embedded default on the development questions must not fall.

Margins below what was reached, so that a change of a word or of a library is no alarm; a real loss is.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.evaluate import Report, evaluate, read_questions
from tests.knowledge_base.search.bundled import search_over

EVALUATION = Path(__file__).parents[2] / "evaluation"


@pytest.fixture(scope="module")
def report(e5: Embedder) -> Report:
    questions = [q for name in ("bundle_dev.jsonl", "certainty_extra.jsonl") for q in read_questions(EVALUATION / name)]

    async def run() -> Report:
        return await evaluate(await search_over(e5), questions)

    return asyncio.run(run())


def test_order(report: Report) -> None:
    assert (report.all.ndcg or 0) >= 0.90, report.table()
    assert (report.all.first_relevant or 0) >= 0.89, report.table()


def test_refusals(report: Report) -> None:
    assert (report.all.wrongly_refused or 0) <= 0.065, report.table()
    assert (report.all.rightly_refused or 0) >= 0.85, report.table()


@pytest.mark.parametrize(("language", "least"), [("de", 0.88), ("en", 0.91), ("pl", 0.91)])
def test_order_by_language(report: Report, language: str, least: float) -> None:
    figures = next(figures for figures in report.figures if figures.group == language)
    assert (figures.ndcg or 0) >= least, report.table()
