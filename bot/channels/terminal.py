"""The terminal channel: one fixed person, readable answers. The bot answers all piped lines, then the channel ends.

In a terminal it has a prompt with history, colours and wrapped lines. If stdin or stdout is not a terminal, it writes
plain text for other programs: one answer after the other, without wrapping.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TextIO
from uuid import uuid4

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text as RichText

from bot.channels.port import AudienceError, Listening, Receive, TryLaterError
from bot.messages import Address, Happening, Inbound, Outgoing
from bot.messages.hints import hints
from bot.messages.markup import Block, Break, Inline, Items, Link, Paragraph, Soft, Strong, Text, plain
from bot.messages.readership import Readership, fits
from knowledge_base.errors import StoreError

NAME = "terminal"
USER = "you"
CONVERSATION = "here"
AGAIN_S = 1.0  # seconds before a retry after a line could not be stored
BEAT_S = 25.0  # seconds between two signs of life: a person who says nothing for minutes is no outage
MARGIN = 2  # columns on both sides of a message
WORD = re.compile(r"\s*\S+\s*")
QUIT = {"exit", "quit", "ende", "koniec", "!quit", "!exit"}


class TerminalChannel:
    """A channel as in ``bot.channels.port.Channel``. ``run`` returns when the person leaves or the input ends."""

    name = NAME
    exactly_once = False

    def __init__(
        self,
        *,
        input_stream: TextIO = sys.stdin,
        output: TextIO = sys.stdout,
        history: Path | None = None,
        beat_s: float = BEAT_S,
        as_json: Callable[[str, str], str] | None = None,
    ) -> None:
        """``as_json``: what to write instead of an answer, by the reference of the question and the text."""
        self._as_json = as_json
        self._input = input_stream
        self._output = output
        self._interactive = input_stream.isatty() and output.isatty() and as_json is None
        self._history = history
        self._beat_s = beat_s
        self._console = Console(file=output, highlight=False, soft_wrap=not output.isatty())
        self._waiting_for: dict[str, asyncio.Event] = {}
        self._unread = asyncio.Event()

    async def run(self, receive: Receive, listening: Listening) -> None:
        """Hand over each line; read the next one after showing the answer. End when the output has no reader."""
        parts = [
            asyncio.create_task(part)
            for part in (self._talk(receive), self._unread.wait(), _beat(listening, self._beat_s))
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        for part in done:
            part.result()

    async def _talk(self, receive: Receive) -> None:
        with patch_stdout(raw=True) if self._interactive else nullcontext():
            if self._interactive:
                await self._hand_over(receive, "", Happening.JOINED)  # a newcomer is greeted
            async for line in self._lines():
                if line.strip().lower() in QUIT:
                    return
                if line.strip():
                    await self._hand_over(receive, line.rstrip("\r\n"), Happening.MESSAGE)

    async def _hand_over(self, receive: Receive, line: str, happening: Happening) -> None:
        """Hand a line to the bot until it is stored, and wait for the answer."""
        inbound = Inbound(
            uuid4().hex, Address(NAME, CONVERSATION), USER, line, True, datetime.now(UTC), happening=happening
        )
        answered = self._waiting_for[inbound.id] = asyncio.Event()
        while True:
            try:
                await receive(NAME, [inbound])
            except StoreError:
                await asyncio.sleep(AGAIN_S)
            else:
                break
        await answered.wait()
        del self._waiting_for[inbound.id]

    async def send(self, message: Outgoing) -> str | None:
        """Show a message; an answer lets ``run`` read the next line.

        If the reader of the output has left (``| head``), an answer is done with, and news wait for the next chat.
        """
        if not fits(message.audience, message.readers, self.who_reads(message.address), {USER}):
            raise AudienceError("That is not for the person at the terminal.")
        try:
            self._show(message)
        except BrokenPipeError:
            self._unread.set()
            if not message.answers:
                raise TryLaterError("The output has no reader any more.") from None
        if answered := self._waiting_for.get(message.answers):
            answered.set()
        return message.id

    def _show(self, message: Outgoing) -> None:
        if self._as_json is not None:
            self._output.write(self._as_json(message.answers, plain_text(message)) + "\n")
            self._output.flush()
            return
        if self._console.is_terminal:
            self._console.print(pretty(message, self._console.width), soft_wrap=True)
            return
        encoding = self._output.encoding or "utf-8"
        text = plain_text(message).encode(encoding, "replace").decode(encoding)
        self._output.write(text + "\n\n")
        self._output.flush()

    def who_reads(self, address: Address) -> Readership:
        """See ``bot.channels.port.Channel``: the person at the terminal."""
        return Readership(frozenset({USER}), closed=True) if address.conversation == CONVERSATION else Readership()

    def private_place(self, user: str) -> str | None:
        """See ``bot.channels.port.Channel``."""
        return CONVERSATION if user == USER else None

    async def working(self, address: Address) -> None:
        """Do nothing: an answer takes milliseconds."""

    async def close(self) -> None:
        """Do nothing: nothing was opened."""

    async def _lines(self) -> AsyncIterator[str]:
        if not self._interactive:
            while line := await _in_a_daemon(self._input.readline):
                yield line
            return
        if self._history:
            self._history.parent.mkdir(parents=True, exist_ok=True)
            self._history.touch(mode=0o600)  # only the user may read their questions
        session: PromptSession[str] = PromptSession(history=FileHistory(str(self._history)) if self._history else None)
        while True:
            try:
                yield await session.prompt_async("> ")
            except (EOFError, KeyboardInterrupt):
                return


async def _beat(listening: Listening, every: float) -> None:
    while True:
        listening(None)
        await asyncio.sleep(every)


async def _in_a_daemon(read: Callable[[], str]) -> str:
    """Read in a daemon thread, which does not keep the process alive: no other thread can interrupt a blocking read."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[str] = loop.create_future()

    def deliver(line: str) -> None:
        if not result.done():
            result.set_result(line)

    def work() -> None:
        try:
            line = read()
        except (OSError, ValueError):  # another part closed the stream
            line = ""
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(deliver, line)

    Thread(target=work, daemon=True).start()
    return await result


