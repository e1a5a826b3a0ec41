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


LEAST = {  # nDCG@10, first hit relevant, at most wrongly refused, at least rightly refused
    "bundle_dev.jsonl": (0.935, 0.945, 0.025, 0.905),
    "bundle_dev2.jsonl": (0.90, 0.91, 0.01, 0.87),
    "bundle_dev3.jsonl": (0.865, 0.785, 0.05, 0.80),
    "bundle_dev4.jsonl": (0.89, 0.86, 0.03, 0.80),
    "bundle_dev5.jsonl": (0.925, 0.925, 0.01, 0.89),
    "bundle_dev6.jsonl": (0.935, 0.935, 0.03, 0.95),
    "bundle_dev7.jsonl": (0.91, 0.885, 0.025, 0.94),
    "bundle_dev8.jsonl": (0.895, 0.895, 0.025, 0.92),
}
LEAST_BY_LANGUAGE = {  # nDCG@10 in German, English, Polish
    "bundle_dev.jsonl": {"de": 0.92, "en": 0.95, "pl": 0.955},
    "bundle_dev2.jsonl": {"de": 0.88, "en": 0.92, "pl": 0.93},
    "bundle_dev3.jsonl": {"de": 0.82, "en": 0.905, "pl": 0.915},
    "bundle_dev4.jsonl": {"de": 0.915, "en": 0.85, "pl": 0.865},
    "bundle_dev5.jsonl": {"de": 0.91, "en": 0.925, "pl": 0.94},
    "bundle_dev6.jsonl": {"de": 0.935, "en": 0.955, "pl": 0.915},
    "bundle_dev7.jsonl": {"de": 0.935, "en": 0.875, "pl": 0.89},
    "bundle_dev8.jsonl": {"de": 0.89, "en": 0.91, "pl": 0.89},
}


@pytest.fixture(scope="module")
def reports(e5: Embedder) -> dict[str, Report]:
    async def run() -> dict[str, Report]:
        search = await search_over(e5)
        return {name: await evaluate(search, read_questions(EVALUATION / name)) for name in LEAST}

    return asyncio.run(run())


@pytest.mark.parametrize("name", LEAST)
def test_order(reports: dict[str, Report], name: str) -> None:
    figures, (ndcg, first, _, _) = reports[name].all, LEAST[name]
    assert (figures.ndcg or 0) >= ndcg, reports[name].table()
    assert (figures.first_relevant or 0) >= first, reports[name].table()


@pytest.mark.parametrize("name", LEAST)
def test_refusals(reports: dict[str, Report], name: str) -> None:
    figures, (_, _, wrongly, rightly) = reports[name].all, LEAST[name]
    assert (figures.wrongly_refused or 0) <= wrongly, reports[name].table()
    assert (figures.rightly_refused or 0) >= rightly, reports[name].table()


@pytest.mark.parametrize("language", ["de", "en", "pl"])
@pytest.mark.parametrize("name", LEAST)
def test_order_by_language(reports: dict[str, Report], name: str, language: str) -> None:
    figures = next(figures for figures in reports[name].figures if figures.group == language)
    assert (figures.ndcg or 0) >= LEAST_BY_LANGUAGE[name][language], reports[name].table()
