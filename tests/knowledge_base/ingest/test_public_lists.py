"""Lists of projects as public authorities publish them: all that hold a title and a text go in, no column renamed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from knowledge_base.ingest.importer import Options, import_files
from knowledge_base.store.database import Store

DATA = os.environ.get("STADTLOTSE_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="STADTLOTSE_TEST_DATA names no folder")
LISTS = sorted(path for path in Path(DATA, "corpora", "lists").glob("*") if path.suffix != ".txt")
WITHOUT_A_TEXT = ("01", "05", "06", "17", "19", "20")  # title and sums only


async def test_every_list_with_title_and_text_is_imported_and_each_other_is_one_error(store: Store) -> None:
    reports = await import_files(store, LISTS, options=Options(dry_run=True))
    refused = [Path(report.file).name[:2] for report in reports if not report.ok]
    assert tuple(refused) == WITHOUT_A_TEXT
    errors = [error for report in reports for error in report.errors]
    assert len(errors) == len(refused)
    assert all("No column for text" in error.reason for error in errors)
    assert sum(report.rows for report in reports if report.ok) >= 2_500
    assert max(len(report.warnings) for report in reports) <= 210
