"""``digest``: the weekly digests that are due at a time, for operators and tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

import typer

from bot.channels.networks import with_buttons
from bot.channels.policy import DataClass, can_take_request, may_pass
from bot.cli.common import load_settings, run, tell, write, write_json
from bot.features.digests.common import approve
from bot.features.digests.draft import DigestOutcome, Reason
from bot.features.digests.make import DigestMaker
from bot.outgoing.links import Links
from bot.processes.state_lock import shared_secrets
from bot.resources import open_store
from config.settings import Settings
from knowledge_base.clock import utc_now
from knowledge_base.digests.schedule import BERLIN
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.model import Municipality, Project, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store
from knowledge_base.store.known_time import last_time
from knowledge_base.store.secret import read_secret, share_secret

NEEDS_APPROVAL = (
    "These would be the first digests of this installation, and there are many recipients. Look at them with "
    "--dry-run; then let them go with --approve, or in the chat with !digest approve."
)
FAR = timedelta(days=15)  # from the present: who prepares something looks two weeks ahead, more is a slip
SENT = {"sent": "sent", "unclear": "unclear"}  # states of the outbox as this command says them; all others: queued


def digest(
    context: typer.Context,
    now: Annotated[str, typer.Option(help="use this time as the present, ISO 8601; without a zone, Berlin time")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show who would get what, store nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="write one JSON object per recipient")] = False,
    approve_first: Annotated[
        bool, typer.Option("--approve", help="approve the first digests of this installation")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="accept a time far from the present without asking")] = False,
) -> None:
    """Make the digests that are due. The running bot sends them; the next chat shows the terminal's."""
    when, settings = moment(now), load_settings(context)
    if not (dry_run or yes):
        _ask_about(when, run(_believed(settings)))
    outcomes, states = run(_digest(settings, when, dry_run, approve_first))
    for outcome in outcomes:
        shown = as_object(outcome, states)
        write_json(shown) if as_json else write(_line(shown))
    if any(outcome.reason == Reason.APPROVAL for outcome in outcomes):
        tell(NEEDS_APPROVAL)
    if not as_json and not outcomes:
        write("nobody")


def strange(when: datetime, clock: datetime, last: datetime | None) -> str:
    """Return why digests of this time are probably not meant; empty: they may be.

    ``last`` is the last time that the bot believed; ``clock`` is what the machine shows.
    """
    if abs(when - clock) > FAR:
        return f"{when:%Y-%m-%d %H:%M} UTC is more than {FAR.days} days from now ({clock:%Y-%m-%d %H:%M} UTC)."
    if last is not None and abs(clock - last) > FAR:
        return (
            f"The machine's clock shows {clock:%Y-%m-%d %H:%M} UTC, and the bot last believed "
            f"{last:%Y-%m-%d %H:%M} UTC. If the clock is right: stadtlotse clock confirm."
        )
    return ""


def at_terminal() -> bool:
    """Return whether a person can answer a question."""
    return sys.stdin.isatty()


def _ask_about(when: datetime, last: datetime | None) -> None:
    """Let a person at a terminal confirm a strange time; elsewhere it is wrong use without ``--yes``."""
    doubt = strange(when, utc_now(), last)
    if not doubt:
        return
    if not at_terminal():
        raise typer.BadParameter(f"{doubt} Say --yes if that is meant, or look with --dry-run.", param_hint="--now")
    if not typer.confirm(f"{doubt} Make the digests of that time?", err=True):
        tell("Nothing was made.")
        raise typer.Exit(2)


async def _believed(settings: Settings) -> datetime | None:
    async with open_store(settings) as store, store.read() as tx:
        return await last_time(tx.facts)


def moment(text: str) -> datetime:
    """Return the given moment, or the present; raise a usage error if it is not a valid moment."""
    if not text:
        return datetime.now(UTC)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write it like 2026-11-30T08:00:00+01:00", param_hint="--now") from None
    return (time if time.tzinfo else time.replace(tzinfo=BERLIN)).astimezone(UTC)


async def _digest(
    settings: Settings, now: datetime, dry_run: bool, approve_first: bool
) -> tuple[Sequence[DigestOutcome], Mapping[str, str]]:  # fmt: skip
    async with open_store(settings) as store:
        if settings.knowledge.bundle:
            await load_bundle(store)
        places = await places_of(store)
        await share_secret(store, settings.state_dir, shared_secrets(settings))
        links = Links(settings.web.public_url, read_secret(settings.state_dir))
        if approve_first and not dry_run:
            async with store.begin() as tx:
                await approve(tx)
        digests = DigestMaker(
            store, lambda: places, links, buttons=with_buttons(), first_send=settings.digests.first_send,
            carries=partial(may_pass, data=DataClass.TEXT_OF_OTHERS, settings=settings),
            can_reach=partial(can_take_request, settings=settings),
        )  # fmt: skip
        outcomes = await digests.make_due(now, dry_run=dry_run)
        async with store.read() as tx:
            states = await tx.digests.states([outcome.message_id for outcome in outcomes if outcome.message_id])
        return outcomes, states


async def places_of(store: Store) -> Gazetteer:
    """The places that the knowledge names, without opening a model."""
    async with store.read() as tx:
        towns = [stored.record async for stored in tx.records.stream(RecordKind.MUNICIPALITY)]
        names = {
            stored.record.municipality
            async for stored in tx.records.stream(RecordKind.PROJECT)
            if isinstance(stored.record, Project)
        }
    return Gazetteer(town for town in towns if isinstance(town, Municipality)).including(names)


def as_object(outcome: DigestOutcome, states: Mapping[str, str]) -> dict[str, Any]:
    """The outcome in the shape that other programs rely on; items are ids as they were imported."""
    state = SENT.get(states.get(outcome.message_id, ""), outcome.state)
    items = [item.partition(":")[2] for item in outcome.items]
    shown: dict[str, Any] = {"channel": outcome.channel, "week": str(outcome.week), "items": items, "state": state}
    return shown | ({"reason": outcome.reason} if outcome.reason else {})


def _line(shown: Mapping[str, Any]) -> str:
    content = shown.get("reason") or ", ".join(shown["items"])
    return f"{shown['channel']:<9} {shown['week']}  {shown['state']:<8} {content}"
