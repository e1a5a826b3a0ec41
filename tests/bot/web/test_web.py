"""The pages over real sockets: what they show to which clients, and how the server starts and stops."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.operations.health import Health, HealthReport
from bot.operations.metrics import Metrics
from bot.web.app import HEADERS, make_app
from bot.web.client import ask_health, forget_address, note_address, noted_address
from bot.web.routes import is_local
from bot.web.server import serve
from knowledge_base.errors import StadtlotseError
from tests.patience import PATIENCE_S


@asynccontextmanager
async def serving(app: ASGIApp, bind: str = "127.0.0.1") -> AsyncIterator[str]:
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, bind, 0, listening.set_result))
    try:
        yield await asyncio.wait_for(listening, PATIENCE_S)
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture
def health() -> Health:
    health = Health()
    health.expect("database")
    health.expect("matrix")
    return health


@pytest.fixture
async def url(health: Health) -> AsyncIterator[str]:
    async with serving(make_app(health, Metrics(["matrix"], ["database"]))) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def test_healthz_answers_200_if_green_and_503_if_red(client: httpx.AsyncClient, health: Health) -> None:
    green = await client.get("/healthz")
    assert (green.status_code, green.json()["status"]) == (200, "ok")
    health.failed("matrix", "token_revoked", final=True)
    red = await client.get("/healthz")
    assert red.status_code == 503
    assert red.json() == {
        "status": "red",
        "parts": {
            "database": {"status": "ok"},
            "matrix": {"status": "red", "reason": "token_revoked", "silent_seconds": 0},
        },
    }


async def test_metrics_are_in_the_format_of_prometheus(client: httpx.AsyncClient) -> None:
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert 'stadtlotse_part_ok{part="matrix"} 1.0' in response.text


PROXIES_ADD = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded", "x-real-ip",
    "cf-connecting-ip", "cf-connecting-ipv6", "cf-ray", "true-client-ip", "x-client-ip", "client-ip", "cdn-loop",
    "fastly-client-ip", "fly-client-ip", "x-cluster-client-ip", "x-original-forwarded-for", "x-envoy-external-address",
    "x-azure-clientip", "x-appengine-user-ip", "x-amzn-trace-id", "wl-proxy-client-ip", "x-a-proxy-of-next-year",
)  # fmt: skip


@pytest.mark.parametrize("header", PROXIES_ADD)
async def test_client_behind_a_proxy_sees_no_details_and_no_metrics(
    client: httpx.AsyncClient, health: Health, header: str
) -> None:
    health.failed("matrix", "token_revoked", final=True)
    assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 403
    assert (await client.get("/healthz", headers={header: "127.0.0.1"})).json() == {"status": "red"}


async def test_local_prometheus_and_local_browser_see_details(client: httpx.AsyncClient) -> None:
    scrape = {"accept": "text/plain", "x-prometheus-scrape-timeout-seconds": "10", "user-agent": "Prometheus/3.0"}
    browser = {"accept-language": "de", "sec-fetch-site": "none", "upgrade-insecure-requests": "1", "sec-ch-ua": '"x"'}
    for headers in (scrape, browser):
        assert (await client.get("/metrics", headers=headers)).status_code == 200
        assert "parts" in (await client.get("/healthz", headers=headers)).json()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.1.2.3", True),
        ("192.168.1.9", True),
        ("93.184.216.34", False),
        ("2606:4700::1111", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:93.184.216.34", False),
        ("testclient", False),
        (None, False),
    ],
)
def test_only_private_addresses_are_local(host: str | None, local: bool) -> None:
    client = None if host is None else (host, 5000)
    assert is_local(Request({"type": "http", "headers": [], "client": client})) is local


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/nothing-here"])
async def test_every_response_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    assert "server" not in response.headers


async def test_failing_page_has_the_security_headers_and_no_details() -> None:
    class Broken(Health):
        def status(self, now: float | None = None) -> HealthReport:
            raise RuntimeError("a detail")

    async with serving(make_app(Broken(), Metrics([]))) as url, httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(f"{url}/healthz")
    assert response.status_code == 500
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
    assert "a detail" not in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_healthz_refuses_methods_that_change_data(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/healthz")).status_code == 405


async def test_server_does_not_replace_the_signal_handlers(url: str) -> None:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert url.rpartition(":")[2] != "0"


async def test_stopping_server_finishes_the_request_in_flight() -> None:
    begun, proceed = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> Response:
        begun.set()
        await proceed.wait()
        return PlainTextResponse("done")

    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = Starlette(routes=[Route("/", slow)])
    server = asyncio.create_task(serve(app, "127.0.0.1", 0, listening.set_result))
    url = await listening
    async with httpx.AsyncClient(trust_env=False) as client:
        request = asyncio.create_task(client.get(url))
        await begun.wait()
        server.cancel()
        proceed.set()
        assert (await request).text == "done"
    with pytest.raises(asyncio.CancelledError):
        await server
    assert not (await ask_health(url)).ok, "the socket is closed"


async def test_occupied_port_is_named_with_its_setting(url: str) -> None:
    port = int(url.rpartition(":")[2])
    with pytest.raises(StadtlotseError, match="STADTLOTSE_WEB__PORT") as failure:
        await serve(Starlette(), "127.0.0.1", port, lambda _url: None)
    assert str(port) in failure.value.message


async def test_server_on_all_addresses_is_reachable_on_localhost(health: Health) -> None:
    async with serving(make_app(health, Metrics([])), "0.0.0.0") as url:
        assert url.startswith("http://127.0.0.1:")
        assert (await ask_health(url)).ok


async def test_health_command_exits_with_1_if_a_part_is_red(url: str, health: Health) -> None:
    answer = await ask_health(url)
    assert (answer.exit_code, answer.lines) == (0, ("ok", "  database: ok", "  matrix: ok"))
    health.failed("matrix", "token_revoked", final=True)
    answer = await ask_health(url)
    assert answer.exit_code == 1
    assert "  matrix: red, token_revoked for 0 s" in answer.lines


async def test_health_command_is_red_without_an_answer_or_with_a_foreign_one(tmp_path: Path) -> None:
    assert (await ask_health(None)).exit_code == 1

    async def other(_request: Request) -> Response:
        return PlainTextResponse("hello")

    async with serving(Starlette(routes=[Route("/healthz", other)])) as url:
        assert (await ask_health(url)).lines == (f"red: something else answers on {url}",)
    gone = await ask_health(url)
    assert (gone.ok, gone.lines) == (False, (f"red: {url} does not answer (ConnectError)",))


async def test_health_command_is_red_if_the_bot_is_frozen() -> None:
    """A server with a frozen event loop accepts the connection and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = await ask_health(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.2)
    assert not answer.ok
    assert "does not answer" in answer.lines[0]


def test_address_of_the_server_is_noted_in_the_state_folder(tmp_path: Path) -> None:
    assert noted_address(tmp_path) is None
    note_address(tmp_path, "http://127.0.0.1:8080")
    assert noted_address(tmp_path) == "http://127.0.0.1:8080"
    forget_address(tmp_path)
    forget_address(tmp_path)
    assert noted_address(tmp_path) is None
