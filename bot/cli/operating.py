"""``serve`` and ``check``: the bot with its messengers."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Annotated

import structlog
import typer

from bot.app import Bot
from bot.channels.networks import MAIL, ChannelSetup, set_up
from bot.channels.policy import is_usable
from bot.channels.port import Channel, ChannelEndedError, CheckableChannel
from bot.cli.checking import database_lines, folder_lines, room_lines, translation_lines
from bot.cli.common import fail, load_settings, progress, run, write
from bot.cli.failing import explained
from bot.features.help import listed, words
from bot.features.introductions.unreachable import counted as counted_unreachable
from bot.features.introductions.unreachable import lines as unreachable_lines
from bot.features.privacy.processors import unnamed
from bot.incoming.channel_loop import Listening
from bot.operations.systemd import READY, notify
from bot.processes.state_lock import ACCOUNT, differing, only_one, shared_secrets
from bot.resources import open_knowledge, open_search, open_store
from bot.texts import Texts
from bot.web.pages import page_routes
from bot.web.serving import pages
from config import logging
from config.section import is_loopback
from config.settings import Settings
from knowledge_base.errors import StadtlotseError
from knowledge_base.migrations import SCHEMA
from knowledge_base.model import RecordKind
from knowledge_base.store.secret import share_secret

log = structlog.get_logger()

NO_CHANNEL = (
    "No messenger is configured, so there is nobody to answer. "
    "To try the bot in this terminal: stadtlotse chat. To connect a messenger, see docs/operate.md."
)


def serve(
    context: typer.Context,
    reset_identity: Annotated[
        bool,
        typer.Option("--reset-identity", help="Matrix: replace a cross-signing identity that is lost"),
    ] = False,
) -> None:
    """Run the bot on every configured channel. SIGTERM stops it in order."""
    settings = load_settings(context, level="")
    channels = configured_channels(settings, reset_identity=reset_identity)
    if not channels:
        fail(NO_CHANNEL)
    if names := unnamed(settings):
        log.warning("privacy.processors_not_named", processors=names, remedy="privacy.processors (Art. 28 GDPR)")
    taken = StadtlotseError(
        f"Another process of the bot runs on {settings.state_dir} already.",
        remedy="Stop it first, or set STADTLOTSE_STATE_DIR to another folder for a second process.",
    )
    with only_one(settings.state_dir, "serve", taken) as place:
        as_wished = run(serve_channels(settings, channels, place))
    if not as_wished:
        fail("No channel is left; the log says why.")


def configured_channels(settings: Settings, *, reset_identity: bool = False) -> list[Channel]:
    """The messengers that the settings name. Their libraries are loaded only when they are used."""
    texts = Texts()
    setup = ChannelSetup(settings, texts, listed(texts, mail=is_usable(MAIL, settings)), words(), reset_identity)
    return [network.build(setup) for network in set_up(settings)]


async def serve_channels(settings: Settings, channels: Sequence[Channel], place: str = "") -> bool:
    """Run until SIGTERM or SIGINT, or until no channel is left; returns whether it stopped as wished.

    ``place``: see ``Bot``.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        with progress() as bar:
            knowledge = await stack.enter_async_context(open_knowledge(settings, progress=bar))
        await share_secret(knowledge.store, settings.state_dir, shared_secrets(settings), renew=True)
        bot = Bot(settings, knowledge, Texts(), channels, place=place)
        await expect_the_same(bot)
        routes = [route for channel in channels for route in getattr(channel, "routes", ())]
        routes += page_routes(bot.services, changed=bot.wake_senders)
        await stack.enter_async_context(pages(settings.web, settings.state_dir, bot.health, bot.metrics, routes))
        return await bot.run(stop, announce([channel.name for channel in channels]))


async def expect_the_same(bot: Bot) -> None:
    """Compare the settings with those of the other processes on this database; raise where the accounts differ."""
    names = differing(bot.leadership.settings, await bot.leadership.others())
    if accounts := [name for name in names if name.startswith(ACCOUNT)]:
        raise StadtlotseError(
            f"Another process works on this database with another {' and '.join(accounts)}.",
            remedy="All processes on one database serve the same accounts: compare their configurations.",
        )
    if names:
        log.warning("settings.differ", sections=names, remedy="give every process on this database the same settings")


