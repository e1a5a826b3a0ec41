"""Users of the bot while its machines fail: they ask, subscribe and request introductions."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.cluster.counting import Tally, on_matrix, on_telegram, replies
from tests.cluster.marked import LEAD, Asker
from tests.cluster.town import Town, until
from tests.introducing import PROJECT
from tests.matrix_server.evidence import links_in
from tests.matrix_server.person import ANSWER_TO, PART, Person
from tests.telegram_api import Chat, Message, User
from tests.wording import says

TEXTS = ("Wer hat Projekte zur Mobilität gemacht?", "Hitzeschutz", "mehr", "!hilfe", "2", "Digitale Schule", "LoRaWAN")
PATIENCE_S = 90.0  # of a person for the next step of a conversation; several failures in a row fit into it
READY = "liegt etwas bereit"


@dataclass
class Latencies:
    """Seconds from a question to its answer, as people see them."""

    pending: dict[tuple[int, int], float] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def look(self, town: Town) -> None:
        """Note those that have their answer now."""
        result = replies(town.world)
        for key, at in list(self.pending.items()):
            if key in result:
                self.seconds.append(time.monotonic() - at)
                del self.pending[key]

    def quantile(self, part: float) -> float:
        """Return the latency that this part of the answers stays below."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


class OnTelegram:
    """Users in private chats and groups."""

    def __init__(self, town: Town, users: Sequence[User], groups: Sequence[Chat], chance: random.Random) -> None:
        self._town, self._users, self._groups, self._chance = town, users, groups, chance
        self.asked: list[Message] = []
        self.latencies = Latencies()

    def ask(self) -> None:
        """A random user asks in a random chat."""
        user = self._chance.choice(self._users)
        if self._chance.random() < 0.1:
            text = f"@{self._town.world.bot.username} {self._chance.choice(TEXTS[:2])}"
            message = self._town.world.say(user, text, self._chance.choice(self._groups))
        else:
            message = self._town.world.say(user, self._chance.choice(TEXTS))
        self.asked.append(message)
        self.latencies.pending[message.chat.id, message.id] = time.monotonic()

    def tally(self) -> Tally:
        """Count the answers."""
        return on_telegram(self._town.world, self.asked)


class OnMatrix:
    """A user with an encrypted private room and an unencrypted room that others are in, too."""

    def __init__(self, person: Person, rooms: Sequence[str], bot: str) -> None:
        self.person, self.rooms, self._bot = person, rooms, bot
        self.asked: list[tuple[Person, str, str]] = []
        self._lock = asyncio.Lock()

    async def ask(self, text: str, room: str = "") -> tuple[Person, str, str]:
        """Ask in a room; in a room of several by command, because there the bot answers nothing else."""
        where = room or self.rooms[len(self.asked) % len(self.rooms)]
        said = text if where == self.rooms[0] or text.startswith("!") else f"!frage {text}"
        async with self._lock:
            question = (self.person, where, await self.person.say(where, said))
        self.asked.append(question)
        return question

    async def listen(self) -> None:
        """Sync until cancelled."""
        while True:
            async with self._lock:
                await self.person.sync(200)
            await asyncio.sleep(0.05)

    def digests(self) -> int:
        """Count what came to the private room and was no answer."""
        said = self.person.from_user(self.rooms[0], self._bot)
        return sum(ANSWER_TO not in message["content"] and PART not in message["content"] for message in said)

    def tally(self) -> Tally:
        """Count the answers."""
        return on_matrix(self.asked)


