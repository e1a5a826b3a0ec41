"""Buttons and whole conversations in the store, on both databases."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from knowledge_base.store.buttons import BUTTONS_LAST
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import account, button, chat_context, inbox, outbox, permit
from tests.claims import to_send
from tests.conftest import FixedClock

OLD, NEW = "-5", "-1005"


async def test_button_is_claimed_only_by_its_first_press(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        person = await tx.people.identify("t", "1", private_conversation="1")
        first, second = await tx.buttons.make(("t", "1", "7"), person.id, "a", ["more", "show x"])
        assert await tx.buttons.make(("t", "1", ""), person.id, "a", []) == []
    for event in ("e1", "e2", "e1"):
        async with store.begin() as tx:
            await tx.buttons.claim(first, event)
    async with store.read() as tx:
        shown, other = await tx.buttons.get(first), await tx.buttons.get(second)
        assert shown is not None
        assert other is not None
        assert (shown.claimed_by, shown.command, shown.thread, other.claimed_by) == ("e1", "more", "7", None)
        assert shown.expires_at == clock() + BUTTONS_LAST
        assert await tx.buttons.get("unknown") is None
    clock.advance(seconds=(BUTTONS_LAST + timedelta(seconds=1)).total_seconds())
    async with store.begin() as tx:
        assert await tx.buttons.forget() == 2


async def test_permit_of_a_conversation_can_be_given_and_withdrawn(store: Store) -> None:
    async with store.begin() as tx:
        assert not await tx.conversations.is_allowed("t", OLD)
        await tx.conversations.allow("t", OLD, "7")
        await tx.conversations.allow("t", OLD, "8")
        assert await tx.conversations.is_allowed("t", OLD)
        assert not await tx.conversations.is_allowed("u", OLD)
        await tx.conversations.forbid("t", OLD)
        assert not await tx.conversations.is_allowed("t", OLD)


async def test_all_rows_follow_a_conversation_to_its_new_id(store: Store) -> None:
    async with store.begin() as tx:
        person = await tx.people.identify("t", "1", private_conversation=OLD)
        await tx.people.remember(("t", OLD, "", person.id), {"texts": ["alt"]}, "a", [])
        await tx.people.remember(("t", NEW, "", person.id), {"texts": ["neu"]}, "b", [])
        await tx.people.remember(("t", OLD, "9", person.id), {"texts": ["Thema"]}, "c", [])
        await tx.people.remember(("u", OLD, "", person.id), {"texts": ["ein anderes Netz"]}, "d", [])
        await tx.buttons.make(("t", OLD, ""), person.id, "a", ["more"])
        await tx.inbox.add([Received("t", "e", OLD, "1", {})])
        await tx.outbox.add("t", OLD, {}, urgency=Urgency.ANSWER)
        await tx.conversations.allow("t", OLD, "7")
    for _ in range(2):
        async with store.begin() as tx:
            await tx.conversations.move("t", OLD, NEW)
    async with store.read() as tx:
        for table in (account, button, chat_context, inbox, outbox, permit):
            where = (table.c.channel == "t", table.c.conversation == OLD)
            assert await tx.connection.scalar(select(func.count()).select_from(table).where(*where)) == 0, table.name
        contexts = (
            select(chat_context.c.answer_id).where(chat_context.c.channel == "t").order_by(chat_context.c.answer_id)
        )
        assert list((await tx.connection.execute(contexts)).scalars()) == ["b", "c"]
        assert await tx.conversations.is_allowed("t", NEW)


async def test_user_who_blocked_the_bot_is_reachable_only_after_returning(store: Store) -> None:
    async with store.begin() as tx:
        await tx.people.identify("t", "1", private_conversation="1")
        for conversation in ("1", "1", "2"):
            await tx.outbox.add("t", conversation, {}, urgency=Urgency.NOTICE)
        await tx.conversations.gone("t", "1", "blocked")
    async with store.begin() as tx:
        assert await tx.outbox.count() == {"dead": 2, "new": 1}
        await tx.people.identify("t", "1", private_conversation="1", returns=False)
        assert await tx.people.private_conversation("t", "1") is None
        await tx.people.identify("t", "1", private_conversation="1")
        assert await tx.people.private_conversation("t", "1") == "1"


async def test_admin_decides_whether_a_doubtful_message_is_sent_again(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        for number in range(3):
            await tx.outbox.add("t", str(number), {"n": number}, urgency=Urgency.BULK, message_id=f"m{number}")
        for row in await to_send(tx, "t"):
            await tx.outbox.mark(row.id, "77")
            await tx.outbox.unclear(row, "the sender was stopped")
    clock.advance(days=2)
    async with store.begin() as tx:
        assert [message.id for message in await tx.doubtful.all()] == ["m0", "m1", "m2"]
        assert await tx.doubtful.decide("m0", repeat=True)
        assert await tx.doubtful.decide("m1", repeat=False)
        assert not await tx.doubtful.decide("m0", repeat=True)
        assert not await tx.doubtful.decide("m9", repeat=False)
        assert await tx.outbox.count() == {"new": 1, "dead": 1, "unclear": 1}
        [again] = await to_send(tx, "t")
        assert (again.id, again.created_at, again.error, again.payload) == ("m0", clock(), None, {"n": 0})
