"""Rules for data that leaves through Telegram, and for who may ask: everything sent or read passes here.

``bot.channels.policy`` decides which classes of data may pass. If contact data of other people may not pass, mail
addresses, phone numbers and Matrix ids are masked in everything that leaves. Only data that readers gave about
themselves stays. Any user may ask in a private chat; groups are listed in the settings or allowed by an admin
(``Inbound.needs_permit``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.channels.port import Card
from bot.messages import Outgoing
from bot.messages.markup import Block, Document, Inline, Items, Link, Paragraph, Soft, Strong, Text
from knowledge_base.ingest.personal_data import masked


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one bot."""

    groups: Collection[int] = ()  # allowed by the settings
    personal_data: bool = False  # other people's data may pass (``bot.channels.policy``)

    def needs_permit(self, chat: int, *, private: bool) -> bool:
        """Return whether an admin must allow this chat first."""
        return not private and chat not in self.groups

    def text(self, text: str) -> str:
        """Return a text as it may leave."""
        return text if self.personal_data else masked(text)

    def message(self, message: Outgoing) -> Outgoing:
        """Return a message as it may leave."""
        choices = tuple(replace(choice, label=self.text(choice.label)) for choice in message.choices)
        return replace(message, document=self.document(message.document), choices=choices)

    def card(self, card: Card) -> Card:
        """Return a card as it may leave."""
        return replace(
            card, title=self.text(card.title), summary=self.text(card.summary), document=self.document(card.document)
        )

    def document(self, document: Document) -> Document:
        """Return a document as it may leave."""
        return tuple(self._block(block) for block in document)

    def _block(self, block: Block) -> Block:
        if isinstance(block, Paragraph):
            return Paragraph(tuple(self._inline(node) for node in block.inner))
        return Items(tuple(self.document(entry) for entry in block.entries), block.start)

    def _inline(self, node: Inline) -> Inline:
        match node:
            case Text() if node.own or not node.quoted:
                return node
            case Link() if node.own:
                return node
            case Text(text):
                return replace(node, text=self.text(text))
            case Strong(inner):
                return Strong(tuple(self._inline(part) for part in inner))
            case Soft(inner):
                return Soft(tuple(self._inline(part) for part in inner))
            case Link() if self.text(node.shown) != node.shown:
                return Text(self.text(node.shown))
            case _:
                return node
