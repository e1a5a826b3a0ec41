"""Gaps, history, restarts, keys: what the bot must survive without losing or repeating messages."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import time
from collections.abc import Callable

import httpx
import pytest

from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.inner import running_channel
from tests.matrix_server.person import ANSWER_TO, Person
from tests.matrix_server.proxy import Fault, Proxy
from tests.matrix_server.synapse import Synapse
from tests.patience import PATIENCE_S
from tests.wording import says

pytestmark = [pytest.mark.matrix]


def devices_of(synapse: Synapse, bot: BotProcess) -> list[str]:
    """The sessions of the bot's account, without the one with which the test made it."""
    devices = synapse.admin("GET", f"/_synapse/admin/v2/users/{bot.user_id}/devices")["devices"]
    return sorted(device["device_id"] for device in devices if device["display_name"] == "Stadtlotse")


def bodies(person: Person, bot: BotProcess) -> list[str]:
    """All that the bot wrote to a person."""
    return [e["content"].get("body", "") for room in person.events for e in person.from_user(room, bot.user_id)]


@pytest.mark.parametrize("missed", [30, pytest.param(500, marks=pytest.mark.campaign)])
async def test_bot_answers_missed_messages_in_order(missed: int, bot: BotProcess, person: Person) -> None:
    room = await person.room_with(bot.user_id, encrypted=True)
    await bot.end()
    asked = [await person.say(room, f"Rufbus {number}?") for number in range(missed)]
    await bot.start()
    await person.until(lambda: bool(person.answers(room, asked[-1])), 3 * PATIENCE_S)
    order = [e["content"][ANSWER_TO] for e in person.events[room] if e["content"].get(ANSWER_TO) in set(asked)]
    assert order == asked
    assert person.unreadable == {}


@pytest.mark.campaign
async def test_more_than_2000_missed_messages_get_one_notice(bot: BotProcess, person: Person) -> None:
    room = await person.room_with(bot.user_id)
    await bot.end()

    async def talk(number: int) -> None:
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/many{number}"
        headers = {"Authorization": f"Bearer {person.client.access_token}"}
        body = json.dumps({"msgtype": "m.text", "body": f"Rufbus {number}?"})
        answer = await person.client.send("PUT", path, body, headers)
        assert answer.status == 200
        answer.release()

    for start in range(0, 2_100, 20):
        await asyncio.gather(*(talk(number) for number in range(start, start + 20)))
    before = len(person.from_user(room, bot.user_id))
    await bot.start()
    await person.until(lambda: len(person.from_user(room, bot.user_id)) > before)
    assert await person.ask(room, "Hitzeschutz?")
    said = person.from_user(room, bot.user_id)[before:]
    assert len(said) == 2
    assert "Nachrichten sind dadurch ohne Antwort geblieben" in said[0]["content"]["body"]


async def test_bot_gives_up_a_position_that_the_server_rejects(
    new_bot: Callable[..., BotProcess], person: Person
) -> None:
    """As after a downgrade of the server, or with a database of it that was rebuilt."""
    bot = new_bot(ADMINS=f"matrix:{person.user_id}")
    await bot.start()
    office, room = [await person.room_with(bot.user_id, encrypted=True) for _ in range(2)]
    await person.ask(office, "!hilfe")
    old = await person.ask(room, "Rufbus?")
    await bot.end()
    with sqlite3.connect(bot.state / "stadtlotse.db") as database:
        database.execute("UPDATE cursor SET value = json_set(value, '$.since', 't1-of_another_server')")
    missed = await person.say(room, "Digitale Schule?")
    await bot.start()
    assert await person.answer(room, missed)
    assert await person.ask(room, "Hitzeschutz?")
    assert len(person.answers(room, old["content"][ANSWER_TO])) == 1
    assert len(bot.events("matrix.position_rejected")) == 1
    alerts = ("alert.position_rejected", "de"), ("alert.position_rejected", "en")
    await person.until(
        lambda: any(says(key, body, language) for body in bodies(person, bot) for key, language in alerts)
    )
    await bot.restart()
    assert await person.ask(room, "Rufbus noch einmal?")
    assert len(bot.events("matrix.position_rejected")) == 1


async def test_answers_that_cannot_be_taken_are_retried_with_growing_pauses(synapse: Synapse) -> None:
    async with Proxy(synapse.url) as proxy, running_channel(synapse, proxy.url) as inner:
        heard = len(inner.listened)
        proxy.faults.extend([Fault("since=", 200)] * 3)  # the snapshots in between are answered
        async with asyncio.timeout(PATIENCE_S):
            while proxy.faults or inner.listened[-1] is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert inner.listened[heard:].count(None) <= 2, "one that was under way, and the one at the end"
        assert len([problem for problem in inner.listened if problem]) == 3


