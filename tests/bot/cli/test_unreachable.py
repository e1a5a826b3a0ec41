"""What the commands say about contacts that nobody can reach."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

import run_bot
from bot.features.introductions.unreachable import Why
from bot.resources import open_store
from config.settings import Settings
from knowledge_base.ingest.importer import import_files

CONTACTS = """\
record: contact
id: c-mail
role: Amt
email: amt@stadt.example
legal_basis: consent
---
record: contact
id: c-chat
role: Amt
matrix_id: "@amt:stadt.example"
legal_basis: consent
---
record: contact
id: c-none
role: Amt
phone: 0355 123456
legal_basis: consent
"""


async def imported(file: Path, state: Path) -> None:
    async with open_store(Settings(state_dir=state)) as store:
        (report,) = await import_files(store, [file])
        assert report.ok


def test_contacts_that_nobody_can_reach_are_counted_by_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STADTLOTSE_STATE_DIR", str(tmp_path / "var"))
    file = tmp_path / "contacts.yaml"
    file.write_text(CONTACTS)
    asyncio.run(imported(file, tmp_path / "var"))
    done = CliRunner().invoke(run_bot.app, ["contacts"])
    assert done.exit_code == 0, done.output
    told = [line.removeprefix("contacts: ") for line in done.output.splitlines()]
    reasons = (Why.NO_ADDRESS, Why.NO_MAIL, Why.NO_NETWORK)
    assert told[1:] == ["3 of 3 cannot be asked for an introduction", *(f"1 {why}" for why in reasons)]
