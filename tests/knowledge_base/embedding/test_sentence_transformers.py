"""Tests that need no full set; the others are in ``tests/full``."""

from __future__ import annotations

import pytest

from knowledge_base.embedding.sentence_transformers import choose_prompts

E5 = ("query: ", "passage: ")


@pytest.mark.parametrize(
    ("prompts", "default", "label", "expected"),
    [
        ({"query": "Q ", "document": "D "}, None, "any", ("Q ", "D ")),
        ({"query": "Q ", "document": None, "passage": "P "}, None, "any", ("Q ", "P ")),
        ({"query": "Q ", "document": "", "corpus": "C "}, None, "any", ("Q ", "C ")),
        ({"query": "Q ", "document": None}, None, "any", ("Q ", "")),  # for questions alone, as many models want it
        ({"query": None, "document": None}, None, "all-MiniLM-L6-v2", ("", "")),
        ({"query": None, "all": "A "}, "all", "any", ("A ", "A ")),
        ({"query": "", "document": ""}, None, "intfloat/multilingual-e5-large", E5),
        ({}, None, "e5-base-v2", E5),
        ({}, None, "multilingual-E5-small", E5),
        ({}, None, "intfloat/multilingual-e5-large-instruct", ("", "")),
        ({}, None, "some/e5xample", ("", "")),
        ({}, None, "some/base5-model", ("", "")),
        ({"query": "mine "}, None, "intfloat/e5-base", ("mine ", "")),
    ],
)
def test_prompts_come_from_the_model_or_from_its_e5_name(
    prompts: dict[str, str | None], default: str | None, label: str, expected: tuple[str, str]
) -> None:
    assert choose_prompts(prompts, default, label) == expected
