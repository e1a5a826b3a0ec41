"""Editors see a field before they change it, and every change with its old value; nothing is cleared by oversight."""

from __future__ import annotations

import re

import pytest

from bot.features.editors.fields import topics_in
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from tests.fakes import Person
from tests.wording import says

ID = "bb-cottbus-oepnv"


async def project(store: Store, project_id: str = ID) -> Project:
    async with store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, project_id)
    assert stored is not None
    assert isinstance(stored.record, Project)
    return stored.record


@pytest.mark.parametrize("text", [f"!bearbeiten {ID} status", f"!bearbeiten {ID} status =", f"!edit {ID} Stand"])
async def test_field_without_a_value_is_shown_and_stays(known: Store, erika: Person, text: str) -> None:
    before = await project(known)
    assert before.status
    assert before.status in await erika.says(text)
    assert await project(known) == before


async def test_field_is_cleared_only_by_a_word_and_a_yes(known: Store, erika: Person) -> None:
    before = await project(known)
    asked = await erika.says(f"!bearbeiten {ID} status leeren")
    assert before.status in asked
    assert await project(known) == before
    await erika.says("nein")
    assert await project(known) == before
    await erika.says(f"!bearbeiten {ID} status leeren")
    assert says("edit.done", await erika.says("1"))
    assert (await project(known)).status == ""


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("status in Betrieb, Ausbau 2027", "in Betrieb, Ausbau 2027"),
        ("Stand: eingestellt", "eingestellt"),
        ("stan = w przygotowaniu", "w przygotowaniu"),
        ("Umsetzungsstand=beendet", "beendet"),
    ],
)
async def test_field_is_named_in_any_language_with_or_without_equals(
    known: Store, erika: Person, text: str, status: str
) -> None:
    old = (await project(known)).status
    said = await erika.says(f"!bearbeiten {ID} {text}")
    assert f"Stand: {old} → {status}" in said
    assert (await project(known)).status == status


async def test_change_is_said_with_old_and_new_value_in_the_language_of_the_chat(known: Store, erika: Person) -> None:
    await erika.says("!sprache pl")
    said = await erika.says(f"!edytuj {ID} stan = zakończony")
    assert says("edit.done", said, "pl")
    assert re.search(r"stan: .+ → zakończony", said)
    assert says("edit.no_such_field", await erika.says(f"!edytuj {ID} kolor = niebieski"), "pl")
    assert "tytuł" in erika.hears()
    assert (await project(known)).status == "zakończony"


async def test_unknown_topic_is_refused_with_the_nearest_ones(known: Store, erika: Person) -> None:
    before = await project(known)
    said = await erika.says(f"!bearbeiten {ID} themen = Mobilität, Klimaanpasung")
    assert says("edit.unknown_topic", said)
    assert "Klimaanpassung" in said
    assert await project(known) == before


async def test_unknown_place_is_asked_about(known: Store, erika: Person) -> None:
    before = await project(known)
    assert says("edit.doubt.place", await erika.says(f"!bearbeiten {ID} kommune = Atlantis"))
    assert await project(known) == before
    await erika.says("1")
    assert (await project(known)).municipality == "Atlantis"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("Herr N. N.", "edit.doubt.person"),
        ("Klimaschutzmanagerin V. Nachname", "edit.doubt.person"),
        ("Amt 61, Tel. 03573 123456", "edit.refused.contact_data"),
        ("Frau Dr. Muster, amt@stadt.example", "edit.refused.contact_data"),
    ],
)
async def test_person_in_a_public_field_is_caught(known: Store, erika: Person, value: str, key: str) -> None:
    before = await project(known)
    assert says(key, await erika.says(f"!bearbeiten {ID} zuständig = {value}"))
    assert await project(known) == before


def test_topics_are_told_apart_only_where_the_vocabulary_knows_a_part() -> None:
    assert topics_in("Energie, Mobilität") == ("Energie", "Mobilität")
    assert topics_in("Energie/Mobilität | Gesundheit") == ("Energie", "Mobilität", "Gesundheit")
    assert topics_in("Und und Oder") == ("Und und Oder",)
    assert topics_in("") == ()


async def test_address_that_editors_see_can_be_pasted_back(known: Store, erika: Person) -> None:
    url = (await project(known)).url
    said = await erika.says(f"!bearbeiten {ID} link")
    (line,) = [line for line in said.splitlines() if line.startswith("Link = ")]
    assert line == f"Link = {url}"
    await erika.says(f"!bearbeiten {ID} link = https:\u2060//\u2060cottbus.example/neu")
    assert (await project(known)).url == "https://cottbus.example/neu"
    await erika.says(f"!bearbeiten {ID} link = cottbus.example/bus")
    assert (await project(known)).url == "https://cottbus.example/bus"


async def test_number_means_a_hit_of_the_last_list_and_an_equals_sign_an_id(known: Store, erika: Person) -> None:
    await erika.says("Wer hat Mobilitätsprojekte gemacht?")
    first = erika.sees()[0].removeprefix("show ")
    assert first in await erika.says("!bearbeiten 1")
    assert ID in await erika.says(f"!bearbeiten ={ID}")
    assert says("edit.not_found", await erika.says("!bearbeiten =1"))
