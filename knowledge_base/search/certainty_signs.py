"""Signs in the wording of a question that a knowledge base of projects holds no answer (``certainty_signs.yaml``).

They are evidence among other evidence, not rules: who asks what a course costs may still be shown the course.
"""

from __future__ import annotations

import re
from importlib.resources import files

from knowledge_base import yaml_text
from knowledge_base.search.understanding.words import folded_name

_DATA = yaml_text.read(files(__package__).joinpath("certainty_signs.yaml").read_text("utf-8"))


def _any(name: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\S)(?:" + "|".join(_DATA[name]) + r")(?!\S)")


_PRIVATE, _OWN_AFFAIR = _any("private"), _any("own_affair")


def asks_private_data(text: str) -> bool:
    """Whether somebody's personal data are asked for: a private number, an age, a salary."""
    return _PRIVATE.search(folded_name(text)) is not None


def asks_own_affair(text: str) -> bool:
    """Whether one wants to settle an affair of one's own: a form, a claim, a deadline."""
    return _OWN_AFFAIR.search(folded_name(text)) is not None
