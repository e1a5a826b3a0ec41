"""The settings of the Matrix channel."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from config.channel import ChannelSection
from config.section import Addresses, host_of, is_url


class MatrixSettings(ChannelSection):
    """The account on a Matrix homeserver; end-to-end encryption is always on."""

    homeserver: str = Field(
        "",
        description="address of the homeserver, https://matrix.example.org, or its name, example.org; empty: no Matrix",
    )
    user_id: str = Field("", description="the bot's full id, @stadtlotse:example.org")
    password: SecretStr = Field(
        SecretStr(""), description="password for the first login, and for a login after lost keys"
    )
    access_token: SecretStr = Field(SecretStr(""), description="token of a new device, instead of the password")
    recovery_key: SecretStr = Field(
        SecretStr(""), description="recovery key of the account's cross-signing identity, if it has one"
    )
    allowed_servers: Addresses = Field(
        (), description="servers with users who may invite the bot; empty: its own homeserver"
    )
    allowed_spaces: Addresses = Field(
        (), description="Spaces with members who may also invite the bot, as ids (!…) or addresses (#name:server)"
    )
    joins_per_hour: int = Field(20, ge=0, description="invitations accepted per hour; 0: no limit")
    allow_unsigned_users: bool = Field(True, description="users without cross-signing get encrypted answers")
    display_name: str = Field("Stadtlotse", description="name that users see; keep: as it is on the server")
    avatar: str = Field(
        "",
        description="picture that users see, a PNG, JPEG, GIF or WebP file; empty: one of ours, if the account has "
        "none; keep: as it is on the server",
    )

    @field_validator("homeserver")
    @classmethod
    def _address(cls, value: str) -> str:
        is_name = re.fullmatch(r"(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?", value)
        local = ("http://127.0.0.1", "http://localhost", "http://[::1]")
        if value and not is_name and not (value.startswith(("https://", *local)) and is_url(value)):
            raise ValueError("must begin with https://, or be the name of a server")
        return value.rstrip("/")

    @field_validator("allowed_spaces")
    @classmethod
    def _spaces(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"![^\s,]+|#[^\s:,]+:[^\s,]+", name):
                raise ValueError(f"{name!r} is no Space; write its id (!…) or its address (#name:server)")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.homeserver and not self.access_token and not (self.user_id and self.password):
            raise ValueError("needs user_id and password, or access_token")
        if self.user_id and not re.fullmatch(r"@[^:\s]+:\S+", self.user_id):
            raise ValueError(f"{self.user_id!r} is no Matrix id; write @name:server")
        return self

    @property
    def is_set_up(self) -> bool:
        return bool(self.homeserver)

    @property
    def account(self) -> str:
        return self.user_id

    @property
    def server(self) -> str:
        return host_of(self.homeserver)

    @property
    def shared_secrets(self) -> tuple[str, ...]:
        return (self.password.get_secret_value(), self.access_token.get_secret_value())
