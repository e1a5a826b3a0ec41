"""What ``bot.channels.port.Channel`` promises, kept by every channel."""

from __future__ import annotations

import asyncio
import io
import queue
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from pydantic import SecretStr

from bot.channels.email import EmailChannel
from bot.channels.networks import ChannelSetup
from bot.channels.port import (
    AudienceError,
    Channel,
    ChannelEndedError,
    TryLaterError,
    UnclearError,
    UndeliverableError,
)
from bot.channels.telegram import Menu, TelegramChannel
from bot.channels.telegram.html import JOINER
from bot.channels.telegram.limits import Pace
from bot.channels.terminal import TerminalChannel
from bot.messages import Address, Inbound, MessageAudience, Outgoing
from bot.messages.markup import Break, Items, Link, Paragraph, Soft, Strong, Text, plain
from bot.messages.readership import fits
from bot.texts import Texts
from config.settings import Settings
from config.smtp import SmtpSettings
from config.telegram import TelegramSettings
from tests.fakes import PATIENCE_S, FakeChannel, LostReply
from tests.pigeon import ROW, SQUARE, PigeonChannel
from tests.smtp_sink import SmtpSink
from tests.telegram_api import LoopbackApi

HOSTILE = "<b>x</b> &amp; *y* _z_ `c` [a](https://evil.example) @room #1 !befehl\\ ~~s~~ <@u> [bold]r[/bold]"


class Pipe(io.TextIOBase):
    """A stdin on which a test writes."""

    def __init__(self) -> None:
        self._lines = queue.SimpleQueue[str]()

    def put(self, line: str) -> None:
        self._lines.put(line)

    def readline(self, size: int | None = -1, /) -> str:
        return self._lines.get()

    def isatty(self) -> bool:
        return False


@dataclass
class Setting:
    """A channel with a user on its other side."""

    channel: Channel
    address: Address
    writes: Callable[[str], object]  # somebody writes this
    reads: Callable[[], str]  # what they see, all of it
    received: list[Inbound] = field(default_factory=list)
    listened: list[str | None] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    user: str = "anna"  # who that is
    others: str = "elsewhere"  # a conversation that others read

    async def receive(self, channel: str, happenings: Sequence[Inbound], *, cursor: str | None = None) -> None:
        assert channel == self.channel.name
        self.received.extend(happenings)
        self.came.set()

    def message(self, text: str = "Guten Tag", name: str = "m1", answers: str = "") -> Outgoing:
        return Outgoing(name, self.address, "de", (Paragraph((Text(text),)),), answers=answers)


async def on_fake(*, exactly_once: bool) -> Setting:
    channel = FakeChannel(exactly_once=exactly_once)
    anna = channel.person("anna")
    tasks: set[asyncio.Task[object]] = set()

    def writes(text: str) -> None:
        tasks.add(asyncio.create_task(anna.writes(text)))

    def reads() -> str:
        return "\n\n".join(plain(message.document) for message in channel.delivered)

    channel.person("ben", room="elsewhere")
    return Setting(channel, Address("fake", anna.conversation), writes, reads)


async def on_terminal() -> Setting:
    pipe, screen = Pipe(), io.StringIO()
    channel = TerminalChannel(input_stream=pipe, output=screen)  # type: ignore[arg-type]
    return Setting(
        channel, Address("terminal", "here"), lambda text: pipe.put(f"{text}\n"), screen.getvalue, user="you"
    )


async def on_telegram(api: LoopbackApi) -> Setting:
    settings = Settings(telegram=TelegramSettings(token=SecretStr(api.token), api_base_url=api.base_url))
    brisk = Pace(overall=0.0, private=0.0)  # whoever is too fast for Telegram is asked to come later
    channel = TelegramChannel(settings, Menu({}, frozenset()), brisk)
    anna = api.world.user(11)
    api.world.private(anna).started = True

    def reads() -> str:
        return "\n\n".join(message.text.replace(JOINER, "") for message in api.world.said(anna))

    return Setting(
        channel, Address("telegram", "11"), lambda text: api.world.say(anna, text), reads, user="11", others="-1001"
    )


async def on_email(sink: SmtpSink) -> Setting:
    smtp = SmtpSettings(host="127.0.0.1", port=sink.port, tls="none", sender="lotse@stadt.example")
    channel = EmailChannel(Settings(smtp=smtp), Texts())

    def writes(_text: str) -> None:
        raise AssertionError("nobody can write to it")

    def reads() -> str:
        return "\n\n".join(mail.text for mail in sink.taken)

    mailbox = "rad@kiel.example"
    return Setting(channel, Address("email", mailbox), writes, reads, user=mailbox, others="bus@kiel.example")


async def on_pigeon() -> Setting:
    channel = ROW.build(ChannelSetup(Settings(), Texts(), {}, frozenset()))
    assert isinstance(channel, PigeonChannel)
    return Setting(
        channel,
        Address("pigeon", "anna"),
        lambda text: channel.writes("anna", text),
        lambda: channel.reads("anna"),
        others=SQUARE,
    )


@pytest.fixture
async def telegram_api() -> AsyncIterator[LoopbackApi]:
    async with LoopbackApi() as api:
        yield api
        assert api.violations == []


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as sink:
        yield sink


