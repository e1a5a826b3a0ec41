"""Readers of single fields: from the value in a file to the value in the model, or the reason why not.

Every reader takes the raw value (text, number, boolean, list or mapping; never None) and returns the clean one. Errors:
``FieldRefusedError``, whose text never repeats a contact's data.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from knowledge_base.ingest import limits
from knowledge_base.ingest.row import shortened
from knowledge_base.mail_address import read_host
from knowledge_base.model import Json

Reader = Callable[[Json], Json]

_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_MAIL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_MATRIX = re.compile(r"@[\x21-\x39\x3b-\x7e]{1,200}:[A-Za-z0-9.-]{1,230}(?::\d{1,5})?")
_PHONE = re.compile(r"\+?[\d /().–-]{3,40}")
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?![\d-])")
_GERMAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


class FieldRefusedError(ValueError):
    """The reason why a value cannot be taken, and what to write instead, in English.

    ``key`` and ``values`` name the reason for a chat, which says it in its own language; ``key`` is empty if only a
    file can hold such a value.
    """

    def __init__(self, reason: str, remedy: str = "", *, key: str = "", **values: str | int) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy
        self.key, self.values = key, tuple(values.items())


def text(value: Json, limit: int = limits.MAX_TEXT) -> str:
    """Return text of any lines: Unicode NFC, line feeds for line ends, control characters as spaces."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    if not isinstance(value, str):
        raise FieldRefusedError(f"It is a {_shape(value)}, but one text is expected.")
    return _clean(value, limit)


def _clean(value: str, limit: int) -> str:
    if len(value) > limit:
        reason = f"It has {len(value)} characters; {limit} are allowed."
        raise FieldRefusedError(reason, "Shorten it.", key="too_long", length=len(value), limit=limit)
    if "\0" in value:
        raise FieldRefusedError("It holds a NUL character.", "Remove it.", key="unprintable")
    if not value.isascii():
        _refuse_surrogates(value)
        value = unicodedata.normalize("NFC", value)
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(" ", value).strip()


def line(value: Json) -> str:
    """Return text on one line: any white space becomes one space."""
    return " ".join(text(value, limits.MAX_LINE).split())


def identifier(value: Json) -> str:
    """Return an id: printable, without spaces at its ends, at most ``MAX_ID`` characters."""
    if isinstance(value, bool):
        raise FieldRefusedError("It is true or false, but an id is expected.")
    raw = text(value, limits.MAX_ID)
    if not raw:
        raise FieldRefusedError("It is empty.", "Every record needs an id of its own.", key="missing")
    if not raw.isprintable() or (isinstance(value, str) and any(not c.isprintable() for c in value.strip())):
        reason = "It holds characters that cannot be printed."
        raise FieldRefusedError(reason, "Use letters, digits, - and _.", key="unprintable")
    return raw


def words(value: Json) -> tuple[str, ...]:
    """Return a list of lines from a list or from text delimited by | or, without one, by ;

    Empty and repeated ones are dropped.
    """
    return _list(value, line, r"\|" if isinstance(value, str) and "|" in value else ";")


def identifiers(value: Json) -> tuple[str, ...]:
    """Return a list of ids, written like ``words``."""
    return _list(value, identifier, r"\|" if isinstance(value, str) and "|" in value else ";")


def url(value: Json) -> str:
    """Return an http or https address with a host and without a password."""
    address = text(value, limits.MAX_URL)
    if address in ("", "http://", "https://"):  # some forms prefill the beginning, and users leave it
        return ""
    try:
        parts = urlsplit(address)
        host, secret = parts.hostname, parts.password
    except ValueError:
        parts, host, secret = urlsplit(""), None, None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not address.isprintable()
        or re.search(r"[\s<>\"]", address)
    ):
        shown = shortened(address)
        raise FieldRefusedError(f"{shown!r} is not a web address.", "Write https://….", key="no_url", value=shown)
    if secret is not None:
        raise FieldRefusedError("The web address holds a password.", "Remove it.", key="url_password")
    return address


def sources(value: Json) -> tuple[str, ...]:
    """Return the sources of the facts: web addresses, or words (a paper, a conversation)."""

    def source(entry: Json) -> str:
        written = text(entry, limits.MAX_URL)
        return url(written) if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", written) else " ".join(written.split())

    return _list(value, source, r"\|" if isinstance(value, str) and "|" in value else r";\s*(?=https?:)|;\s+|;$")


def language(value: Json) -> str:
    """Return a language tag such as ``de`` or ``pl``; "" stays the default."""
    tag = line(value)
    code, dash, rest = tag.partition("-")
    tag = code.lower() + dash + rest
    if tag and not _LANGUAGE.fullmatch(tag):
        shown = shortened(tag)
        raise FieldRefusedError(
            f"{shown!r} is not a language code.", "Write de, en, pl ….", key="no_language", value=shown
        )
    return tag


