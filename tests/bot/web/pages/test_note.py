"""What a network may not carry is read here, once, by whoever asks for it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from knowledge_base.store.pages import READ_AGAIN
from knowledge_base.store.tables import outbox
from knowledge_base.store.tables import page as pages
from tests.bot.web.pages.conftest import Site, note_path
from tests.conftest import FixedClock

SECRET = "kanarie@kiel.example"


async def test_the_network_gets_a_link_and_nothing_else(site: Site) -> None:
    path = await note_path(site, SECRET)
    async with site.store.read() as tx:
        rows = (await tx.connection.execute(select(outbox).where(outbox.c.channel == "telegram"))).all()
    assert len(rows) == 1
    assert SECRET not in str(rows[0].payload)
    assert path.rpartition("/")[2] not in str(rows[0].payload), "the token is made when the message is sent"


async def test_a_look_shows_nothing_and_a_press_shows_it(site: Site) -> None:
    path = await note_path(site, SECRET)
    async with site.client() as human:
        look = await human.get(path)
        assert look.status_code == 200
        assert SECRET not in look.text
        shown = await human.post(path, data={"step": "read"})
        assert shown.status_code == 200
        assert SECRET in shown.text
        assert shown.headers["cache-control"] == "no-store"


async def test_it_can_be_read_again_for_half_an_hour_and_then_by_nobody(site: Site, clock: FixedClock) -> None:
    path = await note_path(site, SECRET)
    async with site.client() as human:
        await human.post(path)
        clock.moment += READ_AGAIN - timedelta(seconds=1)
        assert SECRET in (await human.post(path)).text
        assert (await human.get(path)).status_code == 200
        clock.moment += timedelta(seconds=1)
        for page in (await human.get(path), await human.post(path)):
            assert page.status_code == 410
            assert SECRET not in page.text


async def test_afterwards_the_text_is_nowhere(site: Site, clock: FixedClock) -> None:
    path = await note_path(site, SECRET)
    async with site.client() as human:
        await human.post(path)
    clock.moment += READ_AGAIN + timedelta(seconds=1)
    async with site.store.begin() as tx:
        await tx.pages.forget()
    async with site.store.read() as tx:
        assert SECRET not in str((await tx.connection.execute(select(pages))).all())


async def test_what_ended_meanwhile_cannot_be_read(site: Site) -> None:
    """The other one had their data deleted."""
    path = await note_path(site, SECRET)
    async with site.store.begin() as tx:
        subject = await tx.connection.scalar(select(pages.c.subject).where(pages.c.kind == "n"))
        await tx.pages.end("n", str(subject))
    async with site.client() as human:
        page = await human.post(path)
    assert page.status_code == 410
    assert SECRET not in page.text
