"""What a message is: a question for projects, or one of the other acts of a talk.

A linear classifier over ``outline`` decides. ``tools/fit_acts.py`` fits it on ``examples.yaml`` and on the development
dialogues; docs/conversation.md says how well it does on writers that it was not fitted on. It is made for the embedded
model; for another one, the meaning is left out and the words decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from bot.commands.command import fold
from bot.features.conversation.outline import Floats, Situation, outline
from knowledge_base import yaml_text
from knowledge_base.embedding.port import Embedder
from knowledge_base.search.understanding import Query

QUESTION = "question"
MODEL = "acts.npz"
CHATTER = ("small_talk", "clarify", "about_bot")


@dataclass(frozen=True, slots=True)
class Model:
    """The weights: one column for each label, "act" or "act.kind"."""

    labels: tuple[str, ...]
    weights: Floats  # (features, labels)
    without_meaning: Floats  # the same for outlines without a vector, fitted apart
    fingerprint: str  # of the embedder that it was fitted on
    affirmations: frozenset[str]  # folded words that mostly stand in a yes


@dataclass(frozen=True, slots=True)
class Scores:
    """How much speaks for each label; above 0: rather this than all others."""

    values: Mapping[str, float]
    affirms: bool = False  # the text has a word that mostly stands in a yes

    @property
    def best(self) -> str:
        """Return the act for which most speaks, and behind a dot its kind, where it has kinds."""
        act = max((label for label in self.values if "." not in label), key=self.of)
        return max((label for label in self.values if label.startswith(f"{act}.")), key=self.of, default=act)

    def of(self, label: str) -> float:
        """Return how much speaks for an act or a kind of one."""
        return self.values[label]


@cache
def load() -> Model:
    """Return the model that the product ships."""
    with np.load(str(files(__package__).joinpath(MODEL))) as shipped:
        weights, without = (shipped[name].astype(np.float32) for name in ("weights", "without_meaning"))
        labels, affirmations = (tuple(map(str, shipped[name])) for name in ("labels", "affirmations"))
        return Model(labels, weights, without, str(shipped["model"]), frozenset(affirmations))


def examples() -> Mapping[str, Mapping[str, str]]:
    """Return the examples by label and language, one per line."""
    found: Mapping[str, Any] = yaml_text.read(files(__package__).joinpath("examples.yaml").read_text("utf-8"))
    return found


@cache
def chatter() -> frozenset[str]:
    """Return the folded words of examples that ask for nothing: they name no subject."""
    lines = (
        text for label, texts in examples().items() if label.partition(".")[0] in CHATTER for text in texts.values()
    )
    return frozenset(word for text in lines for word in words_of(text))


async def scores(text: str, query: Query, situation: Situation, embedder: Embedder) -> Scores:
    """Return what speaks for each label of a text. Raise ``ModelError`` of the embedder."""
    model = load()
    meaning, weights = np.zeros(0, np.float32), model.without_meaning
    if embedder.fingerprint == model.fingerprint:
        meaning, weights = (await embedder.embed_queries([text]))[0], model.weights
    values = outline(text, query, situation, meaning) @ weights
    by_label = dict(zip(model.labels, map(float, values), strict=True))
    return Scores(by_label, affirms=not model.affirmations.isdisjoint(words_of(text)))


def words_of(text: str) -> set[str]:
    """Return the folded words of a text."""
    return set(re.findall(r"\w+", fold(text)))
