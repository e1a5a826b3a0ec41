"""All pages behind a link: a look changes nothing, an incomplete form is no answer, and one press counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from starlette.types import Message

from bot.web.pages.routes import LINKED
from knowledge_base.introductions.values import State
from tests.bot.web.pages.conftest import ASKER, QUESTION, Site, confirm_path, disconnect_path, note_path
from tests.bot.web.pages.test_responsible import claim_path
from tests.conftest import FixedClock

HOURS_OF_A_CRAWLER = 24
LOOKS = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND")
PREFETCH: list[Mapping[str, str]] = [
    {},
    {"Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"},
    {"Content-Type": "application/x-www-form-urlencoded"},
]


async def every_link(site: Site) -> dict[str, str]:
    """A link of each kind."""
    seen = {
        "i": await site.request_path(),
        "unsubscribe": await site.unsubscribe_path(),
        "n": await note_path(site),
        "digest": await confirm_path(site),
        "disconnect": await disconnect_path(site),
        "r": await claim_path(site),
    }
    assert set(seen) == set(LINKED), "a kind of page that is not tried here"
    return seen


async def test_scanner_that_fetches_every_link_for_a_day_changes_nothing(site: Site, clock: FixedClock) -> None:
    links = await every_link(site)
    before = await site.everything()
    seen = ""
    async with site.client(headers={"User-Agent": "scanner"}) as robot:
        for _ in range(HOURS_OF_A_CRAWLER):
            clock.advance(hours=1)
            for path in links.values():
                for method in LOOKS:
                    for headers in PREFETCH:
                        query = {"answer": "yes", "share": "email", "step": "read", "helped": "yes", "_method": "POST"}
                        response = await robot.request(method, path, params=query, headers=headers)
                        seen += response.text
    assert await site.everything() == before
    assert site.changes == []
    assert "kanarie@kiel.example" not in seen, "what is shown once was shown to no robot"
    async with site.client() as human:
        assert "kanarie@kiel.example" in (await human.post(links["n"], data={"step": "read"})).text
        for kind in ("i", "digest", "unsubscribe"):
            assert (await human.get(links[kind])).status_code == 200, "and all are as good as before"


async def sent(site: Site, path: str, *messages: Message, headers: Mapping[str, str] | None = None) -> list[int]:
    """A post whose body comes as these messages; the status of the answer."""
    waiting, statuses = list(messages), []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    form = {"content-type": "application/x-www-form-urlencoded"} | dict(headers or {})
    raw = [(name.encode(), value.encode()) for name, value in form.items()]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": raw, "client": ("::1", 1)}
    await site.app(scope, receive, send)
    return statuses


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_incomplete_form_does_not_count_as_an_answer(site: Site) -> None:
    path = await site.request_path()
    async with site.client() as human:
        await human.post(path, data={"answer": "no"})
    before, code = await site.everything(), (await site.code()).encode()
    assert await sent(site, path, part(b"answer=no&code=" + code), part(b"&share=")) == [413]
    assert await sent(site, path) == [413]
    assert await site.everything() == before
    assert await sent(site, path, part(b"answer="), part(b"no&code=" + code, more=False)) == [200]
    assert (await site.state()).state is State.CLOSED


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain", "multipart/form-data; boundary=x", "text/html"]
)
async def test_body_of_another_content_type_does_not_count_as_an_answer(site: Site, content_type: str) -> None:
    """A foreign page can send some of these types without permission."""
    before = await site.everything()
    path, body = await site.request_path(), part(b"answer=yes&share=email", more=False)
    assert await sent(site, path, body, headers={"content-type": content_type}) == [422]
    assert await site.everything() == before


@pytest.mark.parametrize("body", [b"answer=yes&answer=no&share=email", b"answer=no&answer=yes"])
async def test_first_of_two_answers_in_a_form_counts(site: Site, body: bytes) -> None:
    path = await site.request_path()
    await sent(site, path, part(body, more=False))
    await sent(site, path, part(body + b"&code=" + (await site.code()).encode(), more=False))
    assert (await site.state()).state is (State.ARRANGED if body.startswith(b"answer=yes") else State.CLOSED)


async def test_one_of_several_presses_in_two_tabs_counts(site: Site) -> None:
    path, codes = await site.request_path(), {}
    async with site.client() as one, site.client() as other:
        for answer in ("yes", "no", "deputy"):
            await one.post(path, data={"answer": answer})
            codes[answer] = await site.code()
        answers = await asyncio.gather(
            *(
                tab.post(path, data=data | {"code": codes[data["answer"]]})
                for tab in (one, other)
                for data in (YES, {"answer": "no"}, {"answer": "deputy"})
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, 410, 410, 410, 410, 410]


YES = {"answer": "yes", "share": "email"}


@pytest.mark.parametrize("kind", ["i", "digest", "disconnect"])
async def test_same_form_sent_again_has_no_effect(site: Site, kind: str) -> None:
    path = (await every_link(site))[kind]
    async with site.client() as human:
        form = YES
        if kind == "digest":
            await human.post(path, data=form)
        else:
            await site.press(human, path, form)
            form = form | {"code": await site.code()}
        before = await site.everything()
        assert (await human.post(path, data=form)).status_code == 410
    assert await site.everything() == before


@pytest.mark.parametrize("language", ["de", "en", "pl"])
@pytest.mark.parametrize("path", ["/nothing", "/i", "/i/", "/i/x/y", "/admin.php", "/.env", "/%2e%2e/etc/passwd"])
async def test_unknown_address_gets_a_404_page_in_the_language_of_the_browser(
    site: Site, path: str, language: str
) -> None:
    async with site.client() as human:
        page = await human.get(path, headers={"Accept-Language": language})
    assert page.status_code == 404
    assert f'<html lang="{language}">' in page.text
    assert "location" not in page.headers


async def test_link_with_an_additional_slash_is_not_redirected(site: Site) -> None:
    """A redirect would repeat the host of the request and the token."""
    path = await site.request_path()
    async with site.client(headers={"Host": "evil.example"}) as human:
        page = await human.get(f"{path}/")
    assert page.status_code == 404
    assert "location" not in page.headers
    assert ASKER not in page.text
    assert QUESTION not in page.text


@pytest.mark.parametrize(("method", "path"), [("POST", "/imprint"), ("DELETE", "/i/x"), ("PUT", "/")])
async def test_wrong_method_is_refused_with_405(site: Site, method: str, path: str) -> None:
    async with site.client() as human:
        assert (await human.request(method, path)).status_code == 405
