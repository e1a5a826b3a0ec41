"""If the asker agrees, the bot passes an unanswered question to other users and returns their answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.app import periods_of
from config.retention import RetentionSettings
from knowledge_base.retention import purge
from knowledge_base.store.consents import ConsentAction
from knowledge_base.store.database import Store
from knowledge_base.store.open_questions import purpose_of
from knowledge_base.store.tables import open_question, unanswered
from tests.fakes import Person, settled
from tests.introducing import MOBILITY, PROJECT, Networks, asks, known_as, networks
from tests.open_questions import ASKED, EDITOR_ADDRESS, MONDAY, passes_on, send_digests
from tests.wording import says


@pytest.fixture
async def town(store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(store, tmp_path, editors=EDITOR_ADDRESS) as town:
        yield town


async def rows(store: Store, table: object = open_question) -> int:
    async with store.read() as tx:
        return await tx.connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


async def test_question_passed_on_reaches_subscribers_and_their_answer_the_asker(
    town: Networks, anna: Person, ben: Person, erika: Person
) -> None:
    await known_as(anna, "Anna Beispiel")
    await ben.says("!abo Klimaanpassung")
    number = await passes_on(anna)
    async with town.store.read() as tx:
        person = await tx.people.of_account("matrix", anna.name)
        assert person is not None
        (given,) = [entry for entry in await tx.consents.of(person.id) if entry.purpose == purpose_of(int(number))]
    assert given.what is ConsentAction.GIVEN
    assert given.wording.startswith("question.preview/de/")
    assert given.text_hash
    await send_digests(town)
    messages = town.told(town.matrix, ben.conversation)[-1]
    assert ASKED in messages
    assert says("digest.why.question", messages)
    listed = await erika.says("!fragen")
    assert "weitergegeben, Antworten: 0" in listed
    for text in (messages, listed):
        assert "anna" not in text.lower()
        assert "Potsdam" not in text
    place = next(choice for choice in town.matrix.delivered[-2].choices if "question:" in choice.command)
    assert ASKED in await ben.says(str(place.number))
    sent = await ben.says(
        f"!antwort {number} Wir haben 40 Bäume gepflanzt, mehr unter https://x.example, Tel. 0431 123456"
    )
    assert "Danke" in sent
    await town.passes()
    heard = town.told(town.matrix, anna.conversation)[-1]
    assert "Wir haben 40 Bäume gepflanzt" in heard
    for hidden in ("x.example", "123456", "@ben", "kiel"):
        assert hidden not in heard.lower()
    assert "Antworten: 1" in await erika.says("!fragen")
    await send_digests(town, MONDAY + timedelta(days=7))
    assert sum(ASKED in text for text in town.told(town.matrix, ben.conversation) if says("pause.digest", text)) == 1


async def test_editor_closes_a_question_with_an_existing_entry_and_the_asker_is_told(
    town: Networks, anna: Person, erika: Person
) -> None:
    number = await passes_on(anna)
    assert says("edit.not_found", await erika.says(f"!fragen eintrag {number} nirgends"))
    assert "Powiad" not in await erika.says(f"!fragen eintrag {number} {PROJECT}")
    await town.passes()
    (messages,) = [text for text in town.told(town.matrix, anna.conversation) if says("question.entered", text)]
    assert "Digitale Stadt Cottbus" in messages
    assert await rows(town.store) == 0
    async with town.store.read() as tx:
        person = await tx.people.of_account("matrix", anna.name)
        assert person is not None
        assert not await tx.consents.holds(person.id, purpose_of(int(number)))
    assert says("questions.no_such", await erika.says(f"!fragen schliessen {number}"))
    assert says("question.no_such", await erika.says(f"!antwort {number} zu spät"))


async def test_asker_is_told_when_an_editor_closes_the_question(town: Networks, anna: Person, erika: Person) -> None:
    number = await passes_on(anna)
    await erika.says(f"!fragen schliessen {number}")
    await town.passes()
    assert any(says("question.closed", text) for text in town.told(town.matrix, anna.conversation))


async def test_user_cannot_pass_on_or_read_the_question_of_another_user(
    town: Networks, anna: Person, ben: Person
) -> None:
    await anna.says(ASKED)
    await anna.says("!weitergeben")
    assert says("question.no_such", await ben.says("!weitergeben ja 1"))
    assert ASKED not in await ben.says("!weitergeben")
    assert ASKED not in await ben.says("!weitergeben 1")
    assert ASKED not in await ben.says("!zeige question:1")  # not agreed to yet
    assert says("question.no_such", await ben.says("!antwort 1 Hallo"))


async def test_question_disappears_when_its_asker_withdraws_it_or_erases_their_data(
    town: Networks, anna: Person, ben: Person
) -> None:
    await ben.says("!abo alles")
    number = await passes_on(anna)
    assert f"Weitergegebene Frage {number}" in await anna.says("!widerruf")
    assert says("question.withdrawn", await anna.says("1"))
    assert says("question.no_such", await ben.says(f"!antwort {number} Hallo"))
    await passes_on(anna, "Wer hat Erfahrung mit Klimaanpassung in Museen?")
    await anna.says("!loeschen ja")
    assert await rows(town.store) == 0
    assert await rows(town.store, unanswered) == 0
    await send_digests(town)
    assert not any("Friedhöfen" in text or "Museen" in text for text in town.told(town.matrix, ben.conversation))


async def test_telegram_carries_no_questions_or_answers_of_other_users(town: Networks, anna: Person) -> None:
    tom = town.telegram.person("4711")
    await tom.says("!abo Klimaanpassung")
    number = await passes_on(anna)
    await send_digests(town)
    assert says("digest.why.question", town.told(town.telegram, tom.conversation)[-1])
    await tom.says(f"!zeige question:{number}")
    await town.passes()
    assert not any("Friedhöfen" in text for text in town.told(town.telegram, tom.conversation))
    await tom.says("Wie bepflanzt man Dächer im Hafen?")
    await tom.says("!weitergeben")
    await tom.says("1")
    await anna.says("!antwort 2 Mit viel Geduld")
    await town.passes()
    texts = town.told(town.telegram, tom.conversation)
    assert not any("Geduld" in text for text in texts)
    assert "https://lotse.example/" in texts[-1]


async def test_answers_and_questions_passed_on_are_limited_and_own_ones_are_refused(
    town: Networks, anna: Person, ben: Person
) -> None:
    number = await passes_on(anna)
    assert says("question.own", await anna.says(f"!antwort {number} Ich selbst"))
    for turn in range(5):
        assert "Danke" in await ben.says(f"!antwort {number} Hinweis {turn}")
    assert "Mehr als 5" in await ben.says(f"!antwort {number} Hinweis 6")
    for subject in ("Museen", "Mooren"):
        await passes_on(anna, f"Wer hat Erfahrung mit Klimaanpassung in {subject}?")
    await anna.says("Wer hat Erfahrung mit Klimaanpassung in Häfen?")
    await anna.says("!weitergeben")
    assert "Mehr als 3" in await anna.says("1")


async def test_user_cannot_pass_on_a_question_in_a_room(town: Networks) -> None:
    anna = town.matrix.person("@anna:potsdam.example", room="!team")
    await anna.says(f"!frage {ASKED}")
    assert "pass-on" not in anna.sees()
    assert says("one_to_one_only", await anna.says("!weitergeben"))


async def test_pass_on_button_refers_to_the_question_of_its_own_answer(town: Networks, anna: Person) -> None:
    """The button's command names the answer, so a later question changes nothing."""
    await anna.says(ASKED)
    assert anna.last is not None
    answer = anna.last.id
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    assert ASKED in await anna.says(f"!weitergeben {answer}")
    assert says("question.passed_on", await anna.says("!weitergeben ja 1"))
    assert says("question.passed_already", await anna.says(f"!weitergeben {answer}"))


