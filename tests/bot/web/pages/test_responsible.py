"""A municipality claims its role by mail alone; a contact answers a check and the yearly question on a page."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.features.contacts.checks import PAGE
from bot.messages import Say
from bot.outgoing.links import Links
from bot.outgoing.notify import Notice, tell
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.tables import claim, outbox, person
from tests.bot.web.pages.conftest import TEXTS, Site
from tests.wording import says

ADDRESS = "klima@cottbus.example"
FILLED = {"place": "Cottbus", "role": "Klimaschutzmanagement", "topics": "Klima", "deputy": ""}


async def claim_path(site: Site, address: str = ADDRESS, token: str = "claim") -> str:
    """The link in the mail to an office mailbox."""
    async with site.store.begin() as tx:
        owner = await tx.profiles.person_of_address(address, language="de")
        content = {"address": address}
        await tx.pages.keep(Links.at_rest(token), kind=PAGE, subject="claim", person_id=owner.id, content=content)
    return f"/{PAGE}/{token}"


async def asked_path(site: Site, subject: str) -> str:
    """The link in the mail that asks the contact something."""
    async with site.store.begin() as tx:
        known = await tx.people.get(site.contact)
        assert known
        notice = Notice(Say("notice.waiting"), f"asked:{subject}", page=PAGE, subject=subject)
        told = await tell(tx, known, notice, settings=site.services.settings, links=site.services.links)
        assert told
        token = site.services.links.token(told.message_id)
        await tx.pages.keep(Links.at_rest(token), kind=PAGE, subject=subject, person_id=site.contact)
    return f"/{PAGE}/{token}"


async def count(site: Site, table: Any) -> int:
    async with site.store.read() as tx:
        return int(await tx.connection.scalar(select(func.count()).select_from(table)) or 0)


async def mails(site: Site) -> int:
    async with site.store.read() as tx:
        here = select(func.count()).select_from(outbox).where(outbox.c.conversation == ADDRESS)
        return int(await tx.connection.scalar(here) or 0)


async def test_page_mails_a_link_and_says_the_same_for_every_mailbox(site: Site) -> None:
    async with site.client() as human:
        assert (await human.get("/responsible?lang=de")).status_code == 200
        known = await human.post("/responsible?lang=de", data={"address": "rad@cottbus.example"})
        new = await human.post("/responsible?lang=de", data={"address": ADDRESS})
    assert known.text == new.text
    assert says("page.claim.mailed", new.text)
    assert await mails(site) == 1
    assert await count(site, claim) == 0


async def test_mailbox_gets_three_links_a_day_and_a_network_address_asks_for_six(site: Site) -> None:
    async with site.client() as human:
        codes = [(await human.post("/responsible", data={"address": ADDRESS})).status_code for _ in range(7)]
    assert codes == [200] * 6 + [429]
    assert await mails(site) == 3


@pytest.mark.parametrize("address", ["amt@gmx.de", "kein Postfach", "", "a@b@c", "x" * 300 + "@a.example"])
async def test_no_mail_goes_to_a_free_or_wrong_address(site: Site, address: str) -> None:
    before = await count(site, person)
    async with site.client() as human:
        assert (await human.post("/responsible", data={"address": address})).status_code == 422
    assert await count(site, person) == before


async def test_foreign_page_cannot_post(site: Site) -> None:
    async with site.client() as human:
        refused = await human.post(
            "/responsible", data={"address": ADDRESS}, headers={"origin": "https://evil.example"}
        )
    assert refused.status_code == 403


async def test_claim_counts_with_the_code_of_the_mailbox_only(site: Site) -> None:
    path = await claim_path(site)
    async with site.client() as human:
        for _ in range(3):
            assert ADDRESS in (await human.get(path)).text
        shown = await human.post(path, data=FILLED)
        assert "Klimaschutzmanagement" in shown.text
        assert await count(site, claim) == 0
        wrong = await human.post(path, data=FILLED | {"mark": mark_in(shown), "code": "000000"})
        assert wrong.status_code == 422
        assert await count(site, claim) == 0
        code = {"mark": mark_in(shown), "code": await site.code()}
        other = await human.post(path, data=FILLED | code | {"role": "Bürgermeisteramt"})
        assert other.status_code == 422, "the code is for what was shown"
        done = await human.post(path, data=FILLED | code)
        assert done.status_code == 200
        assert (await human.get(path)).status_code == 410
    async with site.store.read() as tx:
        (stored,) = await tx.claims.all()
        given = await tx.consents.standing(stored.person_id)
    assert (stored.address, stored.role, stored.municipality) == (ADDRESS, "Klimaschutzmanagement", "12052000")
    assert [entry.purpose for entry in given] == ["claim:12052000"]


def mark_in(page: httpx.Response) -> str:
    return page.text.partition('name="mark" value="')[2][:8]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("role", "Frau Beispiel", "claim.no_role_name"),
        ("place", "Nirgendwo an der Nix", "claim.no_place"),
        ("topics", "Quatschthema", "claim.no_scope"),
        ("deputy", "x@fremd.example", "claim.no_deputy"),
    ],
)
async def test_form_says_what_is_wrong_and_keeps_what_was_typed(site: Site, field: str, value: str, why: str) -> None:
    path = await claim_path(site)
    async with site.client() as human:
        again = await human.post(f"{path}?lang=de", data=FILLED | {field: value})
    assert again.status_code == 422
    assert TEXTS.line(Say(why, {"longest": 120, "unknown": value, "host": "cottbus.example"}), "de")[:30] in again.text
    assert value in again.text


@pytest.mark.parametrize(("answer", "left"), [("keep", True), ("end", False)])
async def test_contact_keeps_or_ends_its_role_with_a_code(site: Site, answer: str, left: bool) -> None:
    path = await asked_path(site, "check")
    async with site.client() as human:
        assert (await human.get(path)).status_code == 200
        assert (await human.post(path, data={"answer": answer})).status_code == 200
        async with site.store.read() as tx:
            assert await tx.contacts.held_by(site.contact)
        assert (await site.press(human, path, {"answer": answer})).status_code == 200
    async with site.store.read() as tx:
        assert bool(await tx.contacts.held_by(site.contact)) is left


async def test_right_fact_sets_checked_and_a_change_goes_to_the_editors(site: Site) -> None:
    path = await asked_path(site, "facts")
    async with site.client() as human:
        assert "Digitale Stadt Cottbus" in (await human.get(path)).text
        assert (await human.post(path, data={})).status_code == 422
        filled = {"answer:p1": "right"}
        assert (await human.post(path, data=filled)).status_code == 200
        assert (await human.post(path, data=filled | {"code": await site.code()})).status_code == 200
    async with site.store.read() as tx:
        project = await tx.records.get(RecordKind.PROJECT, "p1")
        assert project
        assert isinstance(project.record, Project)
        assert project.record.checked == f"{tx.now:%Y-%m-%d}"
