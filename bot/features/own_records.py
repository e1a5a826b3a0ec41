"""Who may change a record: editors, and where a setting allows it, verified users of its municipality."""

from __future__ import annotations

from bot.context import Services, Turn
from bot.features.places import named
from knowledge_base.model import Project
from knowledge_base.store.edits import EDITOR, TOWN
from knowledge_base.store.transaction import Transaction


async def author_of(tx: Transaction, turn: Turn, project: Project, services: Services) -> str:
    """Return as what a user may change a project, for its history; empty if they may not."""
    if turn.editor:
        return EDITOR
    if not (services.settings.knowledge.towns_edit_own and turn.inbound.private and project.municipality):
        return ""
    profile = await tx.profiles.get(turn.person.id)
    towns = [municipality.id for municipality in named(project.municipality, services.search.snapshot.gazetteer)]
    return TOWN if profile.is_verified(tx.now) and towns == [profile.municipality] else ""
