"""The page of an introduction: it shows the asker and the question, and the contact answers. Later both rate it.

The link shows what its message said, and nothing about the contact. An answer needs a code, which goes to the
destination of the link (``bot.web.pages.proving``). With the code, a yes shows which contact data the asker may get.
The rating is only counted, without a name, and needs no code.

The answer uses up the link, in one transaction. An answer that changes nothing (nothing chosen to share, no contact to
pass it on to) leaves the link as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from starlette.responses import Response

from bot.features.introductions import Evidence, describe, helped, respond
from bot.features.introductions.view import RequestView, date_of
from bot.features.privacy_notice import operator
from bot.messages import Reach, Say, Url
from bot.messages.markup import plain
from bot.outgoing.telegram_invite import offered_with
from bot.web.pages.proving import CodeForm, Press, proven
from bot.web.pages.visit import GONE, INVALID, Site, Visit, ask_for_code, over, repeated
from knowledge_base.introductions.values import ContactAnswer, Helped, Introduction, State
from knowledge_base.store.transaction import Transaction

SHOW, SHARE = "show", "share"  # the steps before an answer: see the request, choose the data to share


async def look(site: Site, visited: Visit) -> Response:
    """Show the request; show a veil first if the link went through a network that may not carry the request."""
    if visited.page.veiled:
        return site.view.page("veil.html", visited.language, step=SHOW)
    return await _request(site, visited)


async def act(site: Site, visited: Visit) -> Response:
    """Lift the veil, store a rating, or answer."""
    if visited.chosen("step") == SHOW:
        return await _request(site, visited)
    if helped_how := _read(Helped, visited.chosen("helped")):
        return await _say_helped(site, visited, helped_how)
    answer = _read(ContactAnswer, visited.chosen("answer"))
    if answer is None:
        return await _request(site, visited, INVALID, Say("page.choose"))
    done = await repeated(lambda: _answer(site, visited, answer))
    if done is None:
        return over(site, visited)
    site.changed()
    match done:
        case CodeForm():
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
    """Store the rating; return ``None``, and keep the link, if no rating is asked for now."""
    async with site.services.store.begin() as tx:
        page = await tx.pages.open_alone(visited.page.token_hash)
        introduction = await tx.introductions.get(visited.page.subject) if page else None
        if page is None or introduction is None or not _is_asked_whether_it_helped(introduction, page.person_id):
            return None
        await tx.pages.use(page.token_hash)
        return await helped(tx, site.services, introduction.id, page.person_id, how)


def _is_asked_whether_it_helped(introduction: Introduction, person_id: str) -> bool:
    return introduction.state is State.FOLLOWED and introduction.side(person_id) is not None


@dataclass(frozen=True, slots=True)
class _Choice:
    """The question after a right code: which data may the asker get?"""

    view: RequestView
    problem: Say | None


async def _answer(site: Site, visited: Visit, answer: ContactAnswer) -> Say | CodeForm | _Choice | None:
    """Return the next step; ``None`` if the link is used up or expired, or this person cannot answer it."""
    shares = visited.form.get("share", ())
    async with site.services.store.begin() as tx:
        page = await tx.pages.open_alone(visited.page.token_hash)
        view = await _view(tx, site, visited) if page else None
        if page is None or view is None or not view.open:
            return None
        code = await proven(tx, site.services, Press(page, answer, visited.chosen("code"), visited.client))
        if isinstance(code, CodeForm):
            return code
        if answer is ContactAnswer.YES and not shares and visited.chosen("step") != SHARE:
            return _Choice(view, None)
        if await tx.pages.use(page.token_hash) is None:
            return None
        evidence = _evidence(view, site, visited)
        done = await respond(tx, site.services, page.subject, page.person_id, answer, shares, evidence)
        if done.counted:
            await tx.pages.use(code)
            return done.say
        await tx.pages.reopen(page.token_hash)
        return _Choice(view, done.say) if answer is ContactAnswer.YES else CodeForm(done.say, problem=True)


def _evidence(view: RequestView, site: Site, visited: Visit) -> Evidence:
    """Return what the ledger keeps of a yes: the exact words above the button."""
    texts, shared = site.services.texts, set(visited.form.get("share", ()))
    shown = [consent_text(view, site), *(say for kind, say in _own(view) if kind in shared)]
    words = "\n".join(plain(texts.render(say, visited.language)) for say in shown)
    return Evidence("page", visited.page.token_hash, "page", f"page.intro.consent/{visited.language}", words)


def _own(view: RequestView) -> list[tuple[str, Say]]:
    """Return the data that the contact could show, each with its kind."""
    return [
        (datum.kind, Say(f"page.data.{datum.kind}", {"value": Reach(datum.value, linked=False)})) for datum in view.own
    ]


def _choosing(site: Site, visited: Visit, choice: _Choice) -> Response:
    """Show the contact's own data, only after the right code."""
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
    """Return the text that a contact agrees to, with the address for withdrawing consent."""
    settings = site.services.settings
    reach = settings.operator.email or settings.smtp.reply_to or operator(settings)
    return Say("page.intro.consent", {"name": view.name, "municipality": view.municipality, "reach": reach})


async def _request(site: Site, visited: Visit, status: int = 200, problem: Say | None = None) -> Response:
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
        introduction = await tx.introductions.get(visited.page.subject)
        view = await describe(tx, site.services, introduction, visited.page.person_id) if introduction else None
        services = site.services
        invitation = await offered_with(tx, visited.page.token_hash, services.links, services.settings)
    if view is not None and view.open:
        values = {
            "view": view,
            "until": date_of(view.expires_at, visited.language),
            "invitation": Url(invitation) if invitation else "",
        }
        return site.view.page("introduction.html", visited.language, status, problem=problem, **values)
    if introduction is not None and _is_asked_whether_it_helped(introduction, visited.page.person_id):
        return site.view.page("helped.html", visited.language, status, problem=problem)
    return site.view.message(Say("page.intro.over"), visited.language, GONE)


async def _view(tx: Transaction, site: Site, visited: Visit) -> RequestView | None:
    introduction = await tx.introductions.get(visited.page.subject)
    return await describe(tx, site.services, introduction, visited.page.person_id) if introduction else None


Choice = TypeVar("Choice", bound=StrEnum)


def _read(values: type[Choice], text: str) -> Choice | None:
    return values(text) if text in set(values) else None
