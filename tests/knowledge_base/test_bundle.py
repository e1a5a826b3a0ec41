"""The bundled knowledge is valid and consistent, has sources and licences, and names no persons."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from knowledge_base import bundle
from knowledge_base.ingest.bundle import shipped_rows
from knowledge_base.ingest.row import RowError
from knowledge_base.ingest.validation import ValidRecord, validate
from knowledge_base.model import TRANSLATED, Event, Municipality, Project
from knowledge_base.vocabulary import bundled, fold

DATA = os.environ.get("STADTLOTSE_TEST_DATA")
NO_ROUND = {"keine (Bewerberin)", "Land"}  # what the records of an applicant, and of money from a state, say
OFFICE_AND_NAME = re.compile(
    r"\b(?:Herr|Frau|Dr\.|Prof\.|(?:Ober)?[Bb]ürgermeister(?:in)?|Staatssekretär(?:in)?|Minister(?:in)?)"
    r"\s+(?:(?:Dr|Prof)\.\s+)*[A-ZÄÖÜ][a-zäöüß]+\s+[A-ZÄÖÜ][a-zäöüß]+"
)
AGS = re.compile(r"\d{2}|\d{5}|\d{8}")
TERYT = re.compile(r"PL-(?:\d{2}|\d{7})")

Kind = TypeVar("Kind", Project, Municipality, Event)


@cache
def checked() -> tuple[tuple[str, ValidRecord], ...]:
    return tuple(_checked())


def _checked() -> Iterator[tuple[str, ValidRecord]]:
    for row in shipped_rows():
        assert not isinstance(row, RowError), row
        record = validate(row)
        assert isinstance(record, ValidRecord), record
        yield Path(row.file).name, record


def records(kind: type[Kind]) -> list[Kind]:
    return [record.record for _, record in checked() if isinstance(record.record, kind)]


@cache
def municipality_of_name() -> dict[str, str]:
    """Folded name -> id; a town before the state of the same name."""
    towns_last = sorted(records(Municipality), key=lambda result: result.kind != "Land")
    return {fold(name): result.id for result in towns_last for name in (result.name, *result.names)}


def test_every_line_is_valid_and_holds_no_contact_data() -> None:
    assert len(checked()) > 670
    assert [(name, record.line, record.masked) for name, record in checked() if record.masked] == []


def test_record_ids_of_the_bundle_are_unique() -> None:
    counts = Counter(record.record.id for _, record in checked())
    assert [record_id for record_id, count in counts.items() if count > 1] == []


def test_bundle_has_as_many_projects_as_its_sources() -> None:
    files = Counter(name for name, _ in checked())
    assert files["projects.jsonl"] == 36
    assert files["model_projects.jsonl"] == 73
    assert files["projects_germany.jsonl"] == 301
    rounds = Counter(
        record.record.funding_round
        for name, record in checked()
        if name == "model_projects.jsonl" and isinstance(record.record, Project)
    )
    assert rounds == {
        funding_round.name: funding_round.projects for funding_round in bundled().rounds if funding_round.projects
    }


@pytest.mark.parametrize("kind", [Project, Municipality, Event])
def test_every_record_has_a_source_and_a_licence(kind: type[Project]) -> None:  # or one of the other kinds
    assert records(kind)
    assert [record.id for record in records(kind) if not record.sources or not record.licence] == []


def test_bundle_names_no_office_holders() -> None:
    paths = [*bundle.files(), *bundle.joined_files().values()]
    texts = [json.dumps(json.loads(line), ensure_ascii=False) for path in paths for line in _lines(path)]
    assert [text for text in texts if OFFICE_AND_NAME.search(text)] == []
    assert OFFICE_AND_NAME.search("Oberbürgermeister Dr. Max Muster")  # the pattern finds what it is for


def test_every_project_and_event_names_known_municipalities() -> None:
    known = municipality_of_name()
    placed: list[Project | Event] = [*records(Project), *records(Event)]
    for record in placed:
        names = _members(record)
        assert [name for name in names if fold(name) not in known] == [], record.id
        if len(names) > 1:
            assert record.municipality.split(" / ") == names, record.id
    assert any(len(_members(record)) > 4 for record in records(Project))


def test_every_funding_round_of_a_project_is_known() -> None:
    rounds = {record.funding_round for record in records(Project)} - NO_ROUND - {""}
    assert (
        sorted(
            name for name in rounds if (funding_round := bundled().round_of(name)) is None or funding_round.name != name
        )
        == []
    )


def test_neighbours_of_municipalities_are_known_and_mutual() -> None:
    neighbours = {record.id: set(record.neighbours) for record in records(Municipality)}
    pairs = [(here, there) for here, others in neighbours.items() for there in others]
    assert len(pairs) > 100
    assert [pair for pair in pairs if pair[0] not in neighbours.get(pair[1], ())] == []
    assert [here for here, others in neighbours.items() if here in others] == []


def test_municipality_ids_are_official_or_carry_an_explanation() -> None:
    for record in records(Municipality):
        official = (TERYT if record.country == "PL" else AGS).fullmatch(record.id)
        assert official or record.extra.get("id_note"), record.id
        if district := record.extra.get("district"):
            assert record.id.startswith(district), record.id


def test_a_name_belongs_to_one_municipality() -> None:
    owners: dict[str, set[str]] = {}
    for record in records(Municipality):
        for name in (record.name, *record.names):
            owners.setdefault(fold(name), set()).add(record.id)
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Chóśebuz", "12052000"), ("Chociebużu", "12052000"), ("Poczdamie", "12054000"), ("Słubice", "PL-0805053"),
        ("Gubinie", "PL-0802011"), ("FFO", "12053000"), ("Frankfurcie nad Odrą", "12053000"), ("Monachium", "09162000"),
        ("Cologne", "05315000"), ("Wiesenburg", "12069665"), ("Grodk", "12071372"), ("Brandenburgii", "12"),
    ],
)  # fmt: skip
def test_municipalities_are_found_in_other_languages_and_cases(name: str, key: str) -> None:
    assert municipality_of_name()[fold(name)] == key


def test_bundle_covers_the_region_and_every_town_has_coordinates() -> None:
    found = {record.id: record for record in records(Municipality)}
    assert sum(record.kind == "Land" for record in found.values()) == 16
    assert sum(record.kind == "Landkreis" and record.state == "Brandenburg" for record in found.values()) == 14
    assert {"12051000", "12052000", "12053000", "12054000", "11000000"} <= found.keys()
    towns = [record for record in found.values() if len(record.id) in (8, 10)]
    assert [record.id for record in towns if record.latitude is None or record.longitude is None] == []
    german = [record for record in towns if record.country == "DE"]
    assert all(47 < (record.latitude or 0) < 55.1 and 5.8 < (record.longitude or 0) < 15.1 for record in german)
    assert all(record.population is None or record.population > 1000 for record in found.values())


def test_linked_duplicates_and_related_projects_exist() -> None:
    ids = {record.id for record in records(Project)}
    same = {record.id: record.extra["same_as"] for record in records(Project) if "same_as" in record.extra}
    assert {key: same[key] for key in ("mpsc-04", "mpsc-39")} == {"mpsc-04": "bb-cottbus", "mpsc-39": "verbund-cut"}
    assert len(set(same.values())) == len(same)
    assert len(same) == 25
    related = {project for event in records(Event) for project in event.extra.get("projects", [])}
    assert set(same.values()) | related <= ids


def test_a_model_project_is_the_same_as_a_fuller_record_of_its_place_and_round() -> None:
    by_id = {record.id: record for record in records(Project)}
    for thin in records(Project):
        if full := by_id.get(thin.extra.get("same_as", "")):
            assert len(full.text) > len(thin.text), thin.id
            assert full.funding_round in (thin.funding_round, ""), thin.id
            assert {*map(fold, _members(thin))} <= {*map(fold, _members(full))} | {"cottbus chosebuz"}, thin.id


def test_every_project_with_a_text_of_its_own_has_translations_and_questions() -> None:
    told = {record.record.id for name, record in checked() if name != "model_projects.jsonl"} & {
        record.id for record in records(Project)
    }
    for field in ("translations", "asked_as"):
        assert {record.id for record in records(Project) if getattr(record, field)} == told
    assert all(set(record.translations) == {"en", "pl"} for record in records(Project) if record.translations)
    assert sum(len(questions) for record in records(Project) for questions in record.asked_as.values()) > 2_700


def test_translation_has_exactly_the_fields_of_its_original() -> None:
    for record in records(Project):
        filled = {name for name in TRANSLATED if getattr(record, name)}
        assert all(set(texts) == filled for texts in record.translations.values()), record.id


@pytest.mark.parametrize("field", [bundle.TRANSLATIONS, bundle.ASKED_AS])
def test_every_translation_and_question_belongs_to_a_record(field: str) -> None:
    ids = [json.loads(line)["id"] for line in _lines(bundle.joined_files()[field])]
    assert len(set(ids)) == len(ids)
    assert sorted(set(ids) - {record.id for record in records(Project)}) == []


def test_bundle_contains_the_first_exchange_meeting_as_an_event() -> None:
    event = next(record for record in records(Event) if record.start == "2021-08-30")
    assert "Modellprojekte" in event.title
    assert len(event.extra["participants"]) == 7


def test_digest_changes_when_a_bundle_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bundle.digest()
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert bundle.digest() == first
    joined = bundle.joined_files().values()
    for path in (*bundle.files(), *joined, bundle.TOPICS, bundle.FUNDING_ROUNDS, bundle.STATUSES):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(bundle, "FOLDER", tmp_path)
    assert bundle.digest() == first
    seen = {first}
    for name in ("events.jsonl", *(path.name for path in joined)):
        (tmp_path / name).write_text("", encoding="utf-8")
        seen.add(bundle.digest())
    assert len(seen) == 4


@pytest.mark.skipif(not DATA, reason="STADTLOTSE_TEST_DATA is not set")
def test_projects_equal_those_of_the_source_in_every_field() -> None:
    def rows(path: Path) -> dict[str, dict[str, object]]:
        return {row["id"]: row for row in map(json.loads, _lines(path))}

    theirs = rows(Path(DATA or "", "knowledge", "berlin_brandenburg_projects.jsonl"))
    ours = rows(bundle.FOLDER / "projects.jsonl")
    assert {key: {k: v for k, v in row.items() if k != "members"} for key, row in ours.items()} == theirs
    germany = Path(DATA or "", "knowledge", "projects_germany.jsonl")
    assert rows(bundle.FOLDER / "projects_germany.jsonl") == rows(germany)
    listed = rows(Path(DATA or "", "knowledge", "model_projects_73.jsonl"))
    assert rows(bundle.FOLDER / "model_projects.jsonl").keys() == listed.keys()


def _members(record: Project | Event) -> list[str]:
    members = record.members if isinstance(record, Project) else record.extra.get("members", ())
    return list(members or filter(None, [record.municipality]))


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
