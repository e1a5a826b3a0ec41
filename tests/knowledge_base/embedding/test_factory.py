from __future__ import annotations

import sys
from pathlib import Path

import pytest

from knowledge_base.embedding.factory import open_embedder
from knowledge_base.embedding.reranker import open_reranker
from knowledge_base.errors import ModelError


async def test_embedded_engine_opens_ready_to_use(e5_folder: Path) -> None:
    embedder = await open_embedder("embedded", "", e5_folder.parent)
    assert embedder.dimension == 384
    assert embedder.fingerprint == "multilingual-e5-small-q4/1571fc982750/1"
    assert (await embedder.embed_queries(["Wer?"])).shape == (1, 384)
    await embedder.close()


async def test_sentence_transformers_needs_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="STADTLOTSE_EMBEDDING__MODEL"):
        await open_embedder("sentence-transformers", "", tmp_path)


async def test_error_names_make_install_full_when_the_full_set_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)  # as where it is not installed
    with pytest.raises(ModelError, match="make install-full"):
        await open_embedder("sentence-transformers", "some/model", tmp_path)
    with pytest.raises(ModelError, match="make install-full"):
        await open_reranker("some/model")
