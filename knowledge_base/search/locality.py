"""The documents of the place that a question asks for. Projects of other places do not answer it."""

from __future__ import annotations

import numpy as np

from knowledge_base.search.facets import FEATURES, Bools, Facets, Floats
from knowledge_base.search.understanding.query import Query

_PLACE, _NEAR, _EXCLUDED = (FEATURES.index(name) for name in ("place", "near", "excluded"))


def of_place(query: Query, features: Floats, facets: Facets) -> Bools:
    """Return which documents count as of the place; ``features`` are those of the documents (``FEATURES``).

    Where no place limits the question, or it asks for projects near a place, all count except those left out. A project
    that only names the place counts where the knowledge base has no project of the place itself: "Słubice" in one of
    its neighbour's.
    """
    wanted: Bools = features[:, _EXCLUDED] < 1.0
    if query.near_rows or not query.placed:
        return wanted
    has_own = any(row in facets.by_row for row in query.rows) or any(s in facets.by_state for s in query.states)
    own: Bools = features[:, _PLACE] >= 1.0
    named: Bools = features[:, _PLACE] > 0.0
    known = bool(query.rows or query.states)
    return wanted & (own if has_own else named & np.bool_(known))
