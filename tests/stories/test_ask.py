"""Whole conversations in three languages, with the real model and the bundled knowledge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.store.database import Store
from tests.fakes import FakeChannel, Person, running_bot
from tests.wording import says


@pytest.fixture
async def town(known_to_e5: Store, channel: FakeChannel, e5: Embedder, tmp_path: Path) -> AsyncIterator[FakeChannel]:
    """The bot with its real model."""
    async with running_bot(known_to_e5, e5, [channel], tmp_path, editors="fake:erika"):
        yield channel


@pytest.mark.slow
async def test_user_asks_about_heat_opens_a_hit_follows_up_and_gives_feedback(town: FakeChannel) -> None:
    anna = town.person("anna")
    assert says("start", await anna.says("!start"))
    await anna.says("wer hat was mit Hitze gemacht?")
    assert "Cooling Points und Baumkataster" in anna.hears()
    assert "treffpunkt-kommune.de" in anna.hears()
    details = await anna.says(next(line[0] for line in anna.hears().splitlines() if "Cooling Points" in line))
    assert says("show.source", details)
    assert "Zuständig: Landeshauptstadt Potsdam" in details
    assert "https://" in details
    assert "Berlin" in await anna.says("und in Berlin?")
    assert "freut" in await anna.says("!hilfreich")


@pytest.mark.slow
async def test_english_question_is_answered_in_english_and_quotes_the_original(town: FakeChannel) -> None:
    john = town.person("john")
    await john.says("Who did mobility projects?")
    assert says("ask.found", john.hears(), "en")
    assert says("ask.entry_original", john.hears(), "en")
    assert "Cottbus/Chóśebuz" in john.hears() + await john.says("more")
    second = await john.says("the second one")
    assert says("show.source", second, "en")


@pytest.mark.slow
async def test_polish_question_is_answered_in_polish(town: FakeChannel) -> None:
    ola = town.person("ola")
    await ola.says("Kto robił projekty mobilności?")
    assert "Cottbus/Chóśebuz" in ola.hears()
    assert says("ask.entry_original", ola.hears(), "pl") or "oryginal" in ola.hears().lower()
    assert ola.last is not None
    assert ola.last.language == "pl"


@pytest.mark.slow
async def test_unanswered_question_is_listed_for_editors_without_the_asker(town: FakeChannel) -> None:
    anna, erika = town.person("anna"), town.person("erika")
    assert says("ask.not_sure", await anna.says("Wer züchtet Axolotl im Rathauskeller?"))
    questions = await erika.says("!fragen")
    assert "Axolotl" in questions
    assert "anna" not in questions


@pytest.mark.slow
async def test_bot_answers_in_a_group_only_when_a_user_addresses_it(town: FakeChannel) -> None:
    anna = town.person("anna", room="!team")
    await anna.writes("wer hat was mit Hitze gemacht?", addressed=False)
    assert "Potsdam" in await anna.says("!frage wer hat was mit Hitze gemacht?", addressed=False)
    assert "Potsdam" in await anna.says("wer hat was mit Hitze gemacht?", addressed=True)
    assert len(town.delivered) == 2


async def test_text_from_a_user_never_becomes_a_link(anna: Person) -> None:
    for text in ("!<b>@room</b>", "!zeige [x](https://evil.example)"):
        assert await anna.says(text)
        assert anna.last is not None
        assert "Link" not in repr(anna.last.document)
