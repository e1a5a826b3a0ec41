"""Telegram accepts every text, shows all of it, and finds no markup, mention or link in it."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bot.texts
from bot.channels.telegram.html import JOINER, LIMIT, parts, tappable, units
from bot.channels.telegram.keyboard import keyboard
from bot.commands import NAMED, WORDS
from bot.commands.router import route
from bot.messages import Say, ShownChoice, Url
from bot.messages.markup import Break, Document, Inline, Items, Link, Paragraph, Soft, Strong, Text, plain
from bot.texts import LANGUAGES, Texts
from tests.telegram_api import World
from tests.telegram_api.entities import parse_html
from tests.telegram_api.errors import Refusal
from tests.telegram_api.methods import Methods

NASTY = [
    "<b>",
    "</b>",
    "<a href='tg://user?id=1'>",
    "&amp;",
    "&lt;script&gt;",
    "@channel",
    "@admin",
    "/start",
    "tg://user?id=5",
    "https://evil.example/?a=b&c=<d>",
    "javascript:alert(1)",
    "*fett*",
    "_kursiv_",
    "[x](http://y.example)",
    "`code`",
    "\u202egnirts",
    "\u200b",
    "\x00",
    "\ud800",
    "👩‍👩‍👧‍👦",
    "Ǆ",
    "ß",
    "\n\n\n",
    "\t",
    "'\"",
    "#tag",
    "$EUR",
    "a" * 5000,
    "😀" * 2100,
    "www.stadt.example",
    "t.me/joinchat",
    "Bad Belzig / Wiesenburg/Mark",
    "%s{title}",
    "<tg-spoiler>",
    "<!--",
    "<b",
    "&#x1F600;",
]
words = st.text(max_size=40) | st.sampled_from(NASTY)
texts = st.lists(words, max_size=8).map(" ".join)
inline: st.SearchStrategy[Inline] = st.recursive(
    texts.map(Text)
    | st.just(Break())
    | st.sampled_from(["https://stadt.example/a?b=c&d=e", "https://x.example/" + "y" * 300]).map(Link),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda nodes: Strong(tuple(nodes)))
        | st.lists(inner, max_size=3).map(lambda nodes: Soft(tuple(nodes)))
    ),
    max_leaves=6,
)
paragraphs = st.lists(inline, max_size=5).map(lambda nodes: Paragraph(tuple(nodes)))
documents = st.lists(
    paragraphs
    | st.builds(
        Items, st.lists(st.lists(paragraphs, max_size=2).map(tuple), max_size=4).map(tuple), st.none() | st.just(3)
    ),
    max_size=6,
).map(tuple)


def check(document: Document, limit: int = LIMIT) -> None:
    shown = []
    for part in parts(document, limit):
        text, entities = parse_html(part.html)
        assert text.strip()
        assert units(text) <= limit
        assert units(part.plain) <= limit
        assert {entity["type"] for entity in entities} <= {"bold", "italic", "text_link"}
        assert not re.search(r"(?<!\w)[@/]\w", _without_links(text, entities))
        shown.append(text)
    assert letters("".join(shown)) == letters(plain(document).encode("utf-8", "replace").decode())


def letters(text: str) -> str:
    """The text without its layout."""
    return re.sub(r"[\s\0•…\u2060.\d-]", "", text)


def _without_links(text: str, entities: list[dict[str, object]]) -> str:
    raw = text.encode("utf-16-le")
    for entity in entities:
        if entity["type"] == "text_link":
            start, end = int(str(entity["offset"])) * 2, (int(str(entity["offset"])) + int(str(entity["length"]))) * 2
            raw = raw[:start] + "x".encode("utf-16-le") * ((end - start) // 2) + raw[end:]
    return raw.decode("utf-16-le")


@settings(max_examples=300, deadline=None)
@given(documents)
@example((Paragraph((Strong((Text("@"),)), Text("anna"))),))
@example((Paragraph((Text("stadt."), Strong((Text("example"),)))),))
def test_telegram_accepts_every_document_and_shows_all_of_it(document: Document) -> None:
    check(document)


@settings(max_examples=150, deadline=None)
@given(documents, st.integers(40, 400))
def test_every_document_is_split_without_breaking_an_entity(document: Document, limit: int) -> None:
    for part in parts(document, max(limit, 400)):
        text, _ = parse_html(part.html)
        assert 0 < units(text) <= max(limit, 400)


def test_text_never_becomes_a_mention_command_link_or_markup() -> None:
    [part] = parts((Paragraph((Text("@admin /start https://a.example <b>x</b> & Rat/Haus"),)),))
    text, entities = parse_html(part.html)
    assert entities == []
    assert text.replace(JOINER, "") == "@admin /start https://a.example <b>x</b> & Rat/Haus"
    assert "@a" not in text
    assert "://" not in text
    assert "Rat/Haus" in text


def test_long_answer_is_split_between_its_entries() -> None:
    entries = tuple(
        (Paragraph((Strong((Text(f"Projekt {number}"),)), Break(), Text("Wort " * 150))),) for number in range(12)
    )
    result = parts((Paragraph((Text("Treffer:"),)), Items(entries, 1)))
    assert len(result) == 3
    assert all(re.match(r"\d+\. Projekt", parse_html(part.html)[0]) for part in result[1:])


def fuzzed(source: random.Random) -> str:
    pieces = [
        source.choice(NASTY) if source.random() < 0.5 else chr(source.randrange(1, 0x11000))
        for _ in range(source.randint(1, 12))
    ]
    return "".join(pieces)


def keys(language: str) -> list[str]:
    with (Path(bot.texts.__file__).parent / f"{language}.po").open("rb") as source:
        return [entry.id if isinstance(entry.id, str) else entry.id[0] for entry in read_po(source) if entry.id]


def undelivered(count: int, seed: int) -> list[str]:
    """Templates that Telegram refused with a hostile title in each field and in the buttons below."""
    source, catalogs, failed = random.Random(seed), Texts(), []
    every = [(language, key) for language in LANGUAGES for key in keys(language)]
    world = World()
    world.private(world.user(11)).started = True
    for number in range(count):
        title = fuzzed(source)
        language, key = every[number % len(every)]
        fields = set(re.findall(r"\{([a-z_]+)#?\}", catalogs.template(key, language)))
        values = {name: Url(title) if name == "url" else 3 if name in ("count", "start") else title for name in fields}
        buttons = keyboard([ShownChoice(title, "more", "mehr", n, handle="x" * 22) for n in (None, 1)])
        markup = buttons.to_dict() if buttons else {}
        for part in parts(catalogs.render(Say(key, values), language)):
            call = {"chat_id": 11, "text": part.html, "parse_mode": "HTML", "reply_markup": markup}
            try:
                Methods(world).sendmessage(call)
            except Refusal as refusal:
                failed.append(f"{key}: {refusal.description}")
    return failed


def test_telegram_accepts_every_template_with_hostile_titles() -> None:
    assert undelivered(1_000, 1) == []


@pytest.mark.campaign
def test_telegram_accepts_every_template_with_10000_hostile_titles() -> None:
    assert undelivered(10_000, 2) == []


COMMAND = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,32}")  # what an app makes a link of that sends it


@pytest.mark.parametrize("language", LANGUAGES)
def test_user_can_tap_every_command_in_every_text(language: str) -> None:
    """Commands appear as Telegram knows them, with a slash and without hyphens."""
    texts, result = Texts(), 0
    for key in keys(language):
        document = every_value(texts, key, language)
        named = NAMED.findall(plain(document))
        shown = [parse_html(part.html)[0] for part in parts(document)]
        plainly = [part.plain for part in parts(document)]
        for text in ("\n".join(shown), "\n".join(plainly)):
            assert COMMAND.findall(text) == [tappable(command) for command in named], key
            assert not NAMED.search(text), key
        result += len(named)
    assert result > 50


class AnyValue(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "/hilfe"  # somebody's text: it stays one


def every_value(texts: Texts, key: str, language: str) -> Document:
    try:
        return texts.render(Say(key, AnyValue()), language)
    except KeyError:  # it has plural forms
        return texts.render(Say(key, AnyValue(count=5)), language)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", sorted(WORDS))
def test_tapped_command_means_the_same_as_the_typed_one(word: str) -> None:
    assert route(tappable(f"!{word}"), private=True) == route(f"!{word}", private=True)
