"""Plain questions in three languages find the shipped knowledge and a newcomer's own list, with the real model."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.places.words import words_of
from knowledge_base.search.service import SearchService
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.store.database import Store
from knowledge_base.vocabulary import bundled
from tests.conftest import FixedClock
from tests.fakes import FakeChannel, running_bot
from tests.wording import says

ROOT = Path(__file__).parents[2]

# Patterns of ids; of a page with five hits, one record may be another.
MOBILITY = "oepnv|bus$|loop$|kielregion|fahrgastinfo|muenster-strategie|testfeld"
TWINS = "zwilling|verbund-cut"
ULM = "^bw-ulm-"
DASHBOARDS = "dashboard|hitze|klima|pegel-bienen|hassfurt-hochwasser|muenster-opendata"

# What a newcomer brings: none of its subjects is a topic or a synonym of the vocabulary.
OWN_LIST = """\
id;title;text;municipality
own-1;Nähcafé im Torhaus;Jeden Donnerstag lernt man dort, Hosen zu kürzen und Knöpfe anzunähen.;Musterstedt
own-2;Lurchzaun am Feldweg;Im März tragen Helfer nachts Kröten und Molche in Eimern zum Tümpel.;Beispielau
own-3;Taubenschlag auf dem Dach;Die Eier der Tauben werden gegen Attrappen getauscht.;Musterstedt
own-4;Klavier unter der Linde;Das Klavier steht von Mai bis September draußen, wer mag, setzt sich daran.;Probenheim
own-5;Gelbe Bänder;An Apfelbäumen mit einem gelben Band dürfen alle pflücken.;Beispielau
own-6;Patenschaft für alte Gräber;Wer ein altes Grab pflegt, darf später dort beigesetzt werden.;Probenheim
"""

FOUND_BY = {
    "Wer hilft beim Hosen kürzen?": "own-1",
    "Wo trägt man Kröten zum Tümpel?": "own-2",
    "Was tut man gegen zu viele Tauben?": "own-3",
    "Wo kann man draußen Klavier spielen?": "own-4",
    "Wo darf ich Äpfel pflücken?": "own-5",
    "Wer kümmert sich um alte Gräber?": "own-6",
}
SHOWN_FIRST_FOR = {  # in another language than the list, at least as the nearest
    "Where can I play the piano outdoors?": "own-4",
    "Gdzie można zagrać na pianinie?": "own-4",
}


@pytest.fixture(scope="module")
def shipped(sqlite_with_schema: Path, e5: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds all that ships, with the vectors of the real model; made once, to be copied."""
    path = tmp_path_factory.mktemp("shipped") / "stadtlotse.db"
    path.write_bytes(sqlite_with_schema.read_bytes())

    async def make() -> None:
        store = await Store.open(f"sqlite:///{path}", clock=FixedClock())
        await load_bundle(store)
        search = SearchService(store, e5)
        await search.start()
        await search.refresh()
        await store.close()

    asyncio.run(make())
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "language", "right"),
    [
        ("who did mobility projects?", "en", MOBILITY),
        ("Kto ma cyfrowego bliźniaka?", "pl", TWINS),
        ("Was macht Ulm?", "de", ULM),
        ("Wer hat ein Hitze-Dashboard?", "de", DASHBOARDS),
    ],
)
async def test_plain_question_gets_the_right_records_first_in_its_own_language(
    shipped: Path, e5: Embedder, channel: FakeChannel, tmp_path: Path, question: str, language: str, right: str
) -> None:
    copy = tmp_path / "stadtlotse.db"
    copy.write_bytes(shipped.read_bytes())  # noqa: ASYNC240
    store = await Store.open(f"sqlite:///{copy}", clock=FixedClock())
    async with running_bot(store, e5, [channel], tmp_path):
        anna = channel.person("anna")
        await anna.says(question)
    await store.close()
    assert anna.last is not None
    assert anna.last.language == language
    assert says("ask.found", anna.hears(), language)
    shown = [command.removeprefix("show ") for command in anna.sees() if command.startswith("show ")]
    assert len(shown) >= 3
    assert len([record for record in shown if not re.search(right, record)]) <= 1, shown


@pytest.mark.slow
async def test_question_for_cities_is_answered_with_their_names_by_state(
    shipped: Path, e5: Embedder, channel: FakeChannel, tmp_path: Path
) -> None:
    copy = tmp_path / "stadtlotse.db"
    copy.write_bytes(shipped.read_bytes())  # noqa: ASYNC240
    store = await Store.open(f"sqlite:///{copy}", clock=FixedClock())
    async with running_bot(store, e5, [channel], tmp_path):
        anna = channel.person("anna")
        await anna.says("Which cities have a digital twin?")
    await store.close()
    assert "Bavaria" in anna.hears()
    assert [town for town in ("Schwabach", "Wuppertal") if town not in anna.hears()] == []


@pytest.fixture(scope="module")
def own_list(e5_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a bot with a list of its own and no other knowledge, imported as docs/knowledge.md says."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "models").symlink_to(e5_folder.parent)
    (folder / "projects.csv").write_text(OWN_LIST, "utf-8")
    environment = {**os.environ, "STADTLOTSE_STATE_DIR": str(folder), "STADTLOTSE_KNOWLEDGE__BUNDLE": "false"}
    for options in (["--dry-run"], []):
        command = [sys.executable, "run_bot.py", "import", *options, str(folder / "projects.csv")]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    return environment


def test_own_list_speaks_of_no_topic_of_the_vocabulary() -> None:
    read = Lexicon(bundled().topics, bundled().rounds).find(words_of(OWN_LIST), "de")
    assert [(mention.topic, mention.first) for mention in read] == []


@pytest.mark.slow
def test_own_list_is_found_by_plain_words(own_list: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "run_bot.py", "ask", "-", "--json"],
        cwd=ROOT,
        env=own_list,
        input="\n".join((*FOUND_BY, *SHOWN_FIRST_FOR)),
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["question"] for each in answers if not each["hits"]} <= SHOWN_FIRST_FOR.keys()
    assert {each["question"]: (each["hits"] + each["near"])[0]["id"] for each in answers} == FOUND_BY | SHOWN_FIRST_FOR
