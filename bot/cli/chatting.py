"""``chat``: the whole bot in a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import typer

from bot.assembly import Bot
from bot.channels.terminal import TerminalChannel
from bot.cli.common import fail, progress, read_any_bytes, run, settings
from bot.opening import open_knowledge
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.store.state_folder import prepare


def chat(context: typer.Context) -> None:
    """Talk to the bot here. Piped lines are all answered, then it ends."""
    found = settings(context)
    read_any_bytes()
    with only_chat(found):
        run(_chat(found))


async def _chat(found: Settings) -> None:
    channel = TerminalChannel(history=found.state_dir / "chat-history")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        with progress() as bar:
            knowledge = await stack.enter_async_context(open_knowledge(found, progress=bar))
        await Bot(found, knowledge, Texts(), [channel]).run(stop, lambda _channel, _problem: None)


@contextmanager
def only_chat(found: Settings) -> Iterator[None]:
    """One chat per state folder: two would take each other's answers."""
    prepare(found.state_dir)
    with (found.state_dir / "chat.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fail(f"Another chat is open on {found.state_dir}. Close it, or set STADTLOTSE_STATE_DIR to another folder.")
        yield
