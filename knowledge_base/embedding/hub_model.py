"""The model that a setting names: a folder, or a name (and revision) on the Hugging Face hub.

For both torch engines.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge_base.errors import ModelError

INSTALL_FULL = "Install the full set: make install-full"


@dataclass(frozen=True, slots=True)
class ModelSource:
    """The source of a model. ``folder`` is set when it lies on this machine: then no network is used."""

    name: str  # to load it by: the folder's path, or the name on the hub
    revision: str | None = None
    folder: Path | None = None

    @classmethod
    def parse(cls, setting: str) -> ModelSource:
        """Read ``folder``, ``name`` or ``name@revision``; raise ModelError when the text is neither."""
        folder = Path(setting).expanduser()
        if setting and folder.is_dir():
            return cls(str(folder), folder=folder)
        name, _, revision = setting.partition("@")
        if not name or name.startswith((".", "~", "/")) or name.count("/") > 1:
            raise ModelError(
                f"There is no model folder {setting!r}.", remedy="Give an existing folder, or a model's name."
            )
        return cls(name, revision=revision or None)

    @property
    def label(self) -> str:
        """Return the name without the path, so that it is the same on every machine."""
        return self.folder.resolve().name if self.folder else self.name

    def identity(self, model: Any) -> str:
        """Return the identity of the loaded model's state: a digest of the files, or the commit of the hub."""
        if self.folder:
            return _digest(self.folder)
        return model.model_card_data.base_model_revision or self.revision or "unknown"

    def failure(self, error: Exception) -> ModelError:
        """Return the error to raise when loading failed."""
        if self.folder:
            remedy = "Check that the folder holds a whole model, as `model.save(folder)` writes it."
        else:
            remedy = (
                "Check the name, and that this machine reaches the hub or has the model in its cache; or give a folder."
            )
        return ModelError(f"The model {self.name} cannot be loaded ({type(error).__name__}: {error}).", remedy=remedy)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md" and path.name[0] != ".")
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
