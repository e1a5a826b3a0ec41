"""The values of an introduction: its state, its events, and the resulting actions. They do nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Shares = tuple[tuple[str, str], ...]  # data to be shared: (kind, value), e.g. ("email", "rad@stadt.example")


class State(StrEnum):
    """The state of an introduction."""

    DRAFT = "draft"  # shown to the asker, who has not agreed yet
    QUEUED = "queued"  # agreed; waits until the contact may be asked again
    SENT = "sent"  # the request is stored, to be delivered
    DELIVERED = "delivered"  # the network took it
    OPENING = "opening"  # both said yes; their room is being made
    ARRANGED = "arranged"  # both know how to reach each other
    FOLLOWED = "followed"  # both were asked whether it helped
    CLOSED = "closed"


class Outcome(StrEnum):
    """The end of an introduction."""

    ARRANGED = "arranged"
    NOT_ARRANGED = "not_arranged"  # no, or no answer in time
    UNREACHED = "unreached"  # no contact could be reached
    WITHDRAWN = "withdrawn"  # by the asker
    UNAVAILABLE = "unavailable"  # one of the two left
    LAPSED = "lapsed"  # the asker never agreed


class Side(StrEnum):
    """One of the two people."""

    ASKER = "asker"
    CONTACT = "contact"


class ContactAnswer(StrEnum):
    """An answer of a contact."""

    YES = "yes"
    NO = "no"
    DEPUTY = "deputy"  # ask my deputy or colleague
    NOT_MY_TOPIC = "not_my_topic"
    NEVER_AGAIN = "never_again"  # from this person


class Helped(StrEnum):
    """An answer to "did it help?"."""

    YES = "yes"
    NO = "no"
    TALKING = "talking"


class Refusal(StrEnum):
    """The reason why an event changed nothing."""

    NOT_YOURS = "not_yours"
    CLOSED = "closed"
    TWICE = "twice"  # that was so already
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    NOBODY_ELSE = "nobody_else"  # to pass it on to


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """The person behind an account that the bot knows."""

    channels: frozenset[str]  # on which the bot can write to them
    away: bool = False  # they want no introductions, for now or at all


@dataclass(frozen=True, slots=True)
class ContactCandidate:
    """A contact that can be asked, from ``send_at`` on."""

    contact: str  # id of the record
    person: str
    send_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """A request and its history."""

    id: str
    code: str  # the code that users type for it; not a secret
    asker: str  # person id; empty when they left
    contact: str  # record id of the contact being asked
    contact_person: str  # empty before they are needed, and when they left
    project: str
    question: str
    created_at: datetime
    due_at: datetime | None  # when its timer rings; never ``None`` before it is closed
    state: State = State.DRAFT
    outcome: Outcome | None = None
    asker_shares: Shares = ()
    contact_shares: Shares = ()
    tried: tuple[str, ...] = ()  # contacts asked before this one
    round: int = 1  # ordinal of the contact being asked, from 1
    expires_at: datetime | None = None  # of the request
    ended_at: datetime | None = None
    forwarded: bool = False
    reminded: bool = False
    room: bool = False  # they talk in a room
    answered: tuple[Side, ...] = ()  # the sides that answered "did it help?"
    posted: bool = False  # the question went to the editors
    version: int = 0

    def side(self, person: str) -> Side | None:
        """Return the side of a person."""
        if not person:
            return None
        return {self.asker: Side.ASKER, self.contact_person: Side.CONTACT}.get(person)

    @property
    def open(self) -> bool:
        """Return whether a decision is still due."""
        return self.state in WAITING or self.state in (State.DRAFT, State.OPENING)


WAITING = (State.QUEUED, State.SENT, State.DELIVERED)
ASKED = (State.SENT, State.DELIVERED)  # the contact knows of it, or will at once
AFTER = (State.ARRANGED, State.FOLLOWED)


# ------------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Consented:
    """The asker's consent to the text shown. ``candidate``: the contact shown; ``None``: not available any more."""

    person: str
    candidate: ContactCandidate | None
    shares: Shares = ()


@dataclass(frozen=True, slots=True)
class Withdrew:
    """The asker's withdrawal of the request."""

    person: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The contact's answer. ``room``: both can have a room; ``onward``: the contact to ask instead."""

    person: str
    answer: ContactAnswer
    shares: Shares = ()
    room: bool = False
    onward: ContactCandidate | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The delivery of this round's request to the network."""

    round: int


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """The end of this round's delivery: the request will never arrive, or the bot may not ask the contact any more."""

    round: int
    onward: ContactCandidate | None = None


@dataclass(frozen=True, slots=True)
class TimeCame:
    """The ring of the timer, or a check whether it should have rung."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The erasure of a person's data."""

    person: str


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """The opening of the room; both are invited."""


@dataclass(frozen=True, slots=True)
class RoomFailed:
    """The failure to open a room."""


@dataclass(frozen=True, slots=True)
class Objected:
    """The contact's objection to all introductions. ``onward``: the contact to ask instead."""

    person: str
    onward: ContactCandidate | None = None


@dataclass(frozen=True, slots=True)
class SaidWhetherItHelped:
    """An answer to "did it help?" after two weeks."""

    person: str
    how: Helped


@dataclass(frozen=True, slots=True)
class ForEditors:
    """The asker's request to show the question to the editors."""

    person: str


Event = (
    Consented | Withdrew | Answered | Delivered | Undeliverable | TimeCame | Erased | RoomOpened | RoomFailed
    | Objected | SaidWhetherItHelped | ForEditors
)  # fmt: skip

# ------------------------------------------------------------------------------------------------------------ effects


class Do(StrEnum):
    """An action without further data."""

    END_CONSENT = "end consent"  # into the ledger: the asker's consent is withdrawn
    ASK_CONTACT = "ask contact"  # the contact of this round gets the request
    REMIND = "remind"  # the contact gets the one reminder
    SPARE_CONTACT = "spare contact"  # unsent messages about it no longer reach the contact
    OPEN_ROOM = "open room"
    CANCEL_ROOM = "cancel room"  # when it is too late for that, the whole step must fail
    TELL_OF_ROOM = "tell of room"  # both learn that their room is open
    EXCHANGE = "exchange"  # each gets the data that the other chose to show
    ASK_IF_IT_HELPED = "ask if it helped"  # both, once
    BLOCK = "block"  # the contact never wants to be asked by this asker again
    TELL_EDITORS = "tell editors"  # the question, without a name
    TELL_ADMINS = "tell admins"  # a contact could not be reached


@dataclass(frozen=True, slots=True)
class KeepConsent:
    """An entry for the ledger: this side agreed."""

    side: Side


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A request that never reached the contact of this round: it does not count for them."""

    round: int


@dataclass(frozen=True, slots=True)
class Retract:
    """Withdrawal of what has not reached the contact; a contact who knows of the request is told how it ended."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class TellAsker:
    """The outcome for the asker; ``None``: the contact could not be reached, and the bot asks the next one."""

    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Count:
    """A count of an answer to "did it help?", without a name."""

    how: Helped


Effect = Do | KeepConsent | GiveBack | Retract | TellAsker | Count


@dataclass(frozen=True, slots=True)
class Step:
    """The result of an event; with a ``refusal`` nothing changed."""

    introduction: Introduction
    effects: tuple[Effect, ...] = ()
    refusal: Refusal | None = None
