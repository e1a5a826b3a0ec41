"""Weekly digests as users see them: subscribing, getting one, reading on, pausing, unsubscribing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.channels.port import Desk, TryLaterError, UnclearError, UndeliverableError
from bot.features.digests import job as weekly
from bot.messages import Address, Happening
from bot.messages.markup import plain
from knowledge_base.codec import to_body
from knowledge_base.model import Contact, Event, Project, Record, RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.digests import DigestStatus
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot, settled
from tests.introducing import SETTINGS
from tests.wording import says

MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # 08:00 in Berlin; the clock of the tests begins a week earlier


class DeskChannel(FakeChannel):
    """A network with buttons."""

    def serve_from(self, desk: Desk) -> None:
        """A channel with this method has buttons."""


async def edit(store: Store, *records: Record) -> None:
    """An editor's work."""
    kinds = {Project: RecordKind.PROJECT, Contact: RecordKind.CONTACT, Event: RecordKind.EVENT}
    async with store.begin() as tx:
        for record in records:
            await tx.records.edit(kinds[type(record)], record.id, to_body(record))


def a_project(name: str = "bus", **fields: Any) -> Project:
    values: dict[str, Any] = {
        "id": f"neu-{name}", "title": f"Projekt {name}", "text": f"Ein Rufbus namens {name} fährt nach Bedarf.",
        "municipality": "Cottbus/Chóśebuz", "topics": ("Mobilität",), "contact_role": "Stabsstelle Smart City",
        "url": f"https://stadt.example/{name}", "licence": "CC0-1.0",
    }  # fmt: skip
    return Project(**(values | fields))


async def comes(bot: Bot, clock: FixedClock, at: datetime = MONDAY) -> list[Any]:
    """Set the clock; the bot sends the digests that are due."""
    clock.moment = at
    outcomes = await bot.digests.make_due(at)
    await settled(bot)
    return outcomes


def digests_in(channel: FakeChannel, conversation: str = "chat-of-anna") -> list[str]:
    return [plain(m.document) for m in channel.delivered if m.bulk and m.address.conversation == conversation]


async def test_user_subscribes_in_one_line_and_gets_the_digest_of_a_week_once(
    bot: Bot, known: Store, channel: FakeChannel, anna: Person, clock: FixedClock
) -> None:
    answer = await anna.says("!subscribe mobility climate")
    assert "Monday, 8:00" in answer
    assert "Monday, 30 November 2026, 08:00" in answer
    clock.advance(days=2)
    await edit(known, a_project())
    (outcome,) = await comes(bot, clock)
    assert (outcome.state, str(outcome.week), outcome.items[0]) == ("queued", "2026-W49", "project:neu-bus")
    (text,) = digests_in(channel)
    assert "Projekt bus" in text
    assert "https://stadt.example/bus" in text
    for _ in range(3):
        assert [outcome.reason for outcome in await comes(bot, clock)] == ["served"]
    assert len(digests_in(channel)) == 1


async def test_user_subscribes_in_a_dialogue_of_topics_region_time_and_language(
    bot: Bot, anna: Person, known: Store
) -> None:
    assert "1. Mobilität" in await anna.says("!abo")
    assert "Bisher: noch keine" in anna.hears()
    assert says("subscribe.add", await anna.says("1"))
    assert "Mobilität und Verkehr · Gesundheit und Pflege" in await anna.says("Gesundheit")
    assert says("subscribe.region", await anna.presses("subscribe region"))
    assert says("subscribe.day", await anna.says("Cottbus und Nachbarn, Sachsen"))
    assert says("subscribe.language", await anna.says("Donnerstag 16 Uhr"))
    done = await anna.says("1")
    for part in (
        "Mobilität und Verkehr · Gesundheit und Pflege",
        "Cottbus/Chóśebuz und Nachbarn · Sachsen",
        "Donnerstag, 16 Uhr",
        "Deutsch",
    ):
        assert part in done
    assert "Donnerstag, 26. November 2026" in done


async def test_dialogue_repeats_its_question_for_unknown_words_and_answers_a_question(anna: Person) -> None:
    await anna.says("!abo")
    assert "kenne ich nicht: Quantenzauberei" in await anna.says("Quantenzauberei")
    assert says("subscribe.region", await anna.says("Energie"))
    assert "kenne ich nicht: Atlantis" in await anna.says("Atlantis")
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    assert anna.last is not None
    assert says("ask.found", anna.hears())
    assert "subscribe" not in anna.hears()


