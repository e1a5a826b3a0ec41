"""A sheet of forty projects as a city keeps it: title rows, its own headers, a legend, merged cells, links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.styles import Font

HEADERS = (
    "Nr.", "Projekttitel (de)", "Kurz-\nbeschreibung", "Kommune", "Handlungsfeld(er)", "Stand der Umsetzung",
    "Ansprechpartner/in", "Laufzeit", "Weitere Informationen", "Kosten (in €)", "Datenstand",
)  # fmt: skip
SUBJECTS = (
    "Rufbus", "Mängelmelder", "Wärmenetz", "Stadtbäume", "Jugendzentrum", "Radweg", "Hitzeschutzplan", "Bürgerportal",
    "Solardächer", "Schulhof",
)  # fmt: skip
PLACES = ("Senftenberg", "Cottbus", "Guben", "Lübbenau/Spreewald")
Rows = list[list[Any]]


def rows() -> Rows:
    """Forty rows, some of them with something to doubt."""
    made: Rows = []
    for number in range(40):
        subject, place = SUBJECTS[number % 10], PLACES[number // 10]
        text = f"Die Stadt {place} richtet das Vorhaben {subject} ein und berichtet über die Erfahrungen."
        made.append(
            [number + 1, f"{subject} {place}", text, place, "Mobilität", "in Umsetzung", "Stabsstelle Stadtentwicklung",
             "2024–2026", f"https://stadt.example/{number}", 12_500 + number, "24.11.2026"]
        )  # fmt: skip
    made[0][4] = "Energie, Mobilität"
    made[1][4] = "Hokuspokus"
    made[2][3] = "Senftenbreg"
    made[3][5] = "Kopfstand"
    made[4][6] = "Herr N. N., Bauamt, Tel. 0 35 73 / 12 34 56"
    made[5][6] = "Klimaschutzmanagerin V. Nachname"
    made[6][8] = '=HYPERLINK("https://stadt.example/hitze","zur Seite")'
    made[7][8] = "siehe Rathaus"
    made[8][8] = "www.stadt.example/solar"
    made[9][10] = "November 2026"
    made[10][2] = "<p>Der Rufbus f&auml;hrt<br>am Abend.</p>"
    made[11][2] = None
    made[12][2] = "Die Anlage hat 200 Plätze._x000D_\nSie ist barrierefrei."
    made[13][1] = "Stadt\u00adbäume\u200b Cottbus"
    return made


def write(path: Path, table: Rows, change: Callable[[Any], None] = lambda sheet: None) -> Path:
    """Write the sheet with title rows, merged municipalities, a footnote and a legend."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Projekte"
    sheet.append(["Projektliste der Stadt"])
    sheet.merge_cells("A1:K1")
    sheet.append(["Stand: November 2026"])
    sheet.append([])
    sheet.append(list(HEADERS))
    for row in table:
        sheet.append(row)
    last = sheet.max_row
    for first in range(5, last + 1, 10):  # ten rows share a municipality, but those with a mistyped one
        if first > 5:
            sheet.merge_cells(start_row=first, end_row=min(first + 9, last), start_column=4, end_column=4)
    sheet.cell(8, 2).hyperlink = "https://stadt.example/baeume"
    sheet.cell(8, 2).font = Font(underline="single")
    sheet.append([])
    sheet.append(["* Angaben ohne Gewähr"])
    legend = book.create_sheet("Legende")
    for row in (["Farbe", "Bedeutung"], ["grün", "läuft"], ["rot", "ruht"]):
        legend.append(row)
    change(sheet)
    book.save(path)
    return path
