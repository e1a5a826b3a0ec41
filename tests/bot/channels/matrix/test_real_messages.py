"""Messages as real clients write them, played to the whole bot: mentions, captions, and messages without words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from bot.channels.matrix.http import Json
from knowledge_base.store.database import Store
from tests.bot.channels.matrix.rig import ME, ROOM, Rig, event
from tests.bot.channels.matrix.whole_bot import GROUP, QueuedChannel, now_sent, sync_answer, whole_bot
from tests.wording import says

LINK = f"https://matrix.to/#/{ME}"
NUMBERS = count()


@pytest.fixture
async def channel(rig: Rig, live_store: Store, tmp_path: Path) -> AsyncIterator[QueuedChannel]:
    async with whole_bot(rig, live_store, tmp_path) as running:
        for room in (ROOM, GROUP):  # the first answer ends with the privacy notice
            await answers(running, room, {"msgtype": "m.text", "body": "!hilfe"})
        yield running


async def answers(channel: QueuedChannel, room: str, content: Json, kind: str = "m.room.message") -> list[str]:
    name = f"$m{next(NUMBERS)}"
    await channel.takes(sync_answer({room: [now_sent(event(kind, content), name)]}))
    return channel.answers(name)


def mention(label: str, words: str) -> Json:
    """Return what Element X writes: a Markdown link in the body, a pill in the formatted body."""
    html = f'<a href="{LINK}">{label}</a>{words}'
    return {"msgtype": "m.text", "body": f"[{label}]({LINK}){words}", "format": "org.matrix.custom.html",
            "formatted_body": html, "m.mentions": {"user_ids": [ME]}}  # fmt: skip


@pytest.mark.parametrize("label", [ME, "N.", "bot"])
async def test_command_after_a_mention_as_a_link_is_understood_in_a_room(channel: QueuedChannel, label: str) -> None:
    (answer,) = await answers(channel, GROUP, mention(label, " !hilfe"))
    assert says("help", answer)


@pytest.mark.parametrize("room", [ROOM, GROUP])
@pytest.mark.parametrize("words", ["Mobilität in Potsdam", "Wer hat einen Rufbus?"])
async def test_question_after_a_mention_as_a_link_is_answered_like_the_bare_question(
    channel: QueuedChannel, room: str, words: str
) -> None:
    (bare,) = await answers(channel, room, {"msgtype": "m.text", "body": f"{ME}: {words}"})
    for separator in (" ", ": ", ", "):
        assert await answers(channel, room, mention(ME, separator + words)) == [bare]


@pytest.mark.parametrize(
    "content", [mention(ME, ""), {"msgtype": "m.text", "body": "bot", "m.mentions": {"user_ids": [ME]}}]
)
async def test_mention_alone_makes_the_bot_ask_what_the_question_is(channel: QueuedChannel, content: Json) -> None:
    (answer,) = await answers(channel, GROUP, content)
    assert says("ask.empty", answer)


@pytest.mark.parametrize("kind", ["m.image", "m.file", "m.video", "m.audio"])
async def test_caption_of_a_file_is_answered(channel: QueuedChannel, kind: str) -> None:
    file = {"msgtype": kind, "url": "mxc://a.example/x", "filename": "foto.jpg"}
    (bare,) = await answers(channel, ROOM, {"msgtype": "m.text", "body": "Wer hat Hitzeschutz?"})
    assert await answers(channel, ROOM, file | {"body": "Wer hat Hitzeschutz?"}) == [bare]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("m.room.message", {"msgtype": "m.audio", "body": "Voice message", "org.matrix.msc3245.voice": {}}),
        ("m.room.message", {"msgtype": "m.location", "body": "Ort", "geo_uri": "geo:52,13"}),
        ("m.room.message", {"msgtype": "m.emote", "body": "winkt"}),
        ("m.sticker", {"body": "Sticker", "url": "mxc://a.example/x", "info": {}}),
    ],
)
async def test_message_without_words_gets_one_hint_in_private_and_none_in_a_room(
    channel: QueuedChannel, kind: str, content: Json
) -> None:
    (hint,) = await answers(channel, ROOM, content, kind)
    assert says("ask.empty", hint)
    assert await answers(channel, GROUP, content, kind) == []


async def test_picture_without_a_caption_gets_no_answer(channel: QueuedChannel) -> None:
    picture = {"msgtype": "m.image", "url": "mxc://a.example/x"}
    for named in ({"body": "foto.jpg"}, {"body": "foto.jpg", "filename": "foto.jpg"}):
        assert await answers(channel, ROOM, picture | named) == []
