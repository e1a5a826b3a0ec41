"""Single cells of tables: what a spreadsheet writes around a value, and how a value is read out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

Cell = Any  # a JSON value, a Linked text, or a Bad cell


@dataclass(frozen=True, slots=True)
class Bad:
    """A cell that holds no value which can be taken."""

    reason: str
    remedy: str = "Paste plain values (paste special)."


class Linked(str):
    """The words of a cell that lead to a web address."""

    __slots__ = ("address",)
    address: str

    def __new__(cls, label: str, address: str) -> Self:
        text = super().__new__(cls, label or address)
        text.address = address
        return text


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PROTECTED = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_HYPERLINK = re.compile(r'\s*=?\s*HYPERLINK\(\s*"((?:[^"]|"")*)"\s*(?:[;,]\s*"((?:[^"]|"")*)"\s*)?\)\s*', re.IGNORECASE)
_CURRENCY = re.compile(r"€|\beuro?\b|zł|\bpln\b")
_ISO_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]00:00(?::00)?)?")


def is_empty(cell: Cell) -> bool:
    """Return whether a cell holds nothing, or white space only."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def unescaped(text: str) -> str:
    """Return the text of a workbook with the format's escapes (``_x000D_``) as the characters that they stand for."""
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] != "0000" else " ", text)
    plain = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # joins halves of a character
    return plain.replace("\r\n", "\n").replace("\r", "\n")


def formula(text: str) -> str | None:
    """Return the constant that a formula stands for (``="…"``, HYPERLINK), or ``None``."""
    if protected := _PROTECTED.fullmatch(text.strip()):
        return protected[1].replace('""', '"')
    if link := _HYPERLINK.fullmatch(text):
        address, label = link[1].replace('""', '"'), (link[2] or "").replace('""', '"')
        return Linked(label, address) if address.startswith(("http://", "https://")) else label or address
    return None


def day(value: str) -> str:
    """Return an ISO date as people write it in a period; other words as they are."""
    return f"{iso[3]}.{iso[2]}.{iso[1]}" if (iso := _ISO_DAY.fullmatch(value.strip())) else value.strip()


def amount(cell: Cell, column: str) -> Cell:
    """Return a sum of money with the currency that the name of its column holds; words as they are."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    number = f"{cell:,.2f}".removesuffix(".00").translate(str.maketrans(",.", ".,"))
    unit = _CURRENCY.search(column)
    return f"{number} {'zł' if unit[0] in ('zł', 'pln') else '€'}" if unit else number
