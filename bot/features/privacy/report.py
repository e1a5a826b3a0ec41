"""The privacy report: a record of processing activities (Art. 30 GDPR) from the live settings and figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from importlib.resources import files
from string import Template

from bot.channels.networks import NETWORKS
from bot.channels.policy import DataClass, may_pass
from bot.features.privacy.contact_notices import HIDE_AFTER, WARN_AFTER
from bot.features.privacy.data_inventory import ENTRIES, TALLIES_LAST, period
from bot.features.privacy.processors import operated, unnamed
from bot.messages import Say
from bot.texts import Texts
from config.section import host_of
from config.settings import Settings
from knowledge_base.model import PERSONAL_FIELDS, Contact
from knowledge_base.store.statistics import Statistics

LANGUAGES = ("de", "en")
PROFILE_FIELDS = ("name", "municipality", "verified_address", "phone", "prefers", "paused_until", "refuses")
OFFICE_FIELDS = ("role", "municipality", "deputy")  # of the office, not of a person
CONTACT_FIELDS = [field.name for field in fields(Contact) if field.name in PERSONAL_FIELDS.union(OFFICE_FIELDS)]

WORDS = {
    "de": {
        "data": "Daten", "why": "Zweck", "basis": "Rechtsgrundlage", "period": "Aufbewahrung", "rows": "Zeilen",
        "field": "Feld", "network": "Kanal", "yes": "ja", "no": "nein", "unset": "nicht angegeben", "none": "nichts",
        "office": "Angabe zum Amt, keine Person", "given": "je Kontakt angegeben",
        "by_person": "Einwilligung, selbst angegeben",
        "by_account": "öffentliche Aufgabe; andere sehen ihn nur mit Einwilligung",
        "in_use": "in Betrieb", "off": "nicht eingerichtet", "own_server": "dieser Server",
        "table": "Tabelle", "told": "Kontakte benachrichtigt", "hidden": "Kontakte ausgeblendet",
        "verified": "Personen mit bestätigter Kommune", "missing": "Einstellung {} ist leer",
        "no_processors": "Einstellung privacy.processors ist leer: Auftragsverarbeiter und Verträge sind nicht benannt",
        "public_only": "nur öffentliche Projekttexte",
        "unnamed": "{} verarbeitet Daten und ist in privacy.processors nicht genannt (Art. 28 DSGVO)",
        "no_reason": "Telegram ist eingerichtet, aber privacy.telegram_reason ist leer",
        "no_pages": "web.public_url ist leer: Telegram-Nutzende erreicht Persönliches nur per E-Mail",
        "public": "Öffentliches", "own": "Eigenes", "contact_data": "Kontaktdaten anderer",
        "free_text_of_others": "Freitext anderer",
    },
    "en": {
        "data": "Data", "why": "Purpose", "basis": "Legal basis", "period": "Kept", "rows": "Rows",
        "field": "Field", "network": "Network", "yes": "yes", "no": "no", "unset": "not given", "none": "nothing",
        "office": "about the office, no person", "given": "given for each contact",
        "by_person": "consent, told by the person",
        "by_account": "public task; others see it with consent only",
        "in_use": "in use", "off": "not set up", "own_server": "this server",
        "table": "Table", "told": "contacts told", "hidden": "contacts hidden",
        "verified": "people with a verified municipality", "missing": "setting {} is empty",
        "no_processors": "setting privacy.processors is empty: processors and contracts are not named",
        "public_only": "public texts of projects only",
        "unnamed": "{} processes data and is not named in privacy.processors (Art. 28 GDPR)",
        "no_reason": "Telegram is set up, but privacy.telegram_reason is empty",
        "no_pages": "web.public_url is empty: personal matters reach people on Telegram by e-mail only",
        "public": "public", "own": "the user's own", "contact_data": "contact data of others",
        "free_text_of_others": "free text of others",
    },
}  # fmt: skip


def privacy_report(
    settings: Settings, figures: Statistics, texts: Texts, language: str, *, date: str, version: str
) -> str:
    """The report of a day and version, as Markdown. ``ValueError`` for a language other than ``LANGUAGES``."""
    if language not in LANGUAGES:
        raise ValueError(f"no report in {language}")
    words, operator = WORDS[language], settings.operator
    template = Template(files(__package__).joinpath(f"privacy.{language}.md").read_text("utf-8"))

    def stated(text: str) -> str:
        return _cell(text) or words["unset"]

    return template.substitute(
        date=date,
        version=version,
        operator=stated(operator.organisation),
        address=stated(operator.address),
        represented=stated(operator.represented_by),
        officer=stated(operator.data_protection_officer),
        authority=stated(operator.supervisory_authority),
        basis=stated(settings.privacy.basis),
        entries=_entries(settings, texts, language),
        fields=_fields(words),
        bases=", ".join(f"{_cell(name)}: {count}" for name, count in figures.contacts_by_basis.items())
        or words["none"],
        policy=_policy(settings, words),
        telegram_personal=words["yes" if settings.telegram.personal_data else "no"],
        telegram_reason=stated(settings.privacy.telegram_reason),
        processors=_list(_processors(settings, words)),
        admins=len(settings.admins),
        editors=len(settings.editors),
        warn_days=WARN_AFTER.days,
        hide_days=HIDE_AFTER.days,
        tally_days=max(TALLIES_LAST, settings.introductions.pause_days),
        contacts=sum(figures.contacts_by_basis.values()),
        people=figures.rows.get("person", 0),
        telegram_use=words["yes" if settings.telegram.token else "no"],
        figures=_figures(figures, words),
        gaps=_list(_gaps(settings, words)) or words["none"],
    )


def _entries(settings: Settings, texts: Texts, language: str) -> str:
    words = WORDS[language]
    rows = [
        (
            texts.line(Say(f"register.{entry.key}"), language),
            texts.line(Say(f"register.{entry.key}.why"), language),
            texts.line(Say(f"register.{entry.key}.basis"), language),
            texts.line(period(entry, settings), language),
            ", ".join(f"`{table}`" for table in entry.tables),
        )
        for entry in ENTRIES
    ]
    return _table((words["data"], words["why"], words["basis"], words["period"], words["table"]), rows)


def _fields(words: dict[str, str]) -> str:
    rows = [("`account.public_name`", words["by_account"])]
    rows += [(f"`profile.{field}`", words["by_person"]) for field in PROFILE_FIELDS]
    rows += [(f"`contact.{name}`", words["office" if name in OFFICE_FIELDS else "given"]) for name in CONTACT_FIELDS]
    return _table((words["field"], words["basis"]), rows)


def _policy(settings: Settings, words: dict[str, str]) -> str:
    classes = tuple(DataClass)
    rows = [
        (network, *(words["yes" if may_pass(network, data_class, settings) else "no"] for data_class in classes))
        for network in NETWORKS
    ]
    return _table((words["network"], *(words[data_class.value] for data_class in classes)), rows)


def _processors(settings: Settings, words: dict[str, str]) -> Iterator[str]:
    for row in NETWORKS.values():
        if row.section:
            used = f"{words['in_use']} ({row.operated_by})" if row.operated_by else row.server(settings)
            yield f"{row.title}: {used if row.is_set_up(settings) else words['off']}"
    database = settings.database_url
    yield f"PostgreSQL: {host_of(database)}" if not database.startswith("sqlite") else f"SQLite: {words['own_server']}"
    if settings.translation.url:
        yield f"LibreTranslate: {host_of(settings.translation.url)} ({words['public_only']})"
    yield from (_cell(line) for line in settings.privacy.processors.splitlines() if line.strip())


def _gaps(settings: Settings, words: dict[str, str]) -> Iterator[str]:
    yield from (words["missing"].format(f"`operator.{name}`") for name in settings.operator.missing)
    if not settings.privacy.processors.strip():
        yield words["no_processors"]
    else:
        yield from (words["unnamed"].format(name) for name in unnamed(settings) if name not in operated(settings))
    if settings.telegram.token and not settings.privacy.telegram_reason.strip():
        yield words["no_reason"]
    if settings.telegram.token and not settings.web.public_url:
        yield words["no_pages"]


def _figures(figures: Statistics, words: dict[str, str]) -> str:
    rows = [(f"`{table}`", str(count)) for table, count in figures.rows.items()]
    rows += [
        (words["verified"], str(figures.verified)),
        (words["told"], str(figures.contacts_told)),
        (words["hidden"], str(figures.contacts_hidden)),
    ]
    return _table((words["data"], words["rows"]), rows)


def _cell(text: str) -> str:
    """A text as it may stand in a line of Markdown."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
