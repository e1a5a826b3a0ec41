"""Contact data as values of a text, and the links to them. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

from bot.messages import Own, Reach

OTHER = "other"  # the kind of a datum that a user typed; other kinds are networks, and "phone"
MATRIX_ID = re.compile(r"@[\x21-\x39\x3b-\x7e]+:[A-Za-z0-9.-]+(?::\d{1,5})?")
MAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]+\.)+[^\W\d_]{2,}")
PHONE = re.compile(r"(?:\+|\(?0)[0-9 /().–-]{3,40}")
HANDLE = re.compile(r"(?<!\w)@\w{4,}|\bt\.me/\w{4,}", re.IGNORECASE)
DIGITS = re.compile(r"\d(?:[ ()/.–-]{0,3}\d){3,}")
MOST_DIGITS = 15  # of a telephone number (E.164); more are several numbers


def link_of(text: str) -> str:
    """Return the address that opens a chat, a mail or a call; empty if the text is none of these as a whole."""
    if MATRIX_ID.fullmatch(text):
        return f"https://matrix.to/#/{quote(text, safe='@:')}"
    if MAIL.fullmatch(text):
        return f"mailto:{quote(text, safe='@+')}"
    if PHONE.fullmatch(text):
        digits = re.sub(r"[^0-9]", "", text.replace("(0)", "") if text.startswith(("+", "00")) else text)
        return f"tel:{'+' if text.startswith('+') else ''}{digits}" if 4 <= len(digits) <= MOST_DIGITS else ""
    return ""


def is_reach(text: str) -> bool:
    """Return whether a text that a user typed holds something by which others can reach them."""
    return any(pattern.search(text) for pattern in (MATRIX_ID, MAIL, HANDLE, DIGITS))


def as_reach(kind: str, text: str, *, own: bool = False) -> Reach | Own | str:
    """Return a shared datum as a value; what a user typed is only that if it is an address as a whole."""
    if kind != OTHER or link_of(text):
        return Reach(text, own)
    return Own(text) if own else text
