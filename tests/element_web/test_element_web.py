"""What users see in Element Web, in encrypted rooms: from a question to an address that they can click."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.element_web.client import Browser, ElementUser, running_browser, served
from tests.introducing import CONTACTS, KNOWLEDGE, LEAD, PROJECT, code_in
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.conftest import PROJECTS
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse, running_synapse
from tests.patience import PATIENCE_S
from tests.smtp_sink import SmtpSink
from tests.wording import says

pytestmark = [pytest.mark.campaign, pytest.mark.browser]
SCREENS_OF_AN_ANSWER = 1.5  # at most, on a phone
BUS, SCHOOL = "Rufbus auf dem Land", "Digitale Schule"
MOBILITY_IN_POTSDAM = re.compile(r"Mobilität und Verkehr\W+Potsdam")  # what the bot understood


@pytest.fixture(scope="module")
def synapse() -> Iterator[Synapse]:
    """A server with a dot in its name, as all real ones have it: clients cut such names where links are broken."""
    with running_synapse(name="stadt.example") as server:
        yield server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as found:
        yield found


@pytest.fixture
async def browser(address: str) -> AsyncIterator[Browser]:
    async with running_browser(address) as running:
        yield running


@dataclass
class World:
    """The bot, its mail server, a browser and a folder for pictures."""

    synapse: Synapse
    bot: BotProcess
    mail: SmtpSink
    browser: Browser
    pictures: Path

    async def user(self, name: str, *, chat: bool = True) -> ElementUser:
        """A new user of Element Web, in a private chat with the bot."""
        user = await self.browser.open(self.synapse.url, self.synapse.register(name))
        if chat:
            await user.do("chat", other=self.bot.user_id)
        return user


@pytest.fixture
async def world(
    synapse: Synapse, browser: Browser, e5_folder: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    records = tmp_path / "records.jsonl"
    town = KNOWLEDGE[0] | {"mail_domains": ["cottbus.example"]}
    known = (*PROJECTS, town, *KNOWLEDGE[1:], CONTACTS[0])
    records.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in known))
    async with SmtpSink() as mail:
        smtp = {"HOST": "127.0.0.1", "PORT": str(mail.port), "TLS": "none", "SENDER": "lotse@stadtlotse.example"}
        account = synapse.register(f"stadtlotse-{request.node.name[5:20].replace('_', '-')}".rstrip("-"))
        settings = {"KNOWLEDGE__BUNDLE": "true"} | {f"SMTP__{name}": value for name, value in smtp.items()}
        bot = BotProcess(synapse, account, **settings)
        try:
            done = bot.run("import", str(records))
            assert done.returncode == 0, done.stderr
            await bot.start()
            yield World(synapse, bot, mail, browser, tmp_path)
        finally:
            print(f"pictures: {tmp_path}")
            print(bot.tail(6000))
            bot.close()


async def test_private_chat_answers_follows_up_and_replaces_the_answer_to_an_edited_question(world: World) -> None:
    asker = await world.user("fragend")
    await asker.ask("!sprache")
    await asker.picture(world.pictures / "poll.png")
    assert says("language.chosen", (await asker.answer(await asker.do("vote", choice="Deutsch"))).text)

    answer = await asker.ask("Wer hat Mobilitätsprojekte gemacht?")
    assert says("ask.found", answer.text)
    screens = await asker.picture(world.pictures / "answer.png", answer)
    print(f"the answer takes {screens:.2f} screens")
    assert screens <= SCREENS_OF_AN_ANSWER

    follow_up = await asker.ask("und in Potsdam?")
    assert MOBILITY_IN_POTSDAM.search(follow_up.text), follow_up.text

    before = await asker.ask("Wer hat einen Rufbus?")
    assert BUS in before.text
    count = len(await asker.messages())
    await asker.do("edit", text="Digitale Schule?")
    await asker.do("wait_edited", event=before.event)
    after = await asker.shown(before.event)
    assert SCHOOL in after.text
    assert BUS not in after.text
    assert len(await asker.messages()) == count
    await asker.picture(world.pictures / "edited.png", after)


async def test_thread_that_the_bot_opened_in_a_group_goes_on_without_a_mention(world: World) -> None:
    asker = await world.user("gruppe", chat=False)
    async with await Person.new(world.synapse, "kollegium") as colleague:
        bot, name = world.bot.user_id, "Arbeitskreis"
        room = await colleague.room_with(bot, asker.user_id, encrypted=True, name=name)
        assert await asker.do("accept") == room
        await asker.picture(world.pictures / "group-welcome.png")
        question = await asker.say(" Wer hat Mobilitätsprojekte gemacht?", mention=world.bot.user_id)
        found = await asker.do("answer", question=question)
        assert found["thread"] == question
        await asker.picture(world.pictures / "group.png")
        await asker.do("thread", event=question)
        assert says("ask.found", (await asker.answer(question)).text)
        follow_up = await asker.ask("und in Potsdam?", where="thread")
        assert MOBILITY_IN_POTSDAM.search(follow_up.text), follow_up.text
        await asker.picture(world.pictures / "group-thread.png", follow_up, where="thread")


async def code_by_mail(mail: SmtpSink) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while not mail.to(LEAD):  # noqa: ASYNC110 - the server of the test has no event for it
            await asyncio.sleep(0.1)
    match = re.search(r"\b\d{3} ?\d{3}\b", mail.to(LEAD)[-1].text)
    assert match, mail.to(LEAD)[-1].text
    return match[0]


async def test_introduction_ends_with_whole_addresses_that_open_what_they_name(world: World) -> None:
    contact = await world.user("zustaendig")
    await contact.ask(f"!bestaetigen {LEAD}")
    await contact.ask(await code_by_mail(world.mail))
    asker = await world.user("verkehr")
    await asker.ask("!profil name Dezernat Verkehr")
    await asker.ask("!profil kommune Potsdam")
    await asker.ask("Wie habt ihr die Mobilität finanziert?")
    await asker.ask(f"!kontakt ={PROJECT}")
    preview = await asker.hears("intro.preview")
    await asker.picture(world.pictures / "preview.png", preview)
    code = code_in((await asker.chooses(preview, asker.user_id)).text)

    request = await contact.hears("intro.request")
    await contact.picture(world.pictures / "request.png", request)
    assert asker.user_id not in request.text
    choices = await contact.ask(f"!ja {code}")
    await contact.picture(world.pictures / "choices.png", choices)
    await contact.chooses(choices, LEAD, without=contact.user_id)

    told = await contact.hears("intro.arranged")
    await contact.picture(world.pictures / "outcome-contact.png", told)
    link = f"https://matrix.to/#/{asker.user_id}"
    assert link in told.links, told.links  # Element shows it as a pill with the user's name
    assert await contact.do("profile", event=told.event, href=link) == asker.user_id

    told = await asker.hears("intro.arranged")
    await asker.picture(world.pictures / "outcome-asker.png", told)
    assert told.links[f"mailto:{LEAD}"] == LEAD
    assert LEAD in await asker.do("copied", event=told.event)
