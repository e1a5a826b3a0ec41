"""Inline queries count toward the same rate limits as questions in a chat."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.features.search.inline_results import STEPS, TYPING_S, Typing, goes_on
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import Rig, make_settings, running
from tests.telegram_api import LoopbackApi
from tests.telegram_api.world import User

_HOUR = timedelta(hours=1)
WORDS = (
    "Mobilität", "Hitzeschutz", "Energie", "Schule", "Digitalisierung", "Wasser", "Verkehr", "Gesundheit", "Klima",
    "Bürgerbeteiligung", "Daten", "Wohnen",
)  # fmt: skip


async def asked_inline(rig: Rig, user: User, query: str) -> dict[str, Any]:
    number = rig.world.ask_inline(user, query)
    [answer] = await rig.world.until(lambda: rig.world.queries[number])
    return dict(answer)


def refused(answer: dict[str, Any]) -> bool:
    """No result, and a button that says why."""
    return answer["results"] == [] and bool((answer.get("button") or {}).get("text"))


async def test_inline_queries_count_toward_the_hourly_limit(
    api: LoopbackApi, live_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(api, tmp_path, limits={"questions_per_hour": 5})
    async with running(api, live_store, settings) as rig:
        anna, ben = rig.world.user(11), rig.world.user(12)
        searched: list[object] = []
        ask = type(rig.bot.services.search).ask

        async def noted(self: Any, questions: Any, **more: Any) -> Any:
            searched.append(questions)
            return await ask(self, questions, **more)

        monkeypatch.setattr(type(rig.bot.services.search), "ask", noted)
        answers = [await asked_inline(rig, anna, word) for word in WORDS]
        assert [refused(answer) for answer in answers] == [False] * 5 + [True] * 7
        assert len(searched) == 5  # a refusal costs no search
        assert all(answer["is_personal"] for answer in answers)  # else Telegram shows them to others uncounted
        assert "5" in (await rig.ask(anna, WORDS[0])).text  # the chat counts the same person
        assert len(searched) == 5
        assert not refused(await asked_inline(rig, ben, WORDS[0]))


async def test_hourly_limit_covers_chat_and_inline_queries_and_survives_erasure(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    settings = make_settings(api, tmp_path, limits={"questions_per_hour": 3})
    async with running(api, live_store, settings) as rig:
        anna = rig.world.user(11)
        for word in WORDS[:2]:
            await rig.ask(anna, word)
        assert not refused(await asked_inline(rig, anna, WORDS[2]))
        assert refused(await asked_inline(rig, anna, WORDS[3]))
        await rig.ask(anna, "/loeschen ja")
        assert refused(await asked_inline(rig, anna, WORDS[4]))


async def test_linked_accounts_of_a_user_share_the_hourly_limit(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    settings = make_settings(api, tmp_path, limits={"questions_per_hour": 2})
    async with running(api, live_store, settings) as rig:
        anna = rig.world.user(11)
        async with live_store.begin() as tx:
            person = await tx.people.identify("matrix", "@anna:stadt.example", private_conversation="!room")
            await tx.people.link(person.id, "telegram", str(anna.id), str(anna.id))
            for _ in range(2):
                await tx.tallies.add(
                    rig.bot.services.secret, "questions", ["matrix:@anna:stadt.example"], lasting=_HOUR
                )
        assert refused(await asked_inline(rig, anna, WORDS[0]))


async def test_inline_queries_are_refused_after_the_daily_limit_of_projects(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    settings = make_settings(api, tmp_path, limits={"projects_per_day": 10})
    async with running(api, live_store, settings) as rig:
        anna = rig.world.user(11)
        answers = [await asked_inline(rig, anna, word) for word in WORDS]
        titles = {result["title"] for answer in answers for result in answer["results"]}
        assert 0 < len(titles) <= 10
        assert refused(answers[-1])
        async with live_store.read() as tx:
            assert await tx.connection.scalar(text("SELECT count(*) FROM person")) == 0
            kept = [str(row) for row in await tx.connection.execute(text("SELECT * FROM tally"))]
        assert kept
        assert not any(word in row for row in kept for word in (*WORDS, f":{anna.id}"))  # keyed hashes alone


async def test_inline_query_typed_letter_by_letter_counts_once(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    async with running(api, live_store, make_settings(api, tmp_path, limits={"questions_per_hour": 2})) as rig:
        anna = rig.world.user(11)
        typed = [await asked_inline(rig, anna, "Hitzeschutz"[:letters]) for letters in range(4, 11)]
        assert not any(map(refused, typed))
        assert not refused(await asked_inline(rig, anna, "Energie"))
        assert refused(await asked_inline(rig, anna, "Schule"))


def test_query_continues_only_if_letters_are_added_or_removed_at_its_end() -> None:
    assert goes_on("hitz", "hitze")
    assert goes_on("hitze", "hitz")
    assert not goes_on("hitze", "hitze")
    assert not goes_on("hitze", "energie")


def test_typing_of_a_query_ends_after_a_pause_or_too_many_steps() -> None:
    now = 0.0
    typing = Typing(lambda: now)
    assert not typing.goes_on("a", "hit")
    assert typing.goes_on("a", "hitz")
    assert not typing.goes_on("b", "hitze")
    now += TYPING_S
    assert not typing.goes_on("a", "hitze")
    counted = [typing.goes_on("a", "hitze" + "x" * step) for step in range(1, 3 * STEPS)]
    assert counted.count(False) >= 2
