"""The digest by mail, from subscribing in a chat to unsubscribing by one click: a real mail server, the real pages."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import httpx

from bot.app import Bot, periods_of
from bot.features import mail_limit
from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.web.app import make_app
from bot.web.pages import page_routes
from knowledge_base.retention import purge
from knowledge_base.store.database import Store
from knowledge_base.store.subscriptions import Subscription
from tests.bot.channels.email.conftest import SENDER, channel_to
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, running_bot, settled
from tests.smtp_sink import SmtpSink, Taken
from tests.stories.test_digests import MONDAY, a_project, edit
from tests.wording import says

URL, MAILBOX = "https://lotse.example", "rad@kiel.example"
ONE_CLICK = "List-Unsubscribe=One-Click"


def pages(bot: Bot) -> httpx.AsyncClient:
    """A browser, or a mail program."""
    app = make_app(Health(), Metrics([], []), page_routes(bot.services, changed=bot.wake_senders))
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 4711))
    return httpx.AsyncClient(transport=transport, base_url=URL, headers={"Content-Type": "text/plain"})


def links_in(mail: Taken, page: str) -> set[str]:
    return set(re.findall(rf"{re.escape(URL)}/{page}/[\w-]+", mail.text))


async def wish_of(bot: Bot, channel: FakeChannel) -> Subscription | None:
    async with bot.services.store.read() as tx:
        person = await tx.people.of_account(channel.name, "anna")
        return await tx.subscriptions.of_person(person.id) if person else None


async def comes(bot: Bot, clock: FixedClock, weeks: int = 0) -> None:
    """The bot sends the digests that are due on that Monday."""
    clock.moment = MONDAY + timedelta(weeks=weeks)
    await bot.digests.make_due(clock.moment)
    await settled(bot)


async def test_user_subscribes_a_mailbox_confirms_gets_one_digest_and_unsubscribes(
    known: Store, tmp_path: Path, clock: FixedClock
) -> None:
    async with SmtpSink() as sink:
        chat, smtp = FakeChannel(), {"host": "127.0.0.1", "port": sink.port, "tls": "none", "sender": SENDER}
        networks, settings = [chat, channel_to(sink, public_url=URL)], {"smtp": smtp, "web": {"public_url": URL}}
        async with running_bot(known, HashEmbedder(), networks, tmp_path, **settings) as bot, pages(bot) as browser:
            await confirms(bot, chat, sink, browser)
            clock.advance(days=1)
            await edit(known, a_project())
            await comes(bot, clock)
            await ends(sink, browser)
            assert (subscription := await wish_of(bot, chat)) is None or not subscription.is_on
            await edit(known, a_project("rad"))
            await comes(bot, clock, weeks=1)
            assert len(sink.to(MAILBOX)) == 2, "the question, and one digest"
            assert not any(message.bulk for message in chat.delivered)


async def confirms(bot: Bot, chat: FakeChannel, sink: SmtpSink, browser: httpx.AsyncClient) -> None:
    """The bot sends only a link to a mailbox before its owner confirms; opening the link changes nothing."""
    anna = chat.person("anna")
    await anna.says(f"!wochenbrief mail {MAILBOX}")
    await settled(bot)
    (question,) = sink.to(MAILBOX)
    (link,) = links_in(question, "digest")
    assert "Projekt" not in question.text
    for _ in range(2):
        assert MAILBOX in (await browser.get(link)).text
        assert (subscription := await wish_of(bot, chat)) is None or not subscription.is_on
    assert (await browser.post(link)).status_code == 200
    subscription = await wish_of(bot, chat)
    assert subscription is not None
    assert (subscription.is_on, subscription.channel, subscription.conversation) == (True, "email", MAILBOX)


async def ends(sink: SmtpSink, browser: httpx.AsyncClient) -> None:
    """The mailbox got the digest, and the mail program's unsubscribe button ends the subscription."""
    _, digest = sink.to(MAILBOX)
    assert "Projekt bus" in digest.text
    assert "Projekt bus" in digest.html
    header = digest.mail["List-Unsubscribe"]
    assert digest.mail["List-Unsubscribe-Post"] == ONE_CLICK
    (link,) = links_in(digest, "unsubscribe")
    assert f"<{link}>" in header
    assert (await browser.post(link, content=ONE_CLICK)).status_code == 200


async def test_confirmation_mails_to_a_mailbox_are_limited_and_the_address_is_deleted(
    known: Store, tmp_path: Path, clock: FixedClock
) -> None:
    """P6: the daily limit of a mailbox survives erasure, the bot says so; after a week no file holds the address."""
    async with SmtpSink() as sink:
        chat, smtp = FakeChannel(), {"host": "127.0.0.1", "port": sink.port, "tls": "none", "sender": SENDER}
        networks, settings = [chat, channel_to(sink, public_url=URL)], {"smtp": smtp, "web": {"public_url": URL}}
        async with running_bot(known, HashEmbedder(), networks, tmp_path, **settings) as bot:
            anna = chat.person("anna")
            for _ in range(3):
                heard = await anna.says(f"!wochenbrief mail {MAILBOX}")
            await anna.says("!loeschen ja")
            assert await anna.says(f"!wochenbrief mail {MAILBOX}") != heard, "being forgotten lifts no limit"
            for name in ("eve", *(f"mallory{number}" for number in range(mail_limit.MOST + 2))):
                await chat.person(name).says("!hilfe")  # the first answer says what is stored
                last = await chat.person(name).says(f"!wochenbrief mail {MAILBOX}")
                assert name != "eve" or last == heard, "and they learn nothing of the others"
            await settled(bot)
            assert len(sink.to(MAILBOX)) == mail_limit.MOST
            assert says("digest.mail_full", last)
            assert await chat.person("eve").says("!wochenbrief mail other@kiel.example") == heard
            await settled(bot)
            clock.advance(days=7, minutes=1)
            await purge(known, periods_of(bot.services.settings.retention, timedelta(minutes=30)))
    await known.close()
    assert files_with(tmp_path, b"@kiel.example") == []


def files_with(folder: Path, mark: bytes) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file() and mark in file.read_bytes()]
