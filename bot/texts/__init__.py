"""All sentences of the bot, per language, as gettext catalogs (``de.po``, ``en.po``, ``pl.po``).

The message ids are keys, ``feature.what``; a test proves that all languages have the same keys and fields. In a text,
``{name}`` is a value, ``<b>…</b>`` and ``<i>…</i>`` are emphasis, and an empty line begins a paragraph. A value that is
a list of texts becomes lines if it stands alone in its paragraph. Written ``{name#}``, it becomes a numbered list,
which begins at the value ``start``. Within a line, it becomes one line with separators.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot.commands import NAMED, typed
from bot.messages import Own, Reach, Say, ShownChoice, Url, Value
from bot.messages.markup import (
    Block,
    Break,
    Document,
    Inline,
    Items,
    Link,
    Paragraph,
    Soft,
    Strong,
    Text,
    clean,
    host_of,
    plain,
    safe_url,
)
from bot.messages.reach import link_of

LANGUAGES = ("de", "en", "pl")
DEFAULT_LANGUAGE = "de"
MARK = re.compile(r"(<b>|</b>|<i>|</i>|\{[a-z_]+\}|\n)")
SEPARATOR = Text(" · ", quoted=False)
LIST = re.compile(r"\{([a-z_]+)(#?)\}")


class Texts:
    """The catalogs of all languages."""

    def __init__(self, folder: Path = Path(__file__).parent) -> None:
        self._catalogs = {language: _catalog(folder / f"{language}.po") for language in LANGUAGES}

    def template(self, key: str, language: str, count: int | None = None) -> str:
        """Return the wording of a key; with a count, the language's plural form. Raise ``KeyError`` if unknown."""
        catalog = self._catalogs[language]
        text = catalog.gettext(key) if count is None else catalog.ngettext(key, key, count)
        if text == key:
            raise KeyError(f"no text {key!r} in {language}")
        return text

    def render(self, say: Say, language: str) -> Document:
        """Return the message in a language."""
        count = say.values.get("count")
        template = self.template(say.key, language, count if isinstance(count, int) else None)
        return tuple(self._blocks(template, say.values, language))

    def line(self, say: Say, language: str) -> str:
        """Return a short text, such as a label, without markup."""
        return plain(self.render(say, language))

    def subject(self, say: Say, language: str) -> str:
        """Return the subject of a message: the text of its key, otherwise of the key's beginning."""
        return self._nearest(lambda key, values: Say(f"subject.{key}", values), say, language)

    def button(self, say: Say, language: str) -> str:
        """Return what stands on the button to the page of a message, found as its subject is."""
        return self._nearest(lambda key, values: Say(f"button.{key}", values), say, language)

    def _nearest(self, of: Callable[[str, Mapping[str, Value]], Say], say: Say, language: str) -> str:
        words = say.key.split(".")
        values = {name: value for name, value in say.values.items() if name != "count"}  # it would ask for a plural
        for end in range(len(words), 0, -1):
            try:
                return self.line(of(".".join(words[:end]), values), language)
            except KeyError:
                continue
        return self.line(of("other", {}), language)

    def choices(self, say: Say, language: str) -> tuple[ShownChoice, ...]:
        """Return the choices of a message in a language; numbered ones get their numbers."""
        shown: list[ShownChoice] = []
        first = say.values.get("first", 1)  # a further page continues the numbers
        number = first - 1 if isinstance(first, int) else 0
        for choice in say.choices:
            number += choice.numbered
            label = self.line(choice.label, language)
            command = typed(choice.intent, language)
            shown.append(ShownChoice(label, choice.command, command, number if choice.numbered else None))
        return tuple(shown)

    def _blocks(self, template: str, values: Mapping[str, Value], language: str) -> Iterator[Block]:
        for part in re.split(r"\n{2,}", template.strip("\n")):
            listed = LIST.fullmatch(part)
            value = values[listed[1]] if listed else None
            if listed and not isinstance(value, str | int | Url | Own | Reach | Say | None):
                if value and listed[2]:
                    start = values.get("start", 1)
                    entries = tuple(self.render(entry, language) for entry in value)
                    yield Items(entries, start if isinstance(start, int) else 1)
                else:
                    yield from _lines([self.render(entry, language) for entry in value or ()])
            elif listed and isinstance(value, Say):
                yield from self.render(value, language)
            elif inner := self._inline(part, values, language):
                yield Paragraph(inner)

    def _inline(self, line: str, values: Mapping[str, Value], language: str) -> tuple[Inline, ...]:
        stack: list[list[Inline]] = [[]]
        for part in MARK.split(line):
            if part in ("<b>", "<i>"):
                stack.append([])
            elif part in ("</b>", "</i>"):
                inner = tuple(stack.pop())
                stack[-1].append(Strong(inner) if part == "</b>" else Soft(inner))
            elif part == "\n":
                stack[-1].append(Break())
            elif MARK.fullmatch(part):
                stack[-1].extend(self._value(values[part[1:-1]], language))
            elif part:
                stack[-1] += _words(part)
        return _without_empty_lines(stack[0])

    def _value(self, value: Value, language: str) -> list[Inline]:
        if isinstance(value, Say):
            return [node for block in self.render(value, language) for node in getattr(block, "inner", ())]
        if not isinstance(value, str | int | Url | Own | Reach):  # several texts within a line
            parts = [self._value(part, language) for part in value]
            return [node for index, part in enumerate(parts) for node in ([SEPARATOR, *part] if index else part)]
        if isinstance(value, Url):
            url = safe_url(value.address)
            host = host_of(url) if url and (value.short or value.brief) else ""
            return [Link(url, host if value.brief else "", host=host)] if url else [Text(clean(value.address))]
        if isinstance(value, Reach):
            text = clean(value.text)
            link = link_of(text) if value.linked and not value.own else ""  # one's own account is no place to go
            node = Link(link, text, own=value.own) if link else Text(text, own=value.own, exact=True)
            return [node] if text else []
        if isinstance(value, Own):
            return [Text(clean(value.text), own=True)] if value.text else []
        return [Text(clean(str(value)))] if value != "" else []


