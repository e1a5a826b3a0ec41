"""What happens to machines, lines and the database, and how long the town needs to answer afterwards."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.cluster.line import LostReplies
from tests.cluster.machine import Machine
from tests.cluster.town import Town, until
from tests.postgres import PostgresServer

AWAY_S = 3.0  # how long a machine that ended stays away at most
LOSSES_S = 10.0  # how long replies are lost
KINDS = ("kill", "stop", "freeze", "connections", "replies", "database")
ENDS = frozenset({"kill", "stop", "freeze"})  # others have to take over from a machine


@dataclass
class Disasters:
    """``after``: called when something has happened, with its kind; the next waits until it returns."""

    town: Town
    server: PostgresServer
    chance: random.Random
    freeze_s: float
    happened: Counter[str] = field(default_factory=Counter)
    lost_replies: int = 0
    refused_starts: int = 0
    died: list[str] = field(default_factory=list)  # machines that ended though nobody ended them
    _repairs: set[asyncio.Task[None]] = field(default_factory=set)

    def plan(self, count: int) -> list[str]:
        """Return so many events, each kind equally often, in random order."""
        kinds = [KINDS[number % len(KINDS)] for number in range(count)]
        self.chance.shuffle(kinds)
        return kinds

    async def happen(self, kind: str) -> None:
        """Let the event happen; a machine that ends or freezes comes back by itself later."""
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": self._kill, "stop": self._stop, "freeze": self._freeze,
            "connections": self._connections, "replies": self._replies, "database": self._database,
        }  # fmt: skip
        await acts[kind]()
        self.happened[kind] += 1

    async def over(self) -> None:
        """Wait until every machine runs again."""
        await asyncio.gather(*self._repairs)

    async def watch(self) -> None:
        """Start machines that end by themselves; until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            for machine in self.town.machines:
                if machine.announced and not machine.alive:
                    machine.announced = ""
                    self.died.append(f"{machine.name}: {machine.tail(300)}")
                    self._repair(self._comes_back(machine))

    async def _victim(self) -> Machine:
        """Choose a machine, so that a second machine can take over."""
        assert await until(lambda: len(self._working()) > 1), "two machines have to work"
        return self.chance.choice(self._working())

    def _working(self) -> list[Machine]:
        return [machine for machine in self.town.machines if machine.works]

    async def _kill(self) -> None:
        victim = await self._victim()
        victim.announced = ""
        await victim.kill()
        self._repair(self._comes_back(victim))

    async def _stop(self) -> None:
        victim = await self._victim()
        victim.announced = ""
        await victim.stop()
        self._repair(self._comes_back(victim))

    async def _freeze(self) -> None:
        victim = await self._victim()
        victim.freeze()
        self._repair(self._thaws(victim))

    async def _connections(self) -> None:
        """A line breaks, or drops its connections silently."""
        machine = self.chance.choice(self.town.machines)
        for line in (machine.database, machine.telegram):
            line.drop() if self.chance.random() < 0.5 else line.forget()

    async def _replies(self) -> None:
        losses = [LostReplies(probability=0.1, chance=self.chance) for _ in self.town.machines]
        for machine, lost in zip(self.town.machines, losses, strict=True):
            machine.database.lost = lost
        await asyncio.sleep(LOSSES_S)
        for machine in self.town.machines:
            machine.database.lost = None
        self.lost_replies += sum(lost.happened for lost in losses)

    async def _database(self) -> None:
        await asyncio.to_thread(self.server.restart, self.chance.choice(("fast", "immediate")))

    def _repair(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._repairs.add(task)

    async def _comes_back(self, machine: Machine) -> None:
        """Start it again and again, as systemd does; the database may be away."""
        await asyncio.sleep(self.chance.uniform(0, AWAY_S))
        await machine.spawn()
        while not await machine.ready():
            await machine.ended()
            self.refused_starts += 1
            await asyncio.sleep(1)
            await machine.spawn()

    async def _thaws(self, machine: Machine) -> None:
        await asyncio.sleep(self.freeze_s)
        machine.thaw()
