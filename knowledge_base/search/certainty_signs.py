"""Signs in a question's wording that the knowledge base holds no answer (``certainty_signs.yaml``).

They are evidence among other evidence, not rules: a question about the price of a course may still get the course.
"""

from __future__ import annotations

import re
from importlib.resources import files

from knowledge_base import yaml_text
from knowledge_base.places.words import folded_name

_DATA = yaml_text.read(files(__package__).joinpath("certainty_signs.yaml").read_text("utf-8"))


def _any(name: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\S)(?:" + "|".join(_DATA[name]) + r")(?!\S)")


_PRIVATE, _OWN_AFFAIR = _any("private"), _any("own_affair")


def asks_private_data(text: str) -> bool:
    """Return whether the question is for a person's private data: a private number, an age, a salary."""
    return _PRIVATE.search(folded_name(text)) is not None


def asks_own_affair(text: str) -> bool:
    """Return whether the question is about a private errand of the asker: a form, a claim, a deadline."""
    return _OWN_AFFAIR.search(folded_name(text)) is not None
