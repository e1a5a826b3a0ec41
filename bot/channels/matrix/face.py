"""The name and picture of the bot's account, set where they differ from the settings. A failure stops nothing."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import structlog

from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, MatrixError, RequestRefusedError, Server
from config.matrix import MatrixSettings
from knowledge_base.errors import StoreError

log = structlog.get_logger()

KEEP = "keep"
BUNDLED = Path(__file__).with_name("avatar.png")
UPLOADED = "avatar.json"  # the picture that the bot uploaded last: its hash and its address
MOST_BYTES = 2_000_000
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


class PictureError(Exception):
    """A file that is no picture, or that the bot cannot read."""


def read_picture(path: Path) -> tuple[bytes, str]:
    """Return the content and media type of a picture; raise ``PictureError`` with the reason."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PictureError(f"the file cannot be read ({type(error).__name__})") from error
    if len(content) > MOST_BYTES:
        raise PictureError(f"the file is larger than {MOST_BYTES // 1_000_000} MB")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return content, "image/webp"
    media_type = next((kind for begin, kind in KINDS.items() if content.startswith(begin)), "")
    if not media_type:
        raise PictureError("the file is no PNG, JPEG, GIF or WebP")
    return content, media_type


def picture_problem(settings: MatrixSettings) -> str:
    """Return what is wrong with the picture that the settings name; empty: nothing."""
    if settings.avatar in ("", KEEP):
        return ""
    try:
        read_picture(Path(settings.avatar))
    except PictureError as error:
        return str(error)
    return ""


class Face:
    """The public face of one account."""

    def __init__(self, server: Server, folder: Folder, user: str, settings: MatrixSettings) -> None:
        self._server = server
        self._folder = folder
        self._user = user
        self._settings = settings

    async def show(self) -> None:
        """Set name and picture if they differ; log what is not possible, because some organisations fix both."""
        try:
            profile = await self._profile()
            await self._name(profile)
            await self._picture(profile)
        except (MatrixError, StoreError) as error:
            log.warning("matrix.face_not_set", reason=error.message)
        except PictureError as error:
            log.warning("matrix.face_not_set", reason=str(error), remedy="check STADTLOTSE_MATRIX__AVATAR")

    async def _profile(self) -> Json:
        try:
            return await self._server.get("v3", "profile", self._user)
        except RequestRefusedError as error:
            if error.code != "M_NOT_FOUND":
                raise
            return {}

    async def _name(self, profile: Json) -> None:
        wanted = self._settings.display_name.strip()
        if wanted in ("", KEEP, profile.get("displayname")):
            return
        try:
            await self._server.put("v3", "profile", self._user, "displayname", body={"displayname": wanted})
        except RequestRefusedError as error:
            if error.signed_out:
                raise
            log.warning("matrix.name_not_set", reason=error.message)

    async def _picture(self, profile: Json) -> None:
        wanted, current = self._settings.avatar, profile.get("avatar_url")
        if wanted == KEEP or (not wanted and current):
            return
        content, media_type = await asyncio.to_thread(read_picture, Path(wanted) if wanted else BUNDLED)
        digest = hashlib.sha256(content).hexdigest()
        if current and self._folder.read(UPLOADED) == {"sha256": digest, "url": current}:
            return
        address = await self._server.upload(content, media_type)
        await self._server.put("v3", "profile", self._user, "avatar_url", body={"avatar_url": address})
        self._folder.write(UPLOADED, {"sha256": digest, "url": address})