HEARING = ["fake", "fake exactly once", "pigeon", "terminal", "telegram"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on every channel; who imports the tests for another channel brings one ``setting`` alone."""
    if "setting" in metafunc.fixturenames:
        hears = metafunc.function is test_channel_hands_over_the_text_of_a_user_unchanged
        metafunc.parametrize("setting", HEARING if hears else [*HEARING, "email"], indirect=True)


@pytest.fixture
async def setting(request: pytest.FixtureRequest, telegram_api: LoopbackApi, sink: SmtpSink) -> AsyncIterator[Setting]:
    match request.param:
        case "email":
            setting = await on_email(sink)
        case "pigeon":
            setting = await on_pigeon()
        case "terminal":
            setting = await on_terminal()
        case "telegram":
            setting = await on_telegram(telegram_api)
        case _:
            setting = await on_fake(exactly_once="exactly" in request.param)
    running = asyncio.create_task(setting.channel.run(setting.receive, setting.listened.append))
    async with asyncio.timeout(PATIENCE_S):
        while not setting.listened:  # noqa: ASYNC110
            await asyncio.sleep(0)
    yield setting
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    await setting.channel.close()


async def test_channel_reports_when_it_listens(setting: Setting) -> None:
    assert setting.listened == [None]


@pytest.mark.parametrize("text", ["Wer macht was?", HOSTILE, "mehr", "!hilfe", "ä" * 3_000])
async def test_channel_hands_over_the_text_of_a_user_unchanged(setting: Setting, text: str) -> None:
    setting.writes(text)
    async with asyncio.timeout(PATIENCE_S):
        await setting.came.wait()
    (inbound,) = setting.received
    assert (inbound.text, inbound.private, inbound.addressed) == (text, True, True)
    assert inbound.address.channel == setting.channel.name
    assert inbound.at.tzinfo is not None
    assert inbound.id
    assert len(inbound.id) <= 255


async def test_channel_delivers_a_message_and_returns_its_id(setting: Setting) -> None:
    assert await setting.channel.send(setting.message("Guten Tag"))
    assert "Guten Tag" in setting.reads()


async def test_markup_in_a_text_is_delivered_as_text(setting: Setting) -> None:
    await setting.channel.send(setting.message(HOSTILE))
    assert HOSTILE in setting.reads()


async def test_channel_delivers_every_kind_of_node(setting: Setting) -> None:
    entry = (Paragraph((Strong((Text("eins"),)), Break(), Soft((Text("zwei"),)))),)
    document = (Paragraph((Text("null"),)), Items((entry, (Paragraph((Link("https://a.example/b"),)),)), 4))
    await setting.channel.send(Outgoing("m1", setting.address, "de", document))
    seen = setting.reads()
    for part in ("null", "4. eins", "zwei", "5. https://a.example/b"):
        assert part in seen


async def test_messages_arrive_in_the_order_of_sending(setting: Setting) -> None:
    for number in range(10):
        await setting.channel.send(setting.message(f"Nummer {number};", f"m{number}"))
    seen = setting.reads()
    places = [seen.index(f"Nummer {number};") for number in range(10)]
    assert places == sorted(places)


async def test_exactly_once_channel_delivers_a_repeated_message_once(setting: Setting) -> None:
    for _ in range(2):
        await setting.channel.send(setting.message("einmal;"))
    assert setting.reads().count("einmal;") == (1 if setting.channel.exactly_once else 2)


async def test_channel_knows_the_readers_of_a_private_chat_and_where_one_user_reads(setting: Setting) -> None:
    place = setting.channel.who_reads(setting.address)
    assert place
    assert fits(MessageAudience.PRIVATE, [setting.user], place)
    own = setting.channel.private_place(setting.user)
    assert own
    there = setting.channel.who_reads(Address(setting.channel.name, own))
    assert there
    assert fits(MessageAudience.PRIVATE, [setting.user], there)


async def test_private_message_is_not_delivered_where_other_users_can_read(setting: Setting) -> None:
    private = replace(setting.message("geheim;"), audience=MessageAudience.PRIVATE)
    elsewhere = replace(private, address=Address(setting.channel.name, setting.others), readers=(setting.user,))
    of_another = replace(private, readers=("somebody",))
    nobodys = replace(private, audience=MessageAudience.OPERATORS, address=elsewhere.address, readers=(setting.user,))
    for message in (elsewhere, of_another, private, nobodys):
        with pytest.raises(AudienceError):
            await setting.channel.send(message)
    assert "geheim;" not in setting.reads()
    await setting.channel.send(replace(private, readers=(setting.user,)))
    assert "geheim;" in setting.reads()


async def test_showing_that_the_bot_is_working_never_fails(setting: Setting) -> None:
    await setting.channel.working(setting.address)
    await setting.channel.working(Address(setting.channel.name, "nowhere"))


async def test_send_raises_the_errors_of_the_port() -> None:
    """The fake channel raises each of them; tests of a real network provoke them with its server."""
    channel = FakeChannel()
    message = Outgoing("m1", Address("fake", "a"), "de", ())
    for fault in (TryLaterError("x"), UndeliverableError("x", gone=True), UnclearError("x")):
        channel.faults.append(fault)
        with pytest.raises(type(fault)):
            await channel.send(message)
    assert channel.delivered == []
    channel.faults.append(LostReply())
    with pytest.raises(UnclearError):
        await channel.send(message)
    assert len(channel.delivered) == 1


async def test_run_raises_channel_ended_when_the_channel_ends() -> None:
    channel = FakeChannel()
    channel.ends()
    setting = Setting(channel, Address("fake", "a"), lambda _text: None, str)
    with pytest.raises(ChannelEndedError):
        await channel.run(setting.receive, setting.listened.append)
