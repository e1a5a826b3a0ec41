"""Records, and files that hold them, in every format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import yaml

from knowledge_base.ingest import readers
from knowledge_base.ingest.row import Row, RowError, UnreadableError

Values = dict[str, Any]


def project(number: int = 1, **changes: Any) -> Values:
    """A small valid project."""
    return {"id": f"p{number}", "title": f"Projekt {number}", "text": f"Ein Text über Nummer {number}."} | changes


def contact(number: int = 1, **changes: Any) -> Values:
    """A role with an address, as the rules want it."""
    role = {"record": "contact", "id": f"c{number}", "role": "Leitstelle Mobilität", "legal_basis": "public function"}
    return role | {"email": "leitstelle@stadt.example"} | changes


def jsonl(path: Path, records: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def json_array(path: Path, records: Sequence[Any]) -> Path:
    path.write_text(json.dumps(records, indent=1), encoding="utf-8")
    return path


def yaml_list(path: Path, records: Sequence[Any]) -> Path:
    path.write_text(yaml.safe_dump(list(records), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def csv_table(path: Path, records: Sequence[Values], delimiter: str = ";", encoding: str = "utf-8-sig") -> Path:
    names = list(dict.fromkeys(name for record in records for name in record))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in record.items()} for record in records)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def xlsx(path: Path, records: Sequence[Values]) -> Path:
    names = list(dict.fromkeys(name for record in records for name in record))
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row, values in enumerate([dict(zip(names, names, strict=True)), *records], start=1):
        for column, name in enumerate(names, start=1):
            cell = sheet.cell(row, column, _cell(values.get(name)))
            if isinstance(cell.value, str):
                cell.data_type = "s"  # also what begins with "=": a text, not a formula
    book.save(path)
    return path


def _cell(value: Any) -> Any:
    return " | ".join(value) if isinstance(value, list) else value


WRITERS = {".jsonl": jsonl, ".json": json_array, ".yaml": yaml_list, ".csv": csv_table, ".xlsx": xlsx}


def read(path: Path) -> list[Row | RowError]:
    return list(readers.rows(path))


def values(path: Path) -> list[Values]:
    """What the rows of a readable file hold."""
    return [dict(row.values) for row in _only_rows(read(path))]


def refusal(path: Path) -> RowError:
    """Why a file is unreadable."""
    try:
        result = read(path)
    except UnreadableError as error:
        return error.error
    raise AssertionError(f"it was read: {result}")


def _only_rows(result: Sequence[Row | RowError]) -> Iterator[Row]:
    for row in result:
        assert isinstance(row, Row), row
        yield row
