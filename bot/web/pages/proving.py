"""The code that a press needs. It goes to the destination of the link, so a forwarded link changes nothing.

    press without a code   a new code goes to the mailbox (or chat) of the link; the page asks for it
    press with the code    the code is right for this link and this action, for half an hour: the press counts

A code is stored like a link: only its keyed hash, with an expiry, used once in the transaction of the press. Several
codes are valid at once, so a stranger who requests more does not void the owner's. Wrong codes and mails are limited
per link and network address. A total limit per link bounds how much an attacker can guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.channels.networks import MAIL
from bot.context import Services
from bot.messages import Say, Value
from bot.messages.envelope import Envelope
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.pages import Page
from knowledge_base.store.secret import keyed_hash
from knowledge_base.store.transaction import Transaction

CODE = "code"  # the kind of its row among the links; no page has it
CODE_LASTS = timedelta(minutes=30)
MINUTES = int(CODE_LASTS.total_seconds() // 60)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
MAILS, MAILS_OF_ALL = 4, 10  # codes per link and day: for one network address, for all
TRIES, TRIES_OF_ALL = 5, 25  # wrong codes per link: from one network address per hour, from all per day
SENT, WRONG = "page codes sent", "page codes wrong"


@dataclass(frozen=True, slots=True)
class Press:
    """A press of a button on the page behind a link."""

    page: Page
    action: str
    code: str  # as typed; empty: no code yet
    client: str  # the network address of the press, as far as known


@dataclass(frozen=True, slots=True)
class CodeForm:
    """A page that asks for the code: the text above the field, and whether it reports a problem."""

    say: Say
    problem: bool = False


async def proven(tx: Transaction, services: Services, press: Press) -> CodeForm | str:
    """Return the row of the right code, which the press uses up; otherwise the question to show."""
    digits = "".join(char for char in press.code if char not in " .-\u00a0")
    if not digits:
        return await _send(tx, services, press)
    if await _is_locked(tx, services, press):
        return CodeForm(Say("page.code.locked"), problem=True)
    row = at_rest(services, press.page.token_hash, press.action, digits)
    known = await tx.pages.get(row)
    if known is not None and known.kind == CODE and tx.pages.is_open(known):
        return row
    await tx.tallies.add(services.secret, WRONG, [press.page.token_hash, _pair(press)], lasting=A_DAY)
    return CodeForm(Say("page.code.wrong"), problem=True)


def at_rest(services: Services, token_hash: str, action: str, code: str) -> str:
    """Return the hash of a code that the database holds."""
    return keyed_hash(services.secret, "page code", f"{token_hash}\0{action}\0{code}")


async def destination(tx: Transaction, page: Page) -> tuple[str, str] | None:
    """Return channel and conversation of the link if they still belong to the person; ``None`` otherwise."""
    content, accounts = page.content or {}, await tx.people.accounts(page.person_id)
    mine = [(account.channel, account.conversation or "") for account in accounts]
    if "to" in content or "address" in content:
        channel, conversation = content.get("to") or (MAIL, content["address"])
        return (channel, conversation) if (channel, conversation) in mine else None
    return next((place for place in mine if place[0] == MAIL), None)  # older links store no destination


async def _send(tx: Transaction, services: Services, press: Press) -> CodeForm:
    to = await destination(tx, press.page)
    if to is None:
        return CodeForm(Say("page.code.no_way"), problem=True)
    secret, link, pair = services.secret, press.page.token_hash, _pair(press)
    of_all = await tx.tallies.count(secret, SENT, [link], within=A_DAY)
    if of_all >= MAILS_OF_ALL or await tx.tallies.count(secret, SENT, [pair], within=A_DAY) >= MAILS:
        return CodeForm(Say("page.code.enough"), problem=True)
    await tx.tallies.add(secret, SENT, [link, pair], lasting=A_DAY)
    message_id = new_id()
    language = press.page.language
    await tx.pages.keep(
        at_rest(services, link, press.action, services.links.code(message_id)),
        kind=CODE, subject=press.action, person_id=press.page.person_id, language=language, lasting=CODE_LASTS,
    )  # fmt: skip
    values: dict[str, Value] = {"what": Say(f"page.code.{press.page.kind}.{press.action}"), "minutes": MINUTES}
    envelope = Envelope(Say("verify.page_code", values), language, code=True)
    await tx.outbox.add(
        to[0], to[1], envelope.to_json(), urgency=Urgency.ANSWER, message_id=message_id, person_id=press.page.person_id
    )
    return CodeForm(Say("page.code.sent" if to[0] == MAIL else "page.code.sent_to_chat"))


async def _is_locked(tx: Transaction, services: Services, press: Press) -> bool:
    secret = services.secret
    if await tx.tallies.count(secret, WRONG, [press.page.token_hash], within=A_DAY) >= TRIES_OF_ALL:
        return True
    return await tx.tallies.count(secret, WRONG, [_pair(press)], within=AN_HOUR) >= TRIES


def _pair(press: Press) -> str:
    return f"{press.page.token_hash}\0{press.client}"
