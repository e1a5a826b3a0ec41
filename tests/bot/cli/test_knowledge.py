"""The commands ``import`` and ``check`` as an admin sees them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

import run_bot
from bot.cli.operating import counted
from knowledge_base.model import RecordKind
from knowledge_base.search import service

HEAD = "id,title,text\n"
FIRST = f"{HEAD}x-1,Rufbus,Er fährt auf Anforderung\nx-2,Hitzeplan,Ein Plan gegen Hitze\n"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to import into an empty state folder."""
    monkeypatch.setenv("STADTLOTSE_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("STADTLOTSE_KNOWLEDGE__BUNDLE", "false")
    (tmp_path / "projects.csv").write_text(FIRST)
    return tmp_path / "projects.csv"


def imported(*arguments: object, code: int = 0) -> list[str]:
    done = CliRunner().invoke(run_bot.app, ["import", "--dry-run", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output.replace(f"{arguments[0]}", "projects.csv").splitlines()


def test_dry_run_of_an_import_lists_its_records_and_their_sum(table: Path) -> None:
    assert imported(table) == [
        "added project x-1",
        "added project x-2",
        "projects.csv: 2 records, would be 2 added, 0 changed, 0 removed, 0 unchanged",
    ]


def test_import_names_file_line_field_and_remedy_of_every_mistake(table: Path) -> None:
    table.write_text(f"{HEAD}x-1,,Text\nx-2,Titel,Text\nx-2,Titel,Text\n")
    assert imported(table, code=1) == [
        "projects.csv, line 2: field title: It is missing. A project needs id, title, text.",
        (
            "projects.csv, line 4: field id: The id stands already in projects.csv, line 3. "
            "Each record needs an id of its own."
        ),
        "projects.csv: nothing imported, 2 mistakes.",
    ]


@pytest.mark.slow
def test_import_embeds_all_texts_and_resumes_after_an_interruption(
    table: Path, e5_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = table.parent / "var"
    state.mkdir()
    (state / "models").symlink_to(e5_folder.parent)
    monkeypatch.setattr(service, "AT_ONCE", 0)  # as if there were so many texts that no start waits for them
    for _ in range(2):
        done = CliRunner().invoke(run_bot.app, ["import", str(table)])
        assert done.exit_code == 0, done.output
        with sqlite3.connect(state / "stadtlotse.db") as database:
            assert database.execute("SELECT count(*) FROM vector").fetchone()[0] >= 2
            database.execute("DELETE FROM vector")  # as if the import had been stopped before it came so far


def test_single_import_mistake_is_reported_in_the_singular(table: Path) -> None:
    table.write_text(f"{HEAD}x-1,,Text\n")
    assert imported(table, code=1)[-1] == "projects.csv: nothing imported, 1 mistake."


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (1, RecordKind.CONTACT, "1 contact"),
        (2, RecordKind.MUNICIPALITY, "2 municipalities"),
        (0, RecordKind.EVENT, "0 events"),
    ],
)
def test_number_of_records_is_written_with_singular_or_plural(number: int, kind: RecordKind, said: str) -> None:
    assert counted(number, kind) == said
