"""A message that another device may have sent: when the bot looks for it, and how it recognises it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channels.matrix.arrived import LONGEST, MESSAGE_ID, arrived, is_foreign, trace_of
from bot.channels.matrix.http import Json
from bot.channels.matrix.position import Position
from bot.messages import Address, Outgoing
from bot.messages.markup import Document, Paragraph, Text
from tests.bot.channels.matrix.rig import ANNA, ME, ROOM, Homeserver, Rig, answer_with


@pytest.mark.parametrize(
    ("before", "now", "foreign"),
    [("", "A", False), ("A", "A", False), ("B", "A", True), ("*", "A", True), ("A" * 99, "B", True)],
)
def test_bot_looks_for_a_message_that_another_device_tried_to_send(before: str, now: str, foreign: bool) -> None:
    assert is_foreign(before, now) is foreign


def test_message_that_two_devices_tried_to_send_is_looked_for_each_time() -> None:
    trace = ""
    for device in ("A", "A", "B"):
        trace = trace_of(device, trace)
    assert is_foreign(trace, "A")
    assert is_foreign(trace, "B")
    assert is_foreign(trace_of("B", trace), "B")


def test_trace_of_a_long_device_name_fits_and_still_identifies_the_device() -> None:
    long = "D" * 300
    assert len(trace_of(long, "")) == LONGEST
    assert not is_foreign(trace_of(long, ""), long)


async def test_only_messages_of_the_bot_with_that_id_count_as_arrived(tmp_path: Path) -> None:
    def event(number: int, sender: str, content: object) -> Json:
        return {"event_id": f"${number}", "sender": sender, "type": "m.room.encrypted", "content": content}

    server = Homeserver("http://127.0.0.1:1")
    chunk: list[object] = [
        event(1, ME, {MESSAGE_ID: "m1"}), event(2, ME, {MESSAGE_ID: "m1.1"}), event(3, ANNA, {MESSAGE_ID: "m1.2"}),
        event(4, ME, {MESSAGE_ID: "m10"}), event(5, ME, {MESSAGE_ID: ["m1"]}), event(6, ME, {}), event(7, ME, None),
        None, "junk", {},
    ]  # fmt: skip
    server.answer = {"chunk": chunk}
    assert await arrived(server, ROOM, ME, "m1") == {"m1": "$1", "m1.1": "$2"}
    for answer in ({}, {"chunk": None}, {"chunk": {}}):
        server.answer = answer
        assert await arrived(server, ROOM, ME, "m1") == {}


class Counting(Homeserver):
    """Counts the events that are sent."""

    sent: list[Json] = []  # noqa: RUF012

    async def request(self, method: str, *path: str, **more: object) -> Json:
        if "send" in path:
            self.sent.append(more["body"])  # type: ignore[arg-type]
            return {"event_id": f"$sent{len(self.sent)}"}
        return await super().request(method, *path, **more)


async def test_arrived_message_is_not_sent_again_and_a_sent_event_carries_its_id(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.server = Counting("http://127.0.0.1:1")
    rig.server.sent = []
    document: Document = (Paragraph((Text("Hallo"),)),)
    async with rig.bot() as (sync, _):
        sending = sync._parts.sending
        sending.arrived["m1"] = "$there"
        first = await sending.send(Outgoing("m1", Address("matrix", ROOM), "de", document))
        second = await sending.send(Outgoing("m2", Address("matrix", ROOM), "de", document))
    assert first == "$there"
    assert second == "$sent1"
    assert [body[MESSAGE_ID] for body in rig.server.sent] == ["m2"]
    rig.close()


def test_position_names_the_device_that_read_except_in_older_versions() -> None:
    assert Position.load(Position("s1", device="B").dump()).device == "B"
    assert Position.load('{"since": "s1", "held": [], "told": {}}').device == ""


async def test_bot_reads_to_device_messages_that_waited_while_another_device_read(tmp_path: Path) -> None:
    """They come in a sync from the beginning, page by page; one from the other device's position passes over them."""
    rig = Rig(tmp_path)
    pages = [[rig.to_device[0]], [rig.to_device[1]], []]
    asked: list[str] = []

    class Waiting(Homeserver):
        async def request(self, method: str, *path: str, **more: object) -> Json:
            if "sync" not in path:
                return {}
            query = more["query"]
            assert isinstance(query, dict)
            asked.append(query.get("since", ""))
            return {"next_batch": f"n{len(asked)}", "to_device": {"events": pages[len(asked) - 1]}}

    rig.server = Waiting("http://127.0.0.1:1")
    async with rig.bot() as (sync, inbox):
        sync._parts.device = "BOT"
        sync._position = Position("s9", device="OTHER")
        await sync._snapshot()
        assert asked == ["", "n1", "n2"]
        assert sync._position.since == "s9", "the rooms go on from where the other one was"
        await sync._take(answer_with(rig.encrypted[0]))
        assert [happening.text for happening in inbox.happenings] == ["eins"]
        assert sync._position.device == "BOT"
    rig.close()