def plain_text(message: Outgoing) -> str:
    """Return a message for a pipe: no colours, no wrapping."""
    said = plain(message.document)
    return "\n\n".join(part for part in (said, hints(message.choices, said)) if part)


def pretty(message: Outgoing, width: int) -> RichText:
    """Return a message for a terminal of so many columns; a word longer than a line (an address) stays whole."""
    blocks = [_block(block, width - 2 * MARGIN) for block in message.document]
    if choices := hints(message.choices, plain(message.document)):
        blocks.append(_wrapped(RichText(choices, style="dim"), width - 2 * MARGIN))
    lines = [RichText(" " * MARGIN) + line if line else line for block in blocks for line in (RichText(), *block)]
    return RichText("\n").join([*lines, RichText()])


def _block(block: Block, width: int) -> list[RichText]:
    return _wrapped(_rich(block.inner), width) if isinstance(block, Paragraph) else _list(block, width)


def _wrapped(text: RichText, width: int) -> list[RichText]:
    """Return the lines of a text, broken between words only; rich itself would cut long ones."""
    lines: list[RichText] = []
    for line in text.split("\n", allow_blank=True) if text else ():
        breaks: list[int] = []
        column = 0
        for word in WORD.finditer(line.plain):
            if column and column + cell_len(word[0].rstrip()) > width:
                breaks.append(word.start())
                column = 0
            column += cell_len(word[0])
        lines += line.divide(breaks)
    for line in lines:
        line.rstrip()
    return lines


def _list(items: Items, width: int) -> list[RichText]:
    """Return numbers beside their entries; leave space between entries of several lines."""
    marks = ["•" if items.start is None else f"{items.start + offset}." for offset in range(len(items.entries))]
    beside = max(map(len, marks), default=0) + 1
    bodies = [
        RichText("\n").join(_rich(part.inner) for part in entry if isinstance(part, Paragraph))
        for entry in items.entries
    ]
    apart = any("\n" in body.plain for body in bodies)
    lines: list[RichText] = []
    for mark, body in zip(marks, bodies, strict=True):
        if apart and lines:
            lines.append(RichText())
        first, *others = _wrapped(body, width - beside) or [RichText()]
        lines.append(RichText.assemble((mark.ljust(beside), "bold cyan"), first))
        lines += [RichText(" " * beside) + line for line in others]
    return lines


def _rich(nodes: Iterable[Inline], style: str = "") -> RichText:
    text = RichText(style=style)
    for node in nodes:
        match node:
            case Text(content):
                text.append(content)
            case Link(url):
                text.append(node.shown, style=f"cyan link {url}")
            case Break():
                text.append("\n")
            case Strong(inner):
                text.append_text(_rich(inner, "bold"))
            case Soft(inner):
                text.append_text(_rich(inner, "italic dim"))
    return text
