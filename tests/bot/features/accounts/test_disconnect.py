"""Unlinking accounts of a user: the unlinked account takes its own data and no data of the others."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge_base.store.database import Store
from knowledge_base.store.profiles import Profile
from tests.fakes import Person, settled
from tests.introducing import CONTACTS, LEAD, Networks, asks, known_as, networks
from tests.wording import says

ANNA, LINA = "@anna:potsdam.example", "@lina:cottbus.example"
OFFICE = "rad@musterstadt.example"
TOWN = {
    "record": "municipality", "id": "99000001", "name": "Musterstadt an der Spree", "kind": "Stadt",
    "mail_domains": ["musterstadt.example"],
}  # fmt: skip
WORDS = {"de": "!trennen", "en": "!disconnect", "pl": "!rozlacz"}


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, contacts=[*CONTACTS, TOWN]) as running:
        yield running


async def proves(net: Networks, person: Person, address: str = LEAD) -> None:
    await person.says(f"!bestaetigen {address}")
    await settled(net.bot)
    match = re.search(r"\b\d{6}\b", net.mails(address)[-1])
    assert match
    assert says("verify.done", await person.says(match[0]))


async def owner(net: Networks, channel: str, user: str) -> str | None:
    async with net.store.read() as tx:
        person = await tx.people.of_account(channel, user)
    return person.id if person else None


async def profile(net: Networks, channel: str, user: str) -> Profile:
    person = await owner(net, channel, user)
    async with net.store.read() as tx:
        return await tx.profiles.get(person or "")


async def lina_on_both(net: Networks) -> tuple[Person, Person]:
    """The contact on Matrix and Telegram, linked with the imported mailbox."""
    matrix, telegram = net.matrix.person(LINA), net.telegram.person("12")
    await proves(net, matrix)
    await proves(net, telegram)
    assert await owner(net, "matrix", LINA) == await owner(net, "telegram", "12") == await owner(net, "email", LEAD)
    return matrix, telegram


@pytest.mark.parametrize("language", WORDS)
async def test_user_sees_their_linked_accounts_and_can_unlink_one(net: Networks, language: str) -> None:
    matrix, telegram = await lina_on_both(net)
    await matrix.says(f"!sprache {language}")
    shown = await matrix.says(WORDS[language])
    assert "cottbus.example" in shown
    assert LEAD not in shown, "of a mailbox the host alone"
    number = next(line for line in shown.splitlines() if says("page.data.telegram", line)).split(".")[0]
    await matrix.says(number)
    assert await owner(net, "telegram", "12") != await owner(net, "matrix", LINA)
    assert await owner(net, "email", LEAD) == await owner(net, "matrix", LINA)
    await settled(net.bot)
    assert says("intro.kind.matrix", net.told(net.telegram, telegram.conversation)[-1])
    assert "telegram" not in (await matrix.says(WORDS[language])).lower()


@pytest.mark.parametrize("which", ["telegram", "Telegram", "telegram:12", "12"])
async def test_user_can_name_the_account_to_unlink(net: Networks, which: str) -> None:
    matrix, _ = await lina_on_both(net)
    assert says("disconnect.done", await matrix.says(f"!trennen {which}"))
    assert await owner(net, "telegram", "12") != await owner(net, "matrix", LINA)


@pytest.mark.parametrize("which", ["", "matrix", LINA, "terminal", "x" * 300, "telegram:13", "%"])
async def test_unknown_or_own_account_name_unlinks_nothing(net: Networks, which: str) -> None:
    matrix, _ = await lina_on_both(net)
    before = [await owner(net, *one) for one in (("matrix", LINA), ("telegram", "12"), ("email", LEAD))]
    assert says("disconnect.which", await matrix.says(f"!trennen {which}"))
    assert [await owner(net, *one) for one in (("matrix", LINA), ("telegram", "12"), ("email", LEAD))] == before


async def test_user_with_one_account_is_told_that_no_other_is_linked(net: Networks) -> None:
    assert says("disconnect.none", await net.matrix.person(ANNA).says("!trennen"))


async def test_unlinked_account_starts_with_an_empty_profile_but_keeps_the_refusal(net: Networks) -> None:
    matrix, telegram = await lina_on_both(net)
    await matrix.says("!profil name Lina Lampe")
    await matrix.says("!nicht-vermitteln")
    await matrix.says("!trennen telegram")
    assert (await profile(net, "matrix", LINA)).name == "Lina Lampe"
    left = await profile(net, "telegram", "12")
    assert (left.name, left.municipality, left.verified_at) == ("", "", None)
    assert left.refuses, "a wish to be left alone holds on every account"
    assert "Lina Lampe" not in await telegram.says("!meinedaten")


async def test_unlinked_mailbox_keeps_its_contact_role_its_verification_and_requests(net: Networks) -> None:
    matrix = net.matrix.person(LINA)
    await proves(net, matrix)
    code = await asks(await known_as(net.matrix.person(ANNA)))
    await settled(net.bot)
    assert code in net.told(net.matrix, matrix.conversation)[-1]
    assert says("disconnect.role", await matrix.says("!trennen postfach"))
    await settled(net.bot)
    assert not (await profile(net, "matrix", LINA)).is_verified(net.store.now())
    assert (await profile(net, "email", LEAD)).is_verified(net.store.now())
    assert code not in await matrix.says("!kontakt status")
    assert "keine Anfrage" in await matrix.says(f"!ja {code}") or says("intro.unknown", matrix.hears())
    mails = net.mails(LEAD)
    assert any(code in mail and "/i/" in mail for mail in mails), "the request is told where its contact is now"
    assert any(says("disconnect.told_mailbox", mail) for mail in mails)


async def test_account_promised_in_a_request_cannot_be_unlinked_before_the_request_ends(net: Networks) -> None:
    anna, other = net.matrix.person(ANNA), net.telegram.person("11")
    await proves(net, anna, OFFICE)
    await proves(net, other, OFFICE)
    await anna.says("!profil name Anna Amsel")
    code = await asks(anna)
    refused = await other.says(f"!trennen {ANNA}")
    assert code in refused
    assert await owner(net, "matrix", ANNA) == await owner(net, "telegram", "11")
    await anna.says(f"!kontakt zurück {code}")
    assert says("disconnect.done", await other.says(f"!trennen {ANNA}"))


async def test_unlinking_an_account_lifts_no_limit(net: Networks) -> None:
    anna, other = net.matrix.person(ANNA), net.telegram.person("11")
    for member in (anna, other):
        await proves(net, member, OFFICE)
    await anna.says("!profil name Anna Amsel")
    code = await asks(anna)
    await anna.says(f"!kontakt zurück {code}")
    await anna.says("!trennen telegram")
    await known_as(other, "Jemand")
    left = await owner(net, "telegram", "11")
    async with net.store.read() as tx:
        who = await tx.tallies.identities(left or "")
        count = await tx.tallies.count(net.bot.services.secret, "introduction", who, within=timedelta(days=1))
    assert who == ["telegram:11"]
    assert count == 1


async def test_digest_stays_with_the_account_that_receives_it(net: Networks) -> None:
    matrix, telegram = await lina_on_both(net)
    await telegram.says("!abo Mobilität")
    before = await subscribed(net, "telegram", "12")
    assert before
    await matrix.says("!trennen telegram")
    assert await subscribed(net, "matrix", LINA) == ""
    assert await subscribed(net, "telegram", "12") == before


async def subscribed(net: Networks, channel: str, user: str) -> str:
    person = await owner(net, channel, user)
    async with net.store.read() as tx:
        subscription = await tx.subscriptions.of_person(person or "")
    return subscription.id if subscription else ""


async def test_unlinked_accounts_can_be_linked_again(net: Networks) -> None:
    matrix, telegram = await lina_on_both(net)
    await matrix.says("!trennen telegram")
    await proves(net, telegram)
    assert await owner(net, "matrix", LINA) == await owner(net, "telegram", "12")


async def test_user_cannot_unlink_accounts_in_a_room(net: Networks) -> None:
    await lina_on_both(net)
    room = Person(net.matrix, LINA, "!all:a.example", private=False)
    await room.says("!trennen telegram")
    assert await owner(net, "telegram", "12") == await owner(net, "matrix", LINA)
