"""Editors work the queue of contributions: look, change, accept, decline with a reason; the author is told.

suggestions -> NUMBER -> accept -> old → new -> yes -> changed; of a new project: the entry, step by step
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.commands import to_text
from bot.commands.command import fold
from bot.commands.editing import Edit, reference_of
from bot.commands.editors import Candidates, NewEntry
from bot.context import Act, Serves, Services, Turn, say
from bot.features.dialog import CANCEL, only_in_private, prompt
from bot.features.editors import fields, new_entry
from bot.features.editors.changes import store_change
from bot.features.editors.contribute import facts, mark_of, tell_author
from bot.features.editors.elsewhere import may_read_here, send_elsewhere
from bot.features.talk import offer
from bot.features.wording import beginning, date_in_words
from bot.messages import Choice, Say, Value
from bot.messages.markup import clean
from bot.messages.without_links import presentable
from knowledge_base.codec import Body
from knowledge_base.ingest.personal_data import masked
from knowledge_base.ingest.row import RowError
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.contributions import Contribution, ContributionState
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction

SHOWN = 120  # characters of a contribution in the list
LONGEST_REASON = 500
FIELD_OF = {"where": "municipality", "status": "status", "link": "url", "what": "text"}


async def candidates(turn: Turn, intent: Candidates, services: Services) -> Act:
    """List what waits; or go a step with one."""
    if not turn.inbound.private:
        return say(only_in_private(turn, intent))
    if not intent.number:
        return await _list(turn, services)

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()  # two editors may decide at once: the second one finds what the first one did
        contribution = await tx.contributions.get(intent.number)
        if contribution is None or contribution.state is not ContributionState.OPEN:
            return Say("candidates.no_such", {"number": intent.number})
        if intent.step in ("accept", "yes", "set") and not may_read_here(turn, services):
            return Say("candidates.elsewhere_only")
        match intent.step:
            case "decline":
                return await _decline(tx, turn, contribution, intent.value, services)
            case "set" if contribution.kind == "wrong":
                return await _change(tx, turn, contribution, intent, services)
            case "accept" | "set" if contribution.kind == "new":
                return await _as_entry(tx, turn, contribution, intent, services)
            case "accept" | "yes":
                return await _accept(tx, turn, contribution, intent, services)
        return await _show(tx, turn, contribution, services)

    return act


async def _list(turn: Turn, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        waiting = await tx.contributions.waiting()
        if not waiting:
            return Say("candidates.none")
        entries = tuple([await _line(tx, turn, contribution) for contribution in waiting])
        listed = Say("candidates", {"entries": entries, "count": await tx.contributions.count()})
        if may_read_here(turn, services):
            choices = tuple(
                Choice(Say("choice.candidate", {"number": c.number}), Candidates(c.number)) for c in waiting
            )
            return replace(listed, choices=choices)
        return await send_elsewhere(tx, turn, listed, services)

    return act


async def _line(tx: Transaction, turn: Turn, contribution: Contribution) -> Say:
    stored = await _meant(tx, contribution)
    values: dict[str, Value] = {
        "number": contribution.number,
        "kind": Say(f"contribution.kind.{contribution.kind}"),
        "date": date_in_words(contribution.at.date(), turn.language),
        "title": stored.record.title if stored and isinstance(stored.record, Project) else "",
        "text": beginning(contribution.said.get("what", ""), SHOWN),
    }
    return Say("candidates.entry", values)


async def _meant(tx: Transaction, contribution: Contribution) -> StoredRecord | None:
    return await tx.records.get(RecordKind.PROJECT, contribution.record) if contribution.record else None


async def _show(tx: Transaction, turn: Turn, contribution: Contribution, services: Services) -> Say:
    """Show a contribution in full, with what an editor can do."""
    stored = await _meant(tx, contribution)
    number = contribution.number
    choices = [Choice(Say("choice.accept"), Candidates(number, "accept"), numbered=True)]
    if stored:
        choices += [Choice(Say("choice.edit", {"id": stored.id}), Edit(reference_of(stored.id)), numbered=True)]
    choices += [Choice(Say("choice.decline"), Candidates(number, "decline"), numbered=True)]
    after = proposed(stored.body, contribution, turn.language) if stored else None
    changes = fields.changes(stored.body, after, turn.language) if stored and isinstance(after, dict) else ()
    values: dict[str, Value] = {
        "number": number,
        "kind": Say(f"contribution.kind.{contribution.kind}"),
        "date": date_in_words(contribution.at.date(), turn.language),
        "record": await _named(contribution, stored),
        "text": contribution.said.get("what", ""),
        "facts": facts(contribution),
        "changes": Say("candidates.changes", {"changes": changes}) if changes else "",
        "choices": tuple(choice.label for choice in choices),
    }
    await offer(tx, turn, services, tuple(choices))
    shown = Say("candidates.show", values, tuple(choices))
    if may_read_here(turn, services):
        return shown
    note = await send_elsewhere(tx, turn, replace(shown, values=values | {"choices": ()}, choices=()), services)
    told: dict[str, Value] = {"number": number, "note": note, "choices": values["choices"]}
    return Say("candidates.show_elsewhere", told, tuple(choices))


async def _named(contribution: Contribution, stored: StoredRecord | None) -> Value:
    if stored and isinstance(stored.record, Project):
        return Say("candidates.record", {"title": stored.record.title, "id": stored.id})
    return Say("candidates.no_record") if contribution.kind == "wrong" else ""


def proposed(body: Mapping[str, Any], contribution: Contribution, language: str) -> Body | Say:
    """Return the record as the contribution would have it: by its status and link, and by what editors made of it."""
    own = {FIELD_OF[part]: contribution.said[part] for part in ("status", "link") if contribution.said.get(part)}
    after = dict(body)
    for field, text in {**own, **contribution.proposal}.items():
        changed = fields.with_field(RecordKind.PROJECT, after, field, str(text))
        if isinstance(changed, RowError):
            return fields.refused(changed, language)
        after = changed
    return after


async def _change(
    tx: Transaction, turn: Turn, contribution: Contribution, intent: Candidates, services: Services
) -> Say:
    """Set a field of what would be changed."""
    if intent.field not in fields.OF_PROJECT:
        return fields.no_such_field(intent.field, fields.OF_PROJECT, turn.language)
    value = new_entry.valid_value(intent.field, intent.value, turn.language)
    if isinstance(value, Say):
        return value
    await tx.contributions.propose(contribution.number, {**contribution.proposal, intent.field: intent.value})
    changed = await tx.contributions.get(contribution.number)
    return await _show(tx, turn, changed or contribution, services)


async def _accept(
    tx: Transaction, turn: Turn, contribution: Contribution, intent: Candidates, services: Services
) -> Say:
    """Show what is changed with old and new values; with a yes to that, change it and tell the author."""
    stored = await _meant(tx, contribution)
    after = proposed(stored.body, contribution, turn.language) if stored else {}
    if isinstance(after, Say):
        return after
    before = stored.body if stored else {}
    mark = mark_of(replace(contribution, proposal={**contribution.proposal, "": dict(before)}))
    changes = fields.changes(before, after, turn.language) if stored else ()
    if intent.step != "yes" or intent.value != mark:
        doubts = [
            doubt
            for name in after
            if after[name] != before.get(name)
            and (doubt := fields.doubts(name, fields.written(after[name]), services.search.snapshot.gazetteer))
        ]
        yes = Choice(Say("choice.accept_yes"), Candidates(contribution.number, "yes", value=mark), numbered=True)
        await offer(tx, turn, services, (yes,), consent=True)
        values: dict[str, Value] = {
            "number": contribution.number, "changes": changes, "doubts": tuple(doubts), "choices": (yes.label,),
        }  # fmt: skip
        return Say("candidates.sure" if changes else "candidates.sure_done", values, (yes,))
    if stored and changes:
        await store_change(tx, turn, RecordKind.PROJECT, stored.id, before, after)
    await tx.contributions.decide(contribution.number, ContributionState.ACCEPTED)
    title = str(before.get("title", ""))
    record = stored.id if stored else ""
    told = await tell_author(tx, contribution, ContributionState.ACCEPTED, services, title=title, record=record)
    over = Say("candidates.told" if told else "candidates.not_told")
    return Say("candidates.accepted", {"number": contribution.number, "changes": changes, "told": over})


async def _as_entry(
    tx: Transaction, turn: Turn, contribution: Contribution, intent: Candidates, services: Services
) -> Say:
    """Go on with a proposal of a new project as with any new entry."""
    if not contribution.proposal:
        said = contribution.said
        proposal: dict[str, Any] = {FIELD_OF[part]: said[part] for part in FIELD_OF if said.get(part)}
        proposal |= {"sources": [said["office"]]} if said.get("office") else {}
        await tx.contributions.propose(contribution.number, proposal)
    step = "set" if intent.step == "set" else ""
    entry = NewEntry(contribution.number, step, intent.field, intent.value, candidate=True)
    act = await new_entry.enter(turn, entry, services)
    return await act(tx)


async def _decline(tx: Transaction, turn: Turn, contribution: Contribution, text: str, services: Services) -> Say:
    """Decline for a reason, which the author reads; without one, ask for it."""
    number = contribution.number
    reason = presentable(masked(clean(text)))[:LONGEST_REASON].strip()
    if not reason:
        await prompt(tx, turn, services, Candidates(number, "decline"))
        return Say("candidates.ask_reason", {"number": number})
    if turn.awaited and fold(reason) in CANCEL:
        return Say("candidates.still_open", {"number": number, "command": to_text(Candidates(number))})
    await tx.contributions.decide(number, ContributionState.DECLINED, reason)
    told = await tell_author(tx, contribution, ContributionState.DECLINED, services, reason=reason)
    over = Say("candidates.told" if told else "candidates.not_told")
    return Say("candidates.declined", {"number": number, "told": over})


SERVES: Serves = {Candidates: candidates}