async def test_user_can_show_settings_pause_and_unsubscribe_in_their_own_words(anna: Person) -> None:
    assert "!abo" in await anna.says("!abo einstellungen")  # nothing is subscribed to yet
    await anna.says("!abo Mobilität")
    for words in ("!abo einstellungen", "!subscribe settings", "digest settings", "Wochenbrief Einstellungen"):
        assert "Montag, 8 Uhr" in await anna.says(words) or "Monday, 8:00" in anna.hears()
    assert "Pause" in await anna.says("!abo pause 4 Wochen")
    assert says("unsubscribe.done", await anna.says("Bitte den Wochenbrief abbestellen"))


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("!wochenbrief einstellungen freitags mittags", "Freitag, 12 Uhr"),
        ("!wochenbrief dienstags um 18 Uhr", "Dienstag, 18 Uhr"),
        ("!wochenbrief einstellungen tag mittwoch 9", "Mittwoch, 9 Uhr"),
        ("!wochenbrief einstellungen bitte", "Montag, 8 Uhr"),
        ("!wochenbrief 3", "Montag, 8 Uhr"),
    ],
)
async def test_time_written_behind_the_settings_is_set(anna: Person, words: str, when: str) -> None:
    await anna.says("!abo Mobilität")
    assert when in await anna.says(words)


async def test_time_behind_the_settings_that_is_no_full_hour_is_asked_back(anna: Person) -> None:
    await anna.says("!abo Mobilität")
    assert says("subscribe.full_hour", await anna.says("!wochenbrief einstellungen freitags um halb acht"))
    assert "Montag, 8 Uhr" in await anna.says("!wochenbrief einstellungen")


