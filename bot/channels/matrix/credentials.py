"""What the operator gives the bot to log in with: a password, or the token of a new device."""

from __future__ import annotations

from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings

DEVICE_NAME = "Stadtlotse"
BY_PASSWORD = "m.login.password"  # noqa: S105 - a kind of login
ISSUE_TOKEN = "mas-cli manage issue-compatibility-token"  # noqa: S105 - a command


async def by_password(server: Server, settings: MatrixSettings, device_id: str) -> Json:
    """Log in with the password; the device gets this id. Raise ``ChannelEndedError`` with a remedy if refused."""
    await expect_password_login(server)
    body: Json = {
        "type": BY_PASSWORD,
        "identifier": {"type": "m.id.user", "user": settings.user_id},
        "password": settings.password.get_secret_value(),
        "initial_device_display_name": DEVICE_NAME,
        "device_id": device_id,
    }
    try:
        return await server.post("v3", "login", body=body)
    except RequestRefusedError as error:
        raise ChannelEndedError(
            f"The homeserver does not let {settings.user_id} in ({error.code}).",
            remedy="Check STADTLOTSE_MATRIX__USER_ID and __PASSWORD.",
        ) from error


async def expect_password_login(server: Server) -> None:
    """Raise ``ChannelEndedError`` if the server names its kinds of login, and the password is not among them."""
    try:
        kinds = login_kinds(await server.get("v3", "login"))
    except RequestRefusedError:
        return  # the login itself will tell
    if kinds and BY_PASSWORD not in kinds:
        raise ChannelEndedError(
            f"The homeserver has no login by password; it offers {', '.join(kinds)}.",
            remedy="Give the access token of a new device as STADTLOTSE_MATRIX__ACCESS_TOKEN, and no password. "
            f"With the Matrix Authentication Service: {ISSUE_TOKEN} USER",
        )


def login_kinds(answer: Json) -> list[str]:
    """Return the kinds of login that a server offers."""
    flows = answer.get("flows")
    kinds = [flow.get("type") for flow in flows if isinstance(flow, dict)] if isinstance(flows, list) else []
    return [kind for kind in kinds if isinstance(kind, str)]


async def owner_of_token(server: Server, settings: MatrixSettings) -> tuple[str, str]:
    """Use the token from the settings; return its user and device. Raise ``ChannelEndedError`` if it does not fit."""
    server.token = settings.access_token.get_secret_value()
    try:
        answer = await server.get("v3", "account", "whoami")
    except RequestRefusedError as error:
        raise ChannelEndedError(
            f"The homeserver does not know the access token ({error.code}).",
            remedy="Check STADTLOTSE_MATRIX__ACCESS_TOKEN. With the Matrix Authentication Service, the tokens of "
            f"clients expire within minutes, and this gives one that lasts: {ISSUE_TOKEN} USER",
        ) from error
    user_id, device_id = answer.get("user_id"), answer.get("device_id")
    if not isinstance(user_id, str) or not isinstance(device_id, str):
        raise ChannelEndedError(
            "The access token belongs to no device.",
            remedy=f"Log in as the bot and take its token, or issue one for a device: {ISSUE_TOKEN} USER DEVICE",
        )
    if settings.user_id and user_id != settings.user_id:
        raise ChannelEndedError(
            f"The access token belongs to {user_id}, not to {settings.user_id}.",
            remedy="Check STADTLOTSE_MATRIX__ACCESS_TOKEN and __USER_ID.",
        )
    return user_id, device_id


def password_stage(challenge: Json, user_id: str, password: str) -> Json:
    """Return the answer to a server that asks for the password again; raise ``ChannelEndedError`` if there is none."""
    flows = challenge.get("flows")
    stages = [flow.get("stages") for flow in flows if isinstance(flow, dict)] if isinstance(flows, list) else []
    if stages and [BY_PASSWORD] not in stages:
        raise ChannelEndedError(
            "The homeserver lets only its own pages confirm a new identity.",
            remedy="Approve it there: open the account's page, choose to reset the cryptographic identity, and start "
            "the bot within ten minutes.",
        )
    if not password:
        raise ChannelEndedError(
            "The homeserver wants the bot's password before it takes a new identity.",
            remedy="Set STADTLOTSE_MATRIX__PASSWORD for this start.",
        )
    user = {"type": "m.id.user", "user": user_id}
    return {"type": BY_PASSWORD, "identifier": user, "password": password, "session": challenge.get("session")}
