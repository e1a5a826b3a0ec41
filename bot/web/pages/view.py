"""Templates as responses: in one language, with one inline stylesheet, and headers that allow nothing else."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.messages import Say, Value
from bot.messages.html import blocks, inline, line
from bot.messages.markup import Text
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts

OVER = 410
NAMES = {"de": "Deutsch", "en": "English", "pl": "Polski"}


class View:
    """A renderer of pages. Templates call ``line(key)`` and ``text(key)``, and ``quoted(words)`` for words of users.

    All values are escaped.
    """

    def __init__(self, texts: Texts, *, base: str = "", organisation: str = "") -> None:
        """Take ``base``, the path under which the pages lie, and ``organisation``, the operator of the bot."""
        self._texts = texts
        self._everywhere = {"base": base, "organisation": organisation, "languages": NAMES, "switch": True}
        self._templates = Environment(
            loader=PackageLoader("bot.web.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._refusals: dict[tuple[str, str], str] = {}
        style = self._templates.get_template("style.css").render()
        self._style = Markup(style)  # noqa: S704 - our own file
        self._policy = (
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
            f"style-src 'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        )

    def page(self, template: str, language: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page; ``switch`` tells whether its address also works in the other languages."""
        return HTMLResponse(self._rendered(template, language, values), status, self._headers(language))

    def message(self, say: Say, language: str, status: int = 200) -> HTMLResponse:
        """Return a page with one message: the result of a press, or that the link has expired."""
        heading = Say("page.over" if status == OVER else "page.thanks")
        return self.page("message.html", language, status, message=say, heading=heading, switch=False)

    def refusal(self, why: str, language: str, status: int) -> HTMLResponse:
        """Return a page that says what is wrong, the same for all and cached, so that a flood costs little."""
        if (why, language) not in self._refusals:
            heading = Say("page.over" if status == OVER else "page.sorry")
            values = {"message": why, "heading": heading, "switch": False}
            self._refusals[why, language] = self._rendered("message.html", language, values)
        return HTMLResponse(self._refusals[why, language], status, self._headers(language))

    def _rendered(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        def say(key: str | Say, **fields: Value) -> Say:
            return key if isinstance(key, Say) else Say(key, fields)

        def text(key: str | Say, **fields: Value) -> Markup:
            return Markup(blocks(self._texts.render(say(key, **fields), language), language))  # noqa: S704 - escaped node by node

        def short(key: str | Say, **fields: Value) -> Markup:
            return Markup(line(self._texts.render(say(key, **fields), language), language))  # noqa: S704 - as above

        def quoted(words: str) -> Markup:
            return Markup(inline([Text(words)], language))  # noqa: S704 - as above

        return self._templates.get_template(template).render(
            {**self._everywhere, **values},
            language=language,
            style=self._style,
            text=text,
            line=short,
            quoted=quoted,
        )

    def _headers(self, language: str) -> dict[str, str]:
        return {
            "Content-Security-Policy": self._policy,
            "Content-Language": language,
            "Referrer-Policy": "same-origin",  # with no-referrer, browsers also hide the origin of the bot's own forms
            "X-Robots-Tag": "noindex, nofollow, noarchive",
        }


def language_of(request: Request, known: str = "") -> str:
    """Return the language of the answer: of the address, otherwise of the known reader, otherwise of the browser."""
    wanted = request.query_params.get("lang", "")
    if wanted in LANGUAGES:
        return wanted
    if known in LANGUAGES:
        return known
    for part in request.headers.get("accept-language", "").split(","):
        code = part.partition(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return DEFAULT_LANGUAGE
