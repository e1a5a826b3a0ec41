"""docs/settings.md and config/example.toml, written from the settings.

``python -m tests.config.reference`` writes both again; a test fails if they differ from what it would write.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

from config.section import Section
from config.settings import Settings, describe, secrets

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / "config" / "example.toml"
WIDTH = 120

INTRODUCTION = """\
# Settings

Every setting has a default that works. In a terminal the bot needs no settings. The bot takes each setting from the
first of these sources that has it:

1. an environment variable, named as in the tables;
2. for a secret, a file. The variable with `_FILE` appended names the file, and its content is the value. Prefer this,
   as with systemd's credentials or mounted secrets, because environment variables appear in process lists;
3. a TOML file, named by `--config FILE` or by the variable `STADTLOTSE_CONFIG`.
   [config/example.toml](../config/example.toml) holds every setting with its default;
4. the default.

The bot reports all problems at once, each with the name of its setting: unknown names, wrong values, and placeholders
that you did not replace. `stadtlotse check` shows the result. Write a list as `a, b` in a variable and as `["a", "b"]`
in the file.

This page is generated: `python -m tests.config.reference` writes it anew after a change of `config/`.
"""

HEADER = """\
# Every setting of Stadtlotse with its default. Copy this file, remove the "#" from the lines that you change, and name
# the copy with --config FILE or STADTLOTSE_CONFIG. Environment variables are stronger than this file. Put each secret
# into a separate file (the variable with _FILE appended), so that all users of the machine may read this file.
# docs/settings.md explains each setting.
"""


def sections() -> Iterator[tuple[str, str]]:
    """Each section with its description, the top level ("") first."""
    yield "", "The bot itself."
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield name, (field.annotation.__doc__ or "").strip()


def entries(section: str) -> Iterator[tuple[str, str, Any, str]]:
    """The settings of one section: name, variable, default, description."""
    for dotted, variable, default, description in describe():
        if dotted.rpartition(".")[0] == section:
            yield dotted.rpartition(".")[2], variable, _plain(default), description


def page() -> str:
    """docs/settings.md as a whole."""
    parts = [INTRODUCTION]
    for section, about in sections():
        rows = [_row(section, *entry) for entry in entries(section)]
        title = f"`[{section}]`" if section else "Top level"
        parts.append(
            "\n".join([f"\n## {title}\n\n{about}\n", "| variable | default | what |", "| --- | --- | --- |", *rows, ""])
        )
    return "".join(parts)


def example() -> str:
    """config/example.toml as a whole: every setting, commented out, with its default."""
    lines = [HEADER]
    for section, about in sections():
        lines += [f"\n[{section}] # {about}\n" if section else "\n"]
        for name, _variable, default, description in entries(section):
            text = f"{description}{_choices(section, name, description)}{_secret(section, name)}"
            lines += [f"# {part}\n" for part in textwrap.wrap(text, WIDTH - 2)]
            lines += [f"# {name} = {json.dumps(default, ensure_ascii=False)}\n"]
    return "".join(lines)


def _row(section: str, name: str, variable: str, default: Any, description: str) -> str:
    what = f"{description}{_choices(section, name, description)}{_secret(section, name)}"
    return f"| `{variable}` | {_shown(default)} | {_cell(what)} |"


def _plain(default: Any) -> Any:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, Path):
        return str(default)
    return "" if default is None else list(default) if isinstance(default, tuple) else default


def _shown(default: Any) -> str:
    if default in ("", []):
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _field(section: str, name: str) -> Any:
    model: Any = Settings.model_fields[section].annotation if section else Settings
    return model.model_fields[name].annotation


def _choices(section: str, name: str, description: str) -> str:
    values = [value for value in get_args(_field(section, name)) if isinstance(value, str)]
    return f"; one of {', '.join(values)}" if any(value not in description for value in values) else ""


def _secret(section: str, name: str) -> str:
    return "; a secret, also by `…_FILE`" if ".".join(filter(None, (section, name))) in secrets() else ""


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")
