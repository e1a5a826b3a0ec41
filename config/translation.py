"""The settings of the machine translation."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from config.section import Section, host_of, is_loopback, is_url


class TranslationSettings(Section):
    """A server with the LibreTranslate API that translates public texts of projects; off until ``url`` is set."""

    url: str = Field(
        "", description="server with the LibreTranslate API, e.g. https://translate.stadt.example; empty: none"
    )
    api_key: SecretStr = Field(SecretStr(""), description="key of that server; empty: it needs none")

    @field_validator("url")
    @classmethod
    def _a_url(cls, value: str) -> str:
        if value and not (value.startswith(("https://", "http://")) and is_url(value)):
            raise ValueError("must be a web address, such as https://translate.stadt.example")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _key_is_encrypted(self) -> Self:
        if self.api_key.get_secret_value() and self.url.startswith("http://") and not is_loopback(host_of(self.url)):
            raise ValueError("api_key needs a url with https, except to a server on this machine")
        return self
