"""Unsubscribing from mails: on the page, and by mail programs in one step (RFC 8058)."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from bot.messages import Say
from bot.outgoing.links import UNSUBSCRIBE
from knowledge_base.introductions.values import State
from knowledge_base.store.subscriptions import ON, Subscription
from knowledge_base.store.tables import account
from tests.bot.web.pages.conftest import Site
from tests.conftest import FixedClock
from tests.wording import says

ONE_CLICK = "List-Unsubscribe=One-Click"


async def subscribed(site: Site) -> None:
    async with site.store.begin() as tx:
        subscription = Subscription(
            id="s1", person_id=site.contact, channel="email", conversation="rad@cottbus.example", state=ON,
            since=tx.now, unopened={}, changed_at=tx.now,
        )  # fmt: skip
        await tx.subscriptions.save(subscription)


async def digest_path(site: Site) -> str:
    await site.told(site.contact, Say("notice.waiting"), "digest-1", unsubscribe="digest")
    return await site.path("digest-1", UNSUBSCRIBE, UNSUBSCRIBE)


async def is_subscribed(site: Site) -> bool:
    async with site.store.read() as tx:
        subscription = await tx.subscriptions.of_person(site.contact)
    return subscription is not None and subscription.is_on


async def refuses(site: Site) -> bool:
    async with site.store.read() as tx:
        return (await tx.profiles.get(site.contact)).refuses


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"]
)
async def test_mail_program_unsubscribes_in_one_step_without_a_cookie(site: Site, content_type: str) -> None:
    await subscribed(site)
    path = await digest_path(site)
    async with site.client(headers={"Content-Type": content_type}) as program:
        response = await program.post(path, content=ONE_CLICK)
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    assert not await is_subscribed(site)


async def test_human_is_asked_before_unsubscribing_and_only_the_digest_ends(site: Site) -> None:
    await subscribed(site)
    path = await digest_path(site)
    async with site.client(headers={"Origin": "https://lotse.example"}) as human:
        look = await human.get(path)
        assert says("page.unsubscribe.digest", look.text)
        assert await is_subscribed(site)
        done = await human.post(path, data={"step": "unsubscribe"})
        assert done.status_code == 200
        assert says("page.unsubscribed.digest", done.text)
        assert (await human.post(path)).status_code == 200, "who presses again wants the same"
    assert not await is_subscribed(site)
    assert not await refuses(site), "the one says nothing of the other"


async def test_unsubscribing_from_a_request_ends_requests_but_not_the_digest(site: Site) -> None:
    await subscribed(site)
    async with site.client() as program:
        for _ in range(2):  # twice is once
            assert (await program.post(await site.unsubscribe_path(), content=ONE_CLICK)).status_code == 200
        assert (await program.get(await site.request_path())).status_code == 410
    assert await refuses(site)
    assert await is_subscribed(site)
    after = await site.state()
    assert (after.state, after.contact, after.round) == (State.SENT, "c2", 2), "the next contact is asked"


async def test_unsubscribe_link_expires_after_a_year(site: Site, clock: FixedClock) -> None:
    path = await site.unsubscribe_path()
    clock.advance(days=369)
    async with site.client() as human:
        assert (await human.get(path)).status_code == 200
        clock.advance(days=2)
        assert (await human.get(path)).status_code == 410
        assert (await human.post(path)).status_code == 410
    assert not await refuses(site)


async def test_unsubscribe_link_ends_only_mails_and_nothing_in_a_chat(site: Site) -> None:
    """A forwarded mail or a mail program may have pressed: the contact still gets requests in their chat."""
    path = await site.unsubscribe_path()
    digests = await digest_path(site)
    async with site.store.begin() as tx:
        values = {"channel": "matrix", "user_id": "@rad:c.example", "conversation": "!rad", "active": True}
        await tx.connection.execute(insert(account).values(**values, person_id=site.contact, first_seen=tx.now))
        subscription = Subscription(
            id="s1", person_id=site.contact, channel="matrix", conversation=None, state=ON, since=tx.now, unopened={},
            changed_at=tx.now,
        )  # fmt: skip
        await tx.subscriptions.save(subscription)
    async with site.client() as program:
        for one in (path, digests):
            assert (await program.post(one, content=ONE_CLICK)).status_code == 200
    assert not await refuses(site)
    assert await is_subscribed(site)
    after = await site.state()
    assert (after.state, after.contact) == (State.SENT, "c1")
    async with site.store.read() as tx:
        accounts = {account.channel: account.active for account in await tx.people.accounts(site.contact)}
    assert accounts == {"email": False, "matrix": True}, "no more mails"
