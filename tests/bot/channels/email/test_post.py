"""What the answers of a real mail server mean: sent, not sent, undeliverable, unclear."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.channels.email import EmailChannel, post
from bot.channels.email import channel as channel_module
from bot.channels.port import ChannelError, TryLaterError, UnclearError, UndeliverableError
from config.smtp import SmtpSettings
from tests.bot.channels.email.conftest import SENDER, TO, channel_to, message
from tests.fakes import PATIENCE_S
from tests.smtp_sink import SmtpSink

GONE, NOT_GONE = True, False


async def test_a_mail_arrives_once_and_has_an_id(channel: EmailChannel, sink: SmtpSink) -> None:
    remote = await channel.send(message())
    (mail,) = sink.to(TO)
    assert (mail.sender, mail.recipients) == ("lotse@stadt.example", (TO,))
    assert remote == "<0123456789abcdef0123456789abcdef@stadt.example>"
    assert mail.mail["Message-ID"] == remote


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["421 4.3.2 later", "450 4.2.1 greylisted", "451 4.7.1 slow down", "452 4.2.2 full"])
async def test_mail_is_retried_after_a_temporary_refusal(
    channel: EmailChannel, sink: SmtpSink, command: str, reply: str
) -> None:
    sink.faults.append((command, reply))
    with pytest.raises(TryLaterError):
        await channel.send(message())
    await channel.send(message())
    assert len(sink.taken) == 1


@pytest.mark.parametrize(
    ("command", "reply", "gone"),
    [
        ("RCPT", "550 5.1.1 no such user", GONE),
        ("RCPT", "550 no such user", GONE),
        ("RCPT", "553 5.1.3 bad address", GONE),
        ("RCPT", "551 moved", GONE),
        ("RCPT", "550 5.2.1 mailbox disabled", GONE),
        ("RCPT", "552 5.2.2 mailbox full", NOT_GONE),
        ("RCPT", "554 5.7.1 relay access denied", NOT_GONE),
        ("RCPT", "550 5.7.26 not authenticated", NOT_GONE),
        ("MAIL", "550 5.7.1 sender refused", NOT_GONE),
        ("DATA", "554 5.6.0 content refused", NOT_GONE),
        ("DATA", "550 5.7.0 spam", NOT_GONE),
    ],
)
async def test_mail_is_undeliverable_after_a_permanent_refusal(
    channel: EmailChannel, sink: SmtpSink, command: str, reply: str, gone: bool
) -> None:
    sink.faults.append((command, reply))
    with pytest.raises(UndeliverableError) as raised:
        await channel.send(message())
    assert raised.value.gone is gone
    assert sink.taken == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
async def test_mail_is_retried_if_the_connection_is_lost_before_the_content(
    channel: EmailChannel, sink: SmtpSink, command: str
) -> None:
    sink.faults.append((command, "drop"))
    with pytest.raises(TryLaterError):
        await channel.send(message())
    assert sink.taken == []


@pytest.mark.parametrize(("fault", "arrived"), [("drop", 0), ("lost reply", 1)])
async def test_mail_is_unclear_if_the_connection_is_lost_after_the_content(
    channel: EmailChannel, sink: SmtpSink, fault: str, arrived: int
) -> None:
    """The bot sees no difference between the two faults, so the delivery status is unclear."""
    sink.faults.append(("DATA", fault))
    with pytest.raises(UnclearError):
        await channel.send(message())
    assert len(sink.taken) == arrived


async def test_mail_is_retried_if_the_server_is_silent_before_the_content(
    channel: EmailChannel, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "BEFORE_S", 0.2)
    sink.faults.append(("RCPT", "silence"))
    with pytest.raises(TryLaterError, match="in time"):
        await channel.send(message())


async def test_mail_is_unclear_if_the_server_is_silent_after_the_content(
    channel: EmailChannel, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "CONTENT_S", 0.2)
    sink.faults.append(("DATA", "silence"))
    with pytest.raises(UnclearError):
        await channel.send(message())


async def test_mail_is_retried_if_the_server_is_unreachable() -> None:
    async with SmtpSink() as sink:
        channel = channel_to(sink)
    with pytest.raises(TryLaterError):
        await channel.send(message())


async def test_error_of_a_send_quotes_neither_the_server_nor_an_address(channel: EmailChannel, sink: SmtpSink) -> None:
    """Errors are logged and stored."""
    for command, reply in [("RCPT", f"550 5.1.1 <{TO}> unknown"), ("RCPT", f"450 {TO}"), ("DATA", f"554 {TO}")]:
        sink.faults.append((command, reply))
        with pytest.raises(ChannelError) as raised:
            await channel.send(message())
        assert "kiel" not in str(raised.value)
        assert reply[:3] in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "rad",
        "@kiel.example",
        "rad@",
        "rad@kiel",
        "a b@kiel.example",
        '"rad"@kiel.example',
        "rad@[127.0.0.1]",
        "rad@kiel.example>",
        "rad@kiel.example\r\nRCPT TO:<other@kiel.example>",
        "rad@kiel.example\nBcc: other@kiel.example",
        "rad@kiel.example,other@kiel.example",
        "jürgen@kiel.example",
        "rad@kiel.example (comment)",
        "x" * 65 + "@kiel.example",
        "!matrix:kiel.example",
    ],
)
async def test_invalid_address_is_refused_without_contacting_the_server(
    channel: EmailChannel, sink: SmtpSink, address: str
) -> None:
    with pytest.raises(UndeliverableError) as raised:
        await channel.send(message(to=address))
    assert raised.value.gone
    assert sink.sessions == 0


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("rad@bücher.example", "rad@xn--bcher-kva.example"),
        ("rad@straße.example", "rad@xn--strae-oqa.example"),
        ("rad+lotse@Kiel.Example", "rad+lotse@kiel.example"),
        ("o'neil@łódź.example", "o'neil@xn--d-uga0v4h.example"),
    ],
)
async def test_host_of_an_address_is_sent_in_its_ascii_form(
    channel: EmailChannel, sink: SmtpSink, address: str, wire: str
) -> None:
    await channel.send(message(to=address))
    assert sink.taken[0].recipients == (wire,)
    assert wire in sink.taken[0].mail["To"]


# ------------------------------------------------------------------------------------------------- TLS and login


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
        f"-keyout {folder}/key.pem -out {folder}/certificate.pem".split(),
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate / "certificate.pem"))


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
async def test_mail_is_sent_over_tls_with_a_login(
    mode: str, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    async with SmtpSink(login=("lotse", "geheim"), tls=server_tls, implicit=mode == "implicit") as sink:
        channel = channel_to(sink, tls=mode, user="lotse", password=SecretStr("geheim"), context=trusting)
        await channel.send(message())
        assert len(sink.to(TO)) == 1
        assert await channel.check() == [
            ("ok", f"email: 127.0.0.1, port {sink.port}, {mode}, logged in, from lotse@stadt.example")
        ]


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
async def test_server_with_an_untrusted_certificate_gets_neither_password_nor_mail(
    mode: str, server_tls: ssl.SSLContext
) -> None:
    async with SmtpSink(login=("lotse", "geheim"), tls=server_tls, implicit=mode == "implicit") as sink:
        channel = channel_to(sink, tls=mode, user="lotse", password=SecretStr("geheim"))
        with pytest.raises(TryLaterError, match="TLS"):
            await channel.send(message())
        assert (sink.taken, sink.logins) == ([], 0)


async def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    async with SmtpSink(login=("lotse", "geheim")) as sink:
        channel = channel_to(sink, tls="starttls", user="lotse", password=SecretStr("geheim"))
        with pytest.raises(TryLaterError, match="does not offer"):
            await channel.send(message())
        assert (sink.taken, sink.logins) == ([], 0)


async def test_mail_is_retried_after_a_refused_login_and_the_check_reports_it() -> None:
    async with SmtpSink(login=("lotse", "geheim")) as sink:
        channel = channel_to(sink, user="lotse", password=SecretStr("falsch"))
        with pytest.raises(TryLaterError, match=r"refuses the login \(535"):
            await channel.send(message())
        ((state, text),) = await channel.check()
        assert (state, "falsch" in text, "refuses the login" in text) == ("fail", False, True)


@pytest.mark.parametrize("host", ["mail.example", "10.0.0.1", "192.168.1.5"])
def test_mail_without_tls_is_allowed_only_to_this_machine(host: str) -> None:
    with pytest.raises(ValidationError, match="this machine"):
        SmtpSettings(host=host, tls="none", sender=SENDER)
    for near in ("127.0.0.1", "localhost", "::1"):
        assert SmtpSettings(host=near, tls="none", sender=SENDER).real_port == 25


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"host": "mail.example"}, "needs sender"),
        ({"host": "mail.example", "sender": "nobody"}, "must be an address"),
        ({"host": "mail.example", "sender": "a@b.example\nBcc: c@d.example"}, "must be an address"),
        ({"host": "mail example", "sender": SENDER}, "must be a name"),
        ({"host": "mail.example", "sender": SENDER, "user": "x"}, "needs password"),
    ],
)
def test_incomplete_or_invalid_smtp_settings_are_refused(values: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SmtpSettings(**values)


# ------------------------------------------------------------------------------------------------- health


async def test_channel_reports_when_the_mail_server_goes_down_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "LOOK_EVERY_S", 0.01)
    heard: asyncio.Queue[str | None] = asyncio.Queue()
    async with SmtpSink() as sink:
        channel = channel_to(sink)
        running = asyncio.create_task(channel.run(None, heard.put_nowait))  # type: ignore[arg-type]
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() is None
            await sink.stop()
            while (problem := await heard.get()) is None:
                pass
            assert "mail server" in problem
            await sink.__aenter__()
            while await heard.get() is not None:
                pass
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()
