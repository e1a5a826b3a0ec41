"""The examples in docs/digests.md, made by the code that makes digests and by the channels that send them.

``python -m tests.bot.features.digests.examples`` writes them again; a test fails if they differ from what it
would write. With a folder as argument it writes the HTML of Matrix and mail there instead, to view in a browser.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from pathlib import Path

from bot.channels.email.letter import Letterhead, letter
from bot.channels.matrix.content import INVISIBLE_SPACE, contents
from bot.channels.telegram.html import JOINER, parts
from bot.channels.telegram.keyboard import keyboard
from bot.channels.terminal import plain_text
from bot.features.digests.render import Issue, ReadingPlace, digest
from bot.messages import Address, Outgoing, Say
from bot.texts import LANGUAGES, Texts
from knowledge_base.digests.content import Change, DigestCandidate, Interest, Kind, PastDigests, choose
from knowledge_base.model import Contact, Event, Project
from knowledge_base.store.open_questions import Asked

PAGE = Path(__file__).parents[4] / "docs" / "digests.md"
BEGIN, END = (
    "<!-- examples: generated, see tests/bot/features/digests/examples.py -->\n",
    "<!-- end of the examples -->",
)
NOW = datetime(2026, 11, 30, 7, tzinfo=UTC)
NAMES = {"de": "German", "en": "English", "pl": "Polish"}
INTRO = "Am 10. Dezember treffen wir uns online: Wie bleibt der Rufbus nach der Förderung?"

RUFBUS = Project(
    id="muster-rufbus", title="Rufbus nach Bedarf", municipality="Musterstadt", status="in Betrieb",
    text="Wo sich ein Linienbus nicht lohnt, fährt ein Kleinbus auf Bestellung. Gebucht wird per App oder Telefon, "
    "abgerechnet zum Tarif des Verkehrsverbunds.",
    contact_role="Stabsstelle Mobilität", url="https://musterstadt.example/rufbus", topics=("Mobilität",),
)  # fmt: skip
SENSOREN = Project(
    id="muster-klima", title="Bodenfeuchte im Stadtgrün", municipality="Beispielow", status="abgeschlossen",
    text="Sensoren melden, welche Bäume Wasser brauchen; die Gießtouren werden danach geplant.",
    contact_role="Grünflächenamt", url="https://beispielow.example/gruen", topics=("Klimaanpassung",),
)  # fmt: skip
RADROUTE = Project(
    id="muster-rad", title="Radroute mit Zählstellen", municipality="Musterstadt", status="Pilot",
    text="Zählstellen zeigen, wo die Wege gebraucht werden.", url="https://musterstadt.example/rad",
    topics=("Mobilität",),
)  # fmt: skip
TREFFEN = Event(
    id="muster-treffen", title="Werkstatt: Mobilität im ländlichen Raum", start="2026-12-10", end="2026-12-10",
    municipality="Beispielow", url="https://beispielow.example/werkstatt", topics=("Mobilität",),
)  # fmt: skip
KONTAKT = Contact(
    id="muster-kontakt", role="Mobilitätsbüro", municipality="Musterstadt", topics=("Mobilität",),
    projects=(RUFBUS.id,), source="https://musterstadt.example/mobilitaetsbuero",
)  # fmt: skip
FRAGE = Asked(
    number=7, question="Wer hat Erfahrung mit Schatten an Haltestellen, ohne gleich neu zu bauen?", language="de",
    topics=("mobility", "climate-adaptation"), askers=frozenset(), at=NOW,
)  # fmt: skip

RECORDS = {
    "project:muster-rufbus": RUFBUS,
    "project:muster-klima": SENSOREN,
    "project:muster-rad": RADROUTE,
    "event:muster-treffen": TREFFEN,
    "contact:muster-kontakt": KONTAKT,
    "question:7": FRAGE,
}
NEW, CHANGED = Change(11, NOW, added=True), Change(12, NOW, added=False, fields=("status", "text"))


def say(language: str, place: ReadingPlace, *, buttons: bool = False, veiled: bool = False) -> Say:
    """A digest with one entry of each kind."""
    changes = {"project:muster-rufbus": (NEW,), "project:muster-klima": (CHANGED,), "contact:muster-kontakt": (NEW,)}
    topics = ("mobility", "climate-adaptation")
    candidates = [
        DigestCandidate(
            kind=Kind(key.partition(":")[0]), id=key.partition(":")[2], topics=dict.fromkeys(topics, 1.0),
            changes=changes.get(key, ()), starts=date(2026, 12, 10) if isinstance(record, Event) else None,
        )
        for key, record in RECORDS.items()
    ]  # fmt: skip
    chosen = choose(candidates, Interest(topics=frozenset(topics)), PastDigests(since=NOW, upto=10), NOW.date(), NOW)
    chosen = replace(chosen, more=3)
    issue = Issue(records=RECORDS, introducible=frozenset({RUFBUS.id}), introduced=8, intro=INTRO)
    return digest(chosen, issue, topics, language, place, buttons=buttons, veiled=veiled)


def outgoing(texts: Texts, language: str, what: Say, channel: str) -> Outgoing:
    """The digest as the outbox hands it to a channel."""
    address, choices = Address(channel, "somewhere"), tuple(texts.choices(what, language))
    document, subject = texts.render(what, language), texts.subject(what, language)
    return Outgoing("example", address, language, document, choices, bulk=True, subject=subject)


def matrix(texts: Texts, language: str) -> str:
    """What clients without HTML show; the invisible breaks of links are left out."""
    message = outgoing(texts, language, say(language, ReadingPlace.CHAT), "matrix")
    return "\n".join(content["body"] for _, content in contents(message, private=True)).replace(INVISIBLE_SPACE, "")


def terminal(texts: Texts, language: str) -> str:
    """What a pipe gets; a terminal has it in colours."""
    return plain_text(outgoing(texts, language, say(language, ReadingPlace.CHAT), "terminal"))


def telegram(texts: Texts, language: str) -> str:
    """The text without its invisible signs, and below it the buttons, row by row; nothing that other people wrote."""
    what = say(language, ReadingPlace.CHAT, buttons=True, veiled=True)
    choices = [replace(choice, handle="x") for choice in texts.choices(what, language)]
    board = keyboard(choices)
    rows = ["  ".join(f"[ {button.text} ]" for button in row) for row in board.inline_keyboard] if board else []
    shown = "\n".join(part.plain for part in parts(texts.render(what, language))).replace(JOINER, "")
    return "\n\n".join((shown, "\n".join(rows)))


def letter_of(texts: Texts, language: str) -> EmailMessage:
    """The whole mail, read back from what goes over the wire."""
    message = outgoing(texts, language, say(language, ReadingPlace.MAIL), "email")
    message = replace(message, unsubscribe="https://lotse.example/unsubscribe/…")
    head = Letterhead(MailAddress("Stadtlotse", "stadtlotse", "stadt.example"), public_url="https://lotse.example")
    wire = letter(message, MailAddress("", "reader", "stadt.example"), head, texts, NOW)
    return message_from_bytes(wire, policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    """Its text, ``plain`` or ``html``."""
    result = mail.get_body((kind,))
    assert result is not None
    return str(result.get_content()).replace("\r\n", "\n")


def mail(texts: Texts, language: str) -> str:
    """The plain part; the HTML part says the same."""
    whole = letter_of(texts, language)
    return f"Subject: {whole['Subject']}\n\n{part(whole, 'plain')}"


def examples() -> Iterator[str]:
    """One section a channel, one block a language."""
    texts = Texts()
    for title, make in (("Matrix", matrix), ("Telegram", telegram), ("Mail", mail), ("Terminal", terminal)):
        yield f"### {title}\n"
        for language in LANGUAGES:
            yield f"{NAMES[language]}:\n\n```text\n{make(texts, language).rstrip()}\n```\n"


def page(old: str) -> str:
    """The page with its examples made again."""
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{chr(10).join(examples())}\n{END}{after}"


def write_html(folder: Path) -> None:
    """One file for each language of Matrix and mail."""
    texts = Texts()
    for language in LANGUAGES:
        message = outgoing(texts, language, say(language, ReadingPlace.CHAT), "matrix")
        shown = "".join(content["formatted_body"] for _, content in contents(message, private=True))
        (folder / f"matrix-{language}.html").write_text(f'<meta charset="utf-8">{shown}', encoding="utf-8")
        (folder / f"mail-{language}.html").write_text(part(letter_of(texts, language), "html"), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:]:
        write_html(Path(sys.argv[1]))
    else:
        PAGE.write_text(page(PAGE.read_text("utf-8")), encoding="utf-8")
