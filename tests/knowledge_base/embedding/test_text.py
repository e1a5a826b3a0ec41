from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.embedding.text import sanitise

ANY = st.text(st.characters(exclude_categories=()))
# What normalisation, repair and cutting can trip over, much more often than chance would bring it.
NASTY = st.text(
    st.sampled_from(
        "a é\u0301\u0323\ufdfa\u00ad\u200b\u200d\u202e\ud83d\ude80\ud800\udfff\0\n\u2028\uac00\u1100\u1161\u11a8ﬁ½¨"
    )
)


@given(text=ANY | NASTY, limit=st.integers(0, 50))
def test_sanitised_text_is_well_formed_and_within_the_limit(text: str, limit: int) -> None:
    result = sanitise(text, limit)
    assert len(result) <= limit
    result.encode("utf-8")
    assert unicodedata.is_normalized("NFKC", result)
    assert not {unicodedata.category(character) for character in result} & {"Cc", "Cs", "Zl", "Zp"}
    assert result == result.strip()
    assert "  " not in result


@given(text=ANY | NASTY, limit=st.integers(0, 50))
def test_sanitising_twice_changes_nothing_more(text: str, limit: int) -> None:
    once = sanitise(text, limit)
    assert sanitise(once, limit) == once


@given(st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäöüßąęłó,.?!-0123456789"), max_size=50))
def test_sanitising_leaves_ordinary_text_unchanged(text: str) -> None:
    assert sanitise(text, 50) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rad\0weg", "Rad weg"),
        ("Mobili\u00adtät", "Mobilität"),  # soft hyphen
        ("Scho\u0308n", "Schön"),
        ("ﬁnanziell", "finanziell"),
        ("\ud83d\ude80", "🚀"),  # a pair that came as two
        ("a\ud800b", "a\ufffdb"),
        ("  viel \r\n\t Platz \u2028 ", "viel Platz"),
        ("\u202ebgw\u202c", "bgw"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_sanitising_repairs_control_characters_and_broken_unicode(text: str, expected: str) -> None:
    assert sanitise(text, 100) == expected


def test_text_that_grows_by_normalisation_is_cut_to_the_limit() -> None:
    assert len(sanitise("\ufdfa" * 100_000, 2_000)) <= 2_000


def test_leading_blanks_do_not_use_up_the_limit() -> None:
    assert sanitise("\n" * 5_000 + "Freibad", 100) == "Freibad"
