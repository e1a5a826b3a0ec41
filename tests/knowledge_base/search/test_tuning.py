"""The tuned constants of the search: few, and all in one file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SEARCH = Path(__file__).parents[3] / "knowledge_base" / "search"
MOST_CONSTANTS = 40
MOST_LINES = 3_941  # the aim is 2,500; reading follow-ups and conditions of a talk has added lines
NOT_TUNED = {  # fractions that change no order and no decision, or only bound one
    "certainty._FAR",
    "engine._RERANK_SHARE",
    "service.CATCH_UP_S",
    "snippets._LETTERS",
    "snippets._TOPIC",
}


def assigned(source: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module assigns at its top, each with its value; a tuple is taken apart."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    yield from (
                        (ast.unparse(name), value) for name, value in zip(target.elts, node.value.elts, strict=True)
                    )
                else:
                    yield ast.unparse(target), node.value


def constants(source: str) -> int:
    """Return how many constants a module has; each entry of a dictionary counts."""
    return sum(len(value.values) if isinstance(value, ast.Dict) else 1 for _, value in assigned(source))


def fractions(source: str) -> set[str]:
    """Return the constants of a module that are, or hold, a number with a point: a weight, share or threshold."""
    return {
        name
        for name, value in assigned(source)
        if any(isinstance(node, ast.Constant) and type(node.value) is float for node in ast.walk(value))
        and isinstance(value, ast.Constant | ast.UnaryOp | ast.Dict | ast.Tuple)
    }


def test_search_has_few_tuned_constants() -> None:
    assert constants((SEARCH / "tuning.py").read_text("utf-8")) <= MOST_CONSTANTS


def test_tuned_constants_stand_in_one_file() -> None:
    found = {
        f"{path.stem}.{name}"
        for path in SEARCH.rglob("*.py")
        if path.stem != "tuning"
        for name in fractions(path.read_text("utf-8"))
    }
    assert found == NOT_TUNED


def test_search_is_short() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in SEARCH.rglob("*.py")) <= MOST_LINES


@pytest.mark.parametrize(
    ("source", "count", "found"),
    [
        ("A = 1\nB, C = 0.5, 2", 3, {"B"}),
        ('D = {"x": 0.5, "y": -1.0}', 2, {"D"}),
        ("E: float = -0.5", 1, {"E"}),
        ("def f():\n    g = 0.5", 0, set()),
    ],
)
def test_constants_are_counted(source: str, count: int, found: set[str]) -> None:
    assert constants(source) == count
    assert fractions(source) == found
