"""Loading and calling a CrossEncoder, with a tiny one of random weights: no claim about quality."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding.reranker import open_reranker
from knowledge_base.errors import ModelError
from tests.contracts.embedder import HOSTILE

pytestmark = [pytest.mark.full, pytest.mark.filterwarnings("default::DeprecationWarning")]  # torch's own


def write_cross_encoder(folder: Path, labels: int) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pool", "bus", "heat", "who", "in", "the"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **special).save_pretrained(folder)
    return folder


async def test_reranker_scores_come_in_input_order(tmp_path: Path) -> None:
    reranker = await open_reranker(str(write_cross_encoder(tmp_path, labels=1)))
    passages = ["the pool", "the bus in the heat", "heat"] * 7
    scores = await reranker.rerank("who pool", passages)
    assert scores.shape == (21,)
    assert scores.dtype == np.float32
    assert scores[:3] == pytest.approx(scores[3:6], abs=1e-5)
    assert len(set(scores[:3].tolist())) == 3
    alone = np.concatenate([await reranker.rerank("who pool", [passage]) for passage in passages[:3]])
    assert scores[:3] == pytest.approx(alone, abs=1e-5)
    await reranker.close()


async def test_reranker_accepts_any_text_and_overlapping_calls(tmp_path: Path) -> None:
    reranker = await open_reranker(str(write_cross_encoder(tmp_path, labels=1)))
    assert (await reranker.rerank("who", [])).shape == (0,)
    hostile = list(HOSTILE.values())
    result = await asyncio.gather(*(reranker.rerank(text, hostile) for text in hostile))
    assert np.isfinite(np.stack(result)).all()
    await reranker.close()
    with pytest.raises(ModelError, match="closed"):
        await reranker.rerank("who", ["pool"])


async def test_model_with_several_scores_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="3 scores"):
        await open_reranker(str(write_cross_encoder(tmp_path, labels=3)))


async def test_error_explains_a_broken_reranker_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="whole model"):
        await open_reranker(str(tmp_path))
