"""What a message in the user's own words asks for: the act that was found, and the intent that serves it.

    waits for a choice? its number, label, yes or no  ->  the act of the text (``acts``)  ->  which record  ->  intent

What is doubtful is a question. Nothing is sent, changed or deleted without a clear yes to a question that names it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.commands import is_command, parse, to_text
from bot.commands.account import Language, Pause
from bot.commands.command import Intent, fold
from bot.commands.conversation import AboutBot, AskBack, Attribute, Decline, Propose, Report, SmallTalk
from bot.commands.digests import Digest, Subscribe, Unsubscribe
from bot.commands.general import Greet, Help, Thanks
from bot.commands.introductions import Introduce, IntroduceStatus, IntroduceStep, Respond
from bot.commands.open_questions import PassOn
from bot.commands.privacy import Forget, MyData, ShowPrivacy
from bot.commands.search import PROJECT, Ask, More, Show
from bot.commands.times import days_of
from bot.context import Services, Turn
from bot.features.conversation.acts import QUESTION, Scores, chatter, scores
from bot.features.conversation.outline import Situation
from bot.features.conversation.records import described, named_by, number_in, pool_of, record_named, titled
from bot.features.dialog import is_aside
from bot.features.talk import Talk, numbered
from bot.messages import Happening
from knowledge_base.language.detect import guess_language
from knowledge_base.language.tokens import stem_all, words
from knowledge_base.model import Project
from knowledge_base.search.engine import Search
from knowledge_base.search.ranking import Ranked
from knowledge_base.search.understanding import Query
from knowledge_base.vocabulary import bundled

OF_A_RECORD = ("detail", "attribute", "introduce")
OF_MERE_TALK = ("small_talk", "clarify", "consent_yes", "consent_no")
CLEAR = {"consent_yes": 0.4, "consent_no": 0.2}  # how much more must speak for it than for anything else
LONGEST_YES = 14  # words; who writes more has something to say about it
LONGEST_REPORT = 500  # characters
MOST_KEY_WORDS = 4
MOST_FOUND = 20  # records among which one of a town is looked for


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, and what the bot knows of the talk before it."""

    text: str
    talk: Talk
    shown: tuple[Project, ...]  # behind the numbers shown last, in their order
    focus: Project | None
    query: Query
    fresh: bool
    knows: bool = False  # the records hold one of its words, which is none of mere talk

    @property
    def situation(self) -> Situation:
        """Return what came before, for the classifier."""
        return Situation(
            listed=bool(self.talk.texts or self.shown),
            pending=self.talk.consent,
            unsure=self.talk.unsure,
            fresh=self.fresh,
            entry=self.talk.entry,
            of_shown=bool(named_by(self.query, self.shown)),
            titled=max((titled(self.text, project) for project in self.shown), default=0.0),
        )

    @property
    def is_key_word(self) -> bool:
        """Return whether the text is hardly more than a topic, a place, or a word of the records."""
        read = self.query.understood
        named = read.topics or self.query.placed or read.rounds or self.knows
        return len(self.text.split()) <= MOST_KEY_WORDS and bool(named)

    @property
    def only_introduces(self) -> bool:
        """Return whether the text tells where its writer is from, and nothing else."""
        read = self.query.understood
        told = bool(self.query.asker) and not (
            self.query.placed or read.topics or "?" in self.text or self.talk.consent
        )
        return told and all(fold(word) in chatter() for word in self.query.subject)

    @property
    def names_something(self) -> bool:
        """Return whether the text has a subject or a place of its own."""
        return bool(self.query.subject or self.query.places)


async def meant(turn: Turn, intent: Intent, services: Services) -> Intent:
    """Return what a message asks for; commands, buttons, edits and what the bot has asked for are what they are."""
    text = _own_words(turn, intent)
    if not text:
        return intent
    if not re.search(r"\w", text):
        return SmallTalk("unreadable")
    heard = _heard(turn, text, services)
    numbers = turn.context is not None and turn.context.choices == heard.talk.pending
    if chosen := choice_named(text, heard.talk, numbers=numbers):
        return chosen
    if heard.only_introduces:
        return Greet()
    if services.search.snapshot.events.asked_for(heard.query, services.store.now().date()):
        return Ask(text)
    said = await scores(text, heard.query, heard.situation, services.search.snapshot.embedder)
    act = said.best.partition(".")[0]
    record = await _record(heard, services) if act in OF_A_RECORD else None
    return decide(heard, said, record)


