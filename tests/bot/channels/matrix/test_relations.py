"""What a message in a room refers to: threads and replies that are for the bot, edits, quoted messages, new members."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.matrix.http import Json
from bot.messages import Happening, Inbound
from tests.bot.channels.matrix.rig import ANNA, ME, ROOM, Rig, answer_with, event, member, text

BEN = "@ben:a.example"
BY_BOT = event("m.room.message", {"msgtype": "m.text", "body": "Antwort"}, event_id="$ours", sender=ME)
BY_BEN = event("m.room.message", {"msgtype": "m.text", "body": "Wer hat Rufbusse?"}, event_id="$bens", sender=BEN)
BY_ANNA = event("m.room.message", {"msgtype": "m.text", "body": "@bot:a.example Rufbus?"}, event_id="$annas")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.server.events = {known["event_id"]: known for known in (BY_BOT, BY_BEN, BY_ANNA)}
    yield made
    made.close()


async def heard(rig: Rig, *events: Json, earlier: set[str] = frozenset()) -> list[Inbound]:  # type: ignore[assignment]
    """What the bot takes in of these events in a group of three."""
    async with rig.bot() as (sync, inbox):
        inbox.earlier = set(earlier)
        await sync._take(answer_with(member(BEN)))
        inbox.happenings.clear()
        await sync._take(answer_with(*events))
    return inbox.happenings


def related(**relation: Any) -> Json:
    return {"m.relates_to": relation}


def in_thread(root: str, **more: Any) -> Json:
    return (
        related(rel_type="m.thread", event_id=root, is_falling_back=True, **{"m.in_reply_to": {"event_id": root}})
        | more
    )


def replying(to: str) -> Json:
    return related(**{"m.in_reply_to": {"event_id": to}})


def edit(of: str, new: str, sender: str = ANNA) -> Json:
    content = {"m.new_content": {"msgtype": "m.text", "body": new}} | related(rel_type="m.replace", event_id=of)
    return event("m.room.message", {"msgtype": "m.text", "body": f"* {new}"} | content, sender=sender)


def message(body: str, relation: Json, sender: str = BEN) -> Json:
    return event("m.room.message", {"msgtype": "m.text", "body": body} | relation, sender=sender)


@pytest.mark.parametrize("root", ["$annas", "$ours"], ids=["on a question to the bot", "on a message of the bot"])
async def test_message_in_a_thread_that_the_bot_began_needs_no_mention(rig: Rig, root: str) -> None:
    (asked,) = await heard(rig, message("und in Potsdam?", in_thread(root)), earlier={root})
    assert (asked.text, asked.addressed, asked.address.thread) == ("und in Potsdam?", True, root)


async def test_question_and_its_thread_in_one_answer_are_both_for_the_bot(rig: Rig) -> None:
    asked = await heard(rig, BY_ANNA, message("und in Potsdam?", in_thread("$annas")))
    assert [happening.text for happening in asked] == ["Rufbus?", "und in Potsdam?"]


@pytest.mark.parametrize(
    "relation",
    [
        in_thread("$bens"),
        in_thread("$annas", **{"m.mentions": {"user_ids": [ANNA]}}),
        related(rel_type="m.thread", event_id="$annas", **{"m.in_reply_to": {"event_id": "$bens"}}),
    ],
    ids=["thread of others", "mention of another user", "reply to another user"],
)
async def test_message_of_users_to_each_other_in_a_thread_is_not_taken_in(rig: Rig, relation: Json) -> None:
    assert await heard(rig, message("Das sehe ich auch so", relation), earlier={"$annas"}) == []


async def test_mention_in_a_reply_carries_the_message_replied_to(rig: Rig) -> None:
    mention = {"m.mentions": {"user_ids": [ME]}}
    (asked,) = await heard(rig, message("@bot:a.example", replying("$bens") | mention, ANNA))
    assert (asked.text, asked.quoted) == ("", "Wer hat Rufbusse?")


async def test_thread_carries_the_words_that_began_it(rig: Rig) -> None:
    (asked,) = await heard(rig, message("und in Potsdam?", in_thread("$annas")), earlier={"$annas"})
    assert asked.quoted == "Rufbus?"


async def test_reply_to_the_bot_quotes_nothing(rig: Rig) -> None:
    (asked,) = await heard(rig, message("das dritte", replying("$ours")), earlier={"$ours"})
    assert (asked.refers_to, asked.quoted) == ("$ours", "")


async def test_edit_of_a_question_by_its_author_is_taken_in(rig: Rig) -> None:
    (edited,) = await heard(rig, edit("$annas", "@bot:a.example Hitze?"), earlier={"$annas"})
    assert (edited.happening, edited.text, edited.refers_to) == (Happening.EDIT, "Hitze?", "$annas")


@pytest.mark.parametrize(
    ("of", "sender", "earlier"),
    [("$annas", BEN, {"$annas"}), ("$bens", BEN, set()), ("$gone", ANNA, {"$gone"})],
    ids=["by another user", "of what was no question to the bot", "of what the server does not give"],
)
async def test_other_edits_mean_nothing(rig: Rig, of: str, sender: str, earlier: set[str]) -> None:
    assert await heard(rig, edit(of, "Hitze?", sender), earlier=earlier) == []


async def test_edit_without_new_content_means_nothing(rig: Rig) -> None:
    broken = text("* x", **related(rel_type="m.replace", event_id="$annas"))
    assert await heard(rig, broken, earlier={"$annas"}) == []


def arrives(user: str, membership: str = "invite", before: str = "leave", by: str = ANNA) -> Json:
    content, unsigned = {"membership": membership}, {"prev_content": {"membership": before}}
    return event(
        "m.room.member", content, state_key=user, sender=by, unsigned=unsigned, event_id=f"${user}{membership}"
    )


async def grown(rig: Rig, *events: Json) -> list[Inbound]:
    inbox = await rig.takes(answer_with(*events))
    return [happening for happening in inbox.happenings if happening.happening is Happening.GROWN]


async def test_second_other_user_makes_a_private_chat_a_group_once(rig: Rig) -> None:
    (notice,) = await grown(rig, arrives(BEN), arrives(BEN, "join", "invite", BEN), arrives("@c:a.example"))
    assert (notice.user, notice.private, notice.address.conversation) == (ANNA, False, ROOM)
    assert await grown(rig, arrives(BEN, "join", "join", BEN)) == []  # a new display name
    assert len(await grown(rig, arrives(BEN, "join", by=BEN))) == 1  # by itself, where the room is public


async def test_room_that_the_bot_made_expects_its_members(rig: Rig) -> None:
    created = event("m.room.create", {}, state_key="", sender=ME)
    assert await grown(rig, created, arrives(BEN)) == []


async def test_every_message_is_for_the_bot_where_no_mention_is_needed(rig: Rig) -> None:
    async with rig.bot() as (sync, inbox):
        inbox.chatty = {ROOM}
        await sync._take(answer_with(member(BEN)))
        to_anna = {"m.mentions": {"user_ids": [ANNA]}}
        await sync._take(answer_with(message("Rufbus?", {}), message("Anna, siehst du das?", to_anna)))
    assert [happening.text for happening in inbox.happenings] == ["Rufbus?"]
