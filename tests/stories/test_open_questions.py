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
    town: Networks, asker: Person, colleague: Person, editor: Person
) -> None:
    await known_as(asker, "Anna Beispiel")
    await colleague.says("!abo Klimaanpassung")
    number = await passes_on(asker)
    async with town.store.read() as tx:
        person = await tx.people.of_account("matrix", asker.name)
        assert person is not None
        (given,) = [entry for entry in await tx.consents.of(person.id) if entry.purpose == purpose_of(int(number))]
    assert given.what is ConsentAction.GIVEN
    assert given.wording.startswith("question.preview/de/")
    assert given.text_hash
    await send_digests(town)
    messages = town.told(town.matrix, colleague.conversation)[-1]
    assert ASKED in messages
    assert says("digest.why.question", messages)
    listed = await editor.says("!fragen")
    assert "weitergegeben, Antworten: 0" in listed
    for text in (messages, listed):
        assert "asker" not in text.lower()
        assert "Potsdam" not in text
    place = next(choice for choice in town.matrix.delivered[-2].choices if "question:" in choice.command)
    assert ASKED in await colleague.says(str(place.number))
    sent = await colleague.says(
        f"!antwort {number} Wir haben 40 Bäume gepflanzt, mehr unter https://x.example, Tel. 0431 123456"
    )
    assert "Danke" in sent
    await town.passes()
    heard = town.told(town.matrix, asker.conversation)[-1]
    assert "Wir haben 40 Bäume gepflanzt" in heard
    for hidden in ("x.example", "123456", "@ben", "kiel"):
        assert hidden not in heard.lower()
    assert "Antworten: 1" in await editor.says("!fragen")
    await send_digests(town, MONDAY + timedelta(days=7))
    assert (
        sum(ASKED in text for text in town.told(town.matrix, colleague.conversation) if says("digest.weekly", text))
        == 1
    )


async def test_editor_closes_a_question_with_an_existing_entry_and_the_asker_is_told(
    town: Networks, asker: Person, editor: Person
) -> None:
    number = await passes_on(asker)
    assert says("edit.not_found", await editor.says(f"!fragen eintrag {number} nirgends"))
    assert "Powiad" not in await editor.says(f"!fragen eintrag {number} {PROJECT}")
    await town.passes()
    (messages,) = [text for text in town.told(town.matrix, asker.conversation) if says("question.entered", text)]
    assert "Digitale Stadt Cottbus" in messages
    assert await rows(town.store) == 0
    async with town.store.read() as tx:
        person = await tx.people.of_account("matrix", asker.name)
        assert person is not None
        assert not await tx.consents.holds(person.id, purpose_of(int(number)))
    assert says("questions.no_such", await editor.says(f"!fragen schliessen {number}"))
    assert says("question.no_such", await editor.says(f"!antwort {number} zu spät"))


async def test_asker_is_told_when_an_editor_closes_the_question(town: Networks, asker: Person, editor: Person) -> None:
    number = await passes_on(asker)
    await editor.says(f"!fragen schliessen {number}")
    await town.passes()
    assert any(says("question.closed", text) for text in town.told(town.matrix, asker.conversation))


async def test_user_cannot_pass_on_or_read_the_question_of_another_user(
    town: Networks, asker: Person, colleague: Person
) -> None:
    await asker.says(ASKED)
    await asker.says("!weitergeben")
    assert says("question.no_such", await colleague.says("!weitergeben ja 1"))
    assert ASKED not in await colleague.says("!weitergeben")
    assert ASKED not in await colleague.says("!weitergeben 1")
    assert ASKED not in await colleague.says("!zeige question:1")  # not agreed to yet
    assert says("question.no_such", await colleague.says("!antwort 1 Hallo"))


async def test_question_disappears_when_its_asker_withdraws_it_or_erases_their_data(
    town: Networks, asker: Person, colleague: Person
) -> None:
    await colleague.says("!abo alles")
    number = await passes_on(asker)
    assert f"Weitergegebene Frage {number}" in await asker.says("!widerruf")
    assert says("question.withdrawn", await asker.says("1"))
    assert says("question.no_such", await colleague.says(f"!antwort {number} Hallo"))
    await passes_on(asker, "Wer hat Erfahrung mit Klimaanpassung in Museen?")
    await asker.says("!loeschen ja")
    assert await rows(town.store) == 0
    assert await rows(town.store, unanswered) == 0
    await send_digests(town)
    assert not any("Friedhöfen" in text or "Museen" in text for text in town.told(town.matrix, colleague.conversation))


