"""A question, its follow-ups, and what the bot stores of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.app import Bot
from bot.commands import to_text
from bot.commands.search import Show
from bot.features.search.answers import by_municipality
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot, settled
from tests.wording import says

MANY = "Wer hat was in Cottbus gemacht?"  # only a place, so its hits fill two pages with any vectors


async def test_first_line_of_an_answer_says_who(anna: Person) -> None:
    text = await anna.says("Wer hat etwas in Brandenburg gemacht?")
    assert re.match(r"Cottbus/Chóśebuz \(\d+\), \w+", text)
    numbers = [line.split(".")[0] for line in text.splitlines() if line[:1].isdigit()]
    assert numbers == ["1", "2", "3", "4", "5"]


async def test_hits_of_a_what_question_are_one_list_with_the_place_in_each_entry(anna: Person) -> None:
    text = await anna.says("Projekte zur Mobilität in Cottbus")
    first = text[text.index("1. ") :].splitlines()[1]
    assert "Cottbus" in first


async def test_hit_shows_its_quote_and_the_host_of_its_source(anna: Person) -> None:
    text = await anna.says("Wer hat etwas mit Verkehrszählung gemacht?")
    assert "„" in text
    assert "kommune21.de" in text
    assert "https://" not in text
    assert "@" not in text


async def test_question_for_the_responsible_role_shows_it(anna: Person) -> None:
    assert says("ask.role", await anna.says("Wer ist zuständig für Verkehrszählung?"))


async def test_quote_in_another_language_is_marked_as_the_original(anna: Person) -> None:
    assert says("ask.entry_original", await anna.says("Who did mobility projects?"), "en")
    assert "Im Original" not in await anna.says("Wer hat Mobilitätsprojekte gemacht?")


async def test_uncertain_answer_says_so_and_suggests_how_to_ask(anna: Person) -> None:
    text = await anna.says("Wer hat in Wien einen Zeppelin gebaut?")
    assert says("ask.not_sure_there", text)


@pytest.mark.parametrize(
    ("question", "nothing", "elsewhere"),
    [
        ("Wer hat was gegen Hitze in Guben?", "Aus Guben ist mir dazu nichts bekannt.", "Anderswo gibt es:"),
        ("Who has a plan for heat in Guben?", "I know of nothing on this from Guben.", "Elsewhere there is:"),
        ("Kto ma w Guben plan na upały?", "Guben: nic nie wiem na ten temat.", "Gdzie indziej:"),
    ],
)
async def test_answer_says_so_if_only_other_places_have_hits(
    anna: Person, question: str, nothing: str, elsewhere: str
) -> None:
    text = await anna.says(question)
    assert text.startswith(nothing)
    before, _, after = text.partition(elsewhere)
    assert "1. " in after
    assert "1. " not in before
    assert "Guben\n" not in after
    assert [command for command in anna.sees() if command.startswith("show ")]


async def test_hits_of_other_places_follow_marked_with_continued_numbers(anna: Person) -> None:
    await anna.says("Wer hat in Cottbus was gegen Hitze gemacht?")
    text = await anna.says("und in Potsdam?")
    here, _, elsewhere = text.partition("Anderswo:")
    assert "1. Cooling Points" in here
    assert "Berlin\n" not in here
    number = elsewhere.split(". Smart Water")[0].split("\n")[-1]
    assert f"\n{int(number) - 1}. " in here
    assert (await anna.says(number)).startswith("Smart Water")
    assert says("more.no_more", await anna.says("mehr"))


@pytest.mark.parametrize(
    ("question", "nothing"),
    [
        ("Gibt es in Guben ein Freibad?", "Aus Guben kenne ich dazu keinen sicheren Treffer."),
        ("Is there an outdoor pool in Guben?", "I know of no certain match for this from Guben."),
        ("Czy w Guben jest basen odkryty?", "Guben: nie mam na ten temat nic pewnego."),
    ],
)
async def test_uncertain_answer_about_a_place_names_the_place(anna: Person, question: str, nothing: str) -> None:
    assert (await anna.says(question)).startswith(nothing)


@pytest.mark.parametrize(
    ("question", "nothing", "past", "day"),
    [
        ("Wann ist das nächste Treffen?", "Einen kommenden Termin kenne ich nicht", "vorbei", "30. August 2021"),
        ("When is the next meeting?", "I know of no upcoming event", "past", "August 30, 2021"),
        ("Kiedy jest następne spotkanie?", "Nie znam żadnego nadchodzącego wydarzenia", "minęło", "30 sierpnia 2021"),
    ],
)
async def test_past_events_are_marked_as_past(
    known: Store, anna: Person, question: str, nothing: str, past: str, day: str
) -> None:
    text = await anna.says(question)
    assert text.startswith(nothing)
    assert f"{day} · Berlin / Brandenburg · {past}" in text
    assert anna.last is not None
    assert [choice.number for choice in anna.last.choices if choice.number] == []
    async with known.read() as tx:
        assert await tx.answers.open_questions() == []


async def test_upcoming_events_come_before_projects(known: Store, channel: FakeChannel, tmp_path: Path) -> None:
    soon = {
        "id": "soon",
        "title": "Treffen der Kommunen",
        "start": "2026-12-01",
        "end": "2026-12-02",
        "url": "https://a.example",
    }
    async with known.begin() as tx:
        await tx.records.edit(
            RecordKind.EVENT, "soon", soon | {"municipality": "Potsdam", "text": "Offen für <b>alle</b>."}
        )
    async with running_bot(known, HashEmbedder(), [channel], tmp_path) as bot:
        anna = channel.person("anna")
        text = await anna.says("Wann ist das nächste Treffen in Potsdam?")
        first, _, projects = text.partition("Treffen der Kommunen")
        assert first == "Kommende Termine:\n\n"
        assert projects.startswith(
            "\n1. Dezember 2026 – 2. Dezember 2026 · Potsdam · https://a.example\n„Offen für <b>alle</b>.“"
        )
        assert anna.last is not None
        numbers = [choice.number for choice in anna.last.choices if choice.number]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) == sum(f"\n{number}. " in projects for number in numbers)
        await settled(bot)


async def test_more_command_continues_the_numbers_until_all_hits_are_shown(anna: Person) -> None:
    await anna.says(MANY)
    shown = 5
    while "more" in anna.sees():
        text = await anna.presses("more")
        numbers = [int(line.split(".")[0]) for line in text.splitlines() if line[:1].isdigit() and ". " in line[:5]]
        assert numbers[0] == shown + 1
        shown = numbers[-1]
    assert says("more.no_more", await anna.says("mehr"))
    assert says("show.source", await anna.says(str(shown)))


async def test_next_page_shows_no_project_again(anna: Person) -> None:
    await anna.says(MANY)
    first = {command for command in anna.sees() if command.startswith("show ")}
    await anna.says("mehr")
    second = {command for command in anna.sees() if command.startswith("show ")}
    assert second
    assert not first & second


@pytest.mark.parametrize("text", ["2", "das zweite", "!zeige 2", "the second one", "drugi"])
async def test_user_opens_a_project_by_its_number(anna: Person, text: str) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    second = anna.hears().split("\n2. ")[1].splitlines()[0]
    assert (await anna.says(text)).startswith(second)


async def test_user_opens_the_last_project_of_a_page_in_words(anna: Person) -> None:
    await anna.says(MANY)
    fifth = anna.hears().split("\n5. ")[1].splitlines()[0]
    assert (await anna.says("das letzte")).startswith(fifth)


async def test_number_or_more_without_a_matching_question_is_refused(anna: Person) -> None:
    assert "Nummer 3" in await anna.says("3")
    assert says("more.nothing_before", await anna.says("mehr"))
    assert says("show.not_found", await anna.says("!zeige nirgends"))
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    assert "Nummer 77" in await anna.says("77")


async def test_command_of_a_button_shows_the_project(anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    show = next(command for command in anna.sees() if command.startswith("show "))
    assert says("show.source", await anna.presses(show))


@pytest.mark.parametrize(
    ("query", "texts"), [(None, []), ({}, []), ({"connect": "0" * 64}, []), ({"texts": ["Mobilität"]}, ["Mobilität"])]
)
async def test_follow_up_continues_only_an_earlier_question(
    bot: Bot, known: Store, anna: Person, query: dict[str, object] | None, texts: list[str]
) -> None:
    """The last message may be no question: the user opened a link, or subscribed."""
    await anna.says("!hilfe")
    async with known.begin() as tx:
        person = await tx.people.of_account("fake", "anna")
        assert person
        await tx.people.remember(("fake", anna.conversation, "", person.id), query, None, [])
    assert (says("more.nothing_before", await anna.says("mehr"))) is not bool(texts)
    first = (await anna.says("und in Cottbus?")).split("\n\n")[0]
    assert "Cottbus" in first
    assert ("Mobilität" in first) is bool(texts)


@pytest.mark.parametrize("polite", ["Hallo", "Danke!", "Dzień dobry", "thanks"])
async def test_polite_words_are_not_stored_as_an_unanswered_question(known: Store, anna: Person, polite: str) -> None:
    assert await anna.says(polite)
    async with known.read() as tx:
        assert await tx.answers.open_questions() == []


@pytest.mark.parametrize(
    ("bot", "seen"), [({"editors": ""}, False), ({"editors": "fake:erika"}, True)], indirect=["bot"]
)
async def test_answer_without_hits_mentions_editors_only_if_there_are_any(anna: Person, seen: bool) -> None:
    assert (says("ask.noted", await anna.says("Freibad in Hamburg?"))) is seen


async def test_follow_up_keeps_the_topic_of_the_question_before(anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    text = await anna.says("und in Cottbus?")
    assert "Mobilität" in text
    assert "Cottbus" in text


async def test_context_of_a_question_expires_after_half_an_hour(anna: Person, clock: FixedClock) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    clock.advance(minutes=29)
    assert says("show.source", await anna.says("1"))
    clock.advance(minutes=31)
    assert says("more.nothing_before", await anna.says("mehr"))
    assert "Nummer 1" in await anna.says("1")
    assert "Mobilität und Verkehr" not in (await anna.says("und in Cottbus?")).split("\n\n")[0]


async def test_users_in_the_same_room_have_separate_contexts(channel: FakeChannel, bot: Bot) -> None:
    anna, ben = channel.person("anna", room="!r"), channel.person("ben", room="!r")
    await anna.says(MANY)
    assert says("more.nothing_before", await ben.says("!mehr"))
    assert says("ask.more", await anna.says("!mehr"))


async def test_unanswered_question_is_stored_without_asker_and_contact_data(
    bot: Bot, known: Store, anna: Person
) -> None:
    await anna.says("Freibad in Hamburg? Antwort an stelle@stadt.example oder 0331 1234567")  # a place without projects
    async with known.read() as tx:
        (question,) = await tx.answers.open_questions()
        rows = await tx.connection.exec_driver_sql("SELECT * FROM unanswered")
        columns = set(rows.keys())
    assert question.text == "Freibad in Hamburg? Antwort an [e-mail] oder [tel.]"
    assert not columns & {"person_id", "user_id", "conversation"}


async def test_text_of_a_question_is_stored_only_in_the_context_for_follow_ups(
    bot: Bot, known: Store, anna: Person
) -> None:
    await anna.says("Wer hat Zeppelinprojekte gemacht?")
    await settled(bot)
    async with known.read() as tx:
        for table in ("inbox", "outbox", "person", "account", "answer", "feedback"):
            rows = await tx.connection.exec_driver_sql(f"SELECT * FROM {table}")
            assert not [row for row in rows if "zeppelin" in str(row).lower()], table


async def test_user_can_rate_the_last_answer_by_command(bot: Bot, known: Store, anna: Person) -> None:
    assert says("rate.nothing", await anna.says("!hilfreich"))
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    assert "freut" in await anna.says("!hilfreich")
    assert says("rate.useless", await anna.says("!unpassend"))
    assert says("rate.nothing", await anna.says("!hilfreich 0000"))


async def test_project_id_that_is_a_number_does_not_collide_with_hit_numbers(
    known: Store, channel: FakeChannel, tmp_path: Path
) -> None:
    table = tmp_path / "projects.csv"
    table.write_text("id,title,text\n2,Zeppelinhafen,Ein Zeppelin über der Stadt\n7,Ballon,Ein Ballon\n")
    await import_files(known, [table])
    async with running_bot(known, HashEmbedder(), [channel], tmp_path):
        anna = channel.person("anna")
        await anna.says("Wer hat einen Zeppelin über der Stadt?")
        assert anna.hears().split("\n1. ")[1].startswith("Zeppelinhafen")
        assert (await anna.says("1")).startswith("Zeppelinhafen")
        assert (await anna.says("!zeige =7")).startswith("Ballon")


def test_show_command_marks_an_id_that_looks_like_a_number() -> None:
    assert [to_text(Show(f"project:{name}")) for name in ("bb-x", "12", "=a")] == ["show bb-x", "show =12", "show ==a"]


def test_grouping_of_no_hits_is_empty() -> None:
    assert by_municipality(()) == ()


HOSTILE = [
    "<b>x</b>",
    "@room ping",
    "[a](https://evil.example)",
    "{title}",
    "\u202egnp.exe",
    "%s %d",
    "'; DROP TABLE x; --",
]


@pytest.mark.parametrize(
    "text", [*HOSTILE, "\0\0", "\ud800", "🙃" * 500, "a " * 20_000, "\n\n\n", "…", "!zeige \u202e"]
)
async def test_every_text_gets_an_answer_without_an_error(anna: Person, text: str) -> None:
    assert await anna.says(text)
    assert not says("error.sorry", anna.hears())
