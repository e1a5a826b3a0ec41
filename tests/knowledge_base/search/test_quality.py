"""The figures of the search with the embedded default must not fall, on corpora of several kinds.

The floors lie a little below the reached figures: a changed word or library raises no alarm, a real loss does.
"""

from __future__ import annotations

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
from tests.evaluation.kept_vectors import KeptVectors
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
        ndcg=0.80,
        first=0.88,
        counted=0.80,
        wrongly_refused=0.06,
        rightly_refused=0.80,
        by_language={"de": 0.805, "en": 0.775, "pl": 0.82},
    ),
    "old bundle": Floors(
        lambda: corpora.of_bundle("old bundle", corpora.OLD, corpora.old_projects()),
        ndcg=0.90,
        first=0.90,
        counted=0.83,
        wrongly_refused=0.06,
        rightly_refused=0.785,
        by_language={"de": 0.90, "en": 0.91, "pl": 0.915},
    ),
    "regional": Floors(
        partial(corpora.regional, DATA),
        ndcg=0.71,
        first=0.705,
        counted=0.81,
        wrongly_refused=0.40,
        rightly_refused=0.79,
        by_language={"de": 0.75, "en": 0.59, "pl": 0.645},
    ),
    "civic": Floors(
        partial(corpora.civic, DATA),
        ndcg=0.65,
        first=0.65,
        counted=0.72,
        wrongly_refused=0.29,
        rightly_refused=0.80,
        by_language={"de": 0.70, "en": 0.63, "pl": 0.46},
    ),
    "omos": Floors(
        partial(corpora.omos, DATA),
        ndcg=0.72,
        first=0.51,
        counted=0.38,
        wrongly_refused=0.065,
        rightly_refused=None,
        by_language={"de": 0.75, "en": 0.685},
    ),
}
BESIDE = {
    "regional": [needs_data],
    "civic": [needs_data, pytest.mark.campaign],
    "omos": [needs_data, pytest.mark.campaign],
}


@pytest.fixture
def kept(e5: Embedder) -> KeptVectors:
    return KeptVectors(e5)


@pytest.mark.parametrize("name", [pytest.param(name, marks=BESIDE.get(name, [])) for name in FLOORS])
async def test_figures_of_the_search_do_not_fall_below_their_floors(kept: KeptVectors, name: str) -> None:
    """One test for all figures of a corpus, because it is measured once, and by one of several test processes."""
    floors = FLOORS[name]
    report = await measured(kept, floors.corpus())
    reached = report.all
    kept_floors = {
        "relevant records come first (nDCG@10)": (reached.ndcg or 0) >= floors.ndcg,
        "the first hit is relevant": (reached.first_relevant or 0) >= floors.first,
        "hits that count as answers are relevant": (reached.counted or 0) >= floors.counted,
        "questions with an answer are rarely refused": (reached.wrongly_refused or 0) <= floors.wrongly_refused,
        "questions without an answer are refused": (
            reached.rightly_refused is None
            if floors.rightly_refused is None
            else (reached.rightly_refused or 0) >= floors.rightly_refused
        ),
    }
    for language, floor in floors.by_language.items():
        figures = next(figures for figures in report.figures if figures.group == language)
        kept_floors[f"nDCG@10 in {language}"] = (figures.ndcg or 0) >= floor
    assert all(kept_floors.values()), f"{kept_floors}\n{report.table()}"


async def test_almost_every_project_of_the_bundle_is_found_by_its_title(kept: KeptVectors) -> None:
    corpus = FLOORS["grown bundle"].corpus()
    search = await corpora.search_over(kept, corpus)
    own = [project for project in corpus.projects if project.municipality and not project.extra.get("same_as")]
    await kept.keep_queries(project.title for project in own)
    missing = [project.id for project in own if project.id not in await shown(search, project.title)]
    assert len(missing) <= 0.01 * len(own), missing


@needs_data
async def test_search_is_better_than_its_peer_on_a_list_without_translations(kept: KeptVectors) -> None:
    corpus = FLOORS["regional"].corpus()
    report = await measured(kept, corpus)
    assert (report.all.ndcg or 0) >= await peer(kept, corpus) + 0.05


async def measured(kept: KeptVectors, corpus: Corpus) -> Report:
    """Return the figures of the search on a corpus."""
    await kept.keep_queries(question.question for question in corpus.questions)
    return await evaluate(await corpora.search_over(kept, corpus), corpus.questions)


async def peer(kept: KeptVectors, corpus: Corpus) -> float:
    """Return the nDCG@10 of the sixty lines on the answerable questions of a corpus."""
    found = []
    for language in {question.lang for question in corpus.questions}:
        passages = texts(corpus.projects, language)
        await kept.keep_passages(passages)
        index = SixtyLines(corpus.projects, language, await kept.embed_passages(passages))
        for question in corpus.questions:
            if question.relevant and question.lang == language:
                ranked = await index.ranked(question.question, language, kept)
                found.append(ndcg(ranked, question.relevant))
    return sum(found) / len(found)


async def shown(search: Search, question: str) -> set[str]:
    """Return the ids of all hits and of the nearest."""
    answer = (await search.ask(question)).answer
    return {hit.project.id for hit in (*answer.hits, *answer.near)}