async def test_telegram_carries_no_questions_or_answers_of_other_users(town: Networks, asker: Person) -> None:
    tom = town.telegram.person("4711")
    await tom.says("!abo Klimaanpassung")
    number = await passes_on(asker)
    await send_digests(town)
    assert says("digest.why.question", town.told(town.telegram, tom.conversation)[-1])
    await tom.says(f"!zeige question:{number}")
    await town.passes()
    assert not any("Friedhöfen" in text for text in town.told(town.telegram, tom.conversation))
    await tom.says("Wie bepflanzt man Dächer im Hafen?")
    await tom.says("!weitergeben")
    await tom.says("1")
    await asker.says("!antwort 2 Mit viel Geduld")
    await town.passes()
    texts = town.told(town.telegram, tom.conversation)
    assert not any("Geduld" in text for text in texts)
    assert "https://lotse.example/" in texts[-1]


async def test_answers_and_questions_passed_on_are_limited_and_own_ones_are_refused(
    town: Networks, asker: Person, colleague: Person
) -> None:
    number = await passes_on(asker)
    assert says("question.own", await asker.says(f"!antwort {number} Ich selbst"))
    for turn in range(5):
        assert "Danke" in await colleague.says(f"!antwort {number} Hinweis {turn}")
    assert "Mehr als 5" in await colleague.says(f"!antwort {number} Hinweis 6")
    for subject in ("Museen", "Mooren"):
        await passes_on(asker, f"Wer hat Erfahrung mit Klimaanpassung in {subject}?")
    await asker.says("Wer hat Erfahrung mit Klimaanpassung in Häfen?")
    await asker.says("!weitergeben")
    assert "Mehr als 3" in await asker.says("1")


async def test_user_cannot_pass_on_a_question_in_a_room(town: Networks) -> None:
    asker = town.matrix.person("@anna:potsdam.example", room="!team")
    await asker.says(f"!frage {ASKED}")
    assert "pass-on" not in asker.sees()
    assert says("one_to_one_only", await asker.says("!weitergeben"))


async def test_pass_on_button_refers_to_the_question_of_its_own_answer(town: Networks, asker: Person) -> None:
    """The button's command names the answer, so a later question changes nothing."""
    await asker.says(ASKED)
    assert asker.last is not None
    answer = asker.last.id
    await asker.says("Wer hat Mobilitätsprojekte gemacht?")
    assert ASKED in await asker.says(f"!weitergeben {answer}")
    assert says("question.passed_on", await asker.says("!weitergeben ja 1"))
    assert says("question.passed_already", await asker.says(f"!weitergeben {answer}"))


async def test_editor_can_close_a_question_that_a_failed_introduction_sent_to_them(
    town: Networks, asker: Person, editor: Person
) -> None:
    await known_as(asker)
    code = await asks(asker)
    await town.passes()
    await town.passes(days=40)
    assert says("intro.posted", await asker.says(f"!kontakt redaktion {code}"))
    listed = await editor.says("!fragen")
    assert says("questions.passed_on", listed)
    number = listed.partition(" ·")[0].split()[-1]
    await editor.says(f"!fragen schliessen {number}")
    await town.passes()
    assert any(says("question.closed", text) for text in town.told(town.matrix, asker.conversation))


async def test_open_question_expires_after_180_days_and_its_asker_is_told_once(town: Networks, asker: Person) -> None:
    number = await passes_on(asker)

    async def chores_and_purge() -> list[str]:
        for chore in town.bot._ticker._chores:
            await chore()
        await purge(town.store, periods_of(RetentionSettings(), timedelta(hours=1)))
        await settled(town.bot)
        return [text for text in town.told(town.matrix, asker.conversation) if says("question.expired", text)]

    town.store.now.advance(days=179)  # type: ignore[attr-defined]
    assert await chores_and_purge() == []
    town.store.now.advance(days=1, minutes=10)  # type: ignore[attr-defined]
    (messages,) = await chores_and_purge()
    assert ASKED in messages
    assert "nach 180 Tagen" in messages
    assert await rows(town.store) == 0
    async with town.store.read() as tx:
        person = await tx.people.of_account("matrix", asker.name)
        assert person is not None
        assert not await tx.consents.holds(person.id, purpose_of(int(number)))
    assert len(await chores_and_purge()) == 1
    assert says("question.no_such", await asker.says(f"!weitergeben widerruf {number}"))


