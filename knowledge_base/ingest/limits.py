"""Bounds of an import, each with its reason: no file, however made, may exhaust the machine.

All figures count characters unless the name says bytes. They are far above what municipal data needs and far below what
hurts a small server.
"""

from __future__ import annotations

MAX_FILE_BYTES = 4 * 1024**3  # one million records of 4 kB; this bounds time; MAX_RECORD bounds memory
MAX_ROWS = 1_000_000  # ten times the 100,000 projects that the embedded database is made for
MAX_RECORD = 1_000_000  # one CSV row, JSON line or array element, or YAML record: ten longest texts
MAX_FIELDS = 200  # fields of one record: the widest kind has 19
MAX_DEPTH = 8  # lists and mappings inside each other; known fields need 2, the rest is for ``extra``
MAX_CELL = 131_072  # one CSV or XLSX cell: the csv module's own bound

MAX_ID = 200  # fits a button's payload and an index key
MAX_LINE = 1_000  # a title, a role, a place: what is shown on one line
MAX_TEXT = 100_000  # the length that every embedder accepts
MAX_URL = 2_000  # the length that browsers and messengers accept
MAX_LIST = 1_000  # topics, sources, other names, projects of one record

MAX_ERRORS = 100  # row errors that are listed; the others are counted

MAX_SHEETS = 50
MAX_XLSX_ROWS = 1_048_576  # the format's bound: openpyxl would follow any larger row number
MAX_ZIP_ENTRIES = 1_000  # an XLSX workbook has about ten parts
MAX_ZIP_BYTES = 256 * 1024**2  # unpacked; strings of a workbook are held in memory, larger data belongs in JSONL
MAX_ZIP_RATIO = 200  # unpacked to packed, of one part; real sheets reach about 40
ZIP_RATIO_FROM_BYTES = 1024**2  # smaller parts are harmless at any ratio
