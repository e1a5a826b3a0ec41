"""Broken updates: none stops the bot, none is answered twice, none reaches the log, and good messages are answered."""

from __future__ import annotations

import io
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import ADMIN, GROUP, SMALL_GROUP, Rig, make_settings, running
from tests.mutations import mutated, seed
from tests.telegram_api import LoopbackApi
from tests.telegram_api.world import BOT_ID, BOT_NAME
from tests.wording import says

BATCH = 50
USER, NAME, LOGIN, WORDS, PHONE = 7391846205, "Kanarienname", "kanarienlogin", "Kanarientext", "+49 30 8462913"
CANARIES = (str(USER), NAME, LOGIN, WORDS, "8462913", "100739184")
PERSON = {"id": USER, "is_bot": False, "first_name": NAME, "username": LOGIN, "language_code": "de"}
BOT = {"id": BOT_ID, "is_bot": True, "first_name": "Stadtlotse", "username": BOT_NAME}
ANONYMOUS = BOT | {"id": 1087968824, "username": "GroupAnonymousBot"}
PRIVATE = {"id": USER, "type": "private", "first_name": NAME}
ROOM = {"id": GROUP, "type": "supergroup", "title": NAME, "is_forum": True}
CHANNEL = {"id": -1007391846205, "type": "channel", "title": NAME}
NUMBERLESS: list[Any] = [[], "x", 7, None, {}, {"update_id": "x"}, {"update_id": None}]
FILE = {"file_id": "f", "file_unique_id": "u"}
PHOTO = [FILE | {"width": 9, "height": 9, "file_size": 1}]


def message(
    number: int, chat: dict[str, Any] = PRIVATE, sender: dict[str, Any] = PERSON, **more: Any
) -> dict[str, Any]:
    return {"message_id": number, "date": int(time.time()), "chat": chat, "from": sender} | more


def commands(text: str) -> list[dict[str, Any]]:
    return [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]


def valid(number: int) -> list[dict[str, Any]]:
    """Return one update of every kind that the bot asks for, and some that it does not."""
    ask = f"Wer hat {WORDS} und Mobilität?"
    in_group = f"@{BOT_NAME} {ask}"
    answer = message(number - 1, PRIVATE, BOT, text="Antwort")
    member = {"user": BOT, "status": "member"}
    messages = [
        message(number, text=ask),
        message(number, text="/hilfe", entities=commands("/hilfe")),
        message(number, text=f"/start show_{WORDS}", entities=commands("/start")),
        message(number, text=f"/profil telefon {PHONE}", entities=commands("/profil")),
        message(number, text="mehr", reply_to_message=answer),
        message(number, ROOM, text=in_group, entities=[{"type": "mention", "offset": 0, "length": len(BOT_NAME) + 1}]),
        message(number, ROOM, text=in_group, message_thread_id=5, is_topic_message=True),
        message(number, ROOM, text=in_group, sender_chat=CHANNEL, is_automatic_forward=True),
        message(number, ROOM, ANONYMOUS, text=in_group, sender_chat=ROOM),
        message(number, photo=PHOTO, caption=ask, media_group_id=f"album{number}"),
        message(number, photo=PHOTO, media_group_id=f"album{number}"),
        message(number, voice=FILE | {"duration": 3}),
        message(number, sticker=FILE | {"type": "regular", "width": 1, "height": 1, "is_animated": False}),
        message(number, location={"longitude": 14.3, "latitude": 51.7}),
        message(number, contact={"phone_number": PHONE, "first_name": NAME}),
        message(number, poll={"id": "1", "question": WORDS, "options": [], "total_voter_count": 0}),
        message(number, text=ask, via_bot=BOT),
        message(number, text=ask, forward_origin={"type": "user", "sender_user": PERSON, "date": 1}),
        message(number, ROOM, new_chat_members=[PERSON]),
        message(number, ROOM, pinned_message=answer),
        message(number, {"id": SMALL_GROUP - 1, "type": "group", "title": NAME}, migrate_to_chat_id=GROUP - 1),
        message(number, ROOM | {"id": GROUP - 1}, migrate_from_chat_id=SMALL_GROUP - 1),
    ]  # fmt: skip
    where = {"chat": PRIVATE, "message_id": number - 1, "date": int(time.time())}
    thumb = {"type": "emoji", "emoji": "👍"}
    press = {"id": f"q{number}", "from": PERSON, "message": answer, "chat_instance": "1", "data": "forged"}
    others: list[dict[str, Any]] = [
        {"edited_message": message(number, text=ask, edit_date=int(time.time()))},
        {"callback_query": press},
        {"callback_query": press | {"message": None, "inline_message_id": "i"}},
        {"inline_query": {"id": f"i{number}", "from": PERSON, "query": ask, "offset": ""}},
        {"message_reaction": where | {"user": PERSON, "old_reaction": [], "new_reaction": [thumb]}},
        {"my_chat_member": {"chat": ROOM, "from": PERSON, "date": int(time.time()),
                            "old_chat_member": member | {"status": "left"}, "new_chat_member": member}},
        {"my_chat_member": {"chat": PRIVATE, "from": PERSON, "date": int(time.time()), "old_chat_member": member,
                            "new_chat_member": member | {"status": "kicked", "until_date": 0}}},
        {"channel_post": message(number, CHANNEL, text=ask)},
        {"poll": {"id": "1", "question": WORDS, "options": []}},
        {"chat_join_request": {"chat": ROOM, "from": PERSON, "date": 1, "user_chat_id": USER}},
        {"business_message": message(number, text=ask)},
    ]  # fmt: skip
    return [*({"message": body} for body in messages), *others]


