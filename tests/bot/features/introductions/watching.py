"""What really happens in a history: noted by the actor, and read from the database file without the product."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from knowledge_base.introductions.values import AFTER, ASKED, ContactAnswer, Outcome, State
from tests.bot.features.introductions.world import DATA, HOMES, OWN

Account = tuple[str, str]
Row = Mapping[str, Any]  # of the table of introductions
COUNTED = ("consent", "block", "open_question", "unanswered", "page", "introduction_request")
TOLD = (Outcome.ARRANGED, Outcome.NOT_ARRANGED, Outcome.UNREACHED, Outcome.UNAVAILABLE)


@dataclass(frozen=True)
class Stored:
    """What is in the database: introductions by code, people by account, and all that an event can add or change."""

    introductions: Mapping[str, Row]
    people: Mapping[Account, str]
    counts: tuple[int, ...]
    messages: tuple[tuple[str, str], ...]

    def person(self, account: Account) -> str:
        return self.people.get(account, "nobody")


def stored(database: sqlite3.Connection) -> Stored:
    """Everything that an event can change."""
    database.row_factory = None
    cursor = database.execute("SELECT * FROM introduction")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    people = {(channel, user): person for channel, user, person in database.execute(
        "SELECT channel, user_id, person_id FROM account"
    )}  # fmt: skip
    counting = ", ".join(f"(SELECT count(*) FROM {table})" for table in COUNTED)
    counts = database.execute(f"SELECT (SELECT total(times) FROM introduction_count), {counting}").fetchone()
    messages = tuple(database.execute("SELECT id, state FROM outbox ORDER BY id"))
    return Stored({row["code"]: row for row in rows}, people, counts, messages)


def is_theirs(text: str, one: Row | None, person: str, answer: ContactAnswer | None = None) -> bool:
    """Whether this user may do that now: the rule again, independent of the product's code."""
    if one is None or person not in (one["asker"], one["contact_person"]):
        return False
    asks, answers, state = one["asker"] == person, one["contact_person"] == person, one["state"]
    match text:
        case "agrees":
            return asks and state == State.DRAFT
        case "withdraws":
            return asks and state not in (*AFTER, State.CLOSED)
        case "for editors":
            return asks and state == State.CLOSED and one["outcome"] != Outcome.ARRANGED
        case "helped":
            return bool(state == State.FOLLOWED)
        case "answers":
            return answers and (state in ASKED or (state == State.OPENING and answer is ContactAnswer.NO))
        case _:
            return answers and state not in (State.DRAFT, State.CLOSED, *AFTER)


@dataclass
class Watch:
    """One history, as an observer sees it."""

    shown: dict[tuple[Account, Account], set[str]] = field(default_factory=dict)  # (owner, reader) → they said yes to
    ended: set[tuple[str, Account]] = field(default_factory=set)  # (code, who): their own word ended it, or their part
    read: set[tuple[str, str, str]] = field(default_factory=set)  # looked at already

    def both_said_yes(self, asker: Account, contact: Account, kinds: Sequence[str]) -> None:
        """From now on the asker may read of the contact's what they chose, and the contact what the asker showed."""
        chosen = {datum for kind, datum in OWN[contact].items() if kind in kinds or "all" in kinds}
        self.shown.setdefault((contact, asker), set()).update(chosen)
        self.shown.setdefault((asker, contact), set()).update(OWN[asker].values())

    def reads(self, channel: str, conversation: str, text: str) -> None:
        """A user reads this text: it may hold no data of a user who did not agree to show them."""
        if (channel, conversation, text) in self.read:
            return
        self.read.add((channel, conversation, text))
        reader = HOMES.get(conversation, ("", ""))
        for owner, data in DATA.items():
            for datum in data:
                if owner != reader and datum in text:
                    assert channel != "telegram", f"{datum} through Telegram"
                    allowed = self.shown.get((owner, reader), set())
                    assert datum in allowed, f"{owner} said no yes to {reader or conversation} who reads {text!r}"


def written(database: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Everything that waits to be delivered, or can be read on a page: (channel, conversation, text)."""
    waiting = database.execute("SELECT channel, conversation, payload FROM outbox WHERE payload IS NOT NULL").fetchall()
    texts = [
        (channel, conversation, text)
        for channel, conversation, payload in waiting
        if not (json.loads(payload) or {}).get("room") and (text := json.dumps(json.loads(payload), ensure_ascii=False))
    ]
    pages = database.execute("SELECT user_id, content FROM page JOIN account USING (person_id)").fetchall()
    return texts + [("page", user, str(content)) for user, content in pages if content and user in HOMES]


def left(database: sqlite3.Connection, was: Row, now: Row | None, gone: str, delivered: Collection[str]) -> str:
    """One side has just erased their data: which other side was told, by the rules of the issue."""
    side, other = ("asker", "contact") if was["asker"] == gone else ("contact", "asker")
    if was["state"] == State.DRAFT:
        assert now is None or now["state"] == State.CLOSED, f"{was} goes on without its asker"
        return "draft"
    assert now is not None
    assert gone not in (now["asker"], now["contact_person"]), f"{now} still knows who left"
    if was["state"] in (*AFTER, State.CLOSED):
        return "after"
    assert (now["state"], now["outcome"]) == (State.CLOSED, Outcome.UNAVAILABLE), f"{side} of {was} left: {now}"
    asked = f"intro:{was['id']}:request:{was['round']}" in delivered
    if other == "contact" and not asked:
        return "unasked"
    key = f"intro:{was['id']}:outcome:{other}"
    row = database.execute("SELECT payload FROM outbox WHERE key = ?", (key,)).fetchone()
    assert row is not None, f"the {other} of {was} is not told that the {side} left"
    words = json.loads(row[0])["say"]["key"]
    assert words == ("intro.unavailable" if other == "asker" else "intro.over_unavailable"), words
    return other


def each_side_knows(
    database: sqlite3.Connection, one: Row, people: Mapping[str, Account], watch: Watch, delivered: Sequence[str]
) -> None:
    """At the end: each remaining side was told once, by a message or in the answer to their own command."""
    name = f"intro:{one['id']}"
    rows = database.execute("SELECT key, state, error FROM outbox WHERE key LIKE ?", (f"{name}:%",)).fetchall()
    keys = {
        key for key, state, error in rows if not (state == "dead" and error is None)
    }  # those were taken back in time
    sides = {"asker": people.get(one["asker"]), "contact": people.get(one["contact_person"])}
    heard = {side: sum(f"{name}:{how}:{side}" in keys for how in ("outcome", "gone")) for side in sides}
    own = {side: (one["code"], who) in watch.ended for side, who in sides.items()}
    if one["asker"]:
        assert heard["asker"] == (one["outcome"] in TOLD), f"the asker of {one} heard {heard}"
        assert own["asker"] == (one["outcome"] == Outcome.WITHDRAWN)
    reached = f"{name}:request:{one['round']}" in delivered and one["outcome"] != Outcome.UNREACHED
    if one["contact_person"] and reached:
        assert heard["contact"] + own["contact"] == 1, f"the contact of {one} heard {heard}, said {own}"
    assert max(heard.values()) <= 1
