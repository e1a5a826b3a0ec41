"""A stranger sends malformed timeline and to-device events: the bot goes on and quarantines each event once."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import sqlite3
import time
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest

from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import ANSWER_TO, Person
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.matrix]

FLOOD_AT_ONCE = 8
MEGOLM, OLM = "m.megolm.v1.aes-sha2", "m.olm.v1.curve25519-aes-sha2"


def megolm(**content: Any) -> tuple[str, dict[str, Any]]:
    whole = {"algorithm": MEGOLM, "ciphertext": "AwgA", "device_id": "X", "sender_key": "abc", "session_id": "abc"}
    return "m.room.encrypted", {**whole, **content}


TIMELINE: list[tuple[str, dict[str, Any]]] = [
    ("m.room.message", {"msgtype": 5, "body": "a"}),
    ("m.room.message", {"msgtype": "m.text", "body": 5}),
    ("m.room.message", {"msgtype": "m.text", "body": {"a": []}}),
    ("m.room.message", {"msgtype": "m.text"}),
    ("m.room.message", {"body": "a"}),
    ("m.room.message", {"msgtype": "m.text", "body": None}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": "x"}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": []}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": {"rel_type": "m.thread", "event_id": 7}}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": {"rel_type": "m.replace", "event_id": []}}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": {"rel_type": "m.replace"}}),
    ("m.room.message", {"msgtype": ["m.text"], "body": "a"}),
    ("m.room.message", {"msgtype": "m.text", "body": ["a"]}),
    ("m.room.message", {"msgtype": "m.text", "body": True}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": 7}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": {"rel_type": "m.thread", "event_id": {}}}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": {"rel_type": "m.thread"}}),
    ("m.room.message", {"msgtype": "m.text", "body": "a", "m.relates_to": {"rel_type": "m.replace", "event_id": 5}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$a", "key": None}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": None, "key": "👍"}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "key": "👍"}}),
    ("m.key.verification.start", {"m.relates_to": [{"event_id": "$a"}]}),
    ("m.key.verification.key", {"m.relates_to": "x"}),
    ("m.reaction", {"m.relates_to": 1}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": 1, "key": "👍"}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$a", "key": ["👍"]}}),
    ("m.reaction", {"m.relates_to": {}}),
    ("m.reaction", {}),
    megolm(session_id=""),
    megolm(session_id=5),
    megolm(session_id=["a"]),
    megolm(ciphertext=5),
    megolm(session_id=None),
    megolm(session_id={"a": "b"}),
    megolm(ciphertext=""),
    megolm(ciphertext={"body": "x"}),
    megolm(ciphertext=[]),
    megolm(ciphertext=None),
    ("m.room.encrypted", {"algorithm": MEGOLM}),
    ("m.room.encrypted", {"algorithm": "m.none"}),
    ("m.room.encrypted", {"algorithm": 5, "ciphertext": 5}),
    ("m.room.encrypted", {"a": {"b": {"c": []}}}),
    ("org.matrix.msc3381.poll.response", {"org.matrix.msc3381.poll.response": {"answers": 5}}),
    ("org.matrix.msc3381.poll.response", {"org.matrix.msc3381.poll.response": {"answers": [[]]}}),
    ("org.matrix.msc3381.poll.response", {}),
    ("m.poll.response", {"m.poll.response": "x"}),
    ("m.poll.response", {"m.poll.response": {"answers": [5]}}),
    ("m.poll.response", {"m.poll.response": {"answers": {"a": "b"}}}),
]
KEY = "Xjv6ZR6nHZ3rrPbLSCgQJfmG3k6XvTZrUJd8XK0yyFw"
TO_DEVICE: list[tuple[str, Any]] = [
    ("m.room.encrypted", {}),
    ("m.room.encrypted", {"algorithm": OLM}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": 5, "ciphertext": {}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": "x"}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": {"OWN": {"type": 0, "body": "garbage!"}}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": {"OWN": {"type": 1, "body": "garbage!"}}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": {"OWN": {"type": 0, "body": ""}}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": {"OWN": {"type": "0", "body": "AAAA"}}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": {"OWN": {"type": 0}}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": KEY, "ciphertext": {"OWN": "x"}}),
    ("m.room.encrypted", {"algorithm": OLM, "sender_key": "", "ciphertext": {"OWN": {"type": 0, "body": "AAAA"}}}),
    ("m.room.encrypted", {"algorithm": "m.unknown", "ciphertext": "x"}),
    (
        "m.room.encrypted",
        {"algorithm": MEGOLM, "ciphertext": "x", "sender_key": KEY, "session_id": "", "device_id": ""},
    ),
]
HARMLESS_TO_DEVICE: list[tuple[str, Any]] = [  # nothing to us, whatever they hold
    ("m.room_key_request", {"action": 5}),
    ("m.room_key_request", {"action": "request", "body": [], "request_id": 7, "requesting_device_id": None}),
    ("m.forwarded_room_key", {"algorithm": MEGOLM, "room_id": "!a", "session_id": "b", "session_key": "c"}),
    ("m.key.verification.start", {"transaction_id": ["x"]}),
    ("m.key.verification.start", {"transaction_id": "t", "method": 5, "from_device": {}}),
    ("m.key.verification.mac", {"transaction_id": "t", "mac": 5, "keys": []}),
    ("m.key.verification.key", {"transaction_id": 5}),
    ("x", {"y": ["z"] * 100}),
]


def quarantined(bot: BotProcess) -> int:
    with sqlite3.connect(bot.state / "stadtlotse.db") as database:
        count: int = database.execute("SELECT count(*) FROM inbox WHERE state = 'quarantined'").fetchone()[0]
    return count


class Stranger:
    """A stranger who sends any event, without a client library."""

    def __init__(self, server: Synapse, person: Person) -> None:
        self._http = httpx.Client(
            base_url=f"{server.url}/_matrix/client/v3",
            headers={"Authorization": f"Bearer {person.client.access_token}"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def event(self, room: str, kind: str, content: dict[str, Any]) -> int:
        return self._http.put(f"/rooms/{room}/send/{kind}/{uuid4().hex}", json=content).status_code

    def answered(self, room: str) -> list[str]:
        """The questions that have an answer in the room; read without nio, which such events break."""
        result = self._http.get(f"/rooms/{room}/messages", params={"dir": "b", "limit": 200}).json()["chunk"]
        return [event["content"][ANSWER_TO] for event in result if ANSWER_TO in event["content"]]

    async def until_answered(self, room: str, questions: list[str]) -> None:
        async with asyncio.timeout(40):
            while not set(questions) <= set(self.answered(room)):  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    def identity_key(self, user: str, device: str) -> str:
        result = self._http.post("/keys/query", json={"device_keys": {user: []}}).json()
        key: str = result["device_keys"][user][device]["keys"][f"curve25519:{device}"]
        return key

    def to_device(self, user: str, device: str, kind: str, content: Any) -> int:
        body = {"messages": {user: {device: content}}}
        return self._http.put(f"/sendToDevice/{kind}/{uuid4().hex}", json=body).status_code


def for_us(content: Any, own_key: str) -> Any:
    """The content, addressed to the bot's own key."""
    ciphertext = content.get("ciphertext")
    if not isinstance(ciphertext, dict):
        return content
    return content | {"ciphertext": {own_key if name == "OWN" else name: part for name, part in ciphertext.items()}}


