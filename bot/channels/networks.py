"""The networks, one row each: what the rest of the bot may know of a network, and how its channel is built.

A new network is one more row of ``NETWORKS``, its adapter, its section of the settings, and its texts:
``channel.NAME``, and ``intro.shares.NAME`` with ``page.data.NAME`` where its users can be reached by what they share;
``notice.NAME`` and ``page.privacy.NAME`` where it is outside the EU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Final

from bot.channels.port import Channel
from bot.messages import Say
from bot.texts import Texts
from config.channel import ChannelSection
from config.settings import Settings
from knowledge_base.model import ContactNetwork

MAIL: Final = ContactNetwork.EMAIL.value
MATRIX: Final = ContactNetwork.MATRIX.value


@dataclass(frozen=True, slots=True)
class ChannelSetup:
    """What a channel is built from.

    ``commands`` are those that a network may list, per language (``""``: for all others), each a word and what it does;
    ``words`` are all that the bot understands as commands. ``reset_identity``: replace an identity of the account that
    the bot does not hold, where the network knows identities.
    """

    settings: Settings
    texts: Texts
    commands: Mapping[str, Sequence[tuple[str, str]]]
    words: frozenset[str]
    reset_identity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network."""

    name: str  # ``Channel.name``; accounts, messages and links in the database hold it
    title: str  # as the network writes it
    label: Say | str  # as people read it
    order: int  # where people are told something who chose no network: the lowest first
    section: Callable[[Settings], ChannelSection] | None = None  # its settings; none: no account of the bot's
    adapter: str = ""  # the module whose ``build`` makes a channel of a ``ChannelSetup``; empty: ``serve`` has none
    words: tuple[str, ...] = ()  # how else people write the name
    carries_personal_data: bool = False  # contact data and free text of other people
    outside_eu: bool = False  # people are told so at once
    operated_by: str = ""  # who runs all of it; empty: each server has an operator of its own
    reason: Callable[[Settings], str] = lambda _settings: ""  # why it is offered although it is run by another body
    writes_first: bool = True  # the bot may write to an account that never wrote to it
    start_link: str = ""  # else: the address by which a user starts, of ``{bot}`` and ``{handle}``
    profile_link: str = ""  # the address of an account by its public ``{name}``; empty: there are no such names
    own_name: Callable[[Settings], str] = lambda _settings: ""  # of the bot; empty: only the network tells it
    chat_link: str = ""  # the address that opens a chat with the bot by its ``{name}``
    user_ids_reach: bool = False  # by a user's id anyone can write to the user
    hears: bool = True  # people can write to the bot
    buttons: bool = False  # see ``bot.channels.port.Immediate``
    shows_readers: bool = False  # the bot can see who is in a group
    opens_rooms: bool = False  # see ``bot.channels.port.OpensRooms``
    keeps_updates_for: timedelta | None = None  # then it forgets what the bot did not fetch; none: it never does

    def is_set_up(self, settings: Settings) -> bool:
        """Return whether the settings name an account of the bot's."""
        return self.section is not None and self.section(settings).is_set_up

    def may_carry_personal_data(self, settings: Settings) -> bool:
        """Return whether data of other people may pass, by itself or as the operator decided."""
        return self.carries_personal_data or (self.section is not None and self.section(settings).lifts_data_policy)

    def server(self, settings: Settings) -> str:
        """Return the host that gets the bot's messages; empty: the settings name none."""
        return self.section(settings).server if self.section else ""

    def build(self, setup: ChannelSetup) -> Channel:
        """Load the adapter, and its library with it, and make the channel."""
        channel: Channel = import_module(self.adapter).build(setup)
        return channel


_ROWS = (
    Network(
        name=MATRIX,
        title="Matrix",
        label=Say("channel.matrix"),
        order=1,
        section=lambda settings: settings.matrix,
        adapter="bot.channels.matrix",
        own_name=lambda settings: settings.matrix.user_id,
        chat_link="https://matrix.to/#/{name}",
        carries_personal_data=True,
        user_ids_reach=True,
        shows_readers=True,
        opens_rooms=True,
    ),
    Network(
        name="telegram",
        title="Telegram",
        label=Say("channel.telegram"),
        order=2,
        section=lambda settings: settings.telegram,
        adapter="bot.channels.telegram",
        outside_eu=True,
        operated_by="Telegram FZ-LLC",
        reason=lambda settings: settings.privacy.telegram_reason,
        writes_first=False,
        start_link="https://t.me/{bot}?start={handle}",
        profile_link="https://t.me/{name}",
        chat_link="https://t.me/{name}",
        buttons=True,
        keeps_updates_for=timedelta(days=1),
    ),
    Network(
        name=MAIL,
        title="SMTP",
        label=Say("channel.email"),
        order=3,
        section=lambda settings: settings.smtp,
        adapter="bot.channels.email",
        words=("mail", "e-mail", "poczta", "postfach", "skrzynka"),
        carries_personal_data=True,
        user_ids_reach=True,
        hears=False,
    ),
    Network(
        name="terminal",
        title="Terminal",
        label=Say("channel.terminal"),
        order=4,
        carries_personal_data=True,
    ),
)
NETWORKS: Final[dict[str, Network]] = {row.name: row for row in _ROWS}


def network(channel: str) -> Say | str:
    """Return the name of a channel (``Channel.name``) for a text; of one without a row, the channel's own."""
    row = NETWORKS.get(channel)
    return row.label if row else channel


def order(channel: str) -> int:
    """Return the place of a channel where people are told something; those without a row come last."""
    return NETWORKS[channel].order if channel in NETWORKS else len(NETWORKS) + 1


def words_of_shared() -> dict[str, str]:
    """Return the words for the networks on which a user can show another how to reach them, each with the channel."""
    rows = [row for row in NETWORKS.values() if row.user_ids_reach or row.profile_link]
    return {word: row.name for row in rows for word in (row.name, *row.words)}


def named_by(word: str) -> str:
    """Return the channel that people mean by a word in any case; the word itself in lower case where it means none."""
    typed = word.lower()
    return next((row.name for row in NETWORKS.values() if typed in row.words), typed)


def set_up(settings: Settings) -> Iterator[Network]:
    """Yield the networks on which the bot has an account."""
    return (row for row in NETWORKS.values() if row.is_set_up(settings))


def started_by_users() -> Network:
    """Return the network that mails invite to, because users must write to the bot first there."""
    return next(row for row in NETWORKS.values() if row.start_link and not row.writes_first)


def is_outside_eu(channel: str) -> bool:
    """Return whether the servers of a channel are outside the EU."""
    return channel in NETWORKS and NETWORKS[channel].outside_eu


def profile_link(channel: str, name: str) -> str:
    """Return the address of the account with a public name; empty where accounts have none."""
    return NETWORKS[channel].profile_link.format(name=name) if channel in NETWORKS else ""


def is_reached_by_user_id(channel: str) -> bool:
    """Return whether the id of a user is enough to write to them."""
    return channel in NETWORKS and NETWORKS[channel].user_ids_reach


def with_buttons() -> frozenset[str]:
    """Return the names of the channels that have buttons."""
    return frozenset(row.name for row in NETWORKS.values() if row.buttons)


def forgetting() -> dict[str, timedelta]:
    """Return how long each channel keeps what the bot did not fetch, for those that forget it."""
    return {row.name: row.keeps_updates_for for row in NETWORKS.values() if row.keeps_updates_for}


def opening_rooms() -> tuple[str, ...]:
    """Return the names of the channels on which two people can be brought together in a room."""
    return tuple(row.name for row in NETWORKS.values() if row.opens_rooms)
