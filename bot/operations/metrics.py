"""Metrics for Prometheus, in their own registry: counts, never people, never texts.

Every label has a small fixed set of values, given here or by the composition root. Any other value counts as ``other``.
So nothing that a network or a person sends can become a label.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.operations.health import HealthReport
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from knowledge_base.version import product_version

OTHER = "other"
INBOX_STATES = ("new", "done", "quarantined")
OUTBOX_STATES = ("new", "leased", "sent", "unclear", "held", "dead")
FEEDBACK_PERIOD = timedelta(days=30)
FEEDBACK_PEOPLE = 5  # with fewer people, the figures would reveal individual opinions

ANSWER_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)
EMBEDDING_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class QuestionOutcome(StrEnum):
    """The outcome of a question."""

    ANSWERED = "answered"
    NOT_SURE = "not_sure"
    ERROR = "error"
    LIMITED = "limited"


class Metrics:
    """The metrics of the bot. ``channels`` and ``parts`` are the names that may appear as labels."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, channels: Collection[str], parts: Collection[str] = ()) -> None:
        self._channels = frozenset(channels)
        self._parts = frozenset(parts) | self._channels
        self._registry = registry = CollectorRegistry()
        self._questions = Counter(
            "stadtlotse_questions", "Questions handled.", ("channel", "outcome"), registry=registry
        )
        self._handling = Histogram(
            "stadtlotse_handling_seconds",
            "From taking a message up to its stored answer.",
            ("channel",),
            buckets=ANSWER_SECONDS,
            registry=registry,
        )
        self._embedding = Histogram(
            "stadtlotse_embedding_seconds",
            "Embedding of one word, tried every few seconds.",
            buckets=EMBEDDING_SECONDS,
            registry=registry,
        )
        self._inbox = Gauge("stadtlotse_inbox_messages", "Messages received, by state.", ("state",), registry=registry)
        self._outbox = Gauge("stadtlotse_outbox_messages", "Messages to send, by state.", ("state",), registry=registry)
        self._quarantined = Counter(
            "stadtlotse_quarantined", "Messages given up on after repeated failure.", ("channel",), registry=registry
        )
        self._unclear = Counter(
            "stadtlotse_unclear", "Sends with unknown delivery status.", ("channel",), registry=registry
        )
        self._records = Gauge("stadtlotse_records", "Visible records, by kind.", ("kind",), registry=registry)
        self._feedback = Gauge(
            "stadtlotse_feedback_30d",
            f"Echo of the last 30 days; 0 until {FEEDBACK_PEOPLE} people gave one.",
            ("useful",),
            registry=registry,
        )
        self._part = Gauge("stadtlotse_part_ok", "1: the part is alive, 0: it is not.", ("part",), registry=registry)
        Info("stadtlotse_build", "What runs.", registry=registry).info({"version": product_version()})
        self._start_at_zero()

    def question(self, channel: str, outcome: QuestionOutcome, seconds: float) -> None:
        """Count a handled question."""
        self._questions.labels(self._channel(channel), QuestionOutcome(outcome)).inc()
        self._handling.labels(self._channel(channel)).observe(seconds)

    def embedded(self, seconds: float) -> None:
        """Record the time in which the model embedded the probe word."""
        self._embedding.observe(seconds)

    def quarantined(self, channel: str) -> None:
        """Count a message that the bot gave up on."""
        self._quarantined.labels(self._channel(channel)).inc()

    def unclear(self, channel: str) -> None:
        """Count a send with unknown delivery status."""
        self._unclear.labels(self._channel(channel)).inc()

    def health(self, report: HealthReport) -> None:
        """Set the gauge of each part."""
        for part in report.parts:
            self._part.labels(part.name if part.name in self._parts else OTHER).set(part.ok)

    async def refresh(self, store: Store) -> None:
        """Read the gauges from the database; a tick calls it, so that a scrape never waits for the database."""
        async with store.read() as tx:
            inbox, outbox = await tx.inbox.count(), await tx.outbox.count()
            records, feedback = await tx.records.count(), await tx.answers.feedback(FEEDBACK_PERIOD)
        for state in INBOX_STATES:
            self._inbox.labels(state).set(inbox.get(state, 0))
        for state in OUTBOX_STATES:
            self._outbox.labels(state).set(outbox.get(state, 0))
        for kind in RecordKind:
            self._records.labels(kind).set(records.get(kind, 0))
        enough = feedback.people >= FEEDBACK_PEOPLE
        self._feedback.labels("yes").set(feedback.useful if enough else 0)
        self._feedback.labels("no").set(feedback.not_useful if enough else 0)

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _channel(self, name: str) -> str:
        return name if name in self._channels else OTHER

    def _start_at_zero(self) -> None:
        """Create all counters at zero: a counter that appears with its first event shows no increase to alert rules."""
        for channel in sorted(self._channels):
            for outcome in QuestionOutcome:
                self._questions.labels(channel, outcome)
            self._quarantined.labels(channel)
            self._unclear.labels(channel)
