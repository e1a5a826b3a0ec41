"""How a municipality claims its role without a chat, and how a contact answers what the bot asks of it.

    /responsible   takes an office mailbox and mails a link to it; says the same for every address
    /r/TOKEN       the claim itself; or whether the role is still theirs; or whether the facts are still true

A link alone changes nothing: what was filled in is shown once more, and counts with a code that goes to the mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.channels.networks import MAIL
from bot.channels.policy import is_usable
from bot.commands.contacts import FACTS, ConfirmFacts
from bot.features.contacts import facts, publish
from bot.features.contacts.checks import PAGE
from bot.features.contacts.draft import ClaimDraft, host_of, municipalities_of, projects_of
from bot.features.contacts.preview import whole
from bot.features.contacts.steps import is_role
from bot.features.places import named
from bot.features.wording import refused_address
from bot.messages import MessageAudience, Say
from bot.messages.envelope import Envelope
from bot.messages.markup import clean, plain
from bot.web.pages.guard import client_of
from bot.web.pages.proving import CodeForm, Press, proven
from bot.web.pages.view import language_of
from bot.web.pages.visit import (
    FOREIGN,
    INVALID,
    LIMITED,
    TOO_LARGE,
    Site,
    Visit,
    ask_for_code,
    over,
    read_form,
    repeated,
)
from knowledge_base.introductions.own_domains import is_free_mail
from knowledge_base.mail_address import typed_address
from knowledge_base.store.consents import ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.pages import Page
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

CLAIM, CHECK = "claim", "check"  # subjects of the link; every other one is about facts
MAILED, FROM_ONE = "claim mailed", "claim mailed from"
MAILS, MAILS_FROM_ONE, A_DAY = 3, 6, timedelta(days=1)  # to a mailbox, and for one network address, per day
KEEP, END = "keep", "end"


async def start(request: Request, site: Site) -> Response:
    """Ask for an office mailbox; a press mails the link there."""
    language = language_of(request)
    if not is_usable(MAIL, site.services.settings):
        return site.view.message(Say("claim.no_mail"), language)
    if request.method != "POST":
        return site.view.page("responsible.html", language, problem=None)
    if not site.guard.is_ours(request):
        return site.view.refusal("page.foreign", language, FOREIGN)
    form = await read_form(request)
    if form is None:
        return site.view.refusal("page.too_large", language, TOO_LARGE)
    written = next(iter(form.get("address", ())), "")
    address = typed_address(written)
    problem = refused_address(written) if address is None else None
    if address and is_free_mail(address.host):
        problem = Say("claim.free_mail", {"host": address.host})
    if problem or address is None:
        return site.view.page("responsible.html", language, INVALID, problem=problem)
    if not await repeated(lambda: _mail(site, str(address), language, client_of(request))):
        return site.view.refusal("page.limited", language, LIMITED)
    site.changed()
    return site.view.message(Say("page.claim.mailed"), language)


async def _mail(site: Site, address: str, language: str, client: str) -> bool:
    """Store the mail with the link; ``False``: this network address asked too often. A full mailbox gets no mail."""
    services = site.services
    async with services.store.begin() as tx:
        if await tx.tallies.count(services.secret, FROM_ONE, [client], within=A_DAY) >= MAILS_FROM_ONE:
            return False
        await tx.tallies.add(services.secret, FROM_ONE, [client], lasting=A_DAY)
        if await tx.tallies.count(services.secret, MAILED, [address], within=A_DAY) >= MAILS:
            return True
        await tx.tallies.add(services.secret, MAILED, [address], lasting=A_DAY)
        person, message_id = await tx.profiles.person_of_address(address, language=language), new_id()
        await tx.pages.keep(
            services.links.at_rest(services.links.token(message_id)), kind=PAGE, subject=CLAIM, person_id=person.id,
            language=language, content={"address": address},
        )  # fmt: skip
        envelope = Envelope(Say("claim.mail"), language, MessageAudience.PRIVATE, (address,), page=PAGE)
        await tx.outbox.add(
            MAIL, address, envelope.to_json(), urgency=Urgency.NOTICE, person_id=person.id, message_id=message_id
        )
    return True


# --------------------------------------------------------------------------------------------------------- the link


async def look(site: Site, visited: Visit) -> Response:
    """Show what can be filled in or answered."""
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
        return await _form(tx, site, visited)


async def act(site: Site, visited: Visit) -> Response:
    """Take what was filled in; with the code it counts."""
    done = await repeated(lambda: _act(site, visited))
    if done is None:
        return over(site, visited)
    site.changed()
    if isinstance(done, Say):
        return site.view.message(done, visited.language)
    return done


async def _act(site: Site, visited: Visit) -> Say | Response | None:
    async with site.services.store.begin() as tx:
        page = await tx.pages.open_alone(visited.page.token_hash)
        if page is None:
            return None
        if page.subject == CHECK:
            return await _check(tx, site, visited, page)
        if page.subject == CLAIM:
            return await _claim(tx, site, visited, page)
        return await _facts(tx, site, visited, page)


async def _form(tx: Transaction, site: Site, visited: Visit, problem: Say | None = None) -> Response:
    status, language = INVALID if problem else 200, visited.language
    if visited.page.subject == CHECK:
        return site.view.page("still_yours.html", language, status, problem=problem)
    if visited.page.subject != CLAIM:
        mine = await facts.of_person(tx, site.services, visited.page.person_id)
        return site.view.page("facts.html", language, status, problem=problem, projects=mine)
    address = _address(visited.page)
    places = municipalities_of(host_of(address), site.services.search)
    projects = projects_of(places[0].id, site.services.search) if len(places) == 1 else ()
    values = {"address": address, "places": places, "projects": projects, "host": host_of(address)}
    chosen = {name: visited.chosen(name) for name in ("place", "role", "topics", "deputy")}
    ticked = visited.form.get("project", ())
    return site.view.page("claim.html", language, status, problem=problem, ticked=ticked, **values, **chosen)


def _address(page: Page) -> str:
    return str((page.content or {}).get("address", ""))


# ------------------------------------------------------------------------------------------------------------- claim


async def _claim(tx: Transaction, site: Site, visited: Visit, page: Page) -> Say | Response | None:
    draft = read_claim(site, visited, _address(page))
    if isinstance(draft, Say):
        return await _form(tx, site, visited, draft)
    fields = [(name, value) for name in ("place", "role", "topics", "deputy") if (value := visited.chosen(name))]
    fields += [("project", project) for project in visited.form.get("project", ())]
    fields.append(("mark", draft.mark))
    if visited.chosen("code") and visited.chosen("mark") != draft.mark:  # not what was shown
        return await _form(tx, site, visited, Say("page.choose"))
    values = whole(draft, visited.language, site.services)
    code = await proven(tx, site.services, Press(page, CLAIM, visited.chosen("code"), visited.client))
    if isinstance(code, CodeForm):
        return _proof(site, visited, fields, Say("page.claim.whole", values), code)
    await tx.pages.use(code)
    await tx.pages.use(page.token_hash)
    shown = plain(site.services.texts.render(Say("page.claim.whole", values), visited.language))
    entry = ConsentEntry(
        subject=page.person_id, purpose=publish.purpose_of(draft.municipality), what=ConsentAction.GIVEN,
        wording=f"page.claim.whole/{visited.language}", text_hash=hash_of(shown), channel="page",
        event_id=page.token_hash, method="page",
    )  # fmt: skip
    new = publish.new_claim(draft, page.person_id, visited.language)
    return await publish.submit(tx, site.services, new, entry)


def read_claim(site: Site, visited: Visit, address: str) -> ClaimDraft | Say:
    """Return the claim that the form holds, or what is wrong with it."""
    search, host = site.services.search, host_of(address)
    places = municipalities_of(host, search)
    if len(places) != 1:
        wanted = named(clean(visited.chosen("place")), search.snapshot.gazetteer)
        if len(wanted) != 1:
            return Say("claim.no_place")
        places = list(wanted)
    role = clean(visited.chosen("role"))
    if not is_role(role):
        return Say("claim.no_role_name", {"longest": 120})
    known = {project.id for project in projects_of(places[0].id, search)}
    words = [word.strip() for word in visited.chosen("topics").split(",") if word.strip()]
    topics = [topic.id for word in words if (topic := bundled().topic_of(word))]
    if len(topics) < len(words):
        return Say("claim.no_scope", {"unknown": ", ".join(words)[:100]})
    written = visited.chosen("deputy").strip()
    deputy = typed_address(written)
    if written and (deputy is None or deputy.host != host or str(deputy) == address):
        return Say("claim.no_deputy", {"host": host})
    projects = tuple(project for project in visited.form.get("project", ()) if project in known)
    return ClaimDraft(address, places[0].id, role, projects, tuple(dict.fromkeys(topics)), str(deputy or ""))


def _proof(site: Site, visited: Visit, fields: list[tuple[str, str]], shown: Say, asked: CodeForm) -> Response:
    """Show once more what was filled in, and ask for the code that makes it count."""
    values: Mapping[str, Any] = {"problem": asked.say if asked.problem else None, "asked": asked.say, "shown": shown}
    status = INVALID if asked.problem else 200
    return site.view.page("proof.html", visited.language, status, switch=False, fields=fields, **values)


# ------------------------------------------------------------------------------------------------- check and facts


async def _check(tx: Transaction, site: Site, visited: Visit, page: Page) -> Say | Response | None:
    answer = visited.chosen("answer")
    if answer not in (KEEP, END):
        return await _form(tx, site, visited, Say("page.choose"))
    code = await proven(tx, site.services, Press(page, answer, visited.chosen("code"), visited.client))
    if isinstance(code, CodeForm):
        return ask_for_code(site, visited, answer, code)
    await tx.pages.use(code)
    await tx.pages.use(page.token_hash)
    if answer == KEEP:
        return await publish.keep(tx, page.person_id)
    await publish.end(tx, site.services, page.person_id, ConsentAction.WITHDRAWN)
    return Say("claim.ended")


async def _facts(tx: Transaction, site: Site, visited: Visit, page: Page) -> Say | Response | None:
    mine = await facts.of_person(tx, site.services, page.person_id)
    answers = [
        ConfirmFacts(answer, project.id, visited.chosen(f"text:{project.id}"))
        for project in mine
        if (answer := visited.chosen(f"answer:{project.id}")) in set(FACTS.values())
    ]
    if not answers:
        return await _form(tx, site, visited, Say("page.choose"))
    fields = [(f"answer:{one.project}", one.answer) for one in answers]
    fields += [(f"text:{one.project}", one.text) for one in answers if one.text]
    code = await proven(tx, site.services, Press(page, "facts", visited.chosen("code"), visited.client))
    if isinstance(code, CodeForm):
        return _proof(site, visited, fields, Say("page.facts.sure", {"number": len(answers)}), code)
    await tx.pages.use(code)
    await tx.pages.use(page.token_hash)
    for one in answers:
        key = f"{page.token_hash[:24]} {one.project}"
        await facts.answer(tx, site.services, page.person_id, one, visited.language, key)
    return Say("page.facts.done")