async def test_question_without_a_topic_reaches_subscribers_after_an_editor_sets_it(
    town: Networks, asker: Person, colleague: Person, editor: Person
) -> None:
    await colleague.says("!abo Energie")
    await editor.says("!abo alles")
    asked = "Wie verhindert man quietschende Eichhörnchen?"
    await asker.says(asked)
    preview = await asker.says("!weitergeben")
    assert says("question.readers_of_everything", preview)
    assert not says("question.readers", preview)
    number = (await asker.says("1")).partition("Nummer ")[2].partition(")")[0]
    await send_digests(town)
    assert not any(asked in text for text in town.told(town.matrix, colleague.conversation))
    assert any(asked in text for text in town.told(town.matrix, editor.conversation))
    assert f"!fragen thema {number}" in await editor.says("!fragen")
    assert says("editors_only", await colleague.says(f"!fragen thema {number} Energie"))
    assert says("subscribe.unknown_topic", await editor.says(f"!fragen thema {number} Quantenzauberei"))
    assert "99 gibt es nicht" in await editor.says("!fragen thema 99 Energie")
    assert "Energie" in await editor.says(f"!fragen thema {number} Energie")
    assert not says("questions.without_topics", await editor.says("!fragen"))
    await send_digests(town, MONDAY + timedelta(days=7))
    assert any(asked in text for text in town.told(town.matrix, colleague.conversation))


async def test_three_askers_who_block_a_user_stop_all_answers_of_that_user_for_a_month(
    town: Networks, colleague: Person
) -> None:
    subjects = ("Museen", "Mooren", "Häfen", "Parks")
    askers = [town.matrix.person(f"@asker{number}:potsdam.example") for number in range(4)]
    numbers = [
        await passes_on(asker, f"Wer hat Erfahrung mit Klimaanpassung in {subject}?")
        for asker, subject in zip(askers, subjects, strict=True)
    ]
    for asker, number in zip(askers[:3], numbers, strict=False):
        assert "Danke" in await colleague.says(f"!antwort {number} Geht euch nichts an")
        await town.passes()
        (never,) = re.findall(r"!weitergeben nie \w+", town.told(town.matrix, asker.conversation)[-1])
        assert says("question.never_unknown", await askers[3].says(never))  # it was no answer to them
        for _ in range(2):  # said twice it counts once
            assert says("question.never_done", await asker.says(never))
        assert "Danke" not in await colleague.says(f"!antwort {number} Noch einmal")
        await town.passes()
        assert not any("Noch einmal" in text for text in town.told(town.matrix, asker.conversation))
    assert says("question.refused_too_often", await colleague.says(f"!antwort {numbers[3]} Hallo"))
    town.store.now.advance(days=31)  # type: ignore[attr-defined]
    assert "Danke" in await colleague.says(f"!antwort {numbers[3]} Hallo")


async def test_answer_is_refused_if_no_channel_of_the_asker_may_carry_it(store: Store, tmp_path: Path) -> None:
    """Without pages and without another account an answer is refused, rather than shown."""
    async with networks(store, tmp_path, editors=EDITOR_ADDRESS, web={"public_url": ""}) as town:
        tom, colleague = town.telegram.person("4711"), town.matrix.person("@ben:kiel.example")
        await tom.says(ASKED)
        await tom.says("!weitergeben")
        await tom.says("1")
        assert says("question.unreached", await colleague.says("!antwort 1 Mit viel Geduld"))
        await town.passes()
        assert not any("Geduld" in text for text in town.told(town.telegram, tom.conversation))


async def test_answer_to_an_asker_on_telegram_goes_to_their_verified_mailbox(town: Networks, colleague: Person) -> None:
    tom = town.telegram.person("4711")
    await tom.says(f"!bestaetigen {MOBILITY}")
    await town.passes()
    await tom.says(re.findall(r"\b\d{6}\b", town.mails(MOBILITY)[-1])[0])
    await tom.says(ASKED)
    await tom.says("!weitergeben")
    await tom.says("1")
    await colleague.says("!antwort 1 Mit viel Geduld")
    await town.passes()
    assert not any("Geduld" in text for text in town.told(town.telegram, tom.conversation))
    assert any("Geduld" in text for text in town.mails(MOBILITY))
