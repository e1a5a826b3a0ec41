"""The texts of a project that are embedded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.model import Project
from knowledge_base.search.passages import MAX_PASSAGES, MAX_QUESTIONS, PASSAGE_CHARACTERS, passages, text_hash

ANY_TEXT = st.text(st.characters(), max_size=4_000)


@given(ANY_TEXT, ANY_TEXT)
def test_passages_are_the_whole_text_first_then_parts_of_limited_length(title: str, text: str) -> None:
    whole, *parts = passages(Project(id="a", title=title, text=text))
    assert whole.kind == "whole"
    assert all(part.kind == "part" and 0 < len(part.body) <= PASSAGE_CHARACTERS for part in parts)
    assert len({part.hash for part in parts}) <= len(parts) <= MAX_PASSAGES


@given(st.lists(st.text("abc", min_size=1, max_size=900), min_size=1, max_size=30))
def test_no_letter_is_lost_between_parts(sentences: list[str]) -> None:
    text = ". ".join(sentences)
    _, *parts = passages(Project(id="a", title="T", text=text))
    if parts:
        assert "".join("".join(part.body for part in parts).split()) == "".join(text.split())


def test_a_short_document_has_one_text() -> None:
    (only,) = passages(Project(id="a", title="Energiemonitoring", text="Zähler in Schulen."))
    assert only.text == "Energiemonitoring\nZähler in Schulen."
    assert only.body == "Zähler in Schulen."


def test_parts_carry_the_title_and_end_where_sentences_end() -> None:
    sentence = "Die Stadt misst die Wärme in Schulen und spart damit Energie."
    whole, *parts = passages(Project(id="a", title="Wärme", text=" ".join([sentence] * 40)))
    assert len(parts) > 1
    assert all(part.text.startswith("Wärme\n") and part.body.endswith("Energie.") for part in parts)
    assert max(len(p.body) for p in parts) - min(len(p.body) for p in parts) < PASSAGE_CHARACTERS / 2
    assert whole.body.count(sentence) == 40


def test_a_title_that_the_text_repeats_is_not_doubled() -> None:
    (only,) = passages(Project(id="a", title="Realschule", text="Realschule\nEine Schulart."))
    assert only.text == "Realschule\nEine Schulart."


def test_equal_texts_share_a_hash_of_sixteen_bytes() -> None:
    assert text_hash("a") == text_hash("a") != text_hash("b")
    assert len(text_hash("\ud800")) == 16


def test_each_translation_has_its_own_texts_after_those_of_the_original() -> None:
    translated = {"en": {"title": "Heat", "text": "Cool places."}, "pl": {"title": "Upał"}}
    original, english = passages(Project(id="a", title="Hitze", text="Kühle Orte.", translations=translated))
    assert (original.lang, original.text) == ("de", "Hitze\nKühle Orte.")
    assert (english.lang, english.text, english.kind) == ("en", "Heat\nCool places.", "whole")


def test_questions_that_a_record_answers_are_texts_of_their_own_in_limited_number() -> None:
    asked = {"de": tuple(f"Wer hat {n}?" for n in range(2 * MAX_QUESTIONS)), "en": ("Who has?",)}
    whole, *questions = passages(Project(id="a", title="T", text="Text.", asked_as=asked))
    assert whole.kind == "whole"
    assert {(question.kind, question.body) for question in questions} == {("asked", "")}
    assert [question.lang for question in questions] == ["de"] * MAX_QUESTIONS + ["en"]
    assert questions[-1].text == "Who has?"
