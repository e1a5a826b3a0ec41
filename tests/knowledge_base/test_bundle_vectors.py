"""The bundle ships a vector for each text of its projects, so that a new installation answers within seconds."""

from __future__ import annotations

import numpy as np

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.dense import decode
from knowledge_base.search.embedding_backlog import shipped
from knowledge_base.search.index import Index
from tests.knowledge_base.search.bundled import projects

SAMPLE = 8


def test_each_text_of_the_bundle_has_a_shipped_vector(e5: Embedder) -> None:
    known = shipped(e5.fingerprint)
    missing = [text for key, text in Index.texts_needed(projects()).items() if key not in known]
    assert not missing, f"run tools/embed_bundle.py: {missing[:3]}"


async def test_shipped_vectors_are_those_of_the_model(e5: Embedder) -> None:
    needed = Index.texts_needed(projects())
    keys = sorted(needed)[:: len(needed) // SAMPLE]
    codes, scales = decode([shipped(e5.fingerprint)[key] for key in keys])
    made = await e5.embed_passages([needed[key] for key in keys])
    assert np.all((codes * scales[:, None] * made).sum(axis=1) > 0.99)


def test_another_model_gets_no_shipped_vector() -> None:
    assert not shipped("another model")
