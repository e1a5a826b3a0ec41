# ruff: noqa: T201 - a tool that prints its figures
"""Fits the certainty model of the search and writes ``knowledge_base/search/certainty.json``.

    python tools/fit_certainty.py [--data FOLDER] [--dry-run]     fit, cross-validate, write
    python tools/fit_certainty.py --background                    embed the background's texts again and write them

It fits on the development files of ``tests/evaluation`` and ``certainty_extra.jsonl``, never on the held-out questions.
Authors ask in different ways, so each author's questions are scored by a model fitted on the questions of the others.
The threshold and the printed figures come from those scores. Every author has the same weight, whatever the number of
questions. Where ``--data`` holds OMoS-QA (``evaluation/omos_qa``), its questions show how the model does elsewhere: the
bundle has no answer to them, their own pages have one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter, defaultdict
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
from knowledge_base.places.gazetteer import Gazetteer  # noqa: E402
from knowledge_base.search import off_topic  # noqa: E402
from knowledge_base.search.certainty import NAMES, SIGNS, Certainty  # noqa: E402
from knowledge_base.search.dense import encode  # noqa: E402
from knowledge_base.search.engine import Search  # noqa: E402
from knowledge_base.search.index import Index  # noqa: E402
from knowledge_base.vocabulary import bundled  # noqa: E402

Array = npt.NDArray[np.float64]
SEARCH = ROOT / "knowledge_base" / "search"
QUESTIONS = ROOT / "tests" / "evaluation"
AUTHORS = {
    "bundle_dev.jsonl": "first",
    "certainty_extra.jsonl": "first",
    "bundle_dev2.jsonl": "second",
    "bundle_dev3.jsonl": "third",
    "bundle_dev4.jsonl": "fourth",
    "bundle_dev5.jsonl": "fifth",
    "bundle_dev6.jsonl": "sixth",
    "bundle_dev7.jsonl": "seventh",
    "bundle_dev8.jsonl": "eighth",
    "bundle_dev9.jsonl": "ninth",
}
WRONG_REFUSALS = 0.02  # of a left-out author, in the mean; it is higher for a really new author
RIDGE = 3.0
STEPS = 2_000
OMOS_SAMPLE = 120
BATCH = 16


@dataclass(frozen=True, slots=True)
class Example:
    question: str
    language: str
    kind: str
    answerable: bool
    author: str = ""


async def main() -> None:
    options = _options()
    embedder = await open_embedder("embedded", "", ROOT / ".cache" / "models")
    if options.background:
        await _write_background(embedder)
        return
    examples, features = await _bundle_examples(embedder)
    scores = left_out(examples, features)
    threshold = threshold_of(examples, scores)
    model = fit(examples, features)
    print(f"threshold {threshold:.3f}; each author asked of a model fitted on the others:")
    _report(examples, scores, threshold)
    if options.data:
        others, theirs = await _omos_examples(embedder, options.data / "evaluation" / "omos_qa")
        print("another corpus, not fitted to:")
        _report(others, _chance(model, theirs), threshold)
    if not options.dry_run:
        _write_model(model, threshold, len(examples))


def fit(examples: Sequence[Example], features: Array) -> Array:
    """Return the bias and one weight per feature, by logistic regression with ridge on standardised features.

    Each weight stays on its side of zero (``SIGNS``). The method is projected gradient descent with Nesterov's
    momentum.
    """
    answerable = np.array([example.answerable for example in examples])
    weights = _balanced(examples) * (features[:, NAMES.index("place_missing")] == 0)  # that decides alone
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
    rows = np.column_stack((np.ones(len(features)), (features - mean) / deviation))
    ridge = np.array([1e-6, *[RIDGE] * features.shape[1]])
    signs = np.array([0, *SIGNS.values()])
    least, most = np.where(signs > 0, 0.0, -np.inf), np.where(signs < 0, 0.0, np.inf)
    rate = 1.0 / (0.25 * np.linalg.norm(rows * np.sqrt(weights)[:, None], 2) ** 2 + RIDGE)
    found = ahead = np.zeros(rows.shape[1])
    for step in range(STEPS):
        slope = rows.T @ (weights * (_logistic(rows @ ahead) - answerable)) + ridge * ahead
        before, found = found, np.clip(ahead - rate * slope, least, most)
        ahead = found + step / (step + 3) * (found - before)
    plain = found[1:] / deviation
    return np.concatenate(([found[0] - plain @ mean], plain))


def left_out(examples: Sequence[Example], features: Array) -> Array:
    """Return the probability of each example by a model fitted on the other authors; 0 where a place is missing."""
    authors = np.array([example.author for example in examples])
    scores = np.zeros(len(examples))
    for author in sorted(set(authors)):
        out = authors == author
        model = fit([e for e, other in zip(examples, ~out, strict=True) if other], features[~out])
        scores[out] = _chance(model, features[out])
    return scores


def threshold_of(examples: Sequence[Example], scores: Array) -> float:
    """Return the highest threshold that refuses at most ``WRONG_REFUSALS`` of the answerable questions.

    Every author has the same weight.
    """
    answerable = [(float(score), e.author) for e, score in zip(examples, scores, strict=True) if e.answerable]
    count = Counter(author for _, author in answerable)
    refused = 0.0
    for score, author in sorted(answerable):
        refused += 1.0 / (count[author] * len(count))
        if refused > WRONG_REFUSALS:
            return score
    return 1.0


def _chance(model: Array, features: Array) -> Array:
    """Return probabilities as ``Certainty`` computes them: 0 where a place is missing."""
    chance: Array = _logistic(model[0] + features @ model[1:])
    return np.where(features[:, NAMES.index("place_missing")] > 0, 0.0, chance)


def _logistic(values: Array) -> Array:
    chance: Array = 1.0 / (1.0 + np.exp(-np.clip(values, -40, 40)))
    return chance


# ----------------------------------------------------------------------------------------------------- examples


async def _bundle_examples(embedder: Embedder) -> tuple[list[Example], Array]:
    examples = [
        Example(line["question"], line["lang"], line["kind"], bool(line["relevant"]), author)
        for name, author in AUTHORS.items()
        for line in _lines(QUESTIONS / name)
    ]
    projects, municipalities = _bundle_records()
    return await _features(await _search(embedder, projects, municipalities), examples)


async def _omos_examples(embedder: Embedder, folder: Path) -> tuple[list[Example], Array]:
    """Return OMoS questions: the bundle has no answer to them, their own pages have one."""
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
    """Return weights that make all authors equal, and both classes of each author."""
    count = Counter((example.author, example.answerable) for example in examples)
    return np.array([len(examples) / (len(count) * count[example.author, example.answerable]) for example in examples])


# ----------------------------------------------------------------------------------------------------- output


def _report(examples: Sequence[Example], scores: Array, threshold: float) -> None:
    groups: dict[str, list[bool]] = defaultdict(list)
    for example, score in zip(examples, scores, strict=True):
        verdict = "wrongly refused" if example.answerable else "rightly refused"
        for group in ("all", example.kind, example.language, f"{example.author} author".strip()):
            groups[f"{verdict} {group}"].append(bool(score < threshold))
    for name, verdicts in sorted(groups.items()):
        print(f"  {name:40} {np.mean(verdicts):6.1%} of {len(verdicts)}")


def _write_model(model: Array, threshold: float, count: int) -> None:
    data = {
        "note": f"Logistic regression over {count} questions by tools/fit_certainty.py; threshold at "
        f"{WRONG_REFUSALS:.1%} wrong refusals of authors left out. "
        "Fitted without the held-out questions.",
        "bias": round(float(model[0]), 4),
        "coefficients": {name: round(float(value), 4) + 0.0 for name, value in zip(NAMES, model[1:], strict=True)},
        "threshold": round(threshold, 4),
    }
    (SEARCH / "certainty.json").write_text(json.dumps(data, indent=2) + "\n", "utf-8")


async def _write_background(embedder: Embedder) -> None:
    vectors = await embedder.embed_passages(off_topic.texts())
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
