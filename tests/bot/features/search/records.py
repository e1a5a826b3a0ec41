"""Projects and hits that the tests of answers share."""

from __future__ import annotations

from knowledge_base.model import Hit, Project


def project(**fields: str) -> Project:
    return Project(**{"id": "p", "title": "Rad", "text": "Wege"} | fields)  # type: ignore[arg-type]


TRANSLATED = Project(
    id="bus", title="Rufbus", text="Der Bus kommt auf Anruf.", status="in Betrieb", contact_role="Stabsstelle",
    kind="Maßnahme", funding_round="MPSC 1. Staffel 2019",
    translations={
        "en": {"title": "Bus on demand", "text": "The bus comes when called.", "contact_role": "Mobility unit"},
        "pl": {"title": "Autobus na żądanie", "text": "Autobus przyjeżdża na telefon."},
    },
)  # fmt: skip


def hit(record: Project, why: str) -> Hit:
    return Hit(project=record, score=1.0, why=why, contact_role=record.contact_role, can_introduce=False)
