"""T14: a user tries to copy the whole collection during a day, in every possible way. The daily limit stops the user,
the bot tells the admins once, and no message on the way holds contact data.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.app import Bot
from bot.features.search import daily_limit
from bot.messages.markup import plain
from knowledge_base.ingest.importer import import_files
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot, settled
from tests.introducing import SETTINGS

PROJECTS, LIMIT, MUCH, PAGE, ADMIN = 120, 24, 20, 5, "@admin:lotse.example"
HOURS, STEP = 16, timedelta(minutes=89)  # together a little less than a day
IN_AN_HOUR = 4  # messages; three hours are a round of all ways
TOPICS = ("Mobilität", "Hitze", "Wasser", "Bildung", "Gesundheit", "Energie", "Verwaltung", "Katastrophenschutz")
TOWNS = ("Adorf", "Bedorf")
MARKED = ("qxmail", "7391846", "qxmatrix", "qxperson")


def records() -> Iterator[dict[str, Any]]:
    for number, (town, topic) in zip(range(PROJECTS), itertools.cycle(itertools.product(TOWNS, TOPICS)), strict=False):
        yield {
            "record": "project", "id": f"p-{number}", "title": f"Vorhaben {number} zu {topic}", "municipality": town,
            "text": f"{town} hat mit Vorhaben {number} etwas zu {topic} gemacht.", "topics": [topic],
            "contact_role": "Stabsstelle", "licence": "CC BY 4.0", "url": f"https://dorf.example/{number}",
        }  # fmt: skip
        yield {
            "record": "contact", "id": f"c-{number}", "role": "Stabsstelle", "municipality": town,
            "email": f"qxmail{number}@dorf.example", "phone": "+49 355 7391846", "name": "Qxperson",
            "matrix_id": f"@qxmatrix{number}:dorf.example", "projects": [f"p-{number}"],
            "legal_basis": "public_function", "source": "https://dorf.example",
        }  # fmt: skip


@pytest.fixture
def log_lines() -> Iterator[list[dict[str, Any]]]:
    before = structlog.get_config()
    with structlog.testing.capture_logs() as lines:
        yield lines
    structlog.configure(**before)


@pytest.fixture
async def bot_and_network(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Bot, FakeChannel]]:
    monkeypatch.setattr(daily_limit, "AT_LEAST", MUCH)  # of so few projects
    file = tmp_path / "knowledge.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records()))
    await import_files(sqlite_store, [file])
    network = FakeChannel("matrix")
    settings = SETTINGS | {
        "limits": {"projects_per_day": LIMIT},
        "admins": (f"matrix:{ADMIN}",),
        "introductions": {"per_day": 3},
    }
    async with running_bot(sqlite_store, HashEmbedder(), [network], tmp_path, **settings) as bot:
        yield bot, network


async def crawls(person: Person, texts: Iterator[str], how_many: int) -> list[str]:
    return [await person.says(text) for text in itertools.islice(texts, how_many)]


def ways() -> Iterator[str]:
    """Questions, wildcards, further pages, single projects by ids that can be guessed, contacts by theirs, requests."""
    towns_and_topics = itertools.cycle(itertools.product(TOPICS, TOWNS))
    for number, (topic, town) in enumerate(towns_and_topics):
        yield from (f"!frage Wer hat in {town} etwas zu {topic} gemacht?", "mehr", "mehr", "1", "!frage *", "!frage %")
        yield from (f"!zeige =p-{(number * 3 + more) % PROJECTS}" for more in range(3))
        yield from (f"!{word}{number % PROJECTS}" for word in ("zeige contact:c-", "kontakt =p-", "kontakt c-"))


def seen_projects(answers: list[str]) -> set[str]:
    words = " ".join(answers).replace("\u2060", "").split()
    return {after for word, after in itertools.pairwise(words) if word.endswith("Vorhaben") and after.isdigit()}


async def test_daily_limit_stops_a_crawler_who_sees_no_contact_data(
    bot_and_network: tuple[Bot, FakeChannel], sqlite_store: Store, log_lines: list[dict[str, Any]]
) -> None:
    bot, channel = bot_and_network
    admin = channel.person(ADMIN)
    await admin.says("!hilfe")
    crawler, texts, answers = channel.person("@crawler:evil.example"), ways(), []
    for hour in range(HOURS):  # below the limit of an hour, which is the account's
        answers += await crawls(crawler, texts, IN_AN_HOUR)
        if hour % 4 == 3:
            await crawler.says("!loeschen ja")  # being forgotten starts nothing anew
        sqlite_store.now.advance(seconds=STEP.total_seconds())  # type: ignore[attr-defined]
    assert LIMIT <= len(seen_projects(answers)) < LIMIT + PAGE
    assert any("zeige ich Ihnen" in text for text in answers)
    assert "zeige ich Ihnen" in await crawler.says("!zeige =p-119")
    await settled(bot)
    messages = [
        text for message in channel.delivered if f"von {PROJECTS} Projekten" in (text := plain(message.document))
    ]
    assert len(messages) == 1, "once a day"
    assert "crawler" not in messages[0]
    everything = "\n".join(plain(message.document) + repr(message) for message in channel.delivered).lower()
    for mark in MARKED:
        assert mark not in everything
        assert mark not in json.dumps(log_lines, default=repr).lower()
    assert "zeige ich Ihnen" not in await channel.person("@anna:potsdam.example").says("!frage Was gibt es zu Hitze?")
    sqlite_store.now.advance(days=1)  # type: ignore[attr-defined]
    assert "zeige ich Ihnen" not in await crawler.says("!zeige =p-119")
