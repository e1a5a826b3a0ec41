"""One account, one device, for years: logged in once, kept, and replaced only when its keys are lost."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass

import structlog

from bot.channels.matrix.crypto import Crypto, LostStoreError
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, MatrixError, RequestRefusedError, Server, part
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings
from knowledge_base.failpoints import reached

log = structlog.get_logger()

LOGIN = "login.json"
DEVICE_NAME = "Stadtlotse"


@dataclass(frozen=True, slots=True)
class Login:
    """The account and device of the bot on the server."""

    user_id: str
    device_id: str
    access_token: str
    pickle_key: str  # opens the key store
    store: str = ""  # the file name of the key store

    def __post_init__(self) -> None:
        if not self.store:
            object.__setattr__(self, "store", f"device-{self.device_id}.db")


@dataclass(frozen=True, slots=True)
class Session:
    """A device that is logged in and has its keys."""

    login: Login
    crypto: Crypto
    note: str = ""  # for the operator: a new device, and why


def kept_login(folder: Folder) -> Login | None:
    """Return the login of earlier starts; ``None`` without a valid one."""
    try:
        return Login(**(folder.read(LOGIN) or {}))
    except TypeError:
        return None


async def open_session(server: Server, settings: MatrixSettings, folder: Folder) -> Session:
    """Log in, or resume the login of earlier starts. Raise ``ChannelEndedError`` with a remedy for the operator."""
    kept = kept_login(folder)
    if kept is None:
        return await _new(server, settings, folder)
    if settings.user_id and kept.user_id != settings.user_id:
        raise ChannelEndedError(
            f"The Matrix folder belongs to {kept.user_id}, not to {settings.user_id}.",
            remedy=f"Move {folder.path} away to use another account.",
        )
    kept = await _still_valid(server, settings, folder, kept)
    try:
        crypto = Crypto(kept.user_id, kept.device_id, folder, kept.pickle_key, new=False, name=kept.store)
        await _same_keys(server, crypto)
    except LostStoreError as lost:
        log.error(  # noqa: TRY400 - a traceback tells an operator no more
            "matrix.store_lost", reason=str(lost), device=kept.device_id
        )
        return await _replace(server, settings, folder, kept, str(lost))
    return Session(kept, crypto)


async def _still_valid(server: Server, settings: MatrixSettings, folder: Folder, kept: Login) -> Login:
    server.token = kept.access_token
    try:
        await server.get("v3", "account", "whoami")
    except RequestRefusedError as error:
        if not error.signed_out:
            raise
        if error.body.get("soft_logout") and settings.password:
            server.token = ""
            return _keep(
                folder, await _by_password(server, settings, kept.device_id), kept.pickle_key, server, kept.store
            )
        raise signed_out(folder) from error
    return kept


def signed_out(folder: Folder) -> ChannelEndedError:
    """Return the error for a revoked token; the bot does not log in again, because the revocation may be intended."""
    return ChannelEndedError(
        "The homeserver has revoked the bot's access token.",
        remedy=f"To go on, delete {folder.path / LOGIN} and start again; the bot then takes a new device.",
    )


async def _new(server: Server, settings: MatrixSettings, folder: Folder, note: str = "") -> Session:
    """Log in for the first time, or as a new device."""
    answer = await (_by_token(server, settings) if not settings.password else _by_password(server, settings))
    login = _keep(folder, answer, secrets.token_hex(32), server)
    reached("matrix.logged_in")
    crypto = Crypto(login.user_id, login.device_id, folder, login.pickle_key, new=True)
    try:
        await _same_keys(server, crypto)
    except LostStoreError as error:
        crypto.close()
        raise ChannelEndedError(
            "The access token belongs to a device whose keys are elsewhere.",
            remedy="Give a token of a new device, or the password.",
        ) from error
    log.info("matrix.new_device", device=login.device_id)
    return Session(login, crypto, note or f"new device {login.device_id}")


async def _replace(server: Server, settings: MatrixSettings, folder: Folder, kept: Login, why: str) -> Session:
    """Take a new device and end the old one: without its private keys, the old one can never read again."""
    if not settings.password:
        raise ChannelEndedError(
            f"Device {kept.device_id} cannot go on: {why}.",
            remedy="Set STADTLOTSE_MATRIX__PASSWORD, or delete login.json and give the token of a new device.",
        )
    session = await _new(server, settings, folder, f"new device, because of {kept.device_id} {why}")
    old = Server(server.homeserver, kept.access_token)
    try:
        await old.post("v3", "logout")
    except MatrixError:
        log.warning("matrix.old_device_not_logged_out", device=kept.device_id)
    finally:
        await old.close()
    return session


async def _by_password(server: Server, settings: MatrixSettings, device_id: str = "") -> Json:
    body: Json = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": settings.user_id},
        "password": settings.password.get_secret_value(),
        "initial_device_display_name": DEVICE_NAME,
    }
    try:
        return await server.post("v3", "login", body=body | ({"device_id": device_id} if device_id else {}))
    except RequestRefusedError as error:
        raise ChannelEndedError(
            f"The homeserver does not let {settings.user_id} in ({error.code}).",
            remedy="Check STADTLOTSE_MATRIX__USER_ID and __PASSWORD.",
        ) from error


async def _by_token(server: Server, settings: MatrixSettings) -> Json:
    server.token = settings.access_token.get_secret_value()
    try:
        answer = await server.get("v3", "account", "whoami")
    except RequestRefusedError as error:
        raise ChannelEndedError(
            f"The homeserver does not know the access token ({error.code}).",
            remedy="Check STADTLOTSE_MATRIX__ACCESS_TOKEN.",
        ) from error
    if "device_id" not in answer:
        raise ChannelEndedError(
            "The access token belongs to no device.", remedy="Log in as the bot and take its token."
        )
    return answer | {"access_token": server.token}


def _keep(folder: Folder, answer: Json, pickle_key: str, server: Server, store: str = "") -> Login:
    login = Login(answer["user_id"], answer["device_id"], answer["access_token"], pickle_key, store)
    folder.write(LOGIN, asdict(login))
    server.token = login.access_token
    return login


async def _same_keys(server: Server, crypto: Crypto) -> None:
    """Check that the server's keys of this device match the store; raise ``LostStoreError`` if they do not."""
    device = (await own_keys(server, crypto.user_id))["device"].get(crypto.device_id)
    if device is None and not crypto.uploaded:
        return
    if not is_own_device(crypto, device):
        crypto.close()
        raise LostStoreError("has other keys on the server than in the store")


async def own_keys(server: Server, user_id: str) -> dict[str, Json]:
    """Return the account's keys on the server: ``device`` (by id), ``master``, ``self_signing``, ``user_signing``."""
    answer = await server.post("v3", "keys", "query", body={"device_keys": {user_id: []}})
    keys = {"device": part(part(answer, "device_keys"), user_id)}
    for kind in ("master", "self_signing", "user_signing"):
        keys[kind] = part(part(answer, f"{kind}_keys"), user_id)
    return keys


def is_own_device(crypto: Crypto, device: Json | None) -> bool:
    """Return whether a device's keys, as the server shows them, are those of the store."""
    keys = (device or {}).get("keys", {})
    own = {f"ed25519:{crypto.device_id}": crypto.ed25519, f"curve25519:{crypto.device_id}": crypto.curve25519}
    return all(keys.get(name) == key for name, key in own.items())