async def test_malformed_events_never_stop_the_bot_and_are_quarantined_once(
    synapse: Synapse, own_bot: BotProcess, person: Person
) -> None:
    room = await person.room_with(own_bot.user_id)
    login = (own_bot.folder / "login.json").read_text()
    device = json.loads(login)["device_id"]
    async with await Person.new(synapse) as outsider:  # shares no room with the own_bot
        with Stranger(synapse, outsider) as stranger:
            own_key = stranger.identity_key(own_bot.user_id, device)
        await own_bot.end()  # so that everything comes in one batch, with questions among it
        with Stranger(synapse, outsider) as stranger:
            for kind, content in [*TO_DEVICE, *HARMLESS_TO_DEVICE]:
                assert stranger.to_device(own_bot.user_id, device, kind, for_us(content, own_key)) == 200
    with Stranger(synapse, person) as inside:
        questions, taken = [], 0
        for number, (kind, content) in enumerate(TIMELINE):
            if number % 11 == 0:
                questions.append(await person.say(room, "Rufbus?"))
            taken += inside.event(room, kind, content) == 200
        questions.append(await person.say(room, "Hitzeschutz?"))
        assert taken + len(TO_DEVICE) >= 40
        await own_bot.start()
        await inside.until_answered(room, questions)
        assert len(inside.answered(room)) == len(questions) + 1  # the welcome
        assert quarantined(own_bot) == taken + len(TO_DEVICE)
        await own_bot.kill()
        await own_bot.start()
        await inside.until_answered(room, [await person.say(room, "Noch da?")])
        assert quarantined(own_bot) == taken + len(TO_DEVICE)


