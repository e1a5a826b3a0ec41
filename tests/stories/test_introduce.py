"""An introduction across Matrix, Telegram and mail: what the asker and the contact read, step by step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.port import UndeliverableError
from bot.features import introductions
from bot.features.introductions import Evidence
from bot.messages.markup import plain
from knowledge_base.introductions.values import ContactAnswer, Outcome, State
from knowledge_base.store.database import Store
from tests.fakes import settled
from tests.introducing import (
    CONTACTS,
    LEAD,
    MOBILITY,
    PROJECT,
    Networks,
    asks,
    code_in,
    known_as,
    networks,
)
from tests.wording import says

ANNA_MAIL, ANNA_MATRIX = "rad@potsdam.example", "@anna:potsdam.example"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path) as running:
        yield running


async def state_of(net: Networks, code: str) -> str:
    async with net.store.read() as tx:
        introduction = await tx.introductions.by_code(code)
        assert introduction is not None
        return introduction.outcome or introduction.state


async def answer_by_page(net: Networks, code: str, answer: ContactAnswer, *shares: str, address: str = LEAD) -> str:
    """Do what a page does when the contact presses a button."""
    async with net.store.begin() as tx:
        introduction = await tx.introductions.by_code(code)
        person = await tx.people.of_account("email", address)
        assert introduction is not None
        assert person is not None
        answered = await introductions.respond(
            tx, net.bot.services, introduction.id, person.id, answer, shares, Evidence("email", "token-hash", "page")
        )
    return answered.say.key


async def test_asker_and_contact_get_contact_data_after_both_agreed(net: Networks) -> None:
    anna = net.matrix.person(ANNA_MATRIX)
    await anna.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
    assert says("intro.missing", await anna.says(f"!kontakt ={PROJECT}"))
    await anna.says("Dezernat Verkehr")
    shown = await anna.says("Potsdam")
    assert says("intro.preview", shown), "nothing stands between the last of the two and what the contact will see"
    assert "Leitung Digitale Stadt" in shown
    assert "Dezernat Verkehr, Landeshauptstadt Potsdam" in shown or "Dezernat Verkehr, Potsdam" in shown
    assert says("profile.unverified", shown)
    assert "Wer hat in Cottbus etwas zur Mobilität gemacht?" in shown
    assert ANNA_MATRIX in shown
    assert net.email.delivered == []

    sent = await anna.says("1")
    code = code_in(sent)
    await net.passes()
    (mail,) = net.mails(LEAD)
    assert "Dezernat Verkehr" in mail
    assert "Wer hat in Cottbus" in mail
    assert ANNA_MATRIX not in mail
    assert "https://lotse.example/i/" in mail
    assert says("notice.import", mail) or "Herkunft" in mail or "cottbus.example/kontakt" in mail  # Art. 14
    assert await state_of(net, code) == State.DELIVERED
    assert says("intro.state.delivered", await anna.says("!kontakt status"))

    assert await answer_by_page(net, code, ContactAnswer.YES, "email", "phone") == "intro.answered_yes"
    await net.passes()
    outcome = net.told(net.matrix, anna.conversation)[-1]
    assert LEAD in outcome
    assert "+49 355 000001" in outcome
    assert ANNA_MATRIX in net.mails(LEAD)[-1]
    assert says("intro.state.arranged", await anna.says("!kontakt status"))

    await net.passes(days=14, minutes=1)
    assert says("intro.helped", net.told(net.matrix, anna.conversation)[-1])
    assert "Danke" in await anna.says(f"!geholfen ja {code}")
    assert says("intro.refused_twice", await anna.says(f"!geholfen ja {code}"))
    await net.passes(days=14, minutes=1)
    async with net.store.read() as tx:
        counts = {what: times for (_, what), times in (await tx.introductions.counts()).items()}
        introduction = await tx.introductions.by_code(code)
    assert counts == {"asked": 1, "arranged": 1, "helped yes": 1}
    assert introduction is not None
    assert (introduction.state, introduction.asker_shares, introduction.contact_shares) == (State.CLOSED, (), ())


async def test_rate_limited_user_can_still_consent(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, limits={"questions_per_hour": 1}) as net:
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        await anna.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
        assert says("intro.preview", await anna.says(f"!kontakt ={PROJECT}"))
        assert "1 Fragen" in await anna.says("!frage Und was gibt es zur Bildung?")
        code = code_in(await anna.says("1"))
        await net.passes()
        assert await state_of(net, code) == State.DELIVERED
        await anna.says("!widerruf")
        assert says("intro.withdrawn", await anna.says("1"))
        await net.passes()
        assert await state_of(net, code) == Outcome.WITHDRAWN


async def test_asker_and_contact_on_matrix_are_invited_to_one_room(net: Networks) -> None:
    lead = net.matrix.person("@lead:cottbus.example")
    await lead.says("!start")
    async with net.store.begin() as tx:  # the contact verified the imported address
        mail = await tx.profiles.person_of_address(LEAD)
        chat = await tx.people.of_account("matrix", lead.name)
        assert chat is not None
        await tx.profiles.merge(mail.id, chat.id)
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    assert net.email.delivered == []
    assert says("intro.request", net.told(net.matrix, lead.conversation)[-1])
    asked = await lead.says(f"!ja {code}")
    assert says("intro.what_to_show", asked)
    assert f"!nein {code}" in asked, "the way back"
    assert ANNA_MATRIX not in lead.hears()
    await lead.says("1")
    await net.passes()
    ((users, message),) = net.matrix.rooms.values()
    assert users == (ANNA_MATRIX, lead.name)
    assert says("intro.room", plain(message.document))
    for person in (anna, lead):
        assert says("intro.room_open", net.told(net.matrix, person.conversation)[-1])
    await net.passes()
    assert net.matrix.opened == 1


async def test_asker_and_contact_get_contact_data_if_the_room_cannot_be_opened(net: Networks) -> None:
    net.matrix.refuses = UndeliverableError("invite refused")
    lead = net.matrix.person("@lead:cottbus.example")
    await lead.says("!start")
    async with net.store.begin() as tx:
        mail = await tx.profiles.person_of_address(LEAD)
        chat = await tx.people.of_account("matrix", lead.name)
        assert chat is not None
        await tx.profiles.merge(mail.id, chat.id)
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    await lead.says(f"!ja {code} matrix")
    await net.passes()
    assert "@lead:cottbus.example" in net.told(net.matrix, anna.conversation)[-1]
    assert ANNA_MATRIX in net.told(net.matrix, lead.conversation)[-1]


async def test_asker_on_telegram_gets_a_link_instead_of_contact_data(net: Networks) -> None:
    tom = await known_as(net.telegram.person("4711"))
    await tom.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
    assert says("intro.ask_reach", await tom.says(f"!kontakt ={PROJECT}"))
    await tom.says("verkehr@potsdam.example")
    await tom.says("1")
    code = code_in(tom.hears())
    await net.passes()
    await answer_by_page(net, code, ContactAnswer.YES, "email")
    await net.passes()
    last = net.told(net.telegram, tom.conversation)[-1]
    assert "https://lotse.example/n/" in last
    heard = "\n".join(net.told(net.telegram, tom.conversation))
    assert LEAD not in heard
    assert "verkehr@potsdam.example" in net.mails(LEAD)[-1]


@pytest.mark.parametrize("way", ["decline", "never", "expire"])
async def test_asker_is_told_the_same_after_a_refusal_and_after_silence(net: Networks, way: str) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    if way == "expire":
        await net.passes(days=4)
        assert says("intro.remind", net.mails(LEAD)[-1])
        await net.passes(days=14)
        assert says("intro.over_not_arranged", net.mails(LEAD)[-1])
    else:
        await answer_by_page(net, code, ContactAnswer.NO if way == "decline" else ContactAnswer.NEVER_AGAIN)
        await net.passes()
    heard = net.told(net.matrix, anna.conversation)[-1]
    assert heard.startswith("Ihr Kontakt zu „Digitale Stadt Cottbus“ ist leider nicht zustande gekommen")
    assert heard.count("Redaktion") == 1
    assert says("intro.state.not_arranged", await anna.says("!kontakt status"))
    assert says("intro.posted", await anna.says(f"!kontakt redaktion {code}"))
    await anna.says("!frage Wie habt ihr das finanziert?")
    shown = await anna.says(f"!kontakt ={PROJECT}")  # the other contact, not the same one again
    assert "Mobilitätsbeauftragte Stelle" in shown


async def test_undeliverable_request_goes_to_the_next_contact_and_uses_up_no_limit(net: Networks) -> None:
    net.email.faults.append(UndeliverableError("550 no such user", gone=True))
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    assert says("intro.onward", net.told(net.matrix, anna.conversation)[-1])
    assert "Mobilitätsbeauftragte Stelle" in net.mails(MOBILITY)[0]
    async with net.store.begin() as tx:
        assert await tx.introductions.planned("c-lead", tx.now.replace(year=2020)) == []
    net.email.faults.append(UndeliverableError("550 no such user", gone=True))
    assert await state_of(net, code) == State.DELIVERED


async def test_request_can_be_passed_to_a_deputy_only_once(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    assert await answer_by_page(net, code, ContactAnswer.DEPUTY) == "intro.answered_deputy"
    await net.passes()
    assert "Mobilitätsbeauftragte Stelle" in net.mails(MOBILITY)[0]
    assert await answer_by_page(net, code, ContactAnswer.YES, "email") == "intro.unknown"  # no longer theirs
    assert await answer_by_page(net, code, ContactAnswer.DEPUTY, address=MOBILITY) == "intro.refused_nobody_else"
    assert (
        await answer_by_page(net, code, ContactAnswer.NOT_MY_TOPIC, address=MOBILITY) == "intro.answered_not_my_topic"
    )
    await net.passes()
    assert says("intro.not_arranged", net.told(net.matrix, anna.conversation)[-1])


async def test_contact_is_told_of_a_withdrawn_request_and_cannot_answer_it(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path) as net:
        net.email.faults.extend([UndeliverableError("x")] * 0)
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        code = await asks(anna)
        await net.passes()
        assert says("intro.withdrawn", await anna.says(f"!kontakt zurück {code}"))
        await net.passes()
        assert says("intro.over_withdrawn", net.mails(LEAD)[-1])
        assert says("intro.refused_closed", await anna.says(f"!kontakt zurück {code}"))
        assert await answer_by_page(net, code, ContactAnswer.YES, "email") == "intro.refused_closed"


async def test_asker_cannot_open_a_second_request_to_the_same_contact(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    first = await asks(anna)
    assert not any(says("intro.open_before", text) for text in net.told(net.matrix, anna.conversation))
    await settled(net.bot)
    second = await anna.says(f"!kontakt ={PROJECT}")
    assert "Mobilitätsbeauftragte Stelle" in second  # one open request for each contact
    assert says("intro.open_before", second)
    assert first in second
    await anna.says("1")
    assert says("intro.not_yet", await anna.says(f"!kontakt ={PROJECT}"))


async def test_unverified_strangers_cannot_fill_the_queue_of_a_contact(sqlite_store: Store, tmp_path: Path) -> None:
    """No request waits longer than two weeks; a verified asker gets in although strangers took all places."""
    lone = [contact for contact in CONTACTS if contact["id"] == "c-lead"]
    async with networks(sqlite_store, tmp_path, contacts=lone) as net:
        heard = []
        for number in range(8):
            stranger = await known_as(net.matrix.person(f"@s{number}:evil.example"))
            await stranger.says("!frage Wie habt ihr das gemacht?")
            heard.append(await stranger.says(f"!kontakt ={PROJECT}"))
            await stranger.says("1")
        assert [says("intro.crowded", text) for text in heard] == [False] * 6 + [True] * 2
        await net.passes()
        assert len(net.mails(LEAD)) == 2, "two in a week"
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        async with net.store.begin() as tx:
            person = await tx.people.of_account("matrix", ANNA_MATRIX)
            assert person is not None
            await tx.profiles.set(person.id, verified_at=tx.now, verified_address="a@potsdam.example")
        await anna.says("!frage Wie habt ihr das gemacht?")
        assert says("intro.preview", await anna.says(f"!kontakt ={PROJECT}"))
        assert "2026" in await anna.says("1")


async def test_request_is_refused_in_a_room_and_to_a_contact_of_the_own_municipality(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX), place="Cottbus")
    assert says("intro.own", await anna.says(f"!kontakt ={PROJECT}"))
    room = net.matrix.person(ANNA_MATRIX, room="!room")
    assert not says("intro.preview", await room.says(f"!kontakt ={PROJECT}"))


async def test_stranger_with_the_code_of_a_request_learns_and_changes_nothing(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    before = await state_of(net, code)
    eve = net.matrix.person("@eve:evil.example")
    await eve.says("!start")
    for command in (
        "ja",
        "nein",
        "vertretung",
        "nicht-mein-thema",
        "nie-wieder",
        "kontakt zurück",
        "kontakt ja",
        "geholfen ja",
    ):
        assert await eve.says(f"!{command} {code}") == await eve.says(f"!{command} ZZZZZ")
        assert await state_of(net, code) == before
    for command in ("ja", "nein"):  # the asker does not answer for the contact
        await anna.says(f"!{command} {code}")
        assert await state_of(net, code) == before


@pytest.mark.parametrize("side", ["asker", "contact"])
async def test_introduction_ends_if_one_side_is_erased_and_the_other_side_is_told(net: Networks, side: str) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    code = await asks(anna)
    await net.passes()
    async with net.store.begin() as tx:
        person = await tx.people.of_account(*(("matrix", ANNA_MATRIX) if side == "asker" else ("email", LEAD)))
        assert person is not None
        await introductions.erase(tx, net.bot.services, person.id)
    await net.passes()
    heard = net.mails(LEAD)[-1] if side == "asker" else net.told(net.matrix, anna.conversation)[-1]
    assert "nicht mehr" in heard
    assert await state_of(net, code) == "unavailable"


async def test_asker_without_a_way_to_get_the_answer_cannot_send_a_request(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, web={"public_url": ""}) as net:
        tom = await known_as(net.telegram.person("4711"))
        await tom.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
        assert says("intro.no_way", await tom.says(f"!kontakt ={PROJECT}"))


async def test_introduction_is_offered_only_where_a_contact_can_be_asked(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    await anna.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
    assert "intro 1" in anna.sees()
    assert says("intro.preview", await anna.says("!kontakt 1"))
    await anna.says(f"!zeige {PROJECT}")
    assert f"intro ={PROJECT}" in anna.sees()
    async with net.store.begin() as tx:  # one refuses, one must not be shown
        lead = await tx.profiles.person_of_address(LEAD)
        await tx.profiles.set(lead.id, refuses=True)
        await tx.contacts.seen(["c-mobility"])
        await tx.contacts.hide(["c-mobility"])
    await net.bot.services.search.refresh()
    await anna.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
    assert "intro 1" not in anna.sees()
    assert says("intro.nobody_there", await anna.says(f"!kontakt ={PROJECT}"))


QUESTION = "!frage Wer hat in Cottbus etwas zur Mobilität gemacht?"
ON_MATRIX = [{**CONTACTS[0], "email": "", "matrix_id": "@lead:cottbus.example", "deputy": ""}]


async def test_contact_who_never_wrote_is_offered_only_once_they_wrote(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, contacts=ON_MATRIX) as net:
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        await anna.says(QUESTION)
        assert "intro 1" not in anna.sees()
        await anna.says("!zeige contact:c-lead")
        assert not [choice for choice in anna.sees() if choice.startswith("intro")]
        assert says("intro.nobody_there", await anna.says(f"!kontakt ={PROJECT}"))
        await net.matrix.person("@lead:cottbus.example").says("!start")
        await net.bot.services.search.refresh()
        await anna.says(QUESTION)
        assert "intro 1" in anna.sees()
        assert says("intro.preview", await anna.says(f"!kontakt ={PROJECT}"))


@pytest.mark.parametrize("missing", [{"smtp": {}}, {"web": {"public_url": ""}}])
async def test_contact_with_a_mail_address_is_not_offered_without_mail_or_pages(
    sqlite_store: Store, tmp_path: Path, missing: dict[str, Any]
) -> None:
    async with networks(sqlite_store, tmp_path, **missing) as net:
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        await anna.says(QUESTION)
        assert "intro 1" not in anna.sees()
        assert says("intro.nobody_there", await anna.says(f"!kontakt ={PROJECT}"))


async def test_contact_whose_mail_comes_back_is_asked_on_matrix(sqlite_store: Store, tmp_path: Path) -> None:
    both = [{**CONTACTS[0], "matrix_id": "@lead:cottbus.example", "deputy": ""}]
    async with networks(sqlite_store, tmp_path, contacts=both) as net:
        lead = net.matrix.person("@lead:cottbus.example")
        await lead.says("!start")
        async with net.store.begin() as tx:
            mail = await tx.profiles.person_of_address(LEAD)
            await tx.people.switch_off(mail.id, "email")
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        code = await asks(anna)
        await net.passes()
        assert code in net.told(net.matrix, lead.conversation)[-1]


@pytest.mark.parametrize("refusal", ["nein", "keine", "weiß nicht", "kein Telefon", "no", "nie", "-"])
async def test_refusal_is_no_way_to_reach_the_asker(net: Networks, refusal: str) -> None:
    tom = await known_as(net.telegram.person("4711"))
    await tom.says(QUESTION)
    assert says("intro.ask_reach", await tom.says(f"!kontakt ={PROJECT}"))
    assert says("intro.no_reach", await tom.says(refusal))
    assert says("intro.preview", await tom.says("verkehr@potsdam.example"))
    assert f"„{refusal}“" not in tom.hears()


async def test_contact_is_asked_back_until_they_type_how_to_reach_them(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, contacts=ON_MATRIX) as net:
        lead = net.matrix.person("@lead:cottbus.example")
        await lead.says("!start")
        await net.bot.services.search.refresh()
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        code = await asks(anna)
        await net.passes()
        assert says("intro.no_reach_of_contact", await lead.says(f"!ja {code} =weiß nicht"))
        assert await state_of(net, code) == State.DELIVERED
        assert says("intro.answered_yes", await lead.says("0355 987654"))
        await net.passes()
        assert "0355 987654" in net.told(net.matrix, anna.conversation)[-1]


async def test_what_a_contact_can_answer_is_named_as_it_is_possible(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, contacts=ON_MATRIX) as net:
        lead = net.matrix.person("@lead:cottbus.example")
        await lead.says("!start")
        await net.bot.services.search.refresh()
        await asks(await known_as(net.matrix.person(ANNA_MATRIX)))
        await net.passes()
        request = net.told(net.matrix, lead.conversation)[-1]
        assert says("intro.request", request)
        assert says("choice.intro.accept", request)
        assert not says("choice.intro.deputy", request)
        assert says("field.matrix_id", request)
        assert not says("field.email", request)


async def test_nothing_is_offered_to_an_asker_whom_no_answer_can_reach(sqlite_store: Store, tmp_path: Path) -> None:
    """On Telegram alone, contact data have no way to the asker, and there is nothing that they could do about it."""
    contacts = [{**CONTACTS[0], "email": "", "matrix_id": "@lead:cottbus.example", "deputy": ""}]
    alone = {"matrix": {}, "smtp": {}, "web": {"public_url": ""}}
    async with networks(sqlite_store, tmp_path, contacts=contacts, **alone) as net:
        net.bot.services.search.reach_by(bool)  # as if the contact could be asked
        await net.matrix.person("@lead:cottbus.example").says("!start")
        await net.bot.services.search.refresh()
        tom = await known_as(net.telegram.person("4711"))
        await tom.says(QUESTION)
        assert not [choice for choice in tom.sees() if choice.startswith("intro")]


async def test_unverified_asker_is_refused_if_the_settings_require_verification(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with networks(sqlite_store, tmp_path, introductions={"require_verified": True}) as net:
        anna = await known_as(net.matrix.person(ANNA_MATRIX))
        await anna.says("!frage Wer hat in Cottbus etwas zur Mobilität gemacht?")
        assert says("intro.verify_first", await anna.says(f"!kontakt ={PROJECT}"))
        async with net.store.begin() as tx:
            person = await tx.people.of_account("matrix", ANNA_MATRIX)
            assert person is not None
            await tx.profiles.set(person.id, verified_at=tx.now, verified_address=ANNA_MAIL)
        assert says("intro.verified", await anna.says(f"!kontakt ={PROJECT}"))


async def test_asker_can_change_or_cancel_the_question_and_its_links_are_removed(net: Networks) -> None:
    anna = await known_as(net.matrix.person(ANNA_MATRIX))
    assert says("intro.ask_question", await anna.says(f"!kontakt ={PROJECT}"))
    shown = await anna.says("Was hat es gekostet? https://evil.example/x")
    assert "„Was hat es gekostet? […]“" in shown
    number = next(number for number, one in enumerate(anna.sees(), start=1) if one.startswith("intro question"))
    await anna.says(str(number))
    assert "„Wer pflegt es?“" in await anna.says("Wer pflegt es?")
    cancel = next(number for number, one in enumerate(anna.sees(), start=1) if one.startswith("intro cancel"))
    assert says("intro.withdrawn", await anna.says(str(cancel)))
    await net.passes()
    assert net.email.delivered == []