async def test_bot_does_not_answer_messages_from_before_it_joined(bot: BotProcess, person: Person) -> None:
    room = await person.room()
    old = [await person.say(room, f"!frage Rufbus {number}") for number in range(9)]
    await person.client.room_invite(room, bot.user_id)
    await person.until(lambda: bool(person.from_user(room, bot.user_id)))
    assert await person.ask(room, "Rufbus?")
    assert [question for question in old if person.answers(room, question)] == []


async def test_bot_answers_no_old_question_again_after_losing_its_database(
    own_bot: BotProcess, person: Person, knowledge: object
) -> None:
    room = await person.room_with(own_bot.user_id, encrypted=True)
    asked = (await person.ask(room, "Rufbus?"))["content"][ANSWER_TO]
    await own_bot.end()
    with sqlite3.connect(own_bot.state / "stadtlotse.db") as database:
        for table in ("inbox", "outbox", "cursor", "answer"):
            database.execute(f"DELETE FROM {table}")
    await own_bot.start()
    assert await person.ask(room, "Hitzeschutz?")
    assert len(person.answers(room, asked)) == 1
    welcomes = [e for e in person.from_user(room, own_bot.user_id) if "ich bin Stadtlotse" in e["content"]["body"]]
    assert len(welcomes) == 1


async def test_bot_keeps_its_device_across_restarts(bot: BotProcess, synapse: Synapse) -> None:
    for _ in range(2):
        await bot.restart()
    devices = synapse.admin("GET", f"/_synapse/admin/v2/users/{bot.user_id}/devices")["devices"]
    ours = [device["device_id"] for device in devices if device["display_name"] == "Stadtlotse"]
    assert ours == [bot.device_id]


@pytest.mark.parametrize("place", ["matrix.device_made", "matrix.logged_in", "matrix.before_key_upload"])
async def test_start_after_a_kill_during_the_login_makes_no_second_device(
    new_bot: Callable[..., BotProcess], synapse: Synapse, place: str
) -> None:
    bot = new_bot()
    await bot.start(ready=False, FAIL_AT=place)
    await bot.ended()
    made = devices_of(synapse, bot)
    assert len(made) == 1
    await bot.start()
    assert devices_of(synapse, bot) == made == [bot.device_id]


async def test_unknown_device_on_the_account_alerts_admins_once_and_fails_the_check(
    new_bot: Callable[..., BotProcess], person: Person, synapse: Synapse
) -> None:
    bot = new_bot(ADMINS=f"matrix:{person.user_id}")
    await bot.start()
    office = await person.room_with(bot.user_id, encrypted=True)
    await person.ask(office, "!hilfe")
    async with await Person.new(synapse, user_id=bot.user_id) as thief:
        device = str(thief.client.device_id)
        await person.until(lambda: any(device in body for body in bodies(person, bot)))
        report = await asyncio.to_thread(bot.run, "check")
        assert f"fail  matrix: unknown device {device}" in report.stdout
        assert report.returncode == 1
        await bot.restart()
        assert await person.ask(office, "Rufbus?")
        assert len(bot.events("matrix.unknown_device")) == 1
        assert len([body for body in bodies(person, bot) if device in body]) == 1


async def test_only_the_owner_can_read_the_matrix_files(bot: BotProcess) -> None:
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in bot.folder.iterdir() if path.is_file()}
    assert set(modes.values()) == {"0o600"}, modes
    assert {oct(path.stat().st_mode & 0o777) for path in bot.folder.iterdir() if path.is_dir()} == {"0o700"}
    assert oct(bot.folder.stat().st_mode & 0o777) == "0o700"
    assert {"login.json", "identity.json", "recovery-key.txt"} <= set(modes)


async def test_bot_accepts_an_invitation_that_came_while_it_was_stopped(bot: BotProcess, person: Person) -> None:
    await bot.end()
    room = await person.room(bot.user_id, encrypted=True)
    await bot.start()
    await person.until(lambda: bool(person.from_user(room, bot.user_id)))
    assert await person.ask(room, "Rufbus?")


async def test_bot_accepts_an_invitation_after_a_kill_before_joining(
    new_bot: Callable[..., BotProcess], person: Person
) -> None:
    bot = new_bot()
    await bot.start()
    await bot.end()
    room = await person.room(bot.user_id)
    await bot.start(ready=False, FAIL_AT="matrix.before_join")
    await bot.ended()
    await bot.start()
    await person.until(lambda: bool(person.from_user(room, bot.user_id)))


