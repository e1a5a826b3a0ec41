"""Contacts that do not answer are asked once, then hidden; the yearly question keeps within what a contact gets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.features import introductions
from bot.features.contacts import checks, facts
from bot.features.contacts.facts import may_be_asked
from bot.features.introductions import Evidence
from knowledge_base.introductions.values import ContactAnswer
from knowledge_base.model import Contact
from knowledge_base.store.database import Store
from tests.introducing import CONTACTS, LEAD, PROJECT, Networks, asks, known_as, networks
from tests.wording import says

LONE = [{**CONTACTS[0], "deputy": ""}]


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, contacts=LONE) as running:
        yield running


async def expires(net: Networks, number: int) -> str:
    """A request to the contact that nobody answers; its code."""
    code = await asks(await known_as(net.matrix.person(f"@p{number}:kiel.example")))
    await net.passes()
    await net.passes(days=20)
    return code


async def asked(net: Networks) -> list[str]:
    await checks.look(net.bot.services)
    await net.passes()
    return [mail for mail in net.mails(LEAD) if says("claim.still_yours", mail)]


async def hidden(net: Networks) -> frozenset[str]:
    async with net.store.read() as tx:
        return await tx.introductions.hidden()


async def test_contact_is_asked_once_after_three_unanswered_requests_then_hidden(net: Networks) -> None:
    for number in range(2):
        await expires(net, number)
    assert await asked(net) == []
    await expires(net, 2)
    (mail,) = await asked(net)
    assert "https://lotse.example/r/" in mail
    assert await asked(net) == [mail], "once"
    assert await hidden(net) == frozenset()
    await net.passes(days=15)
    await checks.look(net.bot.services)
    assert await hidden(net) == {"c-lead"}
    await net.bot.services.search.refresh()
    anna = await known_as(net.matrix.person("@anna:kiel.example"))
    assert says("intro.nobody_there", await anna.says(f"!kontakt ={PROJECT}"))
    async with net.store.begin() as tx:
        await tx.contact_checks.answered(["c-lead"])
    assert await hidden(net) == frozenset()


async def test_any_answer_begins_the_count_anew(net: Networks) -> None:
    for number in range(2):
        await expires(net, number)
    code = await asks(await known_as(net.matrix.person("@p7:kiel.example")))
    await net.passes()
    async with net.store.begin() as tx:
        introduction = await tx.introductions.by_code(code)
        person = await tx.people.of_account("email", LEAD)
        assert introduction
        assert person
        proof = Evidence("email", "token", "page")
        services = net.bot.services
        await introductions.respond(tx, services, introduction.id, person.id, ContactAnswer.NO, (), proof)
    await expires(net, 3)
    assert await asked(net) == []


async def test_facts_are_asked_once_a_year_and_within_the_limit_of_requests(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with networks(sqlite_store, tmp_path, contacts=LONE, introductions={"ask_facts": False}) as net:
        services = net.bot.services  # the bot's own chore stays off: it might be faster
        asking = services.settings.introductions.model_copy(update={"ask_facts": True})
        services = replace(services, settings=services.settings.model_copy(update={"introductions": asking}))
        assert await facts.look(services) == 0, "just imported"
        await net.passes(days=366)
        for number in range(2):
            await asks(await known_as(net.matrix.person(f"@p{number}:kiel.example")))
        await net.passes()
        assert await facts.look(services) == 0, "two requests in this week"
        await net.passes(days=8)
        assert await facts.look(services) == 1
        await net.passes()
        (mail,) = [mail for mail in net.mails(LEAD) if says("facts.ask", mail)]
        assert "Digitale Stadt Cottbus" in mail
        assert await facts.look(services) == 0


async def test_facts_are_not_asked_where_the_settings_turn_it_off(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, contacts=LONE, introductions={"ask_facts": False}) as net:
        await net.passes(days=366)
        assert await facts.look(net.bot.services) == 0


@pytest.mark.parametrize(
    ("basis", "claimed", "may"),
    [("public_function", False, True), ("consent", True, True), ("consent", False, False), ("contract", False, False)],
)
def test_facts_are_asked_only_with_consent_to_it_or_as_the_task_of_an_office(
    basis: str, claimed: bool, may: bool
) -> None:
    extra = {"claimed": "2026-11-23"} if claimed else {}
    assert may_be_asked(Contact(id="c", role="Stelle", legal_basis=basis, extra=extra)) is may


async def test_answer_of_a_stranger_changes_no_facts(net: Networks) -> None:
    eve = net.matrix.person("@eve:fremd.example")
    assert says("facts.not_yours", await eve.says("!aktuell stimmt"))
    assert says("facts.not_yours", await eve.says(f"!aktuell beendet ={PROJECT}"))
