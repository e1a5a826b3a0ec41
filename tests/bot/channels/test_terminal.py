"""The chat in a terminal, and in a pipe."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from threading import Event

import pytest
from rich.console import Console

from bot.app import Bot
from bot.channels.port import TryLaterError
from bot.channels.terminal import TerminalChannel, plain_text, pretty
from bot.messages import Address, Inbound, Outgoing, ShownChoice
from bot.messages.markup import Block, Document, Items, Link, Paragraph, Text
from bot.resources import KnowledgeBase
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.conftest import FixedClock
from tests.contracts.test_channel import Pipe
from tests.fake_embedder import HashEmbedder
from tests.fakes import PATIENCE_S
from tests.wording import says

ROOT = Path(__file__).parents[3]
PROMPT = rb"\x1b\[\?2004h"  # bracketed paste is switched on when the prompt waits


async def chat(store: Store, folder: Path, text: str, encoding: str = "utf-8") -> str:
    """Return what a pipe gets for these lines."""
    search = SearchService(store, HashEmbedder())
    await search.start()
    output = io.BytesIO()
    screen = io.TextIOWrapper(output, encoding=encoding, write_through=True)
    channel = TerminalChannel(input_stream=io.StringIO(text), output=screen)
    bot = Bot(Settings(state_dir=folder), KnowledgeBase(store, search), Texts(), [channel])
    async with asyncio.timeout(PATIENCE_S):
        assert await bot.run(asyncio.Event(), lambda _name, _problem: None)
    return output.getvalue().decode(encoding)


async def test_chat_answers_all_lines_of_a_pipe_in_order_and_ends(known: Store, tmp_path: Path) -> None:
    said = await chat(known, tmp_path, "!hilfe\nWer hat was in Cottbus gemacht?\nmehr\n!foo")
    places = [said.index(part) for part in ("So geht es", "die besten zuerst", "Treffer 6", "foo")]
    assert places == sorted(places)


async def test_pipe_gets_no_ansi_codes_and_no_wrapping(known: Store, tmp_path: Path) -> None:
    said = await chat(known, tmp_path, "Wer hat was in Cottbus gemacht?\n")
    assert "\x1b" not in said
    assert max(len(line) for line in said.splitlines()) > 100
    assert said.rstrip().endswith("!mehr")
    assert "!hilfreich" not in said  # to rate is for buttons


async def hear_nothing(_channel: str, _lines: Sequence[Inbound], **_: object) -> None:
    """Take lines that a test does not look at."""


async def test_chat_shows_that_it_lives_while_nobody_types() -> None:
    enough, beats = Event(), list[str | None]()

    class Idle(io.StringIO):
        def readline(self, _size: int | None = -1, /) -> str:
            enough.wait(PATIENCE_S)
            return ""

    def listening(problem: str | None) -> None:
        beats.append(problem)
        if len(beats) == 3:
            enough.set()

    channel = TerminalChannel(input_stream=Idle(), output=io.StringIO(), beat_s=0.0)
    async with asyncio.timeout(PATIENCE_S):
        await channel.run(hear_nothing, listening)
    assert set(beats) == {None}
    assert len(beats) >= 3


@pytest.mark.parametrize(("answers", "kept"), [("line", False), ("", True)])
async def test_chat_ends_when_its_output_has_no_reader_and_keeps_news_for_the_next(answers: str, kept: bool) -> None:
    class Unread(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    pipe = Pipe()
    channel = TerminalChannel(input_stream=pipe, output=Unread())  # type: ignore[arg-type]
    running = asyncio.create_task(channel.run(hear_nothing, lambda _problem: None))
    message = Outgoing("m", Address("terminal", "here"), "de", (Paragraph((Text("Hallo"),)),), answers=answers)
    with pytest.raises(TryLaterError) if kept else nullcontext():
        await channel.send(message)
    async with asyncio.timeout(PATIENCE_S):
        await running


async def test_waiting_digest_is_shown_once_in_the_next_chat(known: Store, tmp_path: Path, clock: FixedClock) -> None:
    assert says("subscribe.done", await chat(known, tmp_path, "!abo Mobilität\n"))
    clock.advance(days=7)
    assert "Ihr Wochenbrief · Mobilität" in await chat(known, tmp_path, "!hilfe\n")
    assert "Ihr Wochenbrief ·" not in await chat(known, tmp_path, "!hilfe\n")


async def test_chat_ignores_empty_lines_and_ends_at_a_closing_word(known: Store, tmp_path: Path) -> None:
    said = await chat(known, tmp_path, "\n   \n!hilfe\r\n\nende\n!start\n")
    assert said.count("So geht es") == 1
    assert "Guten Tag" not in said


async def test_empty_input_gets_no_output(known: Store, tmp_path: Path) -> None:
    assert await chat(known, tmp_path, "") == ""


@pytest.mark.parametrize(
    "line", ["\x1b[31mrot\x1b[0m\x07", "\udcff", "a\0b", "<b>[bold]x[/bold]</b>", "\u202eabc", "x" * 70_000]
)
async def test_chat_answers_after_hostile_lines_and_prints_no_control_characters(
    known: Store, tmp_path: Path, line: str
) -> None:
    said = await chat(known, tmp_path, f"!{line}\n{line}\n!hilfe\n")
    assert says("help", said)
    assert not set("\x1b\x07\0\u202e") & set(said)


async def test_characters_that_the_output_cannot_show_become_question_marks(known: Store, tmp_path: Path) -> None:
    assert "Chó?ebuz" in await chat(known, tmp_path, "Projekte in Cottbus\n", "latin-1")


def test_choices_without_a_number_are_shown_as_commands() -> None:
    choices = (ShownChoice("A", "show a", "!zeige a", 1), ShownChoice("Mehr", "more", "!mehr"))
    message = Outgoing("m", Address("terminal", "here"), "de", (Paragraph((Text("Hallo"),)),), choices)
    assert plain_text(message) == "Hallo\n\n!mehr"


def shown(*document: Block, width: int = 60) -> str:
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    message = Outgoing("m", Address("terminal", "here"), "de", document)
    console.print(pretty(message, width), soft_wrap=True)
    return re.sub(r"\x1b\S*?(?:m|\\)", "", screen.getvalue())


def entries(*texts: str) -> tuple[Document, ...]:
    return tuple((Paragraph((Text(text),)),) for text in texts)


def test_rich_markup_in_a_text_is_shown_as_text() -> None:
    said = shown(Items(entries("[bold red]x[/] :smile:"), 3), Paragraph((Link("https://a.example"),)))
    assert "3. [bold red]x[/] :smile:" in said
    assert "https://a.example" in said


@pytest.mark.parametrize(("texts", "between"), [(("a", "b"), 0), (("a\nc", "b"), 1)])
def test_blank_line_follows_an_entry_only_if_it_has_several_lines(texts: tuple[str, ...], between: int) -> None:
    lines = [line.strip() for line in shown(Items(entries(*texts), 9)).splitlines()]
    first, last = lines.index("9.  a"), lines.index("10. b")
    assert lines[first:last].count("") == between
    assert last - first == 1 + between + texts[0].count("\n")


@pytest.mark.parametrize("address", ["https://stadt.example/" + "a-b/" * 30, "https://" + "x" * 100 + ".example"])
@pytest.mark.parametrize("listed", [True, False])
def test_long_address_stays_whole_and_other_lines_are_wrapped_between_words(address: str, listed: bool) -> None:
    words = "Wörter " * 30
    paragraph = Paragraph((Text(words), Link(address), Text(f" {words}")))
    lines = shown(Items(((paragraph,),), 9) if listed else paragraph, width=80).splitlines()
    (whole,) = [line for line in lines if address in line]
    assert whole.strip() == address
    assert max(len(line) for line in lines if line is not whole) <= 80
    assert " ".join(line.strip() for line in lines).split().count("Wörter") == 60


@pytest.fixture
def state(known_database: Path, tmp_path: Path, e5_folder: Path) -> dict[str, str]:
    """The environment of a chat whose model is prepared."""
    (tmp_path / "models").symlink_to(e5_folder.parent)
    return {**os.environ, "STADTLOTSE_STATE_DIR": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}


@pytest.mark.slow
@pytest.mark.parametrize(("key", "code"), [(b"\x03", 0), (b"\x04", 0), (b"ende\r", 0)])
def test_chat_in_a_terminal_greets_answers_and_ends_cleanly(state: dict[str, str], key: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "run_bot.py", "chat"], cwd=ROOT, env=state, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        _until(ours, b"Stadtlotse.*" + PROMPT, process)
        os.write(ours, b"!hilfe\r")
        assert b"\x1b[1m" in _until(ours, b"Nachfragen.*" + PROMPT, process)
        os.write(ours, key)
        _drain(ours, process)
        assert process.wait(20) == code
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert (Path(state["STADTLOTSE_STATE_DIR"]) / "chat-history").stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["chat", "ask -", "export"])
def test_command_ends_as_done_and_says_nothing_when_its_output_has_no_reader(
    state: dict[str, str], command: str
) -> None:
    reader, output = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "run_bot.py", *command.split()],
        cwd=ROOT, env=state, input=b"!hilfe\n" * 9, stdout=output, stderr=subprocess.PIPE, timeout=120, check=False,
    )  # fmt: skip
    os.close(output)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_sigterm_ends_a_chat_although_its_pipe_stays_open(state: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "run_bot.py", "chat"], cwd=ROOT, env=state, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(b"\xff\n!hilfe\n")
        process.stdin.flush()
        while b"So geht es" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _until(terminal: int, mark: bytes, process: subprocess.Popen[bytes]) -> bytes:
    seen, end = b"", time.monotonic() + PATIENCE_S
    while not re.search(mark, seen, re.DOTALL):
        assert time.monotonic() < end, seen
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
        assert process.poll() is None, seen
    return seen


def _drain(terminal: int, process: subprocess.Popen[bytes]) -> None:
    """Read on, because a full terminal would block the process."""
    end = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                os.read(terminal, 65_536)
            except OSError:  # the other side is closed
                return
