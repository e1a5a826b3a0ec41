"""All settings, checked before anything is opened.

Sources, strongest first: environment variables (prefix ``STADTLOTSE_``, ``__`` between levels), the same with ``_FILE``
appended for any secret (the file's content is the value), the TOML file named by ``--config`` or ``STADTLOTSE_CONFIG``,
the defaults below. ``load`` reports all problems at once, each with the name of its setting.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from config.channel import ChannelSection
from config.database import DatabaseSettings
from config.digests import DigestSettings
from config.embedding import EmbeddingSettings
from config.introductions import IntroductionSettings
from config.knowledge import KnowledgeSettings
from config.limits import LimitSettings
from config.log import LogSettings
from config.matrix import MatrixSettings
from config.operator import OperatorSettings
from config.privacy import PrivacySettings
from config.retention import RetentionSettings
from config.section import Addresses, Section, is_text
from config.smtp import SmtpSettings
from config.telegram import TelegramSettings
from config.translation import TranslationSettings
from config.web import WebSettings

PREFIX = "STADTLOTSE_"
NOT_SETTINGS = (f"{PREFIX}CONFIG", f"{PREFIX}TEST_DATA", f"{PREFIX}FAIL_AT")  # the last two serve the tests
PLACEHOLDERS = ("change-me", "changeme", "your-", "<", "xxx", "todo")  # what an example file may hold, never a real one


class SettingsError(Exception):
    """A wrong configuration; ``problems`` names each setting with its reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(["The configuration is wrong:", *(f"  {problem}" for problem in problems)]))
        self.problems = problems


