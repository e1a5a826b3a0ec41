"""The tree as HTML: quoted words are marked with their language, and Polish lines break correctly."""

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
def test_language_of_quoted_words_is_detected_if_it_differs_from_the_page(words: str, page: str, language: str) -> None:
    assert foreign(words, page) == language


def test_quoted_words_in_another_language_get_a_lang_attribute() -> None:
    tree = (Paragraph((Text("The question: ", quoted=False), Strong((Text(QUESTION),)))),)
    assert blocks(tree, "de") == f'<p>The question: <strong><span lang="en">{QUESTION}</span></strong></p>'
    assert blocks(tree, "en") == blocks(tree) == f"<p>The question: <strong>{QUESTION}</strong></p>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_in_another_language_get_a_lang_attribute(language: str) -> None:
    values = {"who": "Ella", "project": "Sensoren an der Kreuzung", "question": QUESTION, "shares": ""}
    html = blocks(Texts().render(Say("intro.arranged", values), language), language)
    assert ('<span lang="en">' in html) is (language != "en")
    assert ('<span lang="de">' in html) is (language != "de")
    assert f'lang="{language}"' not in html


def test_quoted_markup_is_escaped() -> None:
    hostile = 'the <b>"where"</b> & the who'
    assert inline([Text(hostile)], "de") == (
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
def test_polish_line_does_not_break_after_a_word_of_one_letter(language: str, text: str, html: str) -> None:
    assert inline([Text(text, quoted=False)], language) == html
