"""The dialogues are well formed, many enough, of several writers, and name only records of the bundle."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bot.cli.dialogues import ACTS, is_dialogues, read_dialogues
from knowledge_base.model import Event
from tests.evaluation.dialogues import development, writer
from tests.knowledge_base.search import bundled

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("dialogues_*.jsonl"))


def test_dialogues_name_known_acts_and_records() -> None:
    known = {project.id for project in bundled.projects()}
    known |= {record.id for record in bundled.records() if isinstance(record, Event)}
    for path in FILES:
        assert is_dialogues(path)
        for dialogue in read_dialogues(path):
            assert dialogue.lang in ("de", "en", "pl")
            for turn in dialogue.turns:
                assert turn.say.strip()
                assert turn.act in ACTS
                assert {*turn.any, *turn.none} <= known, dialogue.id
                assert not set(turn.any) & set(turn.none), dialogue.id


def test_development_has_many_dialogues_of_several_writers_in_all_languages() -> None:
    dialogues = list(development())
    assert len(dialogues) >= 200
    assert len({writer(dialogue) for dialogue in dialogues}) >= 5
    assert min(Counter(dialogue.lang for dialogue in dialogues).values()) >= 50
    assert len({dialogue.id for dialogue in dialogues}) == len(dialogues)
    acts = Counter(turn.act for dialogue in dialogues for turn in dialogue.turns)
    assert min(acts[act] for act in ACTS) >= 30


def test_held_out_dialogues_are_not_read_for_development() -> None:
    held_out = {dialogue.id for dialogue in read_dialogues(HERE / "dialogues_heldout.jsonl")}
    assert held_out
    assert not held_out & {dialogue.id for dialogue in development()}
