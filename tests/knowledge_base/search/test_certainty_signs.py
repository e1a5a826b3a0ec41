"""Signs in the wording that a knowledge base of projects holds no answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.search.certainty_signs import asks_own_affair, asks_private_data


@pytest.mark.parametrize(
    "text",
    [
        "Wie ist die Handynummer der Leiterin?",
        "Was verdient der Dezernent? Sein Gehalt, bitte",
        "In welcher Straße liegt ihre Wohnadresse, und wo wohnt sie?",
        "What is the director's home address?",
        "How old is the mayor",
        "Podaj numer telefonu burmistrza",
        "Ile zarabia kierownik projektu?",
    ],
)
def test_private_data(text: str) -> None:
    assert asks_private_data(text)


@pytest.mark.parametrize(
    "text",
    [
        "Muss ich für meinen Hund Steuern zahlen?",
        "Wohngeld beantragen",
        "Mein Arbeitgeber zahlt den Lohn nicht",
        "How do I renew a passport?",
        "Am I entitled to parental leave?",
        "Gdzie mogę zarejestrować samochód?",
        "Jak wypełnić formularz podatkowy",
    ],
)
def test_own_affair(text: str) -> None:
    assert asks_own_affair(text)


@pytest.mark.parametrize(
    "text",
    [
        "Wer hat Mobilitätsprojekte gemacht?",
        "Wer ist in Cottbus für das Energiemonitoring zuständig?",
        "An wen wende ich mich wegen der Bürger-App?",
        "Ich habe gehört, dass Potsdam Sensoren aufstellt",
        "Öffentlich-private Partnerschaft für ein Funknetz",
        "Which towns share a data platform with private companies?",
        "Kto odpowiada za otwarte dane?",
    ],
)
def test_questions_for_projects_show_neither(text: str) -> None:
    assert not asks_private_data(text)
    assert not asks_own_affair(text)


@given(st.text())
def test_any_text_is_safe(text: str) -> None:
    assert asks_private_data(text) in {True, False}
    assert asks_own_affair(text) in {True, False}
