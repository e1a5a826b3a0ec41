"""The privacy report lists every table and the live settings, and names no users; docs/privacy.md matches it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from bot.features.privacy.data_inventory import ENTRIES
from bot.features.privacy.report import LANGUAGES, privacy_report
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.store.database import Store
from knowledge_base.store.merging import references
from knowledge_base.store.own_data import BY_SIDE, LEFT_OUT, SHOWN
from knowledge_base.store.statistics import Statistics, figures
from knowledge_base.store.tables import metadata

DOCUMENT = Path(__file__).parents[4] / "docs" / "privacy.md"
BEGIN, END = "<!-- generated: stadtlotse privacy-report -->\n", "<!-- end -->\n"
NOTHING = Statistics(rows={}, contacts_by_basis={}, contacts_told=0, contacts_hidden=0, verified=0)


def report(language: str = "en", counted: Statistics = NOTHING, **settings: Any) -> str:
    return privacy_report(
        Settings(**settings), counted, Texts(), language, date="the day it is made", version="the installed one"
    )


def test_every_table_belongs_to_one_kind_of_data() -> None:
    named = [table for entry in ENTRIES for table in entry.tables]
    assert sorted(named) == sorted(metadata.tables)


def test_own_data_cover_every_table_that_refers_to_a_person() -> None:
    naming = {table.name for table, _ in references()} | {"person"}
    assert naming == set(SHOWN) | set(LEFT_OUT) | {BY_SIDE}
    for table in SHOWN:
        assert set(SHOWN[table]) <= set(metadata.tables[table].c.keys())


def test_privacy_document_matches_the_generated_report() -> None:
    text = DOCUMENT.read_text("utf-8")
    head, _, rest = text.partition(BEGIN)
    made = re.sub(r"^#", "##", report(), flags=re.MULTILINE)
    wanted = f"{head}{BEGIN}\n{made}\n{END}"
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(wanted, "utf-8")
    assert rest
    assert DOCUMENT.read_text("utf-8") == wanted


def test_report_has_the_same_parts_in_both_languages() -> None:
    shapes = [
        [line.split(" ")[0] for line in report(one).splitlines() if line.startswith(("#", "| ---"))]
        for one in LANGUAGES
    ]
    assert shapes[0] == shapes[1]


def test_report_in_an_unsupported_language_is_refused() -> None:
    with pytest.raises(ValueError, match="pl"):
        report("pl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_report_shows_settings_but_no_secrets_and_no_names(language: str) -> None:
    text = report(
        language,
        operator={"organisation": "Stadt Musterstadt", "data_protection_officer": "Amt 10"},
        retention={"answers_days": 77},
        telegram={"token": "12345:secretsecretsecretsecretsecretsecret", "personal_data": True},
        smtp={"host": "mail.musterstadt.example", "sender": "b@musterstadt.example", "user": "u", "password": "geheim"},
        database={"url": "postgresql://bot:geheim@db.musterstadt.example/lotse"},
        admins="matrix:@ada:musterstadt.example",
        privacy={"processors": "Hoster GmbH: Server | 2026\nMailer <AG>: Post"},
    )
    for shown in (
        "Stadt Musterstadt",
        "Amt 10",
        "77",
        "mail.musterstadt.example",
        "db.musterstadt.example",
        "Hoster GmbH",
    ):
        assert shown in text
    for hidden in ("geheim", "secretsecret", "@ada", "<AG>", "bot:"):
        assert hidden not in text


async def test_report_shows_the_figures_of_the_database(store: Store) -> None:
    async with store.begin() as tx:
        anna = await tx.people.identify("matrix", "@anna:b.example", private_conversation="!r")
        await tx.profiles.set(anna.id, name="Anna Geheim", municipality="1", verified_at=tx.now)
        await tx.contacts.note_informed(["c1"])
        counted = await figures(tx.connection, {"c1": "public_function", "c2": "public_function"})
    assert (counted.rows["person"], counted.verified, counted.contacts_told) == (1, 1, 1)
    text = report("de", counted)
    assert "public_function: 2" in text
    assert "Geheim" not in text


# -------------------------------------------------------------------------------------- nobody is watched at their work

OF_PEOPLE = {"person_id", "subject", "asker", "contact_person", "user_id"}
BY_PERSON = {  # the one grouping by people there is: the newest entry of each purpose in the ledger, nothing is counted
    "consents.py": "consent.c.subject, consent.c.purpose",
}


def test_no_statement_groups_figures_by_person() -> None:
    """P16: no response times and no rankings of people: no statement groups figures by person."""
    seen = {}
    for module in sorted((Path(__file__).parents[4] / "knowledge_base" / "store").rglob("*.py")):
        for columns in re.findall(r"\.group_by\(([^)]*)\)", module.read_text("utf-8")):
            if OF_PEOPLE & set(re.findall(r"\.c\.(\w+)", columns)):
                seen[module.name] = columns
    assert seen == BY_PERSON


def test_no_table_stores_how_long_a_person_took_to_answer() -> None:
    times = {column.name for column in metadata.tables["introduction"].c if column.name.endswith("_at")}
    assert times == {"created_at", "due_at", "expires_at", "ended_at"}, "of the request, not of what a person did"
    names = {column.name for table in metadata.tables.values() for column in table.c}
    assert not any(name.endswith("_at") and "answer" in name for name in names)


def test_report_has_no_figures_of_single_people() -> None:
    rows = dict.fromkeys(metadata.tables, 3)
    shown = report(counted=Statistics(rows=rows, contacts_by_basis={}, contacts_told=3, contacts_hidden=0, verified=3))
    assert "makes no response times and no rankings of people" in shown
    assert not re.search(r"(?i)average|median|fastest|slowest|per person", shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_impact_assessment_is_filled_in_from_settings_and_database(language: str) -> None:
    """P14: all nine criteria, with the values from the settings and the database."""
    counted = Statistics({"person": 41}, {"public_function": 17}, contacts_told=0, contacts_hidden=0, verified=0)
    quiet = report(language, counted)
    loud = report(language, counted, telegram={"token": "123456:" + "A" * 35}, introductions={"pause_days": 77})
    form = quiet[quiet.index("Art. 35") :].split("\n## ")[0]
    assert sum(line.startswith("| ") for line in form.splitlines()) == 2 + 9 + 1, "head, nine criteria, transfer"
    assert "17 " in form
    assert "41 " in form
    telegram = "Telegram in Betrieb: {} |" if language == "de" else "Telegram in use: {} |"
    assert telegram.format("nein" if language == "de" else "no") in quiet
    assert telegram.format("ja" if language == "de" else "yes") in loud
    assert "77 " in loud
