"""What the two sides are told, each in the transaction of what happened."""

from __future__ import annotations

import hashlib

from bot.channels.networks import opening_rooms
from bot.channels.policy import DataClass
from bot.commands.introductions import ANSWERS, Introduce, IntroduceStep, Respond, SayHelped
from bot.commands.search import PROJECT
from bot.context import Services
from bot.features.introductions import view as describing
from bot.features.introductions.dedup_keys import (
    again_key,
    follow_up_key,
    onward_key,
    outcome_key,
    remind_key,
    request_key,
    room_key,
)
from bot.features.introductions.public_name import shared
from bot.messages import Choice, MessageAudience, Say, Value
from bot.messages.envelope import Envelope, MeetingRoom
from bot.outgoing.notify import Delivery, Notice, tell
from knowledge_base.introductions.values import ContactAnswer, Introduction, Outcome, Shares, Side
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.transaction import Transaction

PAGE = "i"  # where the contact answers without a messenger
UNSUBSCRIBE = "introductions"


async def request(tx: Transaction, services: Services, introduction: Introduction) -> bool:
    """The request to the contact; ``False`` when nothing reaches them."""
    view = await describing.describe(tx, services, introduction, introduction.contact_person)
    if view is None:
        return False
    choices = answers(introduction, view)
    values = _said(view, services) | {"notice": await describing.notice_of(tx, services, introduction)}
    values |= {"options": tuple(choice.label for choice in choices)}
    notice = Notice(
        Say("intro.request", values, choices, view.language),
        request_key(introduction),
        about=DataClass.CONTACT_DATUM,
        page=PAGE,
        subject=introduction.id,
        unsubscribe=UNSUBSCRIBE,
        connect=True,
    )
    if await _tell(tx, services, introduction.contact_person, notice) is None:
        return False
    await tx.contacts.note_informed([introduction.contact])  # the notice of Art. 14 is in this very message
    return True


def _said(view: describing.RequestView, services: Services) -> dict[str, Value]:
    return describing.said_of(view) | {"answer_here": _answer_here(services)}


def _answer_here(services: Services) -> Say | str:
    """What stands above the link to the page, where there is one."""
    return Say("intro.answer_here") if services.links.available else ""


def answers(introduction: Introduction, view: describing.RequestView) -> tuple[Choice, ...]:
    """What the contact can answer, as commands."""
    return tuple(
        Choice(Say(f"choice.intro.{name}"), Respond(answer, introduction.code))
        for name, (answer, _words) in ANSWERS.items()
        if view.can_pass_on or answer != ContactAnswer.DEPUTY
    )


async def remind(tx: Transaction, services: Services, introduction: Introduction) -> None:
    """The one reminder."""
    view = await describing.describe(tx, services, introduction, introduction.contact_person)
    if view is None:
        return
    say = Say("intro.remind", _said(view, services), answers(introduction, view), view.language)
    notice = Notice(
        say,
        remind_key(introduction),
        DataClass.CONTACT_DATUM,
        page=PAGE,
        subject=introduction.id,
        unsubscribe=UNSUBSCRIBE,
    )
    await _tell(tx, services, introduction.contact_person, notice)


async def again(tx: Transaction, services: Services, introduction: Introduction, parting: str) -> None:
    """The request once more, to who it is for since accounts were parted: the links of before are over."""
    view = await describing.describe(tx, services, introduction, introduction.contact_person)
    if view is None:
        return
    say = Say("intro.again", _said(view, services), answers(introduction, view), view.language)
    key, about = again_key(introduction, parting), DataClass.CONTACT_DATUM
    notice = Notice(say, key, about, page=PAGE, subject=introduction.id, unsubscribe=UNSUBSCRIBE)
    await _tell(tx, services, introduction.contact_person, notice)


async def asker(tx: Transaction, services: Services, introduction: Introduction, outcome: Outcome | None) -> None:
    """How it ended for the asker; ``None``: the next contact is being asked."""
    values: dict[str, Value] = {
        "project": await _title_for(tx, introduction, introduction.asker),
        "code": introduction.code,
    }
    if outcome is None:
        await _tell(tx, services, introduction.asker, Notice(Say("intro.onward", values), onward_key(introduction)))
        return
    choices = (
        await _what_now(tx, services, introduction) if outcome in (Outcome.NOT_ARRANGED, Outcome.UNREACHED) else ()
    )
    values["hint"] = Say("intro.what_now", {"code": introduction.code}) if choices else ""
    await _tell(
        tx,
        services,
        introduction.asker,
        Notice(Say(f"intro.{outcome}", values, choices), outcome_key(introduction, Side.ASKER)),
    )


async def _what_now(tx: Transaction, services: Services, introduction: Introduction) -> tuple[Choice, ...]:
    """The next contact, where there is one, and the editors."""
    choices = [Choice(Say("choice.intro.editors"), IntroduceStep("editors", introduction.code))]
    if await describing.somebody_else(tx, services, introduction):
        choices.insert(0, Choice(Say("choice.intro.again"), Introduce(PROJECT + introduction.project)))
    return tuple(choices)


async def contact(tx: Transaction, services: Services, introduction: Introduction, outcome: Outcome) -> None:
    """How a request ended that the contact knows of."""
    values: dict[str, Value] = {
        "project": await _title_for(tx, introduction, introduction.contact_person),
        "code": introduction.code,
    }
    say = Say(f"intro.over_{outcome}", values)
    await _tell(tx, services, introduction.contact_person, Notice(say, outcome_key(introduction, Side.CONTACT)))


