"""A press counts only with a code that goes to the recipient of the link: a forwarded link changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from bot.web.pages import proving
from knowledge_base.introductions.values import ContactAnswer, State
from knowledge_base.store.separating import part
from knowledge_base.store.tables import account, metadata, outbox
from tests.bot.web.pages.conftest import Site, disconnect_path
from tests.conftest import FixedClock

ANSWERS = [str(answer) for answer in ContactAnswer]
OF_THE_CONTACT = ("rad@cottbus.example", "+49 355 0000", "355 0000")
OF_CODES = ("outbox", "page", "tally")  # what a wish for a code leaves


async def rest(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows for table, rows in (await site.everything()).items() if table not in OF_CODES}


async def links(site: Site) -> dict[str, str]:
    return {"i": await site.request_path(), "disconnect": await disconnect_path(site)}


ACTIONS = [*(("i", answer) for answer in ANSWERS), ("disconnect", "apart")]


@pytest.fixture
async def stranger(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client(address="203.0.113.66") as client:
        yield client


@pytest.fixture
async def owner(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client(address="203.0.113.1") as client:
        yield client


@pytest.mark.parametrize(("page", "action"), ACTIONS)
async def test_link_without_the_code_changes_nothing_and_shows_no_contact_data(
    site: Site, stranger: httpx.AsyncClient, page: str, action: str
) -> None:
    path = (await links(site))[page]
    before, state = await rest(site), await site.state()
    more: list[Mapping[str, str]] = [{}, {"code": "000000"}, {"code": " "}, {"step": "share"}, {"step": "show"}]
    for extra in (*more, {"share": "all"}, {"code": "x" * 40}, {"code": "1%%_\0"}):
        seen = await stranger.post(path, data={"answer": action, "share": "email"} | extra)
        assert not [own for own in OF_THE_CONTACT if own in seen.text]
    assert await rest(site) == before
    assert await site.state() == state
    look = await stranger.get(path)
    assert look.status_code == 200
    assert not [own for own in OF_THE_CONTACT if own in look.text]


@pytest.mark.parametrize(("page", "action"), ACTIONS)
async def test_code_goes_to_the_mailbox_of_the_link(
    site: Site, owner: httpx.AsyncClient, page: str, action: str
) -> None:
    path = (await links(site))[page]
    asked = await owner.post(path, data={"answer": action})
    assert asked.status_code == 200
    assert 'name="code"' in asked.text
    async with site.store.read() as tx:
        rows = (await tx.connection.execute(select(outbox))).all()
    (code,) = [row for row in rows if row.payload.get("code")]
    assert (code.channel, code.conversation) == ("email", "rad@cottbus.example")
    assert (await owner.post(path, data={"answer": action, "code": await site.code()})).status_code == 200


async def test_code_is_not_stored_in_the_database(site: Site, owner: httpx.AsyncClient) -> None:
    await owner.post(await site.request_path(), data={"answer": "no"})
    code = await site.code()
    async with site.store.read() as tx:
        for table in metadata.sorted_tables:
            for row in await tx.connection.execute(select(table)):
                assert code not in repr(tuple(row))


@pytest.mark.parametrize("action", ANSWERS)
async def test_code_counts_only_for_the_pressed_answer(site: Site, owner: httpx.AsyncClient, action: str) -> None:
    path, other = await site.request_path(), "no" if action != "no" else "yes"
    await owner.post(path, data={"answer": other})
    before = await rest(site)
    form = {"answer": action, "share": "email", "code": await site.code()}
    assert (await owner.post(path, data=form)).status_code == 422
    assert await rest(site) == before


async def test_code_counts_only_for_its_own_link(site: Site, owner: httpx.AsyncClient) -> None:
    apart = await disconnect_path(site)
    await owner.post(apart, data={"answer": "apart"})
    code = await site.code()
    for answer in (*ANSWERS, "apart"):
        page = await owner.post(await site.request_path(), data={"answer": answer, "share": "email", "code": code})
        assert page.status_code == 422
    assert (await site.state()).state is State.SENT
    assert (await owner.post(apart, data={"answer": "apart", "code": code})).status_code == 200


async def test_code_expires_after_half_an_hour(site: Site, owner: httpx.AsyncClient, clock: FixedClock) -> None:
    path = await site.request_path()
    await owner.post(path, data={"answer": "no"})
    code = await site.code()
    clock.advance(minutes=30, seconds=1)
    assert (await owner.post(path, data={"answer": "no", "code": code})).status_code == 422
    assert (await site.state()).state is State.SENT


async def test_five_wrong_codes_lock_only_the_client_that_typed_them(
    site: Site, stranger: httpx.AsyncClient, owner: httpx.AsyncClient, clock: FixedClock
) -> None:
    path = await site.request_path()
    await owner.post(path, data={"answer": "no"})
    code = await site.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(proving.TRIES):
        await stranger.post(path, data={"answer": "no", "code": wrong})
    assert (await stranger.post(path, data={"answer": "no", "code": code})).status_code == 422, "even the right one"
    assert (await site.state()).state is State.SENT
    clock.advance(minutes=1)
    assert (await owner.post(path, data={"answer": "no", "code": code})).status_code == 200
    assert (await site.state()).state is State.CLOSED


async def test_codes_of_a_link_are_limited_to_25_attempts_a_day_for_all_clients(site: Site) -> None:
    path = await site.request_path()
    async with site.client(address="203.0.113.1") as human:
        await human.post(path, data={"answer": "no"})
        code = await site.code()
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for number in range(proving.TRIES_OF_ALL):
        async with site.client(address=f"198.51.100.{number}") as guesser:
            await guesser.post(path, data={"answer": "no", "code": wrong})
    async with site.client(address="192.0.2.1") as last:
        await last.post(path, data={"answer": "no", "code": code})
    assert (await site.state()).state is State.SENT


async def test_stranger_with_the_link_cannot_use_up_the_codes_of_the_owner(
    site: Site, stranger: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    path = await site.request_path()
    for _ in range(20):
        await stranger.post(path, data={"answer": "yes"})
    assert await mails(site) == proving.MAILS
    assert (await site.press(owner, path, {"answer": "yes", "share": "email"})).status_code == 200
    assert (await site.state()).state is State.ARRANGED


async def mails(site: Site) -> int:
    async with site.store.read() as tx:
        rows = (await tx.connection.execute(select(outbox))).all()
    return sum(bool(row.payload.get("code")) for row in rows)


async def test_page_says_so_if_no_code_was_sent(site: Site) -> None:
    path = await site.request_path()
    for number in range(proving.MAILS_OF_ALL):
        async with site.client(address=f"198.51.100.{number}") as client:
            assert (await client.post(path, data={"answer": "no"})).status_code == 200
    async with site.client(address="192.0.2.1") as late:
        page = await late.post(path, data={"answer": "no"})
    assert page.status_code == 422
    assert site.services.texts.template("page.code.enough", "de")[:30] in page.text
    assert await mails(site) == proving.MAILS_OF_ALL


async def test_new_code_does_not_invalidate_earlier_ones(
    site: Site, stranger: httpx.AsyncClient, owner: httpx.AsyncClient
) -> None:
    path = await site.request_path()
    await owner.post(path, data={"answer": "no"})
    code = await site.code()
    await stranger.post(path, data={"answer": "no"})
    assert (await owner.post(path, data={"answer": "no", "code": f"{code[:3]} {code[3:]}"})).status_code == 200
    assert (await site.state()).state is State.CLOSED


async def test_no_code_goes_to_a_mailbox_that_now_belongs_to_another_user(site: Site, owner: httpx.AsyncClient) -> None:
    """The test reopens the link, because unlinking ends it."""
    path = await site.request_path()
    async with site.store.begin() as tx:
        values = {"channel": "telegram", "user_id": "11", "conversation": "11", "active": True}
        await tx.connection.execute(insert(account).values(**values, person_id=site.contact, first_seen=tx.now))
        mailbox = [account for account in await tx.people.accounts(site.contact) if account.channel == "email"]
        await part(tx.connection, tx.now, site.contact, mailbox, [], instead=None)
        await tx.pages.reopen(_at_rest(site, path))
    await owner.post(path, data={"answer": "no"})
    assert await mails(site) == 0
    assert (await site.state()).state is State.SENT


def _at_rest(site: Site, path: str) -> str:
    return site.services.links.at_rest(path.rpartition("/")[2])


async def test_code_is_stored_only_under_a_hash_with_the_key_of_the_installation(
    site: Site, owner: httpx.AsyncClient
) -> None:
    path = await site.request_path()
    await owner.post(path, data={"answer": "no"})
    row = proving.at_rest(site.services, _at_rest(site, path), "no", await site.code())
    async with site.store.read() as tx:
        kept = await tx.pages.get(row)
    assert kept
    assert kept.kind == proving.CODE
    assert (await owner.get(f"/code/{row}")).status_code == 404, "no address leads there"
