"""Cold start: from nothing in memory to the first answer, as whole processes; and how much memory that takes.

The peer is what nobody can avoid: a Python that imports NumPy and ONNX Runtime, and ends.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import show

ROOT = Path(__file__).parent.parent
RUNS = 7
QUESTION = "Wer hat Projekte zur Mobilität gemacht?"


def timed(command: list[str], state: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one whole process."""
    environment = os.environ | {"STADTLOTSE_STATE_DIR": state}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{command} failed")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    ask = [sys.executable, "run_bot.py", "ask", QUESTION]
    floor = [sys.executable, "-c", "import numpy, onnxruntime"]
    with tempfile.TemporaryDirectory() as state:
        first, first_memory = timed(ask, state)
        pairs = [(timed(ask, state), timed(floor, state)) for _ in range(RUNS)]
    seconds = statistics.median(pair[0][0] for pair in pairs)
    memory = statistics.median(pair[0][1] for pair in pairs)
    least = statistics.median(pair[1][0] for pair in pairs)
    ratio = statistics.median(pair[0][0] / pair[1][0] for pair in pairs)
    show(
        ("process", "seconds (median)", "peak MB"),
        [
            ("first `ask` ever: model prepared, bundle loaded and embedded", f"{first:.2f}", f"{first_memory:.0f}"),
            (f"cold `ask`, {RUNS} runs", f"{seconds:.2f}", f"{memory:.0f}"),
            ("a Python that imports NumPy and ONNX Runtime", f"{least:.2f}", ""),
            ("ratio, pair by pair", f"{ratio:.1f}", ""),
        ],
    )
