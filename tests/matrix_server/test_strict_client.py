"""An independent client (Rust crypto) that excludes devices which their owners have not signed, as Element does."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import nio
import pytest

from bot.channels.matrix.secret_storage import decode_recovery_key, encode_recovery_key
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import ANSWER_TO, Person
from tests.matrix_server.strict_person import FOLDER, StrictPerson
from tests.matrix_server.synapse import Synapse
from tests.node import install
from tests.patience import PATIENCE_S
from tests.wording import says

pytestmark = [pytest.mark.matrix]
NO_SHIELD = 0
QUESTION = "Wer hat einen Rufbus?"


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    install(FOLDER)


def said(event: dict[str, Any]) -> str:
    return str(event["content"].get("body", ""))


def is_fine(answer: dict[str, object]) -> bool:
    return answer["encrypted"] is True and answer["shield"] == NO_SHIELD and not answer["unreadable"]


async def test_strict_client_shows_no_warning_across_restart_kill_and_two_devices(
    synapse: Synapse, bot: BotProcess
) -> None:
    user = synapse.register(f"strict{secrets.token_hex(3)}")
    async with await StrictPerson.new(synapse.url, user) as phone:
        room = await phone.room_with(bot.user_id)
        first = await phone.ask(room, QUESTION)
        assert is_fine(first), first
        assert "Rufbus auf dem Land" in first["content"]["body"]

        await bot.restart()
        assert is_fine(await phone.ask(room, "Wer schützt vor Hitze?"))

        async with await StrictPerson.new(synapse.url, user, key=phone.key) as laptop:
            asked = await laptop.do("say", room=room, text=QUESTION)
            await bot.kill()
            await bot.start()
            for device in (phone, laptop):
                answer = await device.do("answer", room=room, question=asked)
                assert is_fine(answer), answer
            asked = await phone.do("say", room=room, text="Digitale Schule?")
            assert is_fine(await laptop.do("answer", room=room, question=asked))
            trust = await laptop.do("device_trust", user=bot.user_id)
            assert list(trust.values()) == [True]


async def test_answer_lists_the_same_projects_in_the_same_order_as_the_command_line(
    synapse: Synapse, new_bot: Callable[..., BotProcess]
) -> None:
    bot = new_bot()
    await bot.start()
    question = "Wer hat Mobilitätsprojekte gemacht?"
    async with await StrictPerson.new(synapse.url, synapse.register(f"strict{secrets.token_hex(3)}")) as person:
        room = await person.room_with(bot.user_id)
        body = (await person.ask(room, question))["content"]["body"]
    await bot.end()
    said = json.loads(bot.run("ask", "--json", question).stdout)
    titles = [hit["title"] for hit in said["hits"]]
    assert len(titles) >= 2
    places = [body.index(title) for title in titles]
    assert places == sorted(places)


async def test_bot_reads_relations_outside_the_ciphertext(synapse: Synapse, bot: BotProcess) -> None:
    """This client follows the specification and leaves relations out of the ciphertext."""
    async with await StrictPerson.new(synapse.url, synapse.register(f"strict{secrets.token_hex(3)}")) as person:
        room = await person.room_with(bot.user_id)
        root = await person.do("say", room=room, text=QUESTION)
        await person.do("answer", room=room, question=root)
        edit = {"rel_type": "m.replace", "event_id": root}
        new = {"msgtype": "m.text", "body": "Hitzeschutz?"}
        edited = await person.do(
            "say", room=room, text="* Hitzeschutz?", more={"m.new_content": new, "m.relates_to": edit}
        )
        thread = {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        }
        answer = await person.ask(room, "!hilfe", **{"m.relates_to": thread})
        assert is_fine(answer)
        assert (answer["relation"]["rel_type"], answer["relation"]["event_id"]) == ("m.thread", root)
        answered = [e["content"].get(ANSWER_TO) for e in await person.do("events", room=room)]
        assert answered.count(root) == 1
        assert edited not in answered


async def test_recovery_key_of_the_bot_works_in_a_different_client(
    synapse: Synapse, new_bot: Callable[..., BotProcess]
) -> None:
    bot = new_bot()
    await bot.start()
    file = bot.folder / "recovery-key.txt"
    key = list(decode_recovery_key(file.read_text()))
    async with await StrictPerson.new(synapse.url, bot.user_id, key=key) as human:
        assert list((await human.do("device_trust", user=bot.user_id)).values()) == [True, True]
    file.unlink()
    await bot.restart()
    assert not file.exists(), "it is written once"


async def test_bot_joins_an_identity_of_a_different_client_only_with_its_recovery_key(
    synapse: Synapse, new_bot: Callable[..., BotProcess]
) -> None:
    bot = new_bot()
    async with await StrictPerson.new(synapse.url, bot.user_id) as human:
        await bot.start(ready=False)
        assert await bot.ended() == 1
        assert "identity that the bot does not hold" in bot.events("channel.ended")[-1]["reason"]
        await bot.start(MATRIX__RECOVERY_KEY=encode_recovery_key(bytes(human.key)))
        assert bot.events("matrix.identity")[-1]["outcome"] == "signed"
        assert list((await human.do("device_trust", user=bot.user_id)).values()) == [True, True]
        await bot.restart()
        assert bot.events("matrix.identity")[-1]["outcome"] == "already"


@pytest.mark.parametrize("way", ["in the room", "to-device"])
async def test_every_user_can_verify_the_bot_with_emojis_in_a_private_chat(
    synapse: Synapse, bot: BotProcess, way: str
) -> None:
    device = {"device": bot.device_id}
    async with await StrictPerson.new(synapse.url, synapse.register(f"user{secrets.token_hex(3)}")) as user:
        room = await user.room_with(bot.user_id)
        await user.ask(room, QUESTION)
        how = {"room": room} if way == "in the room" else device
        emojis = (await user.do("verify", user=bot.user_id, **how))["emojis"]
        told = await user.do("saying", room=room, sender=bot.user_id, text=emojis[0][0])
        assert all(picture in told["content"]["body"] for picture, _ in emojis)
        assert is_fine(told)
        assert await user.do("confirm") == "verified"
        assert await user.do("verified", user=bot.user_id, wait=True)
        assert is_fine(await user.ask(room, "Noch da?"))


async def test_verification_that_begins_with_the_invitation_is_answered(synapse: Synapse, bot: BotProcess) -> None:
    """As with Element's "Verify" for a user without a chat: the request is older than the bot's arrival."""
    async with await StrictPerson.new(synapse.url, synapse.register(f"user{secrets.token_hex(3)}")) as user:
        await bot.end()
        room = await user.do("room", invite=[bot.user_id], encrypted=True)
        await user.do("device_trust", user=bot.user_id)
        begun = asyncio.create_task(user.do("verify", user=bot.user_id, room=room))
        path = f"/_synapse/admin/v1/rooms/{quote(room)}/messages?dir=b&limit=20"
        async with asyncio.timeout(PATIENCE_S):
            while not any("from_device" in event["content"] for event in synapse.admin("GET", path)["chunk"]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await bot.start()
        emojis = (await begun)["emojis"]
        await user.do("saying", room=room, sender=bot.user_id, text=emojis[0][0])
        assert await user.do("confirm") == "verified"


async def test_verification_with_wrong_emojis_fails(synapse: Synapse, bot: BotProcess) -> None:
    async with await StrictPerson.new(synapse.url, synapse.register(f"user{secrets.token_hex(3)}")) as user:
        room = await user.room_with(bot.user_id)
        await user.ask(room, QUESTION)
        await user.do("verify", room=room, user=bot.user_id)
        assert "failed" in await user.do("mismatch")
        assert not await user.do("verified", user=bot.user_id)
        assert is_fine(await user.ask(room, "Noch da?"))


async def test_verification_in_a_room_with_others_is_declined_with_the_way_to_do_it(
    synapse: Synapse, bot: BotProcess, person: Person
) -> None:
    async with await StrictPerson.new(synapse.url, synapse.register(f"user{secrets.token_hex(3)}")) as user:
        room = await user.do("room", invite=[bot.user_id, person.user_id], encrypted=True)
        await user.do("joined", room=room, user=bot.user_id)
        for _ in range(2):
            assert await user.do("verify", room=room, user=bot.user_id) == {"cancelled": "m.user"}
        await user.ask(room, f"{bot.user_id}: {QUESTION}")
        bodies = [said(event) for event in await user.do("events", room=room) if event["sender"] == bot.user_id]
        assert len([body for body in bodies if says("hint.verify_elsewhere", body)]) == 1


async def test_new_identity_of_a_user_alerts_admins_and_needs_confirmation(
    synapse: Synapse, new_bot: Callable[..., BotProcess], person: Person
) -> None:
    bot = new_bot(ADMINS=f"matrix:{person.user_id}")
    await bot.start()
    office = await person.room_with(bot.user_id, encrypted=True)
    await person.ask(office, "!hilfe")
    user = synapse.register(f"strict{secrets.token_hex(3)}")
    async with await StrictPerson.new(synapse.url, user) as anna:
        room = await anna.room_with(bot.user_id)
        assert is_fine(await anna.ask(room, QUESTION))
        await anna.do("reset")
        await anna.do("say", room=room, text=QUESTION)
        assert "unable to decrypt" in (await anna.do("unreadable", room=room, sender=bot.user_id)).lower()
        await person.until(lambda: any("confirm-identity" in said(e) for e in person.from_user(office, bot.user_id)))
        dark = [event for event in await anna.do("events", room=room) if event["unreadable"]]
        assert {event["reason"] for event in dark} == {"MEGOLM_KEY_WITHHELD"}, "her client can say why"
        alerts = [said(e) for e in person.from_user(office, bot.user_id) if "confirm-identity" in said(e)]
        assert len(alerts) == 1
        shown = alerts[0].rpartition("confirm-identity ")[2]  # as an admin copies it
        assert shown == user

        refused = await asyncio.to_thread(bot.run, "confirm-identity", shown)  # nobody there to say yes
        assert refused.returncode == 1
        assert "telephone" in refused.stderr
        done = await asyncio.to_thread(bot.run, "confirm-identity", user, "--yes")
        assert done.stdout.splitlines()[-1] == "confirmed", done
        assert is_fine(await anna.ask(room, "Wer schützt vor Hitze?"))
        again = await asyncio.to_thread(bot.run, "confirm-identity", user)
        assert again.stdout.splitlines()[-1] == "nothing to confirm"


async def test_verifying_the_bot_does_not_confirm_a_new_identity_of_the_admin(
    synapse: Synapse, new_bot: Callable[..., BotProcess]
) -> None:
    """The bot's side has compared no pictures: an attacker who made the identity could do this as well."""
    user = synapse.register(f"admin{secrets.token_hex(3)}")
    bot = new_bot(ADMINS=f"matrix:{user}")
    await bot.start()
    device = bot.device_id
    async with await StrictPerson.new(synapse.url, user) as admin:
        room = await admin.room_with(bot.user_id)
        await admin.ask(room, QUESTION)
        await admin.do("reset")
        await admin.do("verify", user=bot.user_id, device=device)
        assert await admin.do("confirm") == "verified"
        await admin.do("say", room=room, text=QUESTION)
        assert "unable to decrypt" in (await admin.do("unreadable", room=room, sender=bot.user_id)).lower()