class Settings(BaseSettings):
    """All settings of one bot."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=False
    )

    state_dir: Path = Field(Path("var"), description="folder with database, models and keys; back it up")
    admins: Addresses = Field((), description="accounts that run the bot and get alerts, e.g. matrix:@a:example.org")
    editors: Addresses = Field((), description="accounts that edit the knowledge, e.g. telegram:123")
    management_room: str = Field(
        "",
        description="room of the admins for alerts, e.g. matrix:!id:example.org; empty: private chats",
    )
    database: DatabaseSettings = DatabaseSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    limits: LimitSettings = LimitSettings()
    introductions: IntroductionSettings = IntroductionSettings()
    digests: DigestSettings = DigestSettings()
    retention: RetentionSettings = RetentionSettings()
    matrix: MatrixSettings = MatrixSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    telegram: TelegramSettings = TelegramSettings()
    smtp: SmtpSettings = SmtpSettings()
    operator: OperatorSettings = OperatorSettings()
    privacy: PrivacySettings = PrivacySettings()
    translation: TranslationSettings = TranslationSettings()

    @field_validator("admins", "editors")
    @classmethod
    def _address(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            channel, _, user = address.partition(":")
            if not channel or not user:
                raise ValueError(f"{address!r} is no address; write CHANNEL:USER, e.g. matrix:@a:example.org")
        return value

    @field_validator("management_room")
    @classmethod
    def _room(cls, value: str) -> str:
        channel, _, room = value.partition(":")
        if value and not (re.fullmatch(r"\w+", channel) and re.match(r"[^@#]", room)):
            raise ValueError(f"{value!r} is no room; write CHANNEL:ROOM with its id, e.g. matrix:!id:example.org")
        return value

    @property
    def database_url(self) -> str:
        """Return the database's address, with the default filled in."""
        return self.database.url or f"sqlite:///{self.state_dir / 'stadtlotse.db'}"

    def secret_values(self) -> Iterator[str]:
        """Yield every secret in plain text; use it only to mask them."""
        for dotted in _secret_fields(type(self), ""):
            section, _, name = dotted.rpartition(".")
            value = getattr(getattr(self, section) if section else self, name)
            if isinstance(value, SecretStr):
                yield value.get_secret_value()

    def channel_sections(self) -> Iterator[tuple[str, ChannelSection]]:
        """Yield the section of each network with its name."""
        for name in type(self).model_fields:
            if isinstance(section := getattr(self, name), ChannelSection):
                yield name, section

    @property
    def models_dir(self) -> Path:
        """Return the folder of prepared models."""
        return self.state_dir / "models"

    @model_validator(mode="after")
    def _webhook_is_reachable(self) -> Self:
        if self.telegram.token and self.telegram.webhook and not (self.web.enabled and self.web.public_url):
            raise ValueError("telegram.webhook needs web.enabled and web.public_url")
        return self

    @classmethod
    def settings_customise_sources(  # the library calls it with all five sources by name
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first: the environment, then the file. ``load`` reads ``…_FILE``."""
        if isinstance(env_settings, EnvSettingsSource):
            env_settings.env_vars = {k: v for k, v in env_settings.env_vars.items() if not k.lower().endswith("_file")}
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """Read and check all settings.

    Raise ``SettingsError`` with all problems at once: a file that cannot be read, unknown names, wrong values,
    placeholders that were never replaced.
    """
    environment = os.environ
    if path is None and environment.get(f"{PREFIX}CONFIG"):
        path = Path(environment[f"{PREFIX}CONFIG"])
    problems: list[str] = []
    values = _from_file(path, problems) if path else {}
    _merge_secret_files(values, environment, problems)
    texts = [*_leaves(values), *((name, text) for name, text in environment.items() if name.startswith(PREFIX))]
    problems += [
        f"{name}: still holds the placeholder {text!r}"
        for name, text in texts
        if text.strip().lower().startswith(PLACEHOLDERS)
    ]
    problems += [f"{name}: holds characters that are no text" for name, text in texts if not is_text(text)]
    problems += [f"{name}: unknown setting{_meant(name, _variables())}" for name in environment if _is_unknown(name)]
    try:
        settings = Settings(**values)
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        problems += [_explain(dict(problem)) for problem in wrong if not _is_named(problem["loc"], environment)]
        raise SettingsError(problems) from None
    except SourceError as error:  # the variable of a whole section
        raise SettingsError([*problems, str(error)]) from None
    if problems:
        raise SettingsError(problems)
    return settings


def describe() -> Iterator[tuple[str, str, Any, str]]:
    """Yield every setting as (dotted name, environment variable, default, description), in order."""
    yield from _describe(Settings, "")


def _describe(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, Any, str]]:
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _describe(field.annotation, f"{dotted}.")
        else:
            yield dotted, variable(dotted), field.default, field.description or ""


def variable(dotted: str) -> str:
    """Return the environment variable of a setting: ``database.url`` → ``STADTLOTSE_DATABASE__URL``."""
    return PREFIX + dotted.upper().replace(".", "__")


def _from_file(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error.strerror})")
    except (ValueError, RecursionError) as error:
        twice = re.match(r"Cannot declare \('(\w+)',\) twice", str(error))
        remedy = f"; the file has a section [{twice[1]}] already: write all its settings there" if twice else ""
        problems.append(f"{path}: not valid TOML ({error}){remedy}")
    return {}


def _merge_secret_files(values: dict[str, Any], environment: Mapping[str, str], problems: list[str]) -> None:
    """Read ``STADTLOTSE_X_FILE=path``: the content of the file becomes the value of the secret ``x``."""
    for dotted in secrets():
        name = f"{variable(dotted)}_FILE"
        if name not in environment:
            continue
        try:
            content = Path(environment[name]).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            problems.append(f"{name}: the file cannot be read ({type(error).__name__})")
            continue
        *path, last = dotted.split(".")
        section: Any = values
        for part in path:
            section = section.setdefault(part, {})
        if isinstance(section, dict):  # else what it is will be refused
            section[last] = content


def secrets() -> list[str]:
    """Return the dotted names of all settings that are or may hold a secret."""
    return ["database.url", *_secret_fields(Settings, "")]


def _secret_fields(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _secret_fields(field.annotation, f"{prefix}{name}.")
        elif field.annotation is SecretStr or SecretStr in getattr(field.annotation, "__args__", ()):
            yield f"{prefix}{name}"


def _is_unknown(name: str) -> bool:
    if not name.startswith(PREFIX) or name in NOT_SETTINGS:
        return False
    return name.upper() not in _variables()


def _is_named(loc: Sequence[int | str], environment: Collection[str]) -> bool:
    """Return whether a setting is unknown and comes from a variable, which is reported already."""
    name = variable(".".join(map(str, loc)))
    return name in environment and _is_unknown(name)


def _variables() -> set[str]:
    return {entry[1] for entry in describe()} | {f"{variable(secret)}_FILE" for secret in secrets()}


def _meant(name: str, known: Collection[str]) -> str:
    """Return ``; did you mean …?`` for a mistyped name or section, or for a setting in the wrong section."""
    section, last = _parts(name)
    parts = {_parts(other): other for other in sorted(known)}
    here = {other: dotted for (place, other), dotted in parts.items() if place == section}
    near = [dotted for other, dotted in here.items() if other.endswith(f"_{last}")]  # token: access_token
    near += [here[other] for other in get_close_matches(last, here, 1, 0.75)]
    near += [dotted for (place, other), dotted in parts.items() if other == last and "" in (place, section)]
    near += get_close_matches(name, sorted(known), 1, 0.85)
    near += [f"[{place}]" for place in get_close_matches(last, [place for place, _ in parts], 1, 0.75) if not section]
    above = ", above the first section" if section and near and _parts(near[0])[0] == "" else ""
    return f"; did you mean {near[0]}{above}?" if near else ""


def _parts(name: str) -> tuple[str, str]:
    """Return section and name of a setting or of a variable, in lower case."""
    *section, last = re.split(r"__|\.", name.removeprefix(PREFIX).lower())
    return ".".join(section), last


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield f"{prefix}{name}", text


def _explain(problem: Mapping[str, Any]) -> str:
    dotted = ".".join(str(part) for part in problem["loc"])
    if not dotted:  # a rule about several settings
        return str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{dotted}: unknown setting{_meant(dotted, [entry[0] for entry in describe()])}"
    message = str(problem["msg"])
    return f"{dotted} ({variable(dotted)}): {message.removeprefix('Value error, ')}"