def _words(text: str) -> Iterator[Text]:
    """Yield the bot's own words, with commands marked; the words of a value are never commands."""
    end = 0
    for command in NAMED.finditer(text):
        if command.start() > end:
            yield Text(text[end : command.start()], quoted=False)
        yield Text(command[0], command=True, quoted=False)
        end = command.end()
    if end < len(text):
        yield Text(text[end:], quoted=False)


def _lines(entries: Sequence[Document]) -> Document:
    """Return texts below each other; texts of one paragraph each become lines of one paragraph."""
    blocks = [block for entry in entries for block in entry]
    if len(blocks) > len(entries) or not all(isinstance(block, Paragraph) for block in blocks):
        return tuple(blocks)
    lines = [block.inner for block in blocks if isinstance(block, Paragraph)]
    inner = tuple(node for number, line in enumerate(lines) for node in ((Break(), *line) if number else line))
    return (Paragraph(inner),) if inner else ()


def _without_empty_lines(nodes: list[Inline]) -> tuple[Inline, ...]:
    """Return the nodes without the lines in which all values are empty."""
    lines: list[list[Inline]] = [[]]
    for node in nodes:
        if isinstance(node, Break):
            lines.append([])
        else:
            lines[-1].append(node)
    kept = [line for line in lines if not all(map(_is_empty, line))]
    return tuple(node for index, line in enumerate(kept) for node in ([Break(), *line] if index else line))


def _is_empty(node: Inline) -> bool:
    """Return whether a reader sees nothing of a node: so of a heading with an empty value."""
    if isinstance(node, Strong | Soft):
        return all(map(_is_empty, node.inner))
    return isinstance(node, Text) and not node.text.strip()


@cache
def _catalog(path: Path) -> GNUTranslations:
    """Read a catalog from its source file, once in a process: no compiled file can get out of date."""
    with path.open("rb") as source:
        catalog = read_po(source, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
