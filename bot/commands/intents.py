"""What people can ask the bot to do: values without behaviour, made by the router, served by ``bot.features``."""

from __future__ import annotations

from dataclasses import dataclass

LAST = 0  # ``Pick(0)`` means the last one shown


@dataclass(frozen=True, slots=True)
class Start:
    """The bot was met for the first time, or asked to introduce itself; ``handle``: of the link that led here."""

    handle: str = ""


@dataclass(frozen=True, slots=True)
class Thanks:
    """Nothing more, thank you."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can I do here?"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the knowledge base."""

    question: str


@dataclass(frozen=True, slots=True)
class More:
    """The next hits of the last question."""


@dataclass(frozen=True, slots=True)
class Show:
    """One project in full: by its id, or by its number in what was shown last."""

    which: str


@dataclass(frozen=True, slots=True)
class Pick:
    """The number of a choice that was shown last."""

    number: int


@dataclass(frozen=True, slots=True)
class Language:
    """Answer me in this language; empty: show which there are; "auto": follow my questions."""

    code: str


@dataclass(frozen=True, slots=True)
class Rate:
    """The last answer was useful, or not; ``answer`` names another one."""

    useful: bool
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Questions:
    """For editors: what was asked and not answered; or close one of them, answered now by the project ``entry``.

    With ``topics`` it stays open, and they say what it is about.
    """

    number: int | None = None
    entry: str = ""
    topics: str = ""


@dataclass(frozen=True, slots=True)
class PassOn:
    """Pass a question on that found nothing sure: that of an answer (empty: the last one), or the next step."""

    step: str = ""  # "", yes, withdraw
    number: int = 0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """My answer to somebody's open question; number 0: none that is one."""

    number: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """Editors may make an entry of an answer of mine to somebody's open question; or no more."""

    answer: str
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class NewEntry:
    """For editors: make a new entry of the open question ``number``, step by step.

    ``step``: "" (what is missing is asked), set (a field), answer (whose text it takes: ``value``), yes (to what was
    shown under the mark ``value``), discard.
    """

    number: int
    step: str = ""
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """For editors: show a record, or set one of its fields."""

    record: str
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """For editors: take a record out; asked back unless confirmed."""

    record: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What I told about myself: show it, or set one thing of it: name, municipality, phone, channel."""

    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Verify:
    """Prove that I belong to a municipality: a mail address, or the code that was sent there."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """One of my accounts shall be mine no more: its network, id or both (``telegram:11``); empty: which there are."""

    which: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Leave me alone for a time. ``what``: ``intro``, ``digest``, empty: both; ``days`` ``None``: until I say so."""

    what: str = ""
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """The end of a pause, and of a wish not to be introduced."""

    what: str = ""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Never introduce me."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """Who answers for the bot, what is stored, why, how long."""


@dataclass(frozen=True, slots=True)
class MyData:
    """Everything that is stored about me; ``machine``: as JSON."""

    machine: bool = False


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete everything about me; asked back unless confirmed."""

    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Correct:
    """What is stored about the one who says it is wrong."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Which consents of mine hold, and how each is taken back."""


@dataclass(frozen=True, slots=True)
class Introduce:
    """Introduce me to who answers for a project: by its number in what was shown last, or by its id."""

    which: str


@dataclass(frozen=True, slots=True)
class IntroduceStep:
    """The next step of a request of mine: ``yes``, ``question``, ``reach``, ``cancel``, ``editors``."""

    step: str
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class IntroduceStatus:
    """How my introductions stand."""


@dataclass(frozen=True, slots=True)
class Respond:
    """My answer to somebody's request: a value of ``introduction_values.Answer``; ``text``: what may be shown."""

    answer: str
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class SayHelped:
    """Whether an introduction helped: a value of ``introduction_values.Helped``."""

    how: str
    code: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A weekly digest, please: begin to ask what about, go on with a step, or all in one line."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """No more digests."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest now, its settings, or one of them set; for editors and admins, what concerns all digests."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that there is not."""

    command: str


Intent = (
    Start | Thanks | Help | Ask | More | Show | Pick | Language | Rate
    | Profile | Verify | Disconnect | Pause | Resume | Refuse | Privacy | MyData | Forget | Withdraw | Correct
    | Introduce | IntroduceStep | IntroduceStatus | Respond | SayHelped
    | Subscribe | Unsubscribe | Digest
    | PassOn | Reply | OfferAnswer
    | Questions | NewEntry | Edit | Remove
    | Unknown
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Routed:
    """An intent, and the language that its very words are in, if they are in one."""

    intent: Intent
    language: str | None = None
    awaited: bool = False  # the text completed a command that the bot had asked to complete
