"""Valid JSON, broken in places: seeded, so that a failing case can be run again."""

from __future__ import annotations

import json
import os
import random
import secrets
from collections.abc import Iterator
from typing import Any

SEED = "FUZZ_SEED"  # in the environment: run this case again
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 2**31, 2**63, -(2**63), 1.5, float("inf"), "", " ", "x", "\0", "\u202e", "\ud800",
    "😀" * 300, "a" * 70_000, "<b>&", "@x:y", "-1", "1e9", [], [None], [[]], ["x", 1], {}, {"": {}}, {"a": {"b": []}},
)  # fmt: skip


def seed() -> str:
    """Return a seed, printed so that pytest shows it when the test fails."""
    chosen = os.environ.get(SEED) or secrets.token_hex(4)
    print(f"{SEED}={chosen}")
    return chosen


def copied(value: Any) -> Any:
    """Return a copy as it comes over the wire, also of what is too deep for ``copy``."""
    return json.loads(json.dumps(value))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every place in a tree."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def mutated(draw: random.Random, value: Any, *, keep: tuple[str, ...] = ()) -> Any:
    """Return a copy with one to three places broken; ``keep``: fields at the top that stay as they are."""
    value = copied(value)
    for _ in range(draw.randint(1, 3)):
        found = [path for path in places(value) if path and path[0] not in keep]
        if not found:
            return value
        *way, last = draw.choice(found)
        parent = value
        for step in way:
            parent = parent[step]
        _break(draw, parent, last)
    return value


def _break(draw: random.Random, parent: Any, last: Any) -> None:
    junk = copied(draw.choice(JUNK))
    match draw.choice(["replace", "replace", "replace", "remove", "wrap", "cut", "add", "deep", "swap"]):
        case "remove":
            del parent[last]
        case "wrap":
            parent[last] = draw.choice([[parent[last]], {"a": parent[last]}, str(parent[last])])
        case "cut" if isinstance(parent[last], str):
            parent[last] = parent[last][: draw.randint(0, len(parent[last]))]
        case "add" if isinstance(parent, dict):
            parent[draw.choice(["", "x", "from", "user", "chat", "m.relates_to", "body", "text"])] = junk
        case "deep":
            for _ in range(draw.choice([5, 90, 400])):
                junk = [junk]
            parent[last] = junk
        case "swap" if isinstance(parent, dict) and len(parent) > 1:
            other = draw.choice(list(parent))
            parent[last], parent[other] = parent[other], parent[last]
        case _:
            parent[last] = junk
