"""Receiving: no update is lost, no outside fault ends the loop, and each problem has a name."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot.channels.port import ChannelEndedError
from bot.channels.telegram import Menu, TelegramChannel
from bot.channels.telegram.normalise import KINDS
from bot.channels.telegram.receive import REFUSED_FOR_S, Attempts, following, trouble
from bot.channels.telegram.webhook import PATH, SECRET_HEADER, secret_of
from bot.operations.health import CHANNEL_ALLOWANCE, DATABASE, DISPATCHER, LOOP, MODEL, OUTBOX, QUEUES
from bot.web.client import noted_address
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import BRISK, Rig, make_settings, running
from tests.telegram_api import Fault, LoopbackApi
from tests.telegram_api.faults import broken, flood, not_found, unauthorised

ROOT = Path(__file__).parents[4]
HELP = "So geht es"
TROUBLES = {
    "401": unauthorised("getUpdates", times=2),
    "404": not_found("getUpdates", times=2),
    "409": Fault("getUpdates", "refuse", 1, code=409, description="Conflict: terminated by other getUpdates request"),
    "500": Fault("getUpdates", "refuse", 2),
    "502": broken("getUpdates"),
    "garbage": Fault("getUpdates", "raw", 2, code=200, body="<html>hello</html>"),
    "no list": Fault("getUpdates", "raw", 2, code=200, body='{"ok": true, "result": {}}'),
    "lost reply": Fault("getUpdates", "reply_lost", 2),
    "dropped": Fault("getUpdates", "drop", 2),
    "429": flood("getUpdates", 1),
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_bot_answers_all_messages_after_a_failed_poll(name: str, rig: Rig) -> None:
    fault = TROUBLES[name]
    rig.api.fail(fault)
    anna = rig.world.user(11)
    first = rig.world.say(anna, "hilfe")
    second = rig.world.say(anna, "hilfe")
    for question in (first, second):
        assert HELP in (await rig.world.answer(question)).text
    await rig.world.until(lambda: not rig.world.updates)
    assert fault.times == 0
    assert len(rig.world.said(anna)) == 2


async def test_bot_starts_and_answers_although_telegram_is_unreachable_at_first(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    question = api.world.say(api.world.user(11), "hilfe")
    api.fail(Fault("getMe", "drop", 2), unauthorised("getMe"))
    async with running(api, live_store, make_settings(api, tmp_path)) as rig:
        assert rig.problems == ["unreachable"]
        assert HELP in (await rig.world.answer(question)).text
        assert rig.problems[:4] == ["unreachable", "unreachable", "token refused", None]


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (None, "ok", "@stadtlotse_test_bot"),
        (unauthorised("getMe"), "fail", "BotFather"),
        (Fault("getMe", "drop"), "fail", "127.0.0.1 cannot be reached"),
        (broken("getMe"), "fail", "cannot be reached"),
    ],
)
async def test_check_names_the_account_or_the_remedy(
    api: LoopbackApi, tmp_path: Path, fault: Fault | None, state: str, words: str
) -> None:
    if fault:
        api.fail(fault)
    channel = TelegramChannel(make_settings(api, tmp_path), Menu({}, frozenset()))
    [(found, said)] = await channel.check()
    await channel.close()
    assert (found, words in said) == (state, True), said


POISON: list[Any] = [
    {"update_id": 700_100_001},
    {
        "update_id": 700_100_002,
        "message": {
            "message_id": 5,
            "from": {"id": 11, "is_bot": False},
            "chat": {"id": 11, "type": "private"},
            "text": "no date",
        },
    },
    {"update_id": 700_100_003, "message": None},
    {"update_id": 700_100_004, "message": {"message_id": "x", "date": 1, "from": {"id": 1}, "chat": []}},
    {"update_id": 700_100_005, "callback_query": {"id": "1", "from": 5, "data": "x", "message": {}}},
    {"update_id": 700_100_006, "a_new_kind": {"of": "update"}},
    {"update_id": 700_100_007, "edited_message": {"date": 10**30, "message_id": 1}},
    {"update_id": 700_100_008, "message_reaction": {"user": {"is_bot": False}, "new_reaction": 7}},
]


async def test_unreadable_updates_are_quarantined_and_the_others_are_answered(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    first = world.say(anna, "hilfe")
    for update in POISON:
        world.push_raw(update)
    second = world.say(anna, "hilfe")
    for question in (first, second):
        assert HELP in (await world.answer(question)).text
    await either.settled()
    assert (await counts(either))["quarantined"] == 6
    assert len(world.said(anna)) == 2


async def counts(rig: Rig) -> dict[str, int]:
    async with rig.store.read() as tx:
        return await tx.inbox.count()


async def test_message_delivered_twice_is_answered_once(either: Rig) -> None:
    world = either.world
    question = world.say(world.user(11), "hilfe")
    again = dict(world.updates[-1])
    await world.answer(question)
    world.push_raw(again)
    await either.settled()
    assert len(world.answers(question)) == 1


async def test_messages_sent_during_a_downtime_are_answered_once(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    anna = api.world.user(11)
    async with running(api, live_store, make_settings(api, tmp_path)) as rig:
        await rig.ask(anna, "hilfe")
    questions = [api.world.say(anna, "hilfe") for _ in range(3)]
    async with running(api, live_store, make_settings(api, tmp_path)):
        for question in questions:
            await api.world.answer(question)
    assert all(len(api.world.answers(question)) == 1 for question in questions)
    assert not any(call.params.get("drop_pending_updates") == "true" for call in api.calls)


async def test_updates_are_stored_before_the_bot_confirms_them_to_telegram(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    """The database fails while updates come: Telegram delivers them again, and the bot answers once."""
    async with running(api, live_store, make_settings(api, tmp_path)) as rig:
        begin, failing = live_store.begin, 2

        def fails(**how: bool) -> Any:
            nonlocal failing
            if failing:
                failing -= 1
                raise OSError("disk full")
            return begin(**how)

        live_store.begin = fails  # type: ignore[method-assign]
        question = api.world.say(api.world.user(11), "hilfe")
        await api.world.answer(question)
        live_store.begin = begin  # type: ignore[method-assign]
        await rig.settled()
    assert len(api.world.answers(question)) == 1


async def test_leftover_webhook_is_removed_without_dropping_updates(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    api.delivery.webhook = {"url": "http://127.0.0.1:1/gone", "secret": "", "max": 1}
    question = api.world.say(api.world.user(11), "hilfe")
    async with running(api, live_store, make_settings(api, tmp_path)):
        assert HELP in (await api.world.answer(question)).text
    assert [str(call.params["drop_pending_updates"]).lower() for call in api.called("deleteWebhook")] in ([], ["false"])


CONFLICT = "conflict: another process receives with this token"


async def test_second_process_with_the_same_token_is_named_in_log_and_health(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    """An operator sees it in the log, in ``/healthz`` and with the command ``health``."""
    settings = make_settings(api, tmp_path, web={"enabled": True, "port": 0})
    with capture_logs() as logged:
        async with running(api, live_store, settings) as rig, httpx.AsyncClient() as other:
            for _ in range(2):
                await other.post(f"{api.base_url}{api.token}/getUpdates", json={"timeout": 1})
                await api.world.until(lambda: CONFLICT in rig.problems)
            named = rig.problems.index(CONFLICT)
            await rig.ask(api.world.user(11), "hilfe")
            assert None not in rig.problems[named:]  # a success in between is no sign of health
            rig.bot.health._clock = lambda: time.monotonic() + CHANNEL_ALLOWANCE  # as long as a part may be silent
            for part in (DATABASE, DISPATCHER, OUTBOX, QUEUES, LOOP, MODEL):
                rig.bot.health.beat(part)
            page = (await other.get(f"{noted_address(tmp_path)}/healthz")).json()
            said, code = await command("health", STADTLOTSE_STATE_DIR=str(tmp_path))
    assert page["parts"]["telegram"]["reason"] == CONFLICT
    assert [part for part, state in page["parts"].items() if state["status"] == "red"] == ["telegram"]
    assert f"telegram: red, {CONFLICT}" in said
    assert code == 1
    assert CONFLICT in [event.get("reason") for event in logged if event["event"] == "telegram.backs_off"]


async def command(name: str, **settings: str) -> tuple[str, int | None]:
    """What a command of the bot prints, and its exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "run_bot.py", name, cwd=ROOT, env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode(), process.returncode


