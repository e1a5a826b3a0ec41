"""Handing a mail to the mail server, and the meaning of its refusals.

    connect, TLS, login, MAIL, RCPT   any error: certainly not sent
    DATA … final answer               4xx and 5xx: certainly not sent; no answer: unclear

Errors hold only codes: the server's text may quote the address.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiosmtplib

from bot.channels.port import TryLaterError, UnclearError, UndeliverableError
from config.smtp import SmtpSettings

BEFORE_S = 45.0  # until the server is ready for the content
CONTENT_S = 60.0  # until it confirms the content; both together stay below the sender's limit
ONE_ANSWER_S = 20.0
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
NO_SUCH_ADDRESS = frozenset({550, 551, 553})
Failure = (aiosmtplib.SMTPException, OSError, TimeoutError)  # what the library and the network raise


class Post:
    """The mail server of the settings, with one connection per mail."""

    def __init__(self, settings: SmtpSettings, hello: str, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._hello = hello
        self._tls = tls
        if tls is None and settings.tls != "none":
            self._tls = ssl.create_default_context()

    async def hand_over(self, sender: str, recipient: str, content: bytes) -> None:
        """Give the server one mail; raise an error of ``bot.channels.port`` if it does not take it."""
        async with self._before() as deadline, self._connection() as smtp:
            await smtp.mail(sender)
            await smtp.rcpt(recipient)
            deadline.reschedule(None)
            await _content(smtp, content)

    async def greet(self) -> None:
        """Connect, log in and quit; raise ``TryLaterError`` with the reason if that fails."""
        async with self._before(), self._connection():
            pass

    @asynccontextmanager
    async def _before(self) -> AsyncIterator[asyncio.Timeout]:
        """Turn every error in the block into one that says: nothing was sent."""
        try:
            async with asyncio.timeout(BEFORE_S) as deadline:
                yield deadline
        except aiosmtplib.SMTPSenderRefused as error:
            raise _refusal(error, "MAIL", gone=False) from error
        except aiosmtplib.SMTPRecipientRefused as error:
            raise _refusal(error, "RCPT", gone=_no_such_address(error)) from error
        except Failure as error:
            raise TryLaterError(reason(error)) from error

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiosmtplib.SMTP]:
        ours = self._settings
        smtp = aiosmtplib.SMTP(
            hostname=ours.host,
            port=ours.real_port,
            use_tls=ours.tls == "implicit",
            start_tls=ours.tls == "starttls",
            tls_context=self._tls,
            username=ours.user or None,
            password=ours.password.get_secret_value() or None,
            local_hostname=self._hello,
            timeout=ONE_ANSWER_S,
        )
        try:
            await smtp.connect()
            yield smtp
            with suppress(*Failure):  # the mail is already handed over
                await smtp.quit(timeout=2)
        finally:
            smtp.close()


async def _content(smtp: aiosmtplib.SMTP, content: bytes) -> None:
    try:
        await smtp.data(content, timeout=CONTENT_S)
    except aiosmtplib.SMTPDataError as error:
        raise _refusal(error, "DATA", gone=False) from error
    except Failure as error:
        raise UnclearError(f"no answer to the content: {type(error).__name__}") from error


def _refusal(
    error: aiosmtplib.SMTPResponseException, command: str, *, gone: bool
) -> TryLaterError | UndeliverableError:
    text = f"the mail server answers {_codes(error)} to {command}"
    return UndeliverableError(text, gone=gone) if 500 <= error.code < 600 else TryLaterError(text)


def _no_such_address(error: aiosmtplib.SMTPResponseException) -> bool:
    """Return whether the address is the reason, not a rule about sender or mail (5.7) or a full mailbox (5.2.2)."""
    enhanced = ENHANCED.match(error.message)
    if enhanced:
        return enhanced[0].startswith("5.1.") or enhanced[0] == "5.2.1"
    return error.code in NO_SUCH_ADDRESS


def _codes(error: aiosmtplib.SMTPResponseException) -> str:
    enhanced = ENHANCED.match(error.message)
    return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)


def reason(error: BaseException) -> str:
    """Return what went wrong before anything was sent, in a few words without data."""
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return f"the mail server refuses the login ({_codes(error)})"
        case aiosmtplib.SMTPResponseException():
            return f"the mail server answers {_codes(error)}"
        case _ if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return "the mail server's certificate or TLS is refused"
        case TimeoutError():
            return "the mail server does not answer in time"
        case aiosmtplib.SMTPException() if not isinstance(error, OSError):
            return "the mail server does not offer what the settings want (TLS or login)"
        case _:
            return f"the mail server cannot be reached ({type(error).__name__})"
