"""Word tables about place names: words before them, names that are also ordinary words, and short forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.resources import files

from knowledge_base.places.words import folded_name

CITY_STATES = frozenset({"Berlin", "Hamburg", "Bremen"})
PLACE_PREPOSITIONS = frozenset(
    "in aus nach von fur bad bei nahe um koło kolo w we z ze do dla obok near from for at around of im stadt gemeinde "
    "landkreis kreis kommune city town miasto miasta miescie gmina gminie gminy".split()
)
STRICT_PREPOSITIONS = PLACE_PREPOSITIONS - frozenset("bad fur for im von of nach um do dla z ze".split())
ORDINARY_NAMES = frozenset(
    "ahlen ahorn aller au aue baden barth berg berge bergen brake brand buch buchen burg calau damme dorf enger essen "
    "forst frechen fresen geld grund haag hagen halle haren hausen heide hof horn hude kamen kehl lage landau lauf "
    "leer lehrte linden lohne lunen machern marl melle menden minden mitte nahe neustadt norden plan plau "
    "regen roth rust "
    "schwerte siegen singen spalt stade stein wald waren weiden wehr weil wenden werder werl wesel wiesen wolfen worms "
    "zell zeitz ziel wedding bremse linz ulm soest olpe brzeg gora nowe wola polen poland polska polsce".split()
)
_KIND_WORDS = re.compile(r"^(?:landkreis|kreis|stadt|hansestadt|landeshauptstadt|gemeinde|verband region|region|amt) ")
AFTER_VON = frozenset("nahe umgebung umland umkreis unweit abseits".split())  # "in der Nähe von Forst"
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


def elsewhere_lines() -> list[str]:
    """Return the lines of ``elsewhere.txt``: the names of one well-known place per line."""
    text = files(__package__).joinpath("elsewhere.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