async def test_poll_without_an_answer_is_started_again(api: LoopbackApi, live_store: Store, tmp_path: Path) -> None:
    api.fail(Fault("getUpdates", "hang", after=1))  # a minute; the first poll only asks whether Telegram is there
    async with running(api, live_store, make_settings(api, tmp_path), replace(BRISK, poll=1.0, overdue=0.5)) as rig:
        await rig.ask(api.world.user(11), "hilfe")
        assert "unreachable" in rig.problems


async def test_messages_of_one_user_are_answered_in_order(either: Rig) -> None:
    world = either.world
    people = [world.user(number) for number in (11, 12, 13)]
    questions = [world.say(person, "hilfe") for _ in range(6) for person in people]
    for question in questions:
        await world.answer(question)
    for person in people:
        answered = [message.reply_to for message in world.said(person)]
        assert answered == [question.id for question in questions if question.sender is person]


async def test_every_poll_lists_the_kinds_of_updates(either: Rig) -> None:
    """Telegram sends only listed kinds; without a list it uses the one of an earlier bot."""
    await either.ask(either.world.user(11), "hilfe")
    assert either.world.allowed == set(KINDS)
    calls = either.api.called("getUpdates") + either.api.called("setWebhook")
    assert all(call.params["allowed_updates"] == list(KINDS) for call in calls)


