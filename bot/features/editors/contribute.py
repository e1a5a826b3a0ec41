"""All users contribute: a record is wrong, a project is missing. Asked step by step, shown whole, sent with a yes.

what (asked again if it says little) -> of a new project: where, status, link, each can be skipped -> the whole -> yes
Names of people and contact data are left out at once. A draft belongs to its author alone, until they say yes.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta

from bot.channels.policy import DataClass
from bot.commands import to_text
from bot.commands.command import fold, number_of
from bot.commands.contributions import Contribute, ContributeStep
from bot.commands.conversation import Report
from bot.commands.editing import reference_of
from bot.commands.editors import Candidates
from bot.commands.search import PROJECT, Ask, Show
from bot.context import Act, Serves, Services, Turn
from bot.features.dialog import CANCEL, says_no
from bot.features.editors import fields
from bot.features.editors.corrections import editors
from bot.features.own_records import author_of
from bot.features.search import ask
from bot.features.talk import Talk, offer
from bot.messages import Choice, Say, Url, Value
from bot.messages.markup import clean
from bot.messages.without_links import presentable
from bot.outgoing.notify import Notice, tell
from knowledge_base.ingest.personal_data import masked
from knowledge_base.ingest.persons import person_left_out
from knowledge_base.ingest.row import RowError
from knowledge_base.language.detect import guess_language
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.contributions import Contribution, ContributionState
from knowledge_base.store.edits import TOWN
from knowledge_base.store.transaction import Transaction

REPORTED, MOST, A_DAY = "reported", 5, timedelta(days=1)  # what is counted, and how many per person
SAYS_LITTLE = 5  # words of a first sentence that only announces something
STEPS = {"wrong": ("what",), "new": ("what", "where", "status", "link")}  # what is asked
PARTS = ("where", "status", "link", "office")  # what can be added to what is shown
LONGEST = {"what": 1500, "where": 100, "status": 200, "link": 500, "office": 100}  # characters
SKIP = ("ueberspringen", "weiter", "skip", "next", "pomin", "dalej")
LINK = re.compile(r"https?://\S+")


async def report(turn: Turn, intent: Report, services: Services) -> Act:
    """Begin with what a user said in their own words; with the yes to what was shown, send it."""
    if intent.sent:

        async def send(tx: Transaction) -> Say:
            return await _send(tx, turn, intent.text, services)

        return send
    return await _begin(turn, intent.kind, intent.entry.removeprefix(PROJECT), intent.text, services)


async def contribute(turn: Turn, intent: Contribute, services: Services) -> Act:
    """Begin by a command; without a text, go on with the draft or ask what it is about."""
    focus = Talk.of(turn.context).focus if intent.kind == "wrong" else ""
    return await _begin(turn, intent.kind, focus.removeprefix(PROJECT), intent.text, services)


async def _begin(turn: Turn, kind: str, record: str, text: str, services: Services) -> Act:
    kind = kind if kind in STEPS else "wrong"
    said = _first(text, services, turn.language) if text else {}

    async def act(tx: Transaction) -> Say:
        draft = await tx.contributions.draft_of(turn.person.id)
        if text or draft is None or draft.kind != kind:
            known = record if kind == "wrong" and await tx.records.get(RecordKind.PROJECT, record) else ""
            language = guess_language(text) or turn.language
            await tx.contributions.begin(turn.person.id, kind, language, record=known, said=said)
        return await _next(tx, turn, services)

    return act


def _first(text: str, services: Services, language: str) -> dict[str, str]:
    """Return what a first sentence says: the text, a link in it, the place that it names."""
    link = LINK.search(text)
    what = without_persons(LINK.sub(" ", text), "what")
    search = services.search.snapshot
    query = search.read(text, language=guess_language(text) or language)
    said = {"what": what} if len(what.split()) > SAYS_LITTLE else {"first": what}
    said |= {"link": link[0].rstrip(".,;!?)")} if link else {}
    own = [search.gazetteer.municipalities[row].name for row in query.asker]  # "we have one in Beeskow"
    places = (*query.understood.municipalities, *query.understood.unknown_places, *own)
    return said | ({"where": places[0]} if places else {})


def without_persons(text: str, part: str) -> str:
    """Return a text without names of people, contact data and links, at most as long as its part may be."""
    return presentable(person_left_out(masked(clean(text))))[: LONGEST[part]].strip()


async def step(turn: Turn, intent: ContributeStep, services: Services) -> Act:
    """Take the next part; a text that cancels or asks something is that."""
    text = intent.text.strip()
    if turn.awaited and text.endswith("?") and intent.step != "what":
        return await ask.ask(turn, Ask(text), services)

    async def act(tx: Transaction) -> Say:
        if intent.step == "withdraw":
            number = number_of(text)
            gone = await tx.contributions.withdraw(number, turn.person.id)
            return Say("report.withdrawn" if gone else "report.no_such", {"number": number})
        draft = await tx.contributions.draft_of(turn.person.id)
        if draft is None:
            return Say("report.no_draft")
        if intent.step == "cancel" or (turn.awaited and fold(text) in CANCEL):
            await tx.contributions.drop(draft.number)
            return Say("report.cancelled")
        problem = await _take(tx, turn, draft, intent.step, text)
        return await _next(tx, turn, services, problem=problem, wanted="" if text else intent.step)

    return act


async def _take(tx: Transaction, turn: Turn, draft: Contribution, part: str, text: str) -> Say | None:
    """Store a part of the draft; return what is wrong with it, if anything."""
    said = dict(draft.said)
    if part == "skip":
        said |= {text: ""} if text in LONGEST else {}
        if text == "what" and "first" in said:
            said["what"] = said.pop("first")
    elif not text:
        return None
    elif (says_no(text) or fold(text) in SKIP) and part != "what":
        said[part] = ""
    elif part == "link":
        read = fields.with_field(RecordKind.PROJECT, {"id": "-", "title": "-", "text": "-"}, "url", text)
        if isinstance(read, RowError):
            return fields.refused(read, turn.language)
        said[part] = str(read["url"])
    else:
        value = without_persons(text, part)
        said[part] = f"{said.pop('first').rstrip('.!')}. {value}" if part == "what" and "first" in said else value
    await tx.contributions.say(draft.number, said, record=draft.record)
    return None


# ------------------------------------------------------------------------------------------------ asking and showing


async def _next(
    tx: Transaction, turn: Turn, services: Services, *, problem: Say | None = None, wanted: str = ""
) -> Say:
    """Ask for the next part that is missing, or for ``wanted``; when nothing is, show the whole."""
    draft = await tx.contributions.draft_of(turn.person.id)
    if draft is None:
        return Say("report.no_draft")
    missing = next((part for part in STEPS[draft.kind] if part not in draft.said), "")
    part = wanted if wanted in LONGEST else "link" if problem else missing
    return await _ask(tx, turn, draft, part, problem, services) if part else await _shown(tx, turn, draft, services)


async def _ask(
    tx: Transaction, turn: Turn, draft: Contribution, part: str, problem: Say | None, services: Services
) -> Say:
    skip = Choice(Say("choice.skip"), ContributeStep("skip", part), numbered=True)
    cancel = Choice(Say("choice.cancel"), ContributeStep("cancel"), numbered=True)
    choices = (skip, cancel) if part != "what" or "first" in draft.said else (cancel,)
    before = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    query, answer_id = (before.query, before.answer_id) if before else (None, None)
    commands = [choice.command for choice in choices]
    awaits = to_text(ContributeStep(part))
    await tx.people.remember(turn.context_key, query, answer_id, commands, awaits=awaits)
    values: dict[str, Value] = {
        "problem": problem or "",
        "about": await _about(tx, draft),
        "first": Say("report.first", {"text": draft.said["first"]}) if "first" in draft.said else "",
        "choices": tuple(choice.label for choice in choices),
    }
    return Say(f"report.ask_{part}" if part != "what" else f"report.ask_what_{draft.kind}", values, choices)


async def _about(tx: Transaction, draft: Contribution) -> Value:
    stored = await tx.records.get(RecordKind.PROJECT, draft.record) if draft.record else None
    if stored is None or not isinstance(stored.record, Project):
        return ""
    return Say("report.about", {"title": stored.record.title, "place": stored.record.municipality})


async def _shown(tx: Transaction, turn: Turn, draft: Contribution, services: Services) -> Say:
    """Show exactly what editors would read, and ask for a yes."""
    key = PROJECT + draft.record if draft.record else ""
    yes = Choice(Say("choice.report_yes"), Report(draft.kind, key, mark_of(draft), sent=True), numbered=True)
    adds = [part for part in PARTS if not draft.said.get(part) and (part != "where" or draft.kind == "new")]
    more = [Choice(Say(f"choice.add_{part}"), ContributeStep(part), numbered=True) for part in adds]
    cancel = Choice(Say("choice.cancel"), ContributeStep("cancel"), numbered=True)
    choices = (yes, *more, cancel)
    await offer(tx, turn, services, choices, consent=True)
    values: dict[str, Value] = {
        "text": draft.said["what"],
        "about": await _about(tx, draft),
        "facts": facts(draft),
        "yourself": await _yourself(tx, turn, draft, services),
        "days": services.settings.retention.contributions_days,
        "choices": tuple(choice.label for choice in choices),
    }
    return Say(f"report.{draft.kind}", values, choices)


def facts(draft: Contribution) -> tuple[Say, ...]:
    """Return the parts of a contribution beside its text, one line each."""
    given = [(part, draft.said[part]) for part in PARTS if draft.said.get(part)]
    return tuple(
        Say(f"report.part.{part}", {"value": Url(value) if part == "link" else value}) for part, value in given
    )


async def _yourself(tx: Transaction, turn: Turn, draft: Contribution, services: Services) -> Value:
    """Return how a user may change the record themselves, if they may."""
    stored = await tx.records.get(RecordKind.PROJECT, draft.record) if draft.record else None
    if stored is None or not isinstance(stored.record, Project):
        return ""
    may = await author_of(tx, turn, stored.record, services)
    return Say("report.edit_yourself", {"ref": reference_of(draft.record)}) if may == TOWN else ""


def mark_of(contribution: Contribution) -> str:
    """Return eight characters that another content of a contribution would not have."""
    content = [contribution.kind, contribution.record, dict(contribution.said), dict(contribution.proposal)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]


async def _send(tx: Transaction, turn: Turn, mark: str, services: Services) -> Say:
    """Give the draft to the editors, if it is what its author saw."""
    draft = await tx.contributions.draft_of(turn.person.id)
    if draft is None:
        return Say("report.no_draft")
    if mark_of(draft) != mark:
        return await _next(tx, turn, services)
    who = await tx.tallies.identities(turn.person.id)
    if await tx.tallies.count(services.secret, REPORTED, who, within=A_DAY) >= MOST:
        return Say("report.too_often", {"limit": MOST})
    await tx.tallies.add(services.secret, REPORTED, who, lasting=A_DAY)
    await tx.contributions.open(draft.number)
    look = Choice(Say("choice.look"), Candidates(draft.number))
    values: dict[str, Value] = {
        "number": draft.number, "text": draft.said["what"], "about": await _about(tx, draft), "facts": facts(draft),
    }  # fmt: skip
    for editor in await editors(tx, services):
        notice = Notice(
            Say(f"report.asked_{draft.kind}", values, (look,)),
            f"contribution:{draft.number}:{editor.id}",
            about=DataClass.TEXT_OF_OTHERS,
        )
        await tell(tx, editor, notice, settings=services.settings, links=services.links)
    back = Choice(Say("choice.withdraw_report"), ContributeStep("withdraw", str(draft.number)))
    values = {"number": draft.number, "days": services.settings.retention.contributions_days}
    return Say("report.sent", values, (back,))


async def tell_author(
    tx: Transaction, contribution: Contribution, state: ContributionState, services: Services, *, title: str = "",
    record: str = "", reason: str = "",
) -> bool:  # fmt: skip
    """Tell the author of a contribution what became of it; without the reason where that may not go to them."""
    person = await tx.people.get(contribution.person_id) if contribution.person_id else None
    if person is None:
        return False
    values: dict[str, Value] = {
        "number": contribution.number,
        "text": contribution.said.get("what", ""),
        "title": title,
    }
    key = f"contribution over:{contribution.number}"
    show = Choice(Say("choice.show", {"title": title}), Show(PROJECT + record))
    choices = (show,) if record and title else ()
    if state is ContributionState.ACCEPTED:
        notice = Notice(Say("report.taken", values, choices), key, about=DataClass.OWN)
        return await tell(tx, person, notice, settings=services.settings, links=services.links) is not None
    why = Say("report.reason", {"reason": reason}) if reason else ""
    notice = Notice(Say("report.rejected", values | {"why": why}), key, about=DataClass.TEXT_OF_OTHERS)
    if await tell(tx, person, notice, settings=services.settings, links=services.links):
        return True
    bare = replace(notice, say=Say("report.rejected", values | {"why": ""}), about=DataClass.OWN)
    return await tell(tx, person, bare, settings=services.settings, links=services.links) is not None


SERVES: Serves = {Report: report, Contribute: contribute, ContributeStep: step}
