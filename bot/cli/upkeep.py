"""``migrate``, ``backup``, ``restore``: looking after the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import load_settings, run, tell, write
from bot.processes.state_lock import shared_secrets
from bot.resources import open_store
from config.settings import Settings
from knowledge_base.migrations import SCHEMA
from knowledge_base.store.backup.create import backup as make_backup
from knowledge_base.store.backup.restore import restore as bring_back
from knowledge_base.store.secret import forget_shared, share_secret


def migrate(
    context: typer.Context,
    new: Annotated[
        bool, typer.Option("--new", help="start with an empty database, although this state folder had another one")
    ] = False,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="use secret.key of this folder from now on; earlier links become void")
    ] = False,
) -> None:
    """Bring the database to the schema of this version. Every other command also does so."""
    run(_migrate(load_settings(context), new=new, new_secret=new_secret))
    write(f"schema {SCHEMA}")


async def _migrate(settings: Settings, *, new: bool, new_secret: bool) -> None:
    async with open_store(settings, new=new) as store:
        if new_secret:
            await forget_shared(store)
            await share_secret(store, settings.state_dir, shared_secrets(settings))


def backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="path of the new file")]) -> None:
    """Write a backup, also while the bot runs. One consistent file with personal data and keys."""
    settings = load_settings(context)
    report = run(make_backup(file, settings.database_url, settings.state_dir))
    write(f"{report.path}: {report.size} bytes, {sum(report.rows.values())} rows, {len(report.files)} files")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="a file that backup wrote")],
    force: Annotated[
        bool, typer.Option("--force", help="replace a database that is not empty (the old one is kept)")
    ] = False,
) -> None:
    """Restore a backup. Messages that were in flight are held, not sent again."""
    settings = load_settings(context)
    report = run(bring_back(file, settings.database_url, settings.state_dir, force=force))
    rows, when = sum(report.rows.values()), f"{report.made_at:%Y-%m-%d %H:%M} UTC"
    write(f"restored {rows} rows and {len(report.files)} files of {when}")
    if report.held:
        tell(f"{report.held} messages were on their way when the backup was made; they are held.")
        tell("They may have arrived since: unclear lists them, and sends or drops them.")
    if report.dropped:
        tell(f"{report.dropped} questions of that time stay without an answer.")
    for path in report.kept_aside:
        tell(f"What was there before is kept: {path}")
