"""A message as a mail: headers, plain text, HTML. Pure but for the date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from bot.channels.email.html import to_html
from bot.messages import Outgoing, Say, Url, Value
from bot.messages.markup import Document, clean, plain
from bot.texts import Texts

SUBJECT_LONGEST, OFFICE_LONGEST = 120, 60
WIRE = policy.SMTP.clone(max_line_length=990)  # a folded address in a header would not be valid


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The parts that every mail of one installation shares."""

    sender: Address
    reply_to: Address | None = None
    organisation: str = ""
    public_url: str = ""

    @property
    def office(self) -> str:
        """Return the name by which people know the sender."""
        return self.organisation.strip() or self.sender.display_name

    def greeting(self, texts: Texts, language: str) -> Document:
        """Return the first words, which say who writes."""
        organisation = self.organisation.strip()
        who = Say("mail.greeting", {"organisation": organisation}) if organisation else Say("mail.hello")
        return texts.render(who, language)

    def footer(self, texts: Texts, language: str, unsubscribe: str = "") -> Document:
        """Return the sender, the note about replies, and the unsubscribe link."""
        values: dict[str, Value] = {
            "replies": Say("mail.replies", {"address": str(self.reply_to)})
            if self.reply_to
            else Say("mail.no_replies"),
            "organisation": self.organisation,
            "imprint": Say("mail.imprint", {"link": Url(f"{self.public_url}/imprint")}) if self.public_url else "",
            "unsubscribe": Say("mail.unsubscribe", {"link": Url(unsubscribe)}) if unsubscribe else "",
        }
        return texts.render(Say("mail.footer", values), language)


def message_id(message: Outgoing, head: Letterhead) -> str:
    """Return the message id, the same at every attempt."""
    return f"<{message.id}@{head.sender.domain}>"


def letter(message: Outgoing, to: Address, head: Letterhead, texts: Texts, at: datetime) -> bytes:
    """Return the mail as it goes over the wire."""
    mail = EmailMessage(policy=policy.SMTP)
    for name, value in _headers(message, head).items():
        mail[name] = value
    mail["To"] = to
    mail["Date"] = format_datetime(at)
    document = head.greeting(texts, message.language) + message.document
    footer = head.footer(texts, message.language, message.unsubscribe)
    mail.set_content(f"{plain(document)}\n\n-- \n{plain(footer)}\n", cte="quoted-printable")
    button = (message.page, message.button) if message.page else None
    html = to_html(document, footer, language=message.language, title=_line(message.subject), button=button)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    mail["Content-Language"] = message.language  # last: making the parts moves content headers into the first part
    return mail.as_bytes(policy=WIRE)


def _line(text: str) -> str:
    """Return one line of plain text, in which no mail program decodes an encoded word."""
    return clean(text).replace("=?", "= ?")[:SUBJECT_LONGEST]


def _headers(message: Outgoing, head: Letterhead) -> dict[str, str | Address]:
    headers: dict[str, str | Address] = {
        "From": head.sender,
        "Subject": _line(f"{head.office[:OFFICE_LONGEST]}: {message.subject}"),
        "Message-ID": message_id(message, head),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no program answers
        "X-Auto-Response-Suppress": "All",  # and Exchange's own word for it
    }
    if head.reply_to:
        headers["Reply-To"] = head.reply_to
    if message.unsubscribe:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    return headers
