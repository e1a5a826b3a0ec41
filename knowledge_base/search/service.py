"""The search of a running bot: it always uses the newest complete snapshot and never pauses.

The index follows the store: when the revision has risen, changed texts are embedded and a new snapshot is built while
the old one answers. After a change of the model the old model, where it can still be opened, goes on answering over its
own vectors until the new one has embedded everything; otherwise texts without a vector are found by their words alone
until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import structlog

from knowledge_base.embedding.port import Embedder, Reranker
from knowledge_base.introductions.contacts import CanReach
from knowledge_base.language.detect import guess_language
from knowledge_base.model import Answer, Contact, Event, Municipality, Project, Record
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.progress import Progress, silent
from knowledge_base.search.asker import names_of, told
from knowledge_base.search.embedding_backlog import drop_unused, embed_missing
from knowledge_base.search.engine import Search
from knowledge_base.search.index import Index
from knowledge_base.search.understanding import Query
from knowledge_base.store.database import Store
from knowledge_base.store.shielded import finished
from knowledge_base.vocabulary import bundled

log = structlog.get_logger()

MODEL = "index model"  # the fact: fingerprint, engine and name of the model with complete vectors
PROBE = "Mobilität"
LONGEST = 1_000  # characters of a question that are read: a pasted page must not delay other users
CATCH_UP_S = 10.0  # longest wait of a user who changed the knowledge, before their next message is handled
AT_ONCE = 1_000  # texts that a start embeds before it answers (a minute or two); more are embedded while it answers


def warm() -> None:
    """Read the data that every question needs and no setting changes; use it while a model is loaded. Blocking."""
    bundled()
    guess_language("")


@dataclass(frozen=True, slots=True)
class ChainResult:
    """An answer, whether its question leaned on the one before, and the asker's own town as far as they named it."""

    answer: Answer
    follows_up: bool
    asker: tuple[str, ...] = ()  # names of municipalities; pass them with the next question of this chat


