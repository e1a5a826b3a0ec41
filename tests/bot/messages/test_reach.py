"""Contact data can be clicked and copied on every network; the words of strangers can not be clicked."""

from __future__ import annotations

import re

import pytest

from bot.channels.matrix.content import contents
from bot.channels.telegram.html import parts
from bot.channels.telegram.policy import Policy
from bot.features.wording import refused_address
from bot.messages import Address, Outgoing, Own, Reach, Say
from bot.messages.html import blocks
from bot.messages.markup import Document, plain
from bot.messages.reach import OTHER, as_reach, is_reach, link_of
from bot.texts import Texts
from knowledge_base.mail_address import flaw_of
from tests.wording import says

ADDRESSES = [
    ("matrix", "@asker:stadt.example", "https://matrix.to/#/@asker:stadt.example"),
    ("matrix", "@a.b=c/d:stadt.example:8448", "https://matrix.to/#/@a.b%3Dc%2Fd:stadt.example:8448"),
    ("email", "asker.name+bot@stadt.example", "mailto:asker.name+bot@stadt.example"),
    ("email", "amt@bürgeramt.example", "mailto:amt@b%C3%BCrgeramt.example"),
    ("phone", "+49 (0)355 / 123-456", "tel:+49355123456"),
    ("phone", "(0)30 1234567", "tel:0301234567"),
    ("phone", "0049 (0)30 1234567", "tel:0049301234567"),
    ("phone", "030 1234567 / 0171 1234567", ""),
    ("telegram", "@tom_tausch", ""),
    (OTHER, "Zimmer 4, www.boese.example", ""),
]


def said(kind: str, value: str, *, own: bool = False) -> Document:
    say = Say(f"intro.shares.{kind}", {"value": as_reach(kind, value, own=own), "link": ""})
    return Texts().render(say, "de")


def on_matrix(document: Document) -> tuple[str, str]:
    ((_, content),) = contents(Outgoing("m1", Address("matrix", "!r"), "de", document), private=True)
    return content["body"], content["formatted_body"]


@pytest.mark.parametrize(("kind", "value", "link"), ADDRESSES)
def test_an_address_links_to_what_it_names(kind: str, value: str, link: str) -> None:
    assert link_of(value) == link


@pytest.mark.parametrize(
    "text",
    ["", "12", "a@b", "@a", "Rufen Sie an: 0355 1234", "https://x.example", "@a:b c.d", "24.12.2026", "9.00 - 12.00"],
)
def test_other_text_links_to_nothing(text: str) -> None:
    assert link_of(text) == ""


@pytest.mark.parametrize(("kind", "value", "link"), [row for row in ADDRESSES if row[0] != OTHER])
def test_every_network_shows_an_address_as_it_is(kind: str, value: str, link: str) -> None:
    document = said(kind, value)
    body, formatted = on_matrix(document)
    (telegram,) = parts(document)
    assert value in plain(document)
    assert value in body
    assert value in formatted
    assert value in telegram.plain
    assert value in blocks(document, "de")
    if link:
        assert f'href="{link}"' in blocks(document, "de")
    if link.startswith(("https:", "mailto:")):
        assert f'href="{link}"' in formatted


def test_words_that_a_stranger_typed_are_not_a_link() -> None:
    body, formatted = on_matrix(said(OTHER, "Zimmer 4, www.boese.example oder @eve:boese.example"))
    (telegram,) = parts(said(OTHER, "Zimmer 4, www.boese.example"))
    for text in (body, formatted, telegram.plain):
        assert "www.boese.example" not in text
    assert "@eve:boese" not in body.replace("@\u200b", "@"), "clients ignore an invisible space after the sign"


def test_an_address_that_a_user_typed_is_one() -> None:
    assert as_reach(OTHER, "asker@stadt.example") == Reach("asker@stadt.example")
    assert as_reach(OTHER, "Zimmer 4", own=True) == Own("Zimmer 4")
    assert as_reach(OTHER, "Zimmer 4") == "Zimmer 4"


def test_a_network_without_personal_data_masks_an_address_of_another_user() -> None:
    policy = Policy(personal_data=False)
    assert "123-456" not in plain(policy.document(said("phone", "+49 355 123-456")))
    assert "123-456" in plain(policy.document(said("phone", "+49 355 123-456", own=True)))


def test_a_reach_survives_the_outbox() -> None:
    say = Say("intro.shares.phone", {"value": Reach("+49 355 123456", own=True)})
    assert Say.from_json(say.to_json()) == say


def test_a_network_without_personal_data_leaves_the_words_of_the_bot_as_they_are() -> None:
    document = Texts().render(Say("verify.no_address"), "de")
    assert "name@stadt.example" in plain(Policy(personal_data=False).document(document))


@pytest.mark.parametrize("language", ["de", "en", "pl"])
@pytest.mark.parametrize(
    "typed", ["name+abo@stadt.example", "büro@stadt.example", ".büro@stadt.example", "Stadt", "a@b"]
)
def test_refusal_of_an_address_keeps_its_example_on_every_network_and_gives_a_reason(typed: str, language: str) -> None:
    refused = refused_address(typed)
    text = plain(Policy(personal_data=False).document(Texts().render(refused, language)))
    assert re.search(r"\w+@\w+\.example", text)
    assert "[" not in text
    assert says(f"verify.why.{flaw_of(typed)}", text, language)


@pytest.mark.parametrize(
    "text",
    [
        "anna@stadt.example", "mail: anna@stadt.example, Amt 3", "@anna:stadt.example", "@anna_b", "t.me/anna_b",
        "+49 355 123456", "(0355) 12 34 56", "Durchwahl 1234", "0355/123456",
    ],
)  # fmt: skip
def test_text_with_an_address_or_a_number_is_a_reach(text: str) -> None:
    assert is_reach(text)


@pytest.mark.parametrize(
    "text", ["nein", "keine", "-", "weiß nicht", "kein Telefon", "no", "nie", "anna@", "@", "Zimmer 12", ""]
)
def test_text_by_which_nobody_is_reached_is_no_reach(text: str) -> None:
    assert not is_reach(text)
