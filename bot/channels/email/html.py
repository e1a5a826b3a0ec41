"""The node tree as the HTML part of a mail: it loads nothing and tracks nothing.

It sets no colours: a mail program may be light or dark, and its own colours are readable.
"""

from __future__ import annotations

from html import escape

from bot.messages.html import blocks
from bot.messages.markup import Document

STYLE = (
    "body{margin:0 auto;padding:16px;max-width:38em;font:18px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;"
    "overflow-wrap:anywhere}p,li{margin:0 0 1em}.small{font-size:15px;border-top:1px solid;padding-top:1em}"
)


def to_html(document: Document, footer: Document, *, language: str, title: str) -> str:
    """Return the whole HTML part; text of the trees stays text."""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'{blocks(document, language)}\n<div class="small">\n{blocks(footer, language)}\n</div>\n</body>\n</html>\n'
    )
