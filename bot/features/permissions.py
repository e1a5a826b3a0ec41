"""Who may want what, and where: every intent is declared here, and what is not declared is denied.

Admins and editors are accounts that the settings name; a role in a room of the network is none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.commands import intents
from bot.commands.intents import Intent
from bot.context import Turn
from bot.messages import Say


class Audience(StrEnum):
    """Who may."""

    EVERYBODY = "everybody"  # in rooms, too
    ONE_TO_ONE = "one to one"  # everybody, where nobody else reads along
    EDITORS = "editors"


WHO: Mapping[type[Intent], Audience] = {
    intents.Start: Audience.EVERYBODY,
    intents.Thanks: Audience.EVERYBODY,
    intents.Help: Audience.EVERYBODY,
    intents.Ask: Audience.EVERYBODY,
    intents.More: Audience.EVERYBODY,
    intents.Show: Audience.EVERYBODY,
    intents.Pick: Audience.EVERYBODY,
    intents.Language: Audience.EVERYBODY,
    intents.Rate: Audience.EVERYBODY,
    intents.Profile: Audience.ONE_TO_ONE,
    intents.Verify: Audience.ONE_TO_ONE,
    intents.Disconnect: Audience.ONE_TO_ONE,
    intents.Pause: Audience.ONE_TO_ONE,
    intents.Resume: Audience.ONE_TO_ONE,
    intents.Refuse: Audience.ONE_TO_ONE,
    intents.Privacy: Audience.EVERYBODY,
    intents.MyData: Audience.ONE_TO_ONE,
    intents.Forget: Audience.ONE_TO_ONE,
    intents.Withdraw: Audience.ONE_TO_ONE,
    intents.Correct: Audience.ONE_TO_ONE,
    intents.Introduce: Audience.ONE_TO_ONE,
    intents.IntroduceStep: Audience.ONE_TO_ONE,
    intents.IntroduceStatus: Audience.ONE_TO_ONE,
    intents.Respond: Audience.ONE_TO_ONE,
    intents.SayHelped: Audience.ONE_TO_ONE,
    intents.Subscribe: Audience.EVERYBODY,  # in rooms its feature asks for an admin
    intents.Unsubscribe: Audience.EVERYBODY,
    intents.Digest: Audience.EVERYBODY,
    intents.PassOn: Audience.ONE_TO_ONE,
    intents.Reply: Audience.ONE_TO_ONE,
    intents.OfferAnswer: Audience.ONE_TO_ONE,
    intents.Questions: Audience.EDITORS,
    intents.NewEntry: Audience.EDITORS,
    intents.Edit: Audience.EDITORS,
    intents.Remove: Audience.EDITORS,
    intents.Unknown: Audience.EVERYBODY,
}

EDITORS_ONLY = Say("editors_only")
ONE_TO_ONE_ONLY = Say("one_to_one_only")


def refusal(turn: Turn, intent: Intent) -> Say | None:
    """What to say instead, when this person may not want this here; ``None``: they may."""
    match WHO.get(type(intent)):
        case Audience.EVERYBODY:
            return None
        case Audience.ONE_TO_ONE:
            return None if turn.inbound.private else ONE_TO_ONE_ONLY
        case Audience.EDITORS:
            return None if turn.editor else EDITORS_ONLY
        case None:
            return EDITORS_ONLY
