"""The HTML of the Bot API: text and entities, or a refusal with the words of the real server.

Offsets and lengths of entities are UTF-16 units; the length limit of a text is counted in code points after parsing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.telegram_api.errors import bad_request

KINDS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler", "span": "spoiler",
    "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote", "tg-emoji": "custom_emoji",
}  # fmt: skip
NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
MAX_ENTITIES = 100
TAG = re.compile(r"<(?P<end>/?)(?P<name>[^\s>]*)(?P<attributes>[^>]*)(?P<closed>>?)")
ATTRIBUTE = re.compile(r"""\s*([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|lt|gt|amp|quot);?")


def units(text: str) -> int:
    """UTF-16 units of a text."""
    return len(text.encode("utf-16-le")) // 2


@dataclass
class _Open:
    name: str
    start: int
    attributes: dict[str, str]
    at: int


@dataclass
class _Parser:
    source: str
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def parse(self) -> tuple[str, list[dict[str, Any]]]:
        position = 0
        while position < len(self.source):
            if self.source[position] != "<":
                end = self.source.find("<", position)
                end = len(self.source) if end < 0 else end
                self.text += REFERENCE.sub(_resolve, self.source[position:end])
                position = end
                continue
            match = TAG.match(self.source, position)
            assert match is not None
            self._tag(match, self._offset(position))
            position = match.end()
        if self.stack:
            raise _unparsable(f'Can\'t find end tag corresponding to start tag "{self.stack[-1].name}"')
        return self.text, self.entities

    def _offset(self, position: int) -> int:
        return len(self.source[:position].encode())

    def _tag(self, found: re.Match[str], offset: int) -> None:
        name = found["name"].lower()
        if not found["closed"]:
            raise _unparsable(f"Unclosed {'end' if found['end'] else 'start'} tag at byte offset {offset}")
        if not found["end"]:
            attributes = {
                match[1].lower(): next(value for value in match.groups()[1:] if value is not None)
                for match in ATTRIBUTE.finditer(found["attributes"])
            }
            if name not in KINDS or (name == "span" and attributes.get("class") != "tg-spoiler"):
                raise _unparsable(f'Unsupported start tag "{name}" at byte offset {offset}')
            self.stack.append(_Open(name, units(self.text), attributes, offset))
            return
        if not self.stack:
            raise _unparsable(f"Unexpected end tag at byte offset {offset}")
        opened = self.stack.pop()
        if name and name != opened.name:
            raise _unparsable(
                f'Unmatched end tag at byte offset {offset}, expected "</{opened.name}>", found "</{name}>"'
            )
        self._close(opened)

    def _close(self, opened: _Open) -> None:
        length = units(self.text) - opened.start
        if length <= 0:
            return
        entity: dict[str, Any] = {"type": KINDS[opened.name], "offset": opened.start, "length": length}
        if opened.name == "a":
            url = REFERENCE.sub(_resolve, opened.attributes.get("href", ""))
            if not re.match(r"(?i)(?:https?|tg|ton|mailto|tel):", url):
                return  # the real server drops a link that it cannot read
            entity["url"] = url
        self.entities.append(entity)


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Text and entities of a message in HTML mode."""
    text, entities = _Parser(source).parse()
    return _trimmed(text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"])))


def _trimmed(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    stripped = text.rstrip()
    start = len(stripped) - len(stripped.lstrip())
    before, end = units(stripped[:start]), units(stripped)
    kept = []
    for entity in entities:
        first, last = max(entity["offset"], before), min(entity["offset"] + entity["length"], end)
        if last > first:
            kept.append(entity | {"offset": first - before, "length": last - first})
    return stripped.lstrip(), kept[:MAX_ENTITIES]


def _resolve(match: re.Match[str]) -> str:
    if match[0].startswith("&#"):
        number = int(match[1]) if match[1] else int(match[2], 16)
        return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else match[0]
    name = match[0].rstrip(";")
    return NAMED.get(f"{name};", match[0])


def _unparsable(text: str) -> Exception:
    return bad_request(f"can't parse entities: {text}")
