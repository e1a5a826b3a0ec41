"""The years of a question as periods."""

from __future__ import annotations

import pytest

from knowledge_base.places.words import words_of
from knowledge_base.search.understanding.periods import FIRST, LAST, Period, periods


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Welche Projekte liefen zwischen 2019 und 2021?", [(2019, 2021)]),
        ("von 2019 bis Ende 2021", [(2019, 2021)]),
        ("2019 bis 2021", [(2019, 2021)]),
        ("2019–2021", [(2019, 2021)]),
        ("between 2019 and early 2021", [(2019, 2021)]),
        ("from 2020 to 2022", [(2020, 2022)]),
        ("w latach 2020-2022", [(2020, 2022)]),
        ("między 2020 a 2022 rokiem", [(2020, 2022)]),
        ("2021 und 2023", [(2021, 2021), (2023, 2023)]),
        ("2021, 2023", [(2021, 2021), (2023, 2023)]),
        ("seit 2024", [(2024, LAST)]),
        ("ab dem Jahr 2022", [(2022, LAST)]),
        ("since early 2022", [(2022, LAST)]),
        ("od początku 2024 roku", [(2024, LAST)]),
        ("nach 2021", [(2022, LAST)]),
        ("po 2021 r.", [(2022, LAST)]),
        ("vor 2020 gestartet", [(FIRST, 2019)]),
        ("prior to 2020", [(FIRST, 2019)]),
        ("przed 2020 rokiem", [(FIRST, 2019)]),
        ("Was ist 2023 in Bayern gestartet?", [(2023, 2023)]),
        ("Was läuft noch bis 2027?", [(2027, 2027)]),
        ("Städte der 2021er Staffel", [(2021, 2021)]),
        ("die 20300 Euro von 1999", []),
        ("", []),
    ],
)
def test_years_are_read_as_the_periods_that_they_mean(text: str, found: list[Period]) -> None:
    assert periods(" ".join(word.folded for word in words_of(text)), text) == tuple(found)