async def test_unsigned_device_gets_no_keys(synapse: Synapse, bot: BotProcess) -> None:
    user = synapse.register(f"strict{secrets.token_hex(3)}")
    async with await StrictPerson.new(synapse.url, user) as phone:
        room = await phone.room_with(bot.user_id)
        async with await Person.new(synapse, user_id=user) as foreign:  # logged in, and never signed
            notices: list[dict[str, Any]] = []
            foreign.client.add_to_device_callback(lambda event: notices.append(event.source), nio.UnknownToDeviceEvent)
            question = await phone.do("say", room=room, text=QUESTION)
            answer = await phone.do("answer", room=room, question=question)
            assert is_fine(answer)
            await foreign.until(lambda: answer["event_id"] in foreign.unreadable)
            for _ in range(3):
                await foreign.sync(300)
            assert answer["event_id"] in foreign.unreadable
            withheld = [notice["content"] for notice in notices if notice["type"] == "m.room_key.withheld"]
            assert {(content["room_id"], content["code"]) for content in withheld} == {(room, "m.unverified")}

            await foreign.say(room, "Und von diesem Gerät?")
            hint = await phone.do("saying", room=room, sender=bot.user_id, text="Wiederherstellungsschlüssel")
            assert is_fine(hint)
            assert says("hint.device_refused", said(hint))
