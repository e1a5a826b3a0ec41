# ruff: noqa: T201 - a tool that prints its figures
"""Fit the classifier of what a message is, and write ``bot/features/conversation/acts.npz``.

    .venv-full/bin/python tools/fit_acts.py [--check]

Run it after every change of ``examples.yaml`` or the development dialogues; a test fails until then. With ``--check``
it writes nothing and prints how many turns of each writer are right when the classifier has not seen this writer.

It needs scikit-learn, which the full set installs. The support vector machine is linear and fitted one label against
the rest; the dialogues name acts only, so the kinds of an act are learnt from the examples alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bot.features.conversation.acts import QUESTION, examples, words_of  # noqa: E402
from bot.features.conversation.outline import Floats, Situation, outline  # noqa: E402
from knowledge_base.embedding.factory import open_embedder  # noqa: E402
from knowledge_base.language.detect import guess_language  # noqa: E402
from knowledge_base.search.engine import Search  # noqa: E402
from tests.evaluation.dialogues import development, situations, writer  # noqa: E402
from tests.knowledge_base.search import bundled  # noqa: E402

TARGET = ROOT / "bot" / "features" / "conversation" / "acts.npz"
C, ASKED, ASKED_WEIGHT = 0.2, 1_200, 0.4
BATCH = 64


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its act or label, and where it is from."""

    text: str
    label: str
    language: str
    source: str
    situation: Situation = field(default_factory=Situation)
    weight: float = 1.0


def texts() -> list[Said]:
    """Return all texts to learn from: examples, questions that records answer, turns of dialogues."""
    said = [
        Said(line.strip(), label, language, "examples", usual(label, number))
        for label, languages in examples().items()
        for language, lines in languages.items()
        for number, line in enumerate(lines.strip().splitlines())
    ]
    asked = [
        (question, lang) for project in bundled.projects() for lang, qs in project.asked_as.items() for question in qs
    ]
    asked.sort(key=lambda pair: hashlib.sha256(pair[0].encode()).digest())
    said += [
        Said(text, QUESTION, lang, "asked", usual(QUESTION, number), ASKED_WEIGHT)
        for number, (text, lang) in enumerate(asked[:ASKED])
    ]
    return said + [
        Said(turn.say, QUESTION if turn.act in ("answer", "not_sure") else turn.act, dialogue.lang, writer(dialogue),
             before[number])
        for dialogue in development()
        for before in [situations(dialogue, {p.id: p for p in bundled.projects()})]
        for number, turn in enumerate(dialogue.turns)
    ]  # fmt: skip


def usual(label: str, number: int) -> Situation:
    """Return what usually stands before an example: the bot's question, a list, or, each second time, nothing."""
    act = act_of(label)
    if act.startswith("consent") or label == "clarify.hesitant":
        return Situation(listed=True, pending=True)  # a yes or no means nothing where the bot did not ask
    listed = act in ("more", "detail", "attribute", "introduce", "pass_on") or number % 2 == 0
    return Situation(listed=listed, fresh=not listed)


async def features(said: Sequence[Said]) -> tuple[Floats, str, int]:
    """Return the outlines of texts, and the fingerprint of the model and the length of its vectors."""
    embedder = await open_embedder("embedded", "", ROOT / ".cache" / "models")
    search: Search = await bundled.search_over(embedder)
    rows = []
    for start in range(0, len(said), BATCH):
        part = said[start : start + BATCH]
        vectors = await embedder.embed_queries([one.text for one in part])
        for one, vector in zip(part, vectors, strict=True):
            query = search.read(one.text, language=guess_language(one.text) or one.language)
            rows.append(outline(one.text, query, one.situation, vector))
    return np.stack(rows), embedder.fingerprint, embedder.dimension


def fitted(rows: Floats, labels: Sequence[str], weights: Floats) -> tuple[list[str], Floats]:
    """Return the labels and one column of weights for each."""
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - only the full set has it

    machine: Any = LinearSVC(C=C, fit_intercept=False)
    machine.fit(rows, np.array(labels), sample_weight=weights)
    columns = machine.coef_ if len(machine.coef_) > 1 else np.vstack((-machine.coef_, machine.coef_))  # two: one column
    return list(machine.classes_), np.asarray(columns.T, np.float32)


def both(rows: Floats, said: Sequence[Said], learnt: Sequence[int], weights: Floats) -> tuple[list[str], Floats]:
    """Return a column for each act, learnt from all texts, and for each kind of an act, learnt from the examples."""
    acts, of_acts = fitted(rows[learnt], [act_of(said[number].label) for number in learnt], weights[learnt])
    kinds, of_kinds = [], [of_acts]
    for act in acts:
        own = [number for number in learnt if said[number].label.startswith(f"{act}.")]
        if len({said[number].label for number in own}) > 1:
            names, columns = fitted(rows[own], [said[number].label for number in own], weights[own])
            kinds += names
            of_kinds.append(columns)
    return acts + kinds, np.hstack(of_kinds)


def act_of(label: str) -> str:
    """Return the act of a label."""
    return label.partition(".")[0]


def left_out(rows: Floats, said: Sequence[Said], weights: Floats) -> None:
    """Print how many turns of each writer are right when the fit has not seen this writer."""
    right: Counter[str] = Counter()
    count: Counter[str] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    for source in sorted({one.source for one in said} - {"examples", "asked"}):
        learnt = [number for number, one in enumerate(said) if one.source != source]
        names, columns = both(rows, said, learnt, weights)
        acts = [number for number, name in enumerate(names) if "." not in name]
        for number, one in enumerate(said):
            if one.source == source:
                act = names[acts[int((rows[number] @ columns[:, acts]).argmax())]]
                for key in (source, one.language, "all"):
                    count[key] += 1
                    right[key] += act == one.label
                wrong[one.label, act] += act != one.label
    print({key: round(right[key] / count[key], 3) for key in sorted(count)})
    print([pair for pair in wrong.most_common(16) if pair[1]])


async def main() -> None:
    said = texts()
    rows, fingerprint, dimension = await features(said)
    weights = np.array([one.weight for one in said], np.float32)
    if "--check" in sys.argv:
        left_out(rows, said, weights)
        left_out(rows[:, dimension:], said, weights)
        return
    names, columns = both(rows, said, range(len(said)), weights)
    _, without = both(rows[:, dimension:], said, range(len(said)), weights)
    np.savez_compressed(
        TARGET,
        labels=np.array(names),
        weights=columns.astype(np.float16),
        without_meaning=without.astype(np.float16),
        model=fingerprint,
        affirmations=np.array(sorted(affirmations(said))),
        learnt=learnt(),
    )
    print(f"{len(said)} texts, {len(names)} labels, {TARGET.stat().st_size // 1024} KiB")


def affirmations(said: Sequence[Said]) -> set[str]:
    """Return the words that mostly stand in a yes: a yes without any of them is asked for once more."""
    yes: Counter[str] = Counter()
    others: Counter[str] = Counter()
    against: Counter[str] = Counter()
    for one in said:
        act, words = act_of(one.label), words_of(one.text)
        (yes if act == "consent_yes" else others).update(words)
        if act in ("consent_no", "small_talk") or one.label == "clarify.hesitant":
            against.update(words)
    often = (word for word, count in yes.items() if count >= 2 and count >= others[word] / 3)
    return {word for word in often if yes[word] >= against[word]}


def learnt() -> str:
    """Return a hash of all that the classifier learns from; a test compares it."""
    files = [TARGET.with_name("examples.yaml"), *sorted((ROOT / "tests" / "evaluation").glob("dialogues_dev*.jsonl"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    asyncio.run(main())
