"""Which kind of data may pass through which network: the one place that decides. Pure.

Whoever is about to say something about a person asks here first, and says instead where it can be had (by Matrix or
mail) when the answer is no. What the channels do on top (``bot.channels.telegram.policy`` masks contact data in every
text that leaves) is a second line, for data that nobody marked.

    network            PUBLIC   OWN   CONTACT_DATUM   TEXT_OF_OTHERS
    matrix             yes      yes   yes             yes
    email              yes      yes   yes             yes
    terminal           yes      yes   yes             yes
    telegram           yes      yes   by setting      by setting        (``telegram.personal_data``, default: no)
    any other          yes      yes   no              no                until somebody decides here
"""

from __future__ import annotations

from enum import StrEnum

from config.settings import Settings


class DataClass(StrEnum):
    """Whose data it is, seen from the person who is to read it."""

    PUBLIC = "public"  # projects, municipalities, roles, and what the bot itself says
    OWN = "own"  # what is known about the reader
    CONTACT_DATUM = "contact_data"  # name, mail address, phone number or account of somebody else
    TEXT_OF_OTHERS = "free_text_of_others"  # what somebody else wrote


PERSONAL = frozenset({DataClass.CONTACT_DATUM, DataClass.TEXT_OF_OTHERS})
CARRIERS = frozenset({"matrix", "email", "terminal"})  # networks that carry other people's data


def may_pass(channel: str, data: DataClass, settings: Settings) -> bool:
    """Whether data of this class may leave through ``channel`` (``Channel.name``).

    That it *may* pass says nothing of consent: whether somebody's contact datum is shown at all is decided before.
    """
    if data not in PERSONAL or channel in CARRIERS:
        return True
    return channel == "telegram" and settings.telegram.personal_data
