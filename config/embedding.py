"""The settings of the models that search by meaning."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.section import Section


class EmbeddingSettings(Section):
    """The model that turns texts into vectors."""

    engine: Literal["embedded", "sentence-transformers"] = Field(
        "embedded", description="embedded: ready at once, 230 MB; sentence-transformers: any model, needs the full set"
    )
    model: str = Field("", description="name or folder of a sentence-transformers model; empty: the engine's default")
    reranker: str = Field(
        "", description="name or folder of a CrossEncoder that reorders the best hits; empty: no reordering"
    )
