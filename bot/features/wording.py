"""Topics, days and the status of a project in words, as every feature writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from babel import Locale
from babel.dates import format_date, format_time

from bot.messages import Say, Value
from knowledge_base.labels import round_in, status_in
from knowledge_base.mail_address import flaw_of
from knowledge_base.translations import Reading
from knowledge_base.vocabulary import LANGUAGES, bundled
from knowledge_base.working_days import BERLIN

TOPICS_NAMED = 4  # in one line
LOCALES = {"de": "de_DE", "en": "en_GB", "pl": "pl_PL"}


def named(topics: Sequence[str], language: str) -> Value:
    """Topics as people read them; none is everything."""
    if not topics:
        return Say("digest.everything")
    words = [Say("digest.word", {"word": label(topic, language)}) for topic in topics[:TOPICS_NAMED]]
    rest = len(topics) - len(words)
    return (*words, *((Say("digest.more_topics", {"number": rest}),) if rest else ()))


def label(topic: str, language: str) -> str:
    """A topic's name; its id when the vocabulary does not know it any more."""
    known = bundled().topic_of(topic)
    return bundled().label(known.id, language) if known else topic


def day(when: date, language: str) -> str:
    """A day as people of the language write it."""
    return format_date(when, "full", Locale.parse(LOCALES[language]))


def moment(when: datetime, language: str) -> str:
    """Return a moment as people of the language write it, to the minute."""
    local = when.astimezone(BERLIN)
    locale = Locale.parse(LOCALES[language])
    return f"{format_date(local, 'medium', locale)}, {format_time(local, 'short', locale=locale)}"


def date_in_words(when: date, language: str) -> str:
    """Return a date as people of the language write it, without the day of the week."""
    return format_date(when, "long", Locale.parse(LOCALES[language]))


def origin_of(reading: Reading, language: str) -> Say | str:
    """Return how the words of a project came to readers of a language; empty if it was written in theirs."""
    if reading.project.lang == language and not reading.is_translated:
        return ""
    written = reading.written if reading.written in LANGUAGES else "other"
    case = Say(f"origin.from.{written}") if reading.is_translated else Say(f"origin.in.{written}")
    return Say(f"origin.{reading.origin}", {"language": case})


def facts_of(reading: Reading, language: str, *, place: bool = True) -> tuple[str, ...]:
    """Return the facts of a project in a list: its municipality (if ``place``), status and funding round."""
    project = reading.project
    facts = (
        project.municipality if place else "",
        status_in(reading, language),
        round_in(project.funding_round, language),
    )
    return tuple(fact for fact in facts if fact)


def beginning(text: str, most: int) -> str:
    """Return the text, or its beginning of at most ``most`` characters, cut between words."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].rstrip(",;:–- ") + "…"


def refused_address(written: str) -> Say:
    """Return that a mail address is not taken, and why."""
    why = Say(f"verify.why.{flaw_of(written)}")
    return Say("verify.refused_address", {"why": why, "how": Say("verify.no_address")})


def folded_words(text: str) -> str:
    """Return the words of a question as equal questions share them."""
    return " ".join(re.findall(r"\w+", text.casefold()))
