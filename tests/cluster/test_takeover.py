"""A machine dies while it sends: a second machine takes over its claims, and no user waits for long."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest

from bot.processes.leadership import STANDBY_S
from knowledge_base.store.processes import LEASE
from tests.cluster.machine import Machine
from tests.cluster.town import TAKEOVER_S, Reader, Town, until
from tests.matrix_server.evidence import links_in
from tests.telegram_api import Fault

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def test_lease_and_two_standby_checks_are_shorter_than_the_takeover_time() -> None:
    assert LEASE.total_seconds() + 2 * STANDBY_S < TAKEOVER_S


async def test_message_in_flight_and_its_chat_continue_after_a_kill(place: Town, pair: list[Machine]) -> None:
    (person,) = place.people(1)
    await place.settled([place.world.say(person, "!hilfe")])
    place.api.fail(Fault("sendMessage", "hang", seconds=100))
    first = place.world.say(person, "Hitzeschutz")
    assert await until(lambda: not place.api.faults[0].times)
    (sender,) = [machine for machine in pair if machine.telegram.waits]
    await sender.kill()
    second = place.world.say(person, "Wer hat Projekte zur Mobilität gemacht?")
    tally = await place.settled([first, second])
    assert tally.right, tally


async def test_digests_in_flight_are_sent_once_or_listed_as_unclear(place: Town) -> None:
    one, other = [await place.machine() for _ in range(2)]
    people = place.people(24)
    await one.start(FAIL_AT=f"outbox.before_send:{len(people) + 5}")  # in the midst of the digests
    await place.settled([place.world.say(person, "!hilfe") for person in people])
    await other.start()
    readers = [Reader.of(person) for person in people]
    await place.subscribe(readers)
    assert await one.ended() == -signal.SIGKILL
    assert await until(lambda: place.rows("SELECT count(*) FROM digest_run")[0][0] == len(people))
    await place.rests()
    served = place.digests(readers)
    assert (served.doubled, served.lost) == (0, 0), served
    assert served.unclear <= 2, "one on Telegram and one by mail can be in flight"
    await one.start()
    links = [link for mail in place.mail.taken for link in links_in(mail.text, place.balancer.url)]
    assert links
    async with httpx.AsyncClient() as reader:
        for machine in (one, other):
            at_machine = [link.replace(str(place.balancer.port), str(machine.port)) for link in links]
            shown = await asyncio.gather(*(reader.get(link) for link in at_machine))
            assert {answer.status_code for answer in shown} == {200}
