"""One project in full. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from bot.features.wording import date_in_words, origin_of
from bot.messages import Say, Url, Value
from knowledge_base.labels import kind_in, licence_in, round_in, status_in
from knowledge_base.model import Project
from knowledge_base.translations import Reading

OLD = timedelta(days=2 * 365)  # facts of this age are shown with their date


def in_full(reading: Reading, language: str, today: date) -> Say:
    """Return everything about a project that is public; a field without a value says nothing."""
    project = reading.project
    fields = ("municipality", "kind", "status", "period", "funding_round", "funding", "transferability", "contact_role")
    values = {name: getattr(project, name) for name in fields}
    values |= {"kind": kind_in(project.kind, language), "funding_round": round_in(project.funding_round, language)}
    if (label := status_in(reading, language)) != project.status:
        values["status"] = f"{label} ({project.status})"
    facts = tuple(Say(f"show.{name}", {"value": value}) for name, value in values.items() if value)
    licence = licence_in(project.licence, language)
    return Say(
        "show.project",
        {
            "title": project.title,
            "origin": origin_of(reading, language),
            "text": project.text,
            "facts": (*facts, *_old_dates(project, language, today)),
            "sources": tuple(
                Say("show.source", {"url": Url(url, short=True)}) for url in project.sources or (project.url,) if url
            ),
            "licence": Say("show.licence", {"licence": licence}) if licence else "",
            "edit": "",
        },
    )


def _old_dates(project: Project, language: str, today: date) -> tuple[Say, ...]:
    """Return one line with those dates of a project's facts that are older than two years."""
    dates = {name: value for name in ("as_of", "checked") if (value := getattr(project, name))}
    old = {name: when for name, value in dates.items() if (when := date.fromisoformat(value)) < today - OLD}
    values: dict[str, Value] = {name: date_in_words(when, language) for name, when in old.items()}
    return (Say(f"show.{'_and_'.join(old)}", values),) if old else ()
