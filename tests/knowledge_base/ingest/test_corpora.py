"""The importer accepts open data as it is published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from knowledge_base.ingest.compare import ChangeKind
from knowledge_base.ingest.importer import import_files
from knowledge_base.store.database import Store

DATA = os.environ.get("STADTLOTSE_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="STADTLOTSE_TEST_DATA names no folder")


async def test_published_open_data_is_imported_without_errors(store: Store) -> None:
    files = [Path(DATA, "corpora"), Path(DATA, "knowledge", "berlin_brandenburg_projects.jsonl")]
    reports = await import_files(store, files)
    assert [(report.file, report.errors) for report in reports if not report.ok] == []
    assert sum(report.counts[ChangeKind.ADDED] for report in reports) == sum(report.rows for report in reports) >= 366
    again = await import_files(store, files)
    assert [report.unchanged for report in again] == [report.rows for report in reports]
