"""Databases that hold a few projects, for machines that start at once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.cluster.machine import Machine
from tests.cluster.marked import RECORDS
from tests.cluster.town import Town, town
from tests.matrix_server.conftest import PROJECTS
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import ROOT, Synapse, running_synapse
from tests.warm_process import run


@pytest.fixture(scope="session")
def filled(postgres: str, e5_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database that can be copied: some projects, one of them with contacts, indexed."""
    name = f"filled_{uuid4().hex}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    fill(f"{postgres}/{name}", tmp_path_factory.mktemp("filled"))
    return name


def fill(url: str, folder: Path, *, bundle: bool = False) -> None:
    """Load some projects and a contact into a database, embedded with the embedded model; with the ``bundle`` too."""
    (folder / "models").symlink_to(ROOT / ".cache" / "models")
    records = folder / "records.jsonl"
    records.write_text("\n".join(json.dumps(record) for record in (*RECORDS, *PROJECTS)), encoding="utf-8")
    settings = {"STATE_DIR": str(folder), "DATABASE__URL": url, "KNOWLEDGE__BUNDLE": str(bundle).lower()}
    environment = {f"STADTLOTSE_{name}": value for name, value in settings.items()} | {"PATH": "/usr/bin:/bin"}
    for arguments in (("import", str(records)), ("ask", "Mobilität")):
        done = run(arguments, environment)
        assert done.returncode == 0, done.stderr
    with psycopg.connect(url, autocommit=True) as connection:  # its secret goes with the folder
        connection.execute("DELETE FROM fact WHERE name = 'secret'")


@pytest.fixture
def database(postgres: str, filled: str) -> Iterator[str]:
    """A database of the test's own that holds some projects."""
    name = f"cluster_{uuid4().hex}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{filled}"')
    yield f"{postgres}/{name}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def place(database: str) -> AsyncIterator[Town]:
    """A town without machines; Telegram calls its webhook."""
    async with town(database) as made:
        yield made


@pytest.fixture
async def pair(place: Town) -> list[Machine]:
    """Two machines by webhook, which listen."""
    return await place.running(2)


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    with running_synapse() as server:
        yield server


@pytest.fixture
async def person(synapse: Synapse) -> AsyncIterator[Person]:
    async with await Person.new(synapse) as made:
        yield made
