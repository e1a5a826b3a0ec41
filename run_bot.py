"""Entry point: the command line of Stadtlotse (also installed as ``stadtlotse``).

Every command lives in ``bot/cli/`` (``group.py`` lists them); ``bot/app.py`` builds the parts of a running bot. This
file is the last error boundary: it reports an error in one line with its remedy.

Exit codes: 0 done, 1 failed, 2 wrong use. Results go to stdout, progress and remarks to stderr.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.group import Group
from config.settings import SettingsError
from knowledge_base.errors import StadtlotseError

app = typer.Typer(
    name="stadtlotse",
    cls=Group,
    help="Find who has done what in which municipality, and which role is responsible.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="TOML file with settings; default: the one that STADTLOTSE_CONFIG names")
    ] = None,
) -> None:
    """Find who has done what in which municipality, and which role is responsible."""
    context.obj = {"config": config}


def main() -> None:
    """Run a command and end the process with its exit code."""
    os.umask(0o077)  # only the bot's own user can read the files it makes
    try:
        app()
    except (StadtlotseError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a traceback would quote what the database holds
        from bot.cli.failing import explained  # noqa: PLC0415 - loads the database's library

        sys.stderr.write(f"{explained(error)}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
