"""Values are data: the bot never reads them as markup."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.markup import (
    INVISIBLE,
    Block,
    Break,
    Document,
    Inline,
    Items,
    Link,
    Paragraph,
    Soft,
    Strong,
    Text,
    clean,
    plain,
    safe_url,
)

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1)
leaves: st.SearchStrategy[Inline] = st.one_of(words.map(Text), words.map(Link), st.just(Break()))
inlines = st.recursive(
    leaves,
    lambda inner: st.one_of(st.tuples(inner).map(Strong), st.tuples(inner, inner).map(Soft)),
    max_leaves=5,
)
paragraphs = st.lists(inlines, min_size=1, max_size=3).map(lambda nodes: Paragraph(tuple(nodes)))
blocks: st.SearchStrategy[Block] = st.recursive(
    paragraphs,
    lambda inner: st.builds(
        Items,
        st.lists(st.lists(inner, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3).map(tuple),
        st.none() | st.integers(1, 20),
    ),
    max_leaves=5,
)


def leaf_texts(node: object) -> list[str]:
    match node:
        case Text(text) | Link(text):
            return [text]
        case Strong(inner) | Soft(inner) | Paragraph(inner):
            return [text for part in inner for text in leaf_texts(part)]
        case Items(entries):
            return [text for entry in entries for part in entry for text in leaf_texts(part)]
        case _:
            return []


@given(st.lists(blocks, max_size=4).map(tuple))
def test_plain_text_holds_all_texts_of_a_document_in_order(document: Document) -> None:
    text, position = plain(document), 0
    for part in [part for block in document for part in leaf_texts(block)]:
        position = text.index(part, position) + len(part)
    signs = len(text) - sum(len(part) for block in document for part in leaf_texts(block))
    assert signs >= 0


def test_plain_text_numbers_and_indents_entries() -> None:
    entries = ((Paragraph((Strong((Text("A"),)), Break(), Text("b"))),), (Paragraph((Link("https://c.example"),)),))
    assert plain((Paragraph((Text("Hi"),)), Items(entries, 9))) == "Hi\n\n9. A\n   b\n10. https://c.example"
    assert plain((Items(entries),)) == "- A\n  b\n- https://c.example"


@given(st.text(st.characters()))
def test_cleaned_value_is_one_line_without_control_characters(value: str) -> None:
    cleaned = clean(value)
    assert not INVISIBLE.search(cleaned)
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") for char in cleaned)
    assert clean(cleaned) == cleaned


def test_cleaning_keeps_ordinary_words_unchanged() -> None:
    for text in ("Chóśebuz", "50 % – „so“", "<b>*_`@all</b>", "👍🏽", "e\u0301"):
        assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "address",
    [
        "https://potsdam.de/x?y=1#z",
        "http://localhost:1/",
        "HTTPS://Potsdam.de",
        "https://köln.example/ä",
        " https://a.b ",
    ],
)
def test_web_address_is_accepted_as_a_link(address: str) -> None:
    assert safe_url(address) == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd",
        "mailto:a@b.example", "tel:1", "//evil.example", "https://", "https:///x", "https://bank@evil.example",
        "https://a:b@evil.example", "https://a.example/ b", "https://[::1", "", "potsdam.de", "http:\\\\evil",
    ],
)  # fmt: skip
def test_unsafe_or_incomplete_address_is_not_a_link(address: str) -> None:
    assert safe_url(address) is None


@given(st.text(st.characters()))
def test_accepted_link_is_always_a_web_address(address: str) -> None:
    url = safe_url(address)
    assert url is None or url.lower().startswith(("http://", "https://"))
