"""The node tree as HTML, for mails and pages. Whatever stands in a text stays text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bot.markup import Block, Break, Document, Inline, Link, Paragraph, Soft, Strong, Text


def blocks(document: Document) -> str:
    """Paragraphs and lists."""
    return "\n".join(_block(block) for block in document)


def line(document: Document) -> str:
    """The same without the elements of paragraphs: for a label or a heading."""
    return " ".join(inline(block.inner) if isinstance(block, Paragraph) else _block(block) for block in document)


def inline(nodes: Iterable[Inline]) -> str:
    """What stands within a paragraph."""
    return "".join(_node(node) for node in nodes)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{inline(block.inner)}</p>"
    entries = "\n".join(f"<li>{blocks(entry)}</li>" for entry in block.entries)
    return f"<ul>\n{entries}\n</ul>" if block.start is None else f'<ol start="{block.start}">\n{entries}\n</ol>'


def _node(node: Inline) -> str:
    match node:
        case Text(text):
            return escape(text)
        case Link(url):
            return f'<a href="{escape(url)}">{escape(url)}</a>'
        case Break():
            return "<br>\n"
        case Strong(inner):
            return f"<strong>{inline(inner)}</strong>"
        case Soft(inner):
            return f"<em>{inline(inner)}</em>"
