# ruff: noqa: T201 - a tool that prints its figures
"""Fits the certainty model of the search and writes ``knowledge_base/search/certainty.json``.

    python tools/fit_certainty.py [--data FOLDER] [--dry-run]     fit, cross-validate, write
    python tools/fit_certainty.py --background                    embed the background's texts again and write them

It fits on the development files of ``tests/evaluation`` and ``certainty_extra.jsonl``, never on the held-out questions.
Figures printed are of ten-fold cross-validation, then of fitting on one author's questions and asking the other's.
Where ``--data`` holds OMoS-QA (``evaluation/omos_qa``), its questions show how the model does elsewhere: they have no
answer in the bundle, and one in their own pages.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from knowledge_base import bundle  # noqa: E402
from knowledge_base.codec import from_body  # noqa: E402
from knowledge_base.embedding.factory import open_embedder  # noqa: E402
from knowledge_base.embedding.port import Embedder  # noqa: E402
from knowledge_base.model import Municipality, Project, RecordKind  # noqa: E402
from knowledge_base.search import background  # noqa: E402
from knowledge_base.search.certainty import NAMES, Certainty  # noqa: E402
from knowledge_base.search.dense import encode  # noqa: E402
from knowledge_base.search.engine import Search  # noqa: E402
from knowledge_base.search.index import Index  # noqa: E402
from knowledge_base.search.understanding import Gazetteer  # noqa: E402
from knowledge_base.vocabulary import bundled  # noqa: E402

Array = npt.NDArray[np.float64]
SEARCH = ROOT / "knowledge_base" / "search"
QUESTIONS = ROOT / "tests" / "evaluation"
WRONG_REFUSALS = 0.045  # of answerable questions, on the cross-validated scores: where the threshold is put
RIDGE = 2.0
FOLDS = 10
OMOS_SAMPLE = 120
BATCH = 16


@dataclass(frozen=True, slots=True)
class Example:
    question: str
    language: str
    kind: str
    answerable: bool
    second: bool = False  # of the second author


async def main() -> None:
    options = _options()
    embedder = await open_embedder("embedded", "", ROOT / ".cache" / "models")
    if options.background:
        await _write_background(embedder)
        return
    examples, features = await _bundle_examples(embedder)
    answerable, weights = np.array([example.answerable for example in examples]), _balanced(examples)
    scores = cross_validated(features, answerable, weights)
    threshold = float(np.quantile(scores[answerable], WRONG_REFUSALS))
    model = fit(features, answerable, weights)
    print(f"threshold {threshold:.3f}; cross-validated:")
    _report(examples, scores, threshold)
    _crossed(examples, features, answerable)
    if options.data:
        others, theirs = await _omos_examples(embedder, options.data / "evaluation" / "omos_qa")
        print("another corpus, not fitted to:")
        _report(others, _chance(model, theirs), threshold)
    if not options.dry_run:
        _write_model(model, threshold, len(examples))


def fit(features: Array, answerable: npt.NDArray[np.bool_], weights: Array) -> Array:
    """Bias and one weight per feature: logistic regression, ridge on standardised features, Newton's method."""
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    rows = np.column_stack((np.ones(len(features)), (features - mean) / deviation))
    ridge = np.diag([1e-6, *[RIDGE] * features.shape[1]])
    found = np.zeros(rows.shape[1])
    for _ in range(40):
        chance = 1.0 / (1.0 + np.exp(-np.clip(rows @ found, -40, 40)))
        slope = rows.T @ (weights * (chance - answerable)) + ridge @ found
        curve = (rows * (weights * chance * (1 - chance))[:, None]).T @ rows + ridge
        found -= np.linalg.solve(curve, slope)
    plain = found[1:] / deviation
    return np.concatenate(([found[0] - plain @ mean], plain))


def cross_validated(features: Array, answerable: npt.NDArray[np.bool_], weights: Array, seed: int = 0) -> Array:
    """The probability of each example by a model fitted without its fold."""
    fold = np.random.default_rng(seed).integers(0, FOLDS, len(features))
    scores = np.zeros(len(features))
    for number in range(FOLDS):
        out = fold == number
        model = fit(features[~out], answerable[~out], weights[~out])
        scores[out] = _chance(model, features[out])
    return scores


def _crossed(examples: Sequence[Example], features: Array, answerable: npt.NDArray[np.bool_]) -> None:
    """Fit and put the threshold on one author's questions, ask the other's."""
    second = np.array([example.second for example in examples])
    for name, known in (("first", ~second), ("second", second)):
        inside = [example for example, k in zip(examples, known, strict=True) if k]
        outside = [example for example, k in zip(examples, known, strict=True) if not k]
        weights = _balanced(inside)
        model = fit(features[known], answerable[known], weights)
        scores = cross_validated(features[known], answerable[known], weights)
        print(f"fitted on the {name} author's questions, asked the other's:")
        _report(
            outside, _chance(model, features[~known]), float(np.quantile(scores[answerable[known]], WRONG_REFUSALS))
        )


