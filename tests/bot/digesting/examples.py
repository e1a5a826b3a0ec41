"""The examples in docs/digests.md, made by the code that makes digests.

``python -m tests.bot.digesting.examples`` writes them anew; a test fails when they are not what this would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from email.headerregistry import Address as MailAddress
from pathlib import Path

from bot.channels.email.letter import Letterhead
from bot.channels.matrix.content import with_hints
from bot.channels.telegram.keyboard import keyboard
from bot.digesting.telling import Issue, Place, digest
from bot.markup import plain
from bot.messages import Say
from bot.texts import LANGUAGES, Texts
from knowledge_base.digests.content import Candidate, Change, Interest, Kind, Told, choose
from knowledge_base.model import Contact, Event, Project

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "digests.md"
BEGIN, END = "<!-- examples: generated, see tests/bot/digesting/examples.py -->\n", "<!-- end of the examples -->"
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
KONTAKT = Contact(id="muster-kontakt", role="Mobilitätsbüro", municipality="Musterstadt", topics=("Mobilität",))

RECORDS = {
    "project:muster-rufbus": RUFBUS,
    "project:muster-klima": SENSOREN,
    "project:muster-rad": RADROUTE,
    "event:muster-treffen": TREFFEN,
    "contact:muster-kontakt": KONTAKT,
}
NEW, CHANGED = Change(11, NOW, added=True), Change(12, NOW, added=False, fields=("status", "text"))


def say(language: str, place: Place, *, buttons: bool) -> Say:
    """A digest with one entry of each kind."""
    changes = {"project:muster-rufbus": (NEW,), "project:muster-klima": (CHANGED,), "contact:muster-kontakt": (NEW,)}
    candidates = [
        Candidate(
            kind=Kind(key.partition(":")[0]), id=record.id, topics={"mobility": 1.0, "climate-adaptation": 1.0},
            changes=changes.get(key, ()), starts=date(2026, 12, 10) if isinstance(record, Event) else None,
        )
        for key, record in RECORDS.items()
    ]  # fmt: skip
    topics = ("mobility", "climate-adaptation")
    chosen = choose(candidates, Interest(topics=frozenset(topics)), Told(since=NOW, upto=10), NOW.date(), NOW)
    chosen = replace(chosen, more=3)
    issue = Issue(records=RECORDS, introducible=frozenset({RUFBUS.id}), introduced=8, intro=INTRO)
    return digest(chosen, issue, topics, language, place, buttons=buttons)


def matrix(texts: Texts, language: str) -> str:
    """In Element; the terminal looks the same."""
    what = say(language, Place.CHAT, buttons=False)
    return plain(with_hints(texts.render(what, language), texts.choices(what, language)))


def telegram(texts: Texts, language: str) -> str:
    """The text, and below it the buttons, row by row."""
    what = say(language, Place.CHAT, buttons=True)
    choices = [replace(choice, handle="x") for choice in texts.choices(what, language)]
    board = keyboard(choices)
    rows = ["  ".join(f"[ {button.text} ]" for button in row) for row in board.inline_keyboard] if board else []
    return "\n\n".join((plain(texts.render(what, language)), "\n".join(rows)))


def mail(texts: Texts, language: str) -> str:
    """The plain part; the HTML part says the same."""
    what = say(language, Place.MAIL, buttons=False)
    head = Letterhead(MailAddress("Stadtlotse", "stadtlotse", "stadt.example"), public_url="https://lotse.example")
    footer = head.footer(texts, language, "https://lotse.example/unsubscribe/…")
    subject = texts.subject(what, language)
    return f"Subject: {subject}\n\n{plain(texts.render(what, language))}\n\n-- \n{plain(footer)}"


def examples() -> Iterator[str]:
    """One section a channel, one block a language."""
    texts = Texts()
    for title, make in (("Matrix and terminal", matrix), ("Telegram", telegram), ("Mail", mail)):
        yield f"### {title}\n"
        for language in LANGUAGES:
            yield f"{NAMES[language]}:\n\n```text\n{make(texts, language).rstrip()}\n```\n"


def page(old: str) -> str:
    """The page with its examples made anew."""
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{chr(10).join(examples())}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), encoding="utf-8")
