"""The command ``ask`` as other programs use it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SHAPE = ["question", "language", "answered", "understood", "hits", "near", "took_ms"]
UNDERSTOOD = ["topics", "municipalities", "states", "rounds", "years", "status"]
HIT = ["id", "title", "municipality", "score", "why", "url", "contact"]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory, e5_folder: Path) -> Path:
    """A state folder with the prepared model; the first question loads and embeds the bundle."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "models").symlink_to(e5_folder.parent)
    return folder


def run(state: Path, *arguments: str, typed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "run_bot.py", "ask", *arguments],
        cwd=ROOT,
        env={**os.environ, "STADTLOTSE_STATE_DIR": str(state)},
        input=typed,
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.mark.slow
def test_ask_command_answers_a_question_as_plain_text(state: Path) -> None:
    done = run(state, "wer", "hat", "was mit Hitze", "gemacht?")
    assert done.returncode == 0
    text = done.stdout.decode()
    assert "Potsdam" in text
    assert "\x1b" not in text
    assert "1. " in text


@pytest.mark.slow
def test_ask_command_stores_no_unanswered_question_and_promises_no_editor(state: Path) -> None:
    text = run(state, "Wie backe ich Apfelkuchen?").stdout.decode()
    assert "Versuchen Sie es" in text
    assert "Redaktion" not in text
    with sqlite3.connect(state / "stadtlotse.db") as database:
        assert database.execute("SELECT count(*) FROM unanswered").fetchone() == (0,)


@pytest.mark.slow
def test_json_output_has_exactly_the_documented_fields(state: Path) -> None:
    done = run(state, "--json", "wer hat was mit Hitze gemacht?")
    printed = json.loads(done.stdout)
    assert list(printed) == SHAPE
    assert list(printed["understood"]) == UNDERSTOOD
    assert printed["answered"] is True
    assert printed["language"] == "de"
    for hit in printed["hits"] + printed["near"]:
        assert list(hit) == HIT
        assert list(hit["contact"]) == ["role", "can_introduce"]
        assert isinstance(hit["contact"]["can_introduce"], bool)
    assert len(printed["hits"]) + len(printed["near"]) <= 5


@pytest.mark.slow
def test_each_line_of_stdin_is_a_separate_question_answered_in_order(state: Path) -> None:
    lines = ["wer hat was mit Hitze gemacht?", "mehr", "Who did mobility projects?", "Wie backe ich Apfelkuchen?"]
    done = run(state, "-", "--json", "--limit", "2", typed="\n".join(lines).encode() + b"\n\xff\n")
    printed = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert done.returncode == 0
    assert [each["question"] for each in printed[:4]] == lines
    assert len(printed) == 5
    assert all(len(each["hits"]) + len(each["near"]) <= 2 for each in printed)
    assert printed[2]["language"] == "en"
    assert printed[3]["answered"] is False
    assert printed[3]["hits"] == []
    assert printed[3]["near"]


@pytest.mark.slow
def test_lang_option_sets_the_language_of_the_answer(state: Path) -> None:
    assert "the best first" in run(state, "--lang", "en", "wer hat Mobilitätsprojekte gemacht?").stdout.decode()
    done = run(state, "--lang", "pl", "--json", "wer hat Mobilitätsprojekte gemacht?")
    assert json.loads(done.stdout)["language"] == "pl"


@pytest.mark.parametrize(
    "arguments", [(), ("--lang", "fr", "x"), ("--limit", "0", "x"), ("--limit", "x", "x"), ("--foo",)]
)
def test_wrong_use_exits_with_2_and_shows_the_usage(state: Path, arguments: tuple[str, ...]) -> None:
    done = run(state, *arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Usage:" in done.stderr


def test_failure_exits_with_1_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "stadtlotse.db").write_bytes(b"this is no database" * 100)
    done = run(tmp_path, "x")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2
