"""The examples in the docs match what the bot says."""

from __future__ import annotations

from tests.bot.features.digests.examples import PAGE, page


def test_digest_examples_in_the_docs_match_the_output_of_the_bot() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(text), "run: python -m tests.bot.features.digests.examples"
    assert text.count("```text") == 12
