"""A real SMTP server on the loopback interface that keeps every mail, and fails when the test says so."""

from __future__ import annotations

import asyncio
import email
import ssl
import warnings
from collections import deque
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from functools import lru_cache
from typing import Any, Self

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that the server has, as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return _parsed(self.content)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, subtype: str) -> str:
        return _body(self.content, subtype)


@lru_cache(2000)  # a test that waits looks at every mail again and again
def _body(content: bytes, subtype: str) -> str:
    part = _parsed(content).get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def _parsed(content: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@dataclass
class SmtpSink:
    """``faults``: for the next mails, (command, what happens instead): a reply such as ``550 5.1.1 x``, ``drop`` (the
    connection breaks before the server has the mail), ``lost reply`` (it breaks when the server has it) or ``silence``.
    """

    login: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    refuses_connections: bool = False
    taken: list[Taken] = field(default_factory=list)
    faults: deque[tuple[str, str]] = field(default_factory=deque)
    sessions: int = 0
    logins: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _protocols: list[SMTP] = field(default_factory=list)

    def to(self, address: str) -> list[Taken]:
        """The mails to an address."""
        return [message for message in self.taken if address in message.recipients]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        context = self.tls if self.implicit else None
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """The server is away, with every connection."""
        assert self._server
        self._server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def _protocol(self) -> SMTP:
        self.sessions += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of logins without TLS; on the loopback interface that is wanted
            made = SMTP(
                self,
                enable_SMTPUTF8=False,
                hostname="mail.example",
                tls_context=None if self.implicit else self.tls,
                require_starttls=self.tls is not None and not self.implicit,
                authenticator=self._authenticate if self.login else None,
                auth_required=self.login is not None,
                auth_require_tls=False,
                loop=asyncio.get_running_loop(),
            )
        self._protocols.append(made)
        return made

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _way: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins += 1
        right = self.login is not None and (data.login.decode(), data.password.decode()) == self.login
        return AuthResult(success=right, handled=right)

    def _fault(self, command: str) -> str | None:
        if self.faults and self.faults[0][0] == command:
            return self.faults.popleft()[1]
        return None

    async def handle_EHLO(  # noqa: N802 - the server calls it by this name
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return ["421 4.3.2 not now"] if self._fault("EHLO") else responses

    async def handle_MAIL(self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if fault := await self._happens(server, "MAIL"):
            return fault
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: SMTP, _s: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if fault := await self._happens(server, "RCPT"):
            return fault
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.faults and self.faults[0] == ("DATA", "lost reply"):
            self._keep(envelope)
        if fault := await self._happens(server, "DATA"):
            return fault
        self._keep(envelope)
        return "250 2.0.0 OK"

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        self.taken.append(Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content))

    async def _happens(self, server: SMTP, command: str) -> str | None:
        match self._fault(command):
            case "drop" | "lost reply":
                server.transport.abort()
                return "421 gone"
            case "silence":
                await asyncio.Event().wait()
                return "421 gone"
            case fault:
                return fault
