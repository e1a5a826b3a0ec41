"""Merged ranges, links and formulas of a sheet, which openpyxl skips when it streams.

The part of the sheet is searched as text, in pieces, so that memory holds no more than one piece of it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from defusedxml.ElementTree import fromstring
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, range_boundaries

from knowledge_base.ingest.cells import Cell, is_empty

_PIECE, _OVERLAP = 1024**2, 4_096
_MAX_EXTRAS = 100_000  # ranges and links of one sheet
_FOUND = re.compile(r"<(?:\w+:)?(mergeCell|hyperlink|f)\b((?:\s+[\w:]+=\"[^\"<]*\")*)\s*/?>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"<]*)"')
_WEB = ("http://", "https://")

Range = tuple[int, int, int, int]  # first column, first row, last column, last row


@dataclass(slots=True)
class Extras:
    """Merged ranges, links by row and column, and whether there are formulas."""

    merged: list[Range] = field(default_factory=list)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    has_formulas: bool = False

    def filler(self) -> Callable[[int, list[Cell]], list[Cell]]:
        """Return a function that gives each row of a merged range its value; call it with the rows in order."""
        starts: dict[int, list[Range]] = {}
        for found in self.merged:
            if found[3] > found[1]:
                starts.setdefault(found[1], []).append(found)
        active: dict[int, tuple[int, Cell]] = {}  # column -> last row, value

        def fill(line: int, row: list[Cell]) -> list[Cell]:
            for column, (last, value) in list(active.items()):
                if line > last:
                    del active[column]
                elif any(not is_empty(cell) for cell in row):  # an empty row stays empty
                    row += [None] * (column - len(row))
                    row[column - 1] = value if is_empty(row[column - 1]) else row[column - 1]
            for column, _, _, last in starts.get(line, ()):
                if column <= len(row) and not is_empty(row[column - 1]):
                    active[column] = (last, row[column - 1])
            return row

        return fill


def extras_of(archive: zipfile.ZipFile, sheet: Any) -> Extras:
    """Return the extras of a sheet that openpyxl has opened; an unreadable part has none."""
    extras = Extras()
    part = getattr(sheet, "_worksheet_path", "")
    try:
        targets = _targets(archive, part)
        for kind, attributes in _elements(archive, part):
            if kind == "f":
                extras.has_formulas = True
            elif kind == "mergeCell" and len(extras.merged) < _MAX_EXTRAS:
                extras.merged.append(range_boundaries(attributes["ref"]))  # type: ignore[arg-type]
            elif kind == "hyperlink" and len(extras.links) < _MAX_EXTRAS:
                address = targets.get(
                    next((value for name, value in attributes.items() if name.endswith(":id")), ""), ""
                )
                letters, row = coordinate_from_string(attributes["ref"].partition(":")[0])
                if address.startswith(_WEB):
                    extras.links[row, column_index_from_string(letters)] = address
    except (KeyError, ValueError, zipfile.BadZipFile):
        pass  # what is wrong with the part is told where its cells are read
    return extras


def _elements(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    has_formulas = False
    with archive.open(part) as stream:
        rest = ""
        while piece := stream.read(_PIECE):
            text = rest + piece.decode("utf-8", "replace")
            cut = max(0, len(text) - _OVERLAP) if len(piece) == _PIECE else len(text)
            end = 0
            for found in _FOUND.finditer(text):
                end = found.end()
                if found[1] != "f" or not has_formulas:
                    has_formulas = has_formulas or found[1] == "f"
                    yield found[1], dict(_ATTRIBUTE.findall(found[2]))
            rest = text[max(end, cut) :]


def _targets(archive: zipfile.ZipFile, part: str) -> Mapping[str, str]:
    """Return the addresses of the relations of a sheet."""
    folder, _, name = part.rpartition("/")
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in archive.namelist():
        return {}
    root = fromstring(archive.read(relations))
    return {element.get("Id", ""): unescape(element.get("Target", "")) for element in root}
