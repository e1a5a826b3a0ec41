"""What the admins of a room set there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import Bot
from bot.commands import parse, to_text
from bot.commands.rooms import SetRoom
from bot.messages import Happening
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot
from tests.wording import says

ROOM = "!rat"


class WithThreads(FakeChannel):
    def room_options(self) -> tuple[str, ...]:
        return ("mention", "threads", "language")


@pytest.fixture
def channel() -> FakeChannel:
    made = WithThreads()
    made.admins.add((ROOM, "anna"))
    return made


@pytest.fixture
def anna(bot: Bot, channel: FakeChannel) -> Person:
    return channel.person("anna", ROOM)


@pytest.mark.parametrize(
    ("typed", "intent"),
    [
        ("", SetRoom()),
        ("erwähnung aus", SetRoom("mention", "off")),
        ("wzmianka nie", SetRoom("mention", "off")),
        ("threads on", SetRoom("threads", "on")),
        ("wątki tak", SetRoom("threads", "on")),
        ("język polski", SetRoom("language", "pl")),
        ("sprache an", SetRoom("language")),
        ("farbe rot", SetRoom()),
    ],
)
def test_settings_are_read_in_three_languages(typed: str, intent: SetRoom) -> None:
    assert parse(f"room {typed}") == intent
    assert parse(to_text(intent)) == intent


async def test_user_sees_the_settings_and_how_to_change_them(anna: Person) -> None:
    said = await anna.says("!raum")
    for key in ("room.settings", "room.mention.on", "room.threads.on", "room.language.auto"):
        assert says(key, said)
    assert (await anna.says("!raum farbe rot")).startswith(said.partition("\n\nDatenschutz")[0])


async def test_only_an_admin_of_the_room_changes_them(channel: FakeChannel, anna: Person, known: Store) -> None:
    assert says("admins_only", await channel.person("ben", ROOM).says("!raum erwähnung aus"))
    assert says("room.mention.off", await anna.says("!raum erwähnung aus"))
    async with known.read() as tx:
        assert await tx.rooms.without_mention("fake", [ROOM, "!other"]) == {ROOM}


async def test_language_of_a_room_is_that_of_its_answers(channel: FakeChannel, anna: Person) -> None:
    assert says("room.language.pl", await anna.says("!raum sprache polnisch"), "pl")
    assert says("help", await channel.person("ben", ROOM).says("!hilfe"), "pl")
    assert says("help", await channel.person("ben").says("!hilfe"), "de")


async def test_answer_opens_no_thread_where_threads_are_off(anna: Person) -> None:
    await anna.says("!hilfe")
    assert anna.last is not None
    assert anna.last.threads
    await anna.says("!raum threads aus")
    await anna.says("!hilfe")
    assert not anna.last.threads


async def test_settings_end_when_the_bot_leaves_and_follow_a_room_that_moves(
    channel: FakeChannel, anna: Person, known: Store
) -> None:
    await anna.says("!raum erwähnung aus")
    await channel.hands_over(channel.person("", "!new").inbound(happening=Happening.MOVED, refers_to=ROOM))
    assert says("room.mention.off", await channel.person("anna", "!new").says("!raum"))
    await channel.hands_over(channel.person("anna", "!new").inbound(happening=Happening.LEFT))
    assert says("room.mention.on", await channel.person("anna", "!new").says("!raum"))


async def test_private_chat_has_no_such_settings(bot: Bot, channel: FakeChannel) -> None:
    assert says("room.private", await channel.person("anna").says("!raum erwähnung aus"))


async def test_network_without_threads_has_only_the_language(known: Store, tmp_path: Path) -> None:
    plain = FakeChannel("plain")
    plain.admins.add((ROOM, "anna"))
    async with running_bot(known, HashEmbedder(), [plain], tmp_path):
        anna = plain.person("anna", ROOM)
        assert says("room.language.auto", await anna.says("!raum"))
        assert not says("room.threads.on", anna.hears())
        assert says("room.not_here", await anna.says("!raum threads aus"))
