"""The notice to an imported contact: source of the data, legal basis, controller, right to complain."""

from __future__ import annotations

from typing import Any

import pytest

from bot.features.privacy_notice import about_import
from bot.messages import Say
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
    office = {"id": "c1", "role": "Leitstelle", "municipality": "Stadt", "email": "rad@stadt.example"}
    contact = Contact(**office | values)
    return TEXTS.render(about_import(contact, Settings(operator=operator)), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("basis", "letter"), [("public_function", "e"), ("Consent", "a"), (" contract ", "b")])
def test_notice_names_the_article_of_a_known_legal_basis(language: str, basis: str, letter: str) -> None:
    said = plain(notice(language, legal_basis=basis))
    law = {
        "de": f"Art. 6 Abs. 1 Buchst. {letter} DSGVO",
        "en": f"Art. 6(1)({letter}) GDPR",
        "pl": f"lit. {letter} RODO",
    }
    assert law[language] in said
    assert "public_function" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_notice_names_the_kinds_of_data_that_are_stored_and_no_others(language: str) -> None:
    def label(name: str) -> str:
        return plain(TEXTS.render(Say(f"field.{name}"), language))

    by_mail, by_chat = plain(notice(language)), plain(notice(language, email="", matrix_id="@rad:stadt.example"))
    assert label("email") in by_mail
    assert label("matrix_id") not in by_mail
    assert label("matrix_id") in by_chat
    assert label("email") not in by_chat
    for name, value in {"phone": "0355 1234", "projects": ("bus",), "topics": ("Verkehr",), "deputy": "c2"}.items():
        assert label(name) not in by_mail
        assert label(name) in plain(notice(language, **{name: value}))
    assert "büro" in plain(notice(language, extra={"büro": "12"}))


def test_notice_quotes_an_unknown_legal_basis_unchanged() -> None:
    assert "§ 3 Beispielgesetz" in plain(notice(legal_basis="§ 3 Beispielgesetz"))


def test_notice_shows_the_source_of_the_data_as_a_link_if_it_is_an_address() -> None:
    (first, *_) = notice()
    assert isinstance(first, Paragraph)
    assert Link("https://stadt.example/kontakt") in first.inner
    assert "Amtsblatt 3/2026" in plain(notice(source="Amtsblatt 3/2026"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_notice_names_the_supervisory_authority_for_complaints(language: str) -> None:
    said = plain(notice(language))
    assert said.index("amt@stadt.example") < said.index("Aufsicht des Landes")
    assert "Aufsicht" not in plain(notice("en", OperatorSettings()))
    assert says("notice.no_authority", plain(notice("en", OperatorSettings())), "en")
