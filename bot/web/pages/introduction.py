"""The page of a request: who asks, and what; the contact answers. Later on it asks both whether it helped.

The link shows what stood in the message that holds it, and nothing of the contact. An answer needs a code, which goes
to where the link went (``bot.web.pages.proving``); with it a yes shows what of the contact's the asker may get. Whether
it helped is only counted, without a name, and needs no code.

The link is used up with the answer, in one transaction. An answer that changes nothing (nothing chosen to share, nobody
to pass it on to) leaves it as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from starlette.responses import Response

from bot.features.introductions import Evidence, describe, helped, respond
from bot.features.introductions.view import RequestView, date_of
from bot.features.privacy_notice import operator
from bot.messages import Say, Url
from bot.messages.markup import plain
from bot.outgoing.telegram_invite import offered_with
from bot.web.pages.proving import Asked, Press, proven
from bot.web.pages.visit import GONE, INVALID, Site, Visit, ask_for_code, over, repeated
from knowledge_base.introductions.values import Answer, Helped, Introduction, State
from knowledge_base.store.transaction import Transaction

SHOW, SHARE = "show", "share"  # the steps before an answer: to see the request, to choose what to show


async def look(site: Site, visited: Visit) -> Response:
    """Show the request; behind a veil when the link went through a network that may not carry what it says."""
    if visited.page.veiled:
        return _veil(site, visited)
    return await _request(site, visited)


async def act(site: Site, visited: Visit) -> Response:
    """Lift the veil, or answer."""
    if visited.chosen("step") == SHOW:
        return await _request(site, visited)
    if helped_how := _read(Helped, visited.chosen("helped")):
        return await _say_helped(site, visited, helped_how)
    answer = _read(Answer, visited.chosen("answer"))
    if answer is None:
        return await _request(site, visited, INVALID, Say("page.choose"))
    done = await repeated(lambda: _answer(site, visited, answer))
    if done is None:
        return over(site, visited)
    site.changed()
    match done:
        case Asked():
            return ask_for_code(site, visited, answer, done)
        case _Choice():
            return _choosing(site, visited, done)
        case _:
            return site.view.message(done, visited.language)


async def _say_helped(site: Site, visited: Visit, how: Helped) -> Response:
    said = await repeated(lambda: _helped(site, visited, how))
    if said is None:
        return await _request(site, visited, INVALID, Say("page.choose"))
    site.changed()
    return site.view.message(said, visited.language)


async def _helped(site: Site, visited: Visit, how: Helped) -> Say | None:
    """``None``: that is not asked now; the link stays what it is."""
    async with site.services.store.begin() as tx:
        page = await tx.pages.open_alone(visited.page.token_hash)
        one = await tx.introductions.get(visited.page.subject) if page else None
        if page is None or one is None or not _is_asked_whether_it_helped(one, page.person_id):
            return None
        await tx.pages.use(page.token_hash)
        return await helped(tx, site.services, one.id, page.person_id, how)


def _is_asked_whether_it_helped(one: Introduction, person_id: str) -> bool:
    return one.state is State.FOLLOWED and one.side(person_id) is not None


@dataclass(frozen=True, slots=True)
class _Choice:
    """The code was right; what may the asker get?"""

    view: RequestView
    problem: Say | None


async def _answer(site: Site, visited: Visit, answer: Answer) -> Say | Asked | _Choice | None:
    """``None``: the link is used up or over, or cannot be answered by this person."""
    shares = visited.form.get("share", ())
    async with site.services.store.begin() as tx:
        page = await tx.pages.open_alone(visited.page.token_hash)
        view = await _view(tx, site, visited) if page else None
        if page is None or view is None or not view.open:
            return None
        code = await proven(tx, site.services, Press(page, answer, visited.chosen("code"), visited.client))
        if isinstance(code, Asked):
            return code
        if answer is Answer.YES and not shares and visited.chosen("step") != SHARE:
            return _Choice(view, None)
        if await tx.pages.use(page.token_hash) is None:
            return None
        evidence = _evidence(view, site, visited)
        done = await respond(tx, site.services, page.subject, page.person_id, answer, shares, evidence)
        if done.counted:
            await tx.pages.use(code)
            return done.say
        await tx.pages.reopen(page.token_hash)
        return _Choice(view, done.say) if answer is Answer.YES else Asked(done.say, problem=True)


def _evidence(view: RequestView, site: Site, visited: Visit) -> Evidence:
    """What the ledger keeps of a yes: the very words that stood above the button."""
    texts, shared = site.services.texts, set(visited.form.get("share", ()))
    shown = [consent_text(view, site), *(say for kind, say in _own(view) if kind in shared)]
    words = "\n".join(plain(texts.render(say, visited.language)) for say in shown)
    return Evidence("page", visited.page.token_hash, "page", f"page.intro.consent/{visited.language}", words)


def _own(view: RequestView) -> list[tuple[str, Say]]:
    """What the contact could show, each with its kind."""
    return [(one.kind, Say(f"page.data.{one.kind}", {"value": one.value})) for one in view.own]


def _choosing(site: Site, visited: Visit, choice: _Choice) -> Response:
    """The contact's own data, for who typed the code alone."""
    values = {
        "view": choice.view,
        "consent": consent_text(choice.view, site),
        "code": visited.chosen("code"),
        "ticked": visited.form.get("share", ()),
        "own": _own(choice.view),
    }
    status = INVALID if choice.problem else 200
    return site.view.page("share.html", visited.language, status, problem=choice.problem, switch=False, **values)


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
            "until": date_of(view.expires_at, visited.language),
            "telegram": Url(telegram) if telegram else "",
        }
        return site.view.page("introduction.html", visited.language, status, problem=problem, **values)
    if one is not None and _is_asked_whether_it_helped(one, visited.page.person_id):
        return site.view.page("helped.html", visited.language, status, problem=problem)
    return site.view.message(Say("page.intro.over"), visited.language, GONE)


async def _view(tx: Transaction, site: Site, visited: Visit) -> RequestView | None:
    one = await tx.introductions.get(visited.page.subject)
    return await describe(tx, site.services, one, visited.page.person_id) if one else None


def _veil(site: Site, visited: Visit) -> Response:
    return site.view.page("veil.html", visited.language, step=SHOW)


Choice = TypeVar("Choice", bound=StrEnum)


def _read(values: type[Choice], text: str) -> Choice | None:
    return values(text) if text in set(values) else None
