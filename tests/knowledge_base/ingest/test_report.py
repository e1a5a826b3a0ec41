from __future__ import annotations

from knowledge_base.codec import digest
from knowledge_base.ingest.compare import ChangeKind
from knowledge_base.ingest.plan import Incoming, planned
from knowledge_base.ingest.report import MAX_CHANGES, Collector
from knowledge_base.ingest.row import RowError
from knowledge_base.model import RecordKind
from knowledge_base.store.imports import Bodies, Known
from tests.knowledge_base.ingest.examples import project


def test_report_lists_a_limited_number_of_changes_and_counts_all() -> None:
    collector = Collector("a.csv", "a.csv", dry_run=True)
    for number in range(3 * MAX_CHANGES):
        old = project(number)
        known = Known(digest(old), "a.csv", 1, edited=False, removed=False, removed_by_editor=False)
        new = Incoming.of(RecordKind.PROJECT, number, project(number, title="Neu"))
        collector.change(planned(new, known, Bodies(old, old)), Bodies(old, old))
    report = collector.report()
    assert (len(report.changes), report.counts[ChangeKind.CHANGED]) == (MAX_CHANGES, 3 * MAX_CHANGES)
    assert report.fields == {"title": 3 * MAX_CHANGES}


def test_row_error_names_its_line_field_and_remedy() -> None:
    assert str(RowError("a.csv", 3, "url", "It is none.", "Write one.")) == (
        "a.csv, line 3: field url: It is none. Write one."
    )
    assert str(RowError("a.csv", 0, "", "It is empty.")) == "a.csv: It is empty."
