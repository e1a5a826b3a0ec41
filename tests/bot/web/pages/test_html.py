"""Every page, in every language: well-formed, usable by keyboard and screen reader, and no external content."""

from __future__ import annotations

import hashlib
import itertools
import re
from base64 import b64encode
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

import bot.web.pages
from bot.channels.networks import NETWORKS
from bot.messages import Say
from bot.texts import LANGUAGES
from knowledge_base.store.tables import introduction
from tests.bot.web.pages.conftest import URL, Site, confirm_path, disconnect_path, note_path
from tests.bot.web.pages.test_responsible import FILLED, asked_path, claim_path

STYLE = (Path(bot.web.pages.__file__).parent / "templates" / "style.css").read_text()
VOID = {"meta", "input", "br", "link", "img", "hr"}
FOCUSABLE = {"a", "button", "input"}
CHATS = [row.chat_link.format(name="") for row in NETWORKS.values() if row.chat_link]  # which users open by themselves


PUBLIC = ("/", "/imprint", "/privacy", "/accessibility", "/responsible")


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    inside: tuple[str, ...]
    text: str = ""


@dataclass
class Tree(HTMLParser):
    elements: list[Element] = field(default_factory=list)
    stack: list[Element] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.errors += [f"{tag}: {name} twice" for name in names if names.count(name) > 1]
        made = Element(tag, {name: value or "" for name, value in attrs}, tuple(one.name for one in self.stack))
        self.elements.append(made)
        if tag not in VOID:
            self.stack.append(made)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack[-1].name != tag:
            self.errors.append(f"</{tag}> closes {self.stack[-1].name if self.stack else 'nothing'}")
        else:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        for open_one in self.stack:
            open_one.text += data

    def all(self, *names: str) -> list[Element]:
        return [one for one in self.elements if one.name in names]


async def every_page(site: Site, language: str) -> list[httpx.Response]:
    """Each kind of page that a user can see."""
    request, away = await site.request_path(), await site.unsubscribe_path()
    note, subscription, apart = await note_path(site), await confirm_path(site), await disconnect_path(site)
    async with site.client() as human:
        pages = [await human.get(f"{path}?lang={language}") for path in PUBLIC]
        pages += await pages_of_contacts(site, human, language)
        linked = (request, away, note, subscription, apart, "/i/unknown")
        pages += [await human.get(f"{path}?lang={language}") for path in linked]
        pages += [await human.post(f"{note}?lang={language}"), await human.post(f"{away}?lang={language}")]
        pages.append(await human.post(f"{request}?lang={language}", data={"answer": "yes"}))
        code = {"answer": "yes", "code": await site.code()}
        pages.append(await human.post(f"{request}?lang={language}", data=code | {"code": "x"}))
        pages.append(await human.post(f"{request}?lang={language}", data=code))
        pages.append(await human.post(f"{request}?lang={language}", data=code | {"step": "share"}))
        pages.append(await human.post(f"{request}?lang={language}", data=code | {"share": "email"}))
        pages.append(await human.get(f"{request}?lang={language}"))
        async with site.store.begin() as tx:
            await tx.connection.execute(update(introduction).values(state="followed", due_at=tx.now))
        helped = await site.told(site.asker, Say("notice.waiting"), "helped", page="i", subject=site.one.id)
        pages.append(await human.get(f"{helped}?lang={language}"))
    return pages


async def pages_of_contacts(site: Site, human: httpx.AsyncClient, language: str) -> list[httpx.Response]:
    """The pages of a claim, of a check, and of the yearly question, also with a problem."""
    check, facts, claim = await asked_path(site, "check"), await asked_path(site, "facts"), await claim_path(site)
    pages = [await human.get(f"{path}?lang={language}") for path in (check, facts, claim)]
    pages += [await human.post(f"{path}?lang={language}", data={}) for path in (check, facts, claim, "/responsible")]
    pages.append(await human.post(f"{check}?lang={language}", data={"answer": "keep"}))
    return [*pages, await human.post(f"{claim}?lang={language}", data=FILLED)]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_well_formed_accessible_and_loads_nothing(site: Site, language: str) -> None:
    pages = await every_page(site, language)
    assert len({page.text for page in pages}) > 12
    for page in pages:
        tree = Tree()
        tree.feed(page.text)
        assert page.text.startswith("<!DOCTYPE html>")
        assert tree.errors == []
        assert tree.stack == []
        is_well_described(tree, language)
        controls_have_names(tree)
        nothing_comes_from_elsewhere(tree)
        headers_allow_nothing_else(page)


