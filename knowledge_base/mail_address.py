"""Mail addresses, read so strictly that two readers cannot disagree about them. Pure.

Who may prove to belong to a municipality depends on the domain behind the last ``@``. So nothing is accepted here that
a mail server and this module could read differently: no display names, comments, quoted local parts, routes, address
literals, tags behind a plus sign, or letters beyond ASCII before the ``@``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import idna

LONGEST = 254
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9_-])){0,63}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address in the one form in which it is compared and stored: lower case, the host in its ASCII form."""

    local: str
    host: str

    def __str__(self) -> str:
        return f"{self.local}@{self.host}"


def read_address(text: str) -> MailAddress | None:
    """The address that a person typed; ``None`` for everything that is not plainly one."""
    local, at, domain = text.strip().rpartition("@")
    host = read_host(domain)
    if (
        not at
        or host is None
        or domain != domain.strip()
        or len(local) + len(host) >= LONGEST
        or not _LOCAL.fullmatch(local.lower())
    ):
        return None
    return MailAddress(local.lower(), host) if local.isascii() and len(local) <= 64 else None


def read_host(text: str) -> str | None:
    """A host name in its ASCII form, or ``None``.

    Unicode is encoded strictly (IDNA 2008, no compatibility mapping): what only looks like another name, in full-width
    letters or with an ideographic full stop, is none.
    """
    lowered = text.strip().lower()
    try:
        host = idna.encode(lowered, strict=True, std3_rules=True).decode("ascii") if lowered else ""
    except (idna.IDNAError, UnicodeError):
        return None
    return host if _HOST.fullmatch(host) and len(host) <= 253 else None


def same_form(text: str) -> str:
    """An imported address in the form of ``MailAddress``; one that cannot be read so is compared letter by letter."""
    known = read_address(text)
    return str(known) if known else text.strip().lower()
