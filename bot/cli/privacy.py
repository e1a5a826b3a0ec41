"""``privacy-report``, ``contacts`` and ``affected``: what a data protection officer asks an operator for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated

import typer

from bot.cli.common import fail, load_settings, run, tell, write
from bot.cli.digests import moment
from bot.features.introductions.unreachable import counted, lines
from bot.features.privacy.contact_notices import tell_all
from bot.features.privacy.report import LANGUAGES, privacy_report
from bot.outgoing.links import Links
from bot.resources import open_store
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.store.breach_report import KINDS, Affected
from knowledge_base.store.breach_report import affected as whose_data
from knowledge_base.store.secret import read_secret
from knowledge_base.store.statistics import figures
from knowledge_base.version import product_version


def privacy_report_(
    context: typer.Context,
    lang: Annotated[str, typer.Option(help="de or en")] = "de",
) -> None:
    """Write the record of processing activities. Markdown, from the live settings and the database (Art. 30 GDPR)."""
    if lang not in LANGUAGES:
        raise typer.BadParameter("choose de or en", param_hint="--lang")
    write(run(_report(load_settings(context), lang)))


def contacts(
    context: typer.Context,
    tell_them: Annotated[bool, typer.Option("--tell", help="mail the notice to contacts without one")] = False,
) -> None:
    """Count the contacts who got the notice. Or mail it to the others, as Article 14 GDPR requires.

    Also count the contacts that no request reaches, with the remedy.
    """
    settings = load_settings(context)
    if tell_them and not settings.smtp.host:
        fail("No mail can be sent: smtp.host is not set.")
    run(_contacts(settings, tell_them=tell_them))


def affected(
    context: typer.Context,
    until: Annotated[
        str, typer.Option(help="people with data stored at this time, ISO 8601; without a zone, Berlin time")
    ] = "",
    list_them: Annotated[bool, typer.Option("--list", help="list each account, to tell the people")] = False,
) -> None:
    """Count people affected by a data breach. By kinds of data (Art. 33, 34 GDPR)."""
    people, contacts_ = run(_affected(load_settings(context), moment(until)))
    if list_them:
        for person in people:
            write("\t".join([person.channel, person.user_id, ", ".join(person.kinds)]))
        return
    kinds = Counter(kind for person in people for kind in person.kinds)
    write(f"accounts: {len(people)}")
    for kind in KINDS:
        write(f"  {kind}: {kinds[kind]}")
    write(f"imported contacts: {contacts_}")


async def _affected(settings: Settings, until: datetime) -> tuple[list[Affected], int]:
    async with open_store(settings) as store, store.read() as tx:
        return await whose_data(tx.connection, until), len(await tx.contacts.all())


async def _report(settings: Settings, language: str) -> str:
    async with open_store(settings) as store, store.read() as tx:
        bases = {contact.id: contact.legal_basis for contact in await tx.contacts.all()}
        counted = await figures(tx.connection, bases)
        return privacy_report(
            settings, counted, Texts(), language, date=f"{tx.now:%Y-%m-%d}", version=product_version()
        )


async def _contacts(settings: Settings, *, tell_them: bool) -> None:
    async with open_store(settings) as store:
        if tell_them:
            secret = read_secret(settings.state_dir)
            notified, unreachable = await tell_all(store, settings, Links(settings.web.public_url, secret), secret)
            tell(f"{notified} mails wait to be sent by serve; {unreachable} contacts have no usable address.")
        async with store.read() as tx:
            listed, duties = await tx.contacts.all(), await tx.contacts.duties()
            unreachable_now = await counted(tx, settings)
    known = [duties[contact.id] for contact in listed if contact.id in duties]
    told_already = sum(duty.told_at is not None for duty in known)
    hidden = sum(duty.hidden_at is not None for duty in known)
    write(f"contacts: {len(listed)}, told: {told_already}, hidden: {hidden}")
    for line in lines(*unreachable_now):
        write(f"contacts: {line}")
