"""Word tables about place names: words before them, short forms, and lists of further names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from knowledge_base.places.words import folded_name

CITY_STATES = frozenset({"Berlin", "Hamburg", "Bremen"})
PLACE_PREPOSITIONS = frozenset(
    "in aus nach von fur bad bei nahe um koło kolo w we z ze do dla obok near from for at around of im stadt gemeinde "
    "landkreis kreis kommune city town miasto miasta miescie gmina gminie gminy".split()
)
STRICT_PREPOSITIONS = PLACE_PREPOSITIONS - frozenset("bad fur for im von of nach um do dla z ze".split())
_KIND_WORDS = re.compile(r"^(?:landkreis|kreis|stadt|hansestadt|landeshauptstadt|gemeinde|verband region|region|amt) ")
ADJECTIVE = re.compile(r"isch(?:e[rsnm]?)?$|sk(?:i|a|ie|iego|im|iej|ich)$")  # written small in German and Polish
NOWHERE = frozenset("deutschland germany niemcy bundesweit europa europe polen polska online divers diverse".split())
_SHORT_FORM = re.compile(r"^(.+?)(?:\s*\(.*|/(?! ).*| (?:i\.|b\.|a\.|am|an der|im|in der|bei|vor der|ob der) .*)$")


def short_forms(names: Iterable[str]) -> Iterator[str]:
    """Yield short forms: "Halle" for "Halle (Saale)", "Belzig" for "Bad Belzig", "Kusel" for "Landkreis Kusel"."""
    for name in names:
        if match := _SHORT_FORM.match(name):
            yield folded_name(match.group(1))
        folded = folded_name(name)
        if bare := _KIND_WORDS.sub("", folded):
            yield bare
        if folded.startswith("bad ") and len(folded) > len("bad xxxx"):
            yield folded.removeprefix("bad ")


@cache
def lines_of(file: str) -> tuple[str, ...]:
    """Return the lines of a list in this folder: the names of one place per line, separated by ";"."""
    text = files(__package__).joinpath(file).read_text("utf-8")
    return tuple(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
