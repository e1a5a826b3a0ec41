"""The node tree as Matrix events: text and HTML say the same, no accidental links, no event too large."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.content import ANSWER_TO, INVISIBLE_SPACE, LARGEST, PART, contents, defuse, html, pieces, size
from bot.messages import Address, Outgoing, ShownChoice
from bot.messages.markup import Break, Document, Items, Link, Paragraph, Soft, Strong, Text, plain

ALLOWED = {"p", "strong", "em", "a", "br", "ol", "ul", "li"}
TEXTS = st.text(max_size=60) | st.sampled_from(
    ["<script>alert(1)</script>", "https://boese.example/x", "@room", "@a:b.example", "#raum:b.example", "www.x.de",
     "a.b@c.example", "javascript:alert(1)", "matrix:u/a:b", "mailto:x@y.de", "&lt;", "\"'>", "boese.example"]
)  # fmt: skip
INLINE = TEXTS.map(Text) | TEXTS.map(lambda t: Strong((Text(t),))) | TEXTS.map(lambda t: Soft((Text(t), Break())))
PARAGRAPHS = st.lists(INLINE, min_size=1, max_size=4).map(lambda nodes: Paragraph(tuple(nodes)))
ENTRIES = st.lists(st.lists(PARAGRAPHS, min_size=1, max_size=2).map(tuple), min_size=1, max_size=4).map(tuple)
ITEMS = st.builds(Items, ENTRIES, st.none() | st.integers(1, 50))
DOCUMENTS = st.lists(PARAGRAPHS | ITEMS, min_size=1, max_size=4).map(tuple)


class Reading(HTMLParser):
    """What a client sees: its tags, its links, its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"href", "start"}

    def handle_data(self, data: str) -> None:
        self.text += data


def message(document: Document, *choices: ShownChoice, thread: str = "", answers: str = "$q") -> Outgoing:
    return Outgoing("id", Address("matrix", "!r", thread), "de", document, choices, answers)


def only(text: str) -> str:
    """The characters that matter: without the marks of lists and white space."""
    return re.sub(r"[\s\-]|\d+\.", "", text)


@given(DOCUMENTS)
def test_plain_and_html_body_say_the_same_and_use_only_allowed_tags(document: Document) -> None:
    for _, content in contents(message(document), private=True):
        seen = Reading(content["formatted_body"])
        assert seen.tags <= ALLOWED
        assert seen.links == []
        assert only(seen.text) == only(content["body"])
        assert content["m.mentions"] == {}


LINKIFIED = re.compile(
    r"\w+://\w|www\.\w|\b[\w-]+\.(?:de|com|org|example|net)\b|(?<!\w)[@#!]\w+:\w|@room|\w@\w", re.IGNORECASE
)  # as clients do


@given(TEXTS)
def test_text_holds_nothing_that_a_client_turns_into_a_link(text: str) -> None:
    safe = defuse(text)
    assert not LINKIFIED.search(safe), safe
    assert safe.replace(INVISIBLE_SPACE, "") == text.replace(INVISIBLE_SPACE, "")


def test_link_node_becomes_a_link_in_both_bodies() -> None:
    document = (Paragraph((Text("Mehr: "), Link("https://stadt.example/a?b=1&c=2"))),)
    content = contents(message(document), private=True)[0][1]
    assert Reading(content["formatted_body"]).links == ["https://stadt.example/a?b=1&c=2"]
    assert content["body"] == "Mehr: https://stadt.example/a?b=1&c=2"


@given(DOCUMENTS, st.integers(400, 3_000))
def test_split_document_has_small_pieces_and_loses_no_text(document: Document, largest: int) -> None:
    parts = pieces(document, largest)
    assert only("\n".join(plain(part) for part in parts)) == only(plain(document))
    assert all(size(part) <= largest or len(plain(part)) < largest for part in parts)


def test_long_message_is_split_and_only_its_first_part_is_marked_as_the_answer() -> None:
    entry = (Paragraph((Strong((Text("Titel"),)), Break(), Text("lang " * 900))),)
    document = (Paragraph((Text("Treffer"),)), Items((entry,) * 12, 1))
    events = [content for _, content in contents(message(document), private=True)]
    assert len(events) > 2
    assert [ANSWER_TO in content for content in events] == [True] + [False] * (len(events) - 1)
    assert [content.get(PART) for content in events] == [None, *range(1, len(events))]
    assert all(len(json.dumps(content).encode()) * 4 / 3 < 60_000 for content in events)
    assert "12. Titel" in "".join(content["body"] for content in events)


