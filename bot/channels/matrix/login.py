"""One account, one device, for years: logged in once, kept, and replaced only when its keys are lost.

Every user who verified the bot sees a red shield if a device without a signature is left behind. So the bot chooses the
id of a new device and stores it before it logs in: after a kill, the next start logs in as the same device. A device is
proven once the account's identity has signed it. If a start ends before that, the bot logs the device out again.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from bot.channels.matrix.credentials import by_password, owner_of_token
from bot.channels.matrix.crypto import Crypto, LostStoreError
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, MatrixError, RequestRefusedError, Server, part
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings
from knowledge_base.failpoints import reached

log = structlog.get_logger()

LOGIN = "login.json"


@dataclass(frozen=True, slots=True)
class Login:
    """The account and device of the bot on the server."""

    user_id: str
    device_id: str
    access_token: str  # empty: the login has begun
    pickle_key: str  # opens the key store
    store: str = ""  # the file name of the key store
    proven: bool = True  # the account's identity has signed the device
    former: str = ""  # the access token of the device that this one replaces, until that one is logged out

    def __post_init__(self) -> None:
        if not self.store:
            object.__setattr__(self, "store", f"device-{self.device_id}.db")

    def to_json(self) -> dict[str, Any]:
        """Return the stored form; earlier versions can read that of a proven device."""
        usual = {"proven": True, "former": ""}
        return {name: value for name, value in asdict(self).items() if usual.get(name) != value or name not in usual}


@dataclass(frozen=True, slots=True)
class Session:
    """A device that is logged in and has its keys."""

    login: Login
    crypto: Crypto
    note: str = ""  # for the operator: a new device, and why


def kept_login(folder: Folder) -> Login | None:
    """Return the login of earlier starts; ``None`` without a valid one."""
    login = _noted(folder)
    return login if login and login.access_token else None


def keep(folder: Folder, login: Login) -> None:
    """Store a login for the next start."""
    folder.write(LOGIN, login.to_json())


def _noted(folder: Folder) -> Login | None:
    """Return the stored login, also one that has only begun."""
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
        crypto = Crypto(kept.user_id, kept.device_id, folder, kept.pickle_key, new=not kept.proven, name=kept.store)
        await _same_keys(server, crypto)
    except LostStoreError as lost:
        log.error(  # noqa: TRY400 - a traceback tells an operator no more
            "matrix.store_lost", reason=str(lost), device=kept.device_id
        )
        return await _replace(server, settings, folder, kept, str(lost))
    return Session(await _end_former(server, folder, kept), crypto)


async def _still_valid(server: Server, settings: MatrixSettings, folder: Folder, kept: Login) -> Login:
    server.token = kept.access_token
    try:
        await server.get("v3", "account", "whoami")
    except RequestRefusedError as error:
        if not error.signed_out:
            raise
        if error.body.get("soft_logout") and settings.password:
            server.token = ""
            return _logged_in(server, folder, kept, await by_password(server, settings, kept.device_id))
        raise signed_out(folder) from error
    return kept


def signed_out(folder: Folder) -> ChannelEndedError:
    """Return the error for a revoked token; the bot does not log in again, because the revocation may be intended."""
    return ChannelEndedError(
        "The homeserver has revoked the bot's access token.",
        remedy=f"To go on, delete {folder.path / LOGIN} and start again; the bot then takes a new device.",
    )


async def _new(server: Server, settings: MatrixSettings, folder: Folder, note: str = "", former: str = "") -> Session:
    """Log in for the first time, or as a new device instead of ``former`` (an access token)."""
    server.token = ""
    login = await (_make(server, settings, folder, former) if settings.password else _by_token(server, settings))
    crypto = Crypto(login.user_id, login.device_id, folder, login.pickle_key, new=True)
    try:
        await _same_keys(server, crypto)
    except LostStoreError as error:
        _forget(folder, login)
        raise ChannelEndedError(
            "The access token belongs to a device whose keys are elsewhere.",
            remedy="Give a token of a new device, or the password.",
        ) from error
    keep(folder, login)
    log.info("matrix.new_device", device=login.device_id)
    login = await _end_former(server, folder, login)
    return Session(login, crypto, note or f"new device {login.device_id}")


async def _make(server: Server, settings: MatrixSettings, folder: Folder, former: str) -> Login:
    """Log in as a new device, or as the one with which a killed start began."""
    login = _noted(folder)
    if login is None or login.access_token or login.user_id != settings.user_id:
        device_id = "".join(secrets.choice(string.ascii_uppercase) for _ in range(10))
        pickle_key = secrets.token_hex(32)
        login = Login(settings.user_id, device_id, "", pickle_key, proven=False, former=former)
        keep(folder, login)
    answer = await by_password(server, settings, login.device_id)
    reached("matrix.device_made")
    login = _logged_in(server, folder, replace(login, store=""), answer)
    reached("matrix.logged_in")
    return login


async def _by_token(server: Server, settings: MatrixSettings) -> Login:
    """Return the login of the token that the operator gave."""
    user_id, device_id = await owner_of_token(server, settings)
    return Login(user_id, device_id, server.token, secrets.token_hex(32), proven=False)


async def _replace(server: Server, settings: MatrixSettings, folder: Folder, kept: Login, why: str) -> Session:
    """Take a new device and end the old one: without its private keys, the old one can never read again."""
    if not settings.password:
        raise ChannelEndedError(
            f"Device {kept.device_id} cannot go on: {why}.",
            remedy="Set STADTLOTSE_MATRIX__PASSWORD, or delete login.json and give the token of a new device.",
        )
    note = f"new device, because of {kept.device_id} {why}"
    return await _new(server, settings, folder, note, former=kept.access_token)


async def _end_former(server: Server, folder: Folder, login: Login) -> Login:
    """Log out the device that this one replaces; try again at the next start if that is not possible now."""
    if not login.former:
        return login
    if not await _log_out(server, login.former):
        return login
    login = replace(login, former="")
    keep(folder, login)
    return login


async def _log_out(server: Server, token: str) -> bool:
    """Log out a device; return whether it is gone."""
    async with Server(server.homeserver, token) as old:
        old.allowed = server.allowed
        try:
            await old.post("v3", "logout")
        except RequestRefusedError as error:
            return error.signed_out
        except MatrixError as error:
            log.warning("matrix.device_not_logged_out", reason=error.message)
            return False
    return True


def prove(folder: Folder, session: Session) -> Session:
    """Note that the account's identity has signed the device."""
    if session.login.proven:
        return session
    login = replace(session.login, proven=True)
    keep(folder, login)
    return replace(session, login=login)


async def abandon(server: Server, settings: MatrixSettings, folder: Folder, session: Session) -> None:
    """End a start that failed for good: log out the device that it made, so that no unsigned device is left.

    A device that was in service before stays, and so does one with the token of the operator: nobody else can make it.
    """
    session.crypto.close()
    if not session.login.proven and settings.password and await _log_out(server, session.login.access_token):
        log.warning("matrix.device_abandoned", device=session.login.device_id)
        _forget(folder, session.login)


def _forget(folder: Folder, login: Login) -> None:
    for name in (LOGIN, login.store, f"{login.store}-journal"):
        (folder.path / name).unlink(missing_ok=True)


def _logged_in(server: Server, folder: Folder, login: Login, answer: Json) -> Login:
    """Keep the login with the token that the server gave."""
    user_id, device_id, token = (str(answer[name]) for name in ("user_id", "device_id", "access_token"))
    login = replace(login, user_id=user_id, device_id=device_id, access_token=token)
    keep(folder, login)
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