def moment(value: Json) -> str:
    """Return a date or date-time as ISO 8601; a German date (24.11.2026) is rewritten."""
    written = line(value)
    if not written:
        return ""
    if german := _GERMAN_DATE.fullmatch(written):
        day, month, year = map(int, german.groups())
        written = f"{year:04}-{month:02}-{day:02}"
    if not _ISO_DATE.match(written) or not _is_moment(written):
        shown = shortened(written)
        remedy = "Write 2026-11-24 or 2026-11-24T10:00."
        raise FieldRefusedError(f"{shown!r} is not a date.", remedy, key="no_date", value=shown)
    return written


def _is_moment(written: str) -> bool:
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return False
    return True


def mail(value: Json) -> str:
    """Return an e-mail address; the reason never repeats it."""
    address = text(value, 254)
    local, _, domain = address.rpartition("@")
    if address and not (_MAIL_LOCAL.fullmatch(local) and len(local) <= 64 and read_host(domain)):
        raise FieldRefusedError(
            "It is not an e-mail address.", "Write name@example.org, one address only.", key="no_mail"
        )
    return address


def matrix_id(value: Json) -> str:
    """Return a Matrix user id; the reason never repeats it."""
    user = text(value, 255)
    if user and not _MATRIX.fullmatch(user):
        raise FieldRefusedError("It is not a Matrix id.", "Write @name:example.org.", key="no_matrix_id")
    return user


def phone(value: Json) -> str:
    """Return a phone number; the reason never repeats it."""
    number = line(value)
    if number and not (_PHONE.fullmatch(number) and sum(c.isdigit() for c in number) >= 3):
        raise FieldRefusedError("It is not a phone number.", "Write +49 30 1234567.", key="no_phone")
    return number


def domains(value: Json) -> tuple[str, ...]:
    """Return mail domains in lower case."""
    names = tuple(name.lower().lstrip("@") for name in words(value))
    for name in names:
        if not _DOMAIN.fullmatch(name):
            raise FieldRefusedError(f"{shortened(name)!r} is not a mail domain.", "Write stadt.example.")
    return names


def whole(value: Json) -> int:
    """Return a number of inhabitants."""
    number = _number(value)
    if number != int(number) or not 0 <= number <= 100_000_000:
        raise FieldRefusedError(
            f"{shortened(value)!r} is not a number of inhabitants.", "Write a whole number such as 23456."
        )
    return int(number)


def within(low: float, high: float) -> Reader:
    """Return a number between two bounds, such as a latitude."""

    def read(value: Json) -> float:
        number = _number(value)
        if not low <= number <= high:
            raise FieldRefusedError(
                f"{shortened(value)!r} is not between {low:g} and {high:g}.", "Write decimal degrees."
            )
        return number

    return read


def plain(value: Json, depth: int = 0) -> Json:
    """Return any JSON value for ``extra``, bounded in depth and size, with cleaned texts."""
    if depth > limits.MAX_DEPTH:
        raise FieldRefusedError(f"Lists and objects are nested deeper than {limits.MAX_DEPTH}.", "Make it flat.")
    match value:
        case dict():
            return {text(name, limits.MAX_LINE): plain(entry, depth + 1) for name, entry in value.items()}
        case list():
            return [plain(entry, depth + 1) for entry in value]
        case str():
            return text(value)
        case float() if not math.isfinite(value):
            raise FieldRefusedError("The number is too large.")
        case int() if abs(value) >= 2**63:
            raise FieldRefusedError("The number has too many digits, or is not a number.", "Write it as text.")
        case _:
            return value


def _list(value: Json, read: Reader, delimiter: str) -> tuple[str, ...]:
    if isinstance(value, dict):
        raise FieldRefusedError("It is an object, but a list is expected.")
    if isinstance(value, str) and len(value) > limits.MAX_TEXT:
        reason = f"It has {len(value)} characters; {limits.MAX_TEXT} are allowed."
        raise FieldRefusedError(reason, key="too_long", length=len(value), limit=limits.MAX_TEXT)
    entries = value if isinstance(value, list) else re.split(delimiter, value) if isinstance(value, str) else [value]
    if len(entries) > limits.MAX_LIST:
        reason = f"The list has {len(entries)} entries; {limits.MAX_LIST} are allowed."
        raise FieldRefusedError(reason, key="too_many", length=len(entries), limit=limits.MAX_LIST)
    kept = (read(entry) for entry in entries if entry is not None and (not isinstance(entry, str) or entry.strip()))
    return tuple(dict.fromkeys(entry for entry in kept if entry))


def _number(value: Json) -> float:
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            raise FieldRefusedError(
                f"{shortened(value)!r} is not a number.", "Write digits with a decimal point."
            ) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldRefusedError(f"It is a {_shape(value)}, but a number is expected.")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise FieldRefusedError("The number has too many digits.")
    if not math.isfinite(value):
        raise FieldRefusedError("The number is not finite.")
    return float(value)


def _number_text(value: float) -> str:
    if value != value or abs(value) >= 10**18:  # noqa: PLR0124  # not a number, infinity, or an endless integer
        raise FieldRefusedError("The number has too many digits, or is not a number.", "Write it as text.")
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else str(value)


def _refuse_surrogates(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FieldRefusedError(
            "It holds half a character (a lone surrogate).", "Write it again.", key="unprintable"
        ) from None


def _shape(value: Json) -> str:
    return {list: "list", dict: "object", bool: "truth value"}.get(type(value), type(value).__name__)
