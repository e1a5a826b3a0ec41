"""Steps of stories in which a question without an answer is passed on, answered and closed."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.fakes import Person, settled
from tests.introducing import Networks
from tests.wording import says

MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
ASKED = "Wer hat Erfahrung mit Klimaanpassung auf Friedhöfen?"
EDITOR_ADDRESS = "matrix:@erika:redaktion.example"


async def passes_on(asker: Person, question: str = ASKED) -> str:
    """Ask, agree that the question is passed on, and return its number."""
    await asker.says(question)
    preview = await asker.says("!weitergeben")
    assert question in preview
    done = await asker.says("1")
    assert says("question.passed_on", done)
    return done.partition("Nummer ")[2].partition(")")[0]


async def send_digests(town: Networks, at: datetime = MONDAY) -> None:
    """Set the clock, and send the digests that are due then."""
    town.store.now.moment = at  # type: ignore[attr-defined]
    await town.bot.digests.make_due(at)
    await settled(town.bot)
