"""A person writes to the bot for the first time, in several chats at the same moment."""

from __future__ import annotations

from pathlib import Path

from bot.messages.markup import plain
from knowledge_base.store.database import Store
from tests.fakes import settled
from tests.introducing import networks

CHATS = ("", "room-1", "room-2", "room-3", "room-4")


async def test_new_user_gets_an_answer_in_each_of_several_chats_at_once(store: Store, tmp_path: Path) -> None:
    async with networks(store, tmp_path) as net:
        for number in range(4):
            persons = [net.telegram.person(f"new-{number}", chat) for chat in CHATS]
            asked = [person.inbound("!frage Was gibt es zur Mobilität?") for person in persons]
            await net.telegram.hands_over(*asked)
            answers = [plain((await net.telegram.answer_to(one.id)).document) for one in asked]
            assert len({answer.splitlines()[0] for answer in answers}) == 1
        await settled(net.bot)
        async with store.read() as tx:
            assert (await tx.outbox.count()) == {"sent": 4 * len(CHATS)}
            assert {row.state for row in await tx.connection.exec_driver_sql("SELECT state FROM inbox")} == {"asked"}
