"""The commands below a message, as users type them where a network has no buttons. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.messages import ShownChoice

BETWEEN = " · "
EXPLAINED = ("pass-on",)  # commands of which the word alone does not say what they do


def hints(choices: Sequence[ShownChoice], said: str) -> str:
    """Return the choices without a number that ``said``, the text above, does not name: "!mehr · !kontakt 1/2/5".

    Choices of the same command that differ by a number share one hint, so that a phone shows them in a line.
    """
    numbers: dict[str, list[str]] = {}
    for choice in choices:
        if choice.number is None and not re.search(rf"(?<!\S){re.escape(choice.typed)}(?![\w-])", said):
            if choice.command.partition(" ")[0] in EXPLAINED:
                numbers[f"{choice.typed} – {choice.label}"] = []
                continue
            word, _, rest = choice.typed.rpartition(" ")
            key, number = (word, rest) if rest.isdecimal() else (choice.typed, "")
            numbers.setdefault(key, []).extend([number] if number else [])
    return BETWEEN.join(f"{word} {'/'.join(given)}" if given else word for word, given in numbers.items())
