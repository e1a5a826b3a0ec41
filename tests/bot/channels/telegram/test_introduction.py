"""Two people, one of them on Telegram: the loopback Bot API, a real mail server and the real pages in between."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from bot.messages.markup import plain
from knowledge_base.introductions.values import State
from tests.bot.channels.telegram.rig import Rig
from tests.bot.channels.telegram.town import (
    ASKER,
    MAIL,
    MATRIX,
    OF_THE_ASKER,
    OF_THE_CONTACT,
    PHONE,
    QUESTION,
    REACH,
    Town,
    town_of,
)
from tests.bot.web.pages.conftest import dump
from tests.introducing import PROJECT, code_in, known_as
from tests.telegram_api import LoopbackApi, Message, User
from tests.wording import says

PUBLIC = "Kanarien_Name"  # of a Telegram account


async def asked(rig: Rig, anna: User) -> str:
    """Go from a question to a sent request with buttons; return the code of the request."""
    world = rig.world
    answer = await rig.ask(anna, QUESTION)
    assert await rig.press(anna, answer, "Kontakt") == ""
    await rig.settled()
    assert says("profile.ask_name", world.said(anna)[-1].text)
    assert says("profile.told", (await rig.ask(anna, ASKER)).text)
    assert says("intro.ask_reach", (await rig.ask(anna, "Potsdam")).text)
    preview = await rig.ask(anna, REACH)
    assert "genau das" in preview.text
    assert "Leitung Digitale Stadt" in preview.text
    assert QUESTION in preview.text
    assert REACH in preview.text.replace("\u2060", ""), "what is shown on a yes is shown before it, exactly"
    for number in range(len(preview.buttons)):
        assert says("press.foreign", await rig.press(world.user(13), preview, number)), "only the owner acts"
    return code_in(await pressed(rig, anna, preview, "1"))


async def pressed(rig: Rig, user: User, message: Message, button: str) -> str:
    """Press a button; return the bot's next message."""
    before = len(rig.world.said(user))
    assert await rig.press(user, message, button) == ""
    await rig.world.until(lambda: len(rig.world.said(user)) > before)
    return last(rig, user)


def last(rig: Rig, user: User) -> str:
    """What the bot said last, without the marks that keep addresses from becoming links."""
    return rig.world.said(user)[-1].text.replace("\u2060", "")


def number_of(text: str, option: str) -> str:
    """The number before the last option with these words."""
    seen = [line for line in text.splitlines() if option in line]
    assert seen, text
    return seen[-1].split(".")[0].strip()


async def answered_by_mail(town: Town, code: str) -> None:
    """The contact reads the mail after a mail filter did, and says yes on the page."""
    (request,) = town.sink.to(MAIL)
    assert ASKER in request.text
    assert QUESTION in request.text
    assert REACH not in request.text + request.html, "the asker's own data come after the yes"
    assert await town.state(code) == State.DELIVERED
    await town.scanned(town.links(f"{request.text} {request.html}"))
    assert await town.state(code) == State.DELIVERED
    page = town.link(request.text, "i")
    await town.proven(page, answer="yes", share=["email"])
    await town.posted(page, 410, answer="yes", share=["email"])
    await town.settled()
    assert await town.state(code) == State.ARRANGED


async def dump_of(town: Town) -> str:
    return repr(await dump(town.rig.store))


async def own_data(town: Town, user: User) -> str:
    """A user's stored data as JSON, read behind the link that the bot sent."""
    await town.rig.ask(user, "!meinedaten json")
    await town.settled()
    links = [town.link(wire, "n") for message in town.rig.world.said(user) if "/n/" in (wire := wire_of(message))]
    return unescape(await town.posted(links[-1], step="read"))


@pytest.mark.parametrize("webhook", [False, True])
async def test_asker_on_telegram_and_contact_by_mail_are_introduced_without_a_leak(
    webhook: bool, api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog, telegram={"webhook": webhook}) as town:
        anna = api.world.user(11)
        code = await asked(town.rig, anna)
        await town.settled()
        await answered_by_mail(town, code)
        outcome = last(town.rig, anna)
        page = town.link(wire_of(api.world.said(anna)[-1]), "n")
        assert says("notice.waiting", outcome)
        seen = await town.scanned({page})
        assert [datum for datum in OF_THE_CONTACT if datum in seen] == [], "a look alone shows nothing"
        shown = await town.posted(page, step="read")
        assert MAIL in shown
        assert PHONE not in shown, "that was not shared"
        arranged = town.sink.to(MAIL)[-1]
        assert REACH in arranged.text
        assert says("intro.state.arranged", (await town.rig.ask(anna, "!kontakt status")).text)
        assert len(town.sink.to(MAIL)) == 3, "the request, the code, the outcome"
    assert town.telegram_saw(*OF_THE_CONTACT) == []
    town.log_is_silent()


