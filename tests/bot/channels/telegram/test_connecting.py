"""A contact reached only by mail links Telegram with a link and a code: only the mailbox's owner can."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from tests.bot.channels.telegram.rig import TEXTS
from tests.bot.channels.telegram.test_introduction import (
    asked_on_matrix,
    contact_on_telegram,
    last,
    own_data,
    pressed,
    wire_of,
)
from tests.bot.channels.telegram.town import CONTACT, MAIL, OF_THE_ASKER, OF_THE_CONTACT, Town, code_in, town_of
from tests.bot.web.pages.conftest import dump
from tests.telegram_api import LoopbackApi, User
from tests.telegram_api.world import BOT_NAME
from tests.wording import says

LINK = re.compile(rf"https://t\.me/{BOT_NAME}\?start=([\w-]{{22}})(?![\w-])")
OTHER = "amt.fuer.anderes@cottbus.example"
CODES = ("verification", "tally")  # a code under way, and what limits codes
QUIET = ("inbox", "outbox", "chat_context", "button", "consent", "fact", "account", "person")  # a talk leaves its marks


def handle_in(mail: str) -> str:
    match = LINK.search(mail)
    assert match, mail
    return match[1]


async def offered(town: Town) -> str:
    """Send a request to the contact by mail; return the handle in its link."""
    await asked_on_matrix(town)
    await town.settled()
    [mail] = town.sink.to(MAIL)
    handle = handle_in(mail.text)
    assert handle_in(mail.html) == handle
    assert handle not in repr(await dump(town.rig.store)), "nothing at rest opens anything"
    return handle


async def opens(town: Town, user: User, handle: str) -> str:
    """A user presses *Start* behind the link; return the bot's answer."""
    return (await town.rig.world.answer(town.rig.world.start(user, handle))).text


async def confirms(town: Town, user: User) -> str:
    """A user says that the mailbox is theirs, and enters the code that the bot mails there."""
    assert "Code" in await chooses(town, user, "Ja, mein")
    await town.rig.settled()
    return (await town.rig.ask(user, code_in(town.sink.to(MAIL)[-1].text))).text


async def seen(page: str) -> str:
    async with httpx.AsyncClient() as human:
        return (await human.get(page)).text


async def chooses(town: Town, user: User, option: str) -> str:
    return await pressed(town.rig, user, town.rig.world.said(user)[-1], option)


async def holder(town: Town, channel: str, user: str) -> str | None:
    async with town.rig.store.read() as tx:
        person = await tx.people.of_account(channel, user)
    return person.id if person else None


async def links_and_profiles(town: Town) -> dict[str, object]:
    return {table: rows for table, rows in (await dump(town.rig.store)).items() if table not in QUIET}


@pytest.mark.parametrize("webhook", [False, True])
async def test_contact_links_telegram_from_a_mail_and_gets_the_outcome_there(
    webhook: bool, api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog, telegram={"webhook": webhook}) as town:
        lead = api.world.user(12)
        handle = await offered(town)
        before = await links_and_profiles(town)
        page = await seen(town.link(town.sink.to(MAIL)[0].text, "i"))
        assert handle_in(page) == handle, "the page behind the mail offers the same"
        asked = await opens(town, lead, handle)
        assert f"Kontakt für „{CONTACT['role']}“" in asked
        assert "cottbus.example" in asked.replace("\u2060", "")
        assert says("connect.left", await chooses(town, lead, "Nein"))
        await opens(town, lead, handle)
        assert await links_and_profiles(town) == before, "looking, and a no, change nothing"
        assert await holder(town, "telegram", "12") != await holder(town, "email", MAIL)

        assert "Verbunden" in await confirms(town, lead)
        await town.settled()
        assert await holder(town, "telegram", "12") == await holder(town, "email", MAIL)
        note = town.sink.to(MAIL)[-1]
        assert says("connect.mail", note.text)
        assert LINK.search(note.text) is None
        assert says("connect.already", await opens(town, lead, handle))

        mails, said = len(town.sink.to(MAIL)) + 1, len(api.world.said(lead))  # the code for the page
        await town.proven(town.link(town.sink.to(MAIL)[0].text, "i"), answer="yes", share=["phone"])
        await town.settled()
        assert len(town.sink.to(MAIL)) == mails, "the outcome is told where they are now"
        assert len(api.world.said(lead)) == said + 1
        assert LINK.search(await seen(town.link(town.sink.to(MAIL)[0].text, "i"))) is None
        outcome = town.link(wire_of(api.world.said(lead)[-1]), "n")
        assert OF_THE_ASKER[-1] in await town.posted(outcome, step="read")
    assert town.telegram_saw(*OF_THE_CONTACT, *OF_THE_ASKER) == []
    town.log_is_silent()


