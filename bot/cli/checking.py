"""What ``check`` tells of state folder, database file, management room and translation server: state and text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from bot.channels.networks import NETWORKS
from bot.messages.readership import accounts_on
from bot.texts import LANGUAGES
from config.section import host_of
from config.settings import Settings
from knowledge_base.errors import StoreError
from knowledge_base.libretranslate import LibreTranslate, TranslationError
from knowledge_base.store.backup.create import database_file
from knowledge_base.store.secret import FILE, kept_secret
from knowledge_base.store.soundness import examine
from knowledge_base.store.state_folder import open_to_others

SECONDS = 10.0  # so long ``check`` may keep the writers of a running bot waiting
RESTORE = "Stop the bot, keep the file for an expert, and restore a backup."


def folder_lines(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the state folder, and how the secret in it stands."""
    try:
        secret = kept_secret(settings.state_dir)
        yield ("ok", f"secret: {FILE}") if secret else ("none", "secret: none yet, the first start makes it")
    except StoreError as error:
        yield "fail", f"secret: {error}"
    for path, mode in open_to_others(settings.state_dir, database_file(settings.database_url)):
        yield "none", f"state folder: others on this machine may use {path} ({mode:04o}); chmod go= {path}"


def database_lines(settings: Settings, *, full: bool) -> Iterator[tuple[str, str]]:
    """Yield how sound a database file is; nothing for a server, which looks after itself."""
    file = database_file(settings.database_url)
    if file is None or not file.is_file():
        return
    findings = examine(file, seconds=None if full else SECONDS)
    for problem in findings.problems:
        yield "fail", f"database: {file} is damaged: {problem}"
    if findings.problems:
        yield "fail", f"database: {RESTORE}"
    elif findings.complete:
        yield "ok", "database: the file is sound"
    else:
        yield "ok", f"database: no damage found in {SECONDS:.0f} seconds; check --full looks to the end"


def room_lines(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield whether alerts can go to the management room; nothing if there is none. Only a send shows who reads it."""
    address = settings.management_room
    if not address:
        return
    name = address.partition(":")[0]
    network = NETWORKS.get(name)
    if network is None or not network.is_set_up(settings):
        yield "fail", f"management room: the bot has no account on {name!r}; set management_room to another room"
    elif not network.shows_readers:
        yield "fail", f"management room: {network.title} does not show the bot who reads a group; leave it empty"
    elif not accounts_on(name, settings.admins):
        yield "fail", f"management room: admins names no account on {network.title}, so only others could read it"
    else:
        yield "ok", f"management room: {address}"


async def translation_lines(settings: Settings) -> AsyncIterator[tuple[str, str]]:
    """Yield whether the translation server translates between the languages of the bot; nothing if there is none."""
    if not settings.translation.url:
        return
    host = host_of(settings.translation.url)
    try:
        known = await LibreTranslate(settings.translation.url, timeout_s=SECONDS).languages()
    except TranslationError as error:
        yield "fail", f"translation: {host} does not list its languages ({error}); compare translation.url"
        return
    pairs = [(source, target) for source in LANGUAGES for target in LANGUAGES if source != target]
    missing = [f"{source} to {target}" for source, target in pairs if target not in known.get(source, frozenset())]
    if missing:
        yield "none", f"translation: {host} does not translate {', '.join(missing)}"
    else:
        yield "ok", f"translation: {host} translates between {', '.join(LANGUAGES)}"
