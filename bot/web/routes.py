"""Routes for operators. A new page joins the list in ``routes``; each is a small function from request to response.

Rules for every page: a GET changes nothing (mail scanners follow links), and no address or log line holds personal
data.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.operations.health import Health, HealthReport
from bot.operations.metrics import Metrics

ORDINARY = {  # headers of ordinary clients; every proxy that names its client adds another one
    "accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control", "connection",
    "content-length", "content-type", "cookie", "dnt", "host", "if-modified-since", "if-none-match", "keep-alive",
    "origin", "pragma", "priority", "range", "referer", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform",
    "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user", "sec-gpc", "te", "traceparent",
    "tracestate", "transfer-encoding", "upgrade-insecure-requests", "user-agent", "x-prometheus-scrape-timeout-seconds",
}  # fmt: skip


def routes(health: Health, metrics: Metrics) -> Sequence[BaseRoute]:
    async def healthz(request: Request) -> Response:
        report = health.status()
        body = details(report) if is_local(request) else summary(report)
        return JSONResponse(body, status_code=200 if report.ok else 503)

    async def figures(request: Request) -> Response:
        if not is_local(request):
            return PlainTextResponse("Only for the machine's own network.\n", status_code=403)
        metrics.health(health.status())
        return Response(metrics.exposition(), media_type=metrics.content_type)

    return [Route("/healthz", healthz), Route("/metrics", figures)]


def is_local(request: Request) -> bool:
    """Return whether the request comes from this machine or its private network, without any proxy in between.

    Deny by default. A header that a plain client does not send, or an address that is unreadable or public, means that
    the client is outside. A proxy that adds no header looks like a local client, so it must not pass ``/metrics``.
    """
    if not ORDINARY.issuperset(request.headers.keys()) or request.client is None:
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def summary(report: HealthReport) -> dict[str, Any]:
    """Return the public part: healthy or not."""
    return {"status": "ok" if report.ok else "red"}


def details(report: HealthReport) -> dict[str, Any]:
    """Return each part for operators, with the reason code of a failure; no addresses, no texts."""
    parts = {
        part.name: {"status": "ok"}
        if part.ok
        else {"status": "red", "reason": part.reason, "silent_seconds": part.silent_for}
        for part in report.parts
    }
    return summary(report) | {"parts": parts}
