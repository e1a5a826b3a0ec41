"""A project without a translation is translated in the background, once, for the next reader."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.features import machine_translation
from bot.features.machine_translation import AT_ONCE, Translator
from knowledge_base.libretranslate import LibreTranslate
from knowledge_base.model import Project
from knowledge_base.store.database import Store
from knowledge_base.translations import Origin, Reading, in_language
from tests.conftest import FixedClock
from tests.translation_server import KEY, TranslationServer, translation_server

BUS = Project(id="bus", title="Rufbus", text="Der Bus kommt.", status="Pilot")


@pytest.fixture
async def server() -> AsyncIterator[TranslationServer]:
    async with translation_server() as running:
        yield running


@pytest.fixture
def translator(store: Store, server: TranslationServer) -> Translator:
    return Translator(store, LibreTranslate(server.url, KEY))


async def read(store: Store, translator: Translator, project: Project = BUS, language: str = "en") -> Reading:
    async with store.read() as tx:
        return in_language((await translator.read(tx, [project], language))[project.id], language)


async def test_first_reader_sees_the_original_and_the_next_one_the_translation(
    store: Store, translator: Translator, server: TranslationServer
) -> None:
    assert (await read(store, translator)).origin is Origin.ORIGINAL
    assert server.asked == []
    await translator()
    reading = await read(store, translator)
    assert (reading.origin, reading.project.title, reading.project.text) == (
        Origin.MACHINE, "en: Rufbus", "en: Der Bus kommt.",
    )  # fmt: skip
    await translator()
    assert len(server.asked) == 1


async def test_only_public_texts_of_the_project_are_sent(
    store: Store, translator: Translator, server: TranslationServer
) -> None:
    await read(
        store, translator, replace(BUS, municipality="Musterstadt", url="https://a.example", extra={"x": "geheim"})
    )
    await translator()
    assert [body["q"] for body in server.asked] == [["Rufbus", "Der Bus kommt.", "Pilot"]]


async def test_edited_text_is_translated_again(store: Store, translator: Translator, server: TranslationServer) -> None:
    await read(store, translator)
    await translator()
    edited = replace(BUS, text="Der Bus kommt später.")
    assert (await read(store, translator, edited)).origin is Origin.ORIGINAL
    await translator()
    assert (await read(store, translator, edited)).project.text == "en: Der Bus kommt später."


async def test_translation_of_the_record_is_not_made_again(
    store: Store, translator: Translator, server: TranslationServer
) -> None:
    own = replace(BUS, translations={"en": {"title": "Bus", "text": "The bus comes."}})
    assert (await read(store, translator, own)).origin is Origin.TRANSLATED
    assert (await read(store, translator, own, "de")).origin is Origin.ORIGINAL
    await translator()
    assert server.asked == []


@pytest.mark.parametrize("fault", [403, 429, 500, "garbage"])
async def test_outage_is_logged_once_and_pauses_ever_longer(
    store: Store,
    clock: FixedClock,
    translator: Translator,
    server: TranslationServer,
    fault: int | str,
    output: io.StringIO,
) -> None:
    await read(store, translator)
    server.faults.extend([fault] * 3)
    for pause, requests in ((0, 1), (29, 1), (1, 2), (59, 2), (1, 3), (119, 3), (1, 4)):
        clock.advance(seconds=pause)
        await translator()
        assert len(server.asked) == requests
    assert output.getvalue().count("translation.failed") == 1
    assert output.getvalue().count("translation.works_again") == 1
    assert "Rufbus" not in output.getvalue()
    assert (await read(store, translator)).origin is Origin.MACHINE


async def test_refused_text_is_not_sent_again_and_holds_up_no_other(
    store: Store, translator: Translator, server: TranslationServer
) -> None:
    other = replace(BUS, id="rad", text="Ein Radweg.")
    server.faults.append(400)
    for project in (BUS, other):
        await read(store, translator, project)
    await translator()
    assert (await read(store, translator, BUS)).origin is Origin.ORIGINAL
    assert (await read(store, translator, other)).origin is Origin.MACHINE
    await translator()
    assert len(server.asked) == 2


async def test_waiting_projects_are_bounded_and_translated_a_few_at_a_time(
    store: Store, translator: Translator, server: TranslationServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 4 * AT_ONCE
    monkeypatch.setattr(machine_translation, "MOST_WAITING", most)
    for number in range(most + 5):
        await read(store, translator, replace(BUS, id=str(number), text=f"Text {number}"))
    await translator()
    assert len(server.asked) == AT_ONCE
    for _ in range(most // AT_ONCE):
        await translator()
    assert len(server.asked) == most
