"""Cold start: time and memory from nothing in memory to the first answer, as whole processes.

Processor seconds (user and system) are the work of the machine; the wall clock says more only on a quiet machine. The
peer is the part that cannot be avoided: a Python that imports NumPy and ONNX Runtime, and ends.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import show

ROOT = Path(__file__).parent.parent
RUNS = 7
QUESTION = "Wer hat Projekte zur Mobilität gemacht?"


class Run(NamedTuple):
    """Figures of one whole process."""

    seconds: float
    processor: float  # seconds
    memory: float  # peak, in megabytes


def timed(command: list[str], state: str) -> Run:
    """Run a command to its end; return its figures."""
    environment = os.environ | {"STADTLOTSE_STATE_DIR": state}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{command} failed")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(runs: Sequence[Run]) -> Run:
    """Return the median of each figure."""
    return Run(*(statistics.median(figures) for figures in zip(*runs, strict=True)))


def main() -> None:
    """Print the table."""
    ask = [sys.executable, "run_bot.py", "ask", QUESTION]
    floor = [sys.executable, "-c", "import numpy, onnxruntime"]
    with tempfile.TemporaryDirectory() as state:
        first = timed(ask, state)
        pairs = [(timed(ask, state), timed(floor, state)) for _ in range(RUNS)]
    cold, least = median([one for one, _ in pairs]), median([other for _, other in pairs])
    ratio = statistics.median(one.processor / other.processor for one, other in pairs)
    rows = [
        ("first `ask` ever: model prepared, bundle loaded and embedded", first),
        (f"cold `ask`, median of {RUNS}", cold),
        ("a Python that imports NumPy and ONNX Runtime", least),
    ]
    figures = [(name, f"{run.seconds:.2f}", f"{run.processor:.2f}", f"{run.memory:.0f}") for name, run in rows]
    show(
        ("process", "seconds", "processor seconds", "peak MB"),
        [*figures, ("cold `ask` to that Python, pair by pair", "", f"{ratio:.1f} times", "")],
    )
