"""What a message refers to: whether it is for the bot because of that, and what the other user wrote there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.channels.matrix.batch import Batch, SyncReader
from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.matrix.normalise import NAME
from bot.channels.port import Receive
from bot.messages import Happening, Inbound


@dataclass(frozen=True, slots=True)
class References:
    """Looks up what the messages of a batch refer to."""

    server: Server
    reader: SyncReader
    receive: Receive

    async def resolve(self, batch: Batch) -> None:
        """Keep what is for the bot because of what it refers to, and read what that says.

        These are all messages in rooms where no mention is needed, replies to messages of the bot, messages in threads
        on its messages or on questions to it, and edits of such questions by their authors.
        """
        rooms = {inbound.address.conversation for inbound in batch.unsure}
        chatty = await self.receive.without_mention(NAME, rooms) if rooms else set()
        roots = {inbound.refers_to or inbound.address.thread for inbound in batch.unsure} - {""}
        known = {happening.id for happening in batch.happenings} & roots
        known |= await self.receive.known(NAME, roots - known) if roots - known else set()
        for inbound in batch.unsure:
            if _is_message_in(chatty, inbound) or await self._concerns_us(inbound, known):
                batch.happenings.append(replace(inbound, addressed=True))
        batch.happenings = [await self._with_quoted(happening) for happening in batch.happenings]

    async def _concerns_us(self, inbound: Inbound, known: set[str]) -> bool:
        if not inbound.refers_to:
            return inbound.address.thread in known
        if inbound.happening is Happening.EDIT and inbound.refers_to not in known:
            return False
        author = self.reader.me if inbound.happening is not Happening.EDIT else inbound.user
        event = await self._event(inbound.address.conversation, inbound.refers_to)
        return event.get("sender") == author

    async def _with_quoted(self, inbound: Inbound) -> Inbound:
        """Return the message with the words of another user that it replies to, or that began its thread."""
        earlier = inbound.refers_to or inbound.address.thread
        if inbound.happening is not Happening.MESSAGE or not earlier:
            return inbound
        room = inbound.address.conversation
        return replace(inbound, quoted=self.reader.quoted(room, await self._event(room, earlier)))

    async def _event(self, room_id: str, event_id: str) -> Json:
        """Return an event of a room, empty if the server gives none."""
        try:
            return await self.server.get("v3", "rooms", room_id, "event", event_id)
        except RequestRefusedError:
            return {}


def _is_message_in(rooms: set[str], inbound: Inbound) -> bool:
    return inbound.happening is Happening.MESSAGE and inbound.address.conversation in rooms
