"""The examples in the docs are what the bot says."""

from __future__ import annotations

from tests.bot.features.digests.examples import PAGE, page


def test_the_examples_are_what_the_bot_says() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(text), "run: python -m tests.bot.features.digests.examples"
    assert text.count("```text") == 12
