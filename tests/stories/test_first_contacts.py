"""From an empty installation to the first arranged introduction: towns claim their records, one is invited."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.features.contacts import invite
from knowledge_base.introductions.values import State
from knowledge_base.model import Contact
from knowledge_base.store.claims import NewClaim
from knowledge_base.store.database import Store
from knowledge_base.store.tables import claim, record
from tests.fakes import Person, settled
from tests.introducing import Networks, code_in, known_as, networks
from tests.wording import says

TOWNS: list[dict[str, Any]] = [
    {"record": "municipality", "id": "05974040", "name": "Soest", "kind": "Stadt"},
    {
        "record": "municipality", "id": "12067120", "name": "Beeskow", "kind": "Stadt",
        "mail_domains": ["beeskow.example"],
    },
    {
        "record": "project", "id": "soest-klima", "title": "Klimapakt Soest", "municipality": "Soest",
        "text": "Soest pflanzt Bäume gegen die Hitze.", "topics": ["Klima"], "url": "https://www.soest.de/klima",
    },
    {
        "record": "project", "id": "beeskow-bus", "title": "Bürgerbus Beeskow", "municipality": "Beeskow",
        "text": "In Beeskow fährt ein Bürgerbus mit Ehrenamtlichen.", "topics": ["Mobilität"],
        "url": "https://zeitung.example/bus",
    },
]  # fmt: skip
EDITOR = "matrix:@erika:redaktion.example"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, contacts=TOWNS, editors=EDITOR) as running:
        yield running


def code_from(net: Networks, address: str) -> str:
    found = re.search(r"\b[0-9]{6}\b", net.mails(address)[-1])
    assert found
    return found[0]


async def tells(net: Networks, person: Person, address: str, role: str, *, deputy: str = "keine") -> str:
    """Claim a role as far as the last question; return what the bot shows."""
    assert says("claim.ask_address", await person.says("!zustaendig"))
    assert says("claim.code_sent", await person.says(address))
    await net.passes()
    assert says("claim.ask_role", await person.says(code_from(net, address)))
    assert says("claim.ask_scope", await person.says(role))
    assert says("claim.ask_deputy", await person.says("1"))
    return await person.says(deputy)


async def contacts(net: Networks) -> list[Contact]:
    async with net.store.read() as tx:
        return await tx.contacts.all()


async def stored(net: Networks) -> int:
    """How many claims and contacts there are."""
    async with net.store.read() as tx:
        claims = await tx.connection.scalar(select(func.count()).select_from(claim))
        records = select(func.count()).select_from(record).where(record.c.kind == "contact")
        return int(claims or 0) + int(await tx.connection.scalar(records) or 0)


async def test_first_introduction_from_an_empty_installation(net: Networks) -> None:
    erika = net.matrix.person("@erika:redaktion.example")
    await erika.says("!start")
    anna = await known_as(net.matrix.person("@anna:beeskow.example"), place="Beeskow")
    assert says("intro.nobody_there", await anna.says("!kontakt =soest-klima"))
    assert anna.sees() == ["invite #05974040"]
    assert says("invite.letter", await anna.presses("invite #05974040"))
    assert "anna" not in anna.hears().lower()
    assert says("invite.noted", await anna.says("1"))

    soest = net.matrix.person("@amt:soest.example")
    shown = await tells(net, soest, "klima@soest.de", "Klimaschutzmanagement", deputy="umwelt@soest.de")
    assert says("claim.preview", shown)
    assert await stored(net) == 0, "no datum before a yes"
    before = len(net.told(net.matrix, erika.conversation))
    assert says("claim.waits", await soest.says("1"))
    await net.passes()
    heard = net.told(net.matrix, erika.conversation)[before:]
    assert [says("claim.asked", text) for text in heard] == [True]
    assert await contacts(net) == []
    assert says("claims.accepted", await erika.says("!anmeldungen ja 1"))
    await net.passes()
    assert says("claim.accepted", net.told(net.matrix, soest.conversation)[-1])
    await net.bot.services.search.refresh()

    assert await invite.tell_arrivals(net.bot.services) == 1
    await net.passes()
    assert says("invite.come", net.told(net.matrix, anna.conversation)[-1])
    assert await invite.tell_arrivals(net.bot.services) == 0, "once"
    await anna.says("!zeige soest-klima")
    assert "intro =soest-klima" in anna.sees()
    await anna.says("!frage Was hat Soest gegen Hitze getan?")
    assert says("intro.preview", await anna.says("!kontakt =soest-klima"))
    code = code_in(await anna.says("1"))
    await net.passes()
    assert says("intro.request", net.told(net.matrix, soest.conversation)[-1])
    await soest.says(f"!ja {code} alles")
    await net.passes()
    async with net.store.read() as tx:
        introduction = await tx.introductions.by_code(code)
    assert introduction
    assert introduction.state in (State.OPENING, State.ARRANGED)


async def test_claim_can_be_left_and_taken_up(net: Networks) -> None:
    soest = net.matrix.person("@amt:soest.example")
    await soest.says("!zustaendig")
    await soest.says("klima@soest.de")
    await net.passes()
    await soest.says(code_from(net, "klima@soest.de"))
    await soest.says("Klimaschutzmanagement")
    await soest.says("!frage Wer hat einen Bürgerbus?")
    assert says("claim.ask_scope", await soest.says("!zustaendig"))
    assert await stored(net) == 0


async def test_verified_domain_is_let_in_at_once_if_the_settings_say_so(sqlite_store: Store, tmp_path: Path) -> None:
    settings = {"introductions": {"claims": "verified"}}
    async with networks(sqlite_store, tmp_path, contacts=TOWNS, **settings) as net:
        amt = net.matrix.person("@amt:beeskow.example")
        assert says("claim.then_at_once", await tells(net, amt, "bus@beeskow.example", "Mobilität"))
        assert says("claim.published", await amt.says("1"))
        (contact,) = await contacts(net)
        assert (contact.role, contact.municipality, contact.projects) == ("Mobilität", "Beeskow", ("beeskow-bus",))
        stranger = net.matrix.person("@x:fremd.example")
        await stranger.says("!zustaendig")
        await stranger.says("chef@fremd.example")
        await net.passes()
        assert says("claim.ask_place", await stranger.says(code_from(net, "chef@fremd.example")))
        await stranger.says("Beeskow")
        await stranger.says("Bürgermeisteramt")
        await stranger.says("1")
        assert says("claim.domain_unknown", await stranger.says("keine"))
        assert says("claim.waits", await stranger.says("1"))
        assert len(await contacts(net)) == 1


@pytest.mark.parametrize("address", ["amt@gmx.de", "stadt.soest@t-online.de", "soest@gmail.com", "a@mail.gmx.de"])
async def test_free_mailbox_is_never_a_municipalitys_own(net: Networks, address: str) -> None:
    soest = net.matrix.person("@amt:soest.example")
    await soest.says("!zustaendig")
    assert says("claim.free_mail", await soest.says(address))
    await net.passes()
    assert net.mails(address) == []


@pytest.mark.parametrize("role", ["Frau Beispiel", "Herr Dr. Muster", "klima@soest.de", "Tel. 02921 12345", "x"])
async def test_role_holds_no_person_and_no_contact_data(net: Networks, role: str) -> None:
    soest = net.matrix.person("@amt:soest.example")
    await soest.says("!zustaendig")
    await soest.says("klima@soest.de")
    await net.passes()
    await soest.says(code_from(net, "klima@soest.de"))
    assert says("claim.no_role_name", await soest.says(role))
    assert says("claim.ask_scope", await soest.says("Klimaschutz"))


async def test_role_ends_at_any_time_with_its_deputy_and_consent(net: Networks) -> None:
    erika = net.matrix.person("@erika:redaktion.example")
    await erika.says("!start")
    soest = net.matrix.person("@amt:soest.example")
    await tells(net, soest, "klima@soest.de", "Klimaschutz", deputy="umwelt@soest.de")
    await soest.says("1")
    await erika.says("!anmeldungen ja 1")
    await net.passes()
    assert len(await contacts(net)) == 2
    assert any(says("notice.import", mail) for mail in net.mails("umwelt@soest.de"))
    assert "klima@soest.de" in await soest.says("!meinedaten")
    assert says("withdraw.claim", await soest.says("!widerruf"))
    assert says("claim.end_sure", await soest.says("!zustaendig ende"))
    assert len(await contacts(net)) == 2
    assert says("claim.ended", await soest.says("1"))
    assert await contacts(net) == []
    assert not says("withdraw.claim", await soest.says("!widerruf"))
    assert says("claim.no_role", await soest.says("!zustaendig ende"))


async def test_declined_claim_leaves_nothing_and_its_author_is_told(net: Networks) -> None:
    erika = net.matrix.person("@erika:redaktion.example")
    await erika.says("!start")
    soest = net.matrix.person("@amt:soest.example")
    await tells(net, soest, "klima@soest.de", "Klimaschutz")
    await soest.says("1")
    assert says("claim.asked", await erika.says("!anmeldungen"))
    assert says("claims.declined", await erika.says("!anmeldungen nein 1 Bitte Postfach der Stelle"))
    await net.passes()
    assert "Bitte Postfach der Stelle" in net.told(net.matrix, soest.conversation)[-1]
    assert await stored(net) == 0
    assert says("claims.no_such", await erika.says("!anmeldungen ja 1"))


async def test_only_editors_see_claims_and_wanted_towns(net: Networks) -> None:
    eve = net.matrix.person("@eve:fremd.example")
    for command in ("!anmeldungen", "!anmeldungen ja 1", "!gesucht"):
        assert says("editors_only", await eve.says(command))


async def test_wanted_towns_are_counted_from_three_people_on_and_each_person_once(net: Networks) -> None:
    erika = net.matrix.person("@erika:redaktion.example")
    for number in range(3):
        assert says("wanted.none", await erika.says("!gesucht"))
        person = await known_as(net.matrix.person(f"@p{number}:kiel.example"), place="Beeskow")
        for _ in range(3):
            await person.says("!kontakt =soest-klima")
    assert "Soest: 3" in await erika.says("!gesucht")


async def test_wish_to_be_told_ends_by_itself_and_can_be_taken_back(net: Networks) -> None:
    anna = net.matrix.person("@anna:kiel.example")
    await anna.says("!einladen Soest")
    await anna.says("1")
    assert "Soest" in await anna.says("!widerruf")
    assert says("invite.stopped", await anna.says("1"))
    await anna.says("!einladen melden Soest")
    await net.passes(days=181)
    await invite.tell_arrivals(net.bot.services)
    assert says("invite.no_wish", await anna.says("!einladen stopp Soest"))


async def test_renewed_claim_repairs_a_contact_that_nobody_reaches(sqlite_store: Store, tmp_path: Path) -> None:
    lost = {
        "record": "contact", "id": "c-old", "role": "Klimaschutz", "municipality": "Soest",
        "matrix_id": "@weg:soest.example", "projects": ["soest-klima"], "legal_basis": "public_function", "source": "x",
    }  # fmt: skip
    async with networks(sqlite_store, tmp_path, contacts=[*TOWNS, lost], introductions={"claims": "verified"}) as net:
        soest = net.matrix.person("@amt:soest.example")
        await tells(net, soest, "klima@soest.de", "Klimaschutz")
        assert says("claim.published", await soest.says("1"))
        await settled(net.bot)
        (contact,) = await contacts(net)
        assert (contact.id, contact.email) == ("c-old", "klima@soest.de")


async def test_claim_of_a_person_known_by_mail_alone_outlasts_the_cleaning_up(net: Networks) -> None:
    async with net.store.begin() as tx:
        person = await tx.profiles.person_of_address("klima@soest.de")
        new = NewClaim(person_id=person.id, address="klima@soest.de", municipality="05974040", role="Klimaschutz")
        await tx.claims.add(new)
    await net.passes(days=30)
    async with net.store.begin() as tx:
        await tx.contacts.forget_unconfirmed(timedelta(days=14))
        assert len(await tx.claims.all()) == 1


async def test_without_mail_no_town_is_invited(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, contacts=TOWNS, smtp={}) as net:
        anna = await known_as(net.matrix.person("@anna:kiel.example"), place="Beeskow")
        assert says("claim.no_mail", await anna.says("!einladen Soest"))
        await anna.says("!kontakt =soest-klima")
        assert anna.sees() == []
