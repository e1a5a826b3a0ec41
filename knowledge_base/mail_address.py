"""Mail addresses, read so strictly that two readers cannot disagree about them. Pure.

The domain behind the last ``@`` decides about membership in a municipality. So this module refuses everything that a
mail server could read differently: display names, comments, quoted local parts, routes, address literals, tags behind a
plus sign, and letters beyond ASCII before the ``@``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import idna

LONGEST = 254
_LOCAL = re.compile(r"[a-z0-9](?:[a-z0-9_-]|\.(?=[a-z0-9_-])){0,63}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address in the form in which it is compared and stored: lower case, the host in its ASCII form."""

    local: str
    host: str

    def __str__(self) -> str:
        return f"{self.local}@{self.host}"


def read_address(text: str) -> MailAddress | None:
    """Return the address that a user typed; ``None`` for everything that is not plainly one."""
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


def typed_address(text: str) -> MailAddress | None:
    """Return the address that ends a sentence of a user, as in "my address is a@b.example."."""
    return read_address(text.strip().rstrip(".,;!"))


class Flaw(StrEnum):
    """Why an address that a user typed is not taken."""

    NO_AT = "no_at"  # it is no address
    TAG = "tag"  # behind a plus sign: other mailboxes may be the same one
    LETTERS = "letters"  # beyond ASCII before the ``@``: few servers take them
    DOT = "dot"  # at the beginning or end of the name, or two together
    HOST = "host"  # no host name
    FORM = "form"  # a display name, a comment, quotes, spaces


def flaw_of(text: str) -> Flaw:
    """Return the reason to give for an address that ``typed_address`` refuses."""
    local, at, domain = text.strip().rstrip(".,;!").rpartition("@")
    if not at or not local:
        return Flaw.NO_AT
    if re.search(r"[\s<>()\"@,:\[\]\\]", local):
        return Flaw.FORM
    if "+" in local:
        return Flaw.TAG
    if not local.isascii():
        return Flaw.LETTERS
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return Flaw.DOT
    return Flaw.HOST if read_host(domain) is None or domain != domain.strip() else Flaw.FORM


def read_host(text: str) -> str | None:
    """Return a host name in its ASCII form, or ``None``.

    Unicode is encoded strictly (IDNA 2008, no compatibility mapping). A name in full-width letters or with an
    ideographic full stop is refused, although it looks like another name.
    """
    lowered = text.strip().lower()
    try:
        host = idna.encode(lowered, strict=True, std3_rules=True).decode("ascii") if lowered else ""
    except (idna.IDNAError, UnicodeError):
        return None
    return host if _HOST.fullmatch(host) and len(host) <= 253 else None


def same_form(text: str) -> str:
    """Return an imported address in the form of ``MailAddress``; one that is not valid is trimmed and lower-cased."""
    trimmed = text.strip().lower()
    local, at, domain = trimmed.rpartition("@")
    host = read_host(domain)
    return f"{local}@{host}" if at and host else trimmed
