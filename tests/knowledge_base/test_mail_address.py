"""The bot accepts only addresses that can be read in one way (T17)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.mail_address import Flaw, flaw_of, read_address, read_host, same_form

GOOD = {
    "rad@stadt-x.example": "rad@stadt-x.example",
    "  Rad.Verkehr@Stadt-X.Example ": "rad.verkehr@stadt-x.example",
    "r_1-a@grünheide.example": "r_1-a@xn--grnheide-75a.example",
    "rad@xn--grnheide-75a.example": "rad@xn--grnheide-75a.example",
}
TRICKS = [
    "rad+kommune@stadt-x.example",  # tags
    '"rad"@stadt-x.example',  # quoted local parts
    '"rad@evil.example"@stadt-x.example',
    "rad@evil.example@stadt-x.example",
    "Rad <rad@stadt-x.example>",  # display names
    "rad@stadt-x.example (Stadt X)",  # comments
    "rad(x)@stadt-x.example",
    "@evil.example:rad@stadt-x.example",  # routes
    "rad%evil.example@stadt-x.example",
    "evil.example!rad@stadt-x.example",
    "rad@[127.0.0.1]",
    "rad@127.0.0.1",
    "rad@stadt-x.example.",
    "rad@stadt-x..example",
    "rad@-stadt.example",
    "rad@stadt_x.example",
    "rad@localhost",
    "rad@stadt-x\u3002example",  # ideographic full stop
    "rad@\uff53tadt-x.example",  # full-width letters
    "rad@stadt\u00ad-x.example",  # soft hyphen
    "rad@stadt\u200b-x.example",  # zero width
    "r\u0430d@stadt-x.example",  # a Cyrillic letter
    "räd@stadt-x.example",
    ".rad@stadt-x.example",
    "rad.@stadt-x.example",
    "ra..d@stadt-x.example",
    "rad@stadt-x.example\nBcc: evil@evil.example",
    "rad@stadt-x.example\0",
    "rad @stadt-x.example",
    "rad@ stadt-x.example",
    "rad@stadt-x.example, evil@evil.example",
    f"{'r' * 65}@stadt-x.example",
    f"rad@{'x' * 64}.example",
    "rad",
    "@",
    "",
]


@pytest.mark.parametrize("text", GOOD)
def test_plain_address_has_one_normal_form(text: str) -> None:
    assert str(read_address(text)) == GOOD[text]
    assert same_form(text) == GOOD[text]


@pytest.mark.parametrize("text", TRICKS)
def test_trick_address_is_refused(text: str) -> None:
    assert read_address(text) is None


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("rad+kommune@stadt-x.example", Flaw.TAG), ("räd@stadt-x.example", Flaw.LETTERS), ("rad", Flaw.NO_AT),
        ("@stadt-x.example", Flaw.NO_AT), ("", Flaw.NO_AT), (".rad@stadt-x.example", Flaw.DOT),
        ("rad.@stadt-x.example", Flaw.DOT), ("ra..d@stadt-x.example", Flaw.DOT), ("rad@localhost", Flaw.HOST),
        ("rad@stadt_x.example", Flaw.HOST),
        ("Rad <rad@stadt-x.example>", Flaw.FORM), ("r ad@stadt-x.example", Flaw.FORM),
        ('"rad"@stadt-x.example', Flaw.FORM), ("rad@evil.example@stadt-x.example", Flaw.FORM),
    ],
)  # fmt: skip
def test_refused_address_has_a_reason(text: str, flaw: Flaw) -> None:
    assert read_address(text) is None
    assert flaw_of(text) is flaw


@given(st.text(max_size=80))
def test_every_refused_address_has_a_reason(text: str) -> None:
    assert flaw_of(text) in Flaw


def test_imported_address_is_compared_by_the_ascii_form_of_its_host() -> None:
    assert same_form("Rad+Amt@Grünheide.example") == "rad+amt@xn--grnheide-75a.example"


@pytest.mark.parametrize(
    "other", ["staclt-x.example", "stadt-x.example.evil.example", "sub.stadt-x.example", "st\u0430dt-x.example",
              "stadt-x.exampIe.invalid", "stadtx.example"]
)  # fmt: skip
def test_lookalike_host_is_a_different_host(other: str) -> None:
    assert read_host(other) != read_host("stadt-x.example")


@given(st.text(max_size=80))
def test_accepted_address_is_read_the_same_way_again(text: str) -> None:
    known = read_address(text)
    if known is not None:
        assert read_address(str(known)) == known
        assert str(known).isascii()
        assert str(known).count("@") == 1
        assert not any(char.isspace() or char in '<>()[],;:\\"+%!' for char in str(known))