async def test_editor_can_close_a_question_that_a_failed_introduction_sent_to_them(
    town: Networks, anna: Person, erika: Person
) -> None:
    await known_as(anna)
    code = await asks(anna)
    await town.passes()
    await town.passes(days=40)
    assert says("intro.posted", await anna.says(f"!kontakt redaktion {code}"))
    listed = await erika.says("!fragen")
    assert says("questions.passed_on", listed)
    number = listed.partition(" ·")[0].split()[-1]
    await erika.says(f"!fragen schliessen {number}")
    await town.passes()
    assert any(says("question.closed", text) for text in town.told(town.matrix, anna.conversation))


async def test_open_question_expires_after_180_days_and_its_asker_is_told_once(town: Networks, anna: Person) -> None:
    number = await passes_on(anna)

    async def chores_and_purge() -> list[str]:
        for chore in town.bot._ticker._chores:
            await chore()
        await purge(town.store, periods_of(RetentionSettings(), timedelta(hours=1)))
        await settled(town.bot)
        return [text for text in town.told(town.matrix, anna.conversation) if says("question.expired", text)]

    town.store.now.advance(days=179)  # type: ignore[attr-defined]
    assert await chores_and_purge() == []
    town.store.now.advance(days=1, minutes=10)  # type: ignore[attr-defined]
    (messages,) = await chores_and_purge()
    assert ASKED in messages
    assert "nach 180 Tagen" in messages
    assert await rows(town.store) == 0
    async with town.store.read() as tx:
        person = await tx.people.of_account("matrix", anna.name)
        assert person is not None
        assert not await tx.consents.holds(person.id, purpose_of(int(number)))
    assert len(await chores_and_purge()) == 1
    assert says("question.no_such", await anna.says(f"!weitergeben widerruf {number}"))


