from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.personal_data import masked

MAILS = [
    "leitstelle@stadt.example", "Leit.Stelle+x@rathaus.stadt.example", "a_b-c@st-adt.example", "mailto:x@stadt.example",
    "leitstelle (at) stadt.example", "leitstelle[at]stadt.example", "leitstelle(at)stadt(punkt)example",
    "leitstelle {at} stadt {dot} example", "leitstelle [AT] stadt [DOT] example", "büro@köln.example",
    "leitstelle @stadt.example", "leitstelle@ stadt.example", "biuro (małpa) gmina (kropka) example",
    "x(ät)stadt.example",
]  # fmt: skip
PHONES = [
    "+49 331 289-0", "+49 (0)331 2891234", "0049 331 2891234", "0331 2891234", "0331/289-1234", "(0331) 289 12 34",
    "0331-2891234", "0331 / 289 12 34", "0151 70901165", "015170901165", "030/1234567", "030 12 34 56 7",
    "+48 68 456 12 34",
    "+48684561234", "0048 684561234", "Tel. 289-1234", "Tel.: 2891234", "Telefon: 289 1234", "tel. 95 735 12 34",
    "Fax: 030 1234567", "Handy 0170 1234567", "kom. 600 123 456", "Phone: 555-1234", "Durchwahl 1234",
]  # fmt: skip
MATRIX = ["@leitstelle:stadt.example", "@a.b=c:matrix.stadt.example:8448"]
FRAMES = ["{}", "Kontakt: {}.", "Fragen an {}, bitte", "({})", "Bitte\n{}\nschreiben", "Ansprechstelle – {} – Rathaus"]
CANARIES = [(frame, canary) for frame, canary in itertools.product(FRAMES, MAILS + PHONES + MATRIX)]


def leaks(frame: str, canary: str) -> bool:
    clean = masked(frame.format(canary))
    return canary in clean or sum(c.isdigit() for c in clean) > 2 or "stadt" in clean or "example" in clean


def test_contact_data_is_masked_in_every_sentence() -> None:
    seen = [(frame, canary) for frame, canary in CANARIES if leaks(frame, canary)]
    assert not seen, f"{len(seen)} of {len(CANARIES)} leak"


@pytest.mark.parametrize(
    "text",
    [
        "Die Sitzung am 01.02.2026, von 09:00 bis 10:30 Uhr, kostete 1.234.567,89 € (0,5 %).",
        "Staffel 2019/2020, Zeitraum 2013-2016, ISO 2016-01-01 00:00:00, Version 0.10.12",
        "AGS 12054000, LeiKa 99102112000000, PLZ 03046 Cottbus, Az. 4711",
        "05.10.2021 - 06.10.2021",
        "https://github.com/okfde/codefor.de und git@github.com:okfde/x.git",
        "@app.function und @media print",
        "52.40, 13.06 und 0.123456789",
        "stationär 106.159 und mobil 437.192",
        "Im Jahr 2020 gab es 100 000 Besuche, 600 123 456 Zugriffe.",
        "Mastodon: @stadt, Telegram-Kanal",
        "10.0.0.1/24, 192.168.178.1",
        "Tel Aviv 2019",
    ],
)
def test_masking_keeps_numbers_and_signs_that_are_not_contact_data(text: str) -> None:
    assert masked(text) == text


def test_masking_keeps_the_word_before_a_phone_number() -> None:
    assert masked("Tel.: 0331 2891234, Fax 0331 2891235") == "Tel.: [tel.], Fax [tel.]"


@given(st.text(st.sampled_from("a0 1@.:+-/()[]tel\n"), max_size=60))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = masked(text)
    assert masked(once) == once
