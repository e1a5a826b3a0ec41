"""Users of Element Web in headless Chromium: the client is built once from its releases on npm."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.matrix_server.synapse import one_at_a_time
from tests.node import install, node
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.wording import says

FOLDER = Path(__file__).parent
SOURCES = ("package-lock.json", "build.mjs", "app.cjs", "index.html")
MISSING = "These tests need Chromium: on Debian, apt-get install chromium; then run the tests again."


def built() -> Path:
    """Return the folder that a web server may serve; build the client if its sources have changed."""
    install(FOLDER)
    done, sources = FOLDER / "dist" / ".built", "".join((FOLDER / name).read_text() for name in SOURCES)
    with one_at_a_time("element-web-build"):
        if not done.exists() or done.read_text() != sources:
            print("Building Element Web: a quarter of a minute, once.")
            subprocess.run([node(), "build.mjs"], cwd=FOLDER, check=True)
            done.write_text(sources)
    return FOLDER / "dist"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """Serve the client on loopback; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), partial(_Quiet, directory=str(built())))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Browser:
    """One Chromium with a profile for each user."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)

    async def do(self, action: str, user: str, **values: Any) -> Any:
        """Let a user act; return what the driver found."""
        number = next(self._ids)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"id": number, "do": action, "user": user} | values
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        async with asyncio.timeout(2 * PATIENCE_S):
            while line := await self._process.stdout.readline():
                answer = json.loads(line)
                if answer["id"] == number:
                    assert "error" not in answer, f"{answer['error']}\nThe page shows:\n{answer.get('shows')}"
                    return answer["result"]
        raise AssertionError("the browser has ended")

    async def open(self, homeserver: str, user: str) -> ElementUser:
        """Log in as a person does, and set up cross-signing."""
        await self.do("open", user, homeserver=homeserver, password="secret")
        return ElementUser(self, user)


@asynccontextmanager
async def running_browser(address: str) -> AsyncIterator[Browser]:
    """Start a browser for the client that is served at an address; close it."""
    chromium = shutil.which("chromium")
    assert chromium, MISSING
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
    process = await asyncio.create_subprocess_exec(
        node(), "--no-warnings", str(FOLDER / "driver.mjs"), chromium, address, str(PATIENCE_S), env=environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=16 * 1024 * 1024,
    )  # fmt: skip
    try:
        yield Browser(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()  # the driver ends with its orders, and closes the browser
        try:
            await asyncio.wait_for(process.wait(), 30)
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True)
class Shown:
    """A message as a user sees it. ``height``: in CSS pixels at the present width of the window."""

    event: str
    text: str
    html: str
    links: dict[str, str]
    height: float


@dataclass(frozen=True)
class ElementUser:
    """A user with one browser profile, logged in."""

    browser: Browser
    user_id: str

    async def do(self, action: str, **values: Any) -> Any:
        return await self.browser.do(action, self.user_id, **values)

    async def say(self, text: str, *, where: str = "room", mention: str = "") -> str:
        """Write into the main timeline or into the open thread; return the event's id."""
        event: str = await self.do("say", text=text, where=where, mention=mention)
        return event

    async def answer(self, question: str) -> Shown:
        """Wait for the answer to an event. Raise if the client warns about it or cannot read it."""
        found = await self.do("answer", question=question)
        assert found["encrypted"], found
        assert not found["unreadable"], found
        assert not found["shield"], found
        return await self.shown(found["event"])

    async def ask(self, text: str, *, where: str = "room", mention: str = "") -> Shown:
        return await self.answer(await self.say(text, where=where, mention=mention))

    async def shown(self, event: str) -> Shown:
        """Return a message as it is shown now."""
        found = await self.do("shown", event=event)
        links = {link["href"]: link["text"] for link in found["links"]}
        return Shown(event, found["text"], found["html"], links, found["height"])

    async def hears(self, key: str) -> Shown:
        """Wait for a message of another user with the wording of a text key, the newest of several."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for message in reversed(await self.do("messages")):
                    if not message["own"] and says(key, message["text"]):
                        return await self.shown(message["event"])
                await asyncio.sleep(0.2)

    async def chooses(self, message: Shown, part: str, *, without: str = "") -> Shown:
        """Type the number of the shortest choice of a message that contains a part; return the answer."""
        choices: list[str] = await self.do("choices", event=message.event)
        fitting = [one for one in choices if part in one and not (without and without in one)]
        return await self.ask(str(choices.index(min(fitting, key=len)) + 1))

    async def messages(self) -> list[str]:
        """Return the texts of all messages of others that are on the page."""
        return [message["text"] for message in await self.do("messages") if not message["own"]]

    async def picture(self, file: Path, message: Shown | None = None, *, where: str = "room") -> float:
        """Take a picture as of a phone; return how many screens the message takes there."""
        height = await self.do("picture", file=str(file), event=message.event if message else None, where=where)
        return (height or 0) / 844
