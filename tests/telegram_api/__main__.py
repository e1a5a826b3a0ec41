"""``make try-telegram``: the loopback Bot API, the bot on it, and you as its user in this terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.telegram_api.server import LoopbackApi
from tests.telegram_api.world import Chat, Message, User, World

ROOT = Path(__file__).parents[2]
HOW = """You are Person 11 in a private chat with the bot. Type a question.
  #2         press the second button shown last               /edit TEXT   change your last message
  /group     go on in a group (there: @stadtlotse_test_bot …)  /private     come back
  /block     block the bot, /start comes back                  /inline TEXT as @stadtlotse_test_bot TEXT in any chat
  Ctrl-D     end
"""


class Terminal:
    """Shows what a Telegram app would show."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.me: User = world.user(11)
        self.group = world.group(-1001, "Probegruppe")
        self.chat: Chat = world.private(self.me)
        self.last: Message | None = None
        self._seen: dict[tuple[int, int], tuple[str, int]] = {}
        self._toasts = 0

    async def show(self) -> None:
        """Print messages when they come and when they change."""
        while True:
            async with self.world.changed:
                await self.world.changed.wait()
            for key, message in list(self.world.messages.items()):
                state = (message.text, len(message.edits))
                if message.sender is self.world.bot and self._seen.get(key) != state:
                    self._print(message, edited=key in self._seen)
                    self._seen[key] = state
            answered = [answer for answers in self.world.queries.values() for answer in answers]
            for one in answered[self._toasts :]:
                print(
                    f"  ({one.get('text') or 'ok'})",
                    *(f"  · {card['title']}" for card in one.get("results", [])),
                    sep="\n",
                )
            self._toasts = len(answered)

    def _print(self, message: Message, *, edited: bool) -> None:
        print(f"\n--- Stadtlotse{' (edited)' if edited else ''} in {message.chat.title or 'private'}\n{message.text}")
        if message.buttons:
            print("  ".join(f"#{number} [{button['text']}]" for number, button in enumerate(message.buttons, start=1)))
            self.last = message

    def type(self, line: str) -> None:
        """Do what a line says."""
        word, _, rest = line.partition(" ")
        match word:
            case "/group":
                self.chat = self.group
                if not self.group.bot_is_in:
                    self.world.add_bot(self.me, self.group)
            case "/private":
                self.chat = self.world.private(self.me)
            case "/block":
                self.world.block(self.me)
            case "/inline":
                self.world.ask_inline(self.me, rest)
            case "/edit":
                mine = [message for message in self.world.messages.values() if message.sender is self.me]
                if mine:
                    self.world.edit(mine[-1], rest)
            case _ if word[:1] == "#" and word[1:].isdecimal():
                buttons = self.last.buttons if self.last else []
                if self.last and 0 < int(word[1:]) <= len(buttons):
                    self.world.press(self.me, self.last, int(word[1:]) - 1)
                else:
                    print(f"  (there is no button {word})")
            case _:
                self.world.say(self.me, line, self.chat)


async def main() -> int:
    """Until the input ends."""
    async with LoopbackApi(world=World(int(time.time() * 10))) as api:  # ids that no earlier try has used
        terminal = Terminal(api.world)
        print(HOW)
        bot = await _bot(api, os.environ.get("STADTLOTSE_STATE_DIR", str(ROOT / "var" / "try-telegram")))
        showing = asyncio.create_task(terminal.show())
        while line := await asyncio.to_thread(sys.stdin.readline):
            if line.strip():
                terminal.type(line.strip())
        await _quiet(api)
        showing.cancel()
        bot.terminate()
        await bot.wait()
        for violation in api.violations:
            print(f"violation: {violation}", file=sys.stderr)
        return 1 if api.violations else 0


async def _bot(api: LoopbackApi, state_dir: str) -> asyncio.subprocess.Process:
    variables = {
        "STATE_DIR": state_dir, "TELEGRAM__TOKEN": api.token, "TELEGRAM__API_BASE_URL": api.base_url,
        "TELEGRAM__ALLOWED_GROUPS": "-1001", "WEB__ENABLED": "false", "LOG__LEVEL": "WARNING",
    }  # fmt: skip
    environment = {**os.environ, **{f"STADTLOTSE_{name}": value for name, value in variables.items()}}
    bot = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "run_bot.py"), "serve", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    print((await bot.stdout.readline()).decode().strip() or "the bot did not start", flush=True)
    return bot


async def _quiet(api: LoopbackApi) -> None:
    """Piped lines are all answered: wait until nothing happens for two seconds."""
    calls = -1
    while calls != len(api.calls) or api.world.updates:
        calls = len(api.calls)
        await asyncio.sleep(2)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
