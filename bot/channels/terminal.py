"""The terminal as a channel: one fixed person, readable answers; piped lines are all answered, then it ends.

In a terminal: a prompt with history, colours, wrapped lines. Where stdin or stdout is none: plain text, one answer
after the other, no wrapping, so that other programs can read it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text as RichText

from bot.markup import Block, Break, Document, Inline, Items, Link, Paragraph, Soft, Strong, Text, plain
from bot.messages import Address, Inbound, Outgoing
from bot.ports import Listening, Receive

NAME = "terminal"
USER = "you"
CONVERSATION = "here"
QUIT = {"exit", "quit", "ende", "koniec", "!quit", "!exit"}


class TerminalChannel:
    """See ``bot.ports.Channel``. ``run`` returns when the person leaves or the input ends."""

    name = NAME
    exactly_once = False

    def __init__(
        self, *, input_stream: TextIO = sys.stdin, output: TextIO = sys.stdout, history: Path | None = None
    ) -> None:
        self._input = input_stream
        self._output = output
        self._interactive = input_stream.isatty() and output.isatty()
        self._history = history
        self._console = Console(file=output, highlight=False, soft_wrap=not output.isatty())
        self._session = uuid4().hex
        self._waiting_for: dict[str, asyncio.Event] = {}

    async def run(self, receive: Receive, listening: Listening) -> None:
        """Hand over each line; the next one is read when the answer to the last one is shown."""
        listening(None)
        number = 0
        with patch_stdout(raw=True) if self._interactive else _nothing():
            async for line in self._lines():
                if line.strip().lower() in QUIT:
                    return
                if not line.strip():
                    continue
                number += 1
                await self._ask(receive, f"{self._session}-{number}", line)

    async def _ask(self, receive: Receive, event_id: str, line: str) -> None:
        answered = self._waiting_for[event_id] = asyncio.Event()
        address = Address(NAME, CONVERSATION)
        now = datetime.now(UTC)
        await receive(NAME, [Inbound(event_id, address, USER, line.rstrip("\r\n"), private=True, at=now)])
        await answered.wait()
        del self._waiting_for[event_id]

    async def send(self, message: Outgoing) -> str | None:
        """Show a message; an answer lets the next line be read."""
        if self._console.is_terminal:
            self._console.print(pretty(message))
        else:
            self._output.write(plain_text(message) + "\n\n")
            self._output.flush()
        if answered := self._waiting_for.get(message.answers):
            answered.set()
        return message.id

    async def working(self, address: Address) -> None:
        """An answer takes milliseconds here: nothing to show."""

    async def close(self) -> None:
        """Nothing was opened."""

    async def _lines(self) -> AsyncIterator[str]:
        if not self._interactive:
            while line := await asyncio.to_thread(self._input.readline):
                yield line
            return
        if self._history:
            self._history.parent.mkdir(parents=True, exist_ok=True)
        session: PromptSession[str] = PromptSession(history=FileHistory(str(self._history)) if self._history else None)
        while True:
            try:
                yield await session.prompt_async("> ")
            except (EOFError, KeyboardInterrupt):
                return


class _nothing:  # noqa: N801 - reads like contextlib.nullcontext, without its type parameter
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def hints(message: Outgoing) -> str:
    """The choices that have no number, as commands to type."""
    return " · ".join(choice.typed for choice in message.choices if choice.number is None)


def plain_text(message: Outgoing) -> str:
    """A message for a pipe: no colours, no wrapping."""
    return "\n\n".join(part for part in (plain(message.document), hints(message)) if part)


def pretty(message: Outgoing) -> Padding:
    """A message for a terminal."""
    blocks = [*_blocks(message.document)]
    if choices := hints(message):
        blocks.append(RichText(choices, style="dim"))
    return Padding(Group(*_spaced(blocks)), (1, 2, 1, 2))


def _spaced(blocks: Iterable[RichText | Padding]) -> list[RichText | Padding]:
    spaced: list[RichText | Padding] = []
    for block in blocks:
        spaced += [RichText(""), block] if spaced else [block]
    return spaced


def _blocks(document: Document) -> list[RichText | Padding]:
    return [part for block in document for part in _block(block)]


def _block(block: Block) -> list[RichText | Padding]:
    if isinstance(block, Paragraph):
        return [_rich(block.inner)]
    return list(_entries(block))


def _entries(items: Items) -> Iterable[RichText | Padding]:
    for offset, entry in enumerate(items.entries):
        mark = "•" if items.start is None else f"{items.start + offset}."
        body = RichText("\n").join(_rich(part.inner) for part in entry if isinstance(part, Paragraph))
        first, *others = body.split("\n")
        yield Padding(RichText(f"{mark} ", style="bold cyan") + first, (0, 0, 0, 0))
        if others:
            yield Padding(RichText("\n").join(others), (0, 0, 0, len(mark) + 1))


def _rich(nodes: Iterable[Inline], style: str = "") -> RichText:
    text = RichText(style=style)
    for node in nodes:
        match node:
            case Text(content):
                text.append(content)
            case Link(url):
                text.append(url, style=f"cyan link {url}")
            case Break():
                text.append("\n")
            case Strong(inner):
                text.append_text(_rich(inner, "bold"))
            case Soft(inner):
                text.append_text(_rich(inner, "italic dim"))
    return text
