"""Writes the weights of the embedded engine as a genuine sentence-transformers folder.

    python -m tests.full.e5_folder FOLDER

A second implementation of the same model (BertModel and the XLM-R tokenizer of transformers), to compare with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from knowledge_base.embedding.e5_graph import build_tokenizer
from knowledge_base.embedding.e5_weights import Sizes, TokenVocabulary, Weights, bundled_file, read_weights

SPECIAL = {"bos": "<s>", "cls": "<s>", "eos": "</s>", "sep": "</s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>"}


def write_e5_folder(folder: Path, prompts: dict[str, str]) -> None:
    """Write the model with these prompts in its configuration."""
    weights = read_weights(bundled_file())
    with TemporaryDirectory() as plain:
        bert(weights).save_pretrained(plain)
        names = {f"{role}_token": text for role, text in SPECIAL.items()}
        tokenizer(weights.vocabulary, weights.sizes, names).save_pretrained(plain)
        modules = [
            Transformer(plain, max_seq_length=512),
            Pooling(weights.sizes.hidden, pooling_mode="mean"),
            Normalize(),
        ]
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder))


def bert(weights: Weights) -> BertModel:
    """The encoder in float32."""
    sizes = weights.sizes
    config = BertConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed_forward,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.types,
        layer_norm_eps=1e-12,
    )
    model = BertModel(config)
    state = {name: torch.from_numpy(weights.floats(ours, *shape).copy()) for name, ours, shape in parameters(sizes)}
    # E5 does not use the pooler, and the file has none; zeros keep the folder the same each time.
    state |= {f"pooler.dense.{part}": torch.zeros_like(value) for part, value in model.pooler.dense.named_parameters()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any("_ids" not in name for name in missing):
        raise ValueError(f"missing {missing}, unexpected {unexpected}")
    return model.eval()


def parameters(sizes: Sizes) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Name in transformers, name in the weights file, shape."""
    hidden, inner = sizes.hidden, sizes.feed_forward
    yield "embeddings.word_embeddings.weight", "emb.word", (sizes.vocabulary, hidden)
    yield "embeddings.position_embeddings.weight", "emb.pos", (sizes.positions, hidden)
    yield "embeddings.token_type_embeddings.weight", "emb.type", (sizes.types, hidden)
    yield from norm("embeddings.LayerNorm", "emb.ln", hidden)
    for layer in range(sizes.layers):
        theirs, ours = f"encoder.layer.{layer}.", f"l{layer}."
        for part, letter in (("query", "q"), ("key", "k"), ("value", "v")):
            yield from linear(f"{theirs}attention.self.{part}", ours + letter, hidden, hidden)
        yield from linear(theirs + "attention.output.dense", ours + "ao", hidden, hidden)
        yield from norm(theirs + "attention.output.LayerNorm", ours + "aln", hidden)
        yield from linear(theirs + "intermediate.dense", ours + "fi", inner, hidden)
        yield from linear(theirs + "output.dense", ours + "fo", hidden, inner)
        yield from norm(theirs + "output.LayerNorm", ours + "oln", hidden)


def linear(theirs: str, ours: str, rows: int, columns: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    yield f"{theirs}.weight", f"{ours}.w", (rows, columns)
    yield f"{theirs}.bias", f"{ours}.b", (rows,)


def norm(theirs: str, ours: str, size: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    yield f"{theirs}.weight", f"{ours}.w", (size,)
    yield f"{theirs}.bias", f"{ours}.b", (size,)


def tokenizer(vocabulary: TokenVocabulary, sizes: Sizes, names: dict[str, str]) -> PreTrainedTokenizerFast:
    """The XLM-R tokenizer with the character map of the weights file."""
    model = Tokenizer(Unigram(list(zip(vocabulary.pieces, vocabulary.scores.tolist(), strict=True)), unk_id=3))
    proto: Any = sentencepiece_model_pb2
    character_map = proto.ModelProto.FromString(build_tokenizer(vocabulary)).normalizer_spec.precompiled_charsmap
    model.normalizer = normalizers.Sequence(
        [normalizers.Precompiled(character_map), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    model.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    model.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    model.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)])
    return PreTrainedTokenizerFast(tokenizer_object=model, model_max_length=sizes.positions, **names)


if __name__ == "__main__":
    write_e5_folder(Path(sys.argv[1]), {"query": "query: ", "document": "passage: "})
