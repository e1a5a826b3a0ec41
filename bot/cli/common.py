"""What all commands share: settings, running, output, progress on stderr."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from config import logging
from config.settings import Settings, load
from knowledge_base.progress import Progress as Report

PHASES = {
    "model": "Preparing the model (once)",
    "read": "Reading",
    "publish": "Storing",
    "embed": "Indexing",
}


def load_settings(context: typer.Context, *, level: str = "WARNING") -> Settings:
    """The checked settings of this call; logging is set up by the way: ``level``, or "" for the one of the settings."""
    path: Path | None = (context.find_root().obj or {}).get("config")
    loaded = load(path)
    logging.hide(loaded.secret_values())
    logging.set_up(level or loaded.log.level, loaded.log.format)
    return loaded


T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end."""
    return asyncio.run(work)


def read_any_bytes() -> None:
    """From now on, bytes on stdin that are no text are read as question marks, instead of ending the program."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def write(text: str) -> None:
    """A result, to stdout; bytes that the terminal cannot show are replaced."""
    stream = sys.stdout
    stream.write(text.encode(stream.encoding or "utf-8", "replace").decode(stream.encoding or "utf-8") + "\n")
    stream.flush()


def write_json(value: Any) -> None:
    """A result as one line of JSON."""
    write(json.dumps(value, ensure_ascii=False))


def tell(text: str) -> None:
    """A remark, to stderr."""
    sys.stderr.write(f"{text}\n")


def fail(text: str) -> NoReturn:
    """End with exit code 1."""
    tell(text)
    raise typer.Exit(1)


@contextmanager
def progress() -> Iterator[Report]:
    """Show a progress bar on stderr per phase, only on a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip
    tasks: dict[str, TaskID] = {}

    def report(phase: str, done: int, total: int | None) -> None:
        if phase not in tasks:
            tasks[phase] = bar.add_task(PHASES.get(phase, phase), total=total)
            if not console.is_terminal and phase == "model" and done == 0:
                tell(f"{PHASES[phase]} …")
        bar.update(tasks[phase], completed=done, total=total)

    with bar:
        yield report
