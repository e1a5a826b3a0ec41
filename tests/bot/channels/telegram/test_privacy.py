"""No contact data and no secret leave the bot: canaries in the knowledge base, on the wire, in the log."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import Rig, make_settings, running
from tests.telegram_api import Fault, LoopbackApi
from tests.telegram_api.faults import unauthorised

ROOT = Path(__file__).parents[4]
CANARIES = ("kanarie@stadt.example", "0331 9876543", "+49 331 9876544", "@kanarie:stadt.example")


@pytest.fixture
async def poisoned(live_store: Store) -> Store:
    """Put contact data into every free text that an answer can show, as if the import had not masked them."""
    async with live_store.begin() as tx:
        for field in ("title", "text", "status", "contact_role", "transferability", "funding", "period", "licence"):
            canary = " · ".join(CANARIES)
            await tx.connection.execute(
                text(
                    f"UPDATE record SET body = json_set(body, '$.{field}',"
                    f" coalesce(json_extract(body, '$.{field}'), '') || ' {canary}') WHERE kind = 'project'"
                )
            )
    return live_store


async def tour(rig: Rig) -> None:
    """Show a user everything that they can see."""
    world = rig.world
    anna = world.user(11)
    answer = await rig.ask(anna, "Mobilität Mobilitätsprojekte Kanarie")
    for number in range(min(3, len(answer.buttons))):
        await rig.press(anna, answer, number)
    await rig.settled()
    await rig.ask(anna, "!zeige 1")
    await rig.ask(anna, "kanarie@stadt.example")
    await rig.ask(anna, "!sprache")
    query = world.ask_inline(anna, "Mobilität Kanarie")
    await world.until(lambda: world.queries[query])


async def test_contact_data_in_records_are_not_sent_through_telegram(
    api: LoopbackApi, poisoned: Store, tmp_path: Path
) -> None:
    async with running(api, poisoned, make_settings(api, tmp_path)) as rig:
        await tour(rig)
    wire = "\n".join(call.raw for call in api.calls).replace("\u2060", "")
    assert "Mobilität" in wire
    assert [canary for canary in CANARIES if canary in wire] == []
    assert "9876543" not in wire


async def test_contact_data_in_records_are_sent_if_the_controller_allows_it(
    api: LoopbackApi, poisoned: Store, tmp_path: Path
) -> None:
    """This proves that the test above looks in the right place."""
    settings = make_settings(api, tmp_path, telegram={"personal_data": True})
    async with running(api, poisoned, settings) as rig:
        await tour(rig)
    wire = "\n".join(call.raw for call in api.calls).replace("\u2060", "")
    assert [canary for canary in CANARIES if canary not in wire] == []


async def test_group_messages_not_addressed_to_the_bot_are_not_stored(rig: Rig) -> None:
    world = rig.world
    anna = world.user(11)
    group = world.group(-1001111)
    world.add_bot(anna, group)
    world.say(anna, "Geheim: der Canary singt", group)
    await rig.ask(anna, "/hilfe", chat=group)
    async with rig.store.read() as tx:
        rows = [str(tuple(row)) for row in await tx.connection.execute(text("SELECT * FROM inbox"))]
    assert not any("Canary" in row for row in rows)


@pytest.mark.slow
async def test_log_holds_neither_the_token_nor_texts_nor_names_of_users(tmp_path: Path, e5_folder: Path) -> None:
    """The real process at DEBUG, through every kind of failure; its knowledge base is empty, so it starts at once."""
    states = {style: tmp_path / style for style in ("json", "console")}
    for state in states.values():
        state.mkdir()
        (state / "models").symlink_to(e5_folder.parent)
    await asyncio.gather(*(is_silent(style, state) for style, state in states.items()))
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):  # noqa: ASYNC240
        assert b"CanaryToken" not in file.read_bytes(), file.name


async def is_silent(style: str, state: Path) -> None:
    async with LoopbackApi("424242:CanaryToken") as api:
        log = await served(api, state, style)
        assert api.violations == []
    assert "READY telegram" in log
    assert "telegram.backs_off" in log
    for canary in ("CanaryToken", "GeheimeFrage", "Kanarienvogel", "kanari_user"):
        assert canary not in log, [line for line in log.splitlines() if canary in line][:3]


async def served(api: LoopbackApi, state: Path, style: str) -> str:
    """The whole log of a bot while each call fails once and a user asks."""
    api.fail(
        unauthorised("getMe"), Fault("getUpdates", "drop"), Fault("sendMessage", "reply_lost"),
        Fault("setMyCommands", "raw", 4, body="x"), Fault("sendChatAction", "hang"),
        Fault("getUpdates", "raw", 1, code=404, body="x"),
    )  # fmt: skip
    variables = {
        "STATE_DIR": state, "TELEGRAM__TOKEN": api.token, "TELEGRAM__API_BASE_URL": api.base_url, "WEB__PORT": 0,
        "LOG__LEVEL": "DEBUG", "LOG__FORMAT": style, "KNOWLEDGE__BUNDLE": "false",
    }  # fmt: skip
    environment = {**os.environ, **{f"STADTLOTSE_{name}": str(value) for name, value in variables.items()}}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "run_bot.py", "serve", cwd=ROOT, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    anna = api.world.user(11, "Kanarienvogel", "kanari_user")
    api.world.push_raw({"update_id": api.world.next_update_id(), "message": {"text": "GeheimeFrage"}})
    await api.world.answer(api.world.say(anna, "Wer macht GeheimeFrage?"))
    await api.world.until(lambda: len(api.called("editMessageText")) > 0)
    process.terminate()
    assert process.stdout is not None
    log = (await process.stdout.read()).decode()
    assert await process.wait() == 0
    return log


async def test_repr_of_settings_and_channel_hides_the_token(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    api.token = "424242:CanaryToken"
    settings = make_settings(api, tmp_path)
    async with running(api, live_store, settings) as rig:
        shown: list[Any] = [settings, settings.telegram, rig.bot, vars(rig.bot), rig.bot.metrics.exposition()]
        for channel in rig.bot._channels.values():
            shown += [channel, vars(channel), channel._api]  # type: ignore[attr-defined]
        shown.append(json.dumps(settings.model_dump(mode="json")))
        assert "CanaryToken" not in repr(shown)


def test_telegram_library_is_not_loaded_without_a_token() -> None:
    """The test starts a new process, because this one has already loaded the library."""
    program = (
        "import sys; from bot.cli.operating import configured_channels; from config.settings import Settings;"
        "assert configured_channels(Settings()) == []; assert 'telegram' not in sys.modules;"
        "assert configured_channels(Settings(telegram={'token': '1:x'})); assert 'telegram' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
