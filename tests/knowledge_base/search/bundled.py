"""What the tests of the search share: the bundle's records, and a search over them with any embedder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

from knowledge_base import bundle
from knowledge_base.codec import from_body
from knowledge_base.embedding.port import Embedder
from knowledge_base.model import Contact, Municipality, Project, Record, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.dense import encode
from knowledge_base.search.engine import Search
from knowledge_base.search.index import Index
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.vocabulary import bundled


@cache
def records() -> tuple[Record, ...]:
    """Every record of the bundle."""
    lines = [line for path in bundle.files() for line in path.read_text("utf-8").splitlines() if line.strip()]
    bodies = [json.loads(line) for line in lines]
    return tuple(from_body(RecordKind(body.pop("record", "project")), body) for body in bodies)


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


async def search_over(
    embedder: Embedder,
    project: Iterable[Project] | None = None,
    contacts: Iterable[Contact] = (),
    places: Iterable[Municipality] | None = None,
) -> Search:
    """A search over projects (the bundle's, unless others are given) with their vectors."""
    chosen = projects() if project is None else list(project)
    needed = Index.texts_needed(chosen)
    values = encode(await embedder.embed_passages(list(needed.values()))) if needed else []
    index = Index.build(chosen, dict(zip(needed, values, strict=True)))
    known = gazetteer() if places is None else Gazetteer(places)
    return Search(embedder, index, known, bundled(), contacts)