async def test_question_without_a_topic_reaches_subscribers_after_an_editor_sets_it(
    town: Networks, anna: Person, ben: Person, erika: Person
) -> None:
    await ben.says("!abo Energie")
    await erika.says("!abo alles")
    asked = "Wie verhindert man quietschende Eichhörnchen?"
    await anna.says(asked)
    preview = await anna.says("!weitergeben")
    assert says("question.readers_of_everything", preview)
    assert not says("question.readers", preview)
    number = (await anna.says("1")).partition("Nummer ")[2].partition(")")[0]
    await send_digests(town)
    assert not any(asked in text for text in town.told(town.matrix, ben.conversation))
    assert any(asked in text for text in town.told(town.matrix, erika.conversation))
    assert f"!fragen thema {number}" in await erika.says("!fragen")
    assert says("editors_only", await ben.says(f"!fragen thema {number} Energie"))
    assert says("subscribe.unknown_topic", await erika.says(f"!fragen thema {number} Quantenzauberei"))
    assert "99 gibt es nicht" in await erika.says("!fragen thema 99 Energie")
    assert "Energie" in await erika.says(f"!fragen thema {number} Energie")
    assert not says("questions.without_topics", await erika.says("!fragen"))
    await send_digests(town, MONDAY + timedelta(days=7))
    assert any(asked in text for text in town.told(town.matrix, ben.conversation))


async def test_three_askers_who_block_a_user_stop_all_answers_of_that_user_for_a_month(
    town: Networks, ben: Person
) -> None:
    subjects = ("Museen", "Mooren", "Häfen", "Parks")
    askers = [town.matrix.person(f"@asker{number}:potsdam.example") for number in range(4)]
    numbers = [
        await passes_on(asker, f"Wer hat Erfahrung mit Klimaanpassung in {subject}?")
        for asker, subject in zip(askers, subjects, strict=True)
    ]
    for asker, number in zip(askers[:3], numbers, strict=False):
        assert "Danke" in await ben.says(f"!antwort {number} Geht euch nichts an")
        await town.passes()
        (never,) = re.findall(r"!weitergeben nie \w+", town.told(town.matrix, asker.conversation)[-1])
        assert says("question.never_unknown", await askers[3].says(never))  # it was no answer to them
        for _ in range(2):  # said twice it counts once
            assert says("question.never_done", await asker.says(never))
        assert "Danke" not in await ben.says(f"!antwort {number} Noch einmal")
        await town.passes()
        assert not any("Noch einmal" in text for text in town.told(town.matrix, asker.conversation))
    assert says("question.refused_too_often", await ben.says(f"!antwort {numbers[3]} Hallo"))
    town.store.now.advance(days=31)  # type: ignore[attr-defined]
    assert "Danke" in await ben.says(f"!antwort {numbers[3]} Hallo")


async def test_answer_is_refused_if_no_channel_of_the_asker_may_carry_it(store: Store, tmp_path: Path) -> None:
    """Without pages and without another account an answer is refused, rather than shown."""
    async with networks(store, tmp_path, editors=EDITOR_ADDRESS, web={"public_url": ""}) as town:
        tom, ben = town.telegram.person("4711"), town.matrix.person("@ben:kiel.example")
        await tom.says(ASKED)
        await tom.says("!weitergeben")
        await tom.says("1")
        assert says("question.unreached", await ben.says("!antwort 1 Mit viel Geduld"))
        await town.passes()
        assert not any("Geduld" in text for text in town.told(town.telegram, tom.conversation))


async def test_answer_to_an_asker_on_telegram_goes_to_their_verified_mailbox(town: Networks, ben: Person) -> None:
    tom = town.telegram.person("4711")
    await tom.says(f"!bestaetigen {MOBILITY}")
    await town.passes()
    await tom.says(re.findall(r"\b\d{6}\b", town.mails(MOBILITY)[-1])[0])
    await tom.says(ASKED)
    await tom.says("!weitergeben")
    await tom.says("1")
    await ben.says("!antwort 1 Mit viel Geduld")
    await town.passes()
    assert not any("Geduld" in text for text in town.told(town.telegram, tom.conversation))
    assert any("Geduld" in text for text in town.mails(MOBILITY))
