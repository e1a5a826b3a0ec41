"""A user learns the own address in the form of the settings, in private, ready to be copied."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.messages.markup import Paragraph, Text
from config.settings import Settings
from knowledge_base.store.database import Store
from tests.fakes import FakeChannel, Person
from tests.introducing import Networks, networks
from tests.wording import says

ADA, ERIKA, BOSS, ANNA = "@ada:b.example", "@erika:b.example", "@boss:b.example", "@anna:b.example"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    roles = {"admins": f"matrix:{ADA},matrix:{BOSS},telegram:11", "editors": f"matrix:{ERIKA},matrix:{BOSS}"}
    async with networks(sqlite_store, tmp_path, **roles) as running:
        yield running


def paragraphs(person: Person) -> list[str]:
    """The paragraphs that consist of one text."""
    assert person.last
    blocks = [block.inner for block in person.last.document if isinstance(block, Paragraph)]
    return [inner[0].text for inner in blocks if len(inner) == 1 and isinstance(inner[0], Text)]


@pytest.mark.parametrize(("words", "language"), [("!werbinich", "de"), ("/whoami", "en"), ("!kimjestem", "pl")])
@pytest.mark.parametrize(("network", "user"), [("matrix", ADA), ("telegram", "11")])
async def test_user_learns_the_address_that_the_settings_take(
    net: Networks, network: str, user: str, words: str, language: str
) -> None:
    channel: FakeChannel = net.channels[network]
    person = channel.person(user)
    assert says("whoami", await person.says(words), language)
    address = f"{network}:{user}"
    assert address in paragraphs(person), "the address stands alone, so that it can be copied"
    assert Settings(admins=address).admins == (address,)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("user", "role"), [(ADA, "admin"), (ERIKA, "editor"), (BOSS, "both"), (ANNA, "user"), ("@ada:c.example", "user")]
)
async def test_user_learns_the_own_role(net: Networks, user: str, role: str) -> None:
    assert says(f"whoami.{role}", await net.matrix.person(user).says("!werbinich"))


async def test_group_hears_no_address(net: Networks) -> None:
    heard = await net.matrix.person(ADA, room="!group").says("!werbinich")
    assert says("one_to_one_only", heard)
    assert ADA not in heard
