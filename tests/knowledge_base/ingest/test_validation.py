from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.codec import TYPES, from_body, kind_of, to_body
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.ingest.validation import FIELDS, REQUIRED, ValidRecord, validate
from knowledge_base.model import Contact, Event, Municipality, Project, RecordKind
from tests.knowledge_base.ingest.examples import contact, project


def checked(values: dict[str, Any]) -> ValidRecord:
    result = validate(Row("a.csv", 7, values))
    assert isinstance(result, ValidRecord), result
    return result


def errors(values: dict[str, Any]) -> dict[str, RowError]:
    result = validate(Row("a.csv", 7, values))
    assert isinstance(result, list), result
    assert all((error.file, error.line) == ("a.csv", 7) for error in result)
    return {error.field: error for error in result}


@pytest.mark.parametrize("kind", RecordKind)
def test_validation_rules_cover_every_field_of_the_model(kind: RecordKind) -> None:
    assert {field.name for field in fields(TYPES[kind])} == {*FIELDS[kind], "extra"}
    assert set(REQUIRED[kind]) <= set(FIELDS[kind])


def test_project_row_is_read_into_a_project() -> None:
    record = checked(project(topics="Mobilität; Klima", lang="DE", period=2019, url="", sources=["https://x.example"]))
    assert record.record == Project(
        id="p1", title="Projekt 1", text="Ein Text über Nummer 1.", topics=("Mobilität", "Klima"), period="2019",
        sources=("https://x.example",),
    )  # fmt: skip
    assert record.line == 7


def test_municipality_contact_and_event_rows_are_read_into_records() -> None:
    town = {"record": "municipality", "id": 12054000, "name": "Potsdam", "population": "187310", "latitude": 52.4}
    assert checked(town).record == Municipality(id="12054000", name="Potsdam", population=187310, latitude=52.4)
    role = Contact(
        id="c1", role="Leitstelle Mobilität", legal_basis="public function", email="leitstelle@stadt.example"
    )
    assert checked(contact()).record == role
    meeting = {"record": "Event", "id": "e1", "title": "Treffen", "start": "24.11.2026", "end": "2026-11-25"}
    assert checked(meeting).record == Event(id="e1", title="Treffen", start="2026-11-24", end="2026-11-25")


@pytest.mark.parametrize("kind", RecordKind)
def test_missing_required_fields_are_refused(kind: RecordKind) -> None:
    result = errors({"record": kind.value, "licence": "CC0-1.0"})
    assert set(result) == set(REQUIRED[kind])
    assert all(error.reason == "It is missing." for error in result.values())


@pytest.mark.parametrize("empty", [None, "", " ", "\n"])
def test_an_empty_required_field_is_missing(empty: str | None) -> None:
    assert set(errors(project(title=empty))) == {"title"}


def test_validation_reports_all_errors_of_a_row_at_once() -> None:
    result = errors(project(id="a\nb", url="ftp://x", lang="deutsch", text=None, note=float("nan")))
    assert set(result) == {"id", "url", "lang", "text", "note"}


def test_unknown_kind_of_record_is_refused() -> None:
    assert "not a kind of record" in errors({"record": "person", "id": "x"})["record"].reason
    assert "record" in errors({"record": ["project"], "id": "x"})


def test_event_that_ends_before_its_start_is_refused() -> None:
    result = errors({"record": "event", "id": "e", "title": "t", "start": "2026-11-24", "end": "2026-11-23T10:00"})
    assert "before the start" in result["end"].reason


def test_unknown_fields_are_kept_as_extra_fields() -> None:
    record = checked(project(year="2011", extra={"commit": "b2f605e", "n": [1, None]}, nothing=None))
    assert record.record.extra == {"year": "2011", "commit": "b2f605e", "n": [1, None]}
    assert record.unknown == ("year",)
    assert "not an object" in errors(project(extra="x"))["extra"].reason


LANGUAGES: dict[str, Any] = {
    "translations": {"en": {"title": " Bus ", "text": "Two\r\nlines", "status": None}, "pl": {"funding": ""}},
    "asked_as": {"de": ["Wie nach Hause?", "Wie nach Hause?", ""], "pl": "Czym?|Kiedy?", "en": None},
}


def test_translations_questions_members_and_dates_are_read() -> None:
    record = checked(project(members=["Cottbus", "Guben"], as_of="31.03.2026", checked="2026-11-02T10:00", **LANGUAGES))
    assert record.record == Project(
        id="p1", title="Projekt 1", text="Ein Text über Nummer 1.", members=("Cottbus", "Guben"),
        translations={"en": {"title": "Bus", "text": "Two\nlines"}},
        asked_as={"de": ("Wie nach Hause?",), "pl": ("Czym?", "Kiedy?")}, as_of="2026-03-31", checked="2026-11-02",
    )  # fmt: skip
    assert record.unknown == ()


