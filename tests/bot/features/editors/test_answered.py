"""An import may answer an open question: editors are told, and with their yes the asker is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.features.editors import answered
from knowledge_base.ingest.importer import import_files
from knowledge_base.store.database import Store
from tests.fakes import Person, settled
from tests.introducing import Networks, networks
from tests.open_questions import EDITOR_ADDRESS, passes_on
from tests.wording import says

QUESTION = "Wer zählt Fledermäuse im Kirchturm?"
BATS = {
    "id": "bats", "title": "Fledermäuse im Kirchturm zählen", "municipality": "Potsdam",
    "text": "Potsdam zählt Fledermäuse im Kirchturm. Wer zählt Fledermäuse im Kirchturm? Die Stadt Potsdam.",
}  # fmt: skip


@pytest.fixture
async def town(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, editors=EDITOR_ADDRESS) as town:
        yield town


@pytest.fixture
def editor(town: Networks) -> Person:
    return town.matrix.person("@erika:redaktion.example")


def told(town: Networks, person: Person) -> list[str]:
    return town.told(person.channel, person.conversation)


async def imported(town: Networks, tmp_path: Path) -> None:
    town.store.now.advance(minutes=5)  # type: ignore[attr-defined]
    file = tmp_path / "bats.jsonl"
    file.write_text(json.dumps(BATS), encoding="utf-8")
    (report,) = await import_files(town.store, [file])
    assert not report.errors
    await town.bot.services.search.refresh()


async def test_editors_are_told_once_what_an_import_answers_and_the_asker_after_their_yes(
    town: Networks, editor: Person, tmp_path: Path
) -> None:
    await editor.says("!start")
    asker = town.matrix.person("@anna:potsdam.example")
    number = await passes_on(asker, QUESTION)
    await answered.review(town.bot.services)
    await settled(town.bot)
    assert not [text for text in told(town, editor) if says("questions.answered_now", text)]
    await imported(town, tmp_path)
    for _ in range(2):
        await answered.review(town.bot.services)
    await settled(town.bot)
    assert len([text for text in told(town, editor) if says("questions.answered_now", text)]) == 1
    assert not [text for text in told(town, asker) if says("question.entered", text)]
    assert says("questions.known", await editor.says("!fragen"))
    assert says("questions.closed_and_told", await editor.says(f"!fragen eintrag {number} bats"))
    await settled(town.bot)
    assert [text for text in told(town, asker) if says("question.entered", text)]


async def test_list_of_questions_shows_dates_and_no_mistyped_commands(town: Networks, editor: Person) -> None:
    anna = town.matrix.person("@anna:potsdam.example")
    for text in (QUESTION, "show osl-001", "zeige osl-002"):
        await anna.says(text)
    listed = await editor.says("!fragen")
    assert "Fledermäuse" in listed
    assert str(town.store.now().year) in listed
    assert "osl-00" not in listed
