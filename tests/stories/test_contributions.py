"""Users say that a record is wrong or a project is missing; editors decide, and the author hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from tests.fakes import Person, settled
from tests.introducing import Networks, networks
from tests.open_questions import EDITOR_ADDRESS
from tests.wording import says

RECORD = "bb-cottbus"
BUS = "Wir haben seit 2024 einen Bürgerbus, der drei Dörfer verbindet, Herr N. N., Tel. 03366 123456"


@pytest.fixture
async def town(store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(store, tmp_path, editors=f"{EDITOR_ADDRESS},telegram:77") as town:
        yield town


async def record(store: Store, record_id: str = RECORD) -> Project | None:
    async with store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, record_id)
    assert stored is None or isinstance(stored.record, Project)
    return stored.record if stored else None


async def heard(town: Networks, person: Person) -> str:
    await settled(town.bot)
    return town.told(person.channel, person.conversation)[-1]


async def reports(town: Networks, asker: Person) -> None:
    """Report a record as outdated, with its new status, and send it."""
    await asker.says(f"!zeige {RECORD}")
    await asker.says("!melden Das ist leider veraltet, das Projekt ist beendet")
    await asker.says("2")  # the status
    shown = await asker.says("beendet")
    assert says("report.wrong", shown)
    assert "Digitale Stadt Cottbus" in shown
    assert says("report.sent", await asker.says("1"))


async def test_report_of_a_wrong_record_is_accepted_by_an_editor_and_its_author_told(
    town: Networks, asker: Person, editor: Person
) -> None:
    await editor.says("!start")
    before = await record(town.store)
    await reports(town, asker)
    assert says("report.asked_wrong", await heard(town, editor))
    listed = await editor.says("!vorschlaege")
    assert "veraltet" in listed
    assert asker.name not in listed
    shown = await editor.says("!vorschlaege 1")
    assert RECORD in shown
    assert "→ beendet" in shown
    assert says("candidates.sure", await editor.says("1"))
    assert await record(town.store) == before
    assert says("candidates.accepted", await editor.says("ja"))
    after = await record(town.store)
    assert after
    assert after.status == "beendet"
    assert says("report.taken", await heard(town, asker))
    assert "→ beendet" in await editor.says(f"!verlauf {RECORD}")
    assert says("candidates.none", await editor.says("!vorschlaege"))


async def test_report_is_declined_with_a_reason_that_its_author_reads(
    town: Networks, asker: Person, editor: Person
) -> None:
    before = await record(town.store)
    await reports(town, asker)
    assert says("candidates.ask_reason", await editor.says("!vorschlaege ablehnen 1"))
    assert says("candidates.declined", await editor.says("Laut Stadt läuft es bis 2027 weiter."))
    told = await heard(town, asker)
    assert says("report.rejected", told)
    assert "läuft es bis 2027" in told
    assert editor.name not in told
    assert await record(town.store) == before
    assert says("candidates.no_such", await editor.says("!vorschlaege annehmen 1"))


async def test_proposed_project_becomes_an_entry_without_the_names_of_people(
    town: Networks, asker: Person, editor: Person
) -> None:
    assert says("report.ask_what_new", await asker.says("!vorschlagen Ich habe ein Projekt"))
    assert says("report.ask_where", await asker.says(BUS))
    assert says("report.ask_status", await asker.says("Beeskow"))
    assert says("report.ask_link", await asker.says("in Betrieb"))
    assert says("edit.refused.no_url", await asker.says("weiß nicht genau"))
    shown = await asker.says("https://beeskow.example/buergerbus")
    assert says("report.new", shown)
    assert "Bürgerbus" in shown
    assert "N. N." not in shown
    assert "123456" not in shown
    assert says("report.sent", await asker.says("ja, gern"))
    await editor.says("!vorschlaege 1")
    assert says("entry.ask_title", await editor.says("1"))
    preview = await editor.says("Bürgerbus Beeskow")
    assert says("entry.preview", preview)
    for part in ("Beeskow", "in Betrieb", "https://beeskow.example/buergerbus", "drei Dörfer"):
        assert part in preview
    assert await record(town.store, "beeskow-buergerbus-beeskow") is None
    assert says("entry.done", await editor.says("1"))
    assert await record(town.store, "beeskow-buergerbus-beeskow")
    told = await heard(town, asker)
    assert says("report.taken", told)
    assert "Bürgerbus Beeskow" in told


async def test_contribution_can_be_cancelled_at_any_step_and_leaves_nothing(
    town: Networks, asker: Person, editor: Person
) -> None:
    await asker.says(f"!vorschlagen {BUS}")
    assert says("report.cancelled", await asker.says("abbrechen"))
    assert says("report.no_draft", await asker.says("!vorschlagen =status läuft"))
    await asker.says(f"!melden {BUS}")
    assert says("declined.report", await asker.says("nein"))
    assert says("candidates.none", await editor.says("!vorschlaege"))
    town.store.now.advance(days=3)  # type: ignore[attr-defined]
    async with town.store.begin() as tx:
        assert await tx.contributions.forget(timedelta(days=180)) == 1


async def test_parts_can_be_skipped_and_a_question_in_between_is_answered(town: Networks, asker: Person) -> None:
    await asker.says(f"!vorschlagen {BUS}")
    assert "Digitale Stadt Cottbus" in await asker.says("Wer hat Mobilitätsprojekte gemacht?")
    assert says("report.ask_where", await asker.says("!vorschlagen"))
    await asker.says("1")
    await asker.says("keine Ahnung")
    assert says("report.new", await asker.says("Überspringen"))


async def test_contribution_is_in_the_own_data_and_gone_when_they_are_deleted(
    town: Networks, asker: Person, editor: Person
) -> None:
    await reports(town, asker)
    assert "veraltet" in await asker.says("!meinedaten")
    await asker.says("!loeschen ja")
    assert says("candidates.none", await editor.says("!vorschlaege"))


async def test_author_can_withdraw_a_contribution_and_no_other_user_can(
    town: Networks, asker: Person, colleague: Person, editor: Person
) -> None:
    await reports(town, asker)
    assert says("report.no_such", await colleague.says("!vorschlagen zurueckziehen 1"))
    assert says("report.withdrawn", await asker.says("!vorschlagen zurueckziehen 1"))
    assert says("candidates.none", await editor.says("!vorschlaege"))


async def test_contributions_are_deleted_after_their_period(town: Networks, asker: Person) -> None:
    await reports(town, asker)
    town.store.now.advance(days=181)  # type: ignore[attr-defined]
    async with town.store.begin() as tx:
        assert await tx.contributions.forget(timedelta(days=180)) == 1


async def test_editor_on_telegram_reads_a_contribution_by_link_and_decides_elsewhere(
    town: Networks, asker: Person
) -> None:
    await reports(town, asker)
    editor = town.telegram.person("77")
    shown = await editor.says("!vorschlaege 1")
    assert says("candidates.as_link", shown)
    assert "veraltet" not in shown
    assert says("candidates.elsewhere_only", await editor.says("!vorschlaege annehmen 1"))


@pytest.mark.parametrize("text", ["!vorschlaege", "!vorschlaege 1", "!vorschlaege annehmen 1", "!neu"])
async def test_only_editors_see_and_decide_contributions(town: Networks, asker: Person, text: str) -> None:
    await reports(town, asker)
    assert says("editors_only", await asker.says(text))


async def test_editor_writes_an_entry_that_nobody_asked_for(town: Networks, editor: Person) -> None:
    assert says("entry.ask_title", await editor.says("!neu"))
    assert says("entry.ask_municipality", await editor.says("Radstation am Bahnhof"))
    assert says("entry.ask_text", await editor.says("Cottbus"))
    shown = await editor.says("Eine Radstation mit 200 Plätzen und Werkstatt.")
    assert says("entry.preview", shown)
    number = editor.sees()[0].split()[1]
    assert "Mobilität" in await editor.says(f"!neu {number} Themen = Mobilität")
    assert says("entry.done", await editor.says("1"))
    made = await record(town.store, "cottbus-radstation-am-bahnhof")
    assert made
    assert made.topics == ("Mobilität",)
    assert "angelegt" in await editor.says("!verlauf cottbus-radstation-am-bahnhof")


async def test_verified_user_changes_the_projects_of_their_municipality_where_a_setting_allows_it(
    store: Store, tmp_path: Path
) -> None:
    async with networks(store, tmp_path, editors=EDITOR_ADDRESS, knowledge={"towns_edit_own": True}) as town:
        editor, anna = town.matrix.person("@erika:redaktion.example"), town.matrix.person("@anna:cottbus.example")
        await editor.says("!start")
        await anna.says("!start")
        assert says("editors_only", await anna.says(f"!bearbeiten {RECORD} Stand = beendet"))
        async with store.begin() as tx:
            person = await tx.people.of_account("matrix", "@anna:cottbus.example")
            assert person
            await tx.profiles.set(person.id, municipality="12052000", verified_at=tx.now)
        assert says("edit.done", await anna.says(f"!bearbeiten {RECORD} Stand = beendet"))
        assert says("edit.no_such_field", await anna.says(f"!bearbeiten {RECORD} Kommune = Potsdam"))
        assert says("edit.town_changed", await heard(town, editor))
        assert says("history.town", await editor.says(f"!verlauf {RECORD}"))
        assert f"edit {RECORD}" in (await anna.says(f"!zeige {RECORD}") and anna.sees())


async def test_place_in_the_first_sentence_is_not_asked_for(town: Networks, asker: Person) -> None:
    said = await asker.says("!vorschlagen wir haben in Cottbus einen Bürgerbus, nehmt ihr das auf?")
    assert says("report.ask_status", said)
