"""The settings of the knowledge base: what it holds at first, and who may change it."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class KnowledgeSettings(Section):
    """What the knowledge base holds at the first start, and who may change it apart from editors."""

    towns_edit_own: bool = Field(
        False, description="verified users of a municipality may change its projects without an editor"
    )
    bundle: bool = Field(True, description="load the projects that come with the software, and their updates")