def is_well_described(tree: Tree, language: str) -> None:
    assert [one.attributes["lang"] for one in tree.all("html")] == [language]
    (title,) = tree.all("title")
    assert len(title.text) > len(" – Stadtlotse")
    assert len(tree.all("h1")) == len(tree.all("main")) == len(tree.all("header")) == len(tree.all("footer")) == 1
    levels = [int(one.name[1]) for one in tree.all("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert all(one.text.strip() for one in tree.all("h1", "h2", "p", "dt", "dd", "legend", "li"))
    viewport = next(one for one in tree.all("meta") if one.attributes.get("name") == "viewport")
    assert "maximum-scale" not in viewport.attributes["content"], "everybody may zoom"


def controls_have_names(tree: Tree) -> None:
    assert all(one.text.strip() for one in tree.all("button", "a", "label"))
    named = {one.attributes.get("for") for one in tree.all("label")}
    seen = [one for one in tree.all("input") if one.attributes.get("type") != "hidden"]
    assert all({"label", "fieldset"} <= set(one.inside) or one.attributes.get("id") in named for one in seen)
    assert all("form" in one.inside for one in tree.all("button", "input"))
    assert not any("tabindex" in one.attributes or "autofocus" in one.attributes for one in tree.elements)
    assert len([one for one in tree.all("nav") if one.attributes.get("aria-label")]) == len(tree.all("nav"))
    ids = [one.attributes["id"] for one in tree.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))


def nothing_comes_from_elsewhere(tree: Tree) -> None:
    assert not tree.all("script", "img", "link", "iframe", "object", "svg", "base", "video", "audio")
    attributes = {name for one in tree.elements for name in one.attributes}
    assert not {name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset", "target")}
    targets = [one.attributes.get("href") or one.attributes.get("action") for one in tree.all("a", "form")]
    assert all(
        target and target.startswith(("/", "?", "mailto:", "tel:", "#", *CHATS)) and not target.startswith("//")
        for target in targets
    )
    assert all(one.attributes["method"] == "post" for one in tree.all("form"))
    (style,) = tree.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text


def headers_allow_nothing_else(page: httpx.Response) -> None:
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert style
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy == (
        f"default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; style-src 'sha256-{digest}'"
    )
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "noindex" in page.headers["x-robots-tag"]
    assert "set-cookie" not in page.headers
    assert URL not in page.text


async def test_robots_txt_excludes_the_request_pages(site: Site) -> None:
    async with site.client() as robot:
        assert "Disallow: /i/" in (await robot.get("/robots.txt")).text


# ------------------------------------------------------------------------------------------------- contrast


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


THEMES = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part)) for part in STYLE.split("prefers-color-scheme: dark")]


@pytest.mark.parametrize("theme", THEMES, ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "sheet"), ("ink", "tint"), ("ink", "warn-tint"), ("soft", "sheet"), ("soft", "paper"),
        ("accent", "sheet"), ("accent", "paper"), ("on-accent", "accent"),
    ],
)  # fmt: skip
def test_text_has_enough_contrast_to_its_background(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


def test_style_shows_the_focus_and_makes_buttons_large_enough() -> None:
    assert re.search(r":focus-visible \{ outline: 3px solid", STYLE)
    assert "outline: none" not in STYLE
    assert "min-height: 2.9rem" in STYLE
    assert "prefers-color-scheme: dark" in STYLE


# ------------------------------------------------------------------------------------------------- reading aloud


@pytest.mark.parametrize("language", LANGUAGES)
async def test_words_in_another_language_have_a_lang_attribute(site: Site, language: str) -> None:
    async with site.store.begin() as tx:
        question = "How did you pay for it, and who maintains it?"
        await tx.connection.execute(update(introduction).values(question=question))
    async with site.client() as human:
        page = await human.get(f"{await site.request_path()}?lang={language}")
        imprint = await human.get(f"/imprint?lang={language}")
    tree = Tree()
    tree.feed(page.text)
    quoted = {one.attributes.get("lang") for one in tree.all("span") if "blockquote" in one.inside}
    assert quoted == ({"en"} - {language})
    project = [one for one in tree.all("span") if one.text == "Digitale Stadt Cottbus"]
    assert [one.attributes["lang"] for one in project] == ([] if language == "de" else ["de"])
    assert ('<span lang="de">Amt für Beispiele</span>' in imprint.text) is (language != "de")


@pytest.mark.parametrize(("language", "word"), [("de", "Fehler:"), ("en", "Error:"), ("pl", "Błąd:")])
async def test_form_error_is_announced_in_the_title_and_at_its_field(site: Site, language: str, word: str) -> None:
    path = f"{await site.request_path()}?lang={language}"
    async with site.client() as human:
        before = await site.press(human, path, {"answer": "yes"})
        after = await human.post(path, data={"answer": "yes", "step": "share", "code": await site.code()})
    for page, described in ((before, "needed"), (after, "needed problem")):
        tree = Tree()
        tree.feed(page.text)
        (fieldset,), (title,) = tree.all("fieldset"), tree.all("title")
        assert fieldset.attributes["aria-describedby"] == described
        assert {one.attributes.get("id") for one in tree.elements} >= set(described.split())
        assert title.text.startswith(word) is (page is after)


async def test_first_focusable_element_skips_to_the_content(site: Site) -> None:
    async with site.client() as human:
        page = await human.get(await site.request_path())
    tree = Tree()
    tree.feed(page.text)
    first = next(one for one in tree.elements if one.name in FOCUSABLE)
    assert first.attributes["href"] == "#content"
    assert [one.attributes["id"] for one in tree.all("main")] == ["content"]
    assert re.search(r"\.skip:focus \{ top: \.5rem; \}", STYLE), "and is seen when it is reached"
