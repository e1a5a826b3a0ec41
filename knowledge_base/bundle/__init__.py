"""The knowledge that ships with the product; ``README.md`` beside this file names its sources."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TOPICS = FOLDER / "topics.yaml"
FUNDING_ROUNDS = FOLDER / "funding_rounds.yaml"
STATUSES = FOLDER / "statuses.yaml"
VECTORS = FOLDER / "vectors.npz"  # of the texts of its projects, by the embedded model
KINDS = FOLDER / "kinds.yaml"
TRANSLATIONS, ASKED_AS = "translations", "asked_as"  # fields of a project, in files of the same name

_RECORDS = (  # municipalities first: other records refer to them
    "municipalities.jsonl",
    "municipalities_additional.jsonl",
    "projects.jsonl",
    "facts_projects.jsonl",
    "projects_germany.jsonl",
    "model_projects.jsonl",
    "events.jsonl",
)


def files() -> list[Path]:
    """Return the record files (JSON Lines) in the order in which they are loaded."""
    return [FOLDER / name for name in _RECORDS]


def joined_files() -> dict[str, Path]:
    """Return the files (JSON Lines) with one field of projects each, by the field: an id and a value per language."""
    return {field: FOLDER / f"{field}.jsonl" for field in (TRANSLATIONS, ASKED_AS)}


def digest() -> str:
    """Return the SHA-256 (hex) over names and bytes of all loaded files: another digest means another bundle."""
    total = hashlib.sha256()
    joined = (path.name for path in joined_files().values())
    for name in (*_RECORDS, *joined, TOPICS.name, FUNDING_ROUNDS.name, STATUSES.name):
        content = (FOLDER / name).read_bytes()
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
