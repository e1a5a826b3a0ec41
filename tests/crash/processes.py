"""Processes to be killed: forked from one that has imported what each of them needs, so that they start at once."""

from __future__ import annotations

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([
    "tests.crash.driver", "tests.bot.channels.telegram.driver", "tests.matrix_server.driver", "tests.crash.warm",
    "tests.warm_process", "bot.cli.asking", "bot.cli.knowledge", "bot.cli.operating", "bot.cli.upkeep",
    "bot.channels.email", "knowledge_base.embedding.e5",
])  # fmt: skip
