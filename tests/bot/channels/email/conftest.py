"""A mail server and the channel to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.email import EmailChannel
from bot.messages import Address, Outgoing
from bot.messages.markup import Paragraph, Text
from bot.texts import Texts
from config.operator import OperatorSettings
from config.settings import Settings
from config.smtp import SmtpSettings
from config.web import WebSettings
from tests.smtp_sink import SmtpSink

SENDER = "Stadtlotse Süd <lotse@stadt.example>"
TO = "rad@kiel.example"


def channel_to(sink: SmtpSink, *, public_url: str = "https://lotse.example", **smtp: Any) -> EmailChannel:
    context = smtp.pop("context", None)
    values = {"host": "127.0.0.1", "port": sink.port, "tls": "none", "sender": SENDER} | smtp
    settings = Settings(
        smtp=SmtpSettings(**values),
        web=WebSettings(public_url=public_url),
        operator=OperatorSettings(organisation="Amt für Beispiele"),
    )
    return EmailChannel(settings, Texts(), tls=context)


def message(text: str = "Guten Tag", to: str = TO, **changes: Any) -> Outgoing:
    return Outgoing("0123456789abcdef" * 2, Address("email", to), "de", (Paragraph((Text(text),)),), **changes)


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as sink:
        yield sink


@pytest.fixture
def channel(sink: SmtpSink) -> EmailChannel:
    return channel_to(sink)
