"""The settings of mail."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Literal, Self

import idna
from pydantic import Field, SecretStr, field_validator, model_validator

from config.channel import ChannelSection
from config.section import is_loopback

USUAL_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
LONGEST = 254
LOCAL = re.compile(r"(?=.{1,64}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class SmtpSettings(ChannelSection):
    """Outbound mail; off until ``host`` is set."""

    host: str = Field("", description="mail server for outbound mail; empty: no mail")
    port: int = Field(
        0, ge=0, le=65535, description="port of the mail server; 0: the usual one (starttls 587, implicit 465, none 25)"
    )
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls", description="encryption of the connection; none: only to a server on this machine"
    )
    user: str = Field("", description="user name of the login; empty: no login")
    password: SecretStr = Field(SecretStr(""), description="password of the login")
    sender: str = Field("", description="sender: Stadtlotse <stadtlotse@stadt.example>; bounces go there")
    reply_to: str = Field("", description="mailbox where a person reads replies; empty: no mailbox")

    @field_validator("host")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if any(character.isspace() or character in "/@" for character in value):
            raise ValueError("must be a name or an IP address, such as mail.stadt.example")
        return value

    @field_validator("sender", "reply_to")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and (not value.isprintable() or not _is_address(parseaddr(value)[1])):
            raise ValueError("must be an address, such as Stadtlotse <stadtlotse@stadt.example>")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("needs sender")
        if self.host and self.tls == "none" and not is_loopback(self.host):
            raise ValueError("tls = none is for a server on this machine alone; take starttls or implicit")
        if self.user and not self.password.get_secret_value():
            raise ValueError("user needs password")
        return self

    @property
    def is_set_up(self) -> bool:
        return bool(self.host)

    @property
    def server(self) -> str:
        return self.host

    @property
    def shared_secrets(self) -> tuple[str, ...]:
        return (self.password.get_secret_value(),)

    @property
    def real_port(self) -> int:
        """Return the port, or the default port of the chosen encryption."""
        return self.port or USUAL_PORTS[self.tls]


def _is_address(text: str) -> bool:
    """Return whether mail can come from this address: a plain name before the ``@``, a host name after it."""
    local, _, domain = text.rpartition("@")
    try:
        host = idna.encode(domain.lower(), strict=True, std3_rules=True).decode("ascii") if domain else ""
    except (idna.IDNAError, UnicodeError):
        return False
    return bool(LOCAL.fullmatch(local) and HOST.fullmatch(host)) and len(local) + len(host) < LONGEST