async def test_asker_can_show_their_telegram_name_which_is_deleted_with_the_account(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The bot stores it once needed, shows it after both agreed, and deletes it with the account or the name."""
    async with town_of(api, tmp_path, caplog) as town:
        anna = api.world.user(11, username=PUBLIC)
        answer = await town.rig.ask(anna, QUESTION)
        assert PUBLIC not in await dump_of(town), "nobody needs it for a question"
        assert await town.rig.press(anna, answer, "Kontakt") == ""
        await town.settled()
        await town.rig.ask(anna, ASKER)
        preview = await town.rig.ask(anna, "Potsdam")
        assert "genau das" in preview.text
        assert f"Telegram @{PUBLIC}" in preview.text.replace("\u2060", "")
        await pressed(town.rig, anna, preview, "1")
        await town.settled()
        (request,) = town.sink.to(MAIL)
        assert PUBLIC not in request.text + request.html, "not before the yes"
        await town.proven(town.link(request.text, "i"), answer="yes", share=["email"])
        await town.settled()
        arranged = town.sink.to(MAIL)[-1]
        assert f"@{PUBLIC}" in arranged.text.replace("\u2060", "")
        assert f'href="https://t.me/{PUBLIC}"' in arranged.html
        assert f'"public_name": "{PUBLIC}"' in await own_data(town, anna)
        anna.username = ""
        await town.rig.ask(anna, "!hilfe")
        assert "public_name" not in await own_data(town, anna)
        anna.username = PUBLIC
        await town.rig.ask(anna, f"!kontakt ={PROJECT}")
        await town.rig.ask(anna, "!loeschen")
        await town.rig.ask(anna, "!loeschen ja")
        await town.settled()
        assert PUBLIC not in await dump_of(town)
        assert [line for line in map(repr, town.logged) if PUBLIC in line] == []
    assert town.telegram_saw(*OF_THE_CONTACT) == []


async def test_contact_data_reach_the_asker_on_telegram_if_the_controller_allows_it(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """This proves that the test above looks in the right place; data that were not shared still stay hidden."""
    async with town_of(api, tmp_path, caplog, telegram={"personal_data": True}) as town:
        anna = api.world.user(11)
        code = await asked(town.rig, anna)
        await town.settled()
        await answered_by_mail(town, code)
        assert MAIL in last(town.rig, anna)
    assert town.telegram_saw(*OF_THE_CONTACT) == [MAIL, "kanarie.leitung"]
    town.log_is_silent()


async def contact_on_telegram(town: Town, lead: User) -> None:
    """The contact verifies the imported address, and the bot reaches them on Telegram from then on."""
    await town.rig.ask(lead, f"!bestaetigen {MAIL}")
    await town.rig.settled()
    match = re.search(r"\b\d{3} ?\d{3}\b", town.sink.to(MAIL)[-1].text)
    assert match
    assert "Cottbus" in (await town.rig.ask(lead, match[0])).text


async def contact_on_telegram_alone(town: Town, lead: User) -> None:
    """The contact verifies the address, and then mail to it bounces."""
    await contact_on_telegram(town, lead)
    async with town.rig.store.begin() as tx:
        await tx.conversations.gone("email", MAIL, "bounced")


async def asked_on_matrix(town: Town) -> str:
    anna = await known_as(town.matrix.person(MATRIX), ASKER)
    await anna.says(f"!frage {QUESTION}")
    shown = await anna.says(f"!kontakt ={PROJECT}")
    assert says("intro.preview", shown), shown
    await anna.says("1")
    return code_in(anna.hears())


def wire_of(message: Message) -> str:
    """The text of a message and the targets of its links."""
    return " ".join([message.text, *(str(button.get("url", "")) for button in (*message.entities, *message.buttons))])


def heard_on_matrix(town: Town) -> str:
    return plain(town.matrix.delivered[-1].document)


async def test_contact_with_telegram_and_mail_gets_the_request_by_mail(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Mail may carry the request, so Telegram gets no part of it, not even a link."""
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await contact_on_telegram(town, lead)
        before = len(api.world.said(lead))
        code = await asked_on_matrix(town)
        await town.settled()
        assert QUESTION in town.sink.to(MAIL)[-1].text
        await town.proven(town.link(town.sink.to(MAIL)[-1].text, "i"), answer="yes", share=["email"])
        await town.settled()
        assert MAIL in heard_on_matrix(town)
        assert MATRIX in town.sink.to(MAIL)[-1].text
        assert len(api.world.said(lead)) == before
        await town.rig.ask(lead, "!kontakt status")
        await town.rig.ask(lead, f"!ja {code}")
    assert town.telegram_saw(*OF_THE_ASKER) == []
    town.log_is_silent()


async def test_contact_with_only_telegram_gets_links_that_work_once(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await contact_on_telegram_alone(town, lead)
        code = await asked_on_matrix(town)
        await town.settled()
        assert len(town.sink.to(MAIL)) == 1, "the code alone"
        page = town.link(wire_of(api.world.said(lead)[-1]), "i")
        seen = await town.scanned({page})
        assert [datum for datum in OF_THE_ASKER if datum in seen] == [], "a look alone shows nothing"
        assert await town.state(code) == State.DELIVERED
        request = await town.posted(page, step="show")
        assert ASKER in request
        assert QUESTION in request
        assert MATRIX not in request
        await town.proven(page, lead, answer="yes", share=["phone"])
        await town.posted(page, 410, answer="yes", share=["phone"])
        await town.settled()
        assert await town.state(code) == State.ARRANGED
        assert PHONE in heard_on_matrix(town)
        note = town.link(wire_of(api.world.said(lead)[-1]), "n")
        assert MATRIX not in await town.scanned({note})
        assert MATRIX in await town.posted(note, step="read")
        await town.rig.ask(lead, "!kontakt status")
    assert town.telegram_saw(*OF_THE_ASKER) == []
    town.log_is_silent()


async def test_contact_can_show_their_telegram_name_to_the_asker(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12, username=PUBLIC)
        await contact_on_telegram_alone(town, lead)
        code = await asked_on_matrix(town)
        await town.settled()
        page = town.link(wire_of(api.world.said(lead)[-1]), "i")
        assert PUBLIC not in await town.posted(page, step="show")
        assert f"Telegram: @{PUBLIC}" in await town.proven(page, lead, answer="yes")
        assert PUBLIC not in heard_on_matrix(town)
        await town.proven(page, lead, answer="yes", share=["telegram"])
        await town.settled()
        assert await town.state(code) == State.ARRANGED
        assert f"@{PUBLIC} (https://t.me/{PUBLIC})" in heard_on_matrix(town)
        assert MAIL not in heard_on_matrix(town)
    assert town.telegram_saw(*OF_THE_ASKER) == []
    town.log_is_silent()


async def test_contact_without_a_valid_telegram_name_is_not_offered_to_show_it(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12, username="<b>")
        await contact_on_telegram_alone(town, lead)
        await asked_on_matrix(town)
        await town.settled()
        page = town.link(wire_of(api.world.said(lead)[-1]), "i")
        shown = await town.proven(page, lead, answer="yes")
        assert 'value="email"' in shown
        assert 'value="telegram"' not in shown
        await town.proven(page, lead, 422, answer="yes", share=["telegram"])


async def test_asker_is_told_if_the_contact_blocked_the_bot(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await contact_on_telegram_alone(town, lead)
        before = len(api.world.said(lead))
        api.world.private(lead).blocked = True  # the word of it is still on its way
        code = await asked_on_matrix(town)
        await town.settled()
        assert await town.state(code) == State.CLOSED
        assert says("intro.unreached", heard_on_matrix(town))
        assert len(api.world.said(lead)) == before
    assert town.telegram_saw(*OF_THE_ASKER) == []
    town.log_is_silent()


async def test_contact_can_accept_in_the_telegram_chat_if_the_controller_allows_it(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The contact accepts with buttons in the chat, and sees there how to reach the asker."""
    async with town_of(api, tmp_path, caplog, telegram={"personal_data": True}) as town:
        lead = api.world.user(12)
        await contact_on_telegram(town, lead)
        code = await asked_on_matrix(town)
        await town.settled()
        request = api.world.said(lead)[-1]
        assert ASKER in request.text
        assert QUESTION in request.text
        assert town.telegram_saw(MATRIX) == []
        choosing = await pressed(town.rig, lead, request, "Annehmen")
        assert says("intro.what_to_show", choosing)
        await pressed(town.rig, lead, api.world.said(lead)[-1], number_of(choosing, "zeigen: Mail"))
        await town.settled()
        assert await town.state(code) == State.ARRANGED
        assert MAIL in heard_on_matrix(town)
        assert town.telegram_saw(MATRIX) == [MATRIX]
        assert [message for message in api.world.said(lead) if "Beide Seiten haben Ja gesagt" in message.text]
    town.log_is_silent()
