"""Municipalities as people name them, and as the domain of a mail address proves them."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge_base.mail_address import read_host
from knowledge_base.model import Municipality
from knowledge_base.places.gazetteer import Gazetteer, PlaceKind
from knowledge_base.places.words import words_of

UNKNOWN = "name:"  # before the name of a municipality that the knowledge base does not hold


def named(text: str, gazetteer: Gazetteer) -> Sequence[Municipality]:
    """The municipalities that a text may mean: one, several to choose from, or none. ``#ID`` means that very one."""
    if text.startswith("#"):
        return [municipality for municipality in gazetteer.municipalities if municipality.id == text[1:]]
    rows = gazetteer.namesakes(text) or gazetteer.rows_named(text)
    if not rows:
        mentions = gazetteer.find(words_of(text))
        places = [mention.place for mention in mentions if mention.place.kind is PlaceKind.MUNICIPALITY]
        rows = tuple(dict.fromkeys(row for place in places for row in place.rows))
    municipalities = (gazetteer.municipalities[row] for row in rows)
    return [municipality for municipality in municipalities if not municipality.id.startswith(UNKNOWN)]


def name_of(municipality: str, gazetteer: Gazetteer) -> str:
    """The name of a municipality by its id; empty when nothing was told."""
    if municipality.startswith(UNKNOWN):
        return municipality.removeprefix(UNKNOWN)
    return next((entry.name for entry in gazetteer.municipalities if entry.id == municipality), "")


def proven_by(host: str, gazetteer: Gazetteer) -> Sequence[Municipality]:
    """Return the municipalities with exactly this mail domain. A sub-domain or similar name proves nothing."""
    return [
        municipality
        for municipality in gazetteer.municipalities
        if host in {read_host(domain) for domain in municipality.mail_domains}
    ]
