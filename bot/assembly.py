"""The parts of a running bot put together: who knows whom, and in which order it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from bot import introducing, open_questions
from bot.absence import Absence
from bot.alerts import Alerts, watch_health
from bot.contact_duty import ContactDuty
from bot.data_policy import DataClass, may_pass
from bot.desk import FrontDesk
from bot.digesting import weekly
from bot.digesting.runner import Digests
from bot.dispatch import Dispatch
from bot.features import Services
from bot.handler import Handler, Rules
from bot.health import DATABASE, DISPATCHER, LOOP, MODEL, OUTBOX, PROBE_EVERY, Health, watch
from bot.inbox import Intake
from bot.links import Links
from bot.metrics import Metrics, Outcome
from bot.opening import Knowledge
from bot.outbox import Sender
from bot.ports import Channel, ChannelEndedError, Immediate, Warns
from bot.proofs import Proofs
from bot.texts import Texts
from bot.ticker import Ticker
from config.settings import Retention, Settings
from knowledge_base.retention import Periods
from knowledge_base.store.presence import say_alive, say_gone
from knowledge_base.store.secret import read_secret

log = structlog.get_logger()

GRACE_S = 7.0  # answers under way get this long when the bot stops; SIGTERM to exit stays below 10 s
CLOSE_S = 1.5  # and then each channel this long to say good-bye, all at once
AGAIN_S = 10.0  # until a channel that broke is started again


class Bot:
    """Everything between the channels and the knowledge; one per process."""

    def __init__(self, settings: Settings, knowledge: Knowledge, texts: Texts, channels: Sequence[Channel]) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._store, self._search = knowledge.store, knowledge.search
        self.health = Health()
        self.metrics = Metrics(self._channels, (DATABASE, DISPATCHER, OUTBOX, MODEL, LOOP))
        self._alerts = Alerts(self._store, settings.admins)
        self._absence = Absence(self._store, self._alerts)
        self._intake = Intake(self._store)
        secret = read_secret(settings.state_dir)
        links = Links(settings.web.public_url, secret)
        services = self.services = Services(self._store, knowledge.search, settings, links, secret, texts)
        rules = Rules(frozenset(settings.editors), admins=frozenset(settings.admins))
        desk = FrontDesk(services, texts)
        for channel in channels:
            if isinstance(channel, Immediate):
                channel.serve_from(desk)
            if isinstance(channel, Warns):
                channel.warn_with(self._alerts.alert)
        self._senders = {
            name: Sender(
                self._store,
                texts,
                channel,
                unclear=partial(self.metrics.unclear, name),
                links=links,
                mails=bool(settings.smtp.host),
                alive=partial(self.health.beat, OUTBOX),
            )
            for name, channel in self._channels.items()
        }
        handler = Handler(services, self._channels, rules, desk, answered=self.wake_senders, observe=self._observe)
        alive = partial(self.health.beat, DISPATCHER)
        self._dispatch = Dispatch(self._store, self._intake, handler, self._channels, alive=alive)
        periods = periods_of(settings.retention, services.context_lasts)
        self.digests = Digests(
            self._store,
            lambda: knowledge.search.snapshot.gazetteer,
            links,
            buttons=[channel.name for channel in channels if isinstance(channel, Immediate)],
            first_send=settings.digests.first_send,
            queued=self.wake_senders,
            carries=partial(may_pass, data=DataClass.TEXT_OF_OTHERS, settings=settings),
        )
        self._ticker = Ticker(
            self._store, knowledge.search, periods, self.metrics, self.health, self._alerts,
            chores=[
                partial(introducing.due, services),
                partial(open_questions.expire, services),
                partial(weekly.look, self.digests, self._store, self._alerts),
                ContactDuty(self._store, self._alerts),
                self._absence,
                Proofs(self._store, knowledge.search, settings, links),
            ],
        )  # fmt: skip

    def wake_senders(self) -> None:
        """There may be something to send."""
        for sender in self._senders.values():
            sender.wake()

    async def run(self, stop: asyncio.Event, listening: Callable[[str, str | None], None]) -> bool:
        """Work until ``stop`` is set or no channel is left; returns whether it stopped as wished.

        ``listening`` hears each channel's name when it begins to listen (``None``) or backs off (the reason).
        In the end: stop receiving, finish the answers under way (bounded), send them, close the channels, end the rest.
        """
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(part) for part in self._work()]
            receiving = [tasks.create_task(self._receive(channel, listening)) for channel in self._channels.values()]
            as_wished = await self._until(stop, receiving)
            for task in receiving:
                task.cancel()
            await self._finish()
            await asyncio.gather(*(_closed(channel) for channel in self._channels.values()))
            for busy in work:
                busy.cancel()
        with suppress(Exception):  # the database is away: then nobody can be misled by the sign
            await say_gone(self._store)
        return as_wished

    async def idle(self) -> None:
        """Wait until everything that came in is handled, and everything that can be sent now is sent."""
        await self._dispatch.idle()
        await asyncio.gather(*(sender.idle() for sender in self._senders.values()))

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the channels; each of it lives on whatever happens, its end would be the bot's."""
        for part in (DATABASE, DISPATCHER, OUTBOX, MODEL):
            self.health.expect(part)
        return [
            self._dispatch.run(),
            *(sender.run() for sender in self._senders.values()),
            self._ticker.run(),
            watch(self.health, DATABASE, partial(say_alive, self._store)),
            watch(self.health, MODEL, self._try_model, every=PROBE_EVERY),
            watch_health(self.health, self._alerts),
        ]

    async def _try_model(self) -> None:
        self.metrics.embedded(await self._search.probe())

    async def _until(self, stop: asyncio.Event, receiving: Sequence[asyncio.Task[bool]]) -> bool:
        """Wait for the wish to stop, or for the end of all channels; whether that end was a good one."""
        wished = asyncio.create_task(stop.wait())
        running = set(receiving)
        while running and not stop.is_set():
            await asyncio.wait([wished, *running], return_when=asyncio.FIRST_COMPLETED)
            running = {task for task in running if not task.done()}
        wished.cancel()
        return stop.is_set() or all(task.result() for task in receiving)

    async def _finish(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await self.idle()
                return
        log.warning("bot.stopped_with_work_left")  # it is in inbox and outbox, and goes on with the next start

    async def _receive(self, channel: Channel, listening: Callable[[str, str | None], None]) -> bool:
        """A channel's life: one that breaks is started again, one that cannot go on ends alone."""
        self.health.expect(channel.name)

        def tell(problem: str | None) -> None:
            if problem is None:
                self.health.beat(channel.name)
                self._absence.heard(channel.name)
            else:
                self.health.failed(channel.name, problem)
            listening(channel.name, problem)

        while True:
            try:
                await channel.run(self._intake, tell)
            except ChannelEndedError as error:
                log.critical("channel.ended", channel=channel.name, reason=error.message, remedy=error.remedy)
                self.health.failed(channel.name, "ended", final=True)
                listening(channel.name, error.message)
                return False
            except Exception:
                log.exception("channel.broke", channel=channel.name)
                tell("internal error")
                await asyncio.sleep(AGAIN_S)
            else:
                return True

    def _observe(self, channel: str, outcome: str, seconds: float) -> None:
        if outcome == "quarantined":
            self.metrics.quarantined(channel)
        elif outcome in set(Outcome):
            self.metrics.question(channel, Outcome(outcome), seconds)


async def _closed(channel: Channel) -> None:
    """Close a channel; one that cannot say good-bye in time is left standing."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await channel.close()
    except Exception as error:  # noqa: BLE001 - nothing depends on it any more
        log.warning("channel.not_closed", channel=channel.name, error=type(error).__name__)


def periods_of(retention: Retention, contexts: timedelta) -> Periods:
    """How long what is kept, from the settings."""
    return Periods(
        messages=timedelta(hours=retention.messages_hours),
        answers=timedelta(days=retention.answers_days),
        questions=timedelta(days=retention.unanswered_days),
        contexts=contexts,
        introductions=timedelta(days=retention.introductions_days),
        consents=timedelta(days=retention.consents_days),
    )