async def test_revoked_token_ends_the_channel_once_with_exit_code_1(own_bot: BotProcess, synapse: Synapse) -> None:
    device = own_bot.device_id
    synapse.admin("POST", f"/_synapse/admin/v2/users/{own_bot.user_id}/delete_devices", {"devices": [device]})
    assert await own_bot.ended() == 1
    assert len(own_bot.events("channel.ended")) == 1
    assert "revoked" in own_bot.events("channel.ended")[0]["reason"]
    assert "login.json" in own_bot.events("channel.ended")[0]["remedy"]
    await own_bot.start(ready=False)
    assert await own_bot.ended() == 1


async def test_bot_retries_an_unreachable_server_with_growing_pauses(
    new_bot: Callable[..., BotProcess], person: Person
) -> None:
    bot = new_bot(MATRIX__HOMESERVER="http://127.0.0.1:9")
    await bot.start()  # READY names it as backing off
    async with asyncio.timeout(PATIENCE_S):
        while len(pauses := [line["seconds"] for line in bot.events("matrix.backs_off")]) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2 * pauses[0]
    assert await bot.end() == 0


async def test_unsent_answer_reaches_a_quiet_room_after_a_restart(own_bot: BotProcess, person: Person) -> None:
    """After a start, the sync lists only rooms with new events."""
    room = await person.room_with(own_bot.user_id, encrypted=True)
    await own_bot.end()
    await own_bot.start(FAIL_AT="matrix.before_put")
    question = await person.say(room, "Rufbus?")
    await own_bot.ended()
    await own_bot.start()
    assert "Rufbus auf dem Land" in (await person.answer(room, question))["content"]["body"]
    assert len(person.answers(room, question)) == 1


async def test_bot_signs_and_reports_a_new_device_after_losing_its_key_store(
    own_bot: BotProcess, person: Person, synapse: Synapse
) -> None:
    room = await person.room_with(own_bot.user_id, encrypted=True)
    await person.ask(room, "Rufbus?")
    await own_bot.end()
    old = own_bot.device_id
    to_the_old_one = await person.say(room, "Digitale Schule?")
    for file in own_bot.folder.glob("device-*"):
        file.unlink()
    await own_bot.start()
    await person.sync()
    assert await person.ask(room, "Hitzeschutz?")
    assert [line["event_id"] for line in own_bot.events("matrix.key_awaited")] == [to_the_old_one]  # gets its notice
    assert person.answers(room, to_the_old_one) == []
    new = own_bot.device_id
    devices = synapse.admin("GET", f"/_synapse/admin/v2/users/{own_bot.user_id}/devices")["devices"]
    assert [device["device_id"] for device in devices if device["display_name"] == "Stadtlotse"] == [new] != [old]
    assert old in own_bot.events("matrix.device")[-1]["note"]
    assert own_bot.events("matrix.identity")[-1]["outcome"] == "signed"
    report = own_bot.run("check").stdout
    assert f"logged in as {own_bot.user_id}, device {new}" in report
    assert "cross-signed" in report
    assert "key store intact" in report


async def test_second_bot_process_refuses_to_start(bot: BotProcess) -> None:
    done = await asyncio.to_thread(bot.run, "serve")
    assert done.returncode == 1
    assert "Another process" in done.stderr


async def test_bot_reads_new_devices_after_all_one_time_keys_are_claimed(
    bot: BotProcess, person: Person, synapse: Synapse
) -> None:
    room = await person.room_with(bot.user_id, encrypted=True)
    await bot.end()
    device = bot.device_id
    headers = {"Authorization": f"Bearer {person.client.access_token}"}
    body = json.dumps({"one_time_keys": {bot.user_id: {device: "signed_curve25519"}}})
    for _ in range(120):
        answer = await person.client.send("POST", "/_matrix/client/v3/keys/claim", body, headers)
        answer.release()
    async with await Person.new(synapse, user_id=person.user_id) as phone:
        question = await phone.say(room, "Rufbus?")  # nothing but the fallback key is left
        await bot.start()
        assert await phone.answer(room, question)
        assert await phone.ask(room, "Hitzeschutz?")
    async with await Person.new(synapse, user_id=person.user_id) as tablet:
        assert await tablet.ask(room, "Digitale Schule?")


