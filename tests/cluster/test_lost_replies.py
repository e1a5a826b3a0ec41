"""The network loses the database's reply to a COMMIT: the bot finds what it stored and answers each question once."""

from __future__ import annotations

import random

import pytest

from tests.cluster.line import LostReplies
from tests.cluster.town import Town, town

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LOSSES = 3  # claims, and notes of what became of them


@pytest.mark.parametrize("queue", ["inbox", "outbox"])
async def test_bot_answers_once_when_replies_to_claims_get_lost(queue: str, database: str) -> None:
    async with town(database, webhook=False) as place:
        (machine,) = await place.running(1)
        people = place.people(5)
        await place.settled([place.world.say(person, "!hilfe") for person in people])
        machine.database.lost = lost = LostReplies(within=f"UPDATE {queue} SET", times=LOSSES)
        first = [place.world.say(person, "Hitzeschutz") for person in people]
        second = [place.world.say(person, "!hilfe") for person in people]
        tally = await place.settled([*first, *second])
        assert lost.happened == LOSSES
        assert tally.right, tally
        assert (await machine.health())["status"] == "ok"


@pytest.mark.parametrize("machines", [1, pytest.param(2, marks=pytest.mark.campaign)])
async def test_bot_answers_once_when_a_tenth_of_the_commit_replies_gets_lost(machines: int, place: Town) -> None:
    running = await place.running(machines)
    lost = [LostReplies(probability=0.1, chance=random.Random(seed)) for seed in range(machines)]
    for machine, replies in zip(running, lost, strict=True):
        machine.database.lost = replies
    people = place.people(30)
    asked = [place.world.say(person, text) for text in ("Hitzeschutz", "!hilfe") for person in people]
    tally = await place.settled(asked)
    for machine in running:
        machine.database.lost = None
    assert sum(one.happened for one in lost) >= 10
    assert tally.right, tally


@pytest.mark.campaign
async def test_bot_answers_once_when_replies_to_any_statements_get_lost(place: Town) -> None:
    """A transaction of a question has about fifteen statements: most attempts fail, so the bot makes several."""
    (machine,) = await place.running(1)
    machine.database.lost = lost = LostReplies(commits=False, probability=0.03)
    asked = [place.world.say(person, "Hitzeschutz") for person in place.people(30)]
    tally = await place.settled(asked)
    assert lost.happened >= 10
    assert tally.right, tally
