"""From a wish to a request: may this person ask about this project, what will the contact see, do they agree?"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace

from bot.channels.networks import MAIL, network, opening_rooms
from bot.channels.policy import is_usable
from bot.commands.introductions import IntroduceStep, Respond
from bot.context import Services
from bot.features.introductions.candidates import (
    askable,
    candidate,
    caps_of,
    contact_of,
    project_of,
    turn_of,
)
from bot.features.introductions.contact_answers import ALL, refused
from bot.features.introductions.erasure import remembered
from bot.features.introductions.transitions import RULES, Evidence, apply
from bot.features.introductions.view import date_of, language_of, municipality_name, sharables, title_of, who
from bot.features.introductions.wanted import count_wanted
from bot.features.invitation import invitation, uninvited
from bot.features.reach import can_be_told, ways_out
from bot.messages import Choice, Own, Say, Value
from bot.messages.reach import OTHER, as_reach
from bot.messages.without_links import presentable
from knowledge_base.introductions.limits import exhausted, not_again, too_far
from knowledge_base.introductions.values import Consented, ContactCandidate, Introduction, Outcome, Shares, Side, State
from knowledge_base.model import Contact, Project
from knowledge_base.store.outbox import new_id
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that looks like another
CODE_LENGTH = 5


async def there_is_no_way(tx: Transaction, services: Services, person: Person, project: Project) -> Say | None:
    """Return why a request of any asker would fail, to be said before the bot asks the person for anything."""
    if not await can_be_told(tx, services, person.id):
        return Say("intro.no_way", {"instead": ways_out(services.settings)})
    if not await askable(tx, services, project, person.id):
        return await _nobody(tx, services, person, project)
    return None


async def _nobody(tx: Transaction, services: Services, person: Person, project: Project) -> Say:
    """Return that no contact can be asked: the same words for every answer, during the pause after a request."""
    again, mine = await _not_again(tx, services, person, project)
    mine = [introduction for introduction in mine if introduction.project == project.id]
    known = {*services.search.snapshot.introducible.of(project), *(introduction.contact for introduction in mine)}
    title: dict[str, Value] = {"project": _title(project, person)}
    if again & known:
        return Say("intro.not_yet", title)
    municipality = uninvited(project, services)
    if not municipality:
        return Say("intro.nobody", title)
    await count_wanted(tx, services, person.id, municipality)
    choices = invitation(project, services)
    invite = tuple(Say("intro.invite", {"place": project.municipality}) for _ in choices)
    return Say("intro.nobody_there", title | {"place": project.municipality, "invite": invite}, choices)


def _title(project: Project, person: Person) -> str:
    """Return what a project is called in the language of a person."""
    return in_language(project, language_of(person)).project.title


async def _not_again(
    tx: Transaction, services: Services, person: Person, project: Project
) -> tuple[frozenset[str], list[Introduction]]:
    """Return the contacts that this person may not ask now, and their requests until now."""
    mine = await tx.introductions.of(person.id, Side.ASKER)
    before = await remembered(tx, services, person.id, services.search.snapshot.introducible.of(project))
    return not_again(mine, before, tx.now, caps_of(services.settings)), mine


async def begin(
    tx: Transaction, services: Services, person: Person, project: Project, question: str
) -> Introduction | Say:
    """A draft of a request, or why there can be none. Name and municipality of the person are known."""
    await tx.people.hold(person.id)  # two requests at once are counted one after the other
    if refusal := await _may_not(tx, services, person, project):
        return refusal
    again, mine = await _not_again(tx, services, person, project)
    caps = caps_of(services.settings)
    if cap := exhausted(mine, await remembered(tx, services, person.id, ()), tx.now, caps):
        return Say(f"intro.cap_{cap}", {"limit": caps.per_day if cap == "day" else caps.open})
    contacts = await askable(tx, services, project, person.id, leave_out=again)
    if not contacts:
        return await _nobody(tx, services, person, project)
    free = [contact for contact in contacts if not await _crowded(tx, services, person.id, contact)]
    if not free:
        return _full(services, _title(project, person))
    for old in mine:
        await tx.introductions.drop(old.id)  # drafts only
    return await _draft(tx, person, project, free[0], question)


async def _crowded(tx: Transaction, services: Services, person_id: str, contact: Contact) -> bool:
    """Whether so many requests wait for this contact that this person's would come too late to be of use."""
    turn = await turn_of(tx, services, contact)
    return too_far(turn, tx.now, verified=(await tx.profiles.get(person_id)).is_verified(tx.now))


