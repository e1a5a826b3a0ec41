"""What an imported contact is told: where the data come from, on which ground, who answers, where to complain."""

from __future__ import annotations

from typing import Any

import pytest

from bot.features.privacy_notice import about_import
from bot.messages.markup import Document, Link, Paragraph, plain
from bot.texts import LANGUAGES, Texts
from config.operator import OperatorSettings
from config.settings import Settings
from knowledge_base.model import Contact
from tests.wording import says

OPERATOR = OperatorSettings(
    organisation="Amt für Beispiele", email="amt@stadt.example", supervisory_authority="Aufsicht des Landes"
)
TEXTS = Texts()


def notice(language: str = "de", operator: OperatorSettings = OPERATOR, **changes: Any) -> Document:
    values = {"legal_basis": "public_function", "source": "https://stadt.example/kontakt"} | changes
    contact = Contact(id="c1", role="Leitstelle", municipality="Stadt", email="rad@stadt.example", **values)
    return TEXTS.render(about_import(contact, Settings(operator=operator)), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("basis", "letter"), [("public_function", "e"), ("Consent", "a"), (" contract ", "b")])
def test_the_legal_basis_is_said_in_words(language: str, basis: str, letter: str) -> None:
    said = plain(notice(language, legal_basis=basis))
    law = {
        "de": f"Art. 6 Abs. 1 Buchst. {letter} DSGVO",
        "en": f"Art. 6(1)({letter}) GDPR",
        "pl": f"lit. {letter} RODO",
    }
    assert law[language] in said
    assert "public_function" not in said


def test_another_basis_stands_as_the_record_says_it() -> None:
    assert "§ 3 Beispielgesetz" in plain(notice(legal_basis="§ 3 Beispielgesetz"))


def test_where_the_data_come_from_is_a_link_where_it_is_one() -> None:
    (first, *_) = notice()
    assert isinstance(first, Paragraph)
    assert Link("https://stadt.example/kontakt") in first.inner
    assert "Amtsblatt 3/2026" in plain(notice(source="Amtsblatt 3/2026"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_complaints_go_to_the_authority_and_not_to_us(language: str) -> None:
    said = plain(notice(language))
    assert said.index("amt@stadt.example") < said.index("Aufsicht des Landes")
    assert "Aufsicht" not in plain(notice("en", OperatorSettings()))
    assert says("notice.no_authority", plain(notice("en", OperatorSettings())), "en")
