"""The login: what is kept of it, which errors name which remedy, and what a failed start leaves behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.channels.matrix.checking import look
from bot.channels.matrix.credentials import login_kinds, password_stage
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, Server
from bot.channels.matrix.login import LOGIN, Login, abandon, keep, kept_login, open_session, prove
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings
from tests.bot.channels.matrix.rig import ME

PASSWORD = {"flows": [{"type": "m.login.sso"}, {"type": "m.login.password"}]}


class Homeserver:
    """A homeserver with one account, on the loopback interface: logins, devices, tokens, key lists."""

    def __init__(self) -> None:
        self.flows: Json = PASSWORD
        self.tokens: dict[str, str] = {}  # token → device
        self.keys: Json = {}
        self.requests: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = head.split(" ")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                token = headers.get("authorization", "").removeprefix("Bearer ")
                request = f"{method} {target.removeprefix('/_matrix/client/v3/')}"
                self.requests.append(request)
                status, answer = self.answer(request, json.loads(body or b"{}"), token)
                data = json.dumps(answer).encode()
                writer.write(b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (status, len(data), data))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, request: str, body: Json, token: str) -> tuple[int, Json]:
        match request:
            case "GET /_matrix/client/versions":
                return 200, {}
            case "GET login":
                return 200, self.flows
            case "POST login":
                if body["password"] != "secret":
                    return 403, {"errcode": "M_FORBIDDEN"}
                device = body["device_id"]
                self.tokens = {known: name for known, name in self.tokens.items() if name != device}
                token = f"token {len(self.requests)}"
                self.tokens[token] = device
                return 200, {"user_id": ME, "device_id": device, "access_token": token}
        if token not in self.tokens:
            return 401, {"errcode": "M_UNKNOWN_TOKEN"}
        if request == "POST logout":
            self.keys.pop(self.tokens.pop(token), None)
        if request == "GET account/whoami":
            return 200, {"user_id": ME} | ({"device_id": device} if (device := self.tokens[token]) else {})
        return 200, {"device_keys": {ME: self.keys}} if request == "POST keys/query" else {}

    @property
    def devices(self) -> list[str]:
        return sorted(self.tokens.values())


@pytest.fixture
async def there() -> AsyncIterator[tuple[Homeserver, Server]]:
    homeserver = Homeserver()
    tasks: list[asyncio.Task[None]] = []

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(homeserver.serve(reader, writer)))

    listening = await asyncio.start_server(begin, "127.0.0.1", 0)
    async with Server(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}") as server:
        yield homeserver, server
    listening.close()
    await asyncio.gather(*tasks)  # the client has closed its connections


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Folder]:
    made = Folder(tmp_path / "matrix")
    made.open()
    yield made
    made.close()


def settings(server: Server, **more: Any) -> MatrixSettings:
    secret: Json = {"password": SecretStr("secret")} if not more else {}
    given = {name: SecretStr(value) for name, value in more.items()}
    return MatrixSettings(homeserver=server.homeserver, user_id=ME, **secret, **given)


There = tuple[Homeserver, Server]


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_login_of_a_proven_device_is_stored_as_earlier_versions_stored_it(folder: Folder) -> None:
    login = Login(ME, "BOT", "t", "key")
    keep(folder, login)
    assert set(folder.read(LOGIN) or {}) == {"user_id", "device_id", "access_token", "pickle_key", "store"}
    assert kept_login(folder) == login


async def test_login_that_has_only_begun_is_no_login(folder: Folder) -> None:
    keep(folder, Login(ME, "BOT", "", "key", proven=False))
    assert kept_login(folder) is None


async def test_device_is_kept_and_used_again_by_the_next_start(there: There, folder: Folder) -> None:
    homeserver, server = there
    for _ in range(3):
        session = await open_session(server, settings(server), folder)
        prove(folder, session).crypto.close()
    assert homeserver.devices == [session.login.device_id]
    assert homeserver.requests.count("POST login") == 1


# --- a start that is killed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["answer of the login", "key store", "proof"])
async def test_start_after_a_kill_goes_on_with_the_same_device(there: There, folder: Folder, lost: str) -> None:
    homeserver, server = there
    session = await open_session(server, settings(server), folder)
    session.crypto.close()
    if lost == "answer of the login":  # the server has made the device, and the folder knows only its id
        keep(folder, Login(ME, session.login.device_id, "", session.login.pickle_key, proven=False))
    if lost != "proof":
        (folder.path / session.login.store).unlink()
    again = await open_session(server, settings(server), folder)
    again.crypto.close()
    assert again.login.device_id == session.login.device_id
    assert homeserver.devices == [session.login.device_id]


async def test_replaced_device_is_logged_out_also_after_a_kill(there: There, folder: Folder) -> None:
    homeserver, server = there
    first = prove(folder, await open_session(server, settings(server), folder))
    first.crypto.close()
    (folder.path / first.login.store).unlink()
    keep(folder, Login(ME, "NEW", "", "key", proven=False, former=first.login.access_token))  # killed there
    second = await open_session(server, settings(server), folder)
    second.crypto.close()
    assert homeserver.devices == ["NEW"]
    assert kept_login(folder) == second.login
    assert second.login.former == ""


async def test_device_with_a_lost_key_store_is_replaced_and_logged_out(there: There, folder: Folder) -> None:
    homeserver, server = there
    first = prove(folder, await open_session(server, settings(server), folder))
    first.crypto.close()
    (folder.path / first.login.store).unlink()
    second = await open_session(server, settings(server), folder)
    second.crypto.close()
    assert homeserver.devices == [second.login.device_id] != [first.login.device_id]


# --- a start that fails -----------------------------------------------------------------------------------------------


async def test_failed_start_logs_out_the_device_that_it_made(there: There, folder: Folder) -> None:
    homeserver, server = there
    session = await open_session(server, settings(server), folder)
    await abandon(server, settings(server), folder, session)
    assert homeserver.devices == []
    assert kept_login(folder) is None
    assert list(folder.path.glob("device-*")) == []


async def test_failed_start_logs_out_the_device_of_a_killed_start(there: There, folder: Folder) -> None:
    homeserver, server = there
    (await open_session(server, settings(server), folder)).crypto.close()
    await abandon(server, settings(server), folder, await open_session(server, settings(server), folder))
    assert homeserver.devices == []


async def test_failed_start_keeps_a_device_that_was_in_service(there: There, folder: Folder) -> None:
    homeserver, server = there
    session = prove(folder, await open_session(server, settings(server), folder))
    await abandon(server, settings(server), folder, session)
    assert homeserver.devices == [session.login.device_id]
    assert kept_login(folder) == session.login


async def test_failed_start_keeps_the_device_of_a_token_from_the_operator(there: There, folder: Folder) -> None:
    homeserver, server = there
    homeserver.tokens["given"] = "D"
    given = settings(server, access_token="given")
    await abandon(server, given, folder, await open_session(server, given, folder))
    assert homeserver.devices == ["D"]


# --- tokens and kinds of login ----------------------------------------------------------------------------------------


async def test_token_gives_its_device(there: There, folder: Folder) -> None:
    homeserver, server = there
    homeserver.tokens["given"] = "D"
    session = await open_session(server, settings(server, access_token="given"), folder)
    session.crypto.close()
    assert (session.login.device_id, session.login.access_token) == ("D", "given")
    assert "POST login" not in homeserver.requests


async def test_token_of_a_device_with_keys_elsewhere_is_refused_and_stays_valid(there: There, folder: Folder) -> None:
    homeserver, server = there
    homeserver.tokens["given"] = "D"
    other = Folder(folder.path / "other")
    other.open()
    elsewhere = Crypto(ME, "D", other, "key", new=True)
    body = elsewhere.key_upload(0, fallback=True)
    assert body
    homeserver.keys["D"] = body["device_keys"]
    with pytest.raises(ChannelEndedError, match="keys are elsewhere"):
        await open_session(server, settings(server, access_token="given"), folder)
    assert homeserver.devices == ["D"], "a client may be using it"
    assert kept_login(folder) is None
    elsewhere.close()
    other.close()


@pytest.mark.parametrize(
    ("token", "device", "reason"), [("unknown", None, "does not know"), ("given", "", "belongs to no device")]
)
async def test_useless_token_is_refused_with_the_command_that_makes_one(
    there: There, folder: Folder, token: str, device: str | None, reason: str
) -> None:
    homeserver, server = there
    if device is not None:
        homeserver.tokens[token] = device
    with pytest.raises(ChannelEndedError, match=reason) as caught:
        await open_session(server, settings(server, access_token=token), folder)
    assert "mas-cli manage issue-compatibility-token" in str(caught.value.remedy)


async def test_token_of_another_account_is_refused(there: There, folder: Folder) -> None:
    homeserver, server = there
    homeserver.tokens["given"] = "D"
    other = MatrixSettings(homeserver=server.homeserver, user_id="@other:a.example", access_token=SecretStr("given"))
    with pytest.raises(ChannelEndedError, match="belongs to"):
        await open_session(server, other, folder)


async def test_wrong_password_is_refused_with_a_remedy_and_makes_no_device(there: There, folder: Folder) -> None:
    homeserver, server = there
    with pytest.raises(ChannelEndedError, match="M_FORBIDDEN"):
        await open_session(server, settings(server, password="wrong"), folder)
    assert homeserver.devices == []


async def test_server_without_password_login_is_named_with_the_way_to_a_token(there: There, folder: Folder) -> None:
    homeserver, server = there
    homeserver.flows = {"flows": [{"type": "m.login.sso"}, {"type": "m.login.token"}]}
    with pytest.raises(ChannelEndedError, match=r"m\.login\.sso, m\.login\.token") as caught:
        await open_session(server, settings(server), folder)
    assert "mas-cli manage issue-compatibility-token" in str(caught.value.remedy)
    assert "POST login" not in homeserver.requests


async def test_check_before_the_first_login_names_a_server_without_password_login(there: There, folder: Folder) -> None:
    homeserver, server = there
    assert [state for state, _ in await look(server, settings(server), folder)] == ["none"]
    homeserver.flows = {"flows": [{"type": "m.login.sso"}]}
    ((state, line),) = await look(server, settings(server), folder)
    assert state == "fail"
    assert "no login by password" in line


@pytest.mark.parametrize("answer", [{}, {"flows": 5}, {"flows": [5, {"type": 7}, {}]}], ids=str)
async def test_malformed_kinds_of_login_do_not_stop_the_login(there: There, folder: Folder, answer: Json) -> None:
    homeserver, server = there
    homeserver.flows = answer
    assert login_kinds(answer) == []
    (await open_session(server, settings(server), folder)).crypto.close()


def test_server_that_confirms_identities_on_its_pages_is_named() -> None:
    challenge = {"flows": [{"stages": ["m.oauth"]}], "session": "s"}
    with pytest.raises(ChannelEndedError, match="own pages"):
        password_stage(challenge, ME, "secret")
    with pytest.raises(ChannelEndedError, match="wants the bot's password"):
        password_stage({"flows": [{"stages": ["m.login.password"]}]}, ME, "")
    assert password_stage({"session": "s"}, ME, "secret")["session"] == "s"