def reasons() -> list[tuple[Exception, str]]:
    return [
        (InvalidToken("x"), "token refused"),
        (Conflict("x"), "conflict: another process receives with this token"),
        (Conflict("can't use getUpdates method while webhook is active"), "a webhook is set"),
        (NetworkError("x"), "unreachable"),
        (TimedOut(), "unreachable"),
        (TimeoutError(), "unreachable"),
        (Forbidden("x"), "unreachable"),
        (BadRequest("x"), "unreachable"),
        (RetryAfter(17), "rate limited"),
        (KeyError("x"), "internal error"),
    ]


@pytest.mark.parametrize(("error", "reason"), reasons())
def test_each_polling_error_has_a_reason_and_a_limited_pause(error: Exception, reason: str) -> None:
    seen = [trouble(error, failures) for failures in (1, 2, 5, 50)]
    assert {one.reason for one in seen} == {reason}
    assert all(one.pause <= 30 for one in seen)
    assert seen[0].pause <= seen[-1].pause


def test_channel_ends_only_if_telegram_keeps_refusing_the_token() -> None:
    now = 1000.0
    attempts = Attempts(lambda _problem: None, clock=lambda: now)
    attempts.failed(InvalidToken("x"))
    now += REFUSED_FOR_S - 1
    attempts.failed(InvalidToken("x"))
    attempts.succeeded()
    now += REFUSED_FOR_S
    attempts.failed(InvalidToken("x"))
    now += REFUSED_FOR_S + 1
    with pytest.raises(ChannelEndedError, match="refuses the token"):
        attempts.failed(InvalidToken("x"))


def test_poll_offset_follows_the_newest_valid_update_id() -> None:
    assert following([{"update_id": 7}, "?", {"x": 1}, {"update_id": 9}, {"update_id": "8"}], None) == 10
    assert following(["?"], 4) == 4


@pytest.mark.parametrize("either", ["webhook"], indirect=True)
async def test_webhook_refuses_requests_without_the_secret_or_a_valid_body(either: Rig, api: LoopbackApi) -> None:
    url = api.delivery.webhook["url"]
    assert url.endswith(PATH)
    secret = {SECRET_HEADER: secret_of(api.token)}
    before = await counts(either)
    async with httpx.AsyncClient() as stranger:
        update = {"update_id": 1, "message": {"text": "hilfe"}}
        assert (await stranger.post(url, json=update)).status_code == 403
        assert (await stranger.post(url, json=update, headers={SECRET_HEADER: "wrong"})).status_code == 403
        assert (
            await stranger.post(url, json=update, headers={SECRET_HEADER: "ö".encode("latin-1")})
        ).status_code == 403
        assert (await stranger.get(url, headers=secret)).status_code == 405
        assert (await stranger.post(url, content=b"no json", headers=secret)).status_code == 400
        assert (await stranger.post(url, content=b" " * 2_000_000, headers=secret)).status_code == 413
    assert await counts(either) == before
    assert api.delivery.webhook["secret"] == secret_of(api.token)


@pytest.mark.parametrize("either", ["webhook"], indirect=True)
async def test_webhook_answers_500_and_gets_an_update_again_that_it_could_not_store(either: Rig) -> None:
    begin, failing = either.store.begin, 1

    def fails(**how: bool) -> Any:
        nonlocal failing
        if failing:
            failing -= 1
            raise OSError("disk full")
        return begin(**how)

    either.store.begin = fails  # type: ignore[method-assign]
    question = either.world.say(either.world.user(11), "hilfe")
    await either.world.answer(question)
    either.store.begin = begin  # type: ignore[method-assign]
    assert sorted(set(either.api.delivery.posts)) == [200, 500]