def _chance(model: Array, features: Array) -> Array:
    chance: Array = 1.0 / (1.0 + np.exp(-np.clip(model[0] + features @ model[1:], -40, 40)))
    return chance


# ----------------------------------------------------------------------------------------------------- examples


async def _bundle_examples(embedder: Embedder) -> tuple[list[Example], Array]:
    examples = [
        Example(line["question"], line["lang"], line["kind"], bool(line["relevant"]), name == "bundle_dev2.jsonl")
        for name in ("bundle_dev.jsonl", "certainty_extra.jsonl", "bundle_dev2.jsonl")
        for line in _lines(QUESTIONS / name)
    ]
    projects, municipalities = _bundle_records()
    return await _features(await _search(embedder, projects, municipalities), examples)


async def _omos_examples(embedder: Embedder, folder: Path) -> tuple[list[Example], Array]:
    """OMoS questions: against the bundle they have no answer, against their own pages they have one."""
    asked = [
        Example(line["text"], language, f"omos_{kind}", kind == "pages")
        for language in ("de", "en")
        for number, line in enumerate(_lines(folder / f"queries.{language}.jsonl"))
        if number % (535 // OMOS_SAMPLE) == 0
        for kind in ("bundle", "pages")
    ]
    pages = [
        Project(id=line["id"], title=line["title"], text=line["text"], municipality=line.get("municipality", ""))
        for line in _lines(folder / "corpus.jsonl")
    ]
    projects, municipalities = _bundle_records()
    parts = [
        await _features(await _search(embedder, projects, municipalities), [e for e in asked if not e.answerable]),
        await _features(await _search(embedder, pages, municipalities), [e for e in asked if e.answerable]),
    ]
    return [example for part, _ in parts for example in part], np.concatenate([features for _, features in parts])


async def _features(search: Search, examples: Sequence[Example]) -> tuple[list[Example], Array]:
    found = [(example, await search.evidence(example.question)) for example in examples]
    known = [(example, features) for example, features in found if features is not None]
    return [example for example, _ in known], np.array([features for _, features in known])


async def _search(embedder: Embedder, projects: Sequence[Project], municipalities: Iterable[Municipality]) -> Search:
    needed = Index.texts_needed(projects)
    texts, values = list(needed.values()), []
    for start in range(0, len(texts), BATCH):
        values += encode(await embedder.embed_passages(texts[start : start + BATCH]))
    index = Index.build(projects, dict(zip(needed, values, strict=True)))
    unfitted = Certainty(np.zeros(len(NAMES) + 1), 0.5)  # the model shipped may know other features
    return Search(embedder, index, Gazetteer(municipalities), bundled(), model=unfitted)


def _bundle_records() -> tuple[list[Project], list[Municipality]]:
    records = [
        from_body(RecordKind(body.pop("record", "project")), body) for path in bundle.files() for body in _lines(path)
    ]
    return [r for r in records if isinstance(r, Project)], [r for r in records if isinstance(r, Municipality)]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _balanced(examples: Sequence[Example]) -> Array:
    """Both classes weigh the same in all."""
    answerable = np.array([example.answerable for example in examples])
    share = np.where(answerable, answerable.mean(), 1.0 - answerable.mean())
    weights: Array = 0.5 / share
    return weights


# ----------------------------------------------------------------------------------------------------- output


def _report(examples: Sequence[Example], scores: Array, threshold: float) -> None:
    groups: dict[str, list[bool]] = defaultdict(list)
    for example, score in zip(examples, scores, strict=True):
        verdict = "wrongly refused" if example.answerable else "rightly refused"
        for group in ("all", example.kind, example.language):
            groups[f"{verdict} {group}"].append(bool(score < threshold))
    for name, verdicts in sorted(groups.items()):
        print(f"  {name:40} {np.mean(verdicts):6.1%} of {len(verdicts)}")


def _write_model(model: Array, threshold: float, count: int) -> None:
    data = {
        "note": f"Logistic regression over {count} questions by tools/fit_certainty.py; threshold at "
        f"{WRONG_REFUSALS:.0%} wrong refusals, cross-validated. Never fitted to the held-out questions.",
        "bias": round(float(model[0]), 4),
        "coefficients": {name: round(float(value), 4) for name, value in zip(NAMES, model[1:], strict=True)},
        "threshold": round(threshold, 4),
    }
    (SEARCH / "certainty.json").write_text(json.dumps(data, indent=2) + "\n", "utf-8")


async def _write_background(embedder: Embedder) -> None:
    vectors = await embedder.embed_passages(background.texts())
    codes = np.rint(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    np.savez_compressed(SEARCH / "background.npz", fingerprint=np.array(embedder.fingerprint), codes=codes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder that holds evaluation/omos_qa")
    parser.add_argument("--dry-run", action="store_true", help="print the figures, write nothing")
    parser.add_argument("--background", action="store_true", help="embed the background's texts and write them")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
