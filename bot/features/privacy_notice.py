"""Telling people what is stored about them: who talks to the bot (Art. 13 GDPR), and imported contacts (Art. 14).

That the notice was shown is in the ledger of consents, with its version: when its wording changes, it is shown again.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields

from bot.channels.networks import is_outside_eu
from bot.context import Services, Turn
from bot.messages import Say, Url, Value
from bot.messages.markup import plain, safe_url
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.model import Contact
from knowledge_base.store.consents import ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.transaction import Transaction

PURPOSE = "notice"  # in the ledger
NOTICE_PAGE = "/privacy"
ABOUT_THE_RECORD = ("id", "legal_basis", "source", "extra")  # not of the contact
ASKED_ALREADY = ("consent", "einwilligung", "zgoda")  # legal bases of people who know of it


async def first_notice(tx: Transaction, turn: Turn, services: Services) -> Say | None:
    """Return three lines about data protection for the first answer to a person, and note them as shown."""
    channel = turn.inbound.address.channel
    outside = Say(f"notice.outside.{channel}") if is_outside_eu(channel) else ""
    notice = Say("notice.first", {"operator": operator(services.settings), "outside": outside}, (), turn.language)
    wording = version(notice.key, turn.language, services.texts)
    known = await tx.consents.last(turn.person.id, PURPOSE)
    if known is not None and known.wording.rpartition("/")[2] == wording.rpartition("/")[2]:
        return None
    await tx.consents.add(
        ConsentEntry(
            subject=turn.person.id,
            purpose=PURPOSE,
            what=ConsentAction.INFORMED,
            wording=wording,
            text_hash=hash_of(plain(services.texts.render(notice, turn.language))),
            channel=channel,
            event_id=turn.inbound.reference,
        )
    )
    return notice


def version(key: str, language: str, texts: Texts) -> str:
    """Which wording was shown: "notice.first/de/3f9a01c2". The last part changes when any language's text does."""
    wordings = [texts.template(key, code) for code in ("de", "en", "pl")]
    return f"{key}/{language}/{hashlib.sha256(repr(wordings).encode()).hexdigest()[:8]}"


def operator(settings: Settings) -> Say | str:
    """Who answers for the bot."""
    return settings.operator.organisation.strip() or Say("notice.whoever")


def officer(settings: Settings) -> Say | str:
    """Who hears questions about data protection."""
    return settings.operator.data_protection_officer.strip() or Say("notice.no_officer")


# ----------------------------------------------------------------------------------------------- imported contacts


def was_asked(contact: Contact) -> bool:
    """Whether a contact agreed to be imported and so knows of it."""
    return contact.legal_basis.strip().casefold().startswith(ASKED_ALREADY)


def about_import(contact: Contact, settings: Settings) -> Say:
    """Source, purpose, who answers for it, and what a contact can do about it."""
    page = settings.web.public_url and f"{settings.web.public_url}{NOTICE_PAGE}"
    return Say(
        "notice.import",
        {
            "role": contact.role,
            "stored": _stored(contact),
            "source": _source(contact),
            "basis": _basis(contact),
            "operator": operator(settings),
            "officer": officer(settings),
            "reach": settings.operator.email or settings.smtp.reply_to or Say("notice.reply"),
            "authority": settings.operator.supervisory_authority.strip() or Say("notice.no_authority"),
            "page": Url(page) if page else "",
        },
    )


def _stored(contact: Contact) -> tuple[Say, ...]:
    """Return the kinds of data that the record holds of this contact."""
    names = [field.name for field in fields(contact) if field.name not in ABOUT_THE_RECORD]
    known = tuple(Say(f"field.{name}") for name in names if getattr(contact, name))
    return (*known, Say("notice.extra", {"names": ", ".join(sorted(contact.extra))})) if contact.extra else known


def _source(contact: Contact) -> Value:
    """Where the record comes from: a link where it is one."""
    if not contact.source:
        return Say("notice.no_source")
    return Url(contact.source) if safe_url(contact.source) else contact.source


def _basis(contact: Contact) -> Say | str:
    """The legal basis in words, where the record holds the word for it; else as the record says it."""
    match contact.legal_basis.strip().casefold():
        case "public_function":
            return Say("basis.public_function")
        case "consent":
            return Say("basis.consent")
        case "contract":
            return Say("basis.contract")
        case _:
            return contact.legal_basis