def announce(names: Sequence[str]) -> Listening:
    """Print one line with READY, and tell systemd, once each channel listens, backs off or has ended.

    The line names the channels that ended apart. There is no such line if all of them ended.
    """
    problems: dict[str, str | ChannelEndedError | None] = {}
    ready = False

    def listening(name: str, problem: str | ChannelEndedError | None) -> None:
        nonlocal ready
        problems[name] = problem
        ended = [name for name in names if isinstance(problems.get(name), ChannelEndedError)]
        if ready or len(problems) < len(names) or len(ended) == len(names):
            return
        ready = True
        shown = {name: f"{name} ({reason})" if reason else name for name, reason in problems.items()}
        parts = [", ".join(shown[name] for name in names if name not in ended)]
        parts += [f"ended: {', '.join(shown[name] for name in ended)}"] if ended else []
        write(f"READY {'; '.join(parts)}")
        notify(READY)

    return listening


def check(
    context: typer.Context,
    full: Annotated[
        bool, typer.Option("--full", help="check a large database completely; the bot waits meanwhile")
    ] = False,
) -> None:
    """Check the installation, one line each.

    Configuration, state folder, database, model, channels, pages, admins, editors.
    """
    settings = load_settings(context, level="ERROR")
    write("ok    configuration")
    if not run(_check(settings, full=full)):
        raise typer.Exit(1)


async def _check(settings: Settings, *, full: bool) -> bool:
    try:
        async with open_store(settings) as store:
            if not _report(
                [*folder_lines(settings), *await asyncio.to_thread(list, database_lines(settings, full=full))]
            ):
                return False
            async with store.read() as tx:
                counts, contacts = await tx.records.count(), await counted_unreachable(tx, settings)
            known = ", ".join(counted(number, kind) for kind, number in counts.items()) or "empty"
            write(f"ok    database: schema {SCHEMA}, {known}")
            _report([("none", f"contacts: {line}") for line in unreachable_lines(*contacts)])
            with progress() as bar:
                async with open_search(settings, store, bar) as search:
                    write(f"ok    model: {search.fingerprint}")
    except StadtlotseError as error:
        write(f"fail  {error}")
        return False
    except Exception as error:  # noqa: BLE001 - whatever damage does, check tells it
        write(f"fail  {explained(error)}")
        return False
    well = await _check_channels(configured_channels(settings))
    well = _report([*pages_lines(settings)]) and well
    for name in unnamed(settings):
        write(f"none  processors: {name} is in use, and privacy.processors says nothing of it (Art. 28 GDPR)")
    write(f"{'ok   ' if settings.admins else 'none '} admins: {', '.join(settings.admins) or 'nobody gets alerts'}")
    well = _report([*room_lines(settings)]) and well
    well = _report([line async for line in translation_lines(settings)]) and well
    editors = ", ".join(settings.editors)
    write(f"{'ok   ' if editors else 'none '} editors: {editors or 'nobody can edit in chat'}")
    return well


def _report(lines: Sequence[tuple[str, str]]) -> bool:
    """Write the lines; return whether none is a failure."""
    for state, text in lines:
        write(f"{state:<5} {text}")
    return all(state != "fail" for state, _ in lines)


def counted(number: int, kind: RecordKind) -> str:
    """ "1 contact", "2 municipalities"."""
    singular, several = kind.value, kind.value.replace("ty", "tie") + "s"
    return f"{number} {singular if number == 1 else several}"


def pages_lines(settings: Settings) -> Iterator[tuple[str, str]]:
    """Whether people can reach the pages, and whether these say what the law wants of a public one."""
    if settings.web.enabled and not is_loopback(settings.web.bind):
        yield "none", f"pages: web.bind {settings.web.bind} is open to the network; only a reverse proxy may reach it"
    url, missing = settings.web.public_url, settings.operator.missing
    if not url:
        yield "none", "pages: no web.public_url, so nobody is sent a link; mails can be read, and not answered"
        return
    yield "ok", f"pages: {url}"
    if not missing:
        yield "ok", f"imprint: {settings.operator.organisation}"
        return
    public = url.startswith("https://")
    names = ", ".join(f"operator.{name}" for name in missing)
    yield "fail" if public else "none", f"imprint and privacy notice of a public page need {names}"


async def _check_channels(channels: Sequence[Channel]) -> bool:
    """What each channel can say of itself; whether all is well."""
    if not channels:
        write("none  channels: only the terminal (chat)")
    lines: list[tuple[str, str]] = []
    for channel in channels:
        try:
            lines += (
                await channel.check() if isinstance(channel, CheckableChannel) else [("ok", f"channel: {channel.name}")]
            )
        except Exception as error:  # noqa: BLE001 - every library has its own
            lines.append(("fail", f"{channel.name}: {logging.redact(str(error) or type(error).__name__)}"))
        finally:
            await channel.close()
    return _report(lines)
