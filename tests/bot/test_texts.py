"""The catalogs match each other and the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import bot
from bot.commands import NAMED, WORDS
from bot.messages import Say, Url
from bot.messages.markup import Paragraph, Text, plain
from bot.texts import LANGUAGES, Texts

FOLDER = Path(bot.__file__).parent
FIELD = re.compile(r"\{([a-z_]+#?)\}")


def catalog(language: str) -> dict[str, list[str]]:
    """Every key with its wordings (several where there are plural forms)."""
    with (FOLDER / "texts" / f"{language}.po").open("rb") as source:
        entries = [entry for entry in read_po(source, abort_invalid=True) if entry.id]
    return {
        entry.id if isinstance(entry.id, str) else entry.id[0]: (
            [entry.string] if isinstance(entry.string, str) else list(entry.string)
        )
        for entry in entries
    }


CATALOGS = {language: catalog(language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_keys_and_no_empty_text(language: str) -> None:
    assert set(CATALOGS[language]) == set(CATALOGS["de"])
    assert all(text.strip() for texts in CATALOGS[language].values() for text in texts)


@pytest.mark.parametrize("key", sorted(CATALOGS["de"]))
def test_all_languages_have_the_same_fields_and_plural_forms(key: str) -> None:
    fields = [{frozenset(FIELD.findall(text)) - {"count"} for text in CATALOGS[lang][key]} for lang in LANGUAGES]
    if key == "ask.more":  # a single hit has no last number
        fields = [{names - {"last"} for names in forms} for forms in fields]
    assert all(len(forms) == 1 for forms in fields), "plural forms differ in fields"
    assert fields[0] == fields[1] == fields[2]
    assert len({len(CATALOGS[lang][key]) > 1 for lang in LANGUAGES}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_emphasis_tag_in_a_text_is_closed(language: str) -> None:
    for key, texts in CATALOGS[language].items():
        for text in texts:
            for mark in ("b", "i"):
                assert text.count(f"<{mark}>") == text.count(f"</{mark}>"), key


def said_keys() -> set[str]:
    """Every literal key that the code hands to ``Say``; an f-string gives its beginning and a star."""
    keys: set[str] = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Say":
                keys |= set(_literals(node.args[0]))
    for template in (FOLDER / "web" / "pages" / "templates").glob("*.html"):
        for key, begins in re.findall(r'"(page\.[a-z_.]+)"( ~)?', template.read_text()):
            keys.add(f"{key}*" if begins else key)
    return keys


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_literals(node.body), *_literals(node.orelse)]
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return [f"{node.values[0].value}*"]
    return []


def test_every_key_in_the_code_has_a_text_and_every_text_is_used() -> None:
    said, known = said_keys(), set(CATALOGS["de"])
    assert len(said) > 30
    beginnings = tuple(key[:-1] for key in said if key.endswith("*"))
    assert {key for key in said if not key.endswith("*")} <= known
    unsaid = {key for key in known - said if not key.startswith(beginnings)}
    assert unsaid == set()


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts()


def test_values_never_become_markup(texts: Texts) -> None:
    hostile = "<b>x</b> {title} [a](http://evil) *y* \u202e\nnew"
    document = texts.render(Say("ask.role", {"role": hostile}), "de")
    assert plain(document) == "Zuständig: <b>x</b> {title} [a](http://evil) *y* new"
    assert len(document) == 1


def test_lines_without_values_are_omitted(texts: Texts) -> None:
    link = Say("ask.link", {"url": Url("javascript:alert(1)", short=True)})
    values = {"title": "T", "facts": (link,), "why": "w", "role": ""}
    assert plain(texts.render(Say("ask.entry", values), "en")) == "T\njavascript:alert(1)\n“w”"
    assert plain(texts.render(Say("ask.entry", values | {"facts": ()}), "en")) == "T\n“w”"


@pytest.mark.parametrize(
    ("count", "form"), [(1, "jeden projekt"), (3, "3 projekty"), (5, "5 projektów"), (22, "22 projekty")]
)
def test_polish_text_uses_the_right_plural_form(texts: Texts, count: int, form: str) -> None:
    assert form in plain(
        texts.render(
            Say("ask.found", {"who": "", "count": count, "understood": "", "hits": (), "elsewhere": "", "next": ""}),
            "pl",
        )
    )


def test_unknown_text_key_raises_an_error(texts: Texts) -> None:
    with pytest.raises(KeyError):
        texts.render(Say("no.such.key"), "de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_named_in_a_text_exists(language: str) -> None:
    for key, wordings in CATALOGS[language].items():
        for wording in wordings:
            named = re.findall(r"(?<!\w)!(\w[\w-]*)", wording)
            assert [word for word in named if word not in WORDS] == [], key
            assert len(NAMED.findall(wording)) == len(named), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_heading_without_a_value_is_left_out(texts: Texts, language: str) -> None:
    entry = Say("ask.list", {"start": 1, "entries": ()})
    values = {"municipality": "", "start": 1, "entries": (entry,)}
    assert not any(isinstance(block, Paragraph) for block in texts.render(Say("ask.group", values), language))


def test_command_in_the_text_of_a_user_is_not_marked_as_a_command(texts: Texts) -> None:
    (paragraph,) = texts.render(Say("unknown_command", {"command": "!hilfe"}), "de")
    marked = [node.text for node in paragraph.inner if isinstance(node, Text) and node.command]  # type: ignore[union-attr]
    assert marked == ["!hilfe"], "the one of our own sentence"
