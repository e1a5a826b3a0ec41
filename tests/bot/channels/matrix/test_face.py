"""The name and picture of the account: set where they differ, and no failure stops the bot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from bot.channels.matrix.face import BUNDLED, MOST_BYTES, Face, PictureError, picture_problem, read_picture
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import BusyError, Json, RequestRefusedError, Server
from config.matrix import MatrixSettings
from tests.bot.channels.matrix.rig import ME

PNG = b"\x89PNG\r\n\x1a\n rest"


class Profiles(Server):
    """A homeserver with the profile of the bot; it keeps every change."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.profile: Json = {"displayname": "stadtlotse"}
        self.changes: list[str] = []
        self.error: Exception | None = None

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        if method == "GET":
            return dict(self.profile)
        self.changes.append(path[-1])
        if self.error:
            raise self.error
        if path[-1] == "upload":
            return {"content_uri": f"mxc://a.example/{len(self.changes)}"}
        self.profile |= more["body"]
        return {}


@pytest.fixture
def server() -> Profiles:
    return Profiles()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "matrix")
    made.open()
    yield made
    made.close()


async def show(server: Profiles, folder: Folder, **settings: str) -> list[str]:
    """One start; returns what it changed."""
    server.changes = []
    await Face(server, folder, ME, MatrixSettings(**settings)).show()  # type: ignore[arg-type]
    return server.changes


async def test_new_account_gets_the_name_and_the_bundled_picture_once(server: Profiles, folder: Folder) -> None:
    assert await show(server, folder) == ["displayname", "upload", "avatar_url"]
    assert server.profile == {"displayname": "Stadtlotse", "avatar_url": "mxc://a.example/2"}
    assert await show(server, folder) == []


async def test_bundled_picture_replaces_no_other(server: Profiles, folder: Folder) -> None:
    server.profile["avatar_url"] = "mxc://a.example/by-hand"
    assert await show(server, folder) == ["displayname"]


async def test_keep_leaves_name_and_picture_as_they_are(server: Profiles, folder: Folder) -> None:
    assert await show(server, folder, display_name="keep", avatar="keep") == []


async def test_picture_of_the_settings_is_uploaded_only_when_it_changes(
    server: Profiles, folder: Folder, tmp_path: Path
) -> None:
    file = tmp_path / "logo.png"
    for content, changes in ((PNG, 2), (PNG, 0), (PNG + b"2", 2)):
        file.write_bytes(content)
        assert len(await show(server, folder, display_name="keep", avatar=str(file))) == changes
    server.profile["avatar_url"] = "mxc://a.example/by-hand"
    assert await show(server, folder, display_name="keep", avatar=str(file)) == ["upload", "avatar_url"]


@pytest.mark.parametrize(
    "error",
    [RequestRefusedError(403, {"errcode": "M_FORBIDDEN"}, "PUT profile"), BusyError("PUT profile: 502.")],
    ids=str,
)
async def test_server_that_refuses_a_change_stops_nothing(server: Profiles, folder: Folder, error: Exception) -> None:
    server.error = error
    with structlog.testing.capture_logs() as logs:
        await show(server, folder)
    assert {line["event"] for line in logs} <= {"matrix.name_not_set", "matrix.face_not_set"}
    assert logs


NO_PICTURES = {"none": None, "text": b"text", "svg": b"<svg/>", "big": PNG + bytes(MOST_BYTES)}


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
async def test_file_that_is_no_picture_is_named_and_changes_nothing(
    server: Profiles, folder: Folder, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "logo"
    if content is not None:
        file.write_bytes(content)
    with structlog.testing.capture_logs() as logs:
        assert await show(server, folder, display_name="keep", avatar=str(file)) == []
    assert [line["event"] for line in logs] == ["matrix.face_not_set"]
    assert picture_problem(MatrixSettings(avatar=str(file)))
    with pytest.raises(PictureError):
        read_picture(file)


def test_kind_of_a_picture_is_read_from_its_content(tmp_path: Path) -> None:
    begins = {
        "image/png": PNG,
        "image/jpeg": b"\xff\xd8\xff\xe0",
        "image/gif": b"GIF89a",
        "image/webp": b"RIFF\x00\x00\x00\x00WEBP",
    }
    for kind, content in begins.items():
        (tmp_path / "x").write_bytes(content)
        assert read_picture(tmp_path / "x") == (content, kind)
    assert read_picture(BUNDLED)[1] == "image/png"
    assert picture_problem(MatrixSettings()) == ""
