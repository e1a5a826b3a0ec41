"""One Synapse for all Matrix tests; a bot of its own where a test kills or changes it, else one for many."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.introducing import CONTACTS, KNOWLEDGE
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse, one_at_a_time, running_synapse

PROJECTS = [
    {"id": "t-rad", "title": "Radschnellweg zum Bahnhof", "municipality": "Musterstadt",
     "text": "Ein Radschnellweg verbindet die Vororte mit dem Bahnhof. Mobilität ohne Auto wird leichter."},
    {"id": "t-bus", "title": "Rufbus auf dem Land", "municipality": "Beispieldorf",
     "text": "Ein Rufbus fährt, wenn ihn jemand bestellt. Mobilität für kleine Orte ohne Linienbus."},
    {"id": "t-hitze", "title": "Hitzeschutz in der Altstadt", "municipality": "Musterstadt",
     "text": "Trinkbrunnen, Schatten und kühle Räume schützen ältere Menschen an heissen Tagen."},
    {"id": "t-schule", "title": "Digitale Schule", "municipality": "Lernhausen",
     "text": "Alle Schulen haben Glasfaser, Tafeln mit Bildschirm und eine gemeinsame Lernplattform."},
]  # fmt: skip
# So many that an answer is long, and not all stand in it.
ON_MOBILITY = [
    {"id": f"t-mobil-{number}", "title": f"{title} in {town}", "municipality": town, "topics": ["Mobilität"],
     "text": f"{town} baut {title} auf: Mobilität für alle, die kein eigenes Auto haben."}
    for number, (title, town) in enumerate((
        ("Carsharing", "Altstadt am See"), ("Mitfahrbank", "Bergdorf"), ("Lastenrad", "Hafenstadt"),
        ("Parkleitsystem", "Marktfleck"), ("Mobilitätsstation", "Neuhof"), ("Fahrradparkhaus", "Talheim"),
        ("Wassertaxi", "Uferstadt"), ("Verkehrszählung", "Waldkirchen"),
    ))
]  # fmt: skip


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    with running_synapse() as server:
        yield server


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory, e5_folder: Path) -> Path:
    file = tmp_path_factory.mktemp("knowledge") / "projects.jsonl"
    file.write_text("".join(json.dumps(project, ensure_ascii=False) + "\n" for project in (*PROJECTS, *ON_MOBILITY)))
    return file


@pytest.fixture(scope="session")
def knowledge(synapse: Synapse, projects: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a few projects of the tests' own, indexed; the first test process makes it."""
    here = tmp_path_factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "matrix-knowledge"
    with one_at_a_time("matrix-knowledge"):
        if not folder.exists():
            template = BotProcess(synapse, "@template:localhost")
            for command in (["import", str(projects)], ["ask", "Rufbus"]):
                done = template.run(*command)
                assert done.returncode == 0, done.stderr
            unfinished = Path(tempfile.mkdtemp(dir=folder.parent))
            shutil.copy(template.state / "stadtlotse.db", unfinished)
            template.close()
            unfinished.rename(folder)
    return folder / "stadtlotse.db"


@pytest.fixture(scope="session")
def knowledge_with_contact(synapse: Synapse, knowledge: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same database with a municipality that has a mail domain, and the contact of a project."""
    folder = tmp_path_factory.mktemp("contact")
    records = folder / "contacts.jsonl"
    town = KNOWLEDGE[0] | {"mail_domains": ["cottbus.example"]}
    records.write_text("\n".join(json.dumps(record) for record in (town, *KNOWLEDGE[1:], CONTACTS[0])))
    template = BotProcess(synapse, "@template:localhost")
    shutil.copy(knowledge, template.state)
    done = template.run("import", str(records))
    assert done.returncode == 0, done.stderr
    made = Path(shutil.copy(template.state / "stadtlotse.db", folder))
    template.close()
    return made


@pytest.fixture
async def new_bot(synapse: Synapse, knowledge: Path) -> AsyncIterator[Callable[..., BotProcess]]:
    """Makes bots with an account and a state folder of their own; ends them."""
    made: list[BotProcess] = []

    def make(**settings: str) -> BotProcess:
        bot = BotProcess(synapse, synapse.register(f"bot{secrets.token_hex(4)}"), **settings)
        made.append(bot)
        shutil.copy(knowledge, bot.state)
        return bot

    yield make
    for bot in made:
        print(bot.tail(6000))  # pytest shows it when the test has failed
        bot.close()


@pytest.fixture
async def own_bot(new_bot: Callable[..., BotProcess]) -> BotProcess:
    """A listening bot for this test alone, because the test disturbs it."""
    made = new_bot()
    await made.start()
    return made


@pytest.fixture(scope="session")
def lasting_bot(synapse: Synapse, knowledge: Path) -> Iterator[BotProcess]:
    """One bot for many tests; they may stop, kill and start it."""
    made = BotProcess(synapse, synapse.register("lasting"))
    shutil.copy(knowledge, made.state)
    yield made
    made.close()


@pytest.fixture
async def bot(lasting_bot: BotProcess) -> AsyncIterator[BotProcess]:
    """A bot that listens, and has met others before."""
    if not lasting_bot.alive:
        await lasting_bot.start()
    yield lasting_bot
    print(lasting_bot.tail(6000))  # pytest shows it when the test has failed


@pytest.fixture
async def person(synapse: Synapse) -> AsyncIterator[Person]:
    async with await Person.new(synapse) as made:
        yield made
