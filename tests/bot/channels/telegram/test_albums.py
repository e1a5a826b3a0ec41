"""Albums: one question or one hint, however Telegram cuts them into updates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import select

from bot.channels.port import Receive
from bot.channels.telegram.albums import Albums, of_album
from bot.channels.telegram.normalise import Me, UpdateReader
from bot.channels.telegram.policy import Policy
from bot.incoming.intake import Intake
from bot.messages import Happening, Inbound
from knowledge_base.store.database import Store
from knowledge_base.store.tables import inbox
from tests.claims import to_handle

READER = UpdateReader(Me(1, "stadtlotse_test_bot"), Policy(frozenset(), False), frozenset({"frage"}))
LONG_AGO, NEVER = timedelta(0), timedelta(days=1)


def picture(
    number: int, caption: str = "", *, album: Any = "a", chat: int = 11, kind: str = "private"
) -> list[Inbound]:
    body: dict[str, Any] = {
        "message_id": number, "date": 1_700_000_000, "from": {"id": 11, "is_bot": False}, "photo": [],
        "chat": {"id": chat, "type": kind}, "media_group_id": album,
    }  # fmt: skip
    update = {"update_id": number, "message": body | ({"caption": caption} if caption else {})}
    read = READER.read(update)
    assert isinstance(read, Inbound | None)
    return of_album(update, read) if read else []


async def waiting(store: Store, *batches: list[Inbound], after: timedelta = LONG_AGO) -> list[str]:
    """Return the texts that wait to be handled when these batches are taken in and the early parts released."""
    intake = Intake(store)
    for batch in batches:
        await intake("telegram", batch)
    await intake.release("telegram", after)
    async with store.read() as tx:
        rows = await tx.connection.scalars(select(inbox.c.payload).where(inbox.c.state == "new").order_by(inbox.c.seq))
        return [row["text"] for row in rows if row["happening"] == Happening.MESSAGE]


@pytest.mark.parametrize(
    ("captions", "texts"),
    [
        (["Wer?", "", ""], ["Wer?"]),
        (["", "Wer?", ""], ["Wer?"]),
        (["", "", "Wer?"], ["Wer?"]),
        (["", "", ""], [""]),
        (["Wer?", "", "Und wo?"], ["Wer?", "Und wo?"]),
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_album_is_one_question_or_one_hint(
    sqlite_store: Store, captions: list[str], texts: list[str], together: bool
) -> None:
    parts = [picture(number, caption) for number, caption in enumerate(captions)]
    batches = [[one for part in parts for one in part]] if together else parts
    assert await waiting(sqlite_store, *batches) == texts


async def test_picture_without_a_caption_waits_until_it_is_released(store: Store) -> None:
    assert await waiting(store, picture(1), after=NEVER) == []
    async with store.read() as tx:
        assert await tx.inbox.count() == {"new": 1}
    assert await waiting(store) == [""]


async def test_caption_after_the_hint_is_still_a_question(sqlite_store: Store) -> None:
    assert await waiting(sqlite_store, picture(1)) == [""]
    async with sqlite_store.begin() as tx:
        for row in await to_handle(tx, "telegram"):
            await tx.inbox.done(row)
    assert await waiting(sqlite_store, picture(2, "Wer?"), picture(3)) == ["Wer?"]


def test_albums_of_two_chats_or_with_two_ids_are_different() -> None:
    ids = {picture(1)[0].id, picture(1, album="b")[0].id, picture(1, chat=12)[0].id}
    assert len(ids) == 3


@pytest.mark.parametrize("album", [None, 5, {}, []])
def test_picture_that_belongs_to_no_album_is_a_message(album: Any) -> None:
    assert [one.early for one in picture(1, album=album)] == [False]


def test_picture_of_an_album_in_a_group_is_a_message_if_its_caption_is_for_the_bot() -> None:
    assert picture(1, chat=-5, kind="group") == []
    [asked] = picture(1, "/frage Wer?", chat=-5, kind="group")
    assert not asked.early


@pytest.mark.parametrize("update", [None, 5, {}, {"message": None}, {"message": {"media_group_id": "a"}}])
def test_unreadable_update_is_no_album(update: Any) -> None:
    read = READER.read(update)
    assert read is None or of_album(update, read) == [read]  # type: ignore[arg-type]


class Released:
    """A ``Receive`` that notes what is released."""

    def __init__(self, left: bool = False) -> None:
        self.times = 0
        self.left = left

    async def release(self, _channel: str, _after: timedelta) -> bool:
        self.times += 1
        return self.left


async def test_waiting_pictures_are_released_when_their_time_is_over_and_not_before() -> None:
    now = [0.0]
    receive = Released()
    albums = Albums(cast("Receive", receive), 3.0, lambda: now[0])
    assert albums.patience(30.0) == 3.0, "an earlier process may have left some"
    for now[0], times in ((2.9, 0), (3.0, 1), (9.0, 1)):
        await albums.settle()
        assert receive.times == times
    assert albums.patience(30.0) == 30.0
    albums.came()
    now[0] = 10.0
    albums.came()  # more of it does not begin the time again
    assert (albums.patience(30.0), albums.patience(1.0)) == (3.0, 1.0)
    receive.left = True
    for now[0], times in ((11.9, 1), (12.0, 2), (14.9, 2), (15.0, 3)):
        await albums.settle()
        assert receive.times == times
