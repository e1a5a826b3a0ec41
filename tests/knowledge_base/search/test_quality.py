"""The figures of the search with the embedded default must not fall, on corpora of several kinds.

The floors lie a little below the reached figures: a changed word or library raises no alarm, a real loss does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.engine import Search
from knowledge_base.search.evaluate import Report, evaluate, ndcg
from tests.evaluation import corpora
from tests.evaluation.corpora import Corpus
from tests.evaluation.sixty_lines import SixtyLines, texts
from tests.knowledge_base.search import bundled

NAMED = os.environ.get("STADTLOTSE_TEST_DATA", "")
DATA = Path(NAMED)
needs_data = pytest.mark.skipif(not NAMED, reason="STADTLOTSE_TEST_DATA names no folder")


@dataclass(frozen=True)
class Floors:
    """What a corpus must reach; None where it has no such question."""

    corpus: Callable[[], Corpus]
    ndcg: float
    first: float  # the first hit is relevant
    counted: float  # precision of the hits that count as answers
    wrongly_refused: float  # at most
    rightly_refused: float | None
    by_language: dict[str, float]  # nDCG@10


FLOORS = {
    "grown bundle": Floors(
        lambda: corpora.of_bundle("grown bundle", corpora.GROWN, tuple(bundled.projects())),
        ndcg=0.785,
        first=0.865,
        counted=0.815,
        wrongly_refused=0.065,
        rightly_refused=0.64,
        by_language={"de": 0.79, "en": 0.75, "pl": 0.805},
    ),
    "old bundle": Floors(
        lambda: corpora.of_bundle("old bundle", corpora.OLD, corpora.old_projects()),
        ndcg=0.90,
        first=0.90,
        counted=0.855,
        wrongly_refused=0.08,
        rightly_refused=0.84,
        by_language={"de": 0.89, "en": 0.90, "pl": 0.91},
    ),
    "regional": Floors(
        partial(corpora.regional, DATA),
        ndcg=0.70,
        first=0.685,
        counted=0.825,
        wrongly_refused=0.47,
        rightly_refused=0.79,
        by_language={"de": 0.73, "en": 0.595, "pl": 0.645},
    ),
    "civic": Floors(
        partial(corpora.civic, DATA),
        ndcg=0.64,
        first=0.66,
        counted=0.65,
        wrongly_refused=0.23,
        rightly_refused=0.84,
        by_language={"de": 0.69, "en": 0.63, "pl": 0.46},
    ),
    "omos": Floors(
        partial(corpora.omos, DATA),
        ndcg=0.71,
        first=0.50,
        counted=0.38,
        wrongly_refused=0.08,
        rightly_refused=None,
        by_language={"de": 0.745, "en": 0.68},
    ),
}
BESIDE = {
    "regional": [needs_data],
    "civic": [needs_data, pytest.mark.campaign],
    "omos": [needs_data, pytest.mark.campaign],
}
each_corpus = pytest.mark.parametrize("name", [pytest.param(name, marks=BESIDE.get(name, [])) for name in FLOORS])
each_language = pytest.mark.parametrize(
    ("name", "language"),
    [
        pytest.param(name, language, marks=BESIDE.get(name, []))
        for name, floors in FLOORS.items()
        for language in floors.by_language
    ],
)


class Measured:
    """The reports of corpora, each made when a test first asks for it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._reports: dict[str, Report] = {}

    def report(self, name: str) -> Report:
        if name not in self._reports:
            self._reports[name] = asyncio.run(self._measure(FLOORS[name].corpus()))
        return self._reports[name]

    async def _measure(self, corpus: Corpus) -> Report:
        return await evaluate(await corpora.search_over(self._embedder, corpus), corpus.questions)

    async def peer(self, corpus: Corpus) -> float:
        """Return the nDCG@10 of the sixty lines on the answerable questions of a corpus."""
        found = []
        for language in {question.lang for question in corpus.questions}:
            vectors = await self._embedder.embed_passages(texts(corpus.projects, language))
            index = SixtyLines(corpus.projects, language, vectors)
            for question in corpus.questions:
                if question.relevant and question.lang == language:
                    ranked = await index.ranked(question.question, language, self._embedder)
                    found.append(ndcg(ranked, question.relevant))
        return sum(found) / len(found)

    async def found_by_title(self, corpus: Corpus) -> tuple[int, list[str]]:
        """Return how many projects of municipalities there are, and which ones their title does not find."""
        search = await corpora.search_over(self._embedder, corpus)
        own = [project for project in corpus.projects if project.municipality and not project.extra.get("same_as")]
        return len(own), [project.id for project in own if project.id not in await _first(search, project.title)]


async def _first(search: Search, question: str) -> set[str]:
    answer = (await search.ask(question)).answer
    return {hit.project.id for hit in (*answer.hits, *answer.near)}


@pytest.fixture(scope="module")
def measured(e5: Embedder) -> Measured:
    return Measured(e5)


@each_corpus
def test_search_puts_the_relevant_records_first(measured: Measured, name: str) -> None:
    report, floors = measured.report(name), FLOORS[name]
    assert (report.all.ndcg or 0) >= floors.ndcg, report.table()
    assert (report.all.first_relevant or 0) >= floors.first, report.table()


@each_corpus
def test_hits_that_count_as_answers_are_mostly_relevant(measured: Measured, name: str) -> None:
    report = measured.report(name)
    assert (report.all.counted or 0) >= FLOORS[name].counted, report.table()


@each_corpus
def test_search_refuses_rightly_often_enough_and_wrongly_rarely(measured: Measured, name: str) -> None:
    report, floors = measured.report(name), FLOORS[name]
    assert (report.all.wrongly_refused or 0) <= floors.wrongly_refused, report.table()
    if floors.rightly_refused is None:
        assert report.all.rightly_refused is None
    else:
        assert (report.all.rightly_refused or 0) >= floors.rightly_refused, report.table()


@each_language
def test_search_reaches_the_least_ndcg_in_each_language(measured: Measured, name: str, language: str) -> None:
    report = measured.report(name)
    figures = next(figures for figures in report.figures if figures.group == language)
    assert (figures.ndcg or 0) >= FLOORS[name].by_language[language], report.table()


async def test_almost_every_project_of_the_bundle_is_found_by_its_title(measured: Measured) -> None:
    count, missing = await measured.found_by_title(FLOORS["grown bundle"].corpus())
    assert len(missing) <= 0.015 * count, missing


@needs_data
async def test_search_is_better_than_its_peer_on_a_list_without_translations(measured: Measured) -> None:
    peer = await measured.peer(FLOORS["regional"].corpus())
    report = await asyncio.to_thread(measured.report, "regional")
    assert (report.all.ndcg or 0) >= peer + 0.05
