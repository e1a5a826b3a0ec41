"""axe-core checks every page in every language with the rules of WCAG 2.2 A and AA that need no layout."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from bot.texts import LANGUAGES
from tests.bot.web.pages.conftest import Site
from tests.bot.web.pages.test_html import every_page
from tests.node import install, node

FOLDER = Path(__file__).parents[3] / "page_checker"


def checked(pages: dict[str, str]) -> dict[str, list[str]]:
    """The problems of each page."""
    install(FOLDER)
    done = subprocess.run(
        [node(), "check.mjs"], cwd=FOLDER, input=json.dumps(pages), capture_output=True, text=True, check=True
    )
    printed: dict[str, list[str]] = json.loads(done.stdout)
    return printed


def test_page_checker_finds_problems_of_a_bad_page() -> None:
    wrong = (
        "<!DOCTYPE html><html><head><title>x</title></head><body><main><h1>x</h1><input name=a></main></body></html>"
    )
    assert {one.partition(":")[0] for one in checked({"wrong": wrong})["wrong"]} == {"html-has-lang", "label"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_keeps_the_wcag_rules(site: Site, language: str) -> None:
    pages = {
        f"{number} {page.request.url.path.split('/')[1]} {page.status_code}": page.text
        for number, page in enumerate(await every_page(site, language))
    }
    result = await asyncio.to_thread(checked, pages)
    assert len(result) > 12
    assert {name: problems for name, problems in result.items() if problems} == {}
