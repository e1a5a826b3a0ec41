"""The settings of the pages."""

from __future__ import annotations

from pydantic import Field, field_validator

from config.section import Section, is_url


class WebSettings(Section):
    """The web pages: targets of links in mails, imprint and privacy notice, health, metrics."""

    bind: str = Field("127.0.0.1", description="address to listen on, behind a TLS proxy")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0: any free one")
    public_url: str = Field("", description="https:// address of the pages, as users reach them")
    enabled: bool = Field(True, description="serve opens the pages")

    @field_validator("public_url")
    @classmethod
    def _https(cls, value: str) -> str:
        local = ("http://127.0.0.1", "http://localhost")
        if value and not (value.isascii() and value.startswith(("https://", *local)) and is_url(value)):
            raise ValueError("must begin with https:// and be ASCII (xn--… for other letters)")
        return value.rstrip("/")
