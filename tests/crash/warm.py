"""Imported by the process from which those that get killed are forked: what each would embed when it starts."""

from __future__ import annotations

import asyncio

from knowledge_base.search.off_topic import load
from tests.fake_embedder import HashEmbedder

asyncio.run(load(HashEmbedder()))
