"""What the tests of the search share: the bundle's records, and a search over them with any embedder."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from knowledge_base import bundle
from knowledge_base.codec import from_body
from knowledge_base.embedding.port import Embedder
from knowledge_base.ingest.bundle import shipped_rows
from knowledge_base.ingest.row import Row
from knowledge_base.model import Contact, Municipality, Project, Record, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.dense import encode
from knowledge_base.search.embedding_backlog import shipped
from knowledge_base.search.engine import Search
from knowledge_base.search.index import Index
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.vocabulary import bundled

GROWN = ("projects_germany.jsonl", "municipalities_additional.jsonl")  # files that the old bundle did not have


@cache
def records() -> tuple[Record, ...]:
    """Every record of the bundle."""
    return tuple(record for _, record in _read())


def old_files() -> list[Path]:
    """Return the record files of the old bundle."""
    return [path for path in bundle.files() if path.name not in GROWN]


@cache
def old_bundle() -> tuple[Record, ...]:
    """The records of Berlin and Brandenburg and the list of model projects: the corpus of the older questions."""
    return tuple(record for file, record in _read() if file not in GROWN)


@cache
def _read() -> tuple[tuple[str, Record], ...]:
    rows = [row for row in shipped_rows() if isinstance(row, Row)]
    bodies = [(Path(row.file).name, dict(row.values)) for row in rows]
    return tuple((file, from_body(RecordKind(body.pop("record", "project")), body)) for file, body in bodies)


def projects() -> list[Project]:
    return [record for record in records() if isinstance(record, Project)]


def municipalities() -> list[Municipality]:
    return [record for record in records() if isinstance(record, Municipality)]


@cache
def lexicon() -> Lexicon:
    return Lexicon(bundled().topics, bundled().rounds)


@cache
def gazetteer() -> Gazetteer:
    return Gazetteer(municipalities(), ordinary=(lexicon().words, phrases.GENERIC))


async def search_over_the_old_bundle(embedder: Embedder) -> Search:
    """A search over the corpus that the development questions of ``tests/evaluation`` were written for."""
    projects = [record for record in old_bundle() if isinstance(record, Project)]
    return await search_over(embedder, projects, places=[r for r in old_bundle() if isinstance(r, Municipality)])


async def search_over(
    embedder: Embedder,
    project: Iterable[Project] | None = None,
    contacts: Iterable[Contact] = (),
    places: Iterable[Municipality] | None = None,
) -> Search:
    """A search over projects (the bundle's, unless others are given) with their vectors."""
    chosen = projects() if project is None else list(project)
    needed = Index.texts_needed(chosen)
    vectors = {key: vector for key, vector in shipped(embedder.fingerprint).items() if key in needed}
    missing = {key: text for key, text in needed.items() if key not in vectors}
    if missing:
        vectors |= dict(zip(missing, encode(await embedder.embed_passages(list(missing.values()))), strict=True))
    index = Index.build(chosen, vectors)
    known = gazetteer() if places is None else Gazetteer(places, ordinary=(lexicon().words,))
    return Search(embedder, index, known, bundled(), contacts)
