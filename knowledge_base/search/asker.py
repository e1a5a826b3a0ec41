"""The asker's own municipality: it says who asks, not where to search. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.words import words_of
from knowledge_base.search import tuning
from knowledge_base.search.conditions import Conditions, Ints
from knowledge_base.search.ranking import Ranked
from knowledge_base.search.understanding import Query, phrases


def told(query: Query, names: Iterable[str], gazetteer: Gazetteer) -> Query:
    """Return a question as a known asker means it: "what do others do?" leaves out the asker's own municipality.

    ``names`` are of that municipality, where an earlier message told it; what the question tells goes before.
    """
    rows = query.asker or tuple(row for name in names for row in gazetteer.rows_named(name))
    if not rows or query.placed:
        return replace(query, asker=rows)
    others = phrases.OTHERS.search(" ".join(word.folded for word in words_of(query.text)))
    left_out = dict.fromkeys((*query.without_rows, *(rows if others else ())))
    understood = replace(query.understood, asker=names_of(rows, gazetteer))
    return replace(query, asker=rows, without_rows=tuple(left_out), understood=understood)


def names_of(rows: Iterable[int], gazetteer: Gazetteer) -> tuple[str, ...]:
    """Return the names of municipalities, each once."""
    return tuple(dict.fromkeys(gazetteer.municipalities[row].name for row in rows))


def first_for(query: Query, ranked: Ranked, hits: Ints, conditions: Conditions, gazetteer: Gazetteer) -> Ints:
    """Return the hits; where no place is asked for, those near the asker's town or alike in size come forward."""
    if not query.asker or query.placed:
        return hits
    near = {row: nearness for row, nearness in gazetteer.near(query.asker).items() if row not in query.asker}
    population = max(gazetteer.municipalities[row].population or 0 for row in query.asker)
    likeness = conditions.likeness(ranked.docs[hits], near, population)
    return hits[np.argsort(-ranked.score[hits] - np.float32(tuning.SOFT) * likeness, kind="stable")]
