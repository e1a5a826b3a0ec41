"""The public pages show the settings, and no setting becomes markup."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request

from bot.cli.operating import pages_lines
from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.outgoing.telegram_invite import note_name
from bot.web.app import make_app
from bot.web.pages import page_routes
from bot.web.pages.public import paragraphs
from bot.web.pages.view import language_of
from config.operator import OperatorSettings
from config.settings import Settings
from config.web import WebSettings
from tests.bot.web.pages.conftest import OPERATOR, URL, Site, services_of
from tests.wording import says

PUBLIC = ("/", "/imprint", "/privacy", "/accessibility")


async def read(site: Site, path: str, **changes: object) -> str:
    """Return a page of an installation with other settings."""
    services = services_of(site.store, site.services.search, site.services.settings.state_dir, **changes)
    app = make_app(Health(), Metrics([], []), page_routes(services))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=URL) as client:
        response = await client.get(path)
    assert response.status_code == 200
    return response.text


async def test_imprint_names_the_operator_and_its_address(site: Site) -> None:
    page = await read(site, "/imprint")
    for needed in (
        "Amt für Beispiele",
        "Rathausplatz 1",
        "03046 Beispielstadt",
        "die Amtsleitung",
        "amt@stadt.example",
    ):
        assert needed in page


async def test_privacy_notice_names_controller_data_and_retention(site: Site) -> None:
    page = await read(site, "/privacy", telegram={})
    for needed in ("Datenschutzstelle", "Aufsicht des Landes Beispiel", "72 Stunden", "!meinedaten", "keine Cookies"):
        assert needed in page
    assert "Telegram" not in page, "it is not switched on"
    page = await read(site, "/privacy")
    assert says("page.privacy.outside.telegram", page)
    assert says("page.privacy.instead", page)
    assert "Matrix" in page
    alone = await read(site, "/privacy", matrix={}, smtp={})
    assert says("page.privacy.outside.telegram", alone)
    assert "Matrix" not in alone, "it is not switched on"


async def test_home_page_links_the_chats_with_the_bot_by_name(site: Site) -> None:
    account = {"homeserver": "https://m.example", "user_id": "@lotse:stadt.example", "password": "x"}
    page = await read(site, "/", matrix=account)
    assert '<a href="https://matrix.to/#/@lotse:stadt.example">' in page
    assert "t.me" not in page, "Telegram has not told the name yet"
    async with site.store.begin() as tx:
        await note_name(tx, "telegram", "stadtlotse_bot")
    page = await read(site, "/", matrix={})
    assert '<a href="https://t.me/stadtlotse_bot">stadtlotse_bot</a>' in page
    assert "matrix.to" not in page, "it is not switched on"


async def test_home_page_is_shown_without_the_database(site: Site) -> None:
    await site.store.close()
    assert says("page.home.where", await read(site, "/"))


async def test_accessibility_statement_names_the_contact_for_reports(site: Site) -> None:
    page = await read(site, "/accessibility")
    assert "Geprüft am 1. November 2026 gegen EN 301 549." in page
    assert "amt@stadt.example" in page


@pytest.mark.parametrize("path", PUBLIC)
async def test_settings_never_become_markup(site: Site, path: str) -> None:
    hostile = "<script>x</script>{{ 7*7 }}\n\n<b>y</b>"
    page = await read(site, path, operator=OperatorSettings(**dict.fromkeys(OperatorSettings.model_fields, hostile)))
    assert "<script" not in page
    assert "<b>y" not in page
    assert "{{ 7*7 }}" in page


@pytest.mark.parametrize("path", ["/imprint", "/privacy", "/accessibility"])
async def test_page_marks_a_missing_setting(site: Site, path: str) -> None:
    assert says("page.imprint.missing", await read(site, path, operator=OperatorSettings()))


async def test_installation_without_a_public_address_has_no_pages(site: Site) -> None:
    services = services_of(site.store, site.services.search, site.services.settings.state_dir, web=WebSettings())
    assert page_routes(services) == []


async def test_links_keep_the_path_of_the_public_address(site: Site) -> None:
    page = await read(site, "/imprint", web=WebSettings(public_url="https://stadt.example/lotse/"))
    assert 'href="/lotse/privacy?lang=de"' in page


def test_blank_lines_split_a_setting_into_paragraphs() -> None:
    assert paragraphs("eins\nzwei\r\n\r\ndrei\n\n\n") == ["eins zwei", "drei"]
    assert paragraphs("") == []


@pytest.mark.parametrize(
    ("query", "header", "known", "language"),
    [
        ("", "", "", "de"),
        ("", "pl-PL,pl;q=0.9,en;q=0.5", "", "pl"),
        ("", "fr,en-GB;q=0.7", "", "en"),
        ("", "fr", "", "de"),
        ("", "pl", "en", "en"),
        ("lang=pl", "en", "de", "pl"),
        ("lang=xx&lang=pl", "en", "", "pl"),
        ("lang=<script>", "", "", "de"),
    ],
)
def test_page_language_comes_from_the_query_the_user_or_the_browser(
    query: str, header: str, known: str, language: str
) -> None:
    headers = [(b"accept-language", header.encode())] if header else []
    request = Request({"type": "http", "query_string": query.encode(), "headers": headers})
    assert language_of(request, known) == language


@pytest.mark.parametrize(
    ("url", "operator", "states"),
    [
        ("", OperatorSettings(), ["none"]),
        ("https://lotse.example", OPERATOR, ["ok", "ok"]),
        ("https://lotse.example", OperatorSettings(), ["ok", "fail"]),
        ("http://127.0.0.1:8080", OperatorSettings(), ["ok", "none"]),
    ],
)
def test_check_reports_a_public_page_without_imprint(url: str, operator: OperatorSettings, states: list[str]) -> None:
    lines = list(pages_lines(Settings(web=WebSettings(public_url=url), operator=operator)))
    assert [state for state, _ in lines] == states
    if "fail" in states:
        assert "operator.organisation" in lines[1][1]


@pytest.mark.parametrize(
    ("bind", "warned"), [("127.0.0.1", False), ("::1", False), ("0.0.0.0", True), ("10.0.0.5", True)]
)
def test_check_warns_if_the_server_listens_on_a_public_address(bind: str, warned: bool) -> None:
    assert any(bind in text for _, text in pages_lines(Settings(web=WebSettings(bind=bind)))) is warned
