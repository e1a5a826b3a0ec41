"""The node tree as HTML, for mails and pages. Whatever stands in a text stays text.

Words that are not ours, and in another language than the page, say in which: else a screen reader speaks them wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from bot.messages.markup import Block, Break, Document, Inline, Link, Paragraph, Soft, Strong, Text
from knowledge_base.language.detect import guess_language

ADDRESS = re.compile(r"\S+(?:@|://)\S+|[\d\W]+")  # has no language
SHORT = re.compile(r"(?<!\w)([aiouwzAIOUWZ]) (?=\w)")  # words that no line of Polish ends with
TIED = "\\1\N{NO-BREAK SPACE}"


def blocks(document: Document, language: str = "") -> str:
    """Paragraphs and lists. ``language``: of the page; empty: nothing is said of languages."""
    return "\n".join(_block(block, language) for block in document)


def line(document: Document, language: str = "") -> str:
    """The same without the elements of paragraphs: for a label or a heading."""
    return " ".join(
        inline(block.inner, language) if isinstance(block, Paragraph) else _block(block, language) for block in document
    )


def inline(nodes: Iterable[Inline], language: str = "") -> str:
    """What stands within a paragraph."""
    return "".join(_node(node, language) for node in nodes)


def foreign(text: str, language: str) -> str:
    """Return the language of quoted words if it differs from ``language``; empty if it is the same or unknown."""
    if not language or ADDRESS.fullmatch(text.strip()):
        return ""
    guessed = guess_language(text)
    return guessed if guessed and guessed != language else ""


def _block(block: Block, language: str) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{inline(block.inner, language)}</p>"
    entries = "\n".join(f"<li>{blocks(entry, language)}</li>" for entry in block.entries)
    return f"<ul>\n{entries}\n</ul>" if block.start is None else f'<ol start="{block.start}">\n{entries}\n</ol>'


def _node(node: Inline, language: str) -> str:
    match node:
        case Text():
            return _text(node, language)
        case Link(url):
            return f'<a href="{escape(url)}">{escape(node.label)}</a>'
        case Break():
            return "<br>\n"
        case Strong(inner):
            return f"<strong>{inline(inner, language)}</strong>"
        case Soft(inner):
            return f"<em>{inline(inner, language)}</em>"


def _text(node: Text, language: str) -> str:
    if not node.quoted:
        return escape(SHORT.sub(TIED, node.text) if language == "pl" else node.text)
    other = foreign(node.text, language)
    return f'<span lang="{other}">{escape(node.text)}</span>' if other else escape(node.text)
