"""The bot serves a network that the package does not know if it has a row with adapter, settings and properties."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.channels.networks import NETWORKS, named_by, network
from bot.channels.policy import PERSONAL, DataClass, may_pass
from bot.cli.operating import configured_channels
from bot.features.privacy.processors import unnamed
from bot.features.privacy.report import privacy_report
from bot.messages import Say
from bot.outgoing.notify import NOTE, Notice, reachable, tell
from bot.processes.state_lock import ACCOUNT, marks
from bot.resources import KnowledgeBase
from bot.texts import Texts
from bot.web.pages.public import channels as networks_of_the_home_page
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from knowledge_base.store.people import Account
from knowledge_base.store.statistics import Statistics
from tests.fake_embedder import HashEmbedder
from tests.fakes import PATIENCE_S, settled
from tests.pigeon import NAME, PigeonChannel, PigeonSettings, one_more_network

ANNA = "anna"
SECRET = "leitung@cottbus.example"
NOTHING = Statistics(rows={}, contacts_by_basis={}, contacts_told=0, contacts_hidden=0, verified=0)


@pytest.fixture(autouse=True)
def _row() -> Iterator[None]:
    with one_more_network():
        yield


def settings(folder: Path, **more: Any) -> PigeonSettings:
    seen = {"state_dir": folder, "pigeon": {"loft": "dach.example"}, "web": {"public_url": "https://bot.example"}}
    return PigeonSettings.model_validate(seen | more)


@asynccontextmanager
async def serving(store: Store, result: PigeonSettings) -> AsyncIterator[tuple[Bot, PigeonChannel]]:
    """The whole bot on the networks that the settings name."""
    (channel,) = configured_channels(result)
    assert isinstance(channel, PigeonChannel)
    search = SearchService(store, HashEmbedder())
    await search.start()
    bot, stop, listens = Bot(result, KnowledgeBase(store, search), Texts(), [channel]), asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(bot.run(stop, lambda _name, _problem: listens.set()))
    async with asyncio.timeout(PATIENCE_S):
        await listens.wait()
        yield bot, channel
    stop.set()
    assert await running


async def asks(channel: PigeonChannel, text: str) -> str:
    channel.writes(ANNA, text)
    await channel.until_it_brings(1)
    return channel.reads(ANNA)


async def told_of_another(bot: Bot, channel: PigeonChannel) -> str:
    """What the user reads when the bot sends them another user's contact data."""
    store = bot.services.store
    async with store.begin() as tx:
        person = await tx.people.of_account(NAME, ANNA)
        assert person
        notice = Notice(Say("unknown_command", {"command": SECRET}), "key", DataClass.CONTACT_DATUM, page=NOTE)
        assert await tell(tx, person, notice, settings=bot.services.settings, links=bot.services.links)
    bot.wake_senders()
    await settled(bot)
    return channel.reads(ANNA)


def test_new_network_is_served_only_if_the_settings_name_an_account(tmp_path: Path) -> None:
    assert [type(channel) for channel in configured_channels(settings(tmp_path))] == [PigeonChannel]
    assert configured_channels(settings(tmp_path, pigeon={})) == []


async def test_question_on_a_new_network_is_answered(known: Store, tmp_path: Path) -> None:
    async with serving(known, settings(tmp_path)) as (_, channel):
        answer = await asks(channel, "Wer hat Mobilitätsprojekte in Brandenburg gemacht?")
    assert "1. " in answer
    assert channel.delivered[0].choices
    async with known.read() as tx:
        assert await tx.outbox.count() == {"sent": 1}


@pytest.mark.parametrize("lifted", [False, True])
async def test_contact_data_pass_a_new_network_only_if_the_operator_allows_it(
    known: Store, tmp_path: Path, *, lifted: bool
) -> None:
    found = settings(tmp_path, pigeon={"loft": "dach.example", "may_read_letters": lifted})
    async with serving(known, found) as (bot, channel):
        await asks(channel, "!hilfe")
        read = await told_of_another(bot, channel)
    assert (SECRET in read) is lifted
    assert ("https://bot.example/n/" in read) is not lifted


async def test_contact_data_pass_a_new_network_that_carries_personal_data(known: Store, tmp_path: Path) -> None:
    with one_more_network(carries_personal_data=True):
        async with serving(known, settings(tmp_path)) as (bot, channel):
            await asks(channel, "!hilfe")
            assert SECRET in await told_of_another(bot, channel)


def test_new_network_carries_no_personal_data_by_default(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert {data for data in DataClass if may_pass(NAME, data, found)} == set(DataClass) - PERSONAL


def test_row_of_a_new_network_sets_its_name_its_order_and_its_outage_alert(known: Store, tmp_path: Path) -> None:
    accounts = [Account(channel, "u", "c", True) for channel in (*NETWORKS, "unknown")]
    assert reachable(accounts, None)[0].channel == NAME
    assert network(NAME) == "Brieftaube"
    assert named_by("Taube") == NAME
    bot = Bot(settings(tmp_path), KnowledgeBase(known, SearchService(known, HashEmbedder())), Texts(), [])
    assert bot._absence._warn_after[NAME] == timedelta(hours=5)


def test_new_network_appears_on_the_home_page_and_in_the_privacy_report(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert networks_of_the_home_page(found) == [NAME]
    report = privacy_report(found, NOTHING, Texts(), "en", date="today", version="this")
    assert "| pigeon | yes | yes | no | no |" in report
    assert "Pigeon post: in use (Taubenverein e. V.)" in report
    assert unnamed(found) == ["dach.example", "Pigeon post"]


def test_processes_compare_the_account_of_a_new_network(tmp_path: Path) -> None:
    datum, other = (marks(settings(tmp_path, pigeon={"loft": loft}), b"k" * 32) for loft in ("dach", "turm"))
    assert {name for name in datum if datum[name] != other[name]} == {f"{ACCOUNT}{NAME}", NAME}
