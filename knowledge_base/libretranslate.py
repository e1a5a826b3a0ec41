"""A client of the LibreTranslate API (https://docs.libretranslate.com/): translate texts, list the languages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

TIMEOUT_S = 60.0  # of one request; a small server translates some sentences per second
LONGEST_ANSWER = 2_000_000  # bytes


class TranslationError(Exception):
    """A server that did not translate: away, overloaded, or with an answer that is none."""


class RefusedError(TranslationError):
    """A request that the server will never accept, such as a language that it does not know."""


class LibreTranslate:
    """One server. It gets the texts and the key, nothing else."""

    def __init__(self, url: str, api_key: str = "", *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = url.rstrip("/")
        self._key = {"api_key": api_key} if api_key else {}
        self._timeout_s = timeout_s

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Return the translations in the order of the texts; raise ``TranslationError`` if there are none."""
        body = {"q": list(texts), "source": source, "target": target, "format": "text", **self._key}
        answer = await self._ask("POST", "/translate", body)
        translated = answer.get("translatedText") if isinstance(answer, dict) else None
        if not isinstance(translated, list) or len(translated) != len(texts):
            raise TranslationError("the answer holds no list of as many texts")
        if not all(isinstance(text, str) and text.strip() for text in translated):
            raise TranslationError("the answer holds an empty text")
        return translated

    async def languages(self) -> dict[str, frozenset[str]]:
        """Return the languages of the server, each with those into which it translates."""
        answer = await self._ask("GET", "/languages")
        entries = [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []
        known = {str(entry["code"]): _codes(entry.get("targets")) for entry in entries if "code" in entry}
        if not known:
            raise TranslationError("the answer holds no languages")
        return {code: targets or frozenset(known) for code, targets in known.items()}  # old servers name no targets

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                httpx.AsyncClient(timeout=self._timeout_s) as client,
                client.stream(method, self._url + path, json=body) as response,
            ):
                content = b""
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > LONGEST_ANSWER:
                        raise TranslationError("the answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise TranslationError(f"no answer: {type(error).__name__}") from error
        if response.status_code == httpx.codes.BAD_REQUEST:
            raise RefusedError("HTTP 400")
        if response.status_code != httpx.codes.OK:
            raise TranslationError(f"HTTP {response.status_code}")
        try:
            return httpx.Response(response.status_code, content=content).json()
        except ValueError as error:
            raise TranslationError("the answer is not JSON") from error


def _codes(targets: Any) -> frozenset[str]:
    return frozenset(code for code in targets if isinstance(code, str)) if isinstance(targets, list) else frozenset()
