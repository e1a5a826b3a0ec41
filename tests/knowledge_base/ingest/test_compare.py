from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.compare import FieldChange, changed_fields, field_changes, merged
from knowledge_base.model import RecordKind

bodies = st.dictionaries(st.sampled_from("abcde"), st.sampled_from(["x", "y", ["z"], 1]))


def test_changed_fields_lists_the_names_of_changed_values() -> None:
    assert changed_fields({"a": 1, "b": [1], "c": None}, {"a": 2, "b": [1], "d": ""}) == ("a", "c", "d")


def test_merge_keeps_edited_fields_and_updates_the_others() -> None:
    imported = {"id": "p", "title": "old", "text": "old", "url": "u", "kind": "k"}
    body = {"id": "p", "title": "edited", "text": "old", "kind": "k", "status": "edited"}  # the url was taken out
    new = {"id": "p", "title": "new", "text": "new", "url": "new", "funding": "new"}
    assert merged(imported, body, new) == {
        "id": "p", "title": "edited", "text": "new", "status": "edited", "funding": "new",
    }  # fmt: skip


def test_merge_keeps_every_field_of_a_record_that_an_editor_wrote() -> None:
    assert merged(None, {"id": "p", "title": "e"}, {"id": "p", "title": "n", "text": "t"}) == {
        "id": "p", "title": "e", "text": "t",
    }  # fmt: skip


@given(bodies, bodies, bodies)
def test_merge_takes_edited_fields_from_the_editor_and_others_from_the_import(
    imported: dict[str, Any], body: dict[str, Any], new: dict[str, Any]
) -> None:
    result = merged(imported, body, new)
    edited = set(changed_fields(imported, body))
    for name in "abcde":
        side = body if name in edited else new
        assert (name in result, result.get(name)) == (name in side, side.get(name))
    assert merged(imported, imported, new) == new
    assert merged(imported, body, imported) == body
    assert changed_fields(new, result) == tuple(sorted(set(changed_fields(new, body)) & edited))


def test_field_changes_are_shortened_for_display() -> None:
    old, new = {"title": "a\nb", "topics": ["x", "y"]}, {"title": "c" * 100, "topics": ["x"], "url": "u"}
    assert field_changes(RecordKind.PROJECT, old, new) == (
        FieldChange("title", "a b", "c" * 59 + "…"),
        FieldChange("topics", "x; y", "x"),
        FieldChange("url", "", "u"),
    )


def test_field_changes_hide_personal_data_of_contacts() -> None:
    old, new = {"email": "a@stadt.example", "role": "x"}, {"email": "b@stadt.example", "role": "y", "phone": "123456"}
    shown = field_changes(RecordKind.CONTACT, old, new)
    assert shown == (FieldChange("email", "•••", "•••"), FieldChange("phone", "", "•••"), FieldChange("role", "x", "y"))
