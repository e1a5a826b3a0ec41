"""Language detection: our own against lingua, on the evaluation questions and on short phrases.

A wrong switch changes the language of an asker who wrote a phrase that exists in the language of the chat. A missed
switch leaves the language of the chat although the phrase exists only in others. lingua is asked with its minimum
relative distance: below it, it gives no language.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from statistics import median

from benchmarks.table import show
from knowledge_base.language import detect as language
from knowledge_base.language.tokens import LANGUAGES

EVALUATION = Path(__file__).parents[1] / "tests" / "evaluation"
DISTANCES = (0.0, 0.25, 0.5, 0.9)

Detect = Callable[[str], str | None]


def main() -> None:
    """Print one line per detector."""
    development = questions(*sorted(EVALUATION.glob("bundle_dev*.jsonl")))
    held_out = questions(EVALUATION / "bundle_heldout.jsonl")
    rows = read(EVALUATION / "language_phrases.jsonl")
    phrases = [(row["phrase"], set(row["languages"])) for row in rows]
    every = [text for text, _ in development] + [text for text, _ in phrases]
    stays = sum(len(languages) for _, languages in phrases)
    head = (
        "detector",
        f"development: right, wrong, none of {len(development)}",
        f"held out: right, wrong, none of {len(held_out)}",
        f"wrong switches of {stays}",
        f"missed switches of {len(phrases) * len(LANGUAGES) - stays}",
        "MB",
        "first call, ms",
        "median, ms",
    )
    show(
        head,
        (
            (
                name,
                shares(detect, development),
                shares(detect, held_out),
                *switches(detect, phrases),
                size,
                f"{first:.0f}",
                f"{milliseconds(detect, every):.3f}",
            )
            for name, detect, size, first in detectors()
        ),
    )


def detectors() -> Iterator[tuple[str, Detect, str, float]]:
    """Yield name, detector, megabytes of its files, and milliseconds of its first answer; lingua where installed."""
    start = time.perf_counter()
    language.guess_language("Wer hat ein Dashboard?")
    kilobytes = Path(language.__file__).stat().st_size / 1e3
    yield "our own", language.guess_language, f"{kilobytes / 1e3:.2f}", 1e3 * (time.perf_counter() - start)
    try:
        import lingua
    except ImportError:
        return
    of = {lingua.Language.GERMAN: "de", lingua.Language.ENGLISH: "en", lingua.Language.POLISH: "pl"}
    files = metadata.files("lingua-language-detector") or []
    size = f"{sum(Path(str(file.locate())).stat().st_size for file in files) / 1e6:.0f}"
    for distance in DISTANCES:
        start = time.perf_counter()
        builder = lingua.LanguageDetectorBuilder.from_languages(*of)
        detector = builder.with_minimum_relative_distance(distance).build()

        def detect(text: str, ask: Callable[[str], object] = detector.detect_language_of) -> str | None:
            return of.get(ask(text))

        detect("Wer hat ein Dashboard?")
        yield f"lingua, distance {distance}", detect, size, 1e3 * (time.perf_counter() - start)


def shares(detect: Detect, asked: list[tuple[str, str]]) -> str:
    """Return the shares of questions with the right, a wrong and no language."""
    given = [(detect(text), language) for text, language in asked]
    right = sum(found == language for found, language in given)
    none = sum(found is None for found, _ in given)
    return ", ".join(f"{100 * part / len(asked):.1f} %" for part in (right, len(asked) - right - none, none))


def switches(detect: Detect, phrases: list[tuple[str, set[str]]]) -> tuple[int, int]:
    """Return how many wrong and missed switches there are when each phrase is written in a chat of each language."""
    answers = [(asker, detect(text) or asker, languages) for text, languages in phrases for asker in LANGUAGES]
    wrong = sum(asker in languages and answer != asker for asker, answer, languages in answers)
    missed = sum(asker not in languages and answer not in languages for asker, answer, languages in answers)
    return wrong, missed


def milliseconds(detect: Detect, texts: list[str]) -> float:
    """Return the median time of one text."""
    times = []
    for text in texts:
        start = time.perf_counter()
        detect(text)
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def questions(*files: Path) -> list[tuple[str, str]]:
    """Return text and language of the questions that are in one language."""
    return [(row["question"], row["lang"]) for file in files for row in read(file) if row["kind"] != "cross"]


def read(file: Path) -> list[dict[str, str]]:
    """Return the objects of a JSON Lines file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
