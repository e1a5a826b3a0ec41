"""Users tell who they are, verify it, pause requests, see the stored data, and erase them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels.policy import DataClass
from bot.features import introductions, mail_limit
from bot.features.accounts.reverify import Proofs
from bot.features.introductions import Evidence
from bot.messages import Say
from bot.outgoing.notify import Notice, tell
from knowledge_base.ingest.importer import import_files
from knowledge_base.introductions.values import ContactAnswer
from knowledge_base.store.consents import ConsentAction
from knowledge_base.store.database import Store
from knowledge_base.store.profiles import Profile
from knowledge_base.store.tables import metadata
from knowledge_base.working_days import BERLIN
from tests.fakes import Person, settled
from tests.introducing import CONTACTS, LEAD, PROJECT, Networks, asks, contacts_file, known_as, networks
from tests.wording import says

TOWN = {
    "record": "municipality", "id": "99000001", "name": "Musterstadt an der Spree", "state": "Brandenburg",
    "kind": "Stadt", "mail_domains": ["musterstadt.example"],
}  # fmt: skip
TWINS = [
    {"record": "municipality", "id": f"9900001{number}", "name": "Doppeldorf", "state": state, "kind": "Gemeinde"}
    for number, state in enumerate(("Brandenburg", "Sachsen"))
]
EVERYTHING = [*CONTACTS, TOWN, *TWINS]
OFFICE = "rad@musterstadt.example"
ANNA = "@anna:musterstadt.example"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, contacts=EVERYTHING) as running:
        yield running


async def profile_of(net: Networks, person: Person) -> Profile:
    async with net.store.read() as tx:
        found = await tx.people.of_account(person.channel.name, person.name)
        assert found is not None
        return await tx.profiles.get(found.id)


async def code_for(net: Networks, address: str) -> str:
    await settled(net.bot)
    codes = [re.search(r"\b\d{6}\b", mail) for mail in net.mails(address)]
    assert codes
    assert codes[-1]
    return codes[-1][0]


async def proves(net: Networks, person: Person, address: str = OFFICE) -> str:
    await person.says(f"!bestaetigen {address}")
    return await person.says(await code_for(net, address))


# ------------------------------------------------------------------------------------------------ name, municipality


async def test_user_can_set_and_change_their_profile(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await anna.says("!profil name Dezernat Verkehr")
    await anna.says("!profil kommune Musterstadt an der Spree")
    heard = await anna.says("!profil telefon +49 355 123456")
    assert "Dezernat Verkehr" in heard
    assert "Musterstadt an der Spree" in heard
    assert says("profile.unverified", heard)
    await anna.says("!profil")
    assert says("profile.ask_name", await anna.says("1"))
    assert "Planungsamt" in await anna.says("Planungsamt")
    profile = await profile_of(net, anna)
    assert (profile.name, profile.municipality, profile.phone) == ("Planungsamt", "99000001", "+49 355 123456")


async def test_user_chooses_between_two_municipalities_with_the_same_name(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    heard = await anna.says("!profil kommune Doppeldorf")
    assert "Brandenburg" in heard
    assert "Sachsen" in heard
    await anna.says("2")
    assert (await profile_of(net, anna)).municipality == "99000011"


async def test_user_can_keep_a_municipality_that_the_bot_does_not_know(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    assert says("profile.unknown_place", await anna.says("!profil kommune Qwxzdorf"))
    assert "Qwxzdorf" in await anna.says("1")
    assert (await profile_of(net, anna)).municipality == "name:Qwxzdorf"


async def test_question_in_place_of_a_name_is_answered_and_not_stored_as_the_name(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await anna.says("!profil name")
    assert says("ask.found", await anna.says("Wer hat in Cottbus etwas zur Mobilität gemacht?"))
    assert (await profile_of(net, anna)).name == ""


@pytest.mark.parametrize(
    "name",
    [
        "4711",
        "x",
        "rad@b.example",
        "https://x.example",
        "<b>A</b>",
        "A" * 90,
        "ruf 0355 an",
        "evil.com",
        "Amt www.b.de",
    ],
)
async def test_invalid_name_is_refused(net: Networks, name: str) -> None:
    anna = net.matrix.person(ANNA)
    assert says("profile.no_name", await anna.says(f"!profil name {name}"))


@pytest.mark.parametrize(
    "place",
    ["Kleckerdorf (bestätigt)", "https://x.example", "evil.com", "Ruf 0170 1234567", "a@b.example", "Ort, verifiziert"],
)
async def test_invalid_name_of_a_municipality_is_refused(net: Networks, place: str) -> None:
    """Contacts read this name, so it may hold no link, no number and no mark of verification."""
    anna = net.matrix.person(ANNA)
    for text in (f"!profil kommune {place}", f"!profil kommune ={place}", f"!profil kommune #{place}"):
        assert says("profile.no_place", await anna.says(text))
    await anna.says("1")
    assert (await profile_of(net, anna)).municipality == ""


async def test_commands_on_own_data_are_refused_in_a_room(net: Networks) -> None:
    in_room = net.matrix.person(ANNA, room="!room")
    for text in (
        "!profil name Anna",
        f"!bestaetigen {OFFICE}",
        "!meinedaten",
        "!loeschen ja",
        "!pause",
        "!bestaetigen 123456",
    ):
        assert says("one_to_one_only", await in_room.says(text))
    await settled(net.bot)
    assert net.email.delivered == []


# --------------------------------------------------------------------------------------------------------- verifying


async def test_mailed_code_verifies_the_municipality_for_a_year(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    heard = await proves(net, anna)
    assert says("verify.done", heard)
    assert "Musterstadt an der Spree" in heard
    profile = await profile_of(net, anna)
    assert (profile.municipality, profile.verified_address) == ("99000001", OFFICE)
    assert profile.is_verified(net.store.now())
    assert not profile.is_verified(net.store.now() + timedelta(days=366))  # then it must be proven again


async def test_verification_code_is_not_stored_in_the_database(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await anna.says(f"!bestaetigen {OFFICE}")
    code = await code_for(net, OFFICE)
    async with net.store.read() as tx:
        for table in metadata.sorted_tables:
            for row in await tx.connection.execute(select(table)):
                assert code not in repr(tuple(row))


@pytest.mark.parametrize(
    "address",
    [
        "rad@staclt.example",
        "rad@sub.musterstadt.example",
        "rad@musterstadt.example.evil.example",
        "wer@cottbus.example",
    ],
)
async def test_address_of_an_unknown_domain_gets_the_same_answer_but_no_mail(net: Networks, address: str) -> None:
    anna, ben = net.matrix.person(ANNA), net.matrix.person("@ben:b.example")
    await anna.says("!hilfe"), await ben.says("!hilfe")
    good, bad = await anna.says(f"!bestaetigen {OFFICE}"), await ben.says(f"!bestaetigen {address}")
    assert good == bad
    await settled(net.bot)
    assert {message.address.conversation for message in net.email.delivered} == {OFFICE}
    for number in range(4):
        assert says("verify.wrong", await ben.says(f"00000{number}"))


async def test_contact_can_verify_their_imported_address_and_then_gets_requests_in_chat(net: Networks) -> None:
    lead = net.matrix.person("@lead:cottbus.example")
    heard = await proves(net, lead, LEAD)
    assert "Leitung Digitale Stadt" in heard
    code = await asks(await known_as(net.matrix.person(ANNA)))
    await settled(net.bot)
    assert any(code in text for text in net.told(net.matrix, lead.conversation))  # requests come to the messenger
    assert not any(code in mail for mail in net.mails(LEAD))


async def test_five_wrong_codes_lock_the_user_for_an_hour_even_after_erasing(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await anna.says(f"!bestaetigen {OFFICE}")
    code = await code_for(net, OFFICE)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(4):
        assert says("verify.wrong", await anna.says(wrong))
    assert says("verify.locked", await anna.says(wrong))
    assert says("verify.locked", await anna.says(code))
    assert says("verify.locked", await anna.says(f"!bestaetigen {OFFICE}"))
    await anna.says("!loeschen ja")  # erasing oneself lifts no lock
    assert says("verify.locked", await anna.says(f"!bestaetigen {OFFICE}"))
    net.store.now.advance(minutes=61)  # type: ignore[attr-defined]
    assert says("verify.done", await proves(net, anna))


async def test_requesting_a_new_code_gives_no_additional_attempts(net: Networks) -> None:
    """T18: five attempts in a quarter of an hour, however many codes the user requested in it."""
    anna = net.matrix.person(ANNA)
    for _ in range(2):
        await anna.says(f"!bestaetigen {OFFICE}")
        wrong = f"{(int(await code_for(net, OFFICE)) + 1) % 1_000_000:06d}"
        heard = [await anna.says(wrong) for _ in range(3)]
    assert [says("verify.locked", text) for text in heard] == [False, True, True]
    net.store.now.advance(minutes=61)  # type: ignore[attr-defined]
    assert says("verify.done", await proves(net, anna))


async def test_expired_code_is_refused_after_a_quarter_of_an_hour(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await anna.says(f"!bestaetigen {OFFICE}")
    code = await code_for(net, OFFICE)
    net.store.now.advance(minutes=15, seconds=1)  # type: ignore[attr-defined]
    assert says("verify.no_code", await anna.says(code))


async def test_guessing_of_codes_is_limited_to_100_attempts_a_day_for_each_address(net: Networks) -> None:
    """T18: p <= 1e-4 a day, for any number of accounts on one address, and for one account on any address."""
    for number in range(30):
        thief = net.matrix.person(f"@thief{number}:evil.example")
        heard = await thief.says(f"!bestaetigen {OFFICE}")
        assert (says("verify.full", heard)) is (number >= mail_limit.MOST), "said when no mail goes out"
        await thief.says("000000")
    await settled(net.bot)
    assert len(net.mails(OFFICE)) == mail_limit.MOST  # so many codes, five tries each: 100 in a million
    one = net.matrix.person("@one:evil.example")
    heard_of = [await one.says(f"!bestaetigen a{number}@musterstadt.example") for number in range(6)]
    assert [says("verify.too_often", text) for text in heard_of] == [False] * 5 + [True]


@pytest.mark.parametrize(("strangers", "times"), [(13, 1), (4, 5), (2, 9), (9, 2)])
async def test_owner_of_a_mailbox_gets_a_code_although_strangers_requested_many(
    net: Networks, strangers: int, times: int
) -> None:
    """The owner, who never wrote before, gets a code at once: half of the mails are for first requests."""
    for number in range(strangers):
        stranger = net.matrix.person(f"@stranger{number}:evil.example")
        for _ in range(times):
            await stranger.says(f"!bestaetigen {OFFICE}")
    await settled(net.bot)
    before = len(net.mails(OFFICE))
    assert before <= mail_limit.MOST
    assert says("verify.done", await proves(net, net.matrix.person(ANNA)))
    assert len(net.mails(OFFICE)) == before + 1


async def flooded(net: Networks, address: str = OFFICE) -> None:
    for number in range(mail_limit.MOST + 2):
        await net.matrix.person(f"@flood{number}:evil.example").says(f"!bestaetigen {address}")
    await settled(net.bot)


async def test_user_who_verified_the_mailbox_before_gets_a_code_despite_a_flood(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await proves(net, anna)
    await flooded(net)
    assert says("verify.full", await net.matrix.person("@late:b.example").says(f"!bestaetigen {OFFICE}"))
    assert says("verify.done", await proves(net, anna))


async def test_user_with_the_word_from_a_mail_gets_a_code_despite_a_flood(net: Networks) -> None:
    """The mails that strangers caused hold a word that lets their reader through; it alone verifies nothing."""
    await flooded(net)
    anna = net.matrix.person(ANNA)
    assert says("verify.full", await anna.says(f"!bestaetigen {OFFICE}"))
    word = re.search(r"\b[A-Z2-9]{8}\b", net.mails(OFFICE)[-1])
    assert word
    for wrong in ("AAAAAAAA", word[0][::-1]):
        assert says("verify.full", await anna.says(f"!bestaetigen {OFFICE} {wrong}"))
    await anna.says(f"!bestaetigen {OFFICE} {word[0].lower()}")
    assert not (await profile_of(net, anna)).is_verified(net.store.now())
    assert says("verify.done", await anna.says(await code_for(net, OFFICE)))


async def test_word_from_a_mail_counts_only_for_its_mailbox_and_is_not_stored(net: Networks) -> None:
    other = "bau@musterstadt.example"
    await flooded(net)
    await flooded(net, other)
    word = re.search(r"\b[A-Z2-9]{8}\b", net.mails(OFFICE)[-1])
    assert word
    anna = net.matrix.person(ANNA)
    assert says("verify.full", await anna.says(f"!bestaetigen {other} {word[0]}"))
    async with net.store.read() as tx:
        for table in metadata.sorted_tables:
            for row in await tx.connection.execute(select(table)):
                assert word[0] not in repr(tuple(row))


async def test_flooded_known_and_unknown_addresses_get_the_same_answer(net: Networks) -> None:
    nowhere = "wer@evil.example"
    await flooded(net)
    await flooded(net, nowhere)
    ben, eve = net.matrix.person("@ben:b.example"), net.matrix.person("@eve:b.example")
    await ben.says("!hilfe"), await eve.says("!hilfe")
    assert await ben.says(f"!bestaetigen {OFFICE}") == await eve.says(f"!bestaetigen {nowhere}")
    assert net.mails(nowhere) == []


async def test_two_accounts_that_verify_the_same_address_become_one_person(net: Networks) -> None:
    anna, phone = net.matrix.person(ANNA), net.telegram.person("4711")
    await anna.says("!profil name Dezernat Verkehr")
    await proves(net, anna)
    await proves(net, phone)
    await settled(net.bot)
    async with net.store.read() as tx:
        person = await tx.people.of_account("matrix", ANNA)
        other = await tx.people.of_account("telegram", "4711")
        assert person is not None
        assert other is not None
        assert person.id == other.id
        assert {account.channel for account in await tx.people.accounts(person.id)} == {"matrix", "telegram", "email"}
        assert (await tx.profiles.get(person.id)).name == "Dezernat Verkehr"
    assert any(says("verify.linked", text) for text in net.told(net.matrix, anna.conversation))


# ------------------------------------------------------------------------------------------------------- left alone


async def test_user_can_pause_requests_for_some_days_and_resume_early(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    assert "14 Tage" in await anna.says("!pause 14")
    assert not (await profile_of(net, anna)).is_available(net.store.now())
    assert (await profile_of(net, anna)).is_available(net.store.now() + timedelta(days=14))
    assert says("pause.over", await anna.says("!fortsetzen"))
    assert (await profile_of(net, anna)).is_available(net.store.now())
    await anna.says("!pause digest 3")
    assert (await profile_of(net, anna)).is_available(net.store.now())


@pytest.mark.parametrize(
    "words", ["Bitte nicht vermitteln", "do not introduce me", "nie przedstawiaj mnie", "!nicht-vermitteln"]
)
async def test_contact_can_refuse_all_introductions_in_one_sentence(net: Networks, words: str) -> None:
    lead = net.matrix.person("@lead:cottbus.example")
    await proves(net, lead, LEAD)
    await lead.says(words)
    assert (await profile_of(net, lead)).refuses
    async with net.store.read() as tx:
        known = await tx.introductions.known([("email", LEAD)])
    assert known["email", LEAD].away
    await lead.says("!fortsetzen")
    assert not (await profile_of(net, lead)).refuses


# ---------------------------------------------------------------------------------------------------------- privacy


async def test_first_answer_shows_the_privacy_notice_once(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    assert says("notice.first", await anna.says("Wer hat in Cottbus etwas zur Mobilität gemacht?"))
    assert not says("notice.first", await anna.says("!hilfe"))
    async with net.store.read() as tx:
        person = await tx.people.of_account("matrix", ANNA)
        assert person is not None
        (entry,) = await tx.consents.of(person.id)
    assert (entry.purpose, entry.what, entry.channel) == ("notice", ConsentAction.INFORMED, "matrix")
    assert re.fullmatch(r"notice\.first/de/[0-9a-f]{8}", entry.wording)


async def test_first_answer_on_telegram_says_that_servers_are_outside_the_eu(net: Networks) -> None:
    """P18: servers outside the EU, no end-to-end encryption; the bot says so only on Telegram, and once."""
    ben = net.telegram.person("4711")
    assert says("notice.outside.telegram", await ben.says("!start"))
    assert not says("notice.outside.telegram", await ben.says("!hilfe"))
    assert says("notice.outside.telegram", await net.telegram.person("4712").says("!help"), "en")
    assert says("notice.outside.telegram", await net.telegram.person("4713").says("!pomoc"), "pl")
    assert not says("notice.outside.telegram", await net.matrix.person(ANNA).says("!start"))


async def test_privacy_command_names_the_controller_and_the_retention_period(
    sqlite_store: Store, tmp_path: Path
) -> None:
    operator = {
        "organisation": "Stadt Musterstadt",
        "data_protection_officer": "Amt 10, datenschutz@musterstadt.example",
    }
    async with networks(sqlite_store, tmp_path, contacts=EVERYTHING, operator=operator) as net:
        anna = net.matrix.person(ANNA)
        heard = await anna.says("!datenschutz")
        assert "Stadt Musterstadt" in heard
        assert "datenschutz@musterstadt.example" in heard
        assert "180 Tage" in heard
        assert "Stadt Musterstadt" in await net.matrix.person("@pl:b.example").says("!prywatnosc")


async def test_user_sees_their_own_data_as_text_and_as_json(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA))
    await asks(anna)
    heard = await anna.says("!meinedaten")
    for part in ("Dezernat Verkehr", ANNA, "Wie habt ihr die Mobilität finanziert?"):
        assert part in heard
    for part in ("Matrix @anna:musterstadt.example", "Stand: gesendet", "zugestimmt", "informiert"):
        assert part in heard, "for people, not for machines"
    assert "[[" not in heard
    assert '{"' not in heard
    machine = await anna.says("!meinedaten json")
    data: dict[str, Any] = json.loads(machine[machine.index("{") :])
    assert data["profile"][0]["name"] == "Dezernat Verkehr"
    assert {"given"} <= {entry["what"] for entry in data["consent"]}
    assert LEAD not in machine + heard


async def test_user_on_telegram_gets_their_own_data_by_mail_and_not_in_the_chat(net: Networks) -> None:
    ben = await known_as(net.telegram.person("4711"), "Amt Acht")
    heard = await ben.says("!meinedaten")
    assert says("mydata.as_link", heard)
    await settled(net.bot)
    assert not any("4711" in text and "Amt Acht" in text for text in net.told(net.telegram, ben.conversation)[3:])
    await proves(net, ben)
    await ben.says("!meinedaten")
    await settled(net.bot)
    assert any("Amt Acht" in mail for mail in net.mails(OFFICE))


async def test_answer_that_announces_a_link_comes_before_the_link(net: Networks) -> None:
    ben = await known_as(net.telegram.person("4711"), "Amt Acht")
    await ben.says("!meinedaten")
    await settled(net.bot)
    assert [says("mydata.as_link", text) for text in net.told(net.telegram, ben.conversation)[-2:]] == [True, False]


async def test_erasure_needs_a_confirmation_and_leaves_no_row_of_the_user(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA), "Zzyx Kanarienvogel")
    await proves(net, anna)
    await asks(anna, "Zzyx wie ging das?")
    assert says("forget.sure", await anna.says("!loeschen"))
    assert (await profile_of(net, anna)).name == "Zzyx Kanarienvogel"
    assert says("forget.done", await anna.says("!loeschen ja"))
    await net.passes()
    async with net.store.read() as tx:
        left = []
        for table in metadata.sorted_tables:
            left += [f"{table.name}: {tuple(row)!r}" for row in await tx.connection.execute(select(table))]
    for mark in ("Zzyx", ANNA, OFFICE):
        assert [row for row in left if mark in row] == [], mark
    assert says("notice.first", await anna.says("!hilfe"))  # we have not met yet


async def test_erased_contact_is_not_imported_again(net: Networks, tmp_path: Path) -> None:
    lead = net.matrix.person("@lead:cottbus.example")
    await proves(net, lead, LEAD)
    assert "Leitung Digitale Stadt" in await lead.says("!loeschen")
    await lead.says("!loeschen ja")
    await settled(net.bot)
    await import_files(net.store, [contacts_file(tmp_path)])
    async with net.store.read() as tx:
        assert LEAD not in {contact.email for contact in await tx.contacts.all()}
        for table in metadata.sorted_tables:
            if table.name != "import_row":
                for row in await tx.connection.execute(select(table)):
                    assert LEAD not in repr(tuple(row)), table.name


async def test_contact_imported_with_a_matrix_id_sees_and_erases_their_record(
    sqlite_store: Store, tmp_path: Path
) -> None:
    contact = {**CONTACTS[0], "email": "", "matrix_id": "@lead:cottbus.example", "deputy": ""}
    async with networks(sqlite_store, tmp_path, contacts=[contact]) as net:
        lead, other = net.matrix.person("@lead:cottbus.example"), net.matrix.person("@other:cottbus.example")
        assert "Leitung Digitale Stadt" in await lead.says("!meinedaten")
        await other.says("!hilfe")
        assert "Leitung Digitale Stadt" not in await other.says("!meinedaten")
        assert "Leitung Digitale Stadt" in await lead.says("!loeschen")
        await lead.says("!loeschen ja")
        await settled(net.bot)
        async with net.store.read() as tx:
            assert await tx.contacts.all() == []


async def test_user_can_withdraw_a_consent_with_one_choice(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA))
    assert says("withdraw.nothing", await anna.says("!widerruf"))
    code = await asks(anna)
    assert code in await anna.says("!widerruf")
    await anna.says("1")
    async with net.store.read() as tx:
        introduction = await tx.introductions.by_code(code)
        person = await tx.people.of_account("matrix", ANNA)
        assert introduction is not None
        assert person is not None
        assert not await tx.consents.holds(person.id, f"introduction:{introduction.id}")


async def test_only_what_can_still_be_withdrawn_is_offered(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA))
    code = await asks(anna)
    await net.passes()
    assert code in await anna.says("!widerruf")
    async with net.store.begin() as tx:
        introduction = await tx.introductions.by_code(code)
        lead = await tx.people.of_account("email", LEAD)
        assert introduction is not None
        assert lead is not None
        evidence = Evidence("email", "token", "page")
        yes = ContactAnswer.YES
        await introductions.respond(tx, net.bot.services, introduction.id, lead.id, yes, ("email",), evidence)
    await net.passes()
    assert says("withdraw.nothing", await anna.says("!widerruf"))


async def test_pause_until_a_day_is_read_or_asked_back(net: Networks) -> None:
    anna = net.matrix.person(ANNA)
    await anna.says("!start")
    before = await profile_of(net, anna)
    assert says("pause.unclear", await anna.says("!pause bis irgendwann"))
    assert await profile_of(net, anna) == before
    last = (net.store.now().astimezone(BERLIN) + timedelta(days=3)).date()
    assert says("pause.done", await anna.says(f"bis {last.day}.{last.month}."))
    end = datetime.combine(last + timedelta(days=1), time(), BERLIN)
    assert (await profile_of(net, anna)).paused_until == end


async def test_notice_with_contact_data_goes_by_mail_or_as_a_link_on_telegram(net: Networks) -> None:
    """Telegram may not carry the notice: it goes to the verified mailbox, or as a link if the user prefers Telegram."""
    ben = net.telegram.person("4711")
    await proves(net, ben)
    services = net.bot.services
    for prefers, channel in ((None, "email"), ("email", "email"), ("telegram", "telegram")):
        async with net.store.begin() as tx:
            person = await tx.people.of_account("telegram", "4711")
            assert person is not None
            notice = Notice(Say("mydata.json", {"data": "x"}), f"k{prefers}", about=DataClass.CONTACT_DATUM)
            delivery = await tell(tx, person, notice, settings=services.settings, links=services.links, prefers=prefers)
        assert delivery is not None
        assert (delivery.account.channel, delivery.as_link) == (channel, channel == "telegram")


@pytest.mark.parametrize("erased", [True, False], ids=["erased", "another account"])
async def test_limit_holds_for_the_same_person_on_a_new_account_and_after_erasure(
    sqlite_store: Store, tmp_path: Path, erased: bool
) -> None:
    """T16: a user who verifies the same address again is the same person, also after erasure."""
    async with networks(sqlite_store, tmp_path, contacts=EVERYTHING, introductions={"per_day": 1}) as net:
        anna, again = net.matrix.person(ANNA), net.matrix.person("@new:musterstadt.example")
        await known_as(anna)
        await proves(net, anna)
        await asks(anna)
        if erased:
            await anna.says("!loeschen ja")
        await known_as(again)
        await proves(net, again)
        await again.says("!frage Wie war das?")
        heard = await again.says(f"!kontakt ={PROJECT}")
        assert not says("intro.preview", heard), heard
        net.store.now.advance(days=40)  # type: ignore[attr-defined]
        await again.says("!frage Wie war das?")
        assert says("intro.preview", await again.says(f"!kontakt ={PROJECT}"))


async def test_verification_ends_when_the_domain_belongs_to_another_municipality(net: Networks, tmp_path: Path) -> None:
    anna, lead = net.matrix.person(ANNA), net.matrix.person("@lead:cottbus.example")
    await proves(net, anna)
    await proves(net, lead, LEAD)
    other = {**TOWN, "id": "99000002", "name": "Nachbarstadt"}
    former = {**TOWN, "mail_domains": ["neu.musterstadt.example"]}
    await import_files(net.store, [contacts_file(tmp_path, [*CONTACTS, former, other, *TWINS])])
    await net.bot.services.search.refresh()
    look = Proofs(net.store, net.bot.services.search, net.bot.services.settings, net.bot.services.links)
    await look()
    await look()
    await settled(net.bot)
    assert (await profile_of(net, anna)).verified_at is None
    assert (await profile_of(net, lead)).verified_at is not None
    assert sum(says("verify.lapsed", text) for text in net.told(net.matrix, anna.conversation)) == 1
    assert not any(says("verify.lapsed", text) for text in net.told(net.matrix, lead.conversation))
