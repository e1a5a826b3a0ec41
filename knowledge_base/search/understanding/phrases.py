"""Words that carry no subject but tell the kind of answer wanted, in the three languages (``phrases.yaml``).

Patterns run over the folded words of a question joined by spaces, see ``words.fold``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

from knowledge_base import yaml_text

_DATA = yaml_text.read(files(__package__).joinpath("phrases.yaml").read_text("utf-8"))


def _any(alternatives: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"(?<!\S)(?:" + "|".join(alternatives) + r")(?!\S)")


ROLE = _any(_DATA["role"])  # asks for the one responsible
WHO = _any(_DATA["who"])  # asks for municipalities
NAMES = _any(_DATA["names"])  # asks for all names, or for their number
RURAL = _any((*_DATA["rural"], *_DATA["small"]))
SMALL = _any(_DATA["small"])
COUNTIES = _any(_DATA["counties"])
BORDER = _any(_DATA["border"])
TRANSFER = _any(_DATA["transfer"])  # asks what can be used elsewhere
DEFINITION = _any(_DATA["definition"])  # a whole question for what something is
LISTING = _any(_DATA["listing"])  # asks which are model projects, or were in a round
NEAR = _any(_DATA["near"])  # stands before a place: wanted are projects near it
WITHOUT = _any(_DATA["without"])  # stands before a place that is not wanted
NEARBY = _any(_DATA["nearby"])  # the place named is the asker's, and others near it are wanted
I_AM = _any(_DATA["i_am"])  # stands before the asker's own place, and can mean nothing else
PERSON: Mapping[str, re.Pattern[str]] = {
    name: _any((said,)) for name, said in _DATA["person"].items()
}  # the asker, by language
IDENTITY = _any(_DATA["identity"])  # begins what an asker tells of themselves
OFFICE = _any(_DATA["office"])  # stands before the asker's own place
INTENDS = _any(_DATA["intends"])  # all that stands between an asker and their own place
SOUGHT = _any(_DATA["sought"])  # tells what an asker looks for
SEEKING = _any(_DATA["seeking"])
SEEKS = _any(_DATA["seeks"])  # stands after a place that is itself the asker
HERE = _any(_DATA["here"])
ASKS = _any(_DATA["asks"])
ACROSS = _any(_DATA["across"])  # near the asker's own place, beyond the border
PARTNER = _any(_DATA["partner"])  # stands before the country of a municipality's partners
PERIOD = _any(_DATA["period"])
ENDING = _any(_DATA["ending"])
SINCE, AFTER, BEFORE, BETWEEN, TO, AND = (
    _any(_DATA[name]) for name in ("since", "after", "before", "between", "to", "and")
)  # before and between years
MEETING = _any(_DATA["meeting"])  # where people come together
EVENT = _any((*_DATA["meeting"], *_DATA["event"]))
BYGONE = _any(_DATA["bygone"])  # asks for events that are over
OCCASION = _any((*_DATA["occasion"], *_DATA["bygone"]))  # asks when, or whether there is or was one
STATUS: Mapping[str, re.Pattern[str]] = {name: _any(patterns) for name, patterns in _DATA["status"].items()}
ABOUT_ONE = _any(_DATA["about_one"])  # asks how far one thing is
OUTSIDE = _any(_DATA["outside"])  # stands before words that an answer must not hold
LEADS = _any(_DATA["leads"])  # stands at the start of a question that goes on from the one before
REFERS = _any(_DATA["refers"])  # stands for what was asked before
PART = _any(_DATA["part"])  # asks for some of what was found before
CORRECTS = _any(_DATA["corrects"])  # the subject before was not the one meant
AFRESH = _any(_DATA["afresh"])  # announces a new subject
ELSEWHERE = _any(_DATA["elsewhere"])  # other places than those of before
OTHERS = _any(_DATA["others"])  # the place of the asker is not meant
ASIDE = frozenset(_DATA["aside"].split())  # words of a remark on the answer before
BARE_NEGATIONS = frozenset(_DATA["bare_negations"].split())  # leave out only what is a topic
GENERIC = frozenset(_DATA["generic"].split())  # words of any question for projects

_YEAR = re.compile(r"(?<!\d)(20[0-4]\d)(?:er)?(?!\d)")


def years(text: str) -> tuple[int, ...]:
    """Return the years 2000 to 2049 named in a text, each once, in order."""
    return tuple(dict.fromkeys(int(year) for year in _YEAR.findall(text)))
