"""``import``, ``remove``, ``export``, ``evaluate``: the knowledge in and out, and how well it is found."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import fail, load_settings, progress, run, tell, write, write_json
from bot.cli.dialogues import Dialogue, as_objects, is_dialogues, play, read_dialogues, table
from bot.features.introductions.unreachable import counted, lines
from bot.resources import open_knowledge, open_records, open_search, open_store
from config.settings import Settings
from knowledge_base.export import export as write_export
from knowledge_base.ingest.columns import BEGIN, OWN_KEY, UNTIL
from knowledge_base.ingest.importer import Options, import_files
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.report import ImportReport
from knowledge_base.ingest.validation import FIELDS
from knowledge_base.model import RecordKind
from knowledge_base.search.evaluate import Question, read_questions
from knowledge_base.search.evaluate import evaluate as measure

SHOWN_ERRORS = 50
COLUMN_FIELDS = tuple(dict.fromkeys((*FIELDS[RecordKind.PROJECT], *FIELDS[RecordKind.CONTACT], BEGIN, UNTIL, OWN_KEY)))


def import_(  # noqa: PLR0913, PLR0917 - each is an option of the command
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="JSONL, JSON, YAML, CSV, XLSX, ODS files, or folders of them")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would change, change nothing")] = False,
    source: Annotated[
        str, typer.Option(help="name of the source, given once; later files are recognised by their records")
    ] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=NAME", help="the column that holds a field; repeatable, remembered for the source"),
    ] = None,
    sheet: Annotated[list[str] | None, typer.Option(help="sheet to read; repeatable; default: all")] = None,
    header_line: Annotated[int, typer.Option(min=0, help="line with the names of the columns; default: found")] = 0,
    encoding: Annotated[str, typer.Option(help="encoding of a CSV file, such as cp1250; default: guessed")] = "",
    delimiter: Annotated[str, typer.Option(help="comma, semicolon, tab or pipe; default: guessed")] = "",
    remove_missing: Annotated[
        bool,
        typer.Option("--remove-missing", help="remove records that this source brought before and no longer holds"),
    ] = False,
) -> None:
    """Add and update records. A file with a mistake changes nothing, nor does the same file twice.

    Columns are recognised by their German, English or Polish names. Each guess and doubt is told.
    Tell how many contacts no request reaches, and the remedy.
    """
    settings = load_settings(context)
    reading = Reading(_columns(column or []), encoding, delimiter, header_line, tuple(sheet or ()))
    options = Options(dry_run=dry_run, remove_missing=remove_missing, reading=reading)
    reports = run(_import(settings, paths, source, options))
    for report in reports:
        _show(report)
    if not dry_run and any(report.ok for report in reports):
        run(_index(settings))
        for line in run(_unreachable(settings)):
            tell(f"contacts: {line}")
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _columns(named: Sequence[str]) -> dict[str, str]:
    """Return field → column; end with an error for wrong use."""
    pairs = {}
    for option in named:
        field, equals, name = option.partition("=")
        field = field.strip().lower()
        if not equals or not name.strip() or field not in COLUMN_FIELDS:
            fail(f"--column {option}: Write FIELD=NAME. The fields are: {', '.join(COLUMN_FIELDS)}.")
        pairs[field] = name.strip()
    return pairs


async def _import(settings: Settings, paths: list[Path], source: str, options: Options) -> list[ImportReport]:
    with progress() as bar:
        async with open_records(settings, progress=bar) as store:
            return await import_files(store, paths, source=source, options=options, progress=bar)


async def _index(settings: Settings) -> None:
    """Embed what has no vector yet, of an earlier import that was stopped, too; by its words it is found already."""
    with progress() as bar:
        async with open_records(settings) as store, open_search(settings, store, bar) as search:
            await search.refresh(bar)


async def _unreachable(settings: Settings) -> list[str]:
    """Return what to tell about contacts that a request would not get to."""
    async with open_store(settings) as store, store.read() as tx:
        return list(lines(*await counted(tx, settings)))


def _show(report: ImportReport) -> None:
    for error in report.errors[:SHOWN_ERRORS]:
        tell(str(error))
    if not report.ok:
        count, more = report.error_count, report.error_count - min(len(report.errors), SHOWN_ERRORS)
        left_out = f" ({more} not shown)" if more else ""
        tell(f"{report.file}: nothing imported, {count} {'mistake' if count == 1 else 'mistakes'}{left_out}.")
        return
    for warning in report.warnings:
        tell(f"{report.file}: {warning}")
    if report.unknown_fields:
        tell(f"{report.file}: unknown fields kept as extra: {', '.join(report.unknown_fields)}")
    if report.dry_run:
        for change in report.changes:
            write(f"{change.effect.value} {change.kind.value} {change.id}")
            for field in change.fields:
                write(f"    {field.name}: {field.old} → {field.new}")
    if report.missing:
        others = ", …" if report.missing > len(report.missing_ids) else ""
        tell(
            f"{report.file}: {report.missing} records of the source {report.source!r} are not in the file "
            f"({', '.join(report.missing_ids)}{others}). They stay; --remove-missing removes them."
        )
    counts = ", ".join(f"{number} {kind.value}" for kind, number in report.counts.items())
    would = "would be " if report.dry_run else ""
    rows = f"{report.rows} {'record' if report.rows == 1 else 'records'}"
    write(f"{report.file}: {rows}, {would}{counts}, {report.unchanged} unchanged")


def remove(
    context: typer.Context, ids: Annotated[list[str], typer.Argument(metavar="ID...", help="ids of records")]
) -> None:
    """Remove records. Imports do not bring them back."""
    settings = load_settings(context)
    unknown = run(_remove(settings, ids))
    if unknown:
        fail(f"No such record: {', '.join(unknown)}")


async def _remove(settings: Settings, ids: list[str]) -> list[str]:
    async with open_store(settings) as store, store.begin() as tx:
        gone = await tx.records.remove([(kind, record_id) for record_id in ids for kind in RecordKind])
    for kind, record_id in gone:
        write(f"removed {kind.value} {record_id}")
    removed = {record_id for _, record_id in gone}
    return [record_id for record_id in ids if record_id not in removed]


def export(
    context: typer.Context,
    with_contacts: Annotated[
        bool, typer.Option("--with-contacts", help="write the contacts too, with their personal data")
    ] = False,
) -> None:
    """Write every record as JSONL, as import reads it."""
    run(_export(load_settings(context), with_contacts))


async def _export(settings: Settings, with_contacts: bool) -> None:
    async with open_store(settings) as store:
        report = await write_export(store, sys.stdout.buffer, with_contacts=with_contacts)
    if report.contacts_left_out:
        tell(f"{report.contacts_left_out} contacts with personal data are left out; --with-contacts takes them along.")


def evaluate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSONL lines with question, lang, kind, relevant; or with dialogues")],
    as_json: Annotated[bool, typer.Option("--json", help="write the figures as one JSON object")] = False,
) -> None:
    """Measure search quality, or how dialogues are understood."""
    settings = load_settings(context)
    if is_dialogues(file):
        run(_play(settings, read_dialogues(file), as_json))
        return
    questions = read_questions(file)
    run(_evaluate(settings, questions, as_json))


async def _play(settings: Settings, dialogues: Sequence[Dialogue], as_json: bool) -> None:
    with progress() as bar:
        judged = await play(settings, dialogues, bar)
    if as_json:
        write_json(as_objects(judged))
    else:
        write(table(judged))


async def _evaluate(settings: Settings, questions: Sequence[Question], as_json: bool) -> None:
    async with AsyncExitStack() as stack:
        with progress() as bar:
            knowledge = await stack.enter_async_context(open_knowledge(settings, progress=bar))
            await knowledge.search.refresh(bar)  # figures are those of a complete index
        report = await measure(knowledge.search.snapshot, questions)
    if as_json:
        write_json([asdict(figures) for figures in report.figures])
    else:
        write(report.table())