async def test_link_to_telegram_works_once_and_across_a_restart(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lead, eve = api.world.user(12), api.world.user(13)
    async with town_of(api, tmp_path, caplog) as town:
        handle = await offered(town)
        await opens(town, lead, handle)
        await opens(town, eve, handle)
    async with town_of(api, tmp_path, caplog) as town:
        assert "Verbunden" in await confirms(town, lead)
        await town.settled()
        mails = len(town.sink.to(MAIL))
        assert says("connect.over", await chooses(town, eve, "Ja, mein")), "it works once"
        await town.settled()
        assert len(town.sink.to(MAIL)) == mails, "no code goes out for a link that is over"
        assert says("connect.over", await opens(town, eve, handle))
        assert says("connect.over", (await town.rig.ask(eve, "!bestaetigen ja")).text)
        assert await holder(town, "telegram", "13") != await holder(town, "email", MAIL)


async def test_expired_or_forged_link_to_telegram_links_no_account(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        handle = await offered(town)
        async with town.rig.store.begin() as tx:
            page = await tx.pages.get(town.rig.bot.services.links.at_rest(handle))
            assert page
            assert page.expires_at - tx.now > timedelta(days=13)
        await opens(town, lead, handle)
        async with town.rig.store.begin() as tx:
            await tx.connection.execute(text("UPDATE page SET expires_at = '2020-01-01 00:00:00'"))
        assert says("connect.over", await chooses(town, lead, "Ja, mein"))
        assert says("connect.over", await opens(town, lead, handle))
        for made_up in ("A" * 22, handle[:-1], handle.swapcase(), "show_", f"{handle} yes"):
            assert "ich bin Stadtlotse" in await opens(town, lead, made_up)
        assert await holder(town, "telegram", "12") != await holder(town, "email", MAIL)


async def test_link_opened_by_another_verified_user_is_refused_and_its_owner_told(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        ben, eve, lead = api.world.user(14), api.world.user(13), api.world.user(12)
        await town.rig.ask(ben, f"!bestaetigen {OTHER}")
        await town.rig.settled()
        code = re.search(r"\b\d{3} ?\d{3}\b", town.sink.to(OTHER)[-1].text)
        assert code
        await town.rig.ask(ben, code[0])
        handle = await offered(town)
        for _ in range(2):
            assert says("connect.taken", await opens(town, ben, handle))
        await town.settled()
        messages = [mail for mail in town.sink.to(MAIL) if says("connect.tried", mail.text)]
        assert len(messages) == 1

        await opens(town, lead, handle)
        shown = api.world.said(lead)[-1]
        assert says("press.foreign", await town.rig.press(eve, shown, 0))
        assert "Verbunden" in await confirms(town, lead)
        assert await holder(town, "telegram", "14") == await holder(town, "email", OTHER)
        assert await holder(town, "telegram", "12") == await holder(town, "email", MAIL)


async def test_contact_who_already_uses_telegram_gets_no_link_to_it(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await contact_on_telegram(town, lead)
        await asked_on_matrix(town)
        await town.settled()
        mail = town.sink.to(MAIL)[-1]
        assert "Anfrage" in mail.text or "sprechen" in mail.text
        assert LINK.search(mail.text) is None
        assert "@" not in last(town.rig, lead)


async def test_mail_has_no_link_to_telegram_if_telegram_is_not_configured(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The bot knows its Telegram name from an earlier time; the settings have no token any more."""
    async with town_of(api, tmp_path, caplog) as town:
        await town.rig.ask(api.world.user(11), "hilfe")
        services = town.rig.bot.services
        off = services.settings.model_copy(
            update={"telegram": services.settings.telegram.model_copy(update={"token": None})}
        )
        object.__setattr__(services, "settings", off)
        await asked_on_matrix(town)
        await town.settled()
        assert "t.me" not in town.sink.to(MAIL)[-1].text


# ------------------------------------------------------------------------------------------------- taking it back


async def connected(town: Town, lead: User) -> str:
    """A user links Telegram from a mail; return the link with which the mailbox can undo it."""
    handle = await offered(town)
    await opens(town, lead, handle)
    said = len(town.rig.world.said(lead))
    assert await town.rig.press(lead, town.rig.world.said(lead)[-1], 0) == ""
    await town.rig.world.until(lambda: len(town.rig.world.said(lead)) > said)
    await town.rig.settled()
    await town.rig.ask(lead, code_in(town.sink.to(MAIL)[-1].text))
    assert last(town.rig, lead).startswith(("Verbunden", "Połączono"))
    await town.settled()
    return town.link(town.sink.to(MAIL)[-1].text, "disconnect")


async def test_mailbox_owner_can_unlink_an_account_and_both_get_their_own_data_back(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A user got the mail forwarded and linked an account; afterwards mailbox and account get their own data back."""
    async with town_of(api, tmp_path, caplog) as town:
        tom = api.world.user(12)
        await town.rig.ask(tom, "!sprache pl")
        await town.rig.ask(tom, "!profil name Tom Tausch")
        back = await connected(town, tom)
        await town.rig.ask(tom, "!profil telefon +49 331 000011")
        assert await holder(town, "telegram", "12") == await holder(town, "email", MAIL)
        await town.settled()
        assert says("intro.kind.telegram", await town.scanned({back})), "a look takes nothing apart"
        mails = len(town.sink.to(MAIL))

        assert says("page.disconnect.done", await town.proven(back, answer="apart"))
        await town.settled()
        theirs, mailbox = await holder(town, "telegram", "12"), await holder(town, "email", MAIL)
        assert theirs != mailbox
        async with town.rig.store.read() as tx:
            toms, owners = await tx.profiles.get(theirs or ""), await tx.profiles.get(mailbox or "")
            (introduction,) = await tx.introductions.of(mailbox or "")
            assert await tx.introductions.of(theirs or "") == []
        assert (toms.name, toms.phone, toms.prefers) == ("Tom Tausch", "+49 331 000011", ""), "what he told is his"
        assert (toms.municipality, toms.verified_at) == ("", None), "what the mailbox proved is not"
        assert (owners.name, owners.phone, owners.prefers) == ("", "", "")
        assert introduction.open
        again = town.sink.to(MAIL)[mails + 1 :]  # after the code for the page
        assert [("/i/" in mail.text, "Sperlingswinkel" in mail.text) for mail in again] == [(True, True)]
        assert says("disconnect.by_mailbox", api.world.said(tom)[-1].text, "pl")
        assert says("intro.again", again[0].text), "in the mailbox's own language"
        await town.proven(town.link(again[0].text, "i"), answer="yes", share=["phone"])
        assert await town.state(introduction.code) == "arranged"
        await town.posted(back, 410, answer="apart")
    assert town.telegram_saw(*OF_THE_CONTACT, *OF_THE_ASKER) == []
    town.log_is_silent()


async def test_user_who_links_telegram_sees_a_waiting_request_but_no_asker_data(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await connected(town, lead)
        heard = (await town.rig.ask(lead, "!kontakt status")).text
        assert says("intro.waits", heard)
        assert "Digitale Stadt Cottbus" in heard
    assert town.telegram_saw(*OF_THE_CONTACT, *OF_THE_ASKER) == []


async def test_links_sent_to_an_account_are_void_after_the_mailbox_unlinks_it(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The links in that chat were for the mailbox's owner, and the chat belongs to another user."""
    async with town_of(api, tmp_path, caplog) as town:
        tom = api.world.user(12)
        back = await connected(town, tom)
        await town.proven(town.link(town.sink.to(MAIL)[0].text, "i"), answer="yes", share=["phone"])
        await town.settled()
        note = town.link(wire_of(api.world.said(tom)[-1]), "n")
        await town.proven(back, answer="apart")
        shown = await town.posted(note, 410, step="read")
        assert OF_THE_ASKER[-1] not in shown


async def test_mailbox_owner_cannot_unlink_an_account_after_two_weeks(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        back = await connected(town, api.world.user(12))
        async with town.rig.store.begin() as tx:
            page = await tx.pages.get(town.rig.bot.services.links.at_rest(back.rpartition("/")[2]))
            assert page
            assert page.expires_at - tx.now > timedelta(days=13)
            await tx.connection.execute(text("UPDATE page SET expires_at = '2020-01-01 00:00:00'"))
        await town.posted(back, 410, answer="apart")
        assert await holder(town, "telegram", "12") == await holder(town, "email", MAIL)


async def test_unlink_page_is_gone_after_the_user_unlinked_by_command(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        back = await connected(town, lead)
        assert says("disconnect.done", (await town.rig.ask(lead, "!trennen postfach")).text)
        apart = await holder(town, "telegram", "12"), await holder(town, "email", MAIL)
        await town.posted(back, 410, answer="apart")
        assert (await holder(town, "telegram", "12"), await holder(town, "email", MAIL)) == apart
        assert apart[0] != apart[1]


# ------------------------------------------------------------------------------------------------- a mail passed on


async def test_forwarded_mail_without_the_code_gives_no_access_to_the_contact(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the code: no linked account, no badge, no answer, no view and no change of the mailbox's data."""
    async with town_of(api, tmp_path, caplog) as town:
        mallory = api.world.user(66, username="mallory666")
        handle = await offered(town)
        code = re.search(r"!ja ([A-Z0-9]{5})", town.sink.to(MAIL)[0].text)
        request = code[1] if code else await only_code(town)
        await opens(town, mallory, handle)
        await chooses(town, mallory, "Ja, mein")
        await town.settled()
        before = await links_and_profiles(town)
        wrong = f"{(int(code_in(town.sink.to(MAIL)[-1].text)) + 1) % 1_000_000:06d}"
        for said in (
            wrong, f"!ja {request} alles", f"!nein {request}", f"!nie-wieder {request}", f"!vertretung {request}",
            f"!nicht-mein-thema {request}", f"!kontakt zurück {request}", "!kontakt status", "!nicht-vermitteln",
            "!pause", "!fortsetzen", "!profil telefon +49 331 000066", "!trennen postfach", "!korrektur",
            "!bestaetigen ja", wrong,
        ):  # fmt: skip
            await town.rig.ask(mallory, said)
        await town.settled()
        shown = (await town.rig.ask(mallory, "!profil")).text
        assert TEXTS.template("profile.verified", "de") not in shown
        data = await own_data(town, mallory)
        assert [datum for datum in (*OF_THE_CONTACT, *OF_THE_ASKER, "cottbus.example") if datum in data] == []
        after = await links_and_profiles(town)
        async with town.rig.store.read() as tx:
            (owner,) = [await tx.people.of_account("email", MAIL)]
            assert owner
            profile = await tx.profiles.get(owner.id)
            assert [account.channel for account in await tx.people.accounts(owner.id)] == ["email"]
        assert (profile.refuses, profile.paused_until, profile.phone, profile.verified_at) == (False, None, "", None)
        assert after["introduction"] == before["introduction"]
        assert await town.state(request) == "delivered"
    assert town.telegram_saw(*OF_THE_CONTACT, *OF_THE_ASKER) == []


async def only_code(town: Town) -> str:
    """The code of the only introduction."""
    async with town.rig.store.read() as tx:
        return str(await tx.connection.scalar(text("SELECT code FROM introduction")))


async def test_code_works_only_in_the_chat_that_requested_it(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead, mallory = api.world.user(12), api.world.user(66)
        handle = await offered(town)
        await opens(town, lead, handle)
        await chooses(town, lead, "Ja, mein")
        await town.settled()
        await opens(town, mallory, handle)
        code = code_in(town.sink.to(MAIL)[-1].text)
        assert "Verbunden" not in (await town.rig.ask(mallory, code)).text
        assert await holder(town, "telegram", "66") != await holder(town, "email", MAIL)
        assert "Verbunden" in (await town.rig.ask(lead, code)).text
        assert await holder(town, "telegram", "12") == await holder(town, "email", MAIL)


async def test_user_can_request_a_code_a_second_time(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await opens(town, lead, await offered(town))
        await chooses(town, lead, "Ja, mein")
        await town.rig.ask(lead, "!bestaetigen ja")
        await town.settled()
        codes = [code_in(mail.text) for mail in town.sink.to(MAIL)[1:]]
        assert len(codes) == 2
        assert "Verbunden" in (await town.rig.ask(lead, codes[-1])).text