def _full(services: Services, project: str) -> Say:
    """Return that too many requests wait for a contact."""
    sooner = Say("intro.crowded_less") if is_usable(MAIL, services.settings) else ""
    return Say("intro.crowded", {"project": project, "sooner": sooner})


async def _may_not(tx: Transaction, services: Services, person: Person, project: Project) -> Say | None:
    profile = await tx.profiles.get(person.id)
    introducible = services.search.snapshot.introducible
    if profile.municipality in introducible.ids_of(project.municipality):
        return Say("intro.own", {"project": _title(project, person)})
    if services.settings.introductions.require_verified and not profile.is_verified(tx.now):
        return Say("intro.verify_first")
    return None


async def _draft(tx: Transaction, person: Person, project: Project, contact: Contact, question: str) -> Introduction:
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    while not await tx.introductions.is_free(code):
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    draft = Introduction(
        id=new_id(),
        code=code,
        asker=person.id,
        contact=contact.id,
        contact_person="",
        project=project.id,
        question=presentable(question),
        created_at=tx.now,
        due_at=tx.now + RULES.draft,
    )
    await tx.introductions.add(draft)
    return draft


async def owned_draft(tx: Transaction, code: str, person_id: str) -> Introduction | None:
    """A person's own draft by its code."""
    introduction = await tx.introductions.by_code(code)
    return (
        introduction
        if introduction and introduction.side(person_id) is Side.ASKER and introduction.state is State.DRAFT
        else None
    )


async def change(tx: Transaction, introduction: Introduction, *, question: str = "", reach: str = "") -> Introduction:
    """A draft with another question, or with what the person typed about how to reach them."""
    after = replace(
        introduction,
        question=presentable(question) if question else introduction.question,
        asker_shares=((OTHER, reach),) if reach else introduction.asker_shares,
        due_at=tx.now + RULES.draft,
    )
    await tx.introductions.save(introduction, after)
    return replace(after, version=introduction.version + 1)


async def own_shares(tx: Transaction, introduction: Introduction) -> Shares:
    """What the asker could show: accounts, phone, and what they typed."""
    return (
        *((datum.kind, datum.value) for datum in await sharables(tx, introduction.asker)),
        *introduction.asker_shares,
    )


async def preview(tx: Transaction, services: Services, introduction: Introduction, language: str) -> Say:
    """Exactly what the contact will see, and the ways to agree to it; the project's title in this language."""
    profile, contact = await tx.profiles.get(introduction.asker), await contact_of(tx, introduction.contact)
    project = await project_of(tx, introduction.project)
    choices = agreeing(
        IntroduceStep("yes", introduction.code), await own_shares(tx, introduction), "choice.intro.agree"
    )
    choices += (
        Choice(Say("choice.intro.question"), IntroduceStep("question", introduction.code), numbered=True),
        Choice(Say("choice.intro.cancel"), IntroduceStep("cancel", introduction.code), numbered=True),
    )
    who_asks = who(profile.name, await municipality_name(tx, profile.municipality), profile.is_verified(tx.now))
    values: dict[str, Value] = {
        "role": contact.role if contact else "",
        "place": contact.municipality
        if contact and contact.municipality
        else (project.municipality if project else ""),
        "who": Say("intro.who", {**who_asks, "name": Own(profile.name)}),
        "project": await title_of(tx, introduction, language),
        "question": Own(introduction.question),
        "open": await _open_before(tx, introduction),
        "room": _room(services),
        "options": tuple(choice.label for choice in choices),
    }
    return Say("intro.preview", values, choices)


