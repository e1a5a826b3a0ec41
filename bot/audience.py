"""Who may want what, and where: every intent is declared here, and what is not declared is denied.

Admins and editors are accounts that the settings name; a role in a room of the network is none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.features import Turn
from bot.intents import (
    Ask,
    Digest,
    Edit,
    Forget,
    Help,
    Intent,
    Introduce,
    IntroduceStatus,
    IntroduceStep,
    Language,
    More,
    MyData,
    PassOn,
    Pause,
    Pick,
    Privacy,
    Profile,
    Questions,
    Rate,
    Refuse,
    Remove,
    Reply,
    Respond,
    Resume,
    SayHelped,
    Show,
    Start,
    Subscribe,
    Unknown,
    Unsubscribe,
    Verify,
    Withdraw,
)
from bot.messages import Say


class Audience(StrEnum):
    """Who may."""

    EVERYBODY = "everybody"  # in rooms, too
    ONE_TO_ONE = "one to one"  # everybody, where nobody else reads along
    EDITORS = "editors"


WHO: Mapping[type[Intent], Audience] = {
    Start: Audience.EVERYBODY,
    Help: Audience.EVERYBODY,
    Ask: Audience.EVERYBODY,
    More: Audience.EVERYBODY,
    Show: Audience.EVERYBODY,
    Pick: Audience.EVERYBODY,
    Language: Audience.EVERYBODY,
    Rate: Audience.EVERYBODY,
    Profile: Audience.ONE_TO_ONE,
    Verify: Audience.ONE_TO_ONE,
    Pause: Audience.ONE_TO_ONE,
    Resume: Audience.ONE_TO_ONE,
    Refuse: Audience.ONE_TO_ONE,
    Privacy: Audience.EVERYBODY,
    MyData: Audience.ONE_TO_ONE,
    Forget: Audience.ONE_TO_ONE,
    Withdraw: Audience.ONE_TO_ONE,
    Introduce: Audience.ONE_TO_ONE,
    IntroduceStep: Audience.ONE_TO_ONE,
    IntroduceStatus: Audience.ONE_TO_ONE,
    Respond: Audience.ONE_TO_ONE,
    SayHelped: Audience.ONE_TO_ONE,
    Subscribe: Audience.EVERYBODY,  # in rooms its feature asks for an admin
    Unsubscribe: Audience.EVERYBODY,
    Digest: Audience.EVERYBODY,
    PassOn: Audience.ONE_TO_ONE,
    Reply: Audience.ONE_TO_ONE,
    Questions: Audience.EDITORS,
    Edit: Audience.EDITORS,
    Remove: Audience.EDITORS,
    Unknown: Audience.EVERYBODY,
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
