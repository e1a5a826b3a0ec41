"""What may be said once of an introduction: the outbox keeps one message of each key. Pure."""

from __future__ import annotations

from knowledge_base.introductions.values import Introduction, Side


def request_key(one: Introduction) -> str:
    """The request to the contact of this round."""
    return f"intro:{one.id}:request:{one.round}"


def remind_key(one: Introduction) -> str:
    """The one reminder of this round."""
    return f"intro:{one.id}:remind:{one.round}"


def again_key(one: Introduction, parting: str) -> str:
    """The request told again as accounts were parted: once for each parting."""
    return f"intro:{one.id}:again:{parting}"


def outcome_key(one: Introduction, side: Side) -> str:
    """How it ended: whatever happens, each side hears one end."""
    return f"intro:{one.id}:outcome:{side}"


def onward_key(one: Introduction) -> str:
    """That the next contact is being asked."""
    return f"intro:{one.id}:onward:{one.round}"


def follow_up_key(one: Introduction, side: Side) -> str:
    """Did it help?"""
    return f"intro:{one.id}:helped:{side}"


def room_key(one: Introduction) -> str:
    """The room of both."""
    return f"intro:{one.id}:room"
