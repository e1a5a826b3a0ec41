"""The line that tells how the search read a question."""

from __future__ import annotations

import pytest

from bot.features.search.understood import missed, understood
from bot.messages import Say
from bot.texts import LANGUAGES, Texts
from knowledge_base.model import Understood
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.periods import Period
from knowledge_base.search.understanding.query import CONDITIONS


def keys(read: Understood) -> list[str]:
    said = understood(read, "de")
    assert isinstance(said, Say)
    parts = said.values["parts"]
    assert isinstance(parts, tuple)
    return [part.key for part in parts if isinstance(part, Say)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_status_that_a_question_may_name_has_words_in_the_answer(language: str) -> None:
    for status in phrases.STATUS:
        assert Texts().template(f"understood.{status}", language)


@pytest.mark.parametrize(
    ("read", "key"),
    [
        (Understood(rural=True), "understood.rural"),
        (Understood(rural=True, small=True), "understood.small"),
        (Understood(asker=("Guben",)), "understood.asker"),
        (Understood(periods=((2022, 9999),)), "understood.since"),
        (Understood(periods=((0, 2019),)), "understood.before"),
        (Understood(periods=((2019, 2021),)), "understood.word"),
        (Understood(counties=True), "understood.counties"),
        (Understood(near=("Guben",)), "understood.near"),
        (Understood(negated=("Apps",)), "understood.negated"),
        (Understood(status=("done",)), "understood.done"),
        (Understood(unknown_places=("Wien",)), "understood.word"),
    ],
)
def test_every_condition_that_limits_is_named(read: Understood, key: str) -> None:
    assert keys(read) == [key]


def test_question_without_conditions_has_no_such_line() -> None:
    assert understood(Understood(who=True, names=True), "de") == ""


@pytest.mark.parametrize(
    ("periods", "words"),
    [(((2020, 2020),), ["2020"]), (((2020, 2020), (2023, 2023)), ["2020", "2023"]), (((2019, 2021),), ["2019–2021"])],
)
def test_years_are_named_as_the_periods_that_they_mean(periods: tuple[Period, ...], words: list[str]) -> None:
    read = Understood(years=(2020,), periods=periods)
    assert missed(read, "years", "de") == tuple(Say("understood.word", {"word": w}) for w in words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_condition_that_may_be_missed_has_words(condition: str, language: str) -> None:
    read = Understood(
        status=("done",),
        years=(2020,),
        periods=((2020, 2020),),
        small=True,
        counties=True,
        rounds=("MPSC 2. Staffel 2020",),
    )
    assert all(Texts().line(part, language) for part in missed(read, condition, language))
