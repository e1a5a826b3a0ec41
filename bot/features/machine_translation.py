"""Translations by machine of projects that have none: looked up for an answer, made in the background for the next one.

Only the public texts of a record go to the server. An answer never waits for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from knowledge_base.libretranslate import LibreTranslate, RefusedError, TranslationError
from knowledge_base.model import TRANSLATED, Project
from knowledge_base.store.database import Store
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import BY_MACHINE, in_language

log = structlog.get_logger()

MOST_WAITING = 200  # projects; what finds no room is wanted again by the next reader
AT_ONCE = 5  # projects of one round: the next round begins soon
REMEMBERED = 1_000  # projects that the server refused
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)

Wish = tuple[Project, str]  # and the language of its reader


class Translator:
    """The projects that readers wanted in their language, and the server that translates them. One per process."""

    def __init__(self, store: Store, server: LibreTranslate) -> None:
        self._store = store
        self._server = server
        self._waiting: OrderedDict[tuple[str, str], Wish] = OrderedDict()
        self._refused: OrderedDict[tuple[str, str, str], None] = OrderedDict()
        self._failed = 0  # rounds in a row
        self._next: datetime | None = None  # no request before

    async def __call__(self) -> None:
        """Translate some of the projects that wait; after a failure, pause ever longer."""
        if self._next and self._store.now() < self._next:
            return
        for key, wish in list(self._waiting.items())[:AT_ONCE]:
            try:
                await self._translate(*wish)
            except RefusedError as error:
                self._refuse(wish, error)
            except TranslationError as error:
                self._pause(error)
                return
            self._waiting.pop(key, None)
            self._works()

    async def read(self, tx: Transaction, projects: Iterable[Project], language: str) -> dict[str, Project]:
        """Return projects by id, each with its stored translation by machine; want those that are missing."""
        known: dict[str, Project] = {}
        for project in projects:
            known[project.id] = project
            if project.lang == language or in_language(project, language).is_translated:
                continue
            texts = await tx.translations.get(project.lang, language, _texts(project).values())
            if project.text.strip() in texts:
                known[project.id] = _with(project, language, texts)
            else:
                self._want(project, language)
        return known

    def _want(self, project: Project, language: str) -> None:
        key = (project.id, language)
        if _pair(project, language) not in self._refused and (
            key in self._waiting or len(self._waiting) < MOST_WAITING
        ):
            self._waiting[key] = (project, language)

    async def _translate(self, project: Project, language: str) -> None:
        originals = list(dict.fromkeys(_texts(project).values()))
        texts = await self._server.translate(originals, project.lang, language)
        async with self._store.begin() as tx:
            await tx.translations.add(project.lang, language, dict(zip(originals, texts, strict=True)))

    def _refuse(self, wish: Wish, error: RefusedError) -> None:
        """Ask no more for this text: the same request would fail again."""
        project, language = wish
        log.warning("translation.refused", project=project.id, source=project.lang, target=language, why=str(error))
        self._refused[_pair(project, language)] = None
        if len(self._refused) > REMEMBERED:
            self._refused.popitem(last=False)

    def _pause(self, error: TranslationError) -> None:
        if not self._failed:
            log.warning("translation.failed", why=str(error), waiting=len(self._waiting))
        pause = min(FIRST_PAUSE * 2.0 ** min(self._failed, 16), LONGEST_PAUSE)
        self._failed, self._next = self._failed + 1, self._store.now() + pause

    def _works(self) -> None:
        if self._failed:
            log.info("translation.works_again", failed=self._failed)
        self._failed, self._next = 0, None


def _texts(project: Project) -> dict[str, str]:
    """Return the texts of a project that a translation has, by field."""
    return {name: text for name in TRANSLATED if (text := str(getattr(project, name)).strip())}


def _with(project: Project, language: str, texts: dict[str, str]) -> Project:
    made = {name: texts[text] for name, text in _texts(project).items() if text in texts}
    own = project.translations.get(language, {})
    return replace(project, translations={**project.translations, language: {**made, **own, BY_MACHINE: "yes"}})


def _pair(project: Project, language: str) -> tuple[str, str, str]:
    return (project.id, project.text, language)
