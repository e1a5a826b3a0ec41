"""Words that show that a knowledge base of projects has no answer."""

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
def test_question_for_private_data_is_recognised(text: str) -> None:
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
def test_question_about_the_users_own_affairs_is_recognised(text: str) -> None:
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
def test_question_for_projects_is_neither_private_nor_an_own_affair(text: str) -> None:
    assert not asks_private_data(text)
    assert not asks_own_affair(text)


@given(st.text())
def test_any_text_is_classified_without_an_error(text: str) -> None:
    assert asks_private_data(text) in {True, False}
    assert asks_own_affair(text) in {True, False}
