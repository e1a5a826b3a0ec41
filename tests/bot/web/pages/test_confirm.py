"""A mailbox owner confirms the digest by pressing a button."""

from __future__ import annotations

from knowledge_base.store.pages import PAGES_LAST
from tests.bot.web.pages.conftest import Site, confirm_path
from tests.conftest import FixedClock

ADDRESS = "neu@cottbus.example"


async def wished(site: Site) -> None:
    async with site.store.begin() as tx:
        await tx.subscriptions.save(tx.subscriptions.fresh("matrix", person_id=site.contact))


async def goes_to(site: Site) -> str | None:
    async with site.store.read() as tx:
        subscription = await tx.subscriptions.of_person(site.contact)
    return (
        subscription.conversation if subscription and subscription.is_on and subscription.channel == "email" else None
    )


async def test_only_a_press_confirms_the_digest_and_only_once(site: Site) -> None:
    await wished(site)
    path = await confirm_path(site)
    async with site.client() as human:
        for _ in range(3):
            assert ADDRESS in (await human.get(path)).text
        assert await goes_to(site) is None
        assert (await human.post(path, data={"step": "confirm"})).status_code == 200
        assert await goes_to(site) == ADDRESS
        again = await human.post(path)
    assert again.status_code == 410
    assert ADDRESS not in again.text


async def test_confirming_without_a_subscription_starts_no_digest(site: Site) -> None:
    path = await confirm_path(site)
    async with site.client() as human:
        assert (await human.post(path)).status_code == 410
    assert await goes_to(site) is None


async def test_expired_confirmation_link_is_refused(site: Site, clock: FixedClock) -> None:
    await wished(site)
    path = await confirm_path(site)
    clock.moment += PAGES_LAST
    async with site.client() as human:
        assert (await human.get(path)).status_code == 410
        assert (await human.post(path)).status_code == 410
    assert await goes_to(site) is None
