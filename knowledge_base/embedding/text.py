"""Preparation of a text for every engine: repair, normalise, cut. Pure."""

from __future__ import annotations

import re
import unicodedata

QUERY_LIMIT = 2_000  # characters of a question
PASSAGE_LIMIT = 8_000  # characters of a passage; no engine reads more than 512 tokens (about 2,500 characters) of it
_RAW_LIMIT = 100_000  # more than this is not even looked at

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
# Characters that only steer the layout: they split words in two for a tokenizer (soft hyphens are common in German web
# text). Zero-width joiners stay: emoji and several scripts need them.
_LAYOUT = re.compile("[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+")


def sanitise(text: str, limit: int) -> str:
    """Return ``text`` as well-formed Unicode in NFKC, on one line, of at most ``limit`` characters.

    Join surrogate pairs, and replace lone surrogates by U+FFFD. Replace control characters, NUL included, by a space;
    drop invisible layout characters; join runs of white space to one space. The result may be empty, can be encoded as
    UTF-8, and does not change when it is sanitised again. Linear in the length of the text for any input.
    """
    text = _LAYOUT.sub("", _CONTROL.sub(" ", _repair_surrogates(text[:_RAW_LIMIT])))
    # Cut before NFKC too: it sorts runs of combining marks in quadratic time, and one character may become eighteen.
    text = unicodedata.normalize("NFKC", _one_line(text)[:limit])
    return _one_line(text)[:limit].rstrip()


def _repair_surrogates(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _one_line(text: str) -> str:
    return " ".join(text.split())
