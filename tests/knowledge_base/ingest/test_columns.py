from __future__ import annotations

import pytest

from knowledge_base.errors import InputError
from knowledge_base.ingest.columns import matches, recognised


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("PROJEKTTITEL (de)", "title"), ("Projekt-Titel", "title"), ("Kurz-\nbeschreibung", "text"),
        ("Uebertragbarkeit", "transferability"), ("Handlungsfeld(er)", "topics"), ("Kosten [in €]", "funding"),
        ("Zusammenfassung des Vorhabens / operation summary", "text"), ("Tytuł projektu", "title"),
        ("Gesambetrag der förderfähigen Ausgaben", "funding"), ("Ansprechpartner*in", "contact_role"),
    ],
)  # fmt: skip
def test_column_is_recognised_by_its_name(name: str, field: str) -> None:
    assert matches(name)[0].field == field


@pytest.mark.parametrize("name", ["Farbe", "Multimedia", "Tite", "xyz"])
def test_other_names_mean_no_field(name: str) -> None:
    assert matches(name) == ()


def test_one_column_may_hold_title_and_text() -> None:
    columns = recognised(("bezeichnung / zusammenfassung", "ort"), frozenset(), {})
    assert columns.fields == (("title", "text"), ("municipality",))


def test_title_in_another_language_is_a_translation() -> None:
    columns = recognised(("titel (englisch)", "titel", "text"), frozenset(), {})
    assert columns.fields == (("title_en",), ("title",), ("text",))


def test_chosen_column_that_does_not_exist_is_refused_with_the_names() -> None:
    with pytest.raises(InputError, match="no column"):
        recognised(("a", "b"), frozenset(), {"title": "c"})


def test_column_chosen_for_the_text_still_gives_the_title() -> None:
    columns = recognised(("bezeichnung", "jahr"), frozenset(), {"text": "Bezeichnung"})
    assert columns.fields == (("title", "text"), ("period",))