# --- a flood ----------------------------------------------------------------------------------------------------------


def junk(number: int, own_key: str) -> tuple[str, Any]:
    """A different message for each number, so that each is counted; of every kind that may cost time."""
    body = base64.b64encode(secrets.token_bytes(120)).decode()
    kinds: tuple[Any, ...] = (
        {"algorithm": OLM, "sender_key": KEY, "ciphertext": {own_key: {"type": 0, "body": body}}},
        {"algorithm": OLM, "sender_key": KEY, "ciphertext": {own_key: {"type": 1, "body": body}}},
        {"algorithm": OLM, "sender_key": own_key, "ciphertext": {own_key: {"type": 5, "body": body}}},
        {"algorithm": MEGOLM, "ciphertext": body, "sender_key": KEY, "session_id": "s", "device_id": "d"},
        {"algorithm": number, "ciphertext": ["x" * 5_000]},
    )
    return "m.room.encrypted", kinds[number % len(kinds)]


async def flood(synapse: Synapse, bot: BotProcess, outsider: Person, count: int) -> None:
    """A stranger who shares no room with the bot sends as fast as the server takes it."""
    device = bot.device_id
    with Stranger(synapse, outsider) as stranger:
        own_key = stranger.identity_key(bot.user_id, device)
    headers = {"Authorization": f"Bearer {outsider.client.access_token}"}
    async with httpx.AsyncClient(base_url=f"{synapse.url}/_matrix/client/v3", headers=headers, timeout=120) as http:

        async def send(start: int) -> None:
            for number in range(start, count, FLOOD_AT_ONCE):
                kind, content = junk(number, own_key)
                body = {"messages": {bot.user_id: {device: content}}}
                answer = await http.put(f"/sendToDevice/{kind}/{uuid4().hex}", json=body)
                assert answer.status_code == 200

        await asyncio.gather(*(send(start) for start in range(FLOOD_AT_ONCE)))


async def survives_a_flood(synapse: Synapse, bot: BotProcess, person: Person, count: int) -> None:
    room = await person.room_with(bot.user_id, encrypted=True)
    await person.ask(room, "Rufbus?")
    before, took = bot.memory(), []
    async with await Person.new(synapse) as outsider:
        flooding = asyncio.create_task(flood(synapse, bot, outsider, count))
        while not flooding.done():
            started = time.monotonic()
            await person.ask(room, "Hitzeschutz?")
            took.append(time.monotonic() - started)
        await flooding
    await person.ask(room, "Digitale Schule?")
    grown = (bot.memory() - before) / 2**20
    took.sort()
    print(
        f"\n{count} junk messages; {len(took)} questions meanwhile, answered in {took[len(took) // 2]:.2f} s (median), "
        f"{took[int(len(took) * 0.95)]:.2f} s (95 %); memory grew by {grown:.0f} MB"
    )
    assert took
    assert grown < 50
    assert bot.process
    assert bot.process.poll() is None


async def test_bot_answers_users_during_a_flood_of_junk(synapse: Synapse, own_bot: BotProcess, person: Person) -> None:
    await survives_a_flood(synapse, own_bot, person, 500)


@pytest.mark.campaign
async def test_bot_answers_users_during_a_flood_of_10_000_messages(
    synapse: Synapse, own_bot: BotProcess, person: Person
) -> None:
    await survives_a_flood(synapse, own_bot, person, 10_000)