async def test_bot_answers_an_unreadable_message_when_its_key_arrives(bot: BotProcess, person: Person) -> None:
    """The client of the sender holds the key back and sends it after the message."""
    room = await person.room_with(bot.user_id, encrypted=True)
    await person.ask(room, "Rufbus?")
    share, kept = person.client.olm.share_group_session_parallel, []

    def later(*arguments: object, **more: object) -> object:
        kept.extend(share(*arguments, **more))
        return iter(())

    person.client.olm.share_group_session_parallel = later
    person.client.invalidate_outbound_session(room)
    question = await person.say(room, "Hitzeschutz?")
    person.client.olm.share_group_session_parallel = share
    await asyncio.sleep(1)
    await bot.kill()
    await bot.start()
    for _, body in kept:
        path = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/late{time.monotonic_ns()}"
        headers = {"Authorization": f"Bearer {person.client.access_token}"}
        answer = await person.client.send("PUT", path, json.dumps(body), headers)
        answer.release()
    assert "Hitzeschutz" in (await person.answer(room, question))["content"]["body"]


async def test_new_device_of_a_user_can_read_the_answer_to_a_question_of_the_old_device(
    bot: BotProcess, person: Person, synapse: Synapse
) -> None:
    room = await person.room_with(bot.user_id, encrypted=True)
    await person.ask(room, "Rufbus?")
    async with await Person.new(synapse, user_id=person.user_id) as phone:
        question = await person.say(room, "Hitzeschutz?")
        assert await phone.answer(room, question)


async def test_bot_answers_every_question_once_across_a_server_crash(
    bot: BotProcess, person: Person, synapse: Synapse
) -> None:
    room = await person.room_with(bot.user_id, encrypted=True)
    asked = [await person.say(room, f"Rufbus {number}?") for number in range(5)]
    synapse.kill()
    await asyncio.to_thread(synapse.start)
    for question in asked:
        await person.answer(room, question)
    assert await person.ask(room, "Noch da?")
    assert [len(person.answers(room, question)) for question in asked] == [1] * 5


async def test_bot_joins_an_identity_only_with_the_recovery_key_and_can_reset_it(
    new_bot: Callable[..., BotProcess], person: Person, synapse: Synapse
) -> None:
    """A first installation made the identity of the account; the second installation has lost its folder."""
    bot = new_bot()
    await bot.start()
    room = await person.room_with(bot.user_id, encrypted=True)
    await bot.end()
    recovery_key, first = (bot.folder / "recovery-key.txt").read_text().strip(), bot.device_id
    shutil.rmtree(bot.folder)

    await bot.start(ready=False)
    assert await bot.ended() == 1
    assert "cross-signing identity that the bot does not hold" in bot.events("channel.ended")[-1]["reason"]
    assert "--reset-identity" in bot.events("channel.ended")[-1]["remedy"]
    assert "not logged in yet" in bot.run("check").stdout

    await bot.start(ready=False, MATRIX__RECOVERY_KEY=recovery_key.replace("E", "F", 1))
    assert await bot.ended() == 1
    assert devices_of(synapse, bot) == [first], "no device of a failed start is left"
    await bot.start(MATRIX__RECOVERY_KEY=recovery_key)
    assert bot.events("matrix.identity")[-1]["outcome"] == "signed"
    await person.sync()
    assert await person.ask(room, "Rufbus?")
    await bot.end()

    (bot.folder / "identity.json").unlink()
    await bot.start("--reset-identity")
    assert bot.events("matrix.identity")[-1]["outcome"] == "reset"
    assert (bot.folder / "recovery-key.txt").read_text().strip() != recovery_key
    await bot.restart()
    assert bot.events("matrix.identity")[-1]["outcome"] == "already"
    assert f"fail  matrix: unknown device {first}" in bot.run("check").stdout, "the new identity has not signed it"
    synapse.admin("POST", f"/_synapse/admin/v2/users/{bot.user_id}/delete_devices", {"devices": [first]})
    assert "fail" not in bot.run("check").stdout
    assert await person.ask(room, "Hitzeschutz?")
    assert bot.events("matrix.identity_changed") == [], "its own new identity is no surprise to the bot"


async def test_bot_can_log_in_with_an_access_token_instead_of_a_password(
    new_bot: Callable[..., BotProcess], person: Person, synapse: Synapse
) -> None:
    bot = new_bot(MATRIX__PASSWORD="")
    body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": bot.user_id}, "password": "secret"}
    async with httpx.AsyncClient(base_url=synapse.url) as http:
        token = (await http.post("/_matrix/client/v3/login", json=body)).json()["access_token"]
    bot.settings["MATRIX__ACCESS_TOKEN"] = token
    await bot.start()
    room = await person.room_with(bot.user_id, encrypted=True)
    await bot.restart()
    assert await person.ask(room, "Rufbus?")
