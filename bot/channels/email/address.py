"""Mail addresses: pure."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.utils import parseaddr

from knowledge_base.mail_address import read_host

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
NAME = "Stadtlotse"  # for a setting without a name


def recipient(text: str) -> Address | None:
    """Return an address as SMTP takes it, its host in ASCII form; ``None`` if it is not valid.

    Quoted local parts, comments, address literals and letters beyond ASCII before the ``@`` are not valid: programs
    read them differently, or few servers take them.
    """
    local, at, domain = text.strip().rpartition("@")
    host = read_host(domain)
    if not at or host is None or not _LOCAL.fullmatch(local) or len(local) > 64 or len(local) + len(host) >= LONGEST:
        return None
    return Address(username=local, domain=host)


def named(setting: str) -> Address:
    """Parse a setting such as ``Stadtlotse <stadtlotse@stadt.example>``; raise ``ValueError`` if it is not valid."""
    name, text = parseaddr(setting)
    address = recipient(text)
    if address is None:
        raise ValueError(f"{text!r} is no address that mail can come from")
    return Address(name or NAME, address.username, address.domain)
