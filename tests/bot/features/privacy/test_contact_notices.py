"""P4: contacts imported without consent are told within a month, or hidden; admins are warned in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.introductions.candidates import project_of
from bot.features.privacy.contact_notices import HIDE_AFTER, WARN_AFTER, ContactDuty, late, tell_all
from bot.features.privacy_notice import was_asked
from knowledge_base.model import Contact
from knowledge_base.store.contacts import Duty
from knowledge_base.store.database import Store
from tests.conftest import FixedClock
from tests.fakes import settled
from tests.introducing import CONTACTS, LEAD, MOBILITY, PROJECT, Networks, asks, known_as, networks
from tests.wording import says

START = datetime(2026, 11, 1, tzinfo=UTC)
ASKED: dict[str, Any] = {**CONTACTS[1], "id": "c-asked", "email": "gefragt@cottbus.example", "legal_basis": "consent"}


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, contacts=[*CONTACTS, ASKED], admins="matrix:@ada:b.example") as running:
        yield running


async def look(net: Networks, **time: float) -> None:
    """Let time pass and run the timer twice; the second run changes nothing."""
    net.store.now.advance(**time)  # type: ignore[attr-defined]
    duty = ContactDuty(net.store, net.bot._alerts)
    for _ in range(2):
        await duty()
    await settled(net.bot)


async def hidden(net: Networks) -> set[str]:
    async with net.store.read() as tx:
        return {key for key, duty in (await tx.contacts.duties()).items() if duty.hidden_at}


async def can_introduce(net: Networks) -> bool:
    await net.bot.services.search.refresh()
    async with net.store.read() as tx:
        project = await project_of(tx, PROJECT)
    assert project is not None
    return project in net.bot.services.search.snapshot.introducible


async def test_contact_without_a_notice_is_hidden_after_a_month_and_admins_are_warned(net: Networks) -> None:
    ada = net.matrix.person("@ada:b.example")
    await ada.says("!hilfe")
    await look(net)
    await look(net, days=24, hours=23)
    assert not any("Art. 14" in text for text in net.told(net.matrix, ada.conversation))
    await look(net, hours=1)
    warnings = [text for text in net.told(net.matrix, ada.conversation) if says("alert.contacts_untold", text)]
    assert len(warnings) == 1
    assert "(Art. 14 DSGVO): 2." in warnings[0]
    assert await hidden(net) == set()
    await look(net, days=5)
    assert await hidden(net) == {"c-lead", "c-mobility"}  # who was asked stays
    assert sum("Ausgeblendete Kontakte: 2." in text for text in net.told(net.matrix, ada.conversation)) == 1
    assert await can_introduce(net)
    async with net.store.begin() as tx:
        await tx.contacts.erase(await tx.contacts.with_address(ASKED["email"]))
    assert not await can_introduce(net)
    heard = await (await known_as(net.matrix.person("@anna:b.example"))).says(f"!kontakt ={PROJECT}")
    assert not says("intro.preview", heard)


async def test_notice_to_all_contacts_shows_them_again_and_is_sent_once(net: Networks) -> None:
    services = net.bot.services
    await look(net)
    await look(net, days=31)
    assert await hidden(net) == {"c-lead", "c-mobility"}
    assert await tell_all(net.store, services.settings, services.links, services.secret) == (2, 0)
    assert await tell_all(net.store, services.settings, services.links, services.secret) == (0, 0)
    await settled(net.bot)
    assert {message.address.conversation for message in net.email.delivered} == {LEAD, MOBILITY}
    (mail,) = net.mails(LEAD)
    basis = "Art. 6 Abs. 1 Buchst. e"
    for part in ("Leitung Digitale Stadt", "https://cottbus.example/kontakt", basis, "widersprechen"):
        assert part in mail
    assert await hidden(net) == set()
    await look(net, days=31)
    assert await hidden(net) == set()


async def test_first_request_by_mail_counts_as_the_notice(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path) as net:
        await look(net)
        await asks(await known_as(net.matrix.person("@anna:b.example")))
        await net.passes()
        assert "https://cottbus.example/kontakt" in net.mails(LEAD)[0]
        async with net.store.read() as tx:
            assert not await tx.contacts.needs_notice("c-lead")
            assert await tx.contacts.needs_notice("c-mobility")


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=12))
def test_every_late_contact_is_warned_of_and_then_hidden(ages: list[tuple[int, bool]]) -> None:
    """No visible contact without a notice after day 30, and a warning for each before."""
    now = START + timedelta(days=60)
    duties = [
        Duty(str(number), now - timedelta(days=age), None, now if warned else None, None)
        for number, (age, warned) in enumerate(ages)
    ]
    warn, hide = late(duties, now)
    for duty in duties:
        age = now - duty.since
        assert (duty.contact_id in hide) is (age >= HIDE_AFTER)
        assert (duty.contact_id in warn) is (WARN_AFTER <= age < HIDE_AFTER and duty.warned_at is None)


@pytest.mark.parametrize(
    ("basis", "asked"),
    [("consent", True), ("Einwilligung vom 1.2.2026", True), ("zgoda", True), ("public_function", False), ("", False)],
)
def test_contact_who_consented_needs_no_notice(basis: str, asked: bool) -> None:
    assert was_asked(Contact(id="c", role="r", legal_basis=basis)) is asked


async def test_unconfirmed_address_without_use_is_deleted_after_a_week(store: Store, clock: FixedClock) -> None:
    week = timedelta(days=7)
    async with store.begin() as tx:
        await tx.profiles.person_of_address("niemand@dorf.example")
        subscription = await tx.profiles.person_of_address("lass@mich.example")
        await tx.profiles.set(subscription.id, refuses=True)
        linked = await tx.people.identify("matrix", "@anna:b.example", private_conversation="!r")
        await tx.people.link(linked.id, "email", "anna@b.example", "anna@b.example")
    clock.advance(days=7)
    async with store.begin() as tx:
        assert await tx.contacts.forget_unconfirmed(week) == 0
    clock.advance(seconds=1)
    async with store.begin() as tx:
        assert await tx.contacts.forget_unconfirmed(week) == 1
        assert await tx.people.of_account("email", "niemand@dorf.example") is None
        assert await tx.people.of_account("email", "lass@mich.example")
        assert await tx.people.of_account("email", "anna@b.example")
