"""Two public lists of EU-funded projects as import records: what an operator would bring, read by path.

The files are in ``STADTLOTSE_TEST_DATA`` (``corpora/lists``) and never copied. Each row keeps the columns as they are:
the name of the operation is the title, the summary the text. Names of beneficiaries are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

MECKLENBURG = "corpora/lists/10-DE-mecklenburg-vorpommern.csv"
BREMEN = "corpora/lists/08-DE-bremen.xlsx"


def records(data: Path) -> list[dict[str, Any]]:
    """Return the projects of both lists, each once; ``data`` is the folder of the test data."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for record in (*_mecklenburg(data / MECKLENBURG), *_bremen(data / BREMEN)):
        found.setdefault((record["title"], record["text"], record["municipality"]), record)
    return list(found.values())


def _mecklenburg(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    for number, row in enumerate(rows[1:], 2):
        if len(row) < 6 or not row[2].strip():
            continue
        yield {
            "id": f"mv-{number}",
            "title": _line(row[1]),
            "text": _line(row[2]),
            "municipality": _line(row[5]),
            "state": "Mecklenburg-Vorpommern",
            "period": row[3].rpartition("/")[2],
            "lang": "de",
        }


def _bremen(path: Path) -> Iterator[dict[str, Any]]:
    workbook = load_workbook(path, read_only=True)
    rows = list(workbook.worksheets[0].iter_rows(values_only=True))
    workbook.close()
    for number, row in enumerate(rows, 1):
        if len(row) < 8 or not row[2] or not hasattr(row[3], "year"):
            continue
        yield {
            "id": f"hb-{number}",
            "title": _line(str(row[1])),
            "text": _line(str(row[2])),
            "municipality": _line(str(row[7] or "")).partition(",")[0],
            "state": "Bremen",
            "period": f"{row[3]:%Y}–{row[4]:%Y}",
            "lang": "de",
        }


def _line(text: str) -> str:
    return " ".join(text.split())