@dataclass
class Introductions:
    """Requests from Telegram to a contact who answers by mail, with all that is seen of them."""

    town: Town
    asked: list[Message] = field(default_factory=list)
    asker_of: dict[int, Asker] = field(default_factory=dict)
    agreeing: asyncio.Lock = field(default_factory=asyncio.Lock)
    lost: list[str] = field(default_factory=list)  # which step an asker waited for in vain

    async def one(self, number: int, user: User) -> None:
        """From a question to the contact's data; notes the step at which it stopped."""
        asker = self.asker_of[user.id] = Asker(number)
        step = await self._steps(user, asker)
        if step:
            self.lost.append(f"{user.id}: {step}")

    async def _steps(self, user: User, asker: Asker) -> str:
        for text in (f"!profil name {asker.name}", "!profil kommune Potsdam", f"!frage {asker.question}"):
            if await self._says(user, text) is None:
                return text.split()[0]
        if "erreichen" in (answer := await self._says(user, f"!kontakt ={PROJECT}") or ""):
            answer = await self._says(user, asker.reach) or ""
        if "genau das" not in answer:
            return f"preview: {answer[:80]}"
        if await self._says(user, "1") is None:
            return "the request"
        page = await self._request(asker)
        if not page:
            return "the mail to the contact"
        if step := await self._agrees(page):
            return step
        if not await until(lambda: bool(self._ready(user)), PATIENCE_S):
            return "the outcome"
        note = links_in(self._ready(user)[-1], self.town.balancer.url)
        return "" if note and "7391846" in await self._posts(note[-1], {"step": "read"}) else "the contact's data"

    async def _agrees(self, page: str) -> str:
        """The contact says yes with the code that the press sends; one request at a time, to know which code it is."""
        async with self.agreeing:
            before = len(self._codes())
            if not await self._posts(page, {"answer": "yes"}):
                return "the page of the request"
            if not await until(lambda: len(self._codes()) > before, PATIENCE_S):
                return "the code"
            said = ""
            for code in reversed(self._codes()[before:]):  # one of an earlier request may come late
                said = await self._posts(page, {"answer": "yes", "share": ["phone"], "code": code})
                if said and not says("page.code.wrong", said):
                    return ""
            return f"the page of the code: {said[:200]}"

    async def _says(self, user: User, text: str) -> str | None:
        message = self.town.world.say(user, text)
        self.asked.append(message)
        answer = await until(lambda: bool(self.town.world.answers(message)), PATIENCE_S)
        return self.town.world.answers(message)[-1].text.replace("\u2060", "") if answer else None

    async def _request(self, asker: Asker) -> str:
        """Wait for the mail to the contact; return the address of its page."""
        result = await until(lambda: bool(self._mails(asker)), PATIENCE_S)
        links = links_in(self._mails(asker)[-1], self.town.balancer.url) if result else []
        return next((link for link in links if "/i/" in link), "")

    def _mails(self, asker: Asker) -> list[str]:
        """Return the requests of an asker; the mail about the outcome has no page to answer on."""
        return [mail.text for mail in self.town.mail.to(LEAD) if asker.name in mail.text and "/i/" in mail.text]

    def _codes(self) -> list[str]:
        """Return the codes that went to the contact, the newest last."""
        mails = (mail.text for mail in self.town.mail.to(LEAD) if "Code" in mail.text and "/i/" not in mail.text)
        match = (re.search(r"\b\d{3} ?\d{3}\b", text) for text in mails)
        return [code[0] for code in match if code]

    async def _posts(self, link: str, fields: dict[str, object]) -> str:
        """Press a button of a page, again while no machine answers; what the page says then."""
        end = time.monotonic() + PATIENCE_S
        async with httpx.AsyncClient(headers={"Origin": self.town.balancer.url}, timeout=20) as browser:
            while time.monotonic() < end:
                try:
                    answer = await browser.post(link, data=fields)
                except httpx.HTTPError:
                    answer = None
                if answer is not None and answer.status_code < 500:
                    return answer.text
                await asyncio.sleep(1)
        return ""

    def _ready(self, user: User) -> list[str]:
        """Return the messages about a message on a page, with the targets of their links."""
        said = [message for message in self.town.world.said(user) if READY in message.text]
        return [" ".join([m.text, *(str(e.get("url", "")) for e in (*m.entities, *m.buttons))]) for m in said]

    def outcomes(self) -> list[int]:
        """Return how often each asker was told of the outcome."""
        return [len(self._ready(self.town.world.users[number])) for number in self.asker_of]

    def mails(self) -> list[int]:
        """Return how often the contact was asked for each asker."""
        return [len(self._mails(asker)) for asker in self.asker_of.values()]
