"""The setting of what the knowledge base holds at first."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class KnowledgeSettings(Section):
    """The content of the knowledge base at the first start."""

    bundle: bool = Field(True, description="load the projects that come with the software, and their updates")
