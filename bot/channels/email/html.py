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
    ".button{display:inline-block;padding:12px 20px;border:2px solid;border-radius:8px;font-weight:bold;"
    "text-decoration:none}"
)


def to_html(
    document: Document, footer: Document, *, language: str, title: str, button: tuple[str, str] | None = None
) -> str:
    """Return the whole HTML part; text of the trees stays text.

    ``button``: an address of ours and what it leads to: its link is shown as a button.
    """
    body = blocks(document, language)
    if button:
        url, label = map(escape, button)
        body = body.replace(f'<a href="{url}">{url}</a>', f'<a class="button" href="{url}">{label}</a>')
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'{body}\n<div class="small">\n{blocks(footer, language)}\n</div>\n</body>\n</html>\n'
    )
