"""Who or what wrote a message: people are answered, what people write in another name is explained once."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.channels.telegram.author import OF_BOTS, Author, author_of
from bot.channels.telegram.normalise import Me, UpdateReader
from bot.channels.telegram.policy import Policy
from bot.messages import Happening, Inbound
from tests.bot.channels.telegram.rig import GROUP, Rig
from tests.telegram_api.world import User
from tests.wording import says

READER = UpdateReader(Me(424242, "stadtlotse_test_bot"), Policy((GROUP,)), frozenset({"hilfe", "frage"}))
CHAT = {"id": GROUP, "type": "supergroup", "title": "G"}
PRIVATE = {"id": 11, "type": "private"}
CHANNEL = {"id": -1009, "type": "channel", "title": "Amtsblatt"}
OTHER_GROUP = {"id": -1008, "type": "supergroup", "title": "Rat"}
ANNA = {"id": 11, "is_bot": False, "first_name": "Anna"}
BOT = {"id": 77, "is_bot": True, "first_name": "B", "username": "other_bot"}
STAND_IN = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_STAND_IN = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
FROM_BEN = {"type": "user", "date": 1, "sender_user": {"id": 12, "is_bot": False, "first_name": "Ben"}}

WRITTEN: list[tuple[dict[str, Any], Author]] = [
    ({"from": ANNA}, Author.PERSON),
    ({"from": ANNA, "sender_tag": "Leitung", "sender_boost_count": 3}, Author.PERSON),
    ({"from": ANNA, "forward_origin": FROM_BEN}, Author.PERSON),
    ({"from": ANNA, "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "B"}}, Author.PERSON),
    ({"from": ANNA, "sender_chat": {"id": 11, "type": "private"}}, Author.PERSON),
    ({"from": STAND_IN, "sender_chat": CHAT}, Author.GROUP),
    ({"from": STAND_IN, "sender_chat": CHAT, "author_signature": "Leitung"}, Author.GROUP),
    ({"sender_chat": CHAT}, Author.GROUP),
    ({"from": ANNA, "author_signature": "Leitung"}, Author.GROUP),
    ({"from": CHANNEL_STAND_IN, "sender_chat": CHANNEL}, Author.CHANNEL),
    ({"from": CHANNEL_STAND_IN, "sender_chat": CHANNEL, "author_signature": "Presse"}, Author.CHANNEL),
    ({"from": STAND_IN, "sender_chat": OTHER_GROUP}, Author.CHANNEL),
    ({"sender_chat": CHANNEL}, Author.CHANNEL),
    ({"from": TELEGRAM, "sender_chat": CHANNEL, "is_automatic_forward": True}, Author.NOBODY),
    ({"from": TELEGRAM}, Author.NOBODY),
    ({"from": BOT}, Author.NOBODY),
    ({"from": BOT, "sender_chat": CHAT}, Author.NOBODY),
    ({"from": BOT, "forward_origin": FROM_BEN}, Author.NOBODY),
    ({"from": STAND_IN}, Author.NOBODY),
    ({}, Author.NOBODY),
    *(({"from": ANNA, field: BOT}, Author.NOBODY) for field in OF_BOTS),
]


def message(text: str = "@stadtlotse_test_bot Wer macht Mobilität?", **more: Any) -> dict[str, Any]:
    return {"message_id": 3, "date": 1, "chat": CHAT, "text": text} | more


def read(body: dict[str, Any], kind: str = "message") -> Inbound | None:
    happening = READER.read({"update_id": 5, kind: body})
    assert happening is None or isinstance(happening, Inbound)
    return happening


@pytest.mark.parametrize(("fields", "author"), WRITTEN)
def test_author_is_read_from_all_fields_that_name_one(fields: dict[str, Any], author: Author) -> None:
    assert author_of(message(**fields), "hallo") is author


@pytest.mark.parametrize(("fields", "author"), WRITTEN)
def test_only_people_are_answered_and_nobody_else_is_asked_for_an_edit(fields: dict[str, Any], author: Author) -> None:
    happening, edited = read(message(**fields)), read(message(**fields), "edited_message")
    expected = {Author.PERSON: Happening.MESSAGE, Author.NOBODY: None}.get(author, Happening.IMPERSONAL)
    assert (happening.happening if happening else None) == expected
    assert (edited is not None) is (author is Author.PERSON)
    if expected is Happening.IMPERSONAL:
        assert happening is not None
        assert happening.refers_to == author.value
        assert happening.user.startswith("-") or "sender_chat" not in fields


@pytest.mark.parametrize("text", ["/loeschen ja", "!ja ABCDE", "1", " 2 "])
def test_forwarded_command_is_not_carried_out(text: str) -> None:
    body = message(text, **{"chat": PRIVATE, "from": ANNA, "forward_origin": FROM_BEN})
    happening = read(body)
    assert happening is not None
    assert (happening.happening, happening.refers_to) == (Happening.IMPERSONAL, Author.FORWARDED)


def test_note_of_absence_in_a_private_chat_is_no_question() -> None:
    away = message("Ich bin im Urlaub.", **{"chat": PRIVATE, "from": ANNA, "is_from_offline": True})
    happening = read(away)
    assert happening is not None
    assert (happening.happening, happening.refers_to) == (Happening.IMPERSONAL, Author.AUTOMATIC)
    scheduled = read(message(**{"from": ANNA, "is_from_offline": True}))
    assert scheduled is not None
    assert scheduled.happening is Happening.MESSAGE


def test_any_mixture_of_author_fields_is_read_without_an_error() -> None:
    made = random.Random(12)
    choices: dict[str, list[Any]] = {
        "from": [ANNA, BOT, STAND_IN, CHANNEL_STAND_IN, TELEGRAM, {}, None, 5],
        "sender_chat": [CHAT, CHANNEL, OTHER_GROUP, {}, None, "x"],
        "chat": [CHAT, PRIVATE],
        "author_signature": ["", "Leitung", 7],
        "forward_origin": [FROM_BEN, {}, None, 3],
        **{field: [True, {}, None, BOT] for field in (*OF_BOTS, "is_automatic_forward", "is_from_offline")},
    }
    for _ in range(3000):
        names = made.sample(sorted(choices), made.randint(0, 4))
        happening = read(message(**{name: made.choice(choices[name]) for name in names}))
        assert happening is None or happening.happening in (
            Happening.MESSAGE, Happening.IMPERSONAL, Happening.UNREADABLE,
        )  # fmt: skip


async def test_anonymous_admin_is_told_once_why_there_is_no_answer(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    group = world.group(GROUP)
    world.add_bot(anna, group)
    await world.until(lambda: world.said(group))
    admin = User(STAND_IN["id"], "Group", "GroupAnonymousBot", is_bot=True)
    ask = "@stadtlotse_test_bot Wer hat Mobilitätsprojekte gemacht?"
    told = await world.answer(world.say(admin, ask, group, sender_chat=group.json()))
    assert says("author.group", told.text)
    before = len(world.said(group))
    world.say(admin, ask, group, sender_chat=group.json())
    channel = User(CHANNEL_STAND_IN["id"], "Channel", "Channel_Bot", is_bot=True)
    told = await world.answer(world.say(channel, ask, group, sender_chat=CHANNEL))
    assert says("author.channel", told.text)
    world.say(channel, ask, group, sender_chat=CHANNEL)
    world.say(User(78, "Bot", "other_bot", is_bot=True), ask, group)
    answer = await either.ask(anna, ask, chat=group)
    assert says("ask.found", answer.text)
    await either.settled()
    assert len(world.said(group)) == before + 2
    async with either.store.read() as tx:
        assert await tx.people.of_account("telegram", str(GROUP)) is None
        assert await tx.people.of_account("telegram", str(CHANNEL["id"])) is None
