"""A client for the health of the running process, used by the command ``health``."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ADDRESS_FILE = "web.address"  # in the state folder: where the running process listens


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """The result of a health check; ``lines`` are for people."""

    ok: bool
    lines: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return 0 if green, 1 if red or without an answer."""
        return 0 if self.ok else 1


def note_address(state_dir: Path, url: str) -> None:
    """Store the address of the process; for ``on_listening`` of the server."""
    (state_dir / ADDRESS_FILE).write_text(f"{url}\n", encoding="utf-8")


def forget_address(state_dir: Path) -> None:
    """Remove the stored address when the process stops listening."""
    (state_dir / ADDRESS_FILE).unlink(missing_ok=True)


def noted_address(state_dir: Path) -> str | None:
    """Return the stored address; ``None`` if no process runs with this state folder."""
    try:
        url = (state_dir / ADDRESS_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return url if url.startswith("http://") else None


async def ask_health(url: str | None, *, seconds: float = 10) -> HealthAnswer:
    """Ask ``url`` (``None``: nothing listens) for its health. Never raise: no answer counts as red."""
    if url is None:
        return HealthAnswer(False, ("red: no running bot is known in this state folder",))
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False, timeout=seconds) as client:
            response = await client.get(f"{url}/healthz")
            body: Any = response.json()
            return HealthAnswer(response.status_code == httpx.codes.OK, tuple(_lines(body)))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return HealthAnswer(False, (f"red: {url} does not answer ({type(error).__name__})",))
    except (ValueError, TypeError, AttributeError, KeyError):
        return HealthAnswer(False, (f"red: something else answers on {url}",))


def _lines(body: Any) -> list[str]:
    parts = [
        f"  {name}: {part['status']}"
        + (f", {part['reason']} for {part['silent_seconds']} s" if "reason" in part else "")
        for name, part in body.get("parts", {}).items()
    ]
    return [str(body["status"]), *parts]
