"""The page shows once, after a press, what a network may not carry."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from knowledge_base.store.pages import READ_AGAIN
from knowledge_base.store.tables import outbox
from knowledge_base.store.tables import page as pages
from tests.bot.web.pages.conftest import Site, note_path
from tests.conftest import FixedClock

SECRET = "kanarie@kiel.example"


async def test_network_gets_only_a_link_to_a_note(site: Site) -> None:
    path = await note_path(site, SECRET)
    async with site.store.read() as tx:
        rows = (await tx.connection.execute(select(outbox).where(outbox.c.channel == "telegram"))).all()
    assert len(rows) == 1
    assert SECRET not in str(rows[0].payload)
    assert path.rpartition("/")[2] not in str(rows[0].payload), "the token is made when the message is sent"


async def test_note_is_shown_only_after_a_press(site: Site) -> None:
    path = await note_path(site, SECRET)
    async with site.client() as human:
        look = await human.get(path)
        assert look.status_code == 200
        assert SECRET not in look.text
        shown = await human.post(path, data={"step": "read"})
        assert shown.status_code == 200
        assert SECRET in shown.text
        assert shown.headers["cache-control"] == "no-store"


async def test_note_can_be_read_again_for_half_an_hour(site: Site, clock: FixedClock) -> None:
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


async def test_text_of_a_note_is_deleted_afterwards(site: Site, clock: FixedClock) -> None:
    path = await note_path(site, SECRET)
    async with site.client() as human:
        await human.post(path)
    clock.moment += READ_AGAIN + timedelta(seconds=1)
    async with site.store.begin() as tx:
        await tx.pages.forget()
    async with site.store.read() as tx:
        assert SECRET not in str((await tx.connection.execute(select(pages))).all())


async def test_ended_note_cannot_be_read(site: Site) -> None:
    """The other side erased their data."""
    path = await note_path(site, SECRET)
    async with site.store.begin() as tx:
        subject = await tx.connection.scalar(select(pages.c.subject).where(pages.c.kind == "n"))
        await tx.pages.end("n", str(subject))
    async with site.client() as human:
        page = await human.post(path)
    assert page.status_code == 410
    assert SECRET not in page.text
