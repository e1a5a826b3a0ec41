"""Base class and checks of all settings sections."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode


def as_list(value: object) -> object:
    """Return the list that an environment variable writes as ``a, b``; other values stay."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def empty_is_none(value: object) -> object:
    """Return ``None`` for an empty value: an empty environment variable means "not set"."""
    return None if value == "" else value


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine only."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def is_url(text: str) -> bool:
    """Return whether a text is a web address with a host that programs can read."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0) and not re.search(r"[\s\\]", text)
    except ValueError:
        return False


def host_of(address: str) -> str:
    """Return the host of an address or of a bare name, without the login in it."""
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""


def is_text(text: str) -> bool:
    """Return whether files, databases and networks can take all characters of a text."""
    return not re.search("[\0\ud800-\udfff]", text)


Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(as_list)]


class Section(BaseModel):
    """A group of settings; refuses unknown names, which are typing mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
