"""Addresses that mail can be sent to. Pure."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.utils import parseaddr

from knowledge_base.mail_address import read_host

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
NAME = "Stadtlotse"  # where the setting gives the address alone


def recipient(text: str) -> Address | None:
    """An address as SMTP takes it, its host in the ASCII form; ``None`` for everything else.

    No quoted local parts, comments, address literals or letters beyond ASCII before the ``@``: what no two programs
    read alike, or few servers take.
    """
    local, at, domain = text.strip().rpartition("@")
    host = read_host(domain)
    if not at or host is None or not _LOCAL.fullmatch(local) or len(local) > 64 or len(local) + len(host) >= LONGEST:
        return None
    return Address(username=local, domain=host)


def named(setting: str) -> Address:
    """A setting such as ``Stadtlotse <stadtlotse@stadt.example>``; ``ValueError`` when mail cannot come from it."""
    name, text = parseaddr(setting)
    address = recipient(text)
    if address is None:
        raise ValueError(f"{text!r} is no address that mail can come from")
    return Address(name or NAME, address.username, address.domain)
