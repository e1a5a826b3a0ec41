"""Ranked candidates as a test states them."""

from __future__ import annotations

from typing import Any

import numpy as np

from knowledge_base.search.ranking import Ranked


def ranked(docs: int | None = None, *, conditions: bool = False, **arrays: Any) -> Ranked:
    """Return candidates that meet everything and are equally good, but for the arrays given."""
    size = docs if docs is not None else max([1, *map(len, arrays.values())])
    yes, no = np.ones(size, np.bool_), np.zeros(size, np.bool_)
    flags = {"met": yes, "here": yes, "elsewhere": no, "thin": no}
    scores = dict.fromkeys(("score", "base", "text", "words", "coverage"), 0.5)
    values: dict[str, Any] = {
        "docs": np.arange(size),
        "passage": np.zeros(size, np.int64),
        "asked": np.full(size, np.nan, np.float32),
        **{name: np.full(size, value, np.float32) for name, value in scores.items()},
        **flags,
    }
    given = {name: np.array(value, values[name].dtype) for name, value in arrays.items()}
    return Ranked(**{**values, **given}, conditions=conditions)
