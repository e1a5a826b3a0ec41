"""Conversations: private and in rooms, threads, replies, edits, reactions, redactions, polls, invitations, sending."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nio
import pytest

from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import ANSWER_TO, PART, Person
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.matrix]


@pytest.fixture(scope="module")
def shared(synapse: Synapse, knowledge: Path) -> Iterator[BotProcess]:
    """One bot for all of these conversations."""
    bot = BotProcess(synapse, synapse.register("talker"))
    shutil.copy(knowledge, bot.state)
    bot.spawn()
    assert bot.wait_ready(), bot.tail()
    yield bot
    print(bot.tail(6000))
    bot.close()


def rows(bot: BotProcess, statement: str, *values: object) -> list[Any]:
    with sqlite3.connect(bot.state / "stadtlotse.db") as database:
        return database.execute(statement, values).fetchall()


async def eventually(result: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not result():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def quiet(person: Person, room: str, bot: BotProcess) -> int:
    """The number of messages of the bot, after it has read everything: it answers a last question."""
    await person.ask(room, "!hilfe")
    return len(person.from_user(room, bot.user_id))


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "encrypted"])
async def test_bot_answers_a_question(shared: BotProcess, person: Person, encrypted: bool) -> None:
    room = await person.room_with(shared.user_id, encrypted=encrypted)
    answer = await person.ask(room, "Wer hat einen Rufbus?")
    content = answer["content"]
    assert "Rufbus auf dem Land" in content["body"]
    assert "<strong>" in content["formatted_body"]
    assert answer["was_encrypted"] is encrypted
    assert content["m.mentions"] == {}
    assert "m.relates_to" not in content
    assert len(person.answers(room, content[ANSWER_TO])) == 1


async def test_bot_welcomes_a_room_once_and_answers_only_when_addressed(
    shared: BotProcess, person: Person, synapse: Synapse
) -> None:
    async with await Person.new(synapse) as other:
        room = await person.room_with(shared.user_id, other.user_id)
        await other.client.join(room)
        await other.sync()
        chatter = await other.say(room, "Wer hat einen Rufbus?")
        mention = {"m.mentions": {"user_ids": [shared.user_id]}}
        answer = await other.ask(room, "talker: Wer hat einen Rufbus?", **mention)
        assert "Rufbus auf dem Land" in answer["content"]["body"]
        related = answer["content"]["m.relates_to"]
        assert related["m.in_reply_to"]["event_id"] == answer["content"][ANSWER_TO]
        reply = {"m.relates_to": {"m.in_reply_to": {"event_id": answer["event_id"]}}}
        assert await other.ask(room, "Hitzeschutz?", **reply)
        assert await other.ask(room, "!frage Digitale Schule")
        assert other.answers(room, chatter) == []
        assert len(person.from_user(room, shared.user_id)) <= 4
        assert rows(shared, "SELECT 1 FROM inbox WHERE event_id = ?", chatter) == []


@pytest.mark.parametrize("version", ["11", "12"])
async def test_only_room_admins_can_subscribe_a_room(
    shared: BotProcess, person: Person, synapse: Synapse, version: str
) -> None:
    async with await Person.new(synapse) as other:
        room = await person.room_with(shared.user_id, other.user_id, version=version)
        await other.client.join(room)
        await other.sync()
        assert "ihre Admins" in (await other.ask(room, "!abo Mobilität"))["content"]["body"]
        assert "in diese Gruppe" in (await person.ask(room, "!abo Mobilität"))["content"]["body"]


async def test_an_answer_stays_in_the_thread_of_its_question(shared: BotProcess, person: Person) -> None:
    room = await person.room_with(shared.user_id, encrypted=True)
    root = await person.say(room, "!hilfe")
    await person.answer(room, root)
    related = {"m.relates_to": {"rel_type": "m.thread", "event_id": root, "is_falling_back": True,
               "m.in_reply_to": {"event_id": root}}}  # fmt: skip
    answer = await person.ask(room, "Rufbus?", **related)
    assert answer["content"]["m.relates_to"]["rel_type"] == "m.thread"
    assert answer["content"]["m.relates_to"]["event_id"] == root


async def test_long_answer_in_a_room_opens_a_thread_for_follow_ups(
    shared: BotProcess, person: Person, synapse: Synapse
) -> None:
    async with await Person.new(synapse) as other:
        room = await person.room_with(shared.user_id, other.user_id)
        question = await person.say(room, "!frage Mobilität")
        answer = await person.answer(room, question)
        assert answer["content"]["m.relates_to"]["rel_type"] == "m.thread"
        assert answer["content"]["m.relates_to"]["event_id"] == question
        more = await person.ask(room, "!mehr", **{"m.relates_to": {"rel_type": "m.thread", "event_id": question}})
        assert more["content"]["m.relates_to"]["event_id"] == question
        assert "noch keine Frage" not in more["content"]["body"]


async def test_thread_that_the_bot_began_needs_no_mention_and_keeps_its_topic(
    shared: BotProcess, person: Person, synapse: Synapse
) -> None:
    async with await Person.new(synapse) as other:
        room = await person.room_with(shared.user_id, other.user_id, encrypted=True)
        question = await person.say(room, "!frage Mobilität")
        await person.answer(room, question)
        thread = {"m.relates_to": {"rel_type": "m.thread", "event_id": question, "is_falling_back": True,
                  "m.in_reply_to": {"event_id": question}}}  # fmt: skip
        answer = await person.ask(room, "und auf dem Land?", **thread)
        assert "Mobilität" in answer["content"]["body"]
        assert answer["content"]["m.relates_to"]["event_id"] == question


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "encrypted"])
async def test_edited_question_edits_its_answer(shared: BotProcess, person: Person, encrypted: bool) -> None:
    room = await person.room_with(shared.user_id, encrypted=encrypted)
    answer = await person.ask(room, "Rufbus?")
    before = await quiet(person, room, shared)
    for wanted in ("Hitzeschutz?", "Digitale Schule?"):
        edit = {
            "m.new_content": {"msgtype": "m.text", "body": wanted},
            "m.relates_to": {"rel_type": "m.replace", "event_id": answer["content"][ANSWER_TO]},
        }
        known = len(person.from_user(room, shared.user_id))
        await person.say(room, f"* {wanted}", **edit)
        await person.until(lambda known=known: len(person.from_user(room, shared.user_id)) > known)  # type: ignore[misc]
        new = person.from_user(room, shared.user_id)[-1]["content"]
        assert new["m.relates_to"] == {"rel_type": "m.replace", "event_id": answer["event_id"]}
        assert wanted.split("?")[0].split()[-1].lower()[:5] in new["m.new_content"]["body"].lower()
        assert ANSWER_TO not in new
        assert ANSWER_TO not in new["m.new_content"]
    assert await quiet(person, room, shared) == before + 3


async def test_private_chat_that_becomes_a_group_says_so_once(
    shared: BotProcess, person: Person, synapse: Synapse
) -> None:
    async with await Person.new(synapse) as other:
        room = await person.room_with(shared.user_id, encrypted=True)
        await person.ask(room, "Rufbus?")
        await person.client.room_invite(room, other.user_id)
        await person.until(
            lambda: any("matrix.to" in str(e["content"]) for e in person.from_user(room, shared.user_id))
        )
        before = len(person.from_user(room, shared.user_id))
        await other.client.join(room)
        unasked = await person.say(room, "Rufbus?")
        assert await quiet(person, room, shared) == before + 1
        assert person.answers(room, unasked) == []


async def test_bot_does_not_answer_edits_of_others_notices_or_other_bots(shared: BotProcess, person: Person) -> None:
    room = await person.room_with(shared.user_id)
    await person.ask(room, "Rufbus?")
    before = await quiet(person, room, shared)
    edit = {
        "m.new_content": {"msgtype": "m.text", "body": "Hitze?"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": person.from_user(room, shared.user_id)[-1]["event_id"]},
    }
    await person.say(room, "* Hitze?", **edit)
    await person.send(room, "m.room.message", {"msgtype": "m.notice", "body": "Rufbus?"})
    await person.say(room, "Rufbus?", **{ANSWER_TO: "$x"})
    await person.send(room, "m.room.message", {"msgtype": "m.image", "body": "x.png", "url": "mxc://localhost/x"})
    assert await quiet(person, room, shared) == before + 1


async def test_two_bots_in_a_room_do_not_talk_to_each_other(
    shared: BotProcess, person: Person, new_bot: Callable[..., BotProcess]
) -> None:
    other = new_bot()
    await other.start()
    room = await person.room(shared.user_id, other.user_id)
    await person.until(lambda: all(person.from_user(room, bot.user_id) for bot in (shared, other)))
    await person.say(room, "Rufbus?")
    for _ in range(6):
        await person.sync(500)
    assert [len(person.from_user(room, bot.user_id)) for bot in (shared, other)] == [1, 1]


async def test_thumb_reaction_is_feedback_and_number_reaction_picks_a_hit(shared: BotProcess, person: Person) -> None:
    room = await person.room_with(shared.user_id, encrypted=True)
    answer = await person.ask(room, "Rufbus?")
    await eventually(lambda: rows(shared, "SELECT 1 FROM outbox WHERE remote_id = ?", answer["event_id"]))
    thumb = {"rel_type": "m.annotation", "event_id": answer["event_id"], "key": "👍"}
    await person.send(room, "m.reaction", {"m.relates_to": thumb})
    outbox = rows(shared, "SELECT id FROM outbox WHERE remote_id = ?", answer["event_id"])[0][0]
    await eventually(lambda: rows(shared, "SELECT 1 FROM feedback WHERE answer_id = ? AND useful", outbox))
    number = await person.send(room, "m.reaction", {"m.relates_to": thumb | {"key": "1️⃣"}})
    first = next(line for line in answer["content"]["body"].splitlines() if line.startswith("1. "))
    assert (await person.answer(room, number))["content"]["body"].startswith(
        first.removeprefix("1. ").split(" (")[0][:12]
    )


async def test_redacting_a_question_deletes_its_stored_answer_and_empties_the_shown_one(
    shared: BotProcess, person: Person
) -> None:
    room = await person.room_with(shared.user_id, encrypted=True)
    answer = await person.ask(room, "Rufbus?")
    question = answer["content"][ANSWER_TO]
    assert rows(shared, "SELECT 1 FROM answer WHERE event_id = ?", question)
    await person.client.room_redact(room, question)
    await eventually(lambda: not rows(shared, "SELECT 1 FROM answer WHERE event_id = ?", question))
    edits = lambda: [e for e in person.from_user(room, shared.user_id) if "m.new_content" in e["content"]]  # noqa: E731
    await person.until(lambda: bool(edits()))
    assert edits()[0]["content"]["m.relates_to"]["event_id"] == answer["event_id"]
    assert "Rufbus" not in edits()[0]["content"]["m.new_content"]["body"]


async def test_client_that_shows_polls_gets_fixed_answers_as_a_poll_alone(shared: BotProcess, person: Person) -> None:
    room = await person.room_with(shared.user_id, encrypted=True)
    assert "1. Deutsch" in (await person.ask(room, "!sprache"))["content"]["body"]
    await person.client.update_device(person.client.device_id, {"display_name": "Element X Android"})
    assert "Deutsch" not in (await person.ask(room, "!sprache"))["content"]["body"]
    polls = lambda: [e for e in person.from_user(room, shared.user_id) if e["type"].endswith("poll.start")]  # noqa: E731
    await person.until(lambda: bool(polls()))
    poll = polls()[0]
    assert PART in poll["content"]
    assert poll["was_encrypted"]
    answers = poll["content"]["org.matrix.msc3381.poll.start"]["answers"]
    english = next(answer["id"] for answer in answers if answer["id"].endswith(" en"))
    vote = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll["event_id"]},
            "org.matrix.msc3381.poll.response": {"answers": [english]}}  # fmt: skip
    voted = await person.send(room, "org.matrix.msc3381.poll.response", vote)
    assert await person.answer(room, voted)


async def test_bot_sends_a_read_receipt_for_a_question(shared: BotProcess, person: Person) -> None:
    room = await person.room_with(shared.user_id)
    question = (await person.ask(room, "Rufbus?"))["content"][ANSWER_TO]
    await person.until(lambda: person.client.rooms[room].read_receipts.get(shared.user_id) is not None)
    assert person.client.rooms[room].read_receipts[shared.user_id].event_id == question


async def test_user_text_never_becomes_a_link_or_mention(shared: BotProcess, person: Person) -> None:
    room = await person.room_with(shared.user_id)
    command = "!https://boese.example/@raum#x <b>fett</b> @room"
    content = (await person.ask(room, command))["content"]
    assert "https://" not in content["body"]
    assert "<b>" not in content["formatted_body"]
    assert content["m.mentions"] == {}


async def test_bot_leaves_an_empty_room_and_survives_a_kick(
    shared: BotProcess, person: Person, synapse: Synapse
) -> None:
    preset = nio.RoomPreset.private_chat  # where the bot has no power, and can be put out
    empty, kicked = [await person.room_with(shared.user_id, preset=preset) for _ in range(2)]
    await person.client.room_leave(empty)
    await person.say(kicked, "Rufbus?")
    await person.client.room_kick(kicked, shared.user_id)
    joined = f"/_synapse/admin/v1/users/{shared.user_id}/joined_rooms"
    await eventually(lambda: not {empty, kicked} & set(synapse.admin("GET", joined)["joined_rooms"]))
    room = await person.room_with(shared.user_id)
    assert await person.ask(room, "Noch da?")


@pytest.mark.parametrize("version", ["11", "12"])
async def test_bot_follows_a_room_upgrade_when_invited(shared: BotProcess, person: Person, version: str) -> None:
    room = await person.room_with(shared.user_id)
    headers = {"Authorization": f"Bearer {person.client.access_token}"}
    path = f"/_matrix/client/v3/rooms/{room}/upgrade"
    body = json.dumps({"new_version": version})
    new = (await (await person.client.send("POST", path, body, headers)).json())["replacement_room"]
    await person.sync()
    await person.client.room_invite(new, shared.user_id)
    await person.until(lambda: bool(person.from_user(new, shared.user_id)))
    assert await person.ask(new, "Rufbus?")


async def test_bot_rejects_invitations_from_servers_that_are_not_allowed(
    new_bot: Callable[..., BotProcess], person: Person, synapse: Synapse
) -> None:
    bot = new_bot(MATRIX__ALLOWED_SERVERS="example.org")
    await bot.start()
    room = await person.room(bot.user_id)
    await person.until(
        lambda: any(
            e["type"] == "m.room.member" and e["state_key"] == bot.user_id and e["content"]["membership"] == "leave"
            for e in person.events[room]
        )
    )


async def test_bot_joins_at_most_the_allowed_rooms_per_hour(new_bot: Callable[..., BotProcess], person: Person) -> None:
    bot = new_bot(MATRIX__JOINS_PER_HOUR="1")
    await bot.start()
    rooms = [await person.room(bot.user_id) for _ in range(3)]
    await person.until(lambda: any(person.from_user(room, bot.user_id) for room in rooms))
    for _ in range(3):
        await person.sync(500)
    assert sum(bool(person.from_user(room, bot.user_id)) for room in rooms) == 1


async def test_bot_answers_every_question_once_under_a_rate_limit(
    new_bot: Callable[..., BotProcess], person: Person, synapse: Synapse
) -> None:
    bot = new_bot()
    await bot.start()
    room = await person.room_with(bot.user_id, encrypted=True)
    limits = f"/_synapse/admin/v1/users/{bot.user_id}/override_ratelimit"
    synapse.admin("POST", limits, {"messages_per_second": 1, "burst_count": 2})
    asked = [await person.say(room, f"Rufbus {number}?") for number in range(4)]
    await person.answer(room, asked[-1])
    assert [len(person.answers(room, question)) for question in asked] == [1] * 4
    assert bot.events("outbox.later")
