"""What digests made at the same time have in common: the material, the editors' line, whether an admin said yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.features.digests.render import Issue
from knowledge_base.digests.content import LOOK_BACK, introduced
from knowledge_base.digests.material import Atlas, Material, gather
from knowledge_base.introductions.contacts import CanReach, Introducible
from knowledge_base.model import Project, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

NEWEST = 3_000  # records of a kind that digests are made of
BEGUN = "digests begun"  # fact: the first ones went out, or an admin approved them
INTRO = "digest intro"  # fact: the editors' line and until when it is said
KINDS = (RecordKind.PROJECT, RecordKind.CONTACT, RecordKind.EVENT)


@dataclass(frozen=True, slots=True)
class Stock:
    """Everything that digests choose from, and what all of them say."""

    atlas: Atlas
    material: Material
    issue: Issue


async def stock(tx: Transaction, gazetteer: Gazetteer, now: datetime, can_reach: CanReach) -> Stock:
    """Read it, as of now."""
    atlas = Atlas(gazetteer, bundled())
    contacts = Introducible(await tx.contacts.all(), gazetteer, bundled(), can_reach)
    hidden = await tx.introductions.hidden()
    contacts.follow(await tx.introductions.known(contacts.accounts), hidden)
    news = [record for kind in KINDS for record in await tx.digests.news(kind, now - LOOK_BACK, NEWEST)]
    shown = (record for record in news if record.kind is not RecordKind.CONTACT or record.id not in hidden)
    material = gather(atlas, shown, await tx.records.revision(), await tx.open_questions.listed())
    records = material.records.values()
    issue = Issue(
        records=material.records,
        introducible=frozenset(record.id for record in records if isinstance(record, Project) and record in contacts),
        introduced=introduced(await recently_introduced(tx, now)),
        intro=await current_intro(tx, now),
    )
    return Stock(atlas, material, issue)


async def approve(tx: Transaction) -> None:
    """An admin lets the first digests of this installation go out."""
    await tx.facts.put(BEGUN, tx.now.isoformat())


async def current_intro(tx: Transaction, now: datetime) -> str:
    """The editors' line, while it is to be said."""
    said = await tx.facts.get(INTRO)
    return str(said["text"]) if said and datetime.fromisoformat(said["until"]) > now else ""


async def recently_introduced(tx: Transaction, now: datetime) -> int:
    """How many people were introduced to each other this month and last."""
    months = {f"{when:%Y-%m}" for when in (now, now.replace(day=1) - timedelta(days=1))}
    counts = await tx.introductions.counts()
    return 2 * sum(times for (month, event), times in counts.items() if month in months and event == "arranged")
