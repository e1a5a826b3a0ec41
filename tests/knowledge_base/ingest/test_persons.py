from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.persons import office_only, without_persons


@pytest.mark.parametrize(
    ("written", "office"),
    [
        ("Klimaschutzmanagerin V. Nachname", "Klimaschutzmanagerin"),
        ("Stabsstelle Klima, Frau Dr. Anna Muster", "Stabsstelle Klima"),
        ("Amt 61 – Max Mustermann", "Amt 61"),
        ("Herr Bürgermeister Beispiel, Hauptamt", "Bürgermeister, Hauptamt"),
        ("Anna Nowak, Wydział Rozwoju", "Wydział Rozwoju"),
        ("Hr. N. N.", ""),
        ("Pani Katarzyna Przykładowa", ""),
        ("Leitstelle Energie der Stadt Cottbus", "Leitstelle Energie der Stadt Cottbus"),
        ("Referat Umwelt und Klima", "Referat Umwelt und Klima"),
    ],
)
def test_office_stays_and_the_person_goes(written: str, office: str) -> None:
    assert office_only(written) == office


@pytest.mark.parametrize(
    "text",
    [
        "Konrad-Adenauer-Stiftung und Anne Frank Schule",
        "Am Karl Marx Platz",
        "Max Mustermann GmbH",
        "Das Kompetenzzentrum Frau und Beruf Märkische Region",
    ],
)
def test_what_is_named_after_a_person_stays(text: str) -> None:
    assert without_persons(text) == text


@given(
    st.lists(
        st.sampled_from(["Anna ", "Muster ", "Frau ", "Dr. ", "N. ", "Amt ", ", ", "- ", "(", ")"]), max_size=12
    ).map("".join)
)
def test_masking_persons_twice_changes_nothing_more(text: str) -> None:
    once = without_persons(text)
    assert without_persons(once) == once
