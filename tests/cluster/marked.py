"""Records and people with marks in every datum, so that all that a server saw can be searched for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.introducing import KNOWLEDGE, PROJECT

LEAD = "qxlead@cottbus.example"
LEADS_DATA = frozenset({"qxlead", "7391846", "qxmatrix", "qxperson"})
RECORDS: list[dict[str, Any]] = [
    KNOWLEDGE[0] | {"mail_domains": ["cottbus.example"]},
    KNOWLEDGE[1] | {"mail_domains": ["potsdam.example"]},
    KNOWLEDGE[2],
    {
        "record": "contact", "id": "c-lead", "role": "Leitung Digitale Stadt", "municipality": "Cottbus/Chóśebuz",
        "email": LEAD, "phone": "+49 355 7391846", "matrix_id": "@qxmatrix:cottbus.example", "name": "Qxperson",
        "projects": [PROJECT], "legal_basis": "public_function", "source": "https://cottbus.example/kontakt",
    },
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asker:
    """A user of Telegram who wants to be introduced; no other user has these words."""

    number: int

    @property
    def name(self) -> str:
        return f"Z{self._word}n"

    @property
    def question(self) -> str:
        return f"Wer fährt in Cottbus durch den z{self._word}w?"

    @property
    def reach(self) -> str:
        return f"Fach z{self._word}r im Rathaus"

    @property
    def marks(self) -> frozenset[str]:
        """All marks of this user."""
        return frozenset(f"z{self._word}{kind}" for kind in "nwr")

    @property
    def _word(self) -> str:
        """The number in letters, because no name has digits; always of the same length."""
        return "q" + "".join(chr(ord("a") + self.number // 26**place % 26) for place in range(3)) + "z"
