"""An import keeps only a few records in memory, whatever the format of its file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge_base.ingest import limits

ROOT = Path(__file__).parents[4]
LARGE = 24_000_000  # characters; without bounds a reader would need twice as many bytes
ALLOWED = 48 * 1024**2  # bytes beyond what the program has when it begins
READ = f"""
import resource, sys
from pathlib import Path
from knowledge_base.ingest import readers
from knowledge_base.ingest.batches import batch_of
from knowledge_base.ingest.readers import xlsx
from knowledge_base.ingest.row import UnreadableError
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + {ALLOWED}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
rows = readers.rows(Path(sys.argv[1]))
try:
    while batch := batch_of(rows):
        del batch
    print("read")
except UnreadableError as error:
    print(error)
"""


def read(file: Path) -> str:
    """What a program with little memory prints about the file; empty if it ran out of memory."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(file)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout.strip()


def one_cell(file: Path) -> None:
    with file.open("w") as stream:
        stream.write("id,title,text\n1,a,b\n2,c,")
        stream.write("x" * LARGE)
        stream.write("\n")


def one_quoted_cell(file: Path) -> None:
    with file.open("w") as stream:
        stream.write('id,title,text\n1,a,b\n2,c,"')
        stream.write("x" * LARGE)
        stream.write('"\n')


def one_row_of_many_cells(file: Path) -> None:
    with file.open("w") as stream:
        stream.write('id,title,text\n1,a,b\n2,"')
        stream.write('x\n","' * (LARGE // 5))
        stream.write('"\n')


def first_line(file: Path) -> None:
    file.write_text("x" * LARGE)


def json_line(file: Path) -> None:
    file.write_text('{"id": "1"}\n{"id": "' + "x" * LARGE + '"}\n')


def json_element(file: Path) -> None:
    file.write_text('[{"id": "1"},\n{"id": "' + "x" * LARGE + '"}]')


def yaml_plain(file: Path) -> None:
    file.write_text("- id: 1\n- id: " + "x" * LARGE + "\n")


def yaml_quoted(file: Path) -> None:
    file.write_text('- id: 1\n- id: "' + "x " * (LARGE // 2) + '"\n')


def yaml_block(file: Path) -> None:
    file.write_text("- id: 1\n- id: |\n" + "   x\n" * (LARGE // 5))


def yaml_name(file: Path) -> None:
    file.write_text("- id: 1\n- ? " + "x" * LARGE + "\n  : 1\n")


def yaml_comment(file: Path) -> None:
    file.write_text("- id: 1\n# " + "x" * LARGE + "\n")


@pytest.mark.parametrize(
    ("name", "make", "line"),
    [
        ("a.csv", one_cell, 3),
        ("b.csv", one_quoted_cell, 3),
        ("c.csv", one_row_of_many_cells, 0),
        ("d.tsv", first_line, 1),
        ("e.jsonl", json_line, 2),
        ("f.json", json_element, 2),
        ("g.yaml", yaml_plain, 2),
        ("h.yml", yaml_quoted, 2),
        ("i.yaml", yaml_block, 2),
        ("j.yaml", yaml_name, 2),
        ("k.yaml", yaml_comment, 0),
    ],
)
def test_too_long_value_is_refused_with_its_line(
    tmp_path: Path, name: str, make: Callable[[Path], None], line: int
) -> None:
    file = tmp_path / name
    make(file)
    said = read(file)
    file.unlink()
    assert f"{name}, line {line or ''}" in said
    assert "longer than" in said


@pytest.mark.parametrize("letter", ["x", "😀"])
def test_reader_reads_many_large_records_a_few_at_a_time(tmp_path: Path, letter: str) -> None:
    """Each record is within its own limit; five hundred of them together are not."""
    file = tmp_path / "large.jsonl"
    line = json.dumps({"id": "1", "text": letter * (limits.MAX_RECORD - 100)}, ensure_ascii=False) + "\n"
    with file.open("w") as stream:
        for _ in range(80 if letter == "x" else 20):
            stream.write(line)
    assert read(file) == "read"
