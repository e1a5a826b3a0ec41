"""Tests keep the prose plain: odd words per 1,000 words, counted in docs, CHANGELOG and docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Words that name no actor, or that plain English says in another way. CONTRIBUTING has the rules.
ODD = re.compile(
    r"\b(somebody|nobody|whoever|whom|shall|everybody|anybody|besides|for ever|of which|of whom|mend|is none|are none"
    r"|one's own|of ours|of theirs|thereby|whose)\b",
    re.IGNORECASE,
)
CODE = re.compile(r"^```.*?^```|``.+?``|`[^`\n]+`", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"<!--.*?-->|\]\([^)\s]+\)", re.DOTALL)  # comments of Markdown, and where links lead


def odd_words(text: str) -> list[str]:
    return [result.lower() for result in ODD.findall(prose(text))]


def odd_per_1000(text: str) -> float:
    return 1000 * len(odd_words(text)) / max(1, len(prose(text).split()))


def prose(text: str) -> str:
    """Return the text without code and links, each line break a blank."""
    return " ".join(HIDDEN.sub(" ", CODE.sub(" ", text)).split())


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstring of the module and of every class and function in it."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, documented) and (text := ast.get_docstring(node)):
            yield text


def pages(*patterns: str) -> str:
    return "\n\n".join(page.read_text("utf-8") for pattern in patterns for page in sorted(ROOT.glob(pattern)))


def docstrings_of(*folders: str) -> str:
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return "\n\n".join(text for file in files for text in docstrings(file.read_text("utf-8")))


AREAS: dict[str, tuple[Callable[[], str], float]] = {  # the text of an area, and its odd words per 1,000 at most
    "docs": (lambda: pages("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md"), 1.0),
    "changelog": (lambda: pages("CHANGELOG.md"), 1.0),
    "docstrings of bot": (lambda: docstrings_of("bot"), 1.0),
    "docstrings of knowledge_base and config": (lambda: docstrings_of("knowledge_base", "config"), 1.0),
}


@pytest.mark.parametrize("area", AREAS)
def test_odd_words_are_rare_in_each_area(area: str) -> None:
    text, limit = AREAS[area][0](), AREAS[area][1]
    assert text
    assert odd_per_1000(text) <= limit, sorted(odd_words(text))


@pytest.mark.parametrize(
    "text",
    [
        "Whoever asks gets an answer.",
        "a list of which nobody knows",
        "kept for\never",
        "There is none.",
        "One’s own is one's own.",
        "It is not ours to mend, said a friend of ours.",
    ],
)
def test_odd_words_are_found(text: str) -> None:
    assert odd_words(text)


@pytest.mark.parametrize(
    "text",
    [
        "The asker gets an answer.",
        "An amendment forever, beside the recommended one.",
        "`nobody` is a name in code, ``somebody`` too",
        "```\nnobody\n```\n",
        "[how](notes.md#whom-to-ask)",
        "<!-- whoever changes this -->",
    ],
)
def test_plain_words_names_and_code_are_not_odd(text: str) -> None:
    assert odd_words(text) == []


def test_odd_words_are_counted_per_1000_words() -> None:
    plain = "word " * 998
    assert odd_per_1000(f"{plain} nobody asks") == 1.0
    assert odd_per_1000(f"{plain} nobody whoever") == 2.0


def test_docstrings_of_modules_classes_and_functions_are_read() -> None:
    source = (
        '"""One."""\nclass A:\n    """Two."""\n    async def f(self):\n        """Three."""\n        "no docstring"\n'
    )
    assert list(docstrings(source)) == ["One.", "Two.", "Three."]
