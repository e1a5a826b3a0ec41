"""The files in deploy/ name commands, settings, metrics and paths that exist."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
import typer.main
import yaml
from prometheus_client.parser import text_string_to_metric_families

import run_bot
from bot.operations.health import Health
from bot.operations.metrics import Metrics, QuestionOutcome
from config import settings

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
every_unit = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment]
    parser.read(path, "utf-8")
    return parser


@every_unit
def test_units_start_commands_that_exist(path: Path) -> None:
    used = re.findall(r"/stadtlotse (\w+)", unit(path)["Service"]["ExecStart"])
    commands = set(typer.main.get_command(run_bot.app).commands)  # type: ignore[attr-defined]
    assert used
    assert set(used) <= commands


@every_unit
def test_units_run_as_the_bot_user_with_minimal_rights(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == "stadtlotse"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["EnvironmentFile"] == "/etc/stadtlotse/environment"


def test_frozen_bot_is_restarted_at_most_once_a_minute() -> None:
    service = unit(DEPLOY / "stadtlotse.service")["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    assert int(service["WatchdogSec"]) + int(service["RestartSec"]) <= 120
    assert int(service["RestartSec"]) >= 60


def test_variables_in_the_environment_file_exist() -> None:
    known = {variable for _, variable, _, _ in settings.describe()} | set(settings.NOT_SETTINGS)
    known |= {f"{settings.variable(secret)}_FILE" for secret in settings.secrets()}
    used = re.findall(r"^#?(STADTLOTSE_\w+)=", (DEPLOY / "environment").read_text("utf-8"), re.MULTILINE)
    assert used
    assert set(used) <= known


def test_alert_rules_name_metrics_that_exist() -> None:
    metrics, health = Metrics(["matrix"], ["database"]), Health()
    health.expect("database")
    metrics.health(health.status())
    metrics.question("matrix", QuestionOutcome.ANSWERED, 1)
    families = text_string_to_metric_families(metrics.exposition().decode())
    known = {sample.name for family in families for sample in family.samples} | {"stadtlotse_outbox_messages"}
    rules = yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text("utf-8"))
    used = {name for rule in rules["groups"][0]["rules"] for name in re.findall(r"\bstadtlotse_\w+", rule["expr"])}
    assert len(used) >= 5
    assert used <= known


@pytest.mark.parametrize("proxy", ["Caddyfile", "nginx.conf"])
def test_proxies_refuse_requests_for_metrics(proxy: str) -> None:
    text = (DEPLOY / proxy).read_text("utf-8")
    assert re.search(r"/metrics.*404", text, re.DOTALL)
    assert "127.0.0.1:8080" in text


@pytest.mark.parametrize(
    ("proxy", "lines"),
    [
        ("Caddyfile", (r"read_header \d+s", r"read_body \d+s", r"max_size 1MB", r"request_buffers 1MiB")),
        (
            "nginx.conf",
            (
                r"client_header_timeout \d+s;", r"client_body_timeout \d+s;", r"client_max_body_size 1m;",
                r"proxy_request_buffering on;", r"proxy_set_header X-Forwarded-For \$remote_addr;",
            ),
        ),
    ],
)  # fmt: skip
def test_proxies_pass_on_only_complete_requests(proxy: str, lines: tuple[str, ...]) -> None:
    """The pages themselves wait without limit, see "Pages and TLS proxy" of docs/operate.md."""
    text = (DEPLOY / proxy).read_text("utf-8")
    assert [line for line in lines if not re.search(line, text)] == []