async def _open_before(tx: Transaction, introduction: Introduction) -> Say | str:
    """Return that other requests of the asker about the same project are still open; empty if none is."""
    mine = await tx.introductions.of(introduction.asker, Side.ASKER)
    others = (other for other in mine if other.project == introduction.project and other.id != introduction.id)
    codes = [other.code for other in others if other.open and other.state is not State.DRAFT]
    return Say("intro.open_before", {"codes": ", ".join(codes)}) if codes else ""


def _room(services: Services) -> Say | str:
    """Return that both can meet in a room, where the bot is on a network with rooms."""
    name = next((name for name in opening_rooms() if is_usable(name, services.settings)), "")
    return Say("intro.room_possible", {"network": network(name)}) if name else ""


def agreeing(yes: IntroduceStep | Respond, shares: Shares, label: str) -> tuple[Choice, ...]:
    """A choice to show everything, and one for each datum alone."""
    parts = [
        Say("intro.shares.line", {"kind": Say(f"intro.kind.{kind}"), "value": as_reach(kind, value, own=True)})
        for kind, value in shares
    ]
    single = [
        Choice(Say(label, {"what": (part,)}), replace(yes, text=kind), numbered=True)
        for (kind, _), part in zip(shares, parts, strict=True)
    ]
    everything = Choice(Say(label, {"what": tuple(parts)}), replace(yes, text=ALL), numbered=True)
    return (everything, *single) if len(single) > 1 else tuple(single)


def chosen(shares: Shares, kinds: Collection[str]) -> Shares:
    """Those of the shares that a person named."""
    return tuple(share for share in shares if share[0] in kinds or ALL in kinds)


async def consent(
    tx: Transaction,
    services: Services,
    introduction: Introduction,
    kinds: Collection[str],
    evidence: Evidence,
    language: str,
) -> Say:
    """The asker agrees to the preview and shows these kinds of data; the request goes out, or waits for its turn."""
    await tx.people.hold(introduction.asker)
    shares = chosen(await own_shares(tx, introduction), kinds)
    if not shares:
        return Say("intro.share_something")
    mine = await tx.introductions.of(introduction.asker, Side.ASKER)
    caps = caps_of(services.settings)
    cap = exhausted(mine, await remembered(tx, services, introduction.asker, ()), tx.now, caps)
    if cap and introduction.state is State.DRAFT:
        return Say(f"intro.cap_{cap}", {"limit": caps.per_day if cap == "day" else caps.open})
    same = await _same(tx, services, introduction) if introduction.state is State.DRAFT else None
    if same and too_far(same.send_at, tx.now, verified=(await tx.profiles.get(introduction.asker)).is_verified(tx.now)):
        return _full(services, await title_of(tx, introduction, language))
    done = await apply(tx, services, introduction, Consented(introduction.asker, same, shares), evidence)
    if done.refusal:
        return refused(done.refusal)
    return _sent(done.introduction, language)


async def _same(tx: Transaction, services: Services, introduction: Introduction) -> ContactCandidate | None:
    """The contact that was shown, if they may still be asked."""
    project = await project_of(tx, introduction.project)
    contacts = await askable(tx, services, project, introduction.asker) if project else []
    contact = next((contact for contact in contacts if contact.id == introduction.contact), None)
    return await candidate(tx, services, contact) if contact else None


def _sent(introduction: Introduction, language: str) -> Say:
    match introduction.state:
        case State.QUEUED:
            return Say("intro.queued", {"code": introduction.code, "date": date_of(introduction.due_at, language)})
        case State.CLOSED:
            return Say(
                "intro.changed" if introduction.outcome is Outcome.LAPSED else "intro.not_sent",
                {"code": introduction.code},
            )
        case _:
            return Say("intro.sent", {"code": introduction.code, "until": date_of(introduction.expires_at, language)})
