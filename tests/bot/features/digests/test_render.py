"""A digest tells of projects in the language of its reader."""

from __future__ import annotations

import pytest

from bot.features.digests.render import Issue, ReadingPlace, digest
from bot.messages import Say
from knowledge_base.digests.content import DigestCandidate, DigestEntry, Kind, Selection, Why
from knowledge_base.model import Project

BUS = Project(
    id="bus", title="Rufbus", text="Der Bus kommt auf Anruf.", contact_role="Stabsstelle",
    translations={"en": {"title": "Bus on demand", "text": "The bus comes when called.", "contact_role": "Unit"}},
)  # fmt: skip
SELECTION = Selection((DigestEntry(DigestCandidate(kind=Kind.PROJECT, id="bus"), Why.NEW),))
MARK = Say("origin.translated", {"language": Say("origin.from.de")})


@pytest.mark.parametrize(
    ("language", "key", "title", "marked"),
    [
        ("de", "digest.project", "Rufbus", False),
        ("en", "digest.project", "Bus on demand", True),
        ("pl", "digest.project_original", "Rufbus", False),
    ],
)
def test_project_is_told_in_the_language_of_the_reader(language: str, key: str, title: str, marked: bool) -> None:
    said = digest(SELECTION, Issue(records={"project:bus": BUS}), (), language, ReadingPlace.CHAT, buttons=True)
    entries = said.values["entries"]
    assert isinstance(entries, tuple)
    entry = entries[0]
    assert isinstance(entry, Say)
    assert (entry.key, entry.values["title"]) == (key, title)
    assert (MARK in entry.values["facts"]) is marked  # type: ignore[operator]
    assert said.choices[0].label == Say("choice.show", {"title": title})
