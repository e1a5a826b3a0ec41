"""A question as the contact reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.without_links import LONGEST, OMITTED, presentable


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Wie habt ihr das finanziert?", "Wie habt ihr das finanziert?"),
        ("z. B. Nr. 5, d.h. 3.5 km von A nach B", "z. B. Nr. 5, d.h. 3.5 km von A nach B"),
        ("siehe https://evil.example/x?y=1 dort", f"siehe {OMITTED} dort"),
        ("siehe HTTPS://EVIL.EXAMPLE", f"siehe {OMITTED}"),
        ("siehe www.evil.example", f"siehe {OMITTED}"),
        ("siehe t.me/evil und bit.ly/abc", f"siehe {OMITTED} und {OMITTED}"),
        ("an rad@stadt.example bitte", f"an {OMITTED} bitte"),
        ("ich bin @anna:stadt.example", f"ich bin {OMITTED}"),
        ("mailto:x", OMITTED),
        ("eins\nzwei\u202edrei", "eins zweidrei"),
    ],
)
def test_links_and_addresses_in_a_question_are_omitted(typed: str, shown: str) -> None:
    assert presentable(typed) == shown


@given(st.text())
def test_question_for_a_contact_is_short_and_on_one_line(typed: str) -> None:
    shown = presentable(typed)
    assert len(shown) <= LONGEST
    assert "\n" not in shown
    assert "://" not in shown
