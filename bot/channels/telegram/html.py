"""The node tree as Telegram HTML, in as many messages as it needs.

A text is flattened into lines of runs, and each run carries its own marks. So a cut between or within runs never leaves
an entity open. Lengths are UTF-16 units of the shown text, which is never less than Telegram counts.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.messages.markup import Block, Break, Document, Inline, Link, Paragraph, Soft, Strong, Text

LIMIT = 4096
JOINER = "\u2060"  # word joiner: invisible; it ends text that Telegram would turn into a link
SELF_MADE = re.compile(  # the end of a run may begin a link: the next run may continue without a space
    r"(?<!\w)(?P<sign>[@/#$])(?=\w|\Z)"  # a mention, a command, a tag
    r"|(?P<scheme>:)(?=//|/?\Z)|(?:(?<=[\w-])|\A)(?P<dot>\.)(?=[^\W\d_]{2}|[^\W\d_]?\Z)"  # an address
)


@dataclass(frozen=True, slots=True)
class TextRun:
    """Characters with the same formatting, within one line."""

    text: str
    marks: tuple[str, ...] = ()  # "b", "i"
    url: str = ""
    command: bool = False  # to be tapped
    exact: bool = False  # Telegram may make of it what it is: a mail address, a phone number

    @property
    def shown(self) -> str:
        """Return the shown characters; outside links, commands and contact data, Telegram must not find a link."""
        return self.text if self.url or self.command or self.exact else inert(self.text)

    @property
    def html(self) -> str:
        shown = html.escape(self.shown, quote=False)
        if self.url:
            shown = f'<a href="{html.escape(self.url)}">{shown}</a>'
        for mark in reversed(self.marks):
            shown = f"<{mark}>{shown}</{mark}>"
        return shown


Line = tuple[TextRun, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its HTML, and the same text without markup."""

    html: str
    plain: str


def units(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def inert(text: str) -> str:
    """Return the text with word joiners, so that Telegram finds no mention, command, tag or address in it."""
    return SELF_MADE.sub(lambda match: match[0] + JOINER, text)


def tappable(command: str) -> str:
    """Return a command of the bot in the form that Telegram sends when the user taps it."""
    return f"/{command.removeprefix('!').replace('-', '_')}"


def parts(document: Document, limit: int = LIMIT) -> list[Part]:
    """Return the messages of a document: at least one, none of them empty or longer than ``limit``."""
    lines = [piece for line in _document(document) for piece in _bounded(line, limit)]
    return [_part(chunk) for chunk in _chunks(lines, limit)] or [Part("…", "…")]


def _part(lines: Sequence[Line]) -> Part:
    return Part(
        "\n".join("".join(run.html for run in line) for line in lines),
        "\n".join("".join(run.shown for run in line) for line in lines),
    )


def _document(document: Document) -> list[Line]:
    lines: list[Line] = []
    for number, block in enumerate(document):
        lines += [(), *_block(block)] if number else _block(block)
    return lines


def _block(block: Block) -> list[Line]:
    if isinstance(block, Paragraph):
        return _lines(block.inner)
    entries = [_document(entry) for entry in block.entries]
    airy = any(len(entry) > 1 for entry in entries)
    lines: list[Line] = []
    for number, entry in enumerate(entries):
        mark = TextRun("• " if block.start is None else f"{block.start + number}. ")
        first, *others = entry or [()]
        lines += [()] if airy and number else []
        lines += [(mark, *first), *others]
    return lines


def _lines(nodes: Sequence[Inline]) -> list[Line]:
    lines: list[list[TextRun]] = [[]]
    for run in _runs(nodes, ()):
        head, *tail = run.text.split("\n") if not run.url else [run.text]
        lines[-1].append(replace(run, text=head))
        lines += [[replace(run, text=piece)] for piece in tail]
    return [tuple(run for run in line if run.text) for line in lines]


def _runs(nodes: Sequence[Inline], marks: tuple[str, ...]) -> Iterator[TextRun]:
    for node in nodes:
        match node:
            case Text(text, command=True):
                yield TextRun(tappable(text), marks, command=True)
            case Text(text):
                yield TextRun(_sound(text), marks, exact=node.exact)
            case Link(url) if url.lower().startswith("http"):
                yield TextRun(_sound(node.label), marks, _sound(url))
            case Link():
                yield TextRun(_sound(node.shown), marks, exact=True)
            case Break():
                yield TextRun("\n")
            case Strong(inner):
                yield from _runs(inner, _with(marks, "b"))
            case Soft(inner):
                yield from _runs(inner, _with(marks, "i"))


def _with(marks: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return marks if mark in marks else (*marks, mark)


def _sound(text: str) -> str:
    """Replace unpaired surrogates and remove NUL: Telegram accepts neither."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _length(line: Line) -> int:
    return sum(units(run.shown) for run in line)


def _bounded(line: Line, limit: int) -> Iterator[Line]:
    """Yield a line, in several lines if it is longer than a whole message."""
    if _length(line) <= limit:
        yield line
        return
    current: list[TextRun] = []
    for run in line:
        for piece in _pieces(run, limit):
            if current and _length((*current, piece)) > limit:
                yield tuple(current)
                current = []
            current.append(piece)
    yield tuple(current)


def _pieces(run: TextRun, limit: int) -> Iterator[TextRun]:
    """Yield a run cut between words, or within a word that is too long. A link that is too long becomes text."""
    if run.url and units(run.text) <= limit:
        yield run
        return
    longest = limit // 4  # a character has at most two units, its joiner one
    for word in re.findall(r"\S*\s*", run.text):
        yield from (
            TextRun(word[start : start + longest], run.marks, command=run.command, exact=run.exact)
            for start in range(0, len(word), longest)
        )


def _chunks(lines: Sequence[Line], limit: int) -> Iterator[list[Line]]:
    """Yield lines packed into messages; cut at an empty line if the second half has one."""
    current: list[Line] = []
    for line in lines:
        if current and _total([*current, line]) > limit:
            ready, current = _cut(current)
            if ready:
                yield ready
        current.append(line)
        while _total(current) > limit:  # the rest and the new line together are still too long
            yield _trimmed(current[:-1])
            current = current[-1:]
    if last := _trimmed(current):
        yield last


def _cut(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    for place in range(len(lines) - 1, len(lines) // 2, -1):
        if not lines[place]:
            return _trimmed(lines[:place]), _trimmed(lines[place:])
    return _trimmed(lines), []


def _trimmed(lines: Sequence[Line]) -> list[Line]:
    kept = list(lines)
    while kept and not _shows(kept[0]):
        kept.pop(0)
    while kept and not _shows(kept[-1]):
        kept.pop()
    return kept


def _shows(line: Line) -> bool:
    return any(run.text.strip() for run in line)


def _total(lines: Sequence[Line]) -> int:
    return sum(_length(line) for line in lines) + max(0, len(lines) - 1)
