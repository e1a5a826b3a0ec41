"""The client of the LibreTranslate API, on a server that speaks it or fails."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from knowledge_base.libretranslate import LibreTranslate, RefusedError, TranslationError
from tests.ports import free_port
from tests.translation_server import KEY, TranslationServer, answer, translation_server


@pytest.fixture
async def server() -> AsyncIterator[TranslationServer]:
    async with translation_server() as running:
        yield running


async def test_texts_are_translated_in_their_order_by_one_request(server: TranslationServer) -> None:
    assert await LibreTranslate(server.url, KEY).translate(["eins", "zwei"], "de", "en") == ["en: eins", "en: zwei"]
    assert server.asked == [{"q": ["eins", "zwei"], "source": "de", "target": "en", "format": "text", "api_key": KEY}]


async def test_server_without_a_key_gets_none(server: TranslationServer) -> None:
    with pytest.raises(TranslationError, match="403"):
        await LibreTranslate(server.url).translate(["eins"], "de", "en")
    assert "api_key" not in server.asked[0]


async def test_unknown_language_is_refused_for_good(server: TranslationServer) -> None:
    with pytest.raises(RefusedError):
        await LibreTranslate(server.url, KEY).translate(["eins"], "de", "xx")


@pytest.mark.parametrize(
    "fault",
    [
        403, 429, 500, 302, "garbage", "[]", "{}", answer(), answer("a", "b"), answer(""), answer(7),
        '{"translatedText": "a"}', "x" * 2_100_000,
    ],
    ids=lambda fault: str(fault)[:30],
)  # fmt: skip
async def test_failure_and_garbage_raise_an_error_of_the_client(server: TranslationServer, fault: int | str) -> None:
    server.faults.append(fault)
    with pytest.raises(TranslationError):
        await LibreTranslate(server.url, KEY).translate(["eins"], "de", "en")


async def test_server_that_is_away_or_silent_raises_an_error_of_the_client() -> None:
    with pytest.raises(TranslationError, match="no answer"):
        await LibreTranslate(f"http://127.0.0.1:{free_port()}").languages()
    async with translation_server() as server:
        with pytest.raises(TranslationError, match="no answer"):
            await LibreTranslate(server.url, timeout_s=0.0).languages()


async def test_languages_are_listed_with_their_targets(server: TranslationServer) -> None:
    assert (await LibreTranslate(server.url).languages())["de"] == {"de", "en", "pl"}
    server.languages = [{"code": "de"}, {"code": "en"}]  # of an old server
    assert (await LibreTranslate(server.url).languages())["de"] == {"de", "en"}


@pytest.mark.parametrize("languages", [[], {}, "de", [{"name": "German"}]])
async def test_answer_without_languages_raises_an_error(server: TranslationServer, languages: object) -> None:
    server.languages = languages
    with pytest.raises(TranslationError):
        await LibreTranslate(server.url).languages()
