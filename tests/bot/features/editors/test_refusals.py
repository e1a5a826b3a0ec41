"""An editor typed an invalid value: the bot gives the reason in the language of the chat."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.field_words import label_of
from bot.features.editors import fields
from bot.features.editors.fields import refused, with_field
from bot.messages.markup import plain
from bot.texts import LANGUAGES, Texts
from knowledge_base.ingest import limits
from knowledge_base.ingest.row import RowError
from knowledge_base.model import RecordKind

TEXTS = Texts()
BODIES = {
    RecordKind.PROJECT: {"id": "p", "title": "T", "text": "X"},
    RecordKind.CONTACT: {"id": "c", "role": "Amt", "municipality": "Cottbus"},
}
FIELDS = [
    *((RecordKind.PROJECT, name) for name in fields.OF_PROJECT),
    *((RecordKind.CONTACT, name) for name in fields.OF_CONTACT),
]
REFUSED = [
    (RecordKind.PROJECT, "title", "", "missing"),
    (RecordKind.PROJECT, "title", "x" * (limits.MAX_LINE + 1), "too_long"),
    (RecordKind.PROJECT, "text", "Wort " * limits.MAX_TEXT, "too_long"),
    (RecordKind.PROJECT, "topics", "|".join(map(str, range(limits.MAX_LIST + 1))), "too_many"),
    (RecordKind.PROJECT, "title", "a\0b", "unprintable"),
    (RecordKind.PROJECT, "url", "ftp://stadt.example", "no_url"),
    (RecordKind.PROJECT, "url", "https://amt:geheim@stadt.example", "url_password"),
    (RecordKind.PROJECT, "sources", "Bericht|ftp://stadt.example", "no_url"),
    (RecordKind.PROJECT, "lang", "deutsch!", "no_language"),
    (RecordKind.PROJECT, "as_of", "Herbst 2026", "no_date"),
    (RecordKind.CONTACT, "email", "amt(at)stadt", "no_mail"),
    (RecordKind.CONTACT, "matrix_id", "amt", "no_matrix_id"),
    (RecordKind.CONTACT, "phone", "später", "no_phone"),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "field", "text", "key"), REFUSED)
def test_reason_for_a_refused_edit_is_in_the_language_of_the_chat(
    kind: RecordKind, field: str, text: str, key: str, language: str
) -> None:
    error = with_field(kind, BODIES[kind], field, text)
    assert isinstance(error, RowError)
    assert error.key == key
    said = plain(TEXTS.render(refused(error, language), language))
    assert label_of(field, language) in said
    assert language == "en" or error.reason not in said
    for line in re.split(r"\{[a-z_]+\}", TEXTS.template(f"edit.refused.{key}", language)):
        assert line in said


@given(st.sampled_from(FIELDS), st.text())
def test_every_value_of_a_field_is_accepted_or_refused_with_a_text(place: tuple[RecordKind, str], text: str) -> None:
    kind, field = place
    result = with_field(kind, BODIES[kind], field, text)
    if isinstance(result, RowError):
        assert all(TEXTS.template(f"edit.refused.{result.key}", language) for language in LANGUAGES)


def test_edited_text_loses_its_own_translations_only() -> None:
    translations = {"en": {"title": "Bus", "status": "planned"}, "pl": {"status": "planowane"}}
    body = BODIES[RecordKind.PROJECT] | {"status": "geplant", "translations": translations}
    edited = with_field(RecordKind.PROJECT, body, "status", "in Betrieb")
    assert edited == body | {"status": "in Betrieb", "translations": {"en": {"title": "Bus"}}}
    assert with_field(RecordKind.PROJECT, body, "status", "geplant") == body
    assert with_field(RecordKind.PROJECT, body, "checked", "02.11.2026") == body | {"checked": "2026-11-02"}