def _own_words(turn: Turn, intent: Intent) -> str:
    """Return what the user says in their own words; "" for a command, a button, an edit, and what was awaited."""
    if turn.inbound.happening is not Happening.MESSAGE or is_command(turn.inbound.text):
        return ""
    if turn.awaited:
        text = turn.inbound.text.strip()
        return text if isinstance(intent, Subscribe) and is_aside(text) else ""
    return intent.question.strip() if isinstance(intent, Ask) else ""


def _heard(turn: Turn, text: str, services: Services) -> Heard:
    search, context = services.search.snapshot, turn.context
    projects = search.index.projects
    talk = Talk.of(context)
    keys = [shown.entry for shown in map(parse, numbered(context)) if isinstance(shown, Show)]
    query = search.read(text, language=guess_language(text) or turn.language)
    known = search.index.lexical.words.terms
    return Heard(
        text=text,
        talk=talk,
        shown=tuple(project for key in keys if (project := of_key(projects, key))),
        focus=of_key(projects, talk.focus),
        query=query,
        fresh=context is None,
        knows=any(
            term in known for word in query.subject if fold(word) not in chatter() for term in _stems(word, query)
        ),
    )


def _stems(word: str, query: Query) -> list[str]:
    return stem_all(words(word), query.language)


def of_key(projects: Sequence[Project], key: str) -> Project | None:
    """Return the project of an entry's key among projects in order of their ids."""
    if not key.startswith(PROJECT):
        return None
    wanted = key.removeprefix(PROJECT)
    at = bisect_left(projects, wanted, key=lambda project: project.id)
    return projects[at] if at < len(projects) and projects[at].id == wanted else None


def choice_named(text: str, talk: Talk, *, numbers: bool = True) -> Intent | None:
    """Return the choice that waits if a text is its label, or its number where ``numbers`` still mean these choices."""
    if not talk.pending:
        return None
    said = set(re.findall(r"\w+", fold(text)))
    labels = [set(re.findall(r"\w+", fold(label))) for label in talk.labels]
    fitting = [number for number, label in enumerate(labels) if said == label]
    if not fitting and numbers and (number := number_in(text, len(talk.pending))) and len(said) <= 3:
        fitting = [number - 1]
    return talk.waiting[fitting[0]] if len(fitting) == 1 else None


async def _record(heard: Heard, services: Services) -> Project | None:
    """Return the record that a text is about: named, described, in focus; else that of a town that it names."""
    if named := record_named(heard.text, heard.query, heard.shown, heard.focus):
        return named
    if heard.query.places:
        return await _of_town(heard, services)
    if heard.query.understood.topics and heard.query.understood.who:  # asks who has something, not about one record
        return None
    pool, search = pool_of(heard.shown, heard.focus), services.search.snapshot
    if not heard.query.subject or len(pool) < 2:
        return heard.focus or next(iter(pool), None)
    return described(_fit(search, await search.ranked(heard.query)), pool, heard.focus)


async def _of_town(heard: Heard, services: Services) -> Project | None:
    """Return the record of a town that was not shown: the one that the last question fits best."""
    search = services.search.snapshot
    found = (await services.search.ask([heard.text], fallback=heard.query.language, limit=MOST_FOUND)).answer
    of_town = named_by(heard.query, [hit.project for hit in (*found.hits, *found.near)])
    asked = " ".join(heard.talk.texts)
    result = await search.ranked(search.read(asked, language=heard.query.language)) if asked and of_town else None
    return described(_fit(search, result), of_town, None)


def _fit(search: Search, result: tuple[Ranked, object] | None) -> dict[str, float]:
    """Return how well each candidate fits a question, by its id, 0 … 1."""
    if result is None:
        return {}
    ranked = result[0]
    return {search.index.projects[doc].id: float(base) for doc, base in zip(ranked.docs, ranked.base, strict=True)}


