"""Readers of three languages see one project in theirs, and its original one step away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.features.machine_translation import Translator
from bot.messages import Outgoing
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot
from tests.introducing import LEAD, PROJECT, Networks, asks, known_as, networks
from tests.translation_server import KEY, translation_server
from tests.wording import says

ZEPPELIN: dict[str, Any] = {
    "id": "zeppelin", "title": "Zeppelinhafen", "text": "Ein Zeppelin über der Stadt zählt Bäume.", "lang": "de",
    "translations": {
        "en": {"title": "Zeppelin port", "text": "A zeppelin above the town counts trees."},
        "pl": {"title": "Port sterowców", "text": "Sterowiec nad miastem liczy drzewa."},
    },
}  # fmt: skip
TITLES = {"de": "Zeppelinhafen", "en": "Zeppelin port", "pl": "Port sterowców"}
QUESTIONS = {
    "de": "Wer hat einen Zeppelin über der Stadt?",
    "en": "Who has a zeppelin above the town?",
    "pl": "Kto ma sterowiec nad miastem, który liczy drzewa?",
}
WORDS = {"en": "!original", "pl": "!oryginał"}


@pytest.fixture
async def town(sqlite_store: Store, channel: FakeChannel, tmp_path: Path) -> AsyncIterator[FakeChannel]:
    (tmp_path / "zeppelin.jsonl").write_text(json.dumps(ZEPPELIN), encoding="utf-8")
    await import_files(sqlite_store, [tmp_path / "zeppelin.jsonl"])
    async with running_bot(sqlite_store, HashEmbedder(), [channel], tmp_path):
        yield channel


def labels(person: Person) -> list[str]:
    assert isinstance(person.last, Outgoing)
    return [choice.label for choice in person.last.choices]


@pytest.mark.parametrize("language", ["en", "pl"])
async def test_reader_sees_the_translation_opens_the_original_and_goes_back(town: FakeChannel, language: str) -> None:
    reader = town.person("reader")
    await reader.says(QUESTIONS[language])
    assert TITLES[language] in reader.hears()
    assert says("ask.translated", reader.hears(), language)
    assert TITLES[language] in labels(reader)
    shown = await reader.says("1")
    assert shown.startswith(TITLES[language])
    assert ZEPPELIN["translations"][language]["text"] in shown
    original = await reader.presses("original zeppelin")
    assert original.startswith("Zeppelinhafen")
    assert says("origin.original", original, language)
    assert await reader.presses("show zeppelin") == shown


@pytest.mark.parametrize("language", ["en", "pl"])
async def test_original_of_a_number_is_shown_by_command(town: FakeChannel, language: str) -> None:
    reader = town.person("reader")
    await reader.says(QUESTIONS[language])
    assert (await reader.says(f"{WORDS[language]} 1")).startswith("Zeppelinhafen")
    assert says("show.not_found", await reader.says(f"{WORDS[language]} nowhere"), language)


async def test_reader_of_the_original_language_sees_no_mark_and_no_choice(town: FakeChannel) -> None:
    anna = town.person("anna")
    await anna.says(QUESTIONS["de"])
    assert "Zeppelinhafen" in anna.hears()
    assert not says("origin.translated", anna.hears())
    await anna.says("1")
    assert "original zeppelin" not in anna.sees()
    assert (await anna.says("!original 1")).startswith("Zeppelinhafen")


async def test_chosen_language_decides_over_the_language_of_the_question(town: FakeChannel) -> None:
    anna = town.person("anna")
    await anna.says("!sprache de")
    await anna.says(QUESTIONS["en"])
    assert "Zeppelinhafen" in anna.hears()
    assert ZEPPELIN["text"] in anna.hears()


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path) as running:
        async with running.store.begin() as tx:
            stored = await tx.records.get(RecordKind.PROJECT, PROJECT)
            assert stored is not None
            english = {"title": "Digital City of Cottbus", "text": "Cottbus uses digital services."}
            await tx.records.edit(RecordKind.PROJECT, PROJECT, {**stored.body, "translations": {"en": english}})
        yield running


async def test_each_side_of_an_introduction_reads_the_title_in_their_language(net: Networks) -> None:
    john = await known_as(net.matrix.person("@john:potsdam.example"))
    await john.says("!language en")
    await john.says("!ask How did you fund mobility?")
    preview = await john.says(f"!intro ={PROJECT}")
    assert says("intro.preview", preview, "en")
    assert "Digital City of Cottbus" in preview
    await john.says("1")
    await net.passes()
    assert any("Digitale Stadt Cottbus" in mail for mail in net.mails(LEAD))
    assert not any("Digital City" in mail for mail in net.mails(LEAD))
    assert "Digital City of Cottbus" in await john.says("!intro status")
    assert "Digital City of Cottbus" in await john.says("!mydata")


async def test_german_asker_reads_the_original_title(net: Networks) -> None:
    anna = await known_as(net.matrix.person("@anna:potsdam.example"))
    await asks(anna)
    assert "Digitale Stadt Cottbus" in await anna.says("!kontakt status")


async def test_next_reader_sees_a_project_that_a_server_has_translated(
    sqlite_store: Store, channel: FakeChannel, tmp_path: Path
) -> None:
    untranslated = {name: value for name, value in ZEPPELIN.items() if name != "translations"}
    (tmp_path / "zeppelin.jsonl").write_text(json.dumps(untranslated), encoding="utf-8")
    await import_files(sqlite_store, [tmp_path / "zeppelin.jsonl"])
    async with translation_server() as server:
        translation = {"url": server.url, "api_key": KEY}
        async with running_bot(sqlite_store, HashEmbedder(), [channel], tmp_path, translation=translation) as bot:
            john = channel.person("john")
            await john.says("!language en")
            original = await john.says("!show zeppelin")
            assert says("origin.original", original, "en")
            assert server.asked == []
            assert isinstance(bot.services.reader, Translator)
            await bot.services.reader()
            shown = await john.says("!show zeppelin")
            assert shown.startswith("en: Zeppelinhafen")
            assert says("origin.machine", shown, "en")
            assert await john.presses("original zeppelin") == original
            await john.says("!ask Wer hat einen Zeppelin über der Stadt?")
            assert "en: Zeppelinhafen" in john.hears()
            assert says("ask.machine", john.hears(), "en")
