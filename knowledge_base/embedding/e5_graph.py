"""multilingual-e5-small as an ONNX graph and as a sentencepiece model, from the pinned weights.

The 4-bit blocks are kept as they are: ``GatherBlockQuantized`` looks tokens up, ``MatMulNBits`` multiplies
(operators of ONNX Runtime). The architecture is BERT (Devlin et al. 2019) with mean pooling, as E5 asks for
(Wang et al. 2024, "Multilingual E5 Text Embeddings").
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import sentencepiece
from onnx import TensorProto, helper, numpy_helper
from sentencepiece import sentencepiece_model_pb2

from knowledge_base.embedding.e5_weights import BLOCK, TokenVocabulary, Weights

proto: Any = sentencepiece_model_pb2  # its classes appear at run time only

_RUNTIME = "com.microsoft"  # operators of ONNX Runtime
_EPSILON = 1e-12
_INT8_ACTIVATIONS = 4  # accuracy level of MatMulNBits


def build_graph(weights: Weights, progress: Callable[[float], None]) -> onnx.ModelProto:
    """Return the encoder as an ONNX graph.

    It maps ``input_ids`` int64 [B, S] and ``attention_mask`` int32 [B, S] to ``embedding`` float32 [B, 384]. Rows of
    ``embedding`` have unit length. The mask is 1 for tokens and 0 for the padding at the right.
    """
    graph = _Graph(weights)
    state = graph.embed()
    for layer in range(weights.sizes.layers):
        progress(layer / weights.sizes.layers)
        state = graph.feed_forward(layer, graph.attend(layer, state))
    graph.pool(state)
    progress(1.0)
    return graph.model()


class _Graph:
    """Grows the graph node by node; methods return the name of the value that they compute."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._sizes = weights.sizes
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def embed(self) -> str:
        hidden, vocabulary = self._sizes.hidden, self._sizes.vocabulary
        halves, scales = self._weights.packed("emb.word", vocabulary, hidden)
        signed = (halves ^ 0x88).tobytes()  # 0 … 15 around 8 -> two's complement, both halves at once
        self._constants.append(helper.make_tensor("words", TensorProto.INT4, (vocabulary, hidden), signed, raw=True))
        lookup = {"gather_axis": 0, "quantize_axis": 1, "block_size": BLOCK}
        inputs = ["words", "input_ids", self._constant("word_scales", scales)]
        words = self._node("GatherBlockQuantized", inputs, "word", _RUNTIME, **lookup)
        summed = self._node("Add", [words, self._positions()], "summed")
        return self._node("LayerNormalization", [summed, *self._norm("emb.ln")], "state", axis=-1, epsilon=_EPSILON)

    def _positions(self) -> str:
        hidden = self._sizes.hidden
        table = self._weights.floats("emb.pos", self._sizes.positions, hidden)
        only_type = self._weights.floats("emb.type", self._sizes.types, hidden)[0]
        shape = self._node("Shape", ["input_ids"], "shape")
        zero, one, two = (self._constant(f"i{i}", np.array([i], np.int64)) for i in range(3))
        length = self._node("Slice", [shape, one, two], "length")
        return self._node(
            "Slice", [self._constant("position_table", table + only_type), zero, length, zero], "position"
        )

    def attend(self, layer: int, state: str) -> str:
        prefix, hidden = f"l{layer}.", self._sizes.hidden
        projected = [self._multiply(state, prefix + part, hidden, hidden) for part in "qkv"]
        biases = [self._weights.floats(f"{prefix}{part}.b", hidden) for part in "qkv"]
        bias = self._constant(prefix + "qkv.b", np.concatenate(biases))
        inputs = [*projected, bias, "attention_mask"]
        heads = self._node("MultiHeadAttention", inputs, prefix + "heads", _RUNTIME, num_heads=self._sizes.heads)
        mixed = self._multiply(heads, prefix + "ao", hidden, hidden)
        return self._add_and_norm(mixed, state, prefix + "aln", prefix + "ao.b")

    def feed_forward(self, layer: int, state: str) -> str:
        prefix, hidden, inner = f"l{layer}.", self._sizes.hidden, self._sizes.feed_forward
        widened = self._multiply(state, prefix + "fi", inner, hidden)
        bias = self._floats(prefix + "fi.b", inner)
        activated = self._node("BiasGelu", [widened, bias], prefix + "gelu", _RUNTIME)
        narrowed = self._multiply(activated, prefix + "fo", hidden, inner)
        return self._add_and_norm(narrowed, state, prefix + "oln", prefix + "fo.b")

    def pool(self, state: str) -> None:
        mask = self._node("Cast", ["attention_mask"], "float_mask", to=TensorProto.FLOAT)
        last_axis = self._constant("last_axis", np.array([-1], np.int64))
        column = self._node("Unsqueeze", [mask, last_axis], "column_mask")
        masked = self._node("Mul", [state, column], "masked")
        total = self._node("ReduceSum", [masked, "i1"], "total", keepdims=0)  # the mean has the same direction
        self._node("LpNormalization", [total], "embedding", axis=-1, p=2)

    def model(self) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["B", "S"]),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT32, ["B", "S"]),
        ]
        outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", self._sizes.hidden])]
        graph = helper.make_graph(self._nodes, "multilingual-e5-small", inputs, outputs, self._constants)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(_RUNTIME, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def _multiply(self, state: str, name: str, rows: int, columns: int) -> str:
        halves, scales = self._weights.packed(name + ".w", rows, columns)
        inputs = [state, self._constant(name + ".q", halves), self._constant(name + ".s", scales)]
        sizes = {"K": columns, "N": rows, "bits": 4, "block_size": BLOCK, "accuracy_level": _INT8_ACTIVATIONS}
        return self._node("MatMulNBits", inputs, name, _RUNTIME, **sizes)

    def _add_and_norm(self, change: str, state: str, norm: str, bias: str) -> str:
        inputs = [change, state, *self._norm(norm), self._floats(bias, self._sizes.hidden)]
        return self._node("SkipLayerNormalization", inputs, norm, _RUNTIME, epsilon=_EPSILON)

    def _norm(self, name: str) -> tuple[str, str]:
        hidden = self._sizes.hidden
        return self._floats(name + ".w", hidden), self._floats(name + ".b", hidden)

    def _floats(self, name: str, *shape: int) -> str:
        return self._constant(name, self._weights.floats(name, *shape))

    def _constant(self, name: str, values: npt.NDArray[Any]) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _node(self, operator: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output


def build_tokenizer(vocabulary: TokenVocabulary) -> bytes:
    """Return the vocabulary as a serialised sentencepiece model.

    sentencepiece wants its three special pieces first, so the model's id of a piece is the sentencepiece id plus one.
    """
    model = proto.ModelProto()
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type = proto.TrainerSpec.UNIGRAM
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, 1, 2, -1
    normaliser.name = "e5"
    normaliser.precompiled_charsmap = _compile_character_map(vocabulary.character_map)
    normaliser.add_dummy_prefix = normaliser.remove_extra_whitespaces = normaliser.escape_whitespaces = True
    kinds = proto.ModelProto.SentencePiece
    for piece, kind in (("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)):
        model.pieces.add(piece=piece, score=0.0, type=kind)
    ordinary = slice(4, -1)  # between <s> <pad> </s> <unk> and <mask>
    for piece, score in zip(vocabulary.pieces[ordinary], vocabulary.scores[ordinary].tolist(), strict=True):
        model.pieces.add(piece=piece, score=score, type=kinds.NORMAL)
    trainer.vocab_size = len(model.pieces)
    return bytes(model.SerializeToString())


def _compile_character_map(character_map: dict[str, str]) -> bytes:
    """Return sentencepiece's compiled form of the map, taken from a throw-away model trained with it."""
    lines = (f"{ord(old):X}\t{' '.join(f'{ord(c):X}' for c in new)}\n" for old, new in sorted(character_map.items()))
    trained = io.BytesIO()
    with TemporaryDirectory() as folder:
        rules = Path(folder, "rules.tsv")
        rules.write_text("".join(lines), encoding="ascii")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d e f g"] * 50),
            model_writer=trained,
            normalization_rule_tsv=str(rules),
            vocab_size=12,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    return bytes(proto.ModelProto.FromString(trained.getvalue()).normalizer_spec.precompiled_charsmap)
