from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest import fields, limits
from knowledge_base.ingest.fields import FieldRefusedError

json_values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner | st.none(), max_size=4) | st.dictionaries(st.text(), inner | st.none(), max_size=4),
)
READERS = [
    fields.text, fields.line, fields.identifier, fields.words, fields.identifiers, fields.url, fields.sources,
    fields.language, fields.moment, fields.mail, fields.matrix_id, fields.phone, fields.domains, fields.whole,
    fields.within(-90, 90), fields.plain,
]  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@given(value=json_values)
def test_any_value_is_read_or_refused_with_a_reason(reader: fields.Reader, value: Any) -> None:
    try:
        clean = reader(value)
    except FieldRefusedError as refused:
        reason = refused.reason
    else:
        reason = "."
        assert reader(list(clean) if isinstance(clean, tuple) else clean) == clean  # clean values stay
    assert reason.endswith(".")


def refused(reader: fields.Reader, value: Any) -> str:
    with pytest.raises(FieldRefusedError) as caught:
        reader(value)
    return f"{caught.value.reason} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (" a\r\nb\rc ", "a\nb\nc"),
        ("a\x07b\x9fc", "a b c"),
        ("u\u0308", "ü"),
        (2019, "2019"),
        (2019.0, "2019"),
        (2.5, "2.5"),
        (True, "true"),
        ("=1+1", "=1+1"),
        ("", ""),
    ],
)
def test_text_is_normalised(value: Any, clean: str) -> None:
    assert fields.text(value) == clean


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\0b", "NUL"),
        ("\ud800", "half a character"),
        ("x" * (limits.MAX_TEXT + 1), "100000 are allowed"),
        (["a"], "a list, but one text"),
        ({"a": 1}, "an object".replace("an ", "a ")),
        (float("inf"), "too many digits"),
        (float("nan"), "too many digits"),
        (10**400, "too many digits"),
    ],
)
def test_invalid_text_is_refused(value: Any, reason: str) -> None:
    assert reason in refused(fields.text, value)


def test_line_breaks_in_a_line_field_become_blanks() -> None:
    assert fields.line(" a \n\t b\u00a0c ") == "a b c"
    assert "1000 are allowed" in refused(fields.line, "x" * 1001)


@pytest.mark.parametrize("value", ["bb-cottbus", "ä ł/1", "12054000", "x" * 200])
def test_valid_identifier_stays_unchanged(value: str) -> None:
    assert fields.identifier(value) == value


@pytest.mark.parametrize("value", ["", " ", "a\nb", "a\u200bb", "a\x07b", "a\u202eb", "x" * 201, True, ["a"], {}])
def test_invalid_identifier_is_refused(value: Any) -> None:
    assert refused(fields.identifier, value)


def test_whole_number_is_accepted_as_an_identifier() -> None:
    assert fields.identifier(12054000) == "12054000"
    assert fields.identifier(12054000.0) == "12054000"


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (["a", " b ", "", None, "a"], ("a", "b")),
        ("a; b ;c;", ("a", "b", "c")),
        ("a, b | c; d", ("a, b", "c; d")),
        ("a", ("a",)),
        (["a;b"], ("a;b",)),
        (7, ("7",)),
        ([7, 2.5], ("7", "2.5")),
    ],
)
def test_word_list_is_split_and_deduplicated(value: Any, clean: tuple[str, ...]) -> None:
    assert fields.words(value) == clean


@pytest.mark.parametrize("value", [{"a": 1}, [["a"]], ["x"] * 1001, ";" * 200_000, [{}]])
def test_invalid_word_list_is_refused(value: Any) -> None:
    assert refused(fields.words, value)


@pytest.mark.parametrize("value", ["https://stadt.example/ä?x=1;y#z", "http://127.0.0.1:80/", "https://[::1]/"])
def test_valid_web_address_stays_unchanged(value: str) -> None:
    assert fields.url(value) == value


@pytest.mark.parametrize("value", ["", "http://", "https://"])
def test_empty_web_address_is_read_as_no_address(value: str) -> None:
    assert fields.url(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        "stadt.example", "ftp://x.example", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "//x.example",
        "https://a b.example", 'https://x.example/"onmouseover', "https://x.example/<script>",
    "https://[::1", "https:///x",
        "https://user:secret@x.example", "https://x.example/\u202e", "https://x\n.example", "https://" + "x" * 2000,
    ],
)  # fmt: skip
def test_invalid_web_address_is_refused_without_repeating_its_password(value: str) -> None:
    assert "secret" not in refused(fields.url, value)


