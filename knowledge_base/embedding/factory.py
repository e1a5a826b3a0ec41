"""Opens the engine that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from knowledge_base.embedding.e5_files import Progress, silent
from knowledge_base.embedding.port import Embedder
from knowledge_base.errors import ModelError

Engine = Literal["embedded", "sentence-transformers"]


async def open_embedder(engine: Engine, model: str, models_dir: Path, *, progress: Progress = silent) -> Embedder:
    """Load the engine and return it ready to use; the caller closes it.

    ``model`` is a name or folder for ``sentence-transformers``; the embedded engine has only one model and takes no
    name. ``progress`` gets the finished part (0 … 1) while the embedded model is prepared for the first time. Errors:
    ModelError, with the remedy.
    """
    if engine == "embedded":
        from knowledge_base.embedding.e5 import open_e5  # noqa: PLC0415 - loads the runtime of this engine only

        return await open_e5(models_dir, progress=progress)
    if not model:
        raise ModelError(
            "The engine sentence-transformers needs a model.",
            remedy="Set STADTLOTSE_EMBEDDING__MODEL to the name or the folder of one.",
        )
    from knowledge_base.embedding.sentence_transformers import open_sentence_transformer  # noqa: PLC0415

    return await open_sentence_transformer(model)
