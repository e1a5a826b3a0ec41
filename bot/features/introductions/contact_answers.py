"""What people decide: the contact's answer, the asker's change of mind, whether it helped. From a chat or a page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bot.context import Services
from bot.features.introductions.candidates import contact_of, onward
from bot.features.introductions.notify import room_network
from bot.features.introductions.transitions import RULES, Evidence, apply
from bot.features.introductions.view import sharables
from bot.messages import Say
from bot.messages.markup import clean
from bot.messages.reach import OTHER, is_reach
from knowledge_base.introductions.machine import step
from knowledge_base.introductions.values import (
    ASKED,
    WAITING,
    Answered,
    ContactAnswer,
    ForEditors,
    Helped,
    Introduction,
    Objected,
    Refusal,
    SaidWhetherItHelped,
    Shares,
    Side,
    Withdrew,
)
from knowledge_base.store.transaction import Transaction

ALL = "all"
TYPED = "="  # before it
LONGEST_TYPED = 100  # characters
PASSES_ON = (ContactAnswer.DEPUTY, ContactAnswer.NOT_MY_TOPIC)
UNKNOWN = Say("intro.unknown")


@dataclass(frozen=True, slots=True)
class Responded:
    """What to say to the contact; ``counted``: the answer changed the introduction."""

    say: Say
    counted: bool


async def respond(
    tx: Transaction,
    services: Services,
    introduction_id: str,
    person_id: str,
    answer: ContactAnswer,
    shares: Collection[str],
    evidence: Evidence,
) -> Responded:
    """Apply the contact's answer in this transaction; return what to say to them and whether the answer counted.

    ``shares``: with a yes, the kinds of ``RequestView.own`` that the asker may see ("email", "phone" …, "all"), and
    what the contact typed about how to reach them, after "="; unknown ones are ignored, without any nothing happens.
    ``evidence``: how the answer came, for the ledger of consents.
    An answer that does not count (not theirs, already answered, over) changes nothing and the ``Say`` tells why; to
    strangers it tells nothing.
    """
    introduction = await tx.introductions.get(introduction_id)
    if introduction is None or introduction.side(person_id) is not Side.CONTACT:
        return Responded(UNKNOWN, counted=False)
    chosen = await _chosen(tx, introduction, person_id, shares) if answer is ContactAnswer.YES else ()
    if answer is ContactAnswer.YES and not chosen:
        return Responded(Say("intro.share_something"), counted=False)
    event = Answered(
        person_id,
        answer,
        chosen,
        room=bool(room_network(introduction.asker_shares, chosen)),
        onward=await onward(tx, services, introduction)
        if answer in PASSES_ON and introduction.state in ASKED
        else None,
    )
    done = await apply(tx, services, introduction, event, evidence)
    if done.refusal:
        return Responded(refused(done.refusal), counted=False)
    return Responded(Say(f"intro.answered_{answer}", {"code": introduction.code}), counted=True)


async def _chosen(tx: Transaction, introduction: Introduction, person_id: str, kinds: Collection[str]) -> Shares:
    own = await sharables(tx, person_id, await contact_of(tx, introduction.contact))
    return (
        *((datum.kind, datum.value) for datum in own if datum.kind in kinds or ALL in kinds),
        *((OTHER, text) for text in typed_reach(kinds)),
    )


def is_typed(kinds: Collection[str]) -> bool:
    """Return whether a contact typed what may be shown, instead of choosing it."""
    return any(kind.startswith(TYPED) for kind in kinds)


def typed_reach(kinds: Collection[str]) -> tuple[str, ...]:
    """Return what a contact typed about how to reach them, where it is something by which others can."""
    typed = (clean(kind[1:])[:LONGEST_TYPED] for kind in kinds if kind.startswith(TYPED))
    return tuple(text for text in typed if is_reach(text))


def can_take_back(introduction: Introduction, person_id: str, now: datetime) -> bool:
    """Return whether a person can still take back what they agreed to in this introduction."""
    side = introduction.side(person_id)
    if side is None:
        return False
    event = Withdrew(person_id) if side is Side.ASKER else Answered(person_id, ContactAnswer.NO)
    return step(introduction, event, now, RULES).refusal is None


async def withdraw(
    tx: Transaction, services: Services, introduction_id: str, person_id: str, evidence: Evidence
) -> Say:
    """The asker takes the request back."""
    introduction = await tx.introductions.get(introduction_id)
    if introduction is None or introduction.side(person_id) is not Side.ASKER:
        return UNKNOWN
    done = await apply(tx, services, introduction, Withdrew(person_id), evidence)
    return refused(done.refusal) if done.refusal else Say("intro.withdrawn", {"code": introduction.code})


async def object_to_all(tx: Transaction, services: Services, person_id: str) -> None:
    """Stop all introductions to this person; open requests go to the next contact."""
    await tx.profiles.set(person_id, refuses=True)
    await hand_on(tx, services, person_id)


async def hand_on(tx: Transaction, services: Services, person_id: str) -> None:
    """Pass open requests to this person to the next contact: they answer none any more."""
    asked = [
        introduction.id for introduction in await tx.introductions.of(person_id, Side.CONTACT) if introduction.open
    ]
    await tx.introductions.hold(asked)
    for introduction_id in asked:
        introduction = await tx.introductions.get(introduction_id)  # as it is now that it is held
        if introduction and introduction.open and introduction.side(person_id) is Side.CONTACT:
            other = await onward(tx, services, introduction) if introduction.state in WAITING else None
            await apply(tx, services, introduction, Objected(person_id, other))


async def helped(tx: Transaction, services: Services, introduction_id: str, person_id: str, how: Helped) -> Say:
    """One of the two says whether it helped; counted without a name."""
    introduction = await tx.introductions.get(introduction_id)
    if introduction is None or introduction.side(person_id) is None:
        return UNKNOWN
    done = await apply(tx, services, introduction, SaidWhetherItHelped(person_id, how))
    return refused(done.refusal) if done.refusal else Say("intro.helped_thanks")


async def for_editors(tx: Transaction, services: Services, introduction_id: str, person_id: str) -> Say:
    """The asker gives the question to the editors, without a name."""
    introduction = await tx.introductions.get(introduction_id)
    if introduction is None or introduction.side(person_id) is not Side.ASKER:
        return UNKNOWN
    done = await apply(tx, services, introduction, ForEditors(person_id))
    return refused(done.refusal) if done.refusal else Say("intro.posted")


def refused(why: Refusal) -> Say:
    """Return why an answer changed nothing; a person who was not asked learns nothing."""
    return UNKNOWN if why is Refusal.NOT_YOURS else Say(f"intro.refused_{why}")
