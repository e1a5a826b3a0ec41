"""Names of people in texts that all users read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.persons import office_only, person_in, person_in_role, person_left_out, without_persons


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


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Bauamt, Herr N. N.", "Herr N. N."),
        ("Hr. Muster (Stadtwerke)", "Hr. Muster"),
        ("Klimaschutzmanagerin V. Nachname", "V. Nachname"),
        ("Prof. Dr. Erika Musterfrau, FH", "Prof. Dr. Erika Musterfrau"),
        ("Pani Anna Przykład, urząd", "Pani Anna Przykład"),
        ("Amt für Stadtentwicklung", ""),
        ("Leitung Digitale Stadt", ""),
        ("Stabsstelle Smart City, 2. OG", ""),
    ],
)
def test_name_in_a_role_is_found(written: str, name: str) -> None:
    assert person_in_role(written) == name


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("Den Bus plant Frau Dr. Muster mit Vereinen.", "Frau Dr. Muster", "Den Bus plant mit Vereinen."),
        ("Mustermann Erika", "Mustermann Erika", ""),
        ("Frau und Beruf", "", "Frau und Beruf"),
        ("Herr der Daten bleiben", "", "Herr der Daten bleiben"),
        ("Frau von der Leyen kam.", "Frau von der Leyen", "kam."),
        ("Keiner mag Dienst schieben.", "", "Keiner mag Dienst schieben."),
        ("Mag. Muster kam.", "Mag. Muster", "kam."),
        ("in der Dr.-Müller-Straße", "", "in der Dr.-Müller-Straße"),
        (
            "Projekt u. a. mit Vereinen e. V., z. B. Radwege am 3. Mai 2024",
            "",
            "Projekt u. a. mit Vereinen e. V., z. B. Radwege am 3. Mai 2024",
        ),
    ],
)
def test_name_in_a_text_is_found_and_the_rest_stays(text: str, name: str, rest: str) -> None:
    assert person_in(text) == name
    assert person_left_out(text) == rest
