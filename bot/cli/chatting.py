"""``chat``: the whole bot in a terminal."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from bot.app import Bot
from bot.channels.terminal import TerminalChannel
from bot.cli.common import load_settings, progress, read_any_bytes, run
from bot.features.transcript import Exchange, Transcript
from bot.processes.state_lock import only_one, shared_secrets
from bot.resources import open_knowledge
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.errors import StadtlotseError
from knowledge_base.store.secret import share_secret


def chat(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="write one JSON object per line: act, conditions, hits, focus, text")
    ] = False,
) -> None:
    """Chat with the bot in this terminal. It answers all piped lines, then ends."""
    settings = load_settings(context)
    read_any_bytes()
    taken = StadtlotseError(
        f"Another chat is open on {settings.state_dir}.",
        remedy="Close it, or set STADTLOTSE_STATE_DIR to another folder.",  # two would take each other's answers
    )
    with only_one(settings.state_dir, "chat", taken) as place:
        run(_chat(settings, place, as_json=as_json))


async def _chat(settings: Settings, place: str, *, as_json: bool) -> None:
    notes = Transcript() if as_json else None

    def written(reference: str, text: str) -> str:
        exchange = notes.take(reference) if notes else None
        return json.dumps((exchange or Exchange("")).as_object(text), ensure_ascii=False)

    history = settings.state_dir / "chat-history"
    channel = TerminalChannel(history=history, as_json=written if as_json else None)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        with progress() as bar:
            knowledge = await stack.enter_async_context(open_knowledge(settings, progress=bar))
        await share_secret(knowledge.store, settings.state_dir, shared_secrets(settings))
        await Bot(settings, knowledge, Texts(), [channel], place=place, notes=notes).run(
            stop, lambda _channel, _problem: None
        )
