"""The settings of the Telegram channel."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from config.channel import ChannelSection
from config.section import as_list, empty_is_none, is_url


class TelegramSettings(ChannelSection):
    """The Telegram bot account; off until ``token`` is set."""

    token: Annotated[SecretStr | None, BeforeValidator(empty_is_none)] = Field(
        None, description="token of the bot, from BotFather; empty: no Telegram"
    )
    api_base_url: str = Field(
        "https://api.telegram.org/bot", description="address of the Bot API; change it for a local server"
    )
    allowed_groups: Annotated[tuple[int, ...], NoDecode, BeforeValidator(as_list)] = Field(
        (), description="ids of groups where the bot answers; admins allow others by /start there"
    )
    personal_data: bool = Field(
        False, description="contact data and messages of other people may pass through Telegram"
    )
    webhook: bool = Field(False, description="receive by webhook under web.public_url instead of polling")

    @field_validator("token")
    @classmethod
    def _looks_like_one(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"\d+:[\w-]+", value.get_secret_value().strip()):
            raise ValueError("is no bot token; BotFather writes it as 123456:ABC…")
        return value and SecretStr(value.get_secret_value().strip())

    @field_validator("api_base_url")
    @classmethod
    def _ends_with_bot(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or not value.endswith("/bot") or not is_url(value):
            raise ValueError("must be an address that ends with /bot")
        return value

    @property
    def is_set_up(self) -> bool:
        return bool(self.token)

    @property
    def account(self) -> str:
        return self.token.get_secret_value().partition(":")[0] if self.token else ""

    @property
    def shared_secrets(self) -> tuple[str, ...]:
        return (self.token.get_secret_value(),) if self.token else ()

    @property
    def lifts_data_policy(self) -> bool:
        return self.personal_data
