"""One message from start to finish: its language, its limits, and what happens when a part of the bot fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select, update

from bot.app import Bot
from bot.features.search import answers
from bot.features.search.rate_limit import LEAST_MESSAGES
from bot.incoming import handler, typing_indicator
from bot.incoming.intake import Intake
from bot.messages import Happening
from bot.messages.markup import plain
from config import logging
from knowledge_base.embedding.port import Vectors
from knowledge_base.store.database import Store
from knowledge_base.store.people import Person as StoredPerson
from knowledge_base.store.tables import inbox
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Hang, Person, running_bot, settled
from tests.wording import says

SORRY = {"de": "schiefgegangen", "en": "went wrong", "pl": "poszło nie tak"}


class MoodyEmbedder(HashEmbedder):
    """An embedder that fails, or never answers, for questions with a certain word."""

    def __init__(self) -> None:
        super().__init__()
        self.hang = Hang()

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        if any("bumm" in text for text in texts):
            raise RuntimeError("a secret of anna@stadt.example")
        if any("warte" in text for text in texts):
            self.hang.reached.set()
            await self.hang.let_go.wait()
        return await super().embed_queries(texts)


# ------------------------------------------------------------------------------------------------------- language


async def test_answer_is_in_the_language_of_the_question(anna: Person) -> None:
    assert says("ask.found", await anna.says("Who did mobility projects?"), "en")
    assert says("ask.found", await anna.says("Wer hat Mobilitätsprojekte gemacht?"))
    assert says("ask.found", await anna.says("Kto robił projekty mobilności?"), "pl")
    assert anna.last is not None
    assert anna.last.language == "pl"


async def test_language_chosen_by_the_user_overrides_that_of_the_question(anna: Person) -> None:
    assert says("language.chosen", await anna.says("!language english"), "en")
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    assert anna.last is not None
    assert anna.last.language == "en"
    await anna.says("!sprache auto")
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    assert anna.last.language == "de"


async def test_text_without_a_language_is_answered_in_the_last_language_or_german(
    channel: FakeChannel, anna: Person
) -> None:
    await anna.says("LoRaWAN")
    assert anna.last is not None
    assert anna.last.language == "de"
    await anna.says("Who did mobility projects?")
    await anna.says("LoRaWAN")
    assert anna.last.language == "en"
    await anna.says("!foo")
    assert anna.last.language == "en"
    ben = channel.person("ben")
    await ben.says("!pomoc")
    assert ben.last is not None
    assert ben.last.language == "pl"


# ------------------------------------------------------------------------------------------- what is no message


async def test_log_has_one_line_per_handled_message_with_ids_only(bot: Bot, anna: Person) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
        await anna.says("Wer hat Mobilitätsprojekte gemacht?")
        await settled(bot)
    (line,) = [entry for entry in logged if entry["event"] == "message.handled"]
    assert line.keys() <= {"event", "log_level", "channel", "event_id", "outcome", "seconds", "_hidden"}
    assert (line["log_level"], line["channel"], line["outcome"]) == ("info", "fake", "answered")


async def test_edited_question_gets_no_second_answer(bot: Bot, channel: FakeChannel, anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    await anna.changes("Wer hat etwas mit Hitze gemacht?")
    await settled(bot)
    assert len(channel.delivered) == 1


async def test_bot_greets_the_user_who_invites_it(channel: FakeChannel, anna: Person) -> None:
    joined = anna.inbound(happening=Happening.JOINED)
    await channel.hands_over(joined)
    assert (await channel.answer_to(joined.id)).answers == joined.id


@pytest.mark.parametrize("reason", ["verify_elsewhere", "verify_later", "device_refused"])
async def test_user_hears_why_the_network_does_not_let_the_bot_do_something(
    channel: FakeChannel, anna: Person, reason: str
) -> None:
    hint = anna.inbound(reason, happening=Happening.EXPLAINED)
    await channel.hands_over(hint)
    assert says(f"hint.{reason}", plain((await channel.answer_to(hint.id)).document))


async def test_question_that_its_asker_deletes_leaves_no_trace(bot: Bot, known: Store, anna: Person) -> None:
    await anna.says("Wer baut Freibäder auf dem Mond?")
    await anna.takes_back()
    await settled(bot)
    async with known.read() as tx:
        assert await tx.answers.open_questions() == []
    assert says("more.nothing_before", await anna.says("mehr"))


async def test_only_a_thumb_on_an_answer_counts_as_feedback(bot: Bot, known: Store, anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    for emoji in ("🎉", "👍🏽", "👍"):
        await anna.reacts(emoji)
    await settled(bot)
    assert await echo(known) == (1, 0)
    await anna.reacts("👎")
    await settled(bot)
    assert await echo(known) == (0, 1)
    await anna.says("!hilfe")
    await anna.reacts("👍")
    await settled(bot)
    assert await echo(known) == (0, 1)


async def echo(store: Store) -> tuple[int, int]:
    async with store.read() as tx:
        count = await tx.answers.feedback(timedelta(days=1))
    return count.useful, count.not_useful


# ------------------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 2}}], indirect=True)
async def test_rate_limited_user_is_told_once_and_can_still_use_help(
    bot: Bot, channel: FakeChannel, anna: Person, clock: FixedClock
) -> None:
    await anna.says("!hilfe")
    await anna.says("Wer hat was in Cottbus gemacht?")
    assert says("ask.more", await anna.says("mehr"))
    assert "2 Fragen" in await anna.says("Wer hat etwas mit Hitze gemacht?")
    beyond = [await anna.writes(text) for text in ("mehr", "Who did something about heat?")]
    await settled(bot)
    assert [channel.answers_to(message) for message in beyond] == [0, 0], "it was said already, and costs no send"
    assert not says("limit.questions", await anna.says("1"))  # what was found stays there to be read
    assert says("help", await anna.says("!hilfe"))
    assert not says("limit.questions", await channel.person("ben").says("Wer hat etwas mit Hitze gemacht?"))
    clock.advance(minutes=61)
    assert not says("limit.questions", await anna.says("Wer hat etwas mit Hitze gemacht?"))


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 1}}], indirect=True)
async def test_command_flood_is_limited_but_privacy_commands_are_always_answered(
    bot: Bot, channel: FakeChannel, anna: Person
) -> None:
    flood = [await anna.writes("!hilfe") for _ in range(LEAST_MESSAGES + 30)]
    await settled(bot)
    assert [channel.answers_to(message) for message in flood] == [1] * (LEAST_MESSAGES + 1) + [0] * 29
    for command in ("!datenschutz", "!meinedaten", "!abbestellen", "!löschen"):
        assert await anna.says(command)


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 1}}], indirect=True)
async def test_number_that_selects_a_question_counts_as_a_question(known: Store, anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    async with known.begin() as tx:
        person = await tx.people.of_account("fake", "anna")
        assert person
        key = ("fake", anna.conversation, "", person.id)
        await tx.people.remember(key, None, None, ["ask Wer hat etwas mit Hitze gemacht?", "privacy"])
    assert "1 Fragen" in await anna.says("1")
    assert says("privacy", await anna.says("2"))


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 3}}], indirect=True)
async def test_request_for_a_missing_further_page_counts_as_a_question(anna: Person) -> None:
    await anna.says("LoRaWAN")
    for _ in range(3):
        last = await anna.says("mehr")
    assert "3 Fragen" in last


CHEAP = ("!datenschutz", "!meinedaten", "!abbestellen", "!kontakt status", "!widerruf", "!pause 3", "!loeschen")


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 1}}], indirect=True)
async def test_commands_other_than_questions_are_neither_counted_nor_limited(anna: Person) -> None:
    for command in CHEAP:
        assert not says("limit.questions", await anna.says(command))
    assert not says("limit.questions", await anna.says("LoRaWAN"))
    for command in CHEAP:
        assert not says("limit.questions", await anna.says(command))
    assert "1 Fragen" in await anna.says("LoRaWAN")


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 2}}], indirect=True)
async def test_linked_accounts_of_a_user_share_the_question_limit(
    known: Store, channel: FakeChannel, anna: Person
) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    async with known.begin() as tx:
        person = await tx.people.of_account("fake", "anna")
        assert person
        await tx.people.link(person.id, "fake", "anna-too", "chat-of-anna-too")
    other = channel.person("anna-too")
    assert "2 Fragen" not in await other.says("Wer hat etwas mit Hitze gemacht?")
    assert "2 Fragen" in await other.says("LoRaWAN")
    assert "2 Fragen" in await anna.says("LoRaWAN")


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 2}}], indirect=True)
async def test_erasure_does_not_reset_the_question_limit(bot: Bot, anna: Person, clock: FixedClock) -> None:
    for question in ("Wer hat Mobilitätsprojekte gemacht?", "LoRaWAN"):
        await anna.says(question)
    for _ in range(2):
        assert says("forget.done", await anna.says("!loeschen ja"))
        assert "2 Fragen" in await anna.says("Wer hat etwas mit Hitze gemacht?")
    clock.advance(minutes=61)
    assert not says("limit.questions", await anna.says("Wer hat etwas mit Hitze gemacht?"))


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 2}}], indirect=True)
async def test_deleted_questions_count_toward_the_limit(
    bot: Bot, anna: Person, known: Store, clock: FixedClock
) -> None:
    for question in ("Wer hat Mobilitätsprojekte gemacht?", "LoRaWAN"):
        await anna.says(question)
        await anna.takes_back()
        await settled(bot)
    assert "2 Fragen" in await anna.says("Wer hat etwas mit Hitze gemacht?")
    async with known.read() as tx:
        assert await tx.inbox.count() == {"done": 5}
    clock.advance(minutes=61)
    assert not says("limit.questions", await anna.says("Wer hat etwas mit Hitze gemacht?"))


class Editable(FakeChannel):
    edits_in_place = True


async def test_edited_questions_count_toward_the_limit(known: Store, tmp_path: Path) -> None:
    channel = Editable()
    async with running_bot(known, HashEmbedder(), [channel], tmp_path, limits={"questions_per_hour": 2}) as bot:
        anna = channel.person("anna")
        await anna.says("Wer hat Mobilitätsprojekte gemacht?")
        await anna.changes("Wer hat etwas mit Hitze gemacht?")
        await settled(bot)
        assert len(channel.delivered) == 2
        assert "2 Fragen" in await anna.says("LoRaWAN")


@pytest.mark.parametrize("bot", [{"limits": {"questions_per_hour": 0}}], indirect=True)
async def test_limit_of_zero_allows_any_number_of_questions(anna: Person) -> None:
    for number in range(4):
        assert not says("limit.questions", await anna.says(f"LoRaWAN {number}00"))


# ---------------------------------------------------------------------------------------------- what may break


async def test_failed_question_gets_a_neutral_answer_and_its_text_is_not_logged(
    known: Store, channel: FakeChannel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.set_up("INFO", "json")
    async with running_bot(known, MoodyEmbedder(), [channel], tmp_path) as bot:
        anna = channel.person("anna")
        assert SORRY["de"] in await anna.says("Wer macht bumm?")
        assert says("ask.found", await anna.says("Wer hat Mobilitätsprojekte gemacht?"))
        await settled(bot)
    logged = capsys.readouterr().err
    assert "message.failed" in logged
    assert anna.asked[0] in logged
    assert "bumm" not in logged
    assert not says("start", logged)
    assert "anna@stadt.example" not in logged
    structlog.reset_defaults()


async def test_hanging_model_does_not_delay_commands_of_other_users(
    known: Store, channel: FakeChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = MoodyEmbedder()
    async with running_bot(known, embedder, [channel], tmp_path):
        waiting = channel.person("anna")
        question = await waiting.writes("warte bitte auf den Rufbus")
        await embedder.hang.reached.wait()
        assert says("help", await channel.person("ben").says("!hilfe"))
        assert channel.answers_to(question) == 0
        embedder.hang.let_go.set()
        await channel.answer_to(question)


async def test_question_gets_an_error_answer_if_the_model_hangs_too_long(
    known: Store, channel: FakeChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "ANSWER_WITHIN_S", 0.01)
    async with running_bot(known, MoodyEmbedder(), [channel], tmp_path):
        assert SORRY["de"] in await channel.person("anna").says("warte bitte auf den Rufbus")


async def test_bot_shows_that_it_is_working_on_a_slow_answer(
    known: Store, channel: FakeChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typing_indicator, "AFTER_S", 0.0)
    embedder = MoodyEmbedder()
    async with running_bot(known, embedder, [channel], tmp_path):
        anna = channel.person("anna")
        question = await anna.writes("warte bitte auf den Rufbus")
        await embedder.hang.reached.wait()
        await channel.until(lambda: bool(channel.working_in))
        embedder.hang.let_go.set()
        await channel.answer_to(question)
    assert channel.working_in == [anna.conversation]


async def test_message_that_killed_the_process_repeatedly_is_quarantined(
    known: Store, channel: FakeChannel, tmp_path: Path
) -> None:
    anna = channel.person("anna")
    await _left_behind(known, anna, "Wer hat Mobilitätsprojekte gemacht?", attempts=handler.MAX_ATTEMPTS)
    await _left_behind(known, channel.person("ben"), "Wer macht Hitze?", attempts=handler.MAX_ATTEMPTS - 1)
    async with running_bot(known, HashEmbedder(), [channel], tmp_path) as bot:
        await settled(bot)
        assert b"stadtlotse_quarantined_total" in bot.metrics.exposition()
        assert b'stadtlotse_quarantined_total{channel="fake"} 1.0' in bot.metrics.exposition()
    async with known.read() as tx:
        assert await tx.inbox.count() == {"quarantined": 1, "done": 1}
    assert SORRY["de"] in "".join(_texts(channel, anna))
    assert len(channel.delivered) == 2


async def test_unreadable_stored_message_gets_an_error_answer(
    known: Store, channel: FakeChannel, tmp_path: Path
) -> None:
    anna = channel.person("anna")
    await _left_behind(known, anna, "x", attempts=0)
    async with known.begin() as tx:
        await tx.connection.exec_driver_sql("UPDATE inbox SET payload = NULL")
    async with running_bot(known, HashEmbedder(), [channel], tmp_path) as bot:
        await settled(bot)
    assert SORRY["de"] in "".join(_texts(channel, anna))


async def test_message_handled_by_another_process_meanwhile_has_no_second_effect(
    known: Store, channel: FakeChannel, tmp_path: Path
) -> None:
    embedder = MoodyEmbedder()
    async with running_bot(known, embedder, [channel], tmp_path) as bot:
        anna = channel.person("anna")
        await anna.writes("Wer wartet auf ein Freibad auf dem Mond?")
        await embedder.hang.reached.wait()
        async with known.begin() as tx:
            (row,) = await tx.inbox.waiting(["fake"], bot.leadership.process)
            await tx.connection.execute(update(inbox).where(inbox.c.seq == row.seq).values(state="done"))
        embedder.hang.let_go.set()
        await settled(bot)
        async with known.read() as tx:
            assert await tx.answers.open_questions() == []
            assert await tx.outbox.count() == {}
    assert channel.delivered == []


async def test_user_who_writes_again_is_reachable_again(bot: Bot, known: Store, anna: Person) -> None:
    await anna.says("!hilfe")
    async with known.begin() as tx:
        person = await tx.people.of_account("fake", "anna")
        assert isinstance(person, StoredPerson)
        await tx.people.switch_off(person.id, "fake")
    await anna.says("!hilfe")
    async with known.read() as tx:
        assert await tx.people.private_conversation("fake", "anna") == anna.conversation


async def _left_behind(store: Store, person: Person, text: str, attempts: int) -> None:
    """Store a message that an earlier process received, and tried to handle so many times."""
    await Intake(store)("fake", [person.inbound(text)])
    async with store.begin() as tx:
        last = select(func.max(inbox.c.seq)).scalar_subquery()
        await tx.connection.execute(update(inbox).where(inbox.c.seq == last).values(attempts=attempts))


def _texts(channel: FakeChannel, person: Person) -> list[str]:
    return [plain(m.document) for m in channel.delivered if m.address.conversation == person.conversation]


def test_counted_outcomes_match_the_text_keys_of_answers() -> None:
    source = "".join(path.read_text() for path in sorted(Path(answers.__file__).parent.glob("*.py")))
    kinds = "found|more|events|names|compared|nothing|not_sure|not_sure_there|only_[a-z]+"
    whole = set(re.findall(rf'"(ask\.(?:{kinds}))"', source))
    assert whole == set(handler.OUTCOMES)
