"""What every group of settings is made of."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_settings import NoDecode


def as_list(value: object) -> object:
    """``a, b`` as an environment variable writes a list."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def empty_is_none(value: object) -> object:
    """An empty variable means that there is no value."""
    return None if value == "" else value


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine alone."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def is_url(text: str) -> bool:
    """Return whether this is an address with a host that programs can read."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0) and not re.search(r"[\s\\]", text)
    except ValueError:
        return False


def is_text(text: str) -> bool:
    """Return whether files, databases and networks can take the characters."""
    return not re.search("[\0\ud800-\udfff]", text)


Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(as_list)]


class Section(BaseModel):
    """A group of settings; an unknown name is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)