@pytest.fixture
async def rig(api: LoopbackApi, live_store: Store, tmp_path: Path, output: io.StringIO) -> AsyncIterator[Rig]:
    async with running(api, live_store, make_settings(api, tmp_path)) as started:
        yield started


SMALL_IDS = 8


class Fuzz:
    """Sends broken updates, and notes which messages may be answered how often."""

    def __init__(self, rig: Rig, chosen: str) -> None:
        self.rig, self.draw = rig, random.Random(chosen)
        self.sent: list[dict[str, Any]] = []
        self.asked: Counter[tuple[Any, Any]] = Counter()
        self.number = 1_000_000

    def push(self, body: Any) -> None:
        update = body | {"update_id": self.rig.world.next_update_id()} if isinstance(body, dict) else body
        self.sent.append(update)
        self.rig.world.push_raw(update)

    def broken(self) -> None:
        """Send one broken update; a few have no usable number, or come twice."""
        self.number += 1
        update = mutated(self.draw, self.draw.choice(valid(self.number)))
        match self.draw.randrange(40):
            case 0:
                self.rig.world.push_raw(
                    self.draw.choice([[], "x", 7, None, {}, {"update_id": "x"}, {"update_id": None}])
                )
            case 1 if self.sent:
                self.rig.world.push_raw(self.draw.choice(self.sent))  # Telegram delivers again what it is unsure of
            case _:
                self.push(update)

    async def batch(self) -> None:
        """Send a batch; after it, both users hear an answer to a good message."""
        for _ in range(BATCH):
            self.broken()
        for user in (self.rig.world.user(USER, NAME, LOGIN), self.rig.world.user(ADMIN)):
            question = self.rig.world.say(user, "hilfe")
            assert says("help", (await self.rig.world.answer(question)).text.replace("\u2060", ""))
            await self.rig.settled()
            assert len(self.rig.world.answers(question)) == 1

    def answered_twice(self) -> list[tuple[Any, int]]:
        """Return the messages that were answered more often than they came."""
        came: Counter[tuple[Any, Any]] = Counter()
        for update in self.sent:
            for kind in ("message", "edited_message"):
                body = update.get(kind)
                if isinstance(body, dict) and isinstance(body.get("chat"), dict):
                    came[_number(body["chat"].get("id")), _number(body.get("message_id"))] += 1
        replies = Counter(
            (str(call.params["chat_id"]), str(call.params["reply_parameters"]["message_id"]))
            for call in self.rig.api.calls
            if call.status == 200 and call.method.lower() == "sendmessage" and call.params.get("reply_parameters")
        )
        return [(place, count) for place, count in replies.items() if count > max(came[place], 1)]


def _number(junk: Any) -> str:
    """Return an id as the bot reads it: ``True`` is 1."""
    try:
        return str(int(junk))
    except (TypeError, ValueError, OverflowError):
        return str(junk)


async def fuzz(rig: Rig, output: io.StringIO, chosen: str, updates: int) -> None:
    run = Fuzz(rig, chosen)
    for user in (rig.world.user(USER, NAME, LOGIN), rig.world.user(ADMIN)):
        for _ in range(SMALL_IDS):  # broken updates have them, too: no good message must share its id with one
            await rig.world.answer(rig.world.say(user, "hilfe"))
    for _ in range(updates // BATCH):
        await run.batch()
    assert run.answered_twice() == []
    logged = output.getvalue()
    assert "telegram.receiving_failed" not in logged
    assert [canary for canary in CANARIES if canary.lower() in logged.lower()] == []


@pytest.mark.parametrize("chosen", ["one", "two", "three"])
async def test_broken_updates_stop_nothing_and_reach_no_log(rig: Rig, output: io.StringIO, chosen: str) -> None:
    await fuzz(rig, output, chosen, 150)


@pytest.mark.campaign
@pytest.mark.fuzz
async def test_10000_broken_updates_stop_nothing_and_reach_no_log(rig: Rig, output: io.StringIO) -> None:
    await fuzz(rig, output, seed(), 10_000)
