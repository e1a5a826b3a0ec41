"""Metrics hold only figures: no users and no texts, whatever the bot records."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.operations.health import Health
from bot.operations.metrics import Metrics, QuestionOutcome
from knowledge_base.model import RecordKind
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received
from knowledge_base.store.outbox import Urgency
from tests.claims import to_send

CANARY = "kanarienvogel-4711"


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_questions_are_counted_by_channel_and_outcome() -> None:
    metrics = Metrics(["terminal"])
    metrics.question("terminal", QuestionOutcome.ANSWERED, 0.3)
    metrics.question("terminal", QuestionOutcome.ANSWERED, 0.3)
    metrics.question(CANARY, QuestionOutcome.ERROR, 0.3)
    metrics.embedded(0.012)
    metrics.unclear("terminal")
    metrics.quarantined("terminal")
    seen = samples(metrics)
    assert seen["stadtlotse_questions_total", "terminal", "answered"] == 2
    assert seen["stadtlotse_questions_total", "terminal", "not_sure"] == 0
    assert seen["stadtlotse_questions_total", "other", "error"] == 1
    assert seen["stadtlotse_handling_seconds_count", "terminal"] == 2
    assert seen["stadtlotse_embedding_seconds_sum",] == 0.012
    assert seen["stadtlotse_unclear_total", "terminal"] == seen["stadtlotse_quarantined_total", "terminal"] == 1


def test_two_metrics_registries_are_separate() -> None:
    first, second = Metrics(["a"]), Metrics(["a"])
    first.question("a", QuestionOutcome.LIMITED, 1)
    assert samples(second)["stadtlotse_questions_total", "a", "limited"] == 0


async def fill(store: Store) -> None:
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, CANARY, {"id": CANARY, "title": CANARY, "text": CANARY})
        await tx.inbox.add([Received(CANARY[:16], CANARY, CANARY, CANARY, {"text": CANARY})])
        await tx.outbox.add(CANARY[:16], CANARY, {"say": CANARY}, urgency=Urgency.ANSWER, key=CANARY)
        given = GivenAnswer(id="a", channel="test", event_id=CANARY, sure=True, language="de", shown=(CANARY,))
        await tx.answers.add(given)
        await tx.answers.not_answered(CANARY, CANARY, "de")


async def rate(store: Store, people: range) -> None:
    async with store.begin() as tx:
        for number in people:
            person = await tx.people.identify("test", f"{CANARY}{number}", private_conversation=CANARY)
            await tx.answers.rate("a", person.id, number > 0)


async def test_gauges_show_counts_of_the_database_without_personal_data(store: Store) -> None:
    metrics = Metrics(["terminal"], ["database"])
    health = Health()
    for name in ("database", CANARY):
        health.expect(name)
    health.failed(CANARY, CANARY, final=True)
    await fill(store)
    await rate(store, range(4))
    await metrics.refresh(store)
    metrics.health(health.status())
    metrics.unclear(CANARY)
    metrics.quarantined(CANARY)
    seen = samples(metrics)
    assert seen["stadtlotse_inbox_messages", "new"] == seen["stadtlotse_outbox_messages", "new"] == 1
    assert seen["stadtlotse_records", "project"] == 1
    assert seen["stadtlotse_part_ok", "database"] == 1
    assert seen["stadtlotse_part_ok", "other"] == 0
    assert seen["stadtlotse_feedback_30d", "yes"] == seen["stadtlotse_feedback_30d", "no"] == 0, "four are too few"
    await rate(store, range(4, 5))
    await metrics.refresh(store)
    assert samples(metrics)["stadtlotse_feedback_30d", "yes"] == 4
    assert samples(metrics)["stadtlotse_feedback_30d", "no"] == 1
    assert CANARY[:12] not in metrics.exposition().decode()


async def test_gauge_of_an_emptied_state_falls_to_zero(store: Store) -> None:
    metrics = Metrics(["test"])
    async with store.begin() as tx:
        await tx.outbox.add("test", "!a", {}, urgency=Urgency.NOTICE)
    await metrics.refresh(store)
    assert samples(metrics)["stadtlotse_outbox_messages", "new"] == 1
    async with store.begin() as tx:
        (row,) = await to_send(tx, "test")
        await tx.outbox.sent(row, None)
    await metrics.refresh(store)
    assert samples(metrics)["stadtlotse_outbox_messages", "new"] == 0
    assert samples(metrics)["stadtlotse_outbox_messages", "sent"] == 1
