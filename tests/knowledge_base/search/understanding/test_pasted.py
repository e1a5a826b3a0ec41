"""Pasted mails, addresses and copied text read as what a user sees and means."""

from __future__ import annotations

import pytest

from knowledge_base.search.understanding.pasted import comparable, unpasted

ASKED = "wir überlegen, kühle Orte auszuweisen. Welche Kommunen haben das schon gemacht?"


@pytest.mark.parametrize("between", [" ", "\n\n"])
def test_mail_is_read_without_greeting_reply_date_signature_and_disclaimer(between: str) -> None:
    mail = between.join(
        (
            "Sehr geehrte Damen und Herren, liebe Kolleginnen und Kollegen,",
            ASKED,
            "Für eine Rückmeldung bis zum 15. Dezember 2026 wären wir sehr dankbar.",
            "Mit freundlichen Grüßen",
            "Erika Muster, Stadt Musterstadt. Bitte denken Sie an die Umwelt.",
        )
    )
    assert unpasted(mail).text.split() == ASKED.split()


def test_head_and_quoted_mail_are_left_out_and_the_subject_line_is_kept() -> None:
    mail = "Von: a@stadt.example\nBetreff: WG: Brückenmonitoring\n\nWer überwacht Brücken mit Sensoren?\n\n> Alter Text"
    assert unpasted(mail).text.split() == "Brückenmonitoring Wer überwacht Brücken mit Sensoren?".split()


@pytest.mark.parametrize(
    ("pasted", "seen"),
    [
        ("Mobi\u00adli\u00adtät", "Mobilität"),
        ("Bürger-\nbeteiligung", "Bürgerbeteiligung"),
        ("Bau- und Umweltamt", "Bau- und Umweltamt"),
        ("Vielen Dank, wer hat einen Rufbus im ländlichen Raum schon eingeführt?", None),
        ("Mit freundlichen Grüßen", None),
    ],
)
def test_copied_text_reads_as_it_looks(pasted: str, seen: str | None) -> None:
    assert unpasted(pasted).text == (seen or pasted)


def test_full_date_is_left_out_and_a_year_stays() -> None:
    assert unpasted("am 3. März 2026 und 2026-12-15 und seit 2024").text.split() == ["am", "und", "und", "seit", "2024"]


def test_address_is_no_word_and_compares_without_scheme_and_slash() -> None:
    pasted = unpasted("Was ist das: https://www.Smart.Guben.de/ ?")
    assert pasted.addresses == (comparable("http://smart.guben.de"),)
    assert "guben" not in pasted.text.casefold()