SHORT, LONG = (
    (Paragraph((Text("kurz"),)),),
    (Items(tuple((Paragraph((Text("x"), Break(), Text("y"))),) for _ in range(9)), 1),),
)
REPLY = {"m.in_reply_to": {"event_id": "$q"}}


@pytest.mark.parametrize(
    ("document", "private", "thread", "expected"),
    [
        (SHORT, True, "", None),
        (LONG, True, "", None),
        (SHORT, False, "", REPLY),
        (LONG, False, "", {"rel_type": "m.thread", "event_id": "$q", "is_falling_back": True, **REPLY}),
        (SHORT, True, "$t", {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": True, **REPLY}),
        (LONG, False, "$t", {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": True, **REPLY}),
    ],
)
def test_long_answer_in_a_room_opens_a_thread_and_a_short_one_replies(
    document: Document, private: bool, thread: str, expected: Any
) -> None:
    content = contents(message(document, thread=thread), private=private)[0][1]
    assert content.get("m.relates_to") == expected
    assert content[ANSWER_TO] == "$q"


CHOICES = (
    ShownChoice("Deutsch", "language de", "!sprache de", 1),
    ShownChoice("Polnisch", "language pl", "!sprache pl", 2),
)
LISTED: Document = (*SHORT, Items(tuple((Paragraph((Text(choice.label),)),) for choice in CHOICES), 1))


def test_short_choices_become_a_poll_only_in_a_private_chat() -> None:
    private = contents(message(SHORT, *CHOICES), private=True, polls=True)
    assert [kind for kind, _ in private] == ["m.room.message", "org.matrix.msc3381.poll.start"]
    assert ANSWER_TO not in private[1][1]
    assert len(contents(message(SHORT, *CHOICES), private=False, polls=True)) == 1
    long = [ShownChoice("Ein Projekt mit einem langen Titel", "show a", "!zeige a", 1), *CHOICES[1:]]
    assert len(contents(message(SHORT, *long), private=True, polls=True)) == 1


def test_choices_stand_once_in_a_poll_or_in_a_list_where_the_client_may_not_show_polls() -> None:
    text, poll = contents(message(LISTED, *CHOICES), private=True, polls=True)
    assert "Deutsch" not in text[1]["body"] + text[1]["formatted_body"]
    assert "Deutsch" in json.dumps(poll[1])
    ((_, listed),) = contents(message(LISTED, *CHOICES), private=True, polls=False)
    assert "1. Deutsch" in listed["body"]


def test_unnumbered_choice_is_shown_as_its_command() -> None:
    content = contents(message(SHORT, ShownChoice("mehr", "more", "!mehr")), private=True)[0][1]
    assert content["body"] == "kurz\n\n!mehr"
    assert unescape(html((Paragraph((Text("a<b"),)),))) == "<p>a<b</p>"


assert LARGEST < 65_536


def test_an_entry_of_one_paragraph_stands_in_a_tight_list() -> None:
    one, two = Paragraph((Text("eins"),)), Paragraph((Text("zwei"),))
    assert html((Items(((one,), (two,)), 1),)) == "<ol><li>eins</li><li>zwei</li></ol>"
    assert html((Items(((one, two),)),)) == "<ul><li><p>eins</p><p>zwei</p></li></ul>"


def test_new_version_replaces_the_text_and_repeats_no_mark_of_the_answer() -> None:
    document: Document = (Paragraph((Text("Hitze"),)),)
    ((kind, content),) = contents(replace(message(document), replaces="$a"), private=False)
    assert (kind, content["body"], content["m.new_content"]["body"]) == ("m.room.message", "* Hitze", "Hitze")
    assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$a"}
    assert not {ANSWER_TO, PART} & (content.keys() | content["m.new_content"].keys())
    assert "m.relates_to" not in content["m.new_content"]


def test_long_new_version_fits_into_events_and_goes_on_in_parts() -> None:
    document: Document = tuple(Paragraph((Text("Wort " * 400),)) for _ in range(30))
    first, *others = contents(replace(message(document), replaces="$a"), private=True)
    assert others
    assert all(content[PART] == number for number, (_, content) in enumerate(others, start=1))
    assert all(len(json.dumps(content)) < 48_000 for _, content in (first, *others))


def test_own_account_stands_in_code_and_that_of_others_is_a_link() -> None:
    own, other = (
        Text("@me:a.example", own=True, exact=True),
        Link("https://matrix.to/#/@you:a.example", "@you:a.example"),
    )
    ((_, content),) = contents(message((Paragraph((own, other)),)), private=True)
    assert "<code>@me:a.example</code>" in content["formatted_body"]
    assert '<a href="https://matrix.to/#/@you:a.example">@you:a.example</a>' in content["formatted_body"]
    assert content["body"] == "@me:a.example@you:a.example"
