"""One unit of work, with one attribute per subject."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.answers import Answers
from knowledge_base.store.blocks import Blocks, Tallies
from knowledge_base.store.buttons import Buttons
from knowledge_base.store.claims import Claims
from knowledge_base.store.consents import Consents
from knowledge_base.store.contact_checks import ContactChecks
from knowledge_base.store.contacts import Contacts
from knowledge_base.store.contributions import Contributions
from knowledge_base.store.conversations import Conversations
from knowledge_base.store.digests import Digests
from knowledge_base.store.doubtful import DoubtfulMessages
from knowledge_base.store.edits import Edits
from knowledge_base.store.entry_drafts import EntryDrafts
from knowledge_base.store.imports import Imports
from knowledge_base.store.inbox import Inbox
from knowledge_base.store.introductions import Introductions
from knowledge_base.store.key_values import Facts
from knowledge_base.store.open_questions import OpenQuestions
from knowledge_base.store.outbox import Outbox
from knowledge_base.store.own_data import Data, own_data
from knowledge_base.store.pages import Pages
from knowledge_base.store.people import People
from knowledge_base.store.processes import Processes
from knowledge_base.store.profiles import Profiles
from knowledge_base.store.records import Records
from knowledge_base.store.rooms import Rooms
from knowledge_base.store.subscriptions import Subscriptions
from knowledge_base.store.towns import Towns
from knowledge_base.store.translations import Translations
from knowledge_base.store.vectors import Vectors
from knowledge_base.store.verifications import Verifications


class Transaction:
    """A unit of work of ``Store.begin()`` or ``Store.read()``; ``now`` is the moment of the whole unit."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.news = False  # this transaction stored work that other processes wait for

    @cached_property
    def records(self) -> Records:
        return Records(self.connection, self.now)

    @cached_property
    def edits(self) -> Edits:
        return Edits(self.connection, self.now)

    @cached_property
    def contributions(self) -> Contributions:
        return Contributions(self.connection, self.now)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self.connection, self.now)

    @cached_property
    def vectors(self) -> Vectors:
        return Vectors(self.connection)

    @cached_property
    def translations(self) -> Translations:
        return Translations(self.connection)

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.connection)

    @cached_property
    def people(self) -> People:
        return People(self.connection, self.now)

    @cached_property
    def answers(self) -> Answers:
        return Answers(self.connection, self.now)

    @cached_property
    def buttons(self) -> Buttons:
        return Buttons(self.connection, self.now)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.connection, self.now)

    @cached_property
    def rooms(self) -> Rooms:
        return Rooms(self.connection)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.connection, self.now, ended=self._has_news)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.connection, self.now, added=self._has_news)

    @cached_property
    def processes(self) -> Processes:
        return Processes(self.connection, self.now)

    @cached_property
    def doubtful(self) -> DoubtfulMessages:
        return DoubtfulMessages(self.connection, self.now)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self.connection, self.now)

    @cached_property
    def profiles(self) -> Profiles:
        return Profiles(self.connection, self.now)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.connection, self.now)

    @cached_property
    def blocks(self) -> Blocks:
        return Blocks(self.connection, self.now)

    @cached_property
    def tallies(self) -> Tallies:
        return Tallies(self.connection, self.now)

    @cached_property
    def introductions(self) -> Introductions:
        return Introductions(self.connection, self.now)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self.connection, self.now)

    @cached_property
    def digests(self) -> Digests:
        return Digests(self.connection, self.now)

    @cached_property
    def open_questions(self) -> OpenQuestions:
        return OpenQuestions(self.connection, self.now)

    @cached_property
    def entry_drafts(self) -> EntryDrafts:
        return EntryDrafts(self.connection, self.now)

    @cached_property
    def verifications(self) -> Verifications:
        return Verifications(self.connection, self.now)

    @cached_property
    def contacts(self) -> Contacts:
        return Contacts(self.connection, self.now)

    @cached_property
    def claims(self) -> Claims:
        return Claims(self.connection, self.now)

    @cached_property
    def towns(self) -> Towns:
        return Towns(self.connection, self.now)

    @cached_property
    def contact_checks(self) -> ContactChecks:
        return ContactChecks(self.connection, self.now)

    def _has_news(self) -> None:
        self.news = True

    async def own_data(self, person_id: str) -> Data:
        """Return everything that is stored about one person, see ``knowledge_base.store.own_data``."""
        return await own_data(self.connection, self.now, person_id)
