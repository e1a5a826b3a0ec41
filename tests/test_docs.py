"""Tests keep the docs true: what README and docs/ name exists, and what exists is named."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from pydantic import BaseModel

import run_bot
from config import settings
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.ingest.importer import import_files
from knowledge_base.ingest.validation import FIELDS, REQUIRED
from knowledge_base.store.database import Store

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PREFIX = "STADTLOTSE_"


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", PAGES, ids=page_name)


# --- commands -------------------------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """The command line as it is: name → click command."""
    group: Any = typer.main.get_command(run_bot.app)
    return {name: command for name, command in group.commands.items() if not command.hidden}


def commands_table() -> dict[str, str]:
    """The table under README's "Commands": name → the first cell."""
    section = (ROOT / "README.md").read_text("utf-8").partition("\n## Commands\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+(?:\\\|[^|]+)*) \|", section, re.MULTILINE)
    usages = [usage for cell in cells for usage in re.findall(r"`([^`]+)`", cell)]
    return {usage.split()[0]: usage for usage in usages}


def test_readme_lists_the_commands_that_exist() -> None:
    assert sorted(commands_table()) == sorted(commands())


def test_readme_names_only_options_that_exist() -> None:
    known = {
        name: {option for param in command.params for option in param.opts} for name, command in commands().items()
    }
    named = {name: set(re.findall(r"--[a-z-]+", usage)) for name, usage in commands_table().items()}
    assert {
        name: options - known.get(name, set()) for name, options in named.items() if options - known.get(name, set())
    } == {}


@every_page
def test_commands_in_examples_exist(page: Path) -> None:
    used = set(re.findall(r"(?:run_bot\.py|^stadtlotse|bin/stadtlotse) ([a-z][a-z-]+)\b", code(page), re.MULTILINE))
    assert used - set(commands()) == set()


def test_command_has_one_name_in_docs_and_texts() -> None:
    """Readers of a message or a page cannot know that two names are one program."""
    catalogs = sorted((ROOT / "bot" / "texts").glob("*.po"))
    other = re.compile(r"(?<!python )run_bot\.py [a-z-]+|(?<!/)\.venv/bin/stadtlotse (?!chat)")
    named = {page_name(page): other.findall(page.read_text("utf-8")) for page in (*PAGES, *catalogs)}
    assert {page: names for page, names in named.items() if names} == {}


@every_page
def test_make_targets_in_examples_exist(page: Path) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code(page))) - set(phony[1].split()) == set()


def code(page: Path) -> str:
    """All code of a page, in blocks and spans."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)])


# --- settings -------------------------------------------------------------------------------------------------------


def setting_names(model: type[BaseModel] = settings.Settings, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from setting_names(field.annotation, (*above, name))
        else:
            yield (*above, name)


def leaves(table: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name)


def variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def test_example_file_contains_every_setting_and_no_unknown_setting() -> None:
    """A setting that is commented out counts: ``# port = 8080``."""
    text = (ROOT / "config" / "example.toml").read_text("utf-8")
    active = re.sub(r"^#\s?(\[[a-z_.]+\]|[a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    assert sorted(leaves(tomllib.loads(active))) == sorted(setting_names())


def test_settings_page_lists_every_setting() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert [name for name in map(variable, setting_names()) if f"`{name}`" not in page] == []


@every_page
def test_variables_in_docs_exist(page: Path) -> None:
    known = {variable(path) for path in setting_names()} | set(settings.NOT_SETTINGS)
    used = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", page.read_text("utf-8")))
    assert {name for name in used if name.removesuffix("_FILE") not in known} == set()


OPERATION = tuple(ROOT / "docs" / f"{name}.md" for name in ("operate", "telegram", "matrix"))
every_page_of_operation = pytest.mark.parametrize("page", OPERATION, ids=page_name)


@every_page_of_operation
def test_variables_of_the_service_are_not_exported_in_a_shell(page: Path) -> None:
    """The service reads /etc/stadtlotse/environment alone."""
    assert re.findall(rf"export {PREFIX}\w+", page.read_text("utf-8")) == []


@every_page_of_operation
def test_secret_files_in_docs_get_owner_and_mode_and_are_named_in_the_environment_file(page: Path) -> None:
    environment = (ROOT / "deploy" / "environment").read_text("utf-8")
    text = page.read_text("utf-8")
    made = set(re.findall(r"^ *install -o root -g stadtlotse -m 0640 /dev/stdin (\S+)$", text, re.MULTILINE))
    switched_on = set(re.findall(r"^ *sed -i '/(\w+)/s/\^#//' /etc/stadtlotse/environment$", text, re.MULTILINE))
    assert made
    assert len(switched_on) == len(made)
    for variable_part in switched_on:
        (path,) = re.findall(rf"^#\w+{variable_part}=(\S+)$", environment, re.MULTILINE)
        assert path in made
    assert set(re.findall(r"/etc/stadtlotse/[\w-]+-(?:password|token|url)", text)) <= made


# --- links and words ------------------------------------------------------------------------------------------------


@every_page
def test_links_inside_the_checkout_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not re.match(r"[a-z]+:", link) and not resolves(page, link)] == []


def resolves(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@cache
def anchors(page: Path) -> set[str]:
    """Headings as links name them: lower case, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_page_of_docs_is_reachable_from_readme() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        seen.add(page)
        targets = {
            (page.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text("utf-8"))
        }
        waiting += [target for target in targets - seen if target.exists()]
    assert [page_name(page) for page in PAGES if page not in seen] == []


def files() -> list[Path]:
    folders = ["benchmarks", "bot", "config", "docs", "knowledge_base", "requirements", "tests"]
    seen = [*ROOT.glob("*"), *(file for folder in folders for file in (ROOT / folder).rglob("*"))]
    return [file for file in seen if file.is_file() and not {".git", "__pycache__", "node_modules"} & set(file.parts)]


def test_no_file_contains_a_path_of_a_private_machine() -> None:
    """A path of a private machine works only there and identifies its author."""
    private = re.compile(rb"(?<![\w.])/(?:root|mnt|work(?:space)?|Users/\w+|home/\w+)/")
    assert [page_name(file) for file in files() if private.search(file.read_bytes())] == []


# --- records --------------------------------------------------------------------------------------------------------


def test_knowledge_page_lists_every_field_that_the_import_reads() -> None:
    page = (ROOT / "docs" / "knowledge.md").read_text("utf-8")
    for kind, fields in FIELDS.items():
        rows = re.findall(r"^\| (`.+?) \|", page.partition(f"### {kind}\n")[2].partition("\n### ")[0], re.MULTILINE)
        named = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row)]
        assert sorted(named) == sorted(fields), kind
        assert [re.findall(r"`([a-z_]+)`", row)[0] for row in rows if "*" in row] == list(REQUIRED[kind]), kind


async def test_example_files_are_imported_without_errors_or_warnings(sqlite_store: Store) -> None:
    await load_bundle(sqlite_store)
    files = sorted((ROOT / "docs" / "examples").iterdir())
    for report in await import_files(sqlite_store, files):
        assert (report.error_count, report.warnings, report.unknown_fields) == (0, (), ()), report.file
