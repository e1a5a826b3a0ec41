"""A question as a contact will read it: in the asker's words, short, and without anything to click. Pure."""

from __future__ import annotations

import re

from bot.messages.markup import clean

LONGEST = 500
OMITTED = "[…]"
LINKS = re.compile(
    r"""\S*://\S*                                   # any scheme
      | \b(?:mailto|tg|matrix|xmpp|tel):\S+
      | \S*(?<![\w-])(?:[\w-]+\.)+[^\W\d_]{2,}(?![\w-])\S*  # host.tld, with whatever is written around it
      | (?<!\w)[@#!][\w.=-]+:\S+                    # names of people and rooms on Matrix
      """,
    re.VERBOSE,
)


def presentable(text: str) -> str:
    """The text without links, on one line, at most 500 characters."""
    shown = clean(LINKS.sub(OMITTED, clean(text)))
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1].rstrip() + "…"


def has_link(text: str) -> bool:
    """Whether something in it could be clicked, or be made clickable by a mail program."""
    return LINKS.search(clean(text)) is not None