async def exchange(tx: Transaction, services: Services, introduction: Introduction) -> None:
    """Each gets what the other chose to show."""
    for side, person, other, shares in (
        (Side.ASKER, introduction.asker, introduction.contact_person, introduction.contact_shares),
        (Side.CONTACT, introduction.contact_person, introduction.asker, introduction.asker_shares),
    ):
        values: dict[str, Value] = {
            "project": await _title_for(tx, introduction, person),
            "question": introduction.question,
            "who": await describing.called(tx, introduction, other),
            "shares": shown(shares),
        }
        say = Say("intro.arranged", values)
        notice = Notice(say, outcome_key(introduction, side), DataClass.CONTACT_DATUM, subject=introduction.id)
        await _tell(tx, services, person, notice)


def shown(shares: Shares) -> tuple[Say, ...]:
    """Shared data, each with its name."""
    return tuple(shared(kind, value) for kind, value in shares)


def room_network(asker_shares: Shares, contact_shares: Shares) -> str:
    """Return the network on which the two can meet in a room; empty if they have no such network.

    A room shows both users' ids to both, so each must have agreed to show theirs.
    """
    return next((name for name in opening_rooms() if name in dict(asker_shares) and name in dict(contact_shares)), "")


async def room(tx: Transaction, introduction: Introduction) -> None:
    """The wish for a room of both, delivered by the channel like a message."""
    network = room_network(introduction.asker_shares, introduction.contact_shares)
    users = (dict(introduction.asker_shares)[network], dict(introduction.contact_shares)[network])
    project = await _title_for(tx, introduction, introduction.contact_person)
    values: dict[str, Value] = {"project": project, "question": introduction.question}
    values["asker"] = await describing.called(tx, introduction, introduction.asker)
    values["contact"] = await describing.called(tx, introduction, introduction.contact_person)
    person = await tx.people.get(introduction.contact_person)
    envelope = Envelope(
        Say("intro.room", values),
        describing.language_of(person),
        MessageAudience.MEETING,
        users,
        room=MeetingRoom(alias_of(introduction), users, name=project),
    )
    place = (network, f"introduction {introduction.id}")
    await tx.outbox.add(*place, envelope.to_json(), urgency=Urgency.NOTICE, key=room_key(introduction))


def alias_of(introduction: Introduction) -> str:
    """The local part of the room's alias: of the introduction alone, so a second attempt finds the first one's room."""
    return f"stadtlotse-{hashlib.sha256(introduction.id.encode()).hexdigest()[:20]}"


async def of_room(tx: Transaction, services: Services, introduction: Introduction) -> None:
    """Both learn that their room is open."""
    for side, person, other in (
        (Side.ASKER, introduction.asker, introduction.contact_person),
        (Side.CONTACT, introduction.contact_person, introduction.asker),
    ):
        values: dict[str, Value] = {"who": await describing.called(tx, introduction, other)}
        values["project"] = await _title_for(tx, introduction, person)
        notice = Notice(Say("intro.room_open", values), outcome_key(introduction, side), DataClass.CONTACT_DATUM)
        await _tell(tx, services, person, notice)


async def follow_up(tx: Transaction, services: Services, introduction: Introduction) -> None:
    """Did it help? Both are asked once."""
    choices = tuple(
        Choice(Say(f"choice.intro.helped_{how}"), SayHelped(how, introduction.code)) for how in ("yes", "no", "talking")
    )
    for side, person in ((Side.ASKER, introduction.asker), (Side.CONTACT, introduction.contact_person)):
        values: dict[str, Value] = {"project": await _title_for(tx, introduction, person), "code": introduction.code}
        values["answer_here"] = _answer_here(services)
        notice = Notice(
            Say("intro.helped", values, choices), follow_up_key(introduction, side), page=PAGE, subject=introduction.id
        )
        await _tell(tx, services, person, notice)


async def admins(tx: Transaction, services: Services, introduction: Introduction) -> None:
    """Tell the admins which contact record could not be reached, without an address."""
    for address in services.settings.admins:
        channel, _, user = address.partition(":")
        person = await tx.people.of_account(channel, user)
        if person is not None:
            say = Say("intro.bounced", {"contact": introduction.contact})
            key = f"intro:{introduction.id}:bounced:{introduction.round}:{address}"
            await _tell(tx, services, person.id, Notice(say, key[:255]))


async def _title_for(tx: Transaction, introduction: Introduction, person_id: str) -> str:
    """Return what the project is called in the language of a person."""
    return await describing.title_of(tx, introduction, describing.language_of(await tx.people.get(person_id)))


async def _tell(tx: Transaction, services: Services, person_id: str, notice: Notice) -> Delivery | None:
    person = await tx.people.get(person_id) if person_id else None
    if person is None:
        return None
    prefers = (await tx.profiles.get(person_id)).prefers or None
    return await tell(tx, person, notice, settings=services.settings, links=services.links, prefers=prefers)


async def no_longer(tx: Transaction, services: Services, introduction: Introduction, side: Side) -> None:
    """The other one left before what they agreed to show had gone out."""
    person = introduction.asker if side is Side.ASKER else introduction.contact_person
    key = Outcome.UNAVAILABLE if side is Side.ASKER else f"over_{Outcome.UNAVAILABLE}"
    values: dict[str, Value] = {
        "project": await _title_for(tx, introduction, person),
        "code": introduction.code,
        "hint": "",
    }
    await _tell(tx, services, person, Notice(Say(f"intro.{key}", values), f"intro:{introduction.id}:gone:{side}"))
