"""People ask, in three languages, and go on asking."""

from __future__ import annotations

from tests.fakes import Person


async def test_somebody_asks_in_german_and_goes_on(anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    print(anna.hears())
    assert "Projekte</b>" not in anna.hears()
    await anna.says("mehr")
    print(anna.hears())