class SearchService:
    """The search over the newest snapshot. One per process; call ``start`` first."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        *,
        model: tuple[str, str] = ("", ""),
        reranker: Reranker | None = None,
        former: Embedder | None = None,
    ) -> None:
        """Take engine and model (``model``) for the next start; ``former`` is the previous model, if it changed."""
        self._store = store
        self.embedder = embedder
        self._model = model
        self._reranker = reranker
        self._former = former
        self._search: Search | None = None
        self._revision = -1
        self._refreshing = asyncio.Lock()
        self._can_reach: CanReach = bool

    def reach_by(self, can_reach: CanReach) -> None:
        """Set which networks take a request, as the bot is set up; before, all do."""
        self._can_reach = can_reach
        if self._search is not None:
            self._search.introducible.reach_by(can_reach)

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the model that the settings name."""
        return self.embedder.fingerprint

    @property
    def revision(self) -> int:
        """Return the revision of the knowledge that is searched; -1 before the first."""
        return self._revision

    @property
    def snapshot(self) -> Search:
        """Return the snapshot that answers now; it never changes, a newer one replaces it."""
        if self._search is None:
            raise RuntimeError("start() comes first")
        return self._search

    async def start(self, progress: Progress = silent) -> None:
        """Get ready to answer: complete where that is quick, else with what there is; ``refresh`` completes it."""
        missing = await self._missing()
        if self._former is not None and missing > AT_ONCE:
            self._search = await self._snapshot(self._former)
        elif missing > AT_ONCE:
            self._search = await self._snapshot(self.embedder)
        else:
            await self.refresh(progress)

    async def refresh(self, progress: Progress = silent) -> bool:
        """Follow the store; return whether its records had changed. The old snapshot goes on answering."""
        async with self._refreshing:
            async with self._store.read() as tx:
                revision = await tx.records.revision()
            if revision == self._revision:
                await self._follow(self.snapshot)
                return False
            await embed_missing(self._store, self.embedder, progress)
            self._search = await self._snapshot(self.embedder)
            self._revision = revision
            await self._completed()
            await drop_unused(self._store, self.embedder.fingerprint)
            log.info("search.refreshed", revision=revision, projects=len(self._search.index.projects))
            return True

    async def catch_up(self) -> None:
        """Refresh briefly for a user who has just changed the knowledge and will look for it; the rest comes later."""
        try:
            async with asyncio.timeout(CATCH_UP_S):
                await self.refresh()
        except Exception:
            log.exception("search.not_caught_up")

    async def ask(
        self,
        chain: Sequence[str],
        *,
        fallback: str | None = None,
        limit: int = 5,
        offset: int = 0,
        asker: Sequence[str] = (),
    ) -> ChainResult:
        """Answer the last question of a chain; the earlier ones are its context, and are read, not answered.

        ``fallback`` is the language of a question that has none of its own ("LoRaWAN"). ``asker`` names the town of
        the asker, as an earlier answer told it: its own projects are left out of "what do others do".
        """
        search = self.snapshot
        *earlier, question = (text[:LONGEST] for text in chain)
        previous: Query | None = None
        for text in earlier:
            previous = search.read(text, language=guess_language(text) or fallback, previous=previous)
        language = guess_language(question) or (previous.language if previous else fallback)
        query = told(search.read(question, language=language, previous=previous), asker, search.gazetteer)
        result = await search.answer(question, query, limit=limit, offset=offset)
        events = () if offset else search.events.asked_for(result.query, self._store.now().date())
        return ChainResult(
            replace(result.answer, events=events),
            follows_up=query.follows,
            asker=names_of(query.asker, search.gazetteer),
        )

    async def probe(self) -> float:
        """Embed a word with the model that answers now; return the seconds. Errors of the model pass."""
        began = perf_counter()
        await self.snapshot.embedder.embed_queries([PROBE])
        return perf_counter() - began

    async def _snapshot(self, embedder: Embedder) -> Search:
        records, vectors = await finished(self._stored(embedder.fingerprint))

        def build() -> Search:
            index = Index.build([record for record in records if isinstance(record, Project)], vectors)
            gazetteer = Gazetteer([record for record in records if isinstance(record, Municipality)])
            contacts = [record for record in records if isinstance(record, Contact)]
            events = [record for record in records if isinstance(record, Event)]
            return Search(embedder, index, gazetteer, bundled(), contacts, self._reranker, events=events)

        search = await asyncio.to_thread(build)
        await search.prepare()
        search.introducible.reach_by(self._can_reach)
        await self._follow(search)
        return search

    async def _stored(self, fingerprint: str) -> tuple[list[Record], dict[bytes, bytes]]:
        """Return all records and vectors; must not be cancelled halfway, or the database's cursor stays open."""
        async with self._store.read(long=True) as tx:
            return [stored.record async for stored in tx.records.stream()], await tx.vectors.all(fingerprint)

    async def _follow(self, search: Search) -> None:
        """Find out which contacts can be asked now: who wrote, paused, left, bounced or must not be shown."""
        contacts = search.introducible
        async with self._store.read() as tx:
            known, hidden = await tx.introductions.known(contacts.accounts), await tx.introductions.hidden()
        contacts.follow(known, hidden)

    async def _missing(self) -> int:
        """Return the approximate number of texts without a vector, counted without reading all projects."""
        async with self._store.read() as tx:
            counts = await tx.records.count()
            return max(0, sum(counts.values()) - await tx.vectors.count(self.embedder.fingerprint))

    async def _completed(self) -> None:
        """Note the model with complete vectors; delete those of the previous model."""
        engine, name = self._model
        value = {"fingerprint": self.embedder.fingerprint, "engine": engine, "model": name}
        async with self._store.begin() as tx:
            if await tx.facts.get(MODEL) != value:
                await tx.facts.put(MODEL, value)
        if self._former is not None:
            self._former = None
            async with self._store.begin(long=True) as tx:
                await tx.vectors.drop_other_models(self.embedder.fingerprint)
