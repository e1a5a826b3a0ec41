"""Two machines on one database, Telegram by webhook behind a balancer: one of them handles each message."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.cluster.machine import Machine
from tests.cluster.town import Town, until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

QUESTIONS = ("Wer hat Projekte zur Mobilität gemacht?", "Hitzeschutz", "!hilfe", "mehr")


async def test_two_machines_answer_each_question_once(place: Town, pair: list[Machine]) -> None:
    people = place.people(60)
    for text in ("Wer hat Projekte zur Mobilität gemacht?", "Hitzeschutz"):  # people the bot meets, then knows
        tally = await place.settled([place.world.say(person, text) for person in people])
        assert tally.right, tally
    paced = []
    for number, person in enumerate(people):
        paced.append(place.world.say(person, QUESTIONS[number % len(QUESTIONS)]))
        await asyncio.sleep(0.05)
    tally = await place.settled(paced)
    assert tally.right, tally
    assert [machine.events("message.failed") for machine in pair] == [[], []]


async def test_code_can_be_entered_at_a_different_machine(place: Town, pair: list[Machine]) -> None:
    for number, person in enumerate(place.people(4)):
        mailbox = f"amt{number}@potsdam.example"
        only(place, pair[number % 2])
        await place.world.answer(place.world.say(person, f"!bestaetigen {mailbox}"))
        assert await until(lambda mailbox=mailbox: bool(place.mail.to(mailbox)))  # type: ignore[misc]
        match = re.search(r"\b\d{3} ?\d{3}\b", place.mail.to(mailbox)[-1].text)
        assert match
        only(place, pair[1 - number % 2])
        await place.world.answer(place.world.say(person, match[0]))
    proved = place.rows("SELECT verified_address FROM profile WHERE verified_at IS NOT NULL ORDER BY 1")
    assert proved == [(f"amt{number}@potsdam.example",) for number in range(4)]


def only(place: Town, machine: Machine) -> None:
    """Let the balancer pass all requests on to one machine."""
    place.balancer.only = [machine.port]
    place.balancer.drop()
