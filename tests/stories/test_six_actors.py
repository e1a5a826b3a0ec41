"""Six actors and every command that an introduction offers, at each stage: only the owner acts, others learn nothing.

The same for pages: ``tests/bot/web/pages/test_introduction.py``. The same for the buttons of Telegram, with handles
bound to their owner: ``tests/bot/channels/telegram/test_buttons.py``.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from knowledge_base.introductions.values import State
from knowledge_base.store.database import Store
from tests.bot.features.introductions.watching import stored
from tests.fakes import Person, settled
from tests.introducing import LEAD, MOBILITY, Networks, asks, known_as, networks

OF_THE_CONTACT = ("ja {} all", "ja {}", "nein {}", "vertretung {}", "nicht-mein-thema {}", "nie-wieder {}")
OF_THE_ASKER = ("kontakt ja {} all", "kontakt zurück {}", "kontakt redaktion {}", "kontakt frage {} Ist das neu?")
OF_BOTH = ("geholfen ja {}", "geholfen nein {}", "geholfen noch {}")
EVERY = (*OF_THE_CONTACT, *OF_THE_ASKER, *OF_BOTH)


async def proved(net: Networks, person: Person, address: str) -> Person:
    """A user who verified the imported address of a contact."""
    await person.says("!start")
    async with net.store.begin() as tx:
        mail = await tx.profiles.person_of_address(address)
        chat = await tx.people.of_account("matrix", person.name)
        assert chat
        await tx.profiles.merge(mail.id, chat.id)
    return person


class Stage:
    """An introduction, and all actors who could try to change it."""

    def __init__(self, net: Networks, database: Path, code: str, actors: dict[str, Person]) -> None:
        self.net, self.code, self.actors = net, code, actors
        self.database = sqlite3.connect(database)
        self.tried = 0
        self.unknown: dict[tuple[str, str], str] = {}

    def row(self) -> dict[str, object]:
        return dict(stored(self.database).introductions[self.code])

    async def of_nothing(self, actor: Person, command: str) -> str:
        """The answer to a code that does not exist."""
        known = (actor.name, command)
        if known not in self.unknown:
            self.unknown[known] = await actor.says(f"!{command.format('ZZZZZ')}")
        return self.unknown[known]

    async def only_owners_act(self, state: State) -> None:
        assert self.row()["state"] == state
        for name, actor in self.actors.items():
            owned = {
                "asker": (*OF_THE_ASKER, *OF_BOTH),
                "contact": (*OF_THE_CONTACT, "kontakt zurück {}", *OF_BOTH),
            }.get(name, ())
            for command in (command for command in EVERY if command not in owned):
                before = self.row()
                said = await actor.says(f"!{command.format(self.code)}")
                await settled(self.net.bot)
                assert self.row() == before, f"{name} said {command} and changed something"
                if name not in ("asker", "contact"):
                    assert said == await self.of_nothing(actor, command), f"{name} learns something"
                self.tried += 1


@pytest.mark.slow
async def test_only_asker_and_contact_can_act_on_their_introduction(sqlite_store: Store, tmp_path: Path) -> None:
    roles = {"editors": ("matrix:@erika:a.example",), "admins": ("matrix:@ada:a.example",)}
    async with networks(sqlite_store, tmp_path, **roles) as net:
        names = ("@eve:evil.example", "@erika:a.example", "@ada:a.example")
        lead = await proved(net, net.matrix.person("@lead:cottbus.example"), LEAD)
        deputy = await proved(net, net.matrix.person("@deputy:cottbus.example"), MOBILITY)
        stranger, editor, admin = [net.matrix.person(name) for name in names]
        for somebody in (stranger, editor, admin):
            await somebody.says("!start")
        asker = await known_as(net.matrix.person("@anna:potsdam.example"))
        code = await asks(asker)
        actors = {
            "asker": asker,
            "contact": lead,
            "deputy": deputy,
            "stranger": stranger,
            "editor": editor,
            "admin": admin,
        }
        stage = Stage(net, tmp_path / "stadtlotse.db", code, actors)
        await net.passes()
        await stage.only_owners_act(State.DELIVERED)
        await lead.says(f"!ja {code} email")
        await net.passes()
        await stage.only_owners_act(State.ARRANGED)
        await net.passes(days=14, minutes=1)
        await stage.only_owners_act(State.FOLLOWED)
        for owner in (asker, lead):
            assert "Danke" in await owner.says(f"!geholfen ja {code}")
        await stage.only_owners_act(State.CLOSED)
        assert stage.tried == 4 * (len(OF_THE_CONTACT) + len(OF_THE_ASKER) - 1 + 4 * len(EVERY))
        stage.database.close()
