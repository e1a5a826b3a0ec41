"""Small talk, questions about the bot, asking back, and a no: what is said without a search."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from bot.commands import parse
from bot.commands.account import Pause
from bot.commands.command import Intent
from bot.commands.conversation import AboutBot, AskBack, Decline, Propose, Report, SmallTalk
from bot.commands.digests import Subscribe, Unsubscribe
from bot.commands.introductions import IntroduceStep, Respond
from bot.commands.open_questions import OfferAnswer, PassOn
from bot.commands.privacy import Forget
from bot.context import Act, Serves, Services, Turn, say
from bot.features.privacy_notice import operator
from bot.features.talk import Talk, introduced, offer, settle
from bot.messages import Choice, Say, Value
from knowledge_base.labels import state_in
from knowledge_base.model import Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.record_facts import is_thin
from knowledge_base.store.transaction import Transaction

SMALL_TALK = ("bye", "fine", "chat", "blame", "anew", "unreadable")
WAITING: dict[type[Intent], str] = {  # what waits for a yes, as its reminder and its refusal name it
    PassOn: "pass_on",
    OfferAnswer: "pass_on",
    IntroduceStep: "intro",
    Respond: "intro",
    Forget: "forget",
    Report: "report",
    Unsubscribe: "digest",
    Subscribe: "digest",
    Pause: "digest",
}


async def small_talk(turn: Turn, intent: SmallTalk, services: Services) -> Act:
    """Answer what asks for nothing; the talk stays as it is."""
    kind = intent.kind if intent.kind in SMALL_TALK else "fine"
    return introduced(turn, services, say(Say(f"small_talk.{kind}")))


async def about_bot(turn: Turn, intent: AboutBot, services: Services) -> Act:
    """Answer a question about the bot."""
    snapshot = services.search.snapshot
    projects = snapshot.index.projects
    if intent.kind == "count":
        return say(Say("about.count", counts(projects, snapshot.gazetteer, turn.language)))
    if intent.kind == "operator":
        return say(Say("about.operator", {"operator": operator(services.settings)}))
    return say(Say("about.ai" if intent.kind == "ai" else "about.source"))


def counts(projects: tuple[Project, ...], gazetteer: Gazetteer, language: str) -> dict[str, str | int]:
    """Return how many projects there are, how many with content, of how many towns and states, and of which most."""
    towns = {name for project in projects for name in (project.municipality, *project.members) if name}
    said = (part.strip() for project in projects for part in re.split("[/,;]", project.state))
    german = {municipality.state for municipality in gazetteer.municipalities if municipality.country == "DE"}
    by_state = Counter(state for state in said if state and state in german)
    most = sorted(by_state, key=lambda state: (-by_state[state], state))[:5]
    return {
        "projects": len(projects),
        "full": sum(not is_thin(project) for project in projects),
        "towns": len(towns),
        "states": len(by_state),
        "most": ", ".join(f"{state_in(state, language)} ({by_state[state]})" for state in most),
    }


async def ask_back(turn: Turn, intent: AskBack, _services: Services) -> Act:
    """Ask what is meant; nothing is lost by it."""
    if intent.kind == "consent":
        return say(Say("ask_back.consent", {"what": waits(Talk.of(turn.context))}))
    return say(Say("ask_back.record" if intent.kind == "record" else "ask_back.question"))


async def propose(turn: Turn, intent: Propose, services: Services) -> Act:
    """Ask for a yes to something that changes what is stored."""

    async def act(tx: Transaction) -> Say:
        wanted = parse(intent.command)
        yes = Choice(Say(f"choice.{WAITING.get(type(wanted), 'other')}_yes"), wanted, numbered=True)
        await offer(tx, turn, services, (yes,), consent=True)
        values: dict[str, Value] = {"choices": (yes.label,)}
        match wanted:
            case Pause(days=days):
                return Say("propose.digest_pause", values | {"days": days or 0}, (yes,))
            case Subscribe(text=topics):
                return Say("propose.digest_subscribe", values | {"topics": topics}, (yes,))
        return Say("propose.digest_stop", values, (yes,))

    return act


async def decline(turn: Turn, _intent: Decline, services: Services) -> Act:
    """Drop what waits for a yes."""

    async def act(tx: Transaction) -> Say:
        what = kind_of(Talk.of(turn.context))
        await settle(tx, turn, services)
        return Say(f"declined.{what}")

    return act


def kind_of(talk: Talk) -> str:
    """Return the kind of what waits for a yes."""
    return next((WAITING[type(intent)] for intent in talk.waiting if type(intent) in WAITING), "other")


def waits(talk: Talk) -> Say:
    """Return the reminder of what waits for a yes."""
    return Say(f"waits.{kind_of(talk)}")


async def reminder(tx: Transaction, turn: Turn, services: Services, answer: Say) -> Say | None:
    """Return what stands below an answer to something else while a yes is awaited; ``None``: nothing waits."""
    if not Talk.of(turn.context).consent or answer.key.startswith(("ask_back.", "declined.", "propose.")):
        return None
    now = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    talk = Talk.of(now)
    still = talk.consent and talk.pending == Talk.of(turn.context).pending
    return replace(waits(talk), language=turn.language) if still else None


SERVES: Serves = {SmallTalk: small_talk, AboutBot: about_bot, AskBack: ask_back, Propose: propose, Decline: decline}
