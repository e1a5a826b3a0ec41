"""What people paste: mails, web addresses, text copied from pages and PDFs. Pure.

A pasted mail is read without its head, greeting, signature and quoted mail: they name places, dates and subjects that
the question does not ask for. A web address is compared with those of the records; its words say nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHORTEST = 4  # words of a question that are left, or nothing is cut
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"“”„()\[\]]+", re.IGNORECASE)
_MAIL_ADDRESS = re.compile(r"\S+@\S+\.\w+")
_HEAD = re.compile(
    r"(?:^|\n) *(?:von|an|cc|kopie|gesendet|datum|from|to|sent|date|od|do|data|wysłano): [^\n]*(?=\n|$)", re.IGNORECASE
)
_ABOUT = re.compile(r"(?:^|\n) *(?:betreff|subject|temat): *(?:(?:wg|aw|re|fwd?|odp): *)*", re.IGNORECASE)
_GREETING = re.compile(
    r"^\s*(?:(?:sehr geehrte[rs]?|liebe[rs]?|werte[rs]?|dear|szanown[aiy]|drog[ai]\w?)\b[^\n,!.?:;]{0,60}[,!:]?\s+)+",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:^|(?<=[\s.!?,]))(?:(?:mit )?(?:freundlichen?|besten?|vielen?|herzlichen?|schönen?|lieben?|kollegialen)"
    r" grü(?:ß|ss)en?"
    r"|(?:kind|best|warm) regards|yours (?:sincerely|faithfully)|sincerely yours"
    r"|z (?:poważaniem|wyrazami szacunku)|(?:serdecznie )?pozdrawiam|z pozdrowieniami"
    r"|(?<=\n)(?:gruß|lg|mfg|vg|regards|pozdrowienia)\b|(?<=\n)-- ?\n)",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"(?:^|\n)(?: *>|-{2,} ?(?:ursprüngliche|original|wiadomość)"
    r"|(?:am|on|dnia|w dniu) [^\n]{5,120}(?:schrieb|wrote|napisał)[^\n]*:)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜŻŹĆŁŚ])|\n+")
_MONTH = (
    "jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|paz|lis|gru"
)
_DATE = re.compile(
    rf"\b\d{{1,2}}\. ?(?:\d{{1,2}}\. ?|(?:{_MONTH})\w*\.? )20\d\d\b|\b20\d\d-\d\d-\d\d\b|\b\d{{1,2}}/\d{{1,2}}/20\d\d\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)? (?:{_MONTH})\w* 20\d\d\b|\b(?:{_MONTH})\w* \d{{1,2}}(?:st|nd|rd|th)?,? 20\d\d\b",
    re.IGNORECASE,
)
_REPLY = re.compile(
    r"\b(?:rückmeldung|antwort|rückruf|reply|response|answer|odpowied\w+)\b.*\b(?:bis|dankbar|danke|freue\w*|by|until|grateful|"
    r"thank\w*|appreciate|do|wdzięczn\w+|proszę)\b|\b(?:dankbar|grateful|wdzięczn\w+)\b.*\b(?:rückmeldung|antwort|reply|hinweis\w*)\b"
    r"|^(?:vielen|herzlichen|besten) dank\b|^thank(?:s| you)\b[^.?]{0,60}[.!]?$",
    re.IGNORECASE,
)
_BROKEN = re.compile(r"(?<=[^\W\d_])-\s*\n\s*(?=[a-zäöüß])")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class Pasted:
    """A question without what was pasted around it, and the web addresses in it, as ``comparable`` makes them."""

    text: str
    addresses: tuple[str, ...]


def unpasted(text: str) -> Pasted:
    """Return what a text says: without mail head, greeting, signature, quoted mail, addresses, and reply dates."""
    seen = _BROKEN.sub("", _INVISIBLE.sub("", text))
    addresses = tuple(dict.fromkeys(comparable(match) for match in _ADDRESS.findall(seen)))
    said = _MAIL_ADDRESS.sub(" ", _ADDRESS.sub(" ", seen))
    return Pasted(_of_mail(_DATE.sub(" ", said)), addresses)


def comparable(address: str) -> str:
    """Return a web address in the form in which two are compared: without scheme, "www.", anchor and final slash."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", address.strip().casefold()).split("#", 1)[0]
    return bare.rstrip("/.,;:!?")


def _of_mail(text: str) -> str:
    """Return the body of a mail; any other text stays as it is."""
    body = _cut(text, _QUOTED)
    body = _cut(_HEAD.sub("\n", body), _CLOSING)
    body = _ABOUT.sub("\n", body)
    greeted = _GREETING.match(body)
    if greeted:
        body = body[greeted.end() :]
    if len(body.split()) > 2 * _SHORTEST:
        kept = [
            sentence for sentence in _SENTENCE.split(body) if "?" in sentence or not _REPLY.search(sentence.strip())
        ]
        body = " \n".join(kept) if sum(len(sentence.split()) for sentence in kept) >= _SHORTEST else body
    return body if body.strip() else text


def _cut(text: str, end: re.Pattern[str]) -> str:
    """Return a text up to a pattern, as long as something is left."""
    found = end.search(text)
    return text[: found.start()] if found and len(text[: found.start()].split()) >= _SHORTEST else text
