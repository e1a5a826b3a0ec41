# ruff: noqa: T201 - a tool that prints its figures
"""Embed the texts of the bundle with the embedded model and write ``knowledge_base/bundle/vectors.npz``.

    python tools/embed_bundle.py

Run it after every change of a project's title, text, translations or questions; a test fails until then. Texts that
have a vector already are not embedded again.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from knowledge_base import bundle  # noqa: E402
from knowledge_base.codec import from_body  # noqa: E402
from knowledge_base.embedding.factory import open_embedder  # noqa: E402
from knowledge_base.ingest.bundle import shipped_rows  # noqa: E402
from knowledge_base.ingest.row import Row  # noqa: E402
from knowledge_base.model import Project, RecordKind  # noqa: E402
from knowledge_base.search.dense import encode  # noqa: E402
from knowledge_base.search.embedding_backlog import shipped  # noqa: E402
from knowledge_base.search.index import Index  # noqa: E402

BATCH = 64


async def main() -> None:
    embedder = await open_embedder("embedded", "", ROOT / ".cache" / "models")
    needed = Index.texts_needed(_projects())
    known = shipped(embedder.fingerprint) if bundle.VECTORS.exists() else {}
    vectors = {key: known[key] for key in needed if key in known}
    missing = [key for key in needed if key not in vectors]
    for start in range(0, len(missing), BATCH):
        keys = missing[start : start + BATCH]
        vectors |= dict(zip(keys, encode(await embedder.embed_passages([needed[key] for key in keys])), strict=True))
    ordered = sorted(vectors)
    np.savez_compressed(
        bundle.VECTORS,
        fingerprint=embedder.fingerprint,
        keys=np.array([np.frombuffer(key, np.uint8) for key in ordered]),
        values=np.array([np.frombuffer(vectors[key], np.uint8) for key in ordered]),
    )
    print(f"{len(vectors)} texts, {len(missing)} embedded now, {bundle.VECTORS.stat().st_size // 1024} KiB")


def _projects() -> list[Project]:
    bodies = [dict(row.values) for row in shipped_rows() if isinstance(row, Row)]
    records = (from_body(RecordKind(body.pop("record", "project")), body) for body in bodies)
    return [record for record in records if isinstance(record, Project)]


if __name__ == "__main__":
    asyncio.run(main())
