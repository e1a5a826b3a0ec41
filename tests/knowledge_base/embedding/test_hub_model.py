from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.embedding.hub_model import ModelSource
from knowledge_base.errors import ModelError


@pytest.mark.parametrize(
    ("setting", "name", "revision"),
    [
        ("all-MiniLM-L6-v2", "all-MiniLM-L6-v2", None),
        ("intfloat/multilingual-e5-base", "intfloat/multilingual-e5-base", None),
        ("intfloat/multilingual-e5-base@v1", "intfloat/multilingual-e5-base", "v1"),
        ("intfloat/multilingual-e5-base@", "intfloat/multilingual-e5-base", None),
    ],
)
def test_model_setting_is_parsed_into_name_and_revision(setting: str, name: str, revision: str | None) -> None:
    assert ModelSource.parse(setting) == ModelSource(name, revision)


@pytest.mark.parametrize("setting", ["", "@v1", "./gone", "/no/such/folder", "~/gone", "models/of/ours"])
def test_setting_that_is_neither_a_model_name_nor_a_folder_is_refused(setting: str) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        ModelSource.parse(setting)


def test_model_folder_is_identified_by_its_content_not_its_path(tmp_path: Path) -> None:
    for place in ("one", "two"):
        folder = tmp_path / place / "our-model"
        (folder / "part").mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder / "part" / "weights").write_bytes(b"weights")
    one, two = (ModelSource.parse(str(tmp_path / place / "our-model")) for place in ("one", "two"))
    assert one.label == two.label == "our-model"
    assert one.identity(None) == two.identity(None)
    (tmp_path / "two" / "our-model" / "README.md").write_text("words do not change vectors")
    assert one.identity(None) == two.identity(None)
    (tmp_path / "two" / "our-model" / "part" / "weights").write_bytes(b"Weights")
    assert one.identity(None) != two.identity(None)


def test_same_bytes_under_other_file_names_are_a_different_model(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder, names in ((first, ("x", "yz")), (second, ("xy", "z"))):
        folder.mkdir()
        for name in names:
            (folder / name).write_text("same")
    assert ModelSource.parse(str(first)).identity(None) != ModelSource.parse(str(second)).identity(None)
