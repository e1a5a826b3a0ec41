"""The parts of a running bot: build them, run them, stop them in order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from bot.channels.networks import MAIL, NETWORKS, forgetting, network
from bot.channels.policy import DataClass, can_take_request, may_pass
from bot.channels.port import Channel, Immediate, Shared, StandsDown, Warns
from bot.context import Notes, Services
from bot.features import introductions
from bot.features.accounts.reverify import Proofs
from bot.features.contacts.chores import ContactChores
from bot.features.digests import job as weekly
from bot.features.digests.make import DigestMaker
from bot.features.editors import answered
from bot.features.machine_translation import Translator
from bot.features.open_questions import closing
from bot.features.privacy.contact_notices import ContactDuty
from bot.incoming.buttons import FrontDesk
from bot.incoming.channel_loop import Listening, Receiving, received_anywhere
from bot.incoming.dispatcher import Dispatch
from bot.incoming.handler import Handler
from bot.incoming.intake import MOST_OF_ONE, Intake
from bot.incoming.turn_loader import Staff
from bot.operations.alerts import Alerts
from bot.operations.clock_watch import ClockWatch
from bot.operations.health import (
    DATABASE,
    DISPATCHER,
    LOOP,
    MODEL,
    OUTBOX,
    PROBE_EVERY,
    QUEUES,
    Health,
    MutedError,
    watch,
)
from bot.operations.metrics import Metrics, QuestionOutcome
from bot.operations.outage import Absence
from bot.operations.part_alerts import PartAlerts
from bot.operations.ticker import Chore, Ticker
from bot.outgoing.links import Links
from bot.outgoing.sender import Sender
from bot.processes.leadership import Leadership, LeadOf
from bot.processes.state_lock import marks
from bot.resources import KnowledgeBase
from bot.texts import Texts
from config.retention import RetentionSettings
from config.settings import Settings
from knowledge_base.libretranslate import LibreTranslate
from knowledge_base.retention import Periods
from knowledge_base.store.database import Store
from knowledge_base.store.muted import muted
from knowledge_base.store.processes import Term
from knowledge_base.store.secret import read_secret

log = structlog.get_logger()

GRACE_S = 7.0  # answers under way get this long when the bot stops; SIGTERM to exit stays below 10 s
CLOSE_S = 1.5  # and then each channel this long to say good-bye, all at once
MUTED_AFTER = timedelta(seconds=60)


class Bot:
    """Everything between the channels and the knowledge; one per process."""

    def __init__(
        self, settings: Settings, base: KnowledgeBase, texts: Texts, channels: Sequence[Channel], *, place: str = "",
        notes: Notes | None = None,
    ) -> None:  # fmt: skip
        """``place``: the state folder as no other one on any machine is called; see ``bot.processes.state_lock``."""
        self._channels = {channel.name: channel for channel in channels}
        self._store, self._search = base.store, base.search
        self.health = Health()
        self.metrics = Metrics(self._channels, (DATABASE, DISPATCHER, OUTBOX, QUEUES, MODEL, LOOP))
        self._alerts = Alerts(self._store, settings.admins, self._room(settings.management_room))
        self._absence = Absence(self._store, self._alerts, forgetting())
        secret = read_secret(settings.state_dir)
        self.leadership = Leadership(
            self._store, self._channels, place=place or str(settings.state_dir.absolute())[-64:], changed=self._wake,
            settings=marks(settings, secret),
        )  # fmt: skip
        most_of_one = MOST_OF_ONE if settings.limits.questions_per_hour else 0
        self._intake = Intake(self._store, most_of_one=most_of_one, term=self._term_to_receive)
        links = Links(settings.web.public_url, secret)
        base.search.reach_by(can_reach := partial(can_take_request, settings=settings))
        translator = _translator(self._store, settings)
        services = self.services = Services(
            self._store, base.search, settings, links, secret, texts, self.health, translator, notes
        )
        rules = Staff(frozenset(settings.editors), admins=frozenset(settings.admins))
        desk = FrontDesk(services, texts)
        for channel in channels:
            if isinstance(channel, Immediate):
                channel.serve_from(desk)
            if isinstance(channel, Warns):
                channel.warn_with(self._alerts.alert)
            if isinstance(channel, StandsDown):
                channel.obey(LeadOf(self.leadership, channel.name))
        self._senders = {channel.name: self._sender(channel, texts, links, settings) for channel in channels}
        handler = Handler(services, self._channels, rules, desk, answered=self.wake_senders, observe=self._observe)
        alive = partial(self.health.beat, DISPATCHER)
        self._dispatch = Dispatch(
            self._store, self._intake, handler, self._handled_here, process=self.leadership.process, alive=alive
        )
        periods = periods_of(settings.retention, services.context_lasts)
        self.digests = DigestMaker(
            self._store,
            lambda: base.search.snapshot.gazetteer,
            links,
            buttons=[channel.name for channel in channels if isinstance(channel, Immediate)],
            first_send=settings.digests.first_send,
            queued=self.wake_senders,
            carries=partial(may_pass, data=DataClass.TEXT_OF_OTHERS, settings=settings),
            can_reach=can_reach,
        )
        self._clock = ClockWatch(self._store, self._alerts)
        self._ticker = Ticker(
            self._store, base.search, periods, self.metrics, self.health, self._alerts,
            chores=self._chores(services, translator),
            may_delete=self._clock.is_sure,
        )  # fmt: skip

    def _chores(self, services: Services, translator: Translator | None) -> list[Chore]:
        """Return the periodic jobs beside those of the ticker itself."""
        return [
            self._clock,
            self._introductions,
            self._when_sure(partial(closing.expire, services)),
            partial(answered.review, services),
            self._when_sure(partial(weekly.look, self.digests, self._store, self._alerts)),
            self._when_sure(ContactDuty(self._store, self._alerts)),
            self._when_sure(ContactChores(services)),
            self._when_sure(self._absence),
            Proofs(self._store, self._search, services.settings, services.links),
            *((translator,) if translator else ()),
        ]

    def _sender(self, channel: Channel, texts: Texts, links: Links, settings: Settings) -> Sender:
        return Sender(
            self._store,
            texts,
            channel,
            self.leadership,
            unclear=partial(self.metrics.unclear, channel.name),
            links=links,
            mails=NETWORKS[MAIL].is_set_up(settings),
            alive=partial(self.health.beat, OUTBOX),
        )

    def _room(self, address: str) -> str:
        """Return the management room if the bot serves its network."""
        return address if address.partition(":")[0] in self._channels else ""

    def wake_senders(self) -> None:
        """Wake the senders: there may be something to send."""
        for sender in self._senders.values():
            sender.wake()

    async def run(self, stop: asyncio.Event, listening: Listening) -> bool:
        """Work until ``stop`` is set or no channel is left; returns whether it stopped as wished.

        ``listening`` hears each channel's name when it begins to listen, backs off or ends.
        In the end: stop receiving, finish the answers under way (bounded), send them, close the channels, end the rest.
        """
        async with asyncio.TaskGroup() as tasks:
            work = [tasks.create_task(part) for part in self._work()]
            receiving = [tasks.create_task(part.run()) for part in self._receiving(listening)]
            as_wished = await self._until(stop, receiving)
            for task in receiving:
                task.cancel()
            await self._finish()
            await asyncio.gather(*(_closed(channel) for channel in self._channels.values()))
            for busy in work:
                busy.cancel()
        with suppress(Exception):  # the database is away: then nobody can be misled by the sign
            await self.leadership.leave()
        log.info("bot.stopped", as_wished=as_wished)
        return as_wished

    async def idle(self) -> None:
        """Wait until everything that came in is handled, and everything that can be sent now is sent."""
        await self._dispatch.idle()
        led = [sender for name, sender in self._senders.items() if self.leadership.leads(name)]
        await asyncio.gather(*(sender.idle() for sender in led))

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the channels; each of it lives on whatever happens, its end would be the bot's."""
        for part in (DATABASE, DISPATCHER, OUTBOX, MODEL):
            self.health.expect(part)
        return [
            self.leadership.run(partial(self.health.beat, DATABASE), partial(self.health.failed, DATABASE)),
            self._dispatch.run(),
            *(sender.run() for sender in self._senders.values()),
            self._store.hear(self._wake),
            self._ticker.run(),
            watch(self.health, QUEUES, self._look_for_muted),
            watch(self.health, MODEL, self._try_model, every=PROBE_EVERY),
            PartAlerts(self.health, self._alerts, self._store.now, network).run(),
        ]

    def _receiving(self, listening: Listening) -> list[Receiving]:
        parts = (self.leadership, self._intake, self.health, self._absence, listening)
        return [Receiving(channel, self._senders[name], *parts) for name, channel in self._channels.items()]

    def _handled_here(self) -> list[str]:
        """Return the channels that this process may handle messages of now."""
        leads = self.leadership.leads
        return [name for name, channel in self._channels.items() if isinstance(channel, Shared) or leads(name)]

    def _term_to_receive(self, channel: str) -> Term | None:
        """See ``Intake``."""
        return None if received_anywhere(self._channels[channel]) else self.leadership.expect(channel)

    def _wake(self) -> None:
        """This process may lead something now that it did not lead before."""
        self._intake.arrived.set()
        self.wake_senders()

    async def _look_for_muted(self) -> None:
        led = [name for name in self._channels if self.leadership.leads(name)]
        async with self._store.read() as tx:
            chats = await muted(tx.connection, tx.now, {*led, *self._handled_here()}, after=MUTED_AFTER)
        if chats:
            raise MutedError(chats)

    async def _introductions(self) -> None:
        await introductions.due(self.services, timers=await self._clock.is_sure())

    def _when_sure(self, chore: Chore) -> Chore:
        """A chore that ends something or counts days: it waits while the clock may be wrong."""

        async def work() -> None:
            if await self._clock.is_sure():
                await chore()

        return work

    async def _try_model(self) -> None:
        self.metrics.embedded(await self._search.probe())

    async def _until(self, stop: asyncio.Event, receiving: Sequence[asyncio.Task[bool]]) -> bool:
        """Wait for the stop signal, or for the end of all channels; return whether that end was a good one."""
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

    def _observe(self, channel: str, outcome: str, seconds: float) -> None:
        if outcome == "quarantined":
            self.metrics.quarantined(channel)
        elif outcome in set(QuestionOutcome):
            self.metrics.question(channel, QuestionOutcome(outcome), seconds)


async def _closed(channel: Channel) -> None:
    """Close a channel; leave it if it does not close in time."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await channel.close()
    except Exception as error:  # noqa: BLE001 - nothing depends on it any more
        log.warning("channel.not_closed", channel=channel.name, error=type(error).__name__)


def periods_of(retention: RetentionSettings, contexts: timedelta) -> Periods:
    """Return the retention periods of the settings."""
    return Periods(
        contributions=timedelta(days=retention.contributions_days),
        messages=timedelta(hours=retention.messages_hours),
        answers=timedelta(days=retention.answers_days),
        questions=timedelta(days=retention.unanswered_days),
        contexts=contexts,
        introductions=timedelta(days=retention.introductions_days),
        consents=timedelta(days=retention.consents_days),
    )


def _translator(store: Store, settings: Settings) -> Translator | None:
    """Return what translates projects by machine; ``None`` without a server."""
    wanted = settings.translation
    return Translator(store, LibreTranslate(wanted.url, wanted.api_key.get_secret_value())) if wanted.url else None
