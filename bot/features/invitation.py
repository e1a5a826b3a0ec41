"""The offer to invite a town that no contact answers for."""

from __future__ import annotations

from bot.channels.networks import MAIL
from bot.channels.policy import is_usable
from bot.commands.contacts import Invite
from bot.context import Services
from bot.messages import Choice, Say
from knowledge_base.model import Project


def uninvited(project: Project, services: Services) -> str:
    """Return the id of the municipality of a project that nobody can be asked for; empty if somebody can, or it is
    not known.
    """
    introducible = services.search.snapshot.introducible
    if introducible.has_contact(project.municipality):
        return ""
    return next(iter(sorted(introducible.ids_of(project.municipality))), "")


def invitation(project: Project, services: Services) -> tuple[Choice, ...]:
    """Return the choice to invite the municipality of a project; none where a town could not answer, without mail."""
    municipality = uninvited(project, services)
    if not municipality or not is_usable(MAIL, services.settings):
        return ()
    return (Choice(Say("choice.invite", {"place": project.municipality}), Invite("", f"#{municipality}")),)
