"""A talk with the bot over the shipped knowledge and the real model: what is said in own words is understood."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from tests.fakes import FakeChannel, running_bot
from tests.wording import says

pytestmark = [pytest.mark.slow]


@pytest.fixture
async def store(known_to_e5: Store, e5: Embedder, channel: FakeChannel, tmp_path: Path) -> AsyncIterator[Store]:
    """The store of a bot that runs over all that ships."""
    async with running_bot(known_to_e5, e5, [channel], tmp_path):
        yield known_to_e5


async def talk(channel: FakeChannel, language: str, *turns: tuple[str, str]) -> None:
    """Say each text and compare the key of the answer."""
    anna = channel.person("anna")
    for text, key in turns:
        await anna.says(text)
        assert says(key, anna.hears(), language), f"{text!r} → {anna.hears()[:200]}"


async def test_chatter_questions_about_the_bot_and_about_a_record_are_not_searched(
    store: Store, channel: FakeChannel
) -> None:
    await talk(
        channel,
        "de",
        ("hallo, was kannst du?", "help"),
        ("Wer hat was gegen Hitze gemacht?", "ask.found"),
        ("ok", "small_talk.fine"),
        ("👍", "small_talk.unreadable"),
        ("vielen Dank, das hilft mir", "thanks"),
        ("Bist du eine KI?", "about.ai"),
        ("Wie viele Projekte kennst du?", "about.count"),
        ("woher hast du dein Wissen?", "about.source"),
    )
    async with store.read() as tx:
        assert await tx.answers.open_questions() == []


async def test_number_of_the_last_list_holds_through_chatter_and_one_thing_is_asked_about_the_record(
    store: Store, channel: FakeChannel
) -> None:
    anna = channel.person("anna")
    await anna.says("Wer hat was gegen Hitze gemacht?")
    second = [command for command in anna.sees() if command.startswith("show ")][1]
    await anna.says("super, danke")
    await anna.says("erzähl mir mehr zum zweiten")
    shown = anna.hears()
    await anna.says("wie teuer war das?")
    async with store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, second.removeprefix("show "))
    assert stored is not None
    title = getattr(stored.record, "title", "")
    assert title in shown
    assert title in anna.hears()


async def test_deleting_asks_first_and_only_a_clear_yes_deletes(store: Store, channel: FakeChannel) -> None:
    await talk(
        channel,
        "de",
        ("Wer hat einen Rufbus?", "ask.found"),
        ("lösche alle meine Daten", "forget.sure"),
        ("hm, mal sehen", "ask_back.consent"),
        ("Wer hat einen digitalen Zwilling?", "waits.forget"),
        ("nein, lieber nicht", "declined.forget"),
        ("ja", "small_talk.fine"),
        ("lösche alle meine Daten", "forget.sure"),
        ("ja, löschen", "forget.done"),
    )


async def test_question_without_an_answer_is_passed_on_in_own_words(store: Store, channel: FakeChannel) -> None:
    await talk(
        channel,
        "de",
        ("Wer züchtet Axolotl im Rathauskeller?", "ask.not_sure"),
        ("frag bitte die anderen Städte", "question.preview"),
        ("einverstanden", "question.passed_on"),
    )
    async with store.read() as tx:
        (passed,) = await tx.open_questions.listed(1)
    assert passed.question == "Wer züchtet Axolotl im Rathauskeller?"


async def test_talk_in_english(store: Store, channel: FakeChannel) -> None:
    await talk(
        channel,
        "en",
        ("Hi there, what can you do?", "help"),
        ("who runs you?", "about.operator"),
        ("Who has an on-demand bus?", "ask.found"),
        ("this is outdated, the bus has stopped", "report.wrong"),
        ("yes, please report it", "report.sent"),
        ("bye", "small_talk.bye"),
    )


async def test_talk_in_polish(store: Store, channel: FakeChannel) -> None:
    await talk(
        channel,
        "pl",
        ("Kto ma autobus na żądanie?", "ask.found"),
        ("co o mnie wiecie?", "mydata.no_way"),
        ("usuń moje dane", "forget.sure"),
        ("nie, jednak nie", "declined.forget"),
        ("czy jesteś człowiekiem?", "about.ai"),
    )


async def test_own_town_is_kept_for_the_talk_and_orders_what_others_do(store: Store, channel: FakeChannel) -> None:
    anna = channel.person("anna")
    await anna.says("Guten Tag, ich bin Klimamanagerin in Guben.")
    await anna.says("Wer hat einen Bürgerbus oder Rufbus?")
    assert says("understood.asker", anna.hears())
    await anna.says("Was macht Potsdam?")
    assert not says("understood.asker", anna.hears())
    await anna.says("Und was machen andere bei Open Data?")
    assert says("understood.asker", anna.hears())
    async with store.read() as tx:
        shown = [
            await tx.records.get(RecordKind.PROJECT, c.removeprefix("show ")) for c in anna.sees() if c[:5] == "show "
        ]
    assert shown
    assert all(getattr(project.record, "municipality", "") != "Guben" for project in shown if project)
