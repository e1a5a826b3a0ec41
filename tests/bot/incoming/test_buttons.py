"""Which press of a button counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.context import Services
from bot.incoming.buttons import FrontDesk, Verdict, judge
from bot.messages import Address, Happening, Inbound
from bot.outgoing.links import Links
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.search.service import SearchService
from knowledge_base.store.buttons import Button
from knowledge_base.store.database import Store
from knowledge_base.store.people import ChatContext
from tests.fake_embedder import HashEmbedder

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PRESS = Inbound(
    "e1", Address("t", "-5"), "1", "handle", private=False, at=NOW, happening=Happening.PRESSED
)  # fmt: skip
SHOW = Button("handle", "t", "-5", "", "anna", "show x", "a1", NOW + timedelta(days=1), None)
MORE = replace(SHOW, command="more")
LAST = ChatContext({"texts": ["?"]}, "a1", (), NOW)


@pytest.mark.parametrize(
    ("button", "press", "person", "context", "verdict"),
    [
        (SHOW, PRESS, "anna", None, Verdict.COUNTS),
        (SHOW, PRESS, "ben", None, Verdict.FOREIGN),
        (SHOW, PRESS, None, None, Verdict.FOREIGN),
        (SHOW, replace(PRESS, address=Address("t", "1")), "anna", None, Verdict.FOREIGN),
        (SHOW, replace(PRESS, address=Address("u", "-5")), "anna", None, Verdict.FOREIGN),
        (None, PRESS, "anna", None, Verdict.LATE),
        (replace(SHOW, expires_at=NOW), PRESS, "anna", None, Verdict.LATE),
        (replace(SHOW, claimed_by="e1"), PRESS, "anna", None, Verdict.COUNTS),
        (replace(SHOW, claimed_by="e0"), PRESS, "anna", None, Verdict.TWICE),
        (replace(SHOW, claimed_by="e0"), PRESS, "ben", None, Verdict.FOREIGN),  # others learn nothing
        (MORE, PRESS, "anna", LAST, Verdict.COUNTS),
        (MORE, PRESS, "anna", None, Verdict.LATE),
        (MORE, PRESS, "anna", replace(LAST, answer_id="a2"), Verdict.LATE),
    ],
)
def test_only_the_first_press_by_the_owner_in_time_counts(
    button: Button | None, press: Inbound, person: str | None, context: ChatContext | None, verdict: Verdict
) -> None:
    assert judge(button, press, person, context) is verdict


async def test_one_of_two_simultaneous_presses_counts(store: Store) -> None:
    """The presses may reach two processes; each gets the right answer."""
    search, links, texts = SearchService(store, HashEmbedder()), Links("", b""), Texts()
    services = Services(store, search, Settings(), links, b"", texts)
    desks = [FrontDesk(services, texts) for _ in range(2)]
    async with store.begin() as tx:
        person = await tx.people.identify("t", "1", private_conversation=None)
        handles = await tx.buttons.make(("t", "-5", ""), person.id, "a1", [f"show {number}" for number in range(8)])
    for handle in handles:
        presses = [replace(PRESS, id=f"{handle}{number}", text=handle, at=store.now()) for number in range(2)]
        toasts = await asyncio.gather(*(desk.claim(press) for desk, press in zip(desks, presses, strict=True)))
        assert sorted(map(bool, toasts)) == [False, True]
        assert [await desk.claim(press) for desk, press in zip(desks, presses, strict=True)] == toasts  # again the same
