"""Speed of retrieval after embedding, on synthetic projects: ours against plain NumPy scans and SQLite FTS5.

    python -m benchmarks.retrieval [10000 100000]

Texts are sentences of the bundled projects and words of the glossary, mixed at random. Vectors have the mean and the
falling spectrum of real ones. Everything runs in this process with one thread: compare the columns of one run, not the
milliseconds of two machines. The recall compares our first ten dense hits with the exact scan.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import asyncio
import json
import random
import resource
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from time import perf_counter

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.dense import EXACT_BELOW, Dense, encode
from knowledge_base.search.engine import Search
from knowledge_base.search.index import Candidates, Index
from knowledge_base.search.lexical import Lexical
from knowledge_base.vocabulary import bundled

Floats = npt.NDArray[np.float32]
DIMENSION = 384
QUESTIONS = 200
TOP = 100


def main(sizes: Sequence[int] = (10_000, 100_000)) -> None:
    """Print one table for each size."""
    for size in sizes:
        measure(size)


def measure(size: int) -> None:
    rng = random.Random(size)
    projects = synthetic_projects(size, rng)
    needed = Index.texts_needed(projects)
    vectors = synthetic_vectors(len(needed), seed=size)
    stored = dict(zip(needed, encode(vectors), strict=True))
    began = perf_counter()
    index = Index.build(projects, stored)
    built = perf_counter() - began
    questions = [question(rng, projects) for _ in range(QUESTIONS)]
    asked = near(vectors, rng.choices(range(len(vectors)), k=QUESTIONS))
    pairs = list(zip(questions, asked, strict=True))
    print(f"\n{size:,} projects, {len(needed):,} vectors: built in {built:.1f} s, peak memory {peak():,.0f} MB")
    report("question -> candidates", [timed(partial(candidates, index, q, v)) for q, v in pairs])
    report("question -> answer", timed_answers(index, pairs))
    report("  words side", [timed(partial(lexical, index.lexical, q)) for q in questions])
    nobody = np.zeros(0, np.int64)
    report("  dense side", [timed(partial(index.dense.scores, v, "de", nobody)) for v in asked])
    report("NumPy float32 scan", [timed(partial(float32_scan, vectors, v)) for v in asked])
    codes = np.rint(vectors * 400).clip(-127, 127).astype(np.int8)
    report("NumPy int8 scan", [timed(partial(int8_scan, codes, v)) for v in asked[:50]])
    report("SQLite FTS5", fts_times(projects, questions))
    for backend in ("numpy", "faiss"):
        if times := txtai_times(vectors, asked, backend):
            report(f"txtai, vectors by {backend}", times)
    print(
        f"{'recall@10 of the dense side':28} {recall(index.dense, asked):.4f} (first pass exact below {EXACT_BELOW:,})"
    )


def timed_answers(index: Index, pairs: Sequence[tuple[str, Floats]]) -> list[float]:
    """Return the times of the same questions read, searched, ranked, decided and explained; with warm caches."""
    embedder = Given(pairs[0][1])
    search = Search(embedder, index, Gazetteer(()), bundled())

    async def ask_all() -> list[float]:
        await search.prepare()
        times = []
        for question, embedder.vector in (*pairs, *pairs):
            began = perf_counter()
            await search.ask(question)
            times.append((perf_counter() - began) * 1_000)
        return times[len(pairs) :]

    return asyncio.run(ask_all())


@dataclass
class Given:
    """An embedder that takes no time: every question gets the vector that was set."""

    vector: Floats
    dimension: int = DIMENSION
    fingerprint: str = "benchmark"

    async def embed_queries(self, texts: Sequence[str]) -> Floats:
        return np.repeat(self.vector[None], len(texts), axis=0)

    async def embed_passages(self, texts: Sequence[str]) -> Floats:
        return synthetic_vectors(len(texts), seed=len(texts))

    async def close(self) -> None:
        """Do nothing: nothing was opened."""


def candidates(index: Index, text: str, vector: Floats) -> Candidates:
    return index.candidates(index.lexical.query(text, "de"), vector, "de", np.zeros(0, np.int64), TOP)


def lexical(side: Lexical, text: str) -> npt.NDArray[np.int64]:
    return top(side.scores(side.query(text, "de")))


def synthetic_projects(size: int, rng: random.Random) -> list[Project]:
    """Return projects of three to five sentences of the bundle, some of their words replaced."""
    folder = files("knowledge_base.bundle")
    texts = [json.loads(line)["text"] for line in folder.joinpath("projects.jsonl").read_text("utf-8").splitlines()]
    sentences = [sentence for text in texts for sentence in text.split(". ") if sentence]
    rows = files("knowledge_base.language").joinpath("glossary.tsv").read_text("utf-8").splitlines()[1:]
    words = [word for row in rows for word in row.split("\t")[0].split("|")]

    def sentence() -> str:
        return " ".join(w if rng.random() < 0.6 else rng.choice(words) for w in rng.choice(sentences).split())

    def project(number: int) -> Project:
        text = ". ".join(sentence() for _ in range(rng.randint(3, 5)))
        return Project(id=f"p{number:06}", title=f"{rng.choice(words)} {rng.choice(words)} {number}", text=text)

    return [project(number) for number in range(size)]


def question(rng: random.Random, projects: Sequence[Project]) -> str:
    """Return six words of a project and a stop word or two, like a question of a user."""
    words = rng.choice(projects).text.split()
    return "Wo gibt es " + " ".join(rng.sample(words, min(6, len(words)))) + "?"


def synthetic_vectors(count: int, seed: int) -> Floats:
    """Return unit vectors with a strong mean and a falling spectrum, like the vectors of one model."""
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.standard_normal((DIMENSION, DIMENSION)))
    scale = 0.45 / np.arange(1, DIMENSION + 1) ** 0.35 / 3
    scale[0] = 0.0
    found = rng.standard_normal((count, DIMENSION), dtype=np.float32) * scale.astype(np.float32)
    found[:, 0] = 0.9
    found = found @ basis.T.astype(np.float32)
    unit: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def near(vectors: Floats, rows: Sequence[int]) -> Floats:
    """Return question vectors: each lies between a document's vector and another one."""
    moved = vectors[list(rows)] + 0.7 * vectors[list(reversed(rows))]
    unit: Floats = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


