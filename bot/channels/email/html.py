"""The node tree as the HTML part of a mail: nothing is loaded from anywhere, nothing is counted.

It sets no colours: what reads it may be light or dark, and both stay as readable as that program makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from bot.markup import Block, Break, Document, Inline, Link, Paragraph, Soft, Strong, Text

STYLE = (
    "body{margin:0 auto;padding:16px;max-width:38em;font:18px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    "p,li{margin:0 0 1em}a{overflow-wrap:anywhere}.small{font-size:15px;border-top:1px solid;padding-top:1em}"
)


def to_html(document: Document, footer: Document, *, language: str, title: str) -> str:
    """The whole part; text of the trees stays text."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'{_blocks(document)}\n<div class="small">\n{_blocks(footer)}\n</div>\n</body>\n</html>\n'
    )


def _blocks(document: Document) -> str:
    return "\n".join(_block(block) for block in document)


def _block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_inline(block.inner)}</p>"
    entries = "\n".join(f"<li>{_blocks(entry)}</li>" for entry in block.entries)
    return f"<ul>\n{entries}\n</ul>" if block.start is None else f'<ol start="{block.start}">\n{entries}\n</ol>'


def _inline(nodes: Iterable[Inline]) -> str:
    return "".join(_node(node) for node in nodes)


def _node(node: Inline) -> str:
    match node:
        case Text(text):
            return escape(text)
        case Link(url):
            return f'<a href="{escape(url)}">{escape(url)}</a>'
        case Break():
            return "<br>\n"
        case Strong(inner):
            return f"<strong>{_inline(inner)}</strong>"
        case Soft(inner):
            return f"<em>{_inline(inner)}</em>"
