"""The one node tree of every message, and its plain form. Channels turn the tree into what their network reads.

A text is parsed into nodes *before* values are put in. A value becomes ``Text``, or ``Link`` if it is a web address or
contact data, so no name, title or question can ever become markup, a mention or a link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters.

    ``own``: what the reader told of themselves, which may pass where others' data may not. ``command``: a command of
    ours (``!hilfe``), which a network may write in its way. ``exact``: an id to be copied as it is.
    ``quoted``: not our words, so perhaps in another language, and to be kept from becoming a link.
    """

    text: str
    own: bool = False
    command: bool = False
    exact: bool = False
    quoted: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Strong:
    """Emphasised."""

    inner: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Soft:
    """Less important: italics where there are italics."""

    inner: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A link that shows its own address or the host of it, so that it leads no reader elsewhere.

    ``host``: shown in place of a long address where links can be opened without seeing it; ``plain`` has the address.
    ``text``: the address as people write it, where that is not ``url`` ("amt@stadt.example", not "mailto:…"). ``own``:
    see ``Text``.
    """

    url: str
    text: str = ""
    own: bool = False
    host: str = ""

    @property
    def shown(self) -> str:
        """The address as people read it."""
        return self.text or self.url

    @property
    def label(self) -> str:
        """What stands for the address where it can be opened with a tap."""
        return self.host or self.shown


@dataclass(frozen=True, slots=True)
class Break:
    """A new line within a paragraph."""


Inline = Text | Strong | Soft | Link | Break


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together."""

    inner: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list; with ``start`` it is numbered from there."""

    entries: tuple[Document, ...]
    start: int | None = None


Block = Paragraph | Items
Document = tuple[Block, ...]

INVISIBLE = re.compile(
    r"[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)  # can reorder or hide what is read


def clean(value: str) -> str:
    """A value as it may be shown: one line, no control or text-direction characters."""
    text = INVISIBLE.sub("", unicodedata.normalize("NFC", value.encode("utf-8", "replace").decode()))
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return re.sub(r"\s+", " ", text).strip()


def safe_url(address: str) -> str | None:
    """The address when it is an ordinary web address that may be shown as a link."""
    text = clean(address)
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    harmless = parts.scheme in ("http", "https") and parts.hostname and not parts.username and " " not in text
    return text if harmless else None


def host_of(url: str) -> str:
    """The host of a web address, as people name it."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def plain(document: Document) -> str:
    """The message without any markup: the fallback of every network, and what a pipe gets."""
    return "\n\n".join(_plain_block(block) for block in document)


def _plain_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return plain_inline(block.inner)
    lines = []
    for offset, entry in enumerate(block.entries):
        mark = "- " if block.start is None else f"{block.start + offset}. "
        body = "\n".join(_plain_block(inner) for inner in entry)
        lines.append(mark + body.replace("\n", "\n" + " " * len(mark)))
    return "\n".join(lines)


def plain_inline(nodes: Iterable[Inline]) -> str:
    """A line without markup."""
    return "".join(_plain_node(node) for node in nodes)


def _plain_node(node: Inline) -> str:
    match node:
        case Text(text):
            return text
        case Link():
            return node.shown
        case Break():
            return "\n"
        case Strong(inner) | Soft(inner):
            return plain_inline(inner)