def test_source_list_is_split_and_its_web_addresses_are_checked() -> None:
    one, two = "https://a.example/x;y", "https://b.example"
    assert fields.sources(f"{one}; {two}") == fields.sources(f"{one}|{two}") == fields.sources([one, two]) == (one, two)
    assert fields.sources(f"Bericht 2024; {one};{two};") == ("Bericht 2024", one, two)
    assert "not a web address" in refused(fields.sources, ["javascript://x"])


@pytest.mark.parametrize(("value", "clean"), [("DE", "de"), ("pl", "pl"), ("zh-Hant", "zh-Hant"), ("", "")])
def test_valid_language_code_is_normalised(value: str, clean: str) -> None:
    assert fields.language(value) == clean


@pytest.mark.parametrize("value", ["deutsch", "d", "de_DE", "1", ["de"]])
def test_invalid_language_code_is_refused(value: Any) -> None:
    assert refused(fields.language, value)


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("2026-11-24", "2026-11-24"),
        ("24.11.2026", "2026-11-24"),
        ("2026-11-24T10:00", "2026-11-24T10:00"),
        ("2026-11-24T10:00:00+01:00", "2026-11-24T10:00:00+01:00"),
        ("", ""),
    ],
)
def test_valid_date_is_converted_to_iso_format(value: str, clean: str) -> None:
    assert fields.moment(value) == clean


@pytest.mark.parametrize("value", ["2026-13-01", "31.02.2026", "morgen", "2026", "11/24/2026", 20261124.5])
def test_invalid_date_is_refused(value: Any) -> None:
    assert "not a date" in refused(fields.moment, value)


@pytest.mark.parametrize(
    ("reader", "good", "bad"),
    [
        (
            fields.mail,
            "a.b+c@stadt.example",
            ["a", "a@b", "a b@c.example", "a@b.example, c@d.example", "<a@b.example>"],
        ),
        (fields.matrix_id, "@a_b:matrix.stadt.example:8448", ["a:b.example", "@a", "@a b:c.example", "@a:b:c:d"]),
        (fields.phone, "+49 (331) 289-0", ["12", "x123", "+", "anrufen 123456"]),
    ],
)
def test_invalid_contact_data_is_refused_without_repeating_it(reader: fields.Reader, good: str, bad: list[str]) -> None:
    assert reader(good) == good
    assert reader("") == ""
    for value in bad:
        assert value not in refused(reader, value).split(" Write ")[0] or len(value) < 3


def test_mail_domains_are_normalised_and_checked() -> None:
    assert fields.domains("@Potsdam.example; rathaus.potsdam.example") == ("potsdam.example", "rathaus.potsdam.example")
    assert "not a mail domain" in refused(fields.domains, ["potsdam"])


@pytest.mark.parametrize(("value", "clean"), [(5, 5), ("5000", 5000), (5.0, 5)])
def test_whole_number_is_read_from_text_or_number(value: Any, clean: int) -> None:
    assert fields.whole(value) == clean


@pytest.mark.parametrize(
    "value", [-1, 1.5, "viele", True, [1], float("nan"), "nan", "inf", 10**30, 10**400, "9" * 5000]
)
def test_value_that_is_not_a_natural_number_is_refused(value: Any) -> None:
    assert refused(fields.whole, value)


def test_number_outside_its_range_is_refused() -> None:
    latitude = fields.within(-90, 90)
    assert (latitude("52.4"), latitude(-90)) == (52.4, -90.0)
    assert "not between -90 and 90" in refused(latitude, 91)
    assert "not a number" in refused(latitude, "52,4° N")


def test_plain_value_is_cleaned_and_too_deep_or_large_values_are_refused() -> None:
    assert fields.plain({"a": [1, None, "b\r\n", {"c": True}]}) == {"a": [1, None, "b", {"c": True}]}
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    assert "nested deeper" in refused(fields.plain, deep)
    assert "too large" in refused(fields.plain, [1e999])
    assert "too many digits" in refused(fields.plain, 10**20)
    assert "NUL" in refused(fields.plain, {"a\0": 1})
