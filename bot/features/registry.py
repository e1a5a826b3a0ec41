"""Which feature serves which intent, and who may ask for it. What is not listed is denied."""

from __future__ import annotations

from bot.commands import PERMISSIONS, to_text
from bot.commands.command import Intent, Permission
from bot.commands.introductions import Introduce
from bot.commands.search import Pick
from bot.context import Act, Serves, Services, Turn, say
from bot.features import help as guide
from bot.features import operating, rooms
from bot.features.accounts import connect, disconnect, pause, profile, whoami
from bot.features.contacts import claim, editing, facts, invite
from bot.features.conversation import attributes, replies
from bot.features.dialog import only_in_private
from bot.features.digests import chat as digests
from bot.features.digests import subscribe
from bot.features.editors import candidates, contribute, corrections, edit, history, new_entry, questions
from bot.features.introductions import chat as introductions
from bot.features.open_questions import pass_on
from bot.features.privacy import chat as privacy
from bot.features.search import ask, rating
from bot.features.talk import Talk, settle
from bot.messages import Say
from knowledge_base.store.transaction import Transaction

ADMINS_ONLY = Say("admins_only")
EDITORS_ONLY = Say("editors_only")


async def perform(turn: Turn, intent: Intent, services: Services) -> Act:
    """Return the act that an intent asks for, or the refusal when this user may not ask for it here.

    The caller runs the act in a transaction that holds the person: acts of one person come one after the other.
    """
    if isinstance(intent, Introduce) and intent.number is not None and not turn.inbound.private:
        intent = Introduce(await ask.picked_entry(turn, intent.number, services))  # a number means nothing elsewhere
    if refused := refusal(turn, intent):
        return say(refused)
    act = await SERVES[type(intent)](turn, intent, services)
    return _settling(turn, act, services) if _answers_what_waits(turn, intent) else act


def _answers_what_waits(turn: Turn, intent: Intent) -> bool:
    pending = Talk.of(turn.context).pending
    return bool(pending) and not isinstance(intent, Pick) and to_text(intent) in pending


def _settling(turn: Turn, act: Act, services: Services) -> Act:
    """Do what waited for a yes; then nothing waits any more."""

    async def settled(tx: Transaction) -> Say:
        await settle(tx, turn, services)
        return await act(tx)

    return settled


def refusal(turn: Turn, intent: Intent) -> Say | None:
    """Return what to say when this user may not ask for this here; ``None``: they may."""
    match PERMISSIONS.get(type(intent)) if type(intent) in SERVES else None:
        case Permission.ALL:
            return None
        case Permission.ONE_TO_ONE:
            return None if turn.inbound.private else only_in_private(turn, intent)
        case Permission.TOWNS:  # whose record it is, the feature checks (``bot.features.own_records``)
            return None if turn.editor or turn.inbound.private else EDITORS_ONLY
        case Permission.EDITORS:
            return None if turn.editor else EDITORS_ONLY
        case Permission.ADMINS:
            return None if turn.admin else ADMINS_ONLY
        case None:
            return EDITORS_ONLY


async def pick(turn: Turn, intent: Pick, services: Services) -> Act:
    """Do what a number that was shown stands for."""
    picked = await ask.pick(turn, intent.number, services)
    if picked is None:
        return say(Say("pick.nothing", {"number": intent.number}))
    return await perform(turn, picked, services)


_FEATURES: tuple[Serves, ...] = (
    guide.SERVES,
    ask.SERVES,
    rating.SERVES,
    pass_on.SERVES,
    introductions.SERVES,
    subscribe.SERVES,
    digests.SERVES,
    connect.SERVES,
    disconnect.SERVES,
    pause.SERVES,
    profile.SERVES,
    rooms.SERVES,
    whoami.SERVES,
    questions.SERVES,
    new_entry.SERVES,
    claim.SERVES,
    editing.SERVES,
    invite.SERVES,
    facts.SERVES,
    corrections.SERVES,
    edit.SERVES,
    history.SERVES,
    privacy.SERVES,
    contribute.SERVES,
    candidates.SERVES,
    attributes.SERVES,
    replies.SERVES,
    operating.SERVES,
    {Pick: pick},
)
SERVES: Serves = {intent: serve for served in _FEATURES for intent, serve in served.items()}