def decide(heard: Heard, said: Scores, record: Project | None) -> Intent:
    """Return the intent of a text by what speaks for its acts; ``record``: the one that it is about."""
    label = said.best
    act, _, kind = label.partition(".")
    if heard.is_key_word and not said.affirms and act in OF_MERE_TALK:
        return Ask(heard.text)
    if heard.talk.consent and act in ("consent_yes", "consent_no", "clarify"):
        return _answer(heard, said, act)
    if act in ("consent_yes", "consent_no", "pass_on"):
        passes = act == "pass_on" or (act == "consent_yes" and heard.talk.unsure)
        return PassOn() if passes else SmallTalk("fine")
    if act in OF_A_RECORD:
        return _of_record(heard, act, kind, record)
    if act == "more":
        return More() if heard.talk.texts else AskBack("question")
    if act == "contribute":
        return Report(kind, PROJECT + heard.focus.id if heard.focus else "", heard.text[:LONGEST_REPORT])
    if act == "clarify":
        return AskBack("record" if heard.talk.texts and not heard.names_something else "question")
    if act == "digest" and kind == "subscribe" and (topics := heard.query.understood.topics):
        named = ", ".join(bundled().label(topic, heard.query.language) for topic in topics)
        return Propose(to_text(Subscribe("topics", named)))
    if serve := SIMPLE.get(act):
        return serve(kind, heard.text)
    return Ask(heard.text)


def _answer(heard: Heard, said: Scores, act: str) -> Intent:
    """Return yes or no to what waits, if it is clear; else the bot asks once more."""
    waiting = heard.talk.waiting
    others = max(said.of(other) for other in ("consent_yes", "consent_no", "clarify", QUESTION) if other != act)
    if act == "clarify" or said.of(act) - others < CLEAR[act]:
        return AskBack("consent")
    if act == "consent_no":
        cancels = [intent for intent in waiting if isinstance(intent, IntroduceStep) and intent.step == "cancel"]
        return cancels[0] if cancels else Decline()
    short = len(heard.text.split()) <= LONGEST_YES and "?" not in heard.text
    several = any(isinstance(other, type(waiting[0])) and agrees(other) for other in waiting[1:])
    return waiting[0] if said.affirms and short and not several else AskBack("consent")


def agrees(intent: Intent) -> bool:
    """Return whether an intent is one of several ways to agree: then a yes alone does not say which."""
    return isinstance(intent, Respond) or (isinstance(intent, IntroduceStep) and intent.step == "yes")


def _of_record(heard: Heard, act: str, kind: str, record: Project | None) -> Intent:
    """Return the intent about one of the records shown; a text that names another thing is a question."""
    if act == "introduce" and kind == "status":
        return IntroduceStatus()
    if record is None:
        return Ask(heard.text) if heard.names_something else AskBack("record" if heard.talk.texts else "question")
    entry = PROJECT + record.id
    if act == "detail":
        return Show(entry)
    return Introduce(entry) if act == "introduce" else Attribute(kind or "other", entry)


def _small_talk(kind: str, _text: str) -> Intent:
    return {"greeting": Greet(), "thanks": Thanks()}.get(kind, SmallTalk(kind or "fine"))


def _about(kind: str, _text: str) -> Intent:
    return Help() if kind in ("", "what") else AboutBot(kind)


def _privacy(kind: str, _text: str) -> Intent:
    return {"mydata": MyData(), "delete": Forget()}.get(kind, ShowPrivacy())


def _digest(kind: str, text: str) -> Intent:
    """Return what leads on; what changes a subscription is proposed first."""
    if kind == "stop":
        return Propose(to_text(Unsubscribe()))
    if kind == "pause" and (days := days_of(text)):
        return Propose(to_text(Pause("digest", days)))
    return Subscribe() if kind == "subscribe" else Digest("settings")


SIMPLE: dict[str, Callable[[str, str], Intent]] = {
    "small_talk": _small_talk,
    "about_bot": _about,
    "privacy": _privacy,
    "digest": _digest,
    "language": lambda kind, _text: Language(kind),
}
