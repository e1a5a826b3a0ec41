"""The page of a request: who asks, and what; the contact answers. Later on it asks both whether it helped.

The link is used up with the answer, in one transaction. An answer that changes nothing (nothing chosen to share, nobody
to pass it on to) leaves it as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from starlette.responses import Response

from bot.connecting import offered_with
from bot.informing import operator
from bot.introducing import Evidence, describe, helped, respond
from bot.introducing.describing import RequestView, date_of
from bot.markup import plain
from bot.messages import Say, Url
from bot.web.pages.visit import GONE, Site, Visit, over, repeated
from knowledge_base.introduction_values import Answer, Helped, Introduction, State
from knowledge_base.store.transaction import Transaction

INVALID = 422
SHOW = "show"


async def look(site: Site, visited: Visit) -> Response:
    """Show the request; behind a veil when the link went through a network that may not carry what it says."""
    if visited.page.veiled:
        return _veil(site, visited)
    return await _request(site, visited)


async def act(site: Site, visited: Visit) -> Response:
    """Lift the veil, or answer."""
    if visited.chosen("step") == SHOW:
        return await _request(site, visited)
    answer = _read(Answer, visited.chosen("answer")) or _read(Helped, visited.chosen("helped"))
    if answer is None:
        return await _request(site, visited, INVALID, Say("page.choose"))
    done = await repeated(lambda: _answer(site, visited, answer))
    if done is None:
        return over(site, visited)
    if not done.counts:
        return await _request(site, visited, INVALID, done.said)
    site.changed()
    return site.view.message(done.said, visited.language)


@dataclass(frozen=True, slots=True)
class _Done:
    said: Say
    counts: bool  # False: nothing changed, and another answer may


async def _answer(site: Site, visited: Visit, answer: Answer | Helped) -> _Done | None:
    """``None``: the link is used up or over."""
    page = visited.page
    async with site.services.store.begin() as tx:
        if await tx.pages.use(page.token_hash) is None:
            return None
        if isinstance(answer, Helped):
            return _Done(await helped(tx, site.services, page.subject, page.person_id, answer), True)
        evidence = await _evidence(tx, site, visited)
        shares = visited.form.get("share", ())
        said = await respond(tx, site.services, page.subject, page.person_id, answer, shares, evidence)
        after = await _view(tx, site, visited)
        if after is None or not after.open:
            return _Done(said, True)
        await tx.pages.reopen(page.token_hash)
        return _Done(said, False)


async def _evidence(tx: Transaction, site: Site, visited: Visit) -> Evidence:
    """What the ledger keeps of a yes: the very words that stood above the button."""
    view = await _view(tx, site, visited)
    texts, shared = site.services.texts, set(visited.form.get("share", ()))
    shown = [consent_text(view, site)] if view else []
    shown += [Say(f"page.data.{one.kind}", {"value": one.value}) for one in (view.own if view else ())
              if one.kind in shared]  # fmt: skip
    words = "\n".join(plain(texts.render(say, visited.language)) for say in shown)
    return Evidence("page", visited.page.token_hash, "page", f"page.intro.consent/{visited.language}", words)


def consent_text(view: RequestView, site: Site) -> Say:
    """What a contact agrees to, and where it is taken back."""
    settings = site.services.settings
    reach = settings.operator.email or settings.smtp.reply_to or operator(settings)
    return Say("page.intro.consent", {"name": view.name, "municipality": view.municipality, "reach": reach})


async def _request(site: Site, visited: Visit, status: int = 200, problem: Say | None = None) -> Response:
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
        one = await tx.introductions.get(visited.page.subject)
        view = await describe(tx, site.services, one, visited.page.person_id) if one else None
        services = site.services
        telegram = await offered_with(tx, visited.page.token_hash, services.links, services.settings)
    if view is not None and view.open:
        values = {
            "view": view,
            "consent": consent_text(view, site),
            "until": date_of(view.expires_at, visited.language),
            "telegram": Url(telegram) if telegram else "",
            "ticked": visited.form.get("share", ()),
            "own": [(one.kind, Say(f"page.data.{one.kind}", {"value": one.value})) for one in view.own],
        }
        return site.view.page("introduction.html", visited.language, status, problem=problem, **values)
    if one is not None and one.side(visited.page.person_id) and one.state is State.FOLLOWED:
        return site.view.page("helped.html", visited.language, status, problem=problem)
    return site.view.message(_why_over(one), visited.language, GONE)


def _why_over(one: Introduction | None) -> Say:
    """What to say of a request that nothing can be done about any more."""
    arranged = one is not None and one.state in (State.OPENING, State.ARRANGED)
    return Say("page.intro.answered" if arranged else "page.intro.over")


async def _view(tx: Transaction, site: Site, visited: Visit) -> RequestView | None:
    one = await tx.introductions.get(visited.page.subject)
    return await describe(tx, site.services, one, visited.page.person_id) if one else None


def _veil(site: Site, visited: Visit) -> Response:
    return site.view.page("veil.html", visited.language, step=SHOW)


Choice = TypeVar("Choice", bound=StrEnum)


def _read(values: type[Choice], text: str) -> Choice | None:
    return values(text) if text in set(values) else None
