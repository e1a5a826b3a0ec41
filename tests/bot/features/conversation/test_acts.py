"""The shipped classifier is that of the shipped examples, and knows them with the real model and without."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

import bot.features.conversation
from bot.features.conversation.acts import Scores, examples, load, scores
from bot.features.conversation.outline import Situation, outline
from knowledge_base.embedding.port import Embedder
from knowledge_base.search.understanding import Query
from tests.evaluation import dialogues
from tests.fake_embedder import HashEmbedder
from tests.knowledge_base.search.bundled import search_over

FOLDER = Path(bot.features.conversation.__file__).parent
SAYS = {  # none of them is an example
    "das hast du gut gemacht, tschüss dann": "small_talk",
    "Wie viele Einträge hast du denn so?": "about_bot",
    "please remove all the information you keep about me": "privacy",
    "proszę odpowiadać po angielsku": "language",
    "Wer hat schon Erfahrungen mit Pflegerobotern?": "question",
    "Which towns count bicycles?": "question",
}
AFTER_A_LIST = {
    "wie teuer ist das denn gewesen": "attribute",
    "Erzählen Sie mir bitte mehr über das dritte Projekt.": "detail",
    "could you introduce me to the people there?": "introduce",
    "są może jeszcze inne wyniki?": "more",
}


def test_classifier_was_fitted_on_the_examples_and_dialogues_that_are_here() -> None:
    files = [FOLDER / "examples.yaml", *sorted(Path(dialogues.__file__).parent.glob("dialogues_dev*.jsonl"))]
    here = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    with np.load(FOLDER / "acts.npz") as shipped:
        assert str(shipped["learnt"]) == here, "run tools/fit_acts.py"


def test_every_label_of_the_examples_has_weights_and_texts_in_all_languages() -> None:
    labels = set(load().labels)
    for label, languages in examples().items():
        assert label.partition(".")[0] in labels
        assert set(languages) == {"de", "en", "pl"}
        assert all(lines.strip() for lines in languages.values())


def test_kind_is_the_best_of_the_best_act() -> None:
    said = Scores({"privacy": 0.3, "question": 0.1, "privacy.info": -1.0, "privacy.delete": -0.5, "digest.stop": 2.0})
    assert said.best == "privacy.delete"
    assert Scores({"more": 0.1, "question": 0.2}).best == "question"


def test_outline_replaces_places_and_numbers() -> None:
    meaning = np.zeros(0, np.float32)
    first, second = (
        outline(f"was macht {town} seit {year}", Query(text="", language="de", places=(town,)), Situation(), meaning)
        for town, year in (("guben", 2021), ("potsdam", 1999))
    )
    assert np.array_equal(first, second)


async def test_texts_that_are_no_examples_are_understood(e5: Embedder) -> None:
    search = await search_over(e5)
    for text, act in SAYS.items():
        said = await scores(text, search.read(text), Situation(fresh=True), e5)
        assert said.best.partition(".")[0] == act, text
    for text, act in AFTER_A_LIST.items():
        said = await scores(text, search.read(text), Situation(listed=True), e5)
        assert said.best.partition(".")[0] == act, text


async def test_words_alone_tell_most_examples_apart_with_another_model() -> None:
    embedder = HashEmbedder()
    right, count = 0, 0
    for label, languages in examples().items():
        act = label.partition(".")[0]
        if act in ("consent_yes", "consent_no") or label == "clarify.hesitant":
            continue
        for lines in languages.values():
            for text in lines.strip().splitlines()[::9]:
                query = Query(text=text, language="de")
                said = await scores(text.strip(), query, Situation(listed=True), embedder)
                right, count = right + (said.best.partition(".")[0] == act), count + 1
    assert right / count > 0.8
