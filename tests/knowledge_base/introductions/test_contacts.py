"""The one decision whether a contact can be asked, and by which account."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from knowledge_base.introductions.contacts import Account, Introducible, way_to
from knowledge_base.introductions.values import KnownPerson
from knowledge_base.model import Contact, Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.vocabulary import bundled

MAIL: Account = ("email", "amt@stadt.example")
CHAT: Account = ("matrix", "@amt:stadt.example")
BOTH = Contact(
    id="c", role="Amt", email="Amt@Stadt.example", matrix_id=CHAT[1], projects=("bus",), legal_basis="public_function"
)
BY_CHAT = Contact(id="c", role="Amt", matrix_id=CHAT[1], projects=("bus",), legal_basis="public_function")
BUS = Project(id="bus", title="Rufbus", text="Er fährt.")
THERE, AWAY, LOST = (
    KnownPerson(frozenset({"matrix"})),
    KnownPerson(frozenset({"matrix"}), away=True),
    KnownPerson(frozenset()),
)
MAILBOX = KnownPerson(frozenset({"email"}))


def anything(channels: Collection[str]) -> bool:
    return bool(channels)


def no_mail(channels: Collection[str]) -> bool:
    return bool(set(channels) - {"email"})


@pytest.mark.parametrize(
    ("contact", "known", "reach", "way"),
    [
        (BOTH, {}, anything, MAIL),  # a mailbox can be written to for the first time
        (BOTH, {}, no_mail, None),
        (BOTH, {CHAT: THERE}, no_mail, CHAT),
        (BOTH, {CHAT: THERE}, anything, MAIL),
        (BOTH, {MAIL: LOST, CHAT: THERE}, anything, CHAT),  # mail comes back
        (BOTH, {MAIL: LOST}, anything, None),
        (BOTH, {MAIL: MAILBOX, CHAT: AWAY}, anything, None),  # no introductions on one account: on none
        (BOTH, {MAIL: THERE}, no_mail, MAIL),  # the owner of the mailbox is reached on Matrix
        (BY_CHAT, {}, anything, None),  # never wrote to the bot
        (BY_CHAT, {CHAT: THERE}, anything, CHAT),
        (BY_CHAT, {CHAT: LOST}, anything, None),
        (BY_CHAT, {CHAT: AWAY}, anything, None),
        (Contact(id="c", role="Amt", email=MAIL[1]), {}, anything, None),  # no legal basis
        (Contact(id="c", role="Amt", phone="0355 1", legal_basis="consent"), {}, anything, None),
    ],
)
def test_contact_can_be_asked_where_a_request_gets_to_the_person(
    contact: Contact, known: dict[Account, KnownPerson], reach: object, way: Account | None
) -> None:
    assert way_to(contact, known, reach) == way  # type: ignore[arg-type]


def test_project_is_introducible_from_the_moment_its_contact_is_known_and_no_longer() -> None:
    contacts = Introducible([BY_CHAT], Gazetteer([]), bundled())
    assert BUS not in contacts
    assert contacts.accounts == {CHAT}
    contacts.follow({CHAT: THERE}, ())
    assert BUS in contacts
    contacts.reach_by(lambda _channels: False)
    assert BUS not in contacts
    contacts.reach_by(anything)
    contacts.follow({CHAT: THERE}, ["c"])
    assert BUS not in contacts
    assert contacts.of(BUS) == ("c",)