async def test_digest_without_news_is_sent_only_if_the_user_asked_for_it(
    bot: Bot, anna: Person, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Abfall")
    await comes(bot, clock)
    first = len(digests_in(channel))
    (outcome,) = await comes(bot, clock, datetime(2026, 12, 7, 7, tzinfo=UTC))
    assert (outcome.state, outcome.reason) == ("skipped", "nothing_new")
    assert len(digests_in(channel)) == first
    assert says("digest.sign_of_life_on", await anna.says("!wochenbrief lebenszeichen an"))
    (outcome,) = await comes(bot, clock, datetime(2026, 12, 14, 7, tzinfo=UTC))
    assert outcome.state == "queued"
    assert says("digest.sign_of_life", digests_in(channel)[-1])


async def test_number_opens_that_entry_of_the_digest_hours_later(
    bot: Bot, anna: Person, known: Store, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(known, a_project(), a_project("rad", title="Radweg", text="Ein Radweg."))
    await comes(bot, clock)
    clock.advance(hours=9)
    assert "Projekt bus" in await anna.says("1")
    assert anna.sees()[-2:] == ["useful project:neu-bus", "useless project:neu-bus"]
    assert "freut" in await anna.presses("useful project:neu-bus")
    assert "Danke" in await anna.says("!unpassend 2")
    async with known.read() as tx:
        rows = await tx.connection.exec_driver_sql("SELECT item, useful FROM entry_feedback ORDER BY item")
        assert [(row[0], bool(row[1])) for row in rows] == [("project:neu-bus", True), ("project:neu-rad", False)]


async def test_user_opens_a_contact_and_an_event_of_a_digest_without_contact_data(
    bot: Bot, anna: Person, known: Store, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(
        known,
        Contact(id="c1", role="Mobilitätsbüro", municipality="Cottbus/Chóśebuz", email="rad@stadt.example",
                phone="0355 1234567", topics=("Mobilität",), legal_basis="consent", projects=("bb-cottbus",)),
        Event(id="e1", title="Werkstatt Rufbus", start="2026-12-03", end="2026-12-03", topics=("Mobilität",),
              municipality="Cottbus/Chóśebuz", url="https://stadt.example/werkstatt"),
    )  # fmt: skip
    (outcome,) = await comes(bot, clock)
    keys = [key for key in outcome.items if not key.startswith("project:")]
    assert keys == ["event:e1", "contact:c1"]
    for key in keys:
        shown = await anna.says(str(outcome.items.index(key) + 1))
        assert "Rufbus" in shown or "Mobilitätsbüro" in shown
        assert "rad@stadt.example" not in shown
        assert "1234567" not in shown


async def test_digest_shown_on_demand_does_not_replace_the_weekly_one(
    bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(known, a_project())
    assert "Projekt bus" in await anna.says("!wochenbrief")
    (outcome,) = await comes(bot, clock)
    assert "project:neu-bus" in outcome.items
    assert "Projekt bus" in await anna.says("!wochenbrief")  # who lost it can see it again


async def runs(store: Store) -> list[tuple[str, str]]:
    async with store.read() as tx:
        rows = await tx.connection.exec_driver_sql("SELECT week, state FROM digest_run ORDER BY week")
        return [(row[0], row[1]) for row in rows]


async def waiting(store: Store) -> int:
    """How many digests wait to be sent."""
    async with store.read() as tx:
        rows = await tx.connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE urgency = 2 AND state = 'new'")
        return int(rows.scalar_one())


@pytest.mark.parametrize("words", ["!abbestellen", "!pause wochenbrief 28", "!loeschen ja"])
async def test_waiting_digest_is_not_sent_after_the_user_unsubscribes_pauses_or_erases(
    words: str, known: Store, tmp_path: Path, clock: FixedClock
) -> None:
    channel = FakeChannel()
    async with running_bot(known, HashEmbedder(), [channel], tmp_path) as bot:
        anna = channel.person("anna")
        await anna.says("!abo Mobilität")
        channel.faults.append(TryLaterError("the network is away", after=timedelta(hours=1)))
        clock.moment = MONDAY
        await bot.digests.make_due(MONDAY)
        await settled(bot)
        assert await waiting(known) == 1
        await anna.says(words)
        clock.advance(hours=2)
        await settled(bot)
        assert digests_in(channel) == []
        assert await waiting(known) == 0
        assert await bot.digests.make_due(clock.moment) == [] or (await runs(known))[-1][1] == DigestStatus.WITHDRAWN


async def test_digest_that_still_waits_after_a_week_is_merged_into_the_next_one(
    bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(known, a_project())
    channel.faults.append(TryLaterError("the network is away", after=timedelta(days=20)))
    await comes(bot, clock)
    assert digests_in(channel) == []
    (outcome,) = await comes(bot, clock, MONDAY + timedelta(days=7))
    assert "project:neu-bus" in outcome.items
    assert await runs(known) == [("2026-W49", DigestStatus.WITHDRAWN), ("2026-W50", DigestStatus.QUEUED)]
    assert len(digests_in(channel)) == 1


async def test_user_who_blocked_the_bot_gets_no_digest_before_subscribing_again(
    bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    channel.faults.append(UndeliverableError("blocked", gone=True))
    await comes(bot, clock)
    assert await comes(bot, clock, MONDAY + timedelta(days=7)) == []
    assert "hilfe" in await anna.says("!start")
    assert await comes(bot, clock, MONDAY + timedelta(days=14)) == []
    assert says("subscribe.done", await anna.says("!abo wieder"))
    (outcome,) = await comes(bot, clock, MONDAY + timedelta(days=21))
    assert outcome.state == "queued"
    assert len(digests_in(channel)) == 1


async def test_digest_with_unclear_delivery_is_not_sent_again_and_can_be_shown(
    bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(known, a_project())
    channel.faults.append(UnclearError("no confirmation"))
    await comes(bot, clock)
    await comes(bot, clock, MONDAY + timedelta(hours=1))
    assert await runs(known) == [("2026-W49", DigestStatus.UNCLEAR)]
    assert digests_in(channel) == []
    async with known.read() as tx:
        assert [message.urgency.name for message in await tx.doubtful.all()] == ["BULK"]
    assert "Projekt bus" in await anna.says("!wochenbrief")


@pytest.mark.parametrize(("state", "goodbye"), [("unclear", ""), ("unclear", "!abbestellen"), ("held", "!abbestellen")])
async def test_admin_resends_a_doubtful_digest_only_to_a_user_who_is_still_subscribed(
    state: str, goodbye: str, bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    channel.faults.append(UnclearError("no confirmation"))
    await comes(bot, clock)
    async with known.begin() as tx:
        (doubtful,) = await tx.doubtful.all()
        await tx.connection.exec_driver_sql(f"UPDATE outbox SET state = '{state}' WHERE state = 'unclear'")
    if goodbye:
        await anna.says(goodbye)
    async with known.begin() as tx:
        assert await tx.doubtful.decide(doubtful.id, repeat=True) == (0 if goodbye else 1)
    bot.wake_senders()
    await settled(bot)
    await comes(bot, clock, MONDAY + timedelta(hours=1))
    assert len(digests_in(channel)) == (0 if goodbye else 1)
    assert await runs(known) == [("2026-W49", DigestStatus.WITHDRAWN if goodbye else DigestStatus.SENT)]


async def test_room_admin_can_subscribe_and_unsubscribe_the_room_but_a_member_cannot(
    bot: Bot, known: Store, channel: FakeChannel
) -> None:
    ben = channel.person("ben", room="!team")
    assert says("subscribe.admins_only", await ben.says("!abo Mobilität"))
    channel.admins.add(("!team", "ben"))
    assert says("digest.into_room", await ben.says("!abo Mobilität"))
    assert says("subscribe.admins_only", await channel.person("ben", room="!other").says("!abo Mobilität"))
    channel.admins.clear()
    assert says("subscribe.admins_only", await ben.says("!abbestellen"))


async def test_admin_of_the_bot_can_subscribe_and_unsubscribe_a_room(
    bot: Bot, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    assert says("subscribe.admins_only", await channel.person("anna", room="!team").says("!abo Mobilität"))
    ada = channel.person("ada", room="!team")
    assert says("subscribe.room", await ada.says("!abo"))
    assert says("digest.into_room", await ada.says("!abo Mobilität, Energie"))
    clock.advance(days=1)
    await edit(known, a_project())
    await comes(bot, clock)
    (text,) = digests_in(channel, "!team")
    assert says("digest.howto.room", text)
    assert "Projekt bus" in await channel.person("anna", room="!team").says("!zeige 1")
    assert says("subscribe.admins_only", await channel.person("anna", room="!team").says("!abbestellen"))
    assert says("unsubscribe.done", await ada.says("!abbestellen"))
    assert await comes(bot, clock, MONDAY + timedelta(days=7)) == []


async def test_room_that_removed_the_bot_gets_no_digest(
    bot: Bot, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    ada = channel.person("ada", room="!team")
    await ada.says("!abo alles")
    await channel.hands_over(ada.inbound(happening=Happening.LEFT))
    await settled(bot)
    assert await comes(bot, clock) == []


async def test_editor_previews_a_digest_and_adds_a_note_that_is_sent_once(
    bot: Bot, anna: Person, erika: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=6)
    assert says("editors_only", await anna.says("!wochenbrief vorwort Hallo"))
    assert "Hallo" in await erika.says("!wochenbrief vorwort Hallo zusammen, am Freitag ist Netzwerktreffen.")
    preview = await erika.says("!wochenbrief vorschau")
    assert "Netzwerktreffen" in preview
    assert "Abonnements: 1" in preview
    await comes(bot, clock)
    assert "Die Redaktion: Hallo zusammen" in digests_in(channel)[0]
    await edit(known, a_project())
    await comes(bot, clock, MONDAY + timedelta(days=7))
    assert "Die Redaktion" not in digests_in(channel)[1]


async def test_editors_see_feedback_on_entries_as_sums_of_at_least_five_people(
    bot: Bot, known: Store, channel: FakeChannel, erika: Person, clock: FixedClock
) -> None:
    people = [channel.person(f"p{number}") for number in range(5)]
    for person in people:
        await person.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(known, a_project())
    await comes(bot, clock)
    for person in people[:4]:
        await person.says("!hilfreich project:neu-bus")
        await person.says("!hilfreich project:neu-bus")
    assert says("questions.few_feedback", await erika.says("!wochenbrief vorschau"))
    await people[4].says("!unpassend project:neu-bus")
    shown = await erika.says("!wochenbrief vorschau")
    assert "hilfreich 4, unpassend 1" in shown
    assert not any(person.name in shown for person in people)


@pytest.mark.parametrize("bot", [{"digests": {"first_send": 2}}], indirect=True)
async def test_digests_to_many_new_subscribers_wait_until_an_admin_releases_them(
    bot: Bot, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    people = [channel.person(f"p{number}") for number in range(3)]
    for person in people:
        await person.says("!abo Mobilität")
    ada = channel.person("ada")
    await ada.says("!start")
    clock.moment = MONDAY
    for _ in range(3):
        await weekly.look(bot.digests, known, bot._alerts)
    await settled(bot)
    messages = [plain(m.document) for m in channel.delivered if m.address.conversation == "chat-of-ada"]
    assert sum("an 3 Empfänger" in text for text in messages) == 1
    assert not any(m.bulk for m in channel.delivered)
    assert says("admins_only", await people[0].says("!wochenbrief freigeben"))
    assert says("digest.approved", await ada.says("!wochenbrief freigeben"))
    await weekly.look(bot.digests, known, bot._alerts)
    await settled(bot)
    assert sum(m.bulk for m in channel.delivered) == 3


async def test_digest_offers_once_to_drop_a_topic_that_the_user_never_opens(
    bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität, Gesundheit")
    offers = []
    for week in range(9):
        await edit(known, a_project(f"m{week}"), a_project(f"g{week}", topics=("Gesundheit",)))
        await comes(bot, clock, MONDAY + timedelta(weeks=week))
        await anna.says(f"!zeige neu-m{week}")
        offers.append(says("digest.bored", digests_in(channel)[-1]))
    assert offers == [False] * 6 + [True, False, False]
    assert "Gesundheit und Pflege" in next(text for text in digests_in(channel) if says("digest.bored", text))
    assert "Gesundheit" not in await anna.says("!wochenbrief drop health")


async def test_unsubscribe_button_of_a_digest_still_works_after_a_week(
    known: Store, tmp_path: Path, clock: FixedClock
) -> None:
    channel = DeskChannel()
    async with running_bot(known, HashEmbedder(), [channel], tmp_path) as bot:
        anna = channel.person("anna")
        await anna.says("!abo Mobilität")
        await comes(bot, clock)
        (digest,) = [m for m in channel.delivered if m.bulk]
        assert all(choice.handle for choice in digest.choices)
        clock.advance(days=7)
        (button,) = [choice for choice in digest.choices if choice.command == "unsubscribe"]
        pressed = anna.inbound(button.handle, happening=Happening.PRESSED, at=clock.moment)
        await channel.hands_over(pressed)
        assert says("unsubscribe.done", plain((await channel.answer_to(pressed.id)).document))
        assert await comes(bot, clock, MONDAY + timedelta(days=7)) == []


async def test_region_my_municipality_requires_the_municipality_of_the_user(anna: Person) -> None:
    await anna.says("!abo Mobilität")
    assert says("digest.near_unknown", await anna.says("!wochenbrief gegend meine Kommune und Nachbarn"))
    await anna.says("!profil kommune Cottbus")
    assert not says("digest.near_unknown", await anna.says("!wochenbrief einstellungen"))


async def test_user_who_did_not_subscribe_gets_no_digest(
    bot: Bot, anna: Person, known: Store, clock: FixedClock
) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    clock.advance(days=1)
    await edit(known, a_project())
    assert await comes(bot, clock) == []


@pytest.mark.parametrize(("late", "weeks"), [(5.9, ["2026-W49", "2026-W50"]), (6.1, ["2026-W50"])])
async def test_bot_back_after_days_sends_the_missed_digest_or_merges_it_into_the_next(
    late: float, weeks: list[str], bot: Bot, anna: Person, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await anna.says("!abo Mobilität")
    clock.advance(days=1)
    await edit(known, a_project())
    clock.moment = MONDAY + timedelta(days=late)
    for chore in bot._ticker._chores:  # the first tick after it came back
        await chore()
    await edit(known, a_project("rad"))
    await comes(bot, clock, MONDAY + timedelta(days=7))
    assert [week for week, _ in await runs(known)] == weeks
    messages = digests_in(channel)
    assert len(messages) == len(weeks)
    assert sum("Projekt bus" in text for text in messages) == 1
    assert "Projekt rad" in messages[-1]


async def test_room_keeps_its_digest_when_the_network_changes_the_id_of_the_room(
    bot: Bot, known: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    ada = channel.person("ada", room="!team")
    await ada.says("!abo Mobilität")
    moved = replace(ada.inbound(happening=Happening.MOVED), address=Address(channel.name, "!new"), refers_to="!team")
    await channel.hands_over(moved)
    await settled(bot)
    await comes(bot, clock)
    assert digests_in(channel, "!team") == []
    assert len(digests_in(channel, "!new")) == 1


async def test_user_can_request_an_introduction_to_a_contact_in_a_digest(
    known: Store, tmp_path: Path, clock: FixedClock
) -> None:
    office = Contact(id="c1", role="Pflegestützpunkt", municipality="Cottbus/Chóśebuz", email="pflege@stadt.example",
                     topics=("Gesundheit",), legal_basis="consent", projects=("bb-cottbus",),
                     source="https://stadt.example/pflege")  # fmt: skip
    channel = FakeChannel("matrix")
    async with running_bot(known, HashEmbedder(), [channel, FakeChannel("email")], tmp_path, **SETTINGS) as bot:
        anna = channel.person("anna")
        await anna.says("!abo Gesundheit")
        clock.advance(days=1)
        await edit(known, office)
        await bot.services.search.refresh()
        (outcome,) = await comes(bot, clock)
        number = outcome.items.index("contact:c1") + 1
        messages = digests_in(channel)[-1]
        assert office.source in messages
        assert office.email not in messages
        (digest,) = [message for message in channel.delivered if message.bulk]
        assert f"intro {number}" in [choice.command for choice in digest.choices]
        assert says("profile.ask_name", await anna.says(f"!kontakt {number}"))  # the first step to an introduction
