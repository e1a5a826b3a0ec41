"""What may be said once of an introduction: the outbox keeps one message of each key. Pure."""

from __future__ import annotations

from knowledge_base.introductions.values import Introduction, Side


def request_key(introduction: Introduction) -> str:
    """The request to the contact of this round."""
    return f"intro:{introduction.id}:request:{introduction.round}"


def remind_key(introduction: Introduction) -> str:
    """The one reminder of this round."""
    return f"intro:{introduction.id}:remind:{introduction.round}"


def again_key(introduction: Introduction, parting: str) -> str:
    """The request told again as accounts were parted: once for each parting."""
    return f"intro:{introduction.id}:again:{parting}"


def outcome_key(introduction: Introduction, side: Side) -> str:
    """How it ended: whatever happens, each side hears one end."""
    return f"intro:{introduction.id}:outcome:{side}"


def onward_key(introduction: Introduction) -> str:
    """That the next contact is being asked."""
    return f"intro:{introduction.id}:onward:{introduction.round}"


def follow_up_key(introduction: Introduction, side: Side) -> str:
    """Did it help?"""
    return f"intro:{introduction.id}:helped:{side}"


def room_key(introduction: Introduction) -> str:
    """The room of both."""
    return f"intro:{introduction.id}:room"