def test_columns_of_a_language_join_the_mappings() -> None:
    columns: dict[str, Any] = {
        "title_en": "Bus",
        "status_pl": "działa",
        "asked_as_de": "Wie?|Wo?",
        "members": "Cottbus|Guben",
    }
    record = checked(project(**columns, translations={"en": {"text": "A text"}})).record
    assert isinstance(record, Project)
    assert record.translations == {"en": {"text": "A text", "title": "Bus"}, "pl": {"status": "działa"}}
    assert (record.asked_as, record.members) == ({"de": ("Wie?", "Wo?")}, ("Cottbus", "Guben"))


def test_columns_of_other_fields_languages_and_kinds_are_extra_fields() -> None:
    assert checked(project(title_fr="x", url_en="y")).unknown == ("title_fr", "url_en")
    assert checked({"record": "event", "id": "e", "title": "t", "title_en": "x"}).unknown == ("title_en",)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("translations", {"fr": {"title": "x"}}, "'fr'"),
        ("translations", {"en": {"titel": "x"}}, "'titel'"),
        ("translations", {"en": "x"}, "en is no mapping"),
        ("translations", ["en"], "no mapping of languages"),
        ("translations", {"en": {"title": ["x"]}}, "en.title: It is a list"),
        ("asked_as", {"ru": ["x"]}, "'ru'"),
        ("asked_as", {"de": {"a": 1}}, "de: It is an object"),
        ("asked_as", "Wie?", "no mapping of languages"),
        ("as_of", "Herbst 2026", "'Herbst 2026' is not a date"),
        ("checked", "2026-02-30", "'2026-02-30' is not a date"),
        ("members", {"a": 1}, "an object"),
    ],
)
def test_wrong_translation_question_or_date_is_refused_with_its_place(field: str, value: object, named: str) -> None:
    assert named in errors(project() | {field: value})[field].reason


def test_contact_data_in_translations_and_questions_is_masked() -> None:
    mail = "leitstelle@stadt.example"
    record = checked(project(text_en=f"More from {mail}.", asked_as_pl=f"Kto to {mail}?", members=[mail]))
    assert record.masked == ("asked_as", "members", "translations")
    assert mail not in str(record.record)


def test_members_that_an_earlier_version_kept_as_extra_become_the_field() -> None:
    record = checked(project(extra={"members": ["Cottbus", "Guben"], "note": "x"})).record
    assert isinstance(record, Project)
    assert (record.members, record.extra) == (("Cottbus", "Guben"), {"note": "x"})


def test_row_with_more_than_200_fields_is_refused() -> None:
    assert "more than 200 fields" in errors(project(**{f"x{n}": 1 for n in range(300)}))[""].reason


def test_contact_data_in_texts_is_masked_and_reported() -> None:
    mail = "leitstelle@stadt.example"
    record = checked(
        project(text=f"Mehr bei {mail}.", topics=["Rad", mail], year={"a": [mail]}, url="https://x.example/a@b")
    )
    assert isinstance(record.record, Project)
    assert record.masked == ("extra", "text", "topics")
    assert mail not in str(record.record)
    assert record.record.text == "Mehr bei [e-mail]."
    assert record.record.url == "https://x.example/a@b"


def test_contact_data_of_contacts_is_not_masked() -> None:
    record = checked(contact(phone="+49 331 289-0"))
    assert (record.masked, getattr(record.record, "phone")) == ((), "+49 331 289-0")  # noqa: B009


def test_reasons_never_repeat_contact_data() -> None:
    result = errors(contact(email="leitstelle at stadt", phone="ruf mich an", matrix_id="leitstelle:stadt"))
    assert set(result) == {"email", "phone", "matrix_id"}
    assert not any(secret in str(error) for error in result.values() for secret in ("leitstelle", "ruf mich"))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)


@given(
    st.dictionaries(
        st.sampled_from(sorted({"record", "extra", "x", "title_en", "asked_as_de", *FIELDS[RecordKind.PROJECT]})),
        anything,
    )
)
def test_any_row_is_accepted_or_refused_with_reasons(values: dict[str, Any]) -> None:
    result = validate(Row("a", 1, values))
    if isinstance(result, ValidRecord):
        body = to_body(result.record)
        assert from_body(kind_of(result.record), body) == result.record
        assert checked({"record": kind_of(result.record).value} | body).record == result.record  # export, then import
    else:
        assert result
        assert all(str(error) for error in result)
