"""Imported by the process from which others are forked: what each would embed and read when it starts."""

from __future__ import annotations

import asyncio

from bot.texts import Texts
from knowledge_base.search.off_topic import load
from tests.fake_embedder import HashEmbedder

asyncio.run(load(HashEmbedder()))
Texts()
