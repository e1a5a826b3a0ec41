"""The check of a Matrix account for ``stadtlotse check``: it changes nothing and does not disturb a running bot."""

from __future__ import annotations

from bot.channels.matrix.access import spaces_without_bot
from bot.channels.matrix.credentials import expect_password_login
from bot.channels.matrix.crosssigning import Seeds
from bot.channels.matrix.crypto import Crypto, LostStoreError
from bot.channels.matrix.devices import Noted, find_unknown, shown, worth_an_alert
from bot.channels.matrix.face import picture_problem
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import MatrixError, RequestRefusedError, Server
from bot.channels.matrix.login import Login, is_own_device, kept_login, own_keys
from bot.channels.matrix.signing import chain, device_signed
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings

Lines = list[tuple[str, str]]
REMEDY = "if it is not yours, change the account's password; log the device out (docs/matrix.md, unknown devices)"


async def look(server: Server, settings: MatrixSettings, folder: Folder) -> Lines:
    """Return one line each: login, device, cross-signing, key store."""
    login = kept_login(folder)
    try:
        if login is None:
            await server.get("versions")
            if settings.password:
                await expect_password_login(server)
            return [("none", f"matrix: {settings.homeserver} answers; not logged in yet, the first serve does that")]
        return await _look(server, settings, folder, login)
    except ChannelEndedError as error:
        return [("fail", f"matrix: {error}")]
    except RequestRefusedError as error:
        if error.signed_out:
            return [("fail", "matrix: the homeserver has revoked the access token; delete login.json to log in anew")]
        return [("fail", f"matrix: {error}")]
    except MatrixError as error:
        return [("fail", f"matrix: {settings.homeserver} cannot be reached ({error.message})")]


async def _look(server: Server, settings: MatrixSettings, folder: Folder, login: Login) -> Lines:
    server.token = login.access_token
    who = await server.get("v3", "account", "whoami")
    lines = [("ok", f"matrix: logged in as {who['user_id']}, device {login.device_id}")]
    keys = await own_keys(server, login.user_id)
    device = keys["device"].get(login.device_id)
    _, self_signing = chain(login.user_id, keys["master"], keys["self_signing"])
    signed = device_signed(device, login.user_id, self_signing)
    seeds = Seeds.load(folder)
    ours = bool(seeds and seeds.key("self_signing").public == self_signing)
    if signed and ours:
        lines.append(("ok", "matrix: cross-signed; the identity is the bot's own"))
    else:
        reason = "the account's identity is not the bot's" if self_signing and not ours else "the device is not signed"
        lines.append(("fail", f"matrix: not cross-signed ({reason}); strict clients will not talk to the bot"))
    unknown = await find_unknown(server, login.user_id, login.device_id, self_signing) if ours else {}
    bad = worth_an_alert(unknown, Noted.load(folder))
    lines += [("fail", f"matrix: unknown device {shown(device)} on the account; {REMEDY}") for device in bad]
    absent = await spaces_without_bot(server, settings)
    lines += [("fail", f"matrix: the bot is not in the Space {name}; invite it there") for name in absent]
    if problem := picture_problem(settings):
        lines.append(("fail", f"matrix: the avatar is not shown: {problem}"))
    try:
        crypto = Crypto(login.user_id, login.device_id, folder, login.pickle_key, new=False, name=login.store)
    except LostStoreError as error:
        return [*lines, ("fail", f"matrix: {error}; the next serve takes a new device")]
    intact = is_own_device(crypto, device)
    crypto.close()
    store = ("ok", "matrix: key store intact") if intact else ("fail", "matrix: the key store is of another device")
    return [*lines, store]
