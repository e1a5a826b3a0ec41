"""The contract of ``Embedder`` as tests: inherit and give a fixture ``embedder``."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_base.embedding.port import Embedder, Vectors

HOSTILE = {
    "empty": "",
    "blank": " \n\t ",
    "nul": "Rad\0weg",
    "only nul": "\0" * 100,
    "lone surrogates": "\ud800 Radweg \udfff",
    "split emoji": "\ud83d\ude80",
    "longest ligature": "\ufdfa" * 8,
    "many of the longest ligature": "\ufdfa" * 30_000,
    "one endless word": "x" * 100_000,
    "endless words": "Radweg " * 14_000,
    "combining marks": "e" + "\u0301\u0323" * 50_000,
    "emoji": "👨‍👩‍👧‍👦🏳️‍🌈" * 200,
    "right to left": "\u202eتحويل المدن\u202c",
    "not characters": "\ufffe\uffff\U0010ffff",
    "controls": "".join(map(chr, range(32))) + "\x7f\x80\x9f",
    "longer than promised": "Ausbau der Radwege. " * 50_000,
}
# The test is inherited by the class of each engine, and the engine stays the same for all its examples.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
UNICODE = st.text(st.characters(exclude_categories=()), max_size=300)


def assert_unit_rows(vectors: Vectors, rows: int, embedder: Embedder) -> None:
    assert vectors.shape == (rows, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(rows), abs=1e-4)  # NaN fails too


class EmbedderContract:
    async def test_empty_list_of_texts_gives_no_row(self, embedder: Embedder) -> None:
        assert_unit_rows(await embedder.embed_queries([]), 0, embedder)
        assert_unit_rows(await embedder.embed_passages([]), 0, embedder)

    @pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
    async def test_hostile_text_gives_one_unit_vector(self, embedder: Embedder, text: str) -> None:
        assert_unit_rows(await embedder.embed_queries([text]), 1, embedder)
        assert_unit_rows(await embedder.embed_passages([text]), 1, embedder)

    @given(texts=st.lists(UNICODE, max_size=5))
    @settings(max_examples=30, deadline=None, suppress_health_check=SHARED)
    async def test_every_unicode_text_gives_one_unit_vector(self, embedder: Embedder, texts: list[str]) -> None:
        assert_unit_rows(await embedder.embed_queries(texts), len(texts), embedder)
        assert_unit_rows(await embedder.embed_passages(texts), len(texts), embedder)

    async def test_text_after_a_nul_character_is_embedded_too(self, embedder: Embedder) -> None:
        cut, whole = await embedder.embed_passages(["Radweg", "Radweg\0 und Freibad der Gemeinde"])
        assert cut @ whole < 0.99

    async def test_rows_come_in_input_order_and_do_not_depend_on_the_other_texts(self, embedder: Embedder) -> None:
        texts = [f"Projekt {n}: " + "Mobilität im ländlichen Raum, " * (n * 7 % 31) for n in range(20)]
        together = await embedder.embed_passages(texts)
        alone = np.concatenate([await embedder.embed_passages([text]) for text in texts])
        assert together == pytest.approx(alone, abs=1e-3)

    async def test_embedder_can_be_awaited_from_several_tasks(self, embedder: Embedder) -> None:
        texts = [f"Frage {n} zur Wärmeplanung" for n in range(12)]
        queries, passages = await embedder.embed_queries(texts), await embedder.embed_passages(texts)
        result = await asyncio.gather(
            *itertools.chain.from_iterable(
                (embedder.embed_queries([text]), embedder.embed_passages([text])) for text in texts
            )
        )
        assert np.concatenate(result[0::2]) == pytest.approx(queries, abs=1e-3)
        assert np.concatenate(result[1::2]) == pytest.approx(passages, abs=1e-3)

    async def test_similar_texts_are_nearer_than_different_ones(self, embedder: Embedder) -> None:
        query = await embedder.embed_queries(["school building renovation"])
        passages = await embedder.embed_passages(["The renovation of a school building.", "A new ferry to the island."])
        near, far = (query @ passages.T)[0]
        assert near > far

    async def test_fingerprint_is_printable_and_not_empty(self, embedder: Embedder) -> None:
        assert embedder.fingerprint
        assert embedder.fingerprint.isprintable()
        assert embedder.dimension > 0
