# ruff: noqa: T201 - a tool that prints its figures
"""Fit the two decisions of the search and print the lines for ``knowledge_base/search/tuning.py``.

    python tools/fit_certainty.py DATA        cross-validate and print the coefficients
    python tools/fit_certainty.py --background    embed the subjects of the background again and write them

DATA is the folder of the test data. Each corpus has the same weight. The figures of a corpus come from a model that was
fitted on the other corpora; the coefficients come from all of them. Held-out questions are never read.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from knowledge_base.embedding.factory import open_embedder  # noqa: E402
from knowledge_base.search import certainty, off_topic, tuning  # noqa: E402
from tests.evaluation.corpora import Corpus, corpora, search_over  # noqa: E402

Array = npt.NDArray[np.float64]
RIDGE = 1e-3
STEPS = 60
DEEPEST = 40  # hits of a question that are judged


@dataclass
class Examples:
    """Evidence and truth of a corpus; ``question`` numbers the question of each hit."""

    evidence: list[Array] = field(default_factory=list)
    answerable: list[bool] = field(default_factory=list)
    impossible: list[bool] = field(default_factory=list)  # answerable or not, of questions without any candidate
    hits: list[Array] = field(default_factory=list)
    relevant: list[bool] = field(default_factory=list)
    question: list[int] = field(default_factory=list)


async def main() -> None:
    options = _options()
    embedder = await open_embedder("embedded", "", ROOT / ".cache" / "models")
    if options.background:
        vectors = await embedder.embed_passages(off_topic.texts())
        codes = np.rint(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
        path = ROOT / "knowledge_base" / "search" / "background.npz"
        np.savez_compressed(path, fingerprint=embedder.fingerprint, codes=codes)
        return
    if options.data is None:
        raise SystemExit("Name the folder of the test data, or --background.")
    seen: dict[str, Examples] = {}
    for corpus in corpora(options.data):
        seen[corpus.name] = await _examples(corpus, embedder)
        print(f"{corpus.name}: {len(corpus.questions)} questions", file=sys.stderr)
    for name, own in seen.items():
        others = [examples for other, examples in seen.items() if other != name]
        print(f"{name:12}{_figures(own, *_models(others))}")
    answered, counted = _models(list(seen.values()))
    print(_lines("ANSWERED", certainty.ANSWERED, answered), _lines("COUNTED", certainty.COUNTED, counted), sep="\n")


async def _examples(corpus: Corpus, embedder: object) -> Examples:
    search = await search_over(embedder, corpus)
    background = await search.prepare()
    examples = Examples()
    for number, question in enumerate(corpus.questions):
        query = search.read(question.question)
        found = await search.ranked(query)
        met = found[0].only(found[0].met) if found else None
        if found is None or met is None or not len(met):
            examples.impossible.append(bool(question.relevant))
            continue
        standing = background.standing(found[1], query.language)
        examples.evidence.append(search.evidence(query, met, standing))
        examples.answerable.append(bool(question.relevant))
        if not (question.relevant and query.subject):
            continue
        rows = certainty.evidence_of_hits(met)[:DEEPEST]
        for row, doc in zip(rows, met.docs, strict=False):
            examples.hits.append(row)
            examples.relevant.append(search.index.projects[int(doc)].id in question.relevant)
            examples.question.append(number)
    return examples


def _models(several: Sequence[Examples]) -> tuple[Array, Array]:
    """Return the coefficients of both decisions; within a corpus, both answers of the first weigh the same."""
    rows, truth, weight = [], [], []
    for one in several:
        answerable = np.array(one.answerable)
        counts = np.array([max((~answerable).sum(), 1), max(answerable.sum(), 1)])
        rows += one.evidence
        truth += one.answerable
        weight += list(0.5 / counts[answerable.astype(int)])
    answered = fit(np.array(rows), np.array(truth, float), np.array(weight))
    hits = np.concatenate([np.array(one.hits) for one in several])
    relevant = np.concatenate([np.array(one.relevant, float) for one in several])
    share = np.concatenate([np.full(len(one.hits), 1 / len(one.hits)) for one in several])
    return answered, fit(hits, relevant, share)


def fit(rows: Array, truth: Array, weight: Array) -> Array:
    """Return bias and weights of a logistic regression with ridge on standardised columns, by Newton's method."""
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    columns = np.column_stack((np.ones(len(rows)), (rows - mean) / deviation))
    ridge = np.diag([0.0, *[RIDGE] * rows.shape[1]])
    weight = weight / weight.sum()
    found = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(columns @ found, -30, 30)))
        slope = columns.T @ (weight * (chance - truth)) + ridge @ found
        curve = (columns * (weight * chance * (1 - chance))[:, None]).T @ columns + ridge + 1e-9 * np.eye(len(found))
        found -= np.linalg.solve(curve, slope)
    plain = found[1:] / deviation
    return np.concatenate(([found[0] - plain @ mean], plain))


def _figures(examples: Examples, answered: Array, counted: Array) -> str:
    chance = _chance(answered, np.array(examples.evidence))
    refused = np.concatenate((chance < tuning.ANSWERED_FROM, np.ones(len(examples.impossible), bool)))
    truth = np.array([*examples.answerable, *examples.impossible])
    likely = _chance(counted, np.array(examples.hits)) >= tuning.COUNTED_FROM
    by_question: dict[int, list[bool]] = defaultdict(list)
    for number, relevant, counts in zip(examples.question, examples.relevant, likely, strict=True):
        if counts or number not in by_question:
            by_question[number].append(relevant)
    right = f"{refused[~truth].mean():.2f}" if (~truth).any() else "–"
    precision = np.mean([np.mean(hits) for hits in by_question.values()])
    return f"refused wrongly {refused[truth].mean():.3f} rightly {right}; precision of counted hits {precision:.2f}"


def _chance(model: Array, rows: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-(model[0] + rows @ model[1:]))))


def _lines(name: str, columns: Sequence[str], model: Array) -> str:
    pairs: Mapping[str, float] = dict(zip(("bias", *columns), model, strict=True))
    return f"{name} = {{" + ", ".join(f'"{column}": {value:.3f}' for column, value in pairs.items()) + "}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", nargs="?", type=Path, help="folder of the test data")
    parser.add_argument("--background", action="store_true", help="embed the subjects of the background again")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
