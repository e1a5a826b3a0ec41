"""The reader turns updates into happenings without side effects and without exceptions."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.normalise import KINDS, InlineQuestion, Me, UpdateReader
from bot.channels.telegram.policy import Policy
from bot.messages import Happening, Inbound
from tests.telegram_api import World

READER = UpdateReader(Me(424242, "stadtlotse_test_bot"), Policy((-1001,)), frozenset({"hilfe", "help", "frage"}))
CHAT = {"id": -1001, "type": "supergroup", "title": "G"}
ANNA = {"id": 11, "is_bot": False, "first_name": "Anna", "language_code": "pl"}
BOT = {"id": 424242, "is_bot": True, "first_name": "B", "username": "stadtlotse_test_bot"}

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"update_id": 5, "message": {"message_id": 3, "date": 1, "chat": CHAT, "from": ANNA, "text": text} | more}


def heard(text: str, **more: Any) -> str | None:
    happening = READER.read(message(text, **more))
    assert happening is None or isinstance(happening, Inbound)
    return happening.text if happening else None


def test_bot_reads_only_messages_in_a_group_that_address_it() -> None:
    assert heard("Guten Morgen") is None
    assert heard("@stadtlotse_test_bot Wer macht Mobilität?") == "Wer macht Mobilität?"
    assert heard("Wer macht Mobilität, @Stadtlotse_Test_Bot?") == "Wer macht Mobilität,?"
    assert heard("@stadtlotse_test_bot_2 hallo") is None
    assert heard("/hilfe") == "/hilfe"
    assert heard("!frage Mobilität") == "!frage Mobilität"
    assert heard("/hilfe@stadtlotse_test_bot") == "/hilfe"
    assert heard("/hilfe@other_bot") is None
    assert heard("/weather") is None
    assert heard("und in Potsdam?", reply_to_message={"from": BOT}) == "und in Potsdam?"
    assert heard("und?", reply_to_message={"from": ANNA}) is None
    assert heard("neu", reply_to_message={"from": BOT, "forum_topic_created": {}}) is None


@pytest.mark.parametrize("moved", [{"migrate_to_chat_id": -1002}, {"migrate_from_chat_id": 11}])
def test_private_chat_never_moves_to_a_group(moved: dict[str, int]) -> None:
    chat = {"id": 11, "type": "private"} if "migrate_to_chat_id" in moved else CHAT
    happening = READER.read(message("", chat=chat, **moved))
    assert isinstance(happening, Inbound)
    assert happening.happening is Happening.UNREADABLE


@pytest.mark.parametrize("bad", ["\ud800", "a\0"], ids=["half a character", "NUL"])
def test_press_and_text_hold_nothing_that_no_database_stores(bad: str) -> None:
    press = {"update_id": 5, "callback_query": {"id": "1", "from": ANNA, "data": bad}}
    for update in (press, message(f"/hilfe {bad}")):
        happening = READER.read(update)
        assert isinstance(happening, Inbound)
        assert happening.text == happening.text.encode().decode().replace("\0", "")
        assert "?" in happening.text


@pytest.mark.parametrize(
    ("replied", "quote", "refers_to", "quoted"),
    [
        ({"message_id": 2, "from": BOT, "text": "Ich kenne drei Projekte"}, {}, "-1001/2", ""),
        ({"message_id": 2, "from": ANNA, "text": "Wer hat Rufbusse?"}, {}, "-1001/2", "Wer hat Rufbusse?"),
        ({"message_id": 2, "from": ANNA, "caption": "Wer hat so ein Dach?"}, {}, "-1001/2", "Wer hat so ein Dach?"),
        ({"message_id": 2, "from": ANNA, "text": "Hallo. Wer hat Rufbusse?"}, {"text": "Wer hat Rufbusse?"}, "-1001/2",
         "Wer hat Rufbusse?"),
        ({"message_id": 2, "from": ANNA, "forum_topic_created": {"name": "Verkehr"}}, {}, "", ""),
    ],
)  # fmt: skip
def test_reply_carries_what_another_user_wrote(
    replied: dict[str, Any], quote: dict[str, Any], refers_to: str, quoted: str
) -> None:
    more = {"reply_to_message": replied} | ({"quote": quote} if quote else {})
    happening = READER.read(message("@stadtlotse_test_bot weißt du das?", **more))
    assert isinstance(happening, Inbound)
    assert (happening.refers_to, happening.quoted) == (refers_to, quoted)


def test_messages_from_bots_channels_and_services_are_ignored() -> None:
    assert heard("@stadtlotse_test_bot hallo", **{"from": BOT}) is None
    assert heard("@stadtlotse_test_bot hallo", via_bot=BOT) is None
    update = message("")
    del update["message"]["text"]
    assert READER.read(update) is None
    assert READER.read({"update_id": 1, "channel_post": {}}) is None


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Anna_1989", "Anna_1989"),
        ("abcde", "abcde"),
        ("a" * 32, "a" * 32),
        (None, ""),
        ("", ""),
        ("anna", ""),
        ("a" * 33, ""),
        ("anna@b.example", ""),
        ("ännchen", ""),
        ("<b>anna</b>", ""),
        ("anna/../x", ""),
        ("annaa\n", ""),
        (12345, ""),
        (["annaa"], ""),
    ],
)
def test_public_name_is_read_only_in_a_private_chat_and_only_if_valid(name: object, read: str) -> None:
    sender, private = ANNA | {"username": name}, {"id": 11, "type": "private"}
    said = READER.read(message("hallo", **{"from": sender, "chat": private}))
    pressed = READER.read(
        {"update_id": 6, "callback_query": {"id": "7", "from": sender, "message": {"chat": private, "message_id": 3}}}
    )
    in_group = READER.read(message("/hilfe", **{"from": sender}))
    seen = [message.public_name for message in (said, pressed, in_group) if isinstance(message, Inbound)]
    assert seen == [read, read, ""]


def test_forum_topic_becomes_a_thread_and_a_reply_does_not() -> None:
    in_topic = READER.read(message("/hilfe", message_thread_id=9, is_topic_message=True))
    in_reply = READER.read(message("/hilfe", message_thread_id=9))
    assert isinstance(in_topic, Inbound)
    assert isinstance(in_reply, Inbound)
    assert (in_topic.address.thread, in_reply.address.thread) == ("9", "")


def test_reader_sets_the_ids_the_permit_and_the_command_of_a_deep_link() -> None:
    private = {"chat": {"id": 11, "type": "private", "first_name": "A"}}
    asked = READER.read(message("Mobilität", **private))
    assert isinstance(asked, Inbound)
    assert (asked.id, asked.message, asked.private, asked.returns, asked.needs_permit) == (
        "5",
        "11/3",
        True,
        False,
        False,
    )
    started = READER.read(message("/start show_bb-cottbus", **private))
    assert isinstance(started, Inbound)
    assert (started.text, started.returns) == ("/pokaz bb-cottbus", True)
    elsewhere = READER.read(message("/hilfe", chat=CHAT | {"id": -1002}))
    assert isinstance(elsewhere, Inbound)
    assert elsewhere.needs_permit


@settings(max_examples=400, deadline=None)
@given(junk | st.dictionaries(st.sampled_from(["update_id", *KINDS]), junk, max_size=3))
def test_malformed_update_raises_no_exception(update: Any) -> None:
    READER.read(update)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_update_with_one_wrong_part_raises_no_exception(data: st.DataObject) -> None:
    update = deepcopy(
        message(
            "@stadtlotse_test_bot hallo", message_thread_id=9, is_topic_message=True, reply_to_message={"from": BOT}
        )
    )
    place: Any = update
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if data.draw(st.booleans()) or not isinstance(place[key], dict):
            place[key] = data.draw(junk)
            break
        place = place[key]
    happening = READER.read(update)
    assert happening is None or isinstance(happening, InlineQuestion) or happening.happening in set(Happening)


async def test_every_kind_of_update_is_read() -> None:
    world = World()
    world.allowed.add("message_reaction")
    anna, group = world.user(11), world.group(-1001)
    world.add_bot(anna, group)
    asked = world.say(anna, "/hilfe", group)
    world.edit(asked, "/help")
    world.react(anna, asked, "👍")
    world.ask_inline(anna, "x")
    world.migrate(group, -1009)
    world.remove_bot(anna, group)
    read = [READER.read(update) for update in world.updates]
    kinds = [
        happening.happening.value if isinstance(happening, Inbound) else type(happening).__name__ for happening in read
    ]
    assert kinds == ["joined", "message", "edit", "reaction", "InlineQuestion", "moved", "moved", "left"]
