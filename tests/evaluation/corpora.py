"""The corpora of the evaluation: records with judged questions on them, and a search over each.

The bundle's corpora are always there; the others need the folder of the test data. Vectors are kept beside the model
(``.cache/vectors``), because some corpora take minutes to embed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from knowledge_base.embedding.port import Embedder
from knowledge_base.model import Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.dense import encode
from knowledge_base.search.embedding_backlog import shipped
from knowledge_base.search.engine import Search
from knowledge_base.search.evaluate import Question, read_questions
from knowledge_base.search.index import Index
from knowledge_base.vocabulary import bundled as vocabulary
from tests.evaluation import regional_lists
from tests.knowledge_base.search import bundled

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VECTORS = ROOT / ".cache" / "vectors"
OLD = [f"bundle_dev{number}.jsonl" for number in ("", *range(2, 10))]
GROWN = ("grown_dev1.jsonl", "grown_dev2.jsonl")
CIVIC = ("berlin_open_source_portal", "codefor_de_projects", "munich_ki_systems", "tsb_lab_projects_de_en")
BATCH = 64


@dataclass(frozen=True, slots=True)
class Corpus:
    """Projects and judged questions on them."""

    name: str
    projects: tuple[Project, ...]
    questions: tuple[Question, ...]


def corpora(data: Path | None = None) -> Iterator[Corpus]:
    """Yield the corpora that are there; without the folder of the test data, those of the bundle alone."""
    yield of_bundle("grown bundle", GROWN, tuple(bundled.projects()))
    yield of_bundle("old bundle", OLD, old_projects())
    if data is not None:
        yield regional(data)
        yield civic(data)
        yield omos(data)


def of_bundle(name: str, files: Iterable[str], projects: tuple[Project, ...]) -> Corpus:
    return Corpus(name, projects, tuple(question for file in files for question in read_questions(HERE / file)))


def regional(data: Path) -> Corpus:
    records = tuple(project(record) for record in regional_lists.records(data))
    return Corpus("regional", records, tuple(read_questions(HERE / "regional_dev.jsonl")))


def civic(data: Path) -> Corpus:
    records = (record for name in CIVIC for record in _lines(data / "corpora" / f"{name}.jsonl"))
    return Corpus("civic", tuple(map(project, records)), tuple(read_questions(HERE / "civic_dev.jsonl")))


def omos(data: Path) -> Corpus:
    """Return OMoS-QA (KONVENS 2024): pages of municipalities, one relevant page for each question."""
    folder = data / "evaluation" / "omos_qa"
    relevant: dict[str, dict[str, float]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        question, page, grade = line.split("\t")
        relevant.setdefault(question, {})[page] = float(grade)
    questions = tuple(
        Question(entry["text"], language, "omos", relevant[entry["id"]])
        for language in ("de", "en")
        for entry in _lines(folder / f"queries.{language}.jsonl")
    )
    return Corpus("omos", tuple(map(project, _lines(folder / "corpus.jsonl"))), questions)


async def search_over(embedder: Embedder, corpus: Corpus) -> Search:
    """Return a search over a corpus, which also knows the bundle's municipalities."""
    needed = Index.texts_needed(corpus.projects)
    path = VECTORS / f"{corpus.name.replace(' ', '_')}-{embedder.fingerprint}.npz"
    known = {**shipped(embedder.fingerprint), **_read(path)}
    missing = [key for key in needed if key not in known]
    for start in range(0, len(missing), BATCH):
        keys = missing[start : start + BATCH]
        known |= dict(zip(keys, encode(await embedder.embed_passages([needed[key] for key in keys])), strict=True))
    if missing:
        _write(path, known)
    index = Index.build(corpus.projects, known)
    return Search(embedder, index, Gazetteer(bundled.municipalities()), vocabulary())


def project(record: dict[str, Any]) -> Project:
    """Return a record of a list as a project; what a project has no field for is left out."""
    known = {f.name for f in fields(Project)} - {"extra"}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in record.items()}
    return Project(**{name: value for name, value in values.items() if name in known and value is not None})


def old_projects() -> tuple[Project, ...]:
    """Return the projects of Berlin and Brandenburg and the model projects: the bundle without the other states."""
    return tuple(p for p in tuple(bundled.projects()) if p.id.startswith(("bb-", "mpsc-", "de-mpsc")))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _read(path: Path) -> dict[bytes, bytes]:
    if not path.exists():
        return {}
    with np.load(path) as stored:
        return {key.tobytes(): code.tobytes() for key, code in zip(stored["keys"], stored["codes"], strict=True)}


def _write(path: Path, vectors: dict[bytes, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    keys, codes = (
        np.frombuffer(b"".join(part), np.uint8).reshape(len(vectors), -1) for part in (vectors, vectors.values())
    )
    written = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(written, keys=keys, codes=codes)
    written.replace(path)  # whole, whoever reads it meanwhile
