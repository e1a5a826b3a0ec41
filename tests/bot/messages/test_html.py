"""The tree as HTML: words that are not ours say their language, and lines of Polish end well."""

from __future__ import annotations

import pytest

from bot.messages import Say
from bot.messages.html import blocks, foreign, inline
from bot.messages.markup import Paragraph, Strong, Text
from bot.texts import LANGUAGES, Texts

QUESTION = "How did you pay for the sensors, and who maintains them?"


@pytest.mark.parametrize(
    ("words", "page", "language"),
    [
        (QUESTION, "de", "en"),
        (QUESTION, "en", ""),
        (QUESTION, "", ""),
        ("Sensoren an der Kreuzung", "pl", "de"),
        ("Jak sfinansowali Państwo bezpieczne drogi do szkoły?", "de", "pl"),
        ("kontakt@stadt.example", "de", ""),
        ("https://stadt.example/where/is/the/page", "de", ""),
        ("+49 355 7000003", "en", ""),
        ("", "de", ""),
    ],
)
def test_which_language_other_words_are_in(words: str, page: str, language: str) -> None:
    assert foreign(words, page) == language


def test_quoted_words_say_their_language_and_ours_do_not() -> None:
    tree = (Paragraph((Text("The question: "), Strong((Text(QUESTION, quoted=True),)))),)
    assert blocks(tree, "de") == f'<p>The question: <strong><span lang="en">{QUESTION}</span></strong></p>'
    assert blocks(tree, "en") == blocks(tree) == f"<p>The question: <strong>{QUESTION}</strong></p>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_are_quoted(language: str) -> None:
    values = {"who": "Ella", "project": "Sensoren an der Kreuzung", "question": QUESTION, "shares": ""}
    html = blocks(Texts().render(Say("intro.arranged", values), language), language)
    assert ('<span lang="en">' in html) is (language != "en")
    assert ('<span lang="de">' in html) is (language != "de")
    assert f'lang="{language}"' not in html


def test_what_is_quoted_stays_text() -> None:
    hostile = 'the <b>"where"</b> & the who'
    assert inline([Text(hostile, quoted=True)], "de") == (
        '<span lang="en">the &lt;b&gt;&quot;where&quot;&lt;/b&gt; &amp; the who</span>'
    )


@pytest.mark.parametrize(
    ("language", "text", "html"),
    [
        ("pl", "Ktoś chce z Państwem", "Ktoś chce z\N{NO-BREAK SPACE}Państwem"),
        ("pl", "i w ciągu", "i\N{NO-BREAK SPACE}w\N{NO-BREAK SPACE}ciągu"),
        ("pl", "oraz ciągu", "oraz ciągu"),
        ("de", "i w a", "i w a"),
    ],
)
def test_a_line_of_polish_ends_with_no_word_of_one_letter(language: str, text: str, html: str) -> None:
    assert inline([Text(text)], language) == html
