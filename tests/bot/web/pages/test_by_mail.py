"""A request by mail from end to end: over a real mail server, read first by a robot and then by a human."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.channels.email import EmailChannel
from bot.features.contacts import publish
from bot.outgoing.sender import Sender
from knowledge_base.introductions.values import State
from tests.bot.channels.email.conftest import channel_to
from tests.bot.web.pages.conftest import ASKER, QUESTION, TEXTS, URL, Site
from tests.bot.web.pages.test_responsible import mark_in
from tests.claims import leading
from tests.fakes import PATIENCE_S
from tests.smtp_sink import SmtpSink, Taken
from tests.wording import says

CONTACT = "rad@cottbus.example"


@asynccontextmanager
async def sending(site: Site, channel: EmailChannel) -> AsyncIterator[Sender]:
    async with leading(site.store, channel.name) as leadership:
        sender = Sender(site.store, TEXTS, channel, leadership, links=site.services.links)
        running = asyncio.create_task(sender.run())
        yield sender
        running.cancel()
        await asyncio.wait([running])


async def everything_sent(sender: Sender) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await sender.idle()


def links_in(taken: Taken) -> set[str]:
    """Every address in the mail: in its text, its HTML and its headers."""
    whole = f"{taken.text} {taken.html} {taken.mail.as_string()}"
    return set(re.findall(rf"{re.escape(URL)}/[\w/-]*", whole.replace("=\n", "")))


async def test_contact_accepts_a_mailed_request_and_a_robot_changes_nothing(site: Site) -> None:
    async with SmtpSink() as sink:
        channel = channel_to(sink, public_url=URL)
        async with sending(site, channel) as sender:
            await everything_sent(sender)
            (request,) = sink.to(CONTACT)
            for part in (request.text, request.html):
                assert ASKER in part
                assert QUESTION in part
                assert "@ask:a.example" not in part, "the asker's own data come after the yes"
            assert ASKER not in request.mail["Subject"]
            assert request.mail["Auto-Submitted"] == "auto-generated"
            assert request.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            await robot_visits(site, links_in(request))
            await human_accepts(site, sink, sender, request)
            await everything_sent(sender)
    arranged = sink.to(CONTACT)[-1]
    assert "@ask:a.example" in arranged.text
    assert {taken.recipients for taken in sink.taken} == {(CONTACT,)}, "the asker is on Matrix"


async def robot_visits(site: Site, links: set[str]) -> None:
    paths = {link.removeprefix(URL) for link in links}
    assert {path.split("/")[1] for path in paths} >= {"i", "unsubscribe", "imprint"}
    before = await site.everything()
    async with site.client() as robot:
        for _ in range(3):
            for path in sorted(paths):
                assert (await robot.get(path)).status_code == 200
                assert (await robot.head(path)).status_code == 200
    assert await site.everything() == before


async def human_accepts(site: Site, sink: SmtpSink, sender: Sender, request: Taken) -> None:
    path = next(link for link in links_in(request) if "/i/" in link).removeprefix(URL)
    assert path == await site.request_path()
    async with site.client(headers={"Origin": URL}) as human:
        assert (await human.post(path, data={"answer": "yes"})).status_code == 200
        sender.wake()
        await everything_sent(sender)
        code = re.search(r"\b\d{6}\b", sink.to(CONTACT)[-1].text)
        assert code
        form = {"answer": "yes", "share": ["email", "phone"], "code": code[0]}
        assert (await human.post(path, data=form)).status_code == 200
    assert (await site.state()).state is State.ARRANGED


async def test_mailbox_that_does_not_exist_is_switched_off(site: Site) -> None:
    async with SmtpSink() as sink:
        sink.faults.append(("RCPT", "550 5.1.1 no such user"))
        async with sending(site, channel_to(sink, public_url=URL)) as sender:
            await everything_sent(sender)
    async with site.store.read() as tx:
        assert await tx.outbox.count() == {"dead": 1}
        assert await tx.conversations.all_gone("email") == [CONTACT]


CLAIMANT, DEPUTY = "klima@cottbus.example", "umwelt@cottbus.example"


async def test_municipality_claims_its_role_by_mail_alone_and_its_deputy_is_told(site: Site) -> None:
    async with SmtpSink() as sink:
        channel = channel_to(sink, public_url=URL)
        async with sending(site, channel) as sender, site.client(headers={"Origin": URL}) as human:
            await everything_sent(sender)
            assert (await human.post("/responsible?lang=de", data={"address": CLAIMANT})).status_code == 200
            sender.wake()
            await everything_sent(sender)
            (invited,) = sink.to(CLAIMANT)
            assert says("subject.claim.mail", invited.mail["Subject"])
            path = next(link for link in links_in(invited) if "/r/" in link).removeprefix(URL)
            before = await site.everything()
            for _ in range(3):  # a robot
                assert (await human.get(path)).status_code == 200
            assert await site.everything() == before
            filled = {"place": "Cottbus", "role": "Klimaschutzmanagement", "topics": "Klima", "deputy": DEPUTY}
            shown = await human.post(path, data=filled)
            async with site.store.read() as tx:
                assert await tx.claims.all() == [], "no datum before a yes"
            sender.wake()
            await everything_sent(sender)
            code = re.search(r"\b\d{6}\b", sink.to(CLAIMANT)[-1].text)
            assert code
            done = await human.post(path, data=filled | {"mark": mark_in(shown), "code": code[0]})
            assert done.status_code == 200
            async with site.store.begin() as tx:
                (claim,) = await tx.claims.all()
                await publish.accept(tx, site.services, claim)
                await publish.tell_claimant(tx, site.services, claim, "accepted")
            sender.wake()
            await everything_sent(sender)
    assert len(sink.to(CLAIMANT)) == 3, "the link, the code, the result"
    assert says("claim.accepted", sink.to(CLAIMANT)[-1].text)
    assert len(sink.to(DEPUTY)) == 1
    async with site.store.read() as tx:
        contacts = {contact.email: contact for contact in await tx.contacts.all()}
        profile = await tx.profiles.get(claim.person_id)
    assert contacts[CLAIMANT].deputy == contacts[DEPUTY].id
    assert contacts[DEPUTY].projects == ()
    assert profile.is_verified(site.store.now())