def float32_scan(rows: Floats, query: Floats) -> npt.NDArray[np.int64]:
    return top(rows @ query)


def int8_scan(codes: npt.NDArray[np.int8], query: Floats, block: int = 4_096) -> npt.NDArray[np.int64]:
    blocks = range(0, len(codes), block)
    return top(np.concatenate([codes[start : start + block].astype(np.float32) @ query for start in blocks]))


def top(scores: Floats) -> npt.NDArray[np.int64]:
    return np.argpartition(scores, -TOP)[-TOP:]


def fts_times(projects: Sequence[Project], questions: Sequence[str]) -> list[float]:
    database = sqlite3.connect(":memory:")
    database.execute("create virtual table f using fts5(t, tokenize='unicode61', content='')")
    rows = ((number, f"{project.title} {project.text}") for number, project in enumerate(projects))
    database.executemany("insert into f(rowid, t) values (?, ?)", rows)
    asked = [" OR ".join(f'"{word}"' for word in q.removesuffix("?").split()[3:]) for q in questions]
    return [timed(partial(matches, database, words)) for words in asked]


def txtai_times(vectors: Floats, asked: Floats, backend: str) -> list[float]:
    """Return the times of txtai's vector search, exact with NumPy and approximate with faiss.

    Return none where txtai is not installed.
    """
    try:
        from txtai.ann import ANNFactory
    except ImportError:
        return []
    ann = ANNFactory.create({"backend": backend, "dimensions": DIMENSION})
    ann.index(vectors)
    return [timed(partial(ann.search, query[np.newaxis], TOP)) for query in asked[:50]]


def matches(database: sqlite3.Connection, words: str) -> list[tuple[int]]:
    match = "select rowid from f where f match ? order by bm25(f) limit 100"
    return database.execute(match, (words,)).fetchall()


def recall(dense: Dense, asked: Floats) -> float:
    nobody = np.zeros(0, np.int64)
    shares = []
    for query in asked[:50]:
        everything = dense.exact(query, "de", np.arange(len(dense.starts) - 1))
        best = set(everything.docs[np.argsort(-everything.text)[:10]].tolist())
        found = dense.scores(query, "de", nobody)
        shares.append(len(best & set(found.docs[np.argsort(-found.text)[:10]].tolist())) / 10)
    return float(np.mean(shares))


def timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1_000


def report(name: str, times: Sequence[float]) -> None:
    p50, p95 = np.percentile(times, (50, 95))
    print(f"{name:28} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms", flush=True)


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or (10_000, 100_000))
