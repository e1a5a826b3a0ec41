from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge_base.codec import digest
from knowledge_base.ingest.compare import ChangeKind
from knowledge_base.ingest.plan import Incoming, incoming, is_settled, planned
from knowledge_base.model import RecordKind
from knowledge_base.store.imports import Bodies, Known

OLD = {"id": "p", "title": "old", "text": "old"}
NEW = {"id": "p", "title": "new", "text": "old"}
new = Incoming.of(RecordKind.PROJECT, 3, NEW)
known = Known(digest(OLD), "file", 4, edited=False, removed=False, removed_by_editor=False)


@pytest.mark.parametrize(
    ("stored", "own_only", "settled"),
    [
        (None, False, False),
        (None, True, False),
        (known, False, False),
        (replace(known, imported_digest=new.digest), False, True),
        (replace(known, imported_digest=new.digest, source="other"), False, False),
        (replace(known, imported_digest=new.digest, source="other"), True, True),
        (replace(known, source="other"), True, True),
        (replace(known, imported_digest=new.digest, removed=True), False, False),
        (replace(known, removed=True, removed_by_editor=True), False, True),
        (replace(known, imported_digest=new.digest, edited=True), False, True),
    ],
)
def test_importer_knows_which_records_need_no_change(stored: Known | None, own_only: bool, settled: bool) -> None:
    assert is_settled(new, stored, "file", own_only=own_only) is settled


def test_a_new_record_is_added() -> None:
    row = planned(new, None, None)
    assert (row.what, row.body, row.imported, row.line, row.based_on) == (ChangeKind.ADDED, NEW, None, 3, None)
    assert row.digest == row.imported_digest == digest(NEW)


def test_an_unedited_record_follows_the_import() -> None:
    row = planned(new, known, Bodies(OLD, OLD))
    assert (row.what, row.body, row.imported, row.fields, row.based_on) == (
        ChangeKind.CHANGED,
        NEW,
        None,
        ("title",),
        4,
    )


def test_an_edited_record_is_merged_and_both_versions_are_kept() -> None:
    body = OLD | {"text": "edited"}
    row = planned(new, replace(known, edited=True), Bodies(body, OLD))
    assert (row.what, row.body, row.fields) == (ChangeKind.CHANGED, NEW | {"text": "edited"}, ("title",))
    assert (row.imported, row.imported_digest, row.digest) == (NEW, digest(NEW), digest(NEW | {"text": "edited"}))
    assert incoming(row) == new


def test_change_of_an_edited_field_is_only_noted() -> None:
    row = planned(new, replace(known, edited=True), Bodies(OLD | {"title": "edited"}, OLD))
    assert (row.what, row.body["title"], row.imported, row.fields) == (ChangeKind.NOTED, "edited", NEW, ())


def test_a_record_that_an_import_removed_comes_back() -> None:
    row = planned(new, replace(known, removed=True), Bodies(OLD, OLD))
    assert (row.what, row.body, row.based_on) == (ChangeKind.ADDED, NEW, 4)
