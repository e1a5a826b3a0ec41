"""The engine sentence-transformers, with real weights: the same e5 as the embedded engine, and a MiniLM."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge_base.embedding.factory import open_embedder
from knowledge_base.embedding.port import Embedder, Vectors
from knowledge_base.errors import ModelError
from tests.contracts.embedder import HOSTILE, EmbedderContract

pytestmark = [pytest.mark.full, pytest.mark.filterwarnings("default::DeprecationWarning")]  # torch's own
ROOT = Path(__file__).parents[2]


def load(model: object) -> Embedder:
    return asyncio.run(open_embedder("sentence-transformers", str(model), Path("unused")))


@pytest.fixture(scope="session")
def e5_st(e5_st_folder: Path) -> Embedder:
    return load(e5_st_folder)


@pytest.fixture(scope="session")
def minilm(minilm_folder: Path) -> Embedder:
    return load(minilm_folder)


class TestE5AsFolder(EmbedderContract):
    @pytest.fixture
    def embedder(self, e5_st: Embedder) -> Embedder:
        return e5_st


class TestMiniLM(EmbedderContract):
    @pytest.fixture
    def embedder(self, minilm: Embedder) -> Embedder:
        return minilm


def cosines(ours: Vectors, theirs: Vectors) -> Vectors:
    return np.einsum("ij,ij->i", ours, theirs)


def bundled(path: str, field: str) -> list[str]:
    lines = (ROOT / path).read_text("utf-8").splitlines()
    return [json.loads(line)[field] for line in lines if line.strip()]


async def test_both_engines_rank_the_bundled_questions_alike(e5: Embedder, e5_st: Embedder) -> None:
    questions = bundled("tests/evaluation/bundle_dev.jsonl", "question")
    texts = bundled("knowledge_base/bundle/projects.jsonl", "text")
    our_queries, our_passages = await e5.embed_queries(questions), await e5.embed_passages(texts)
    their_queries, their_passages = await e5_st.embed_queries(questions), await e5_st.embed_passages(texts)
    assert cosines(our_queries, their_queries).min() > 0.9995
    assert cosines(our_passages, their_passages).min() > 0.9995
    ours, theirs = our_queries @ our_passages.T, their_queries @ their_passages.T
    best_ours, best_theirs = np.argsort(-ours, axis=1)[:, :5], np.argsort(-theirs, axis=1)[:, :5]
    shared = [len(set(a) & set(b)) / 5 for a, b in zip(best_ours.tolist(), best_theirs.tolist(), strict=True)]
    assert np.mean(shared) > 0.95
    assert (best_ours[:, 0] == best_theirs[:, 0]).mean() > 0.95
    # Where they differ, the two were as good as equal.
    chosen = np.take_along_axis(ours, best_theirs[:, :1], axis=1)[:, 0]
    assert (ours.max(axis=1) - chosen).max() < 0.005


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_both_engines_read_hostile_text_alike(e5: Embedder, e5_st: Embedder, text: str) -> None:
    assert cosines(await e5.embed_passages([text]), await e5_st.embed_passages([text])).item() > 0.999


async def test_minilm_ranks_english_texts(minilm: Embedder) -> None:
    questions = ["Who renovated a swimming pool?", "shade and trees against heat", "bus on demand in villages"]
    texts = [
        "The outdoor pool was refurbished and made accessible.",
        "Planting and fountains keep the market square cool in summer.",
        "A minibus without a timetable takes rural residents to the station.",
    ]
    scores = await minilm.embed_queries(questions) @ (await minilm.embed_passages(texts)).T
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]


async def test_model_without_prompts_gets_no_prompts(minilm: Embedder) -> None:
    assert await minilm.embed_queries(["pool"]) == pytest.approx(await minilm.embed_passages(["pool"]), abs=1e-6)


def test_fingerprint_depends_on_the_content_of_the_model_not_its_folder(
    e5_st: Embedder, minilm: Embedder, minilm_folder: Path, tmp_path: Path
) -> None:
    assert e5_st.fingerprint != minilm.fingerprint
    elsewhere = Path(shutil.copytree(minilm_folder, tmp_path / "elsewhere" / minilm_folder.name))
    assert load(elsewhere).fingerprint == minilm.fingerprint
    configuration = elsewhere / "config_sentence_transformers.json"
    configuration.write_text(json.dumps({**json.loads(configuration.read_text()), "prompts": {"query": "ask: "}}))
    assert load(elsewhere).fingerprint != minilm.fingerprint


async def test_passage_prompt_of_older_configurations_is_used(
    minilm: Embedder, minilm_folder: Path, tmp_path: Path
) -> None:
    """Configurations that name their prompt "passage" and not "document"."""
    folder = Path(shutil.copytree(minilm_folder, tmp_path / "model"))
    prompts = {"query": "", "passage": "text: "}
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts}))
    prompted = await open_embedder("sentence-transformers", str(folder), Path("unused"))
    expected = await minilm.embed_passages(["text: pool"])
    assert await prompted.embed_passages(["pool"]) == pytest.approx(expected, abs=1e-6)
    await prompted.close()


def test_error_explains_a_broken_model_folder(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("not json")
    with pytest.raises(ModelError, match="whole model"):
        load(tmp_path)


def test_error_explains_a_missing_model_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        load(tmp_path / "gone")


OFFLINE = """
import asyncio, sys
from pathlib import Path

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        print("NETWORK", event, file=sys.stderr)
        raise OSError("no network")

sys.addaudithook(refuse)
from knowledge_base.embedding.factory import open_embedder

async def main():
    embedder = await open_embedder("sentence-transformers", sys.argv[1], Path("unused"))
    vectors = await embedder.embed_queries(["pool"])
    print(embedder.fingerprint, vectors.shape[1])
    await embedder.close()

asyncio.run(main())
"""


def run_offline(model: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", OFFLINE, model]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_model_folder_is_loaded_without_network_access(minilm_folder: Path, tmp_path: Path) -> None:
    done = run_offline(str(minilm_folder), HF_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr
    assert done.stdout.endswith(" 384\n")


def test_model_name_is_found_in_the_hub_cache(minilm_folder: Path, tmp_path: Path) -> None:
    """As after a first download; the fingerprint then contains the commit, not the path."""
    prints = []
    for commit in ("a" * 40, "b" * 40):
        repository = tmp_path / commit[:1] / "hub" / "models--some--model"
        shutil.copytree(minilm_folder, repository / "snapshots" / commit)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(commit)
        done = run_offline("some/model", HF_HOME=str(tmp_path / commit[:1]), HF_HUB_OFFLINE="1")
        assert done.returncode == 0, done.stderr
        prints.append(done.stdout)
    assert all(text.startswith("sentence-transformers/some/model/") for text in prints)
    assert prints[0] != prints[1]


def test_error_explains_an_unknown_model_name_without_network(tmp_path: Path) -> None:
    done = run_offline("some/model", HF_HOME=str(tmp_path), HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "ModelError: The model some/model cannot be loaded" in done.stderr
    assert "or give a folder" in done.stderr
