"""Databases that know the bundle, for machines that start at once."""

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
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import ROOT, Synapse, running_synapse
from tests.warm_process import run


@pytest.fixture(scope="session")
def bundled(postgres: str, e5_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database that can be copied: the bundle and a project with contacts, indexed."""
    name = f"bundled_{uuid4().hex}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    fill(f"{postgres}/{name}", tmp_path_factory.mktemp("bundled"))
    return name


def fill(url: str, folder: Path) -> None:
    """Load the bundle and a project with contacts into a database, and embed them with the embedded model."""
    (folder / "models").symlink_to(ROOT / ".cache" / "models")
    records = folder / "records.jsonl"
    records.write_text("\n".join(json.dumps(record) for record in RECORDS), encoding="utf-8")
    environment = {"STADTLOTSE_STATE_DIR": str(folder), "STADTLOTSE_DATABASE__URL": url, "PATH": "/usr/bin:/bin"}
    for arguments in (("import", str(records)), ("ask", "Mobilität")):
        done = run(arguments, environment)
        assert done.returncode == 0, done.stderr
    with psycopg.connect(url, autocommit=True) as connection:  # its secret goes with the folder
        connection.execute("DELETE FROM fact WHERE name = 'secret'")


@pytest.fixture
def database(postgres: str, bundled: str) -> Iterator[str]:
    """A database of the test's own that knows the bundle."""
    name = f"cluster_{uuid4().hex}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{bundled}"')
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
