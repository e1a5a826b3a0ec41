"""Decide which kind of data may pass through which network. Pure.

A feature that is about to say something about a person asks here first. Where the answer is no, it says where the user
gets it instead (by Matrix or mail). What the channels do in addition (``bot.channels.telegram.policy`` masks contact
data in every text that leaves) is a second line, for data that is not marked.

    network (``bot.channels.networks``)       PUBLIC   OWN   CONTACT_DATUM   TEXT_OF_OTHERS
    carries personal data                     yes      yes   yes             yes
    carries none                              yes      yes   by setting      by setting      (default: no)
    without a row                             yes      yes   no              no              until it has one
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bot.channels.networks import NETWORKS
from config.settings import Settings


class DataClass(StrEnum):
    """Whose data it is, seen from the person who is to read it."""

    PUBLIC = "public"  # projects, municipalities, roles, and what the bot itself says
    OWN = "own"  # what is known about the reader
    CONTACT_DATUM = "contact_data"  # name, mail address, phone number or account of another person
    TEXT_OF_OTHERS = "free_text_of_others"  # what another person wrote


PERSONAL = frozenset({DataClass.CONTACT_DATUM, DataClass.TEXT_OF_OTHERS})


def may_pass(channel: str, data: DataClass, settings: Settings) -> bool:
    """Return whether data of this class may leave through ``channel`` (``Channel.name``).

    That it *may* pass says nothing of consent: whether a person's contact datum is shown at all is decided before.
    """
    if data not in PERSONAL:
        return True
    row = NETWORKS.get(channel)
    return row is not None and row.may_carry_personal_data(settings)


def is_usable(channel: str, settings: Settings) -> bool:
    """Return whether something can arrive through ``channel`` as the bot is set up."""
    row = NETWORKS.get(channel)
    return row is None or row.section is None or row.is_set_up(settings)


def can_take_request(channels: Collection[str], settings: Settings) -> bool:
    """Return whether a request for an introduction gets to a person on these networks, who then can answer it.

    With pages, a link to one does on every network. Without, one of the networks must carry what the request says, and
    one must let the person write to the bot.
    """
    usable = [channel for channel in channels if is_usable(channel, settings)]
    if settings.web.public_url:
        return bool(usable)
    hears = any(NETWORKS[channel].hears for channel in usable if channel in NETWORKS)
    return hears and any(may_pass(channel, DataClass.CONTACT_DATUM, settings) for channel in usable)
