"""Strict JSON: no NaN, no repeated field, no endless nesting."""

from __future__ import annotations

import json
from collections import Counter
from typing import NoReturn

from knowledge_base.ingest.limits import MAX_DEPTH
from knowledge_base.model import Json

UNTERMINATED = "This is not JSON: Unterminated string starting at."


class JsonError(ValueError):
    """The reason why a text is not JSON; ``position`` is the index of the character, -1 when unknown."""

    def __init__(self, reason: str, position: int = -1) -> None:
        super().__init__(reason)
        self.position = position


def decoded(text: str, start: int = 0) -> tuple[Json, int]:
    """Return the value that begins at ``start``, and the index behind it. Errors: ``JsonError``."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise JsonError(f"This is not JSON: {error.msg}.", error.pos) from error
    except RecursionError as error:
        raise JsonError(f"Lists and objects are nested deeper than {MAX_DEPTH}.") from error
    except JsonError:
        raise
    except ValueError as error:  # an integer of more than 4,300 digits
        raise JsonError("A number has too many digits.") from error


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise JsonError(f"The field {twice[:60]!r} stands twice in one object.")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not a JSON number.")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
