"""Verify a municipality: the bot mails a code of six digits to an address at a domain of the municipality.

The bot answers every address with the same words and the same work, whether it knows it or not: no user learns here
who is a contact. A code is stored nowhere: it is derived from the message that carries it, and only its keyed hash is
kept. Five wrong tries lock for an hour. A person gets five codes per day, whatever the accounts; a mailbox as many as
``bot.features.mail_limit`` lets through. The later ones hold a word, too: its reader gets a code beyond that limit.
The word alone proves nothing, so a mail that was passed on does not give its reader the mailbox.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.channels.networks import MAIL, network
from bot.commands.account import Verify
from bot.commands.search import Ask
from bot.context import Act, Services, Turn, say
from bot.features import mail_limit as allowance
from bot.features.dialog import is_aside, prompt, says_no
from bot.features.introductions.chat import go_on
from bot.features.introductions.public_name import keep_public_name
from bot.features.places import name_of, named, proven_by
from bot.features.search.ask import ask
from bot.features.wording import refused_address
from bot.messages import MessageAudience, Say
from bot.messages.envelope import Envelope
from knowledge_base.mail_address import MailAddress, typed_address
from knowledge_base.model import Contact
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.secret import keyed_hash
from knowledge_base.store.transaction import Transaction

CODE = re.compile(r"[0-9]{6}")
WORD = re.compile(r"[A-Z2-9]{8}")
CODE_LASTS = timedelta(minutes=15)
MINUTES = int(CODE_LASTS.total_seconds() // 60)
TRIES = 5
LOCKED_FOR = timedelta(hours=1)
CODES_A_DAY = 5
A_DAY = timedelta(days=1)
ASKED, SENT, WRONG, LOCKED = "codes asked", "codes sent", "codes wrong", "codes locked"  # what is tallied
WORDS = "codes word"  # of the mails to a mailbox

Proved = Callable[[Transaction, Turn, str, Services], Awaitable[Say]]


async def verify(turn: Turn, intent: Verify, services: Services, proved: Proved | None = None) -> Act:
    """Send a code to an address, or take one; without either, ask for the address.

    ``proved``: what is done when the code is right; else ``prove``.
    """
    text = intent.text.strip()
    if not services.settings.smtp.host:
        return say(Say("verify.no_mail"))
    digits = re.sub(r"[\s.-]", "", text)
    if CODE.fullmatch(digits):
        return _take(turn, digits, services, proved or prove)
    if turn.awaited and text and says_no(text):
        return say(Say("profile.cancelled"))
    if turn.awaited and "@" not in text and is_aside(text):
        return await ask(turn, Ask(text), services)
    written, word = _with_word(text)
    address = typed_address(written)
    return _send(turn, address, word, services) if address else _ask_again(turn, written, services)


def _with_word(text: str) -> tuple[str, str]:
    """Return the address, and the word of an earlier mail behind it; empty if it has no such word."""
    address, _, word = text.partition(" ")
    word = word.strip().upper()
    return (address, word) if WORD.fullmatch(word) else (text, "")


def _ask_again(turn: Turn, written: str, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        await prompt(tx, turn, services, Verify())
        return refused_address(written) if written else Say("verify.ask")

    return act


# ---------------------------------------------------------------------------------------------------------- sending


def _send(turn: Turn, address: MailAddress, word: str, services: Services) -> Act:
    """Send a code if the address may prove anything; say the same if not."""

    async def act(tx: Transaction) -> Say:
        known = [
            *proven_by(address.host, services.search.snapshot.gazetteer),
            *await tx.contacts.with_address(str(address)),
        ]
        if refused := await send_code(tx, turn, str(address), services, word=word, known=bool(known)):
            return refused
        return Say("verify.sent", {"minutes": MINUTES})

    return act


async def send_code(
    tx: Transaction,
    turn: Turn,
    address: str,
    services: Services,
    *,
    word: str = "",
    known: bool = True,
    owner: str = "",
) -> Say | None:
    """Send a code to a mailbox and wait for it in this chat; return what to say where no code may go out.

    ``known``: whether the address may prove anything; if not, the same is done, but for the mail. ``owner``: whose mail
    it is, where the address was not typed by the person who speaks: they must not read it in their own data.
    """
    secret, whom = services.secret, await allowance.identities(tx, turn)
    if await tx.tallies.count(secret, LOCKED, whom, within=LOCKED_FOR):
        return Say("verify.locked")
    if await tx.tallies.count(secret, ASKED, whom, within=A_DAY) >= CODES_A_DAY:
        return Say("verify.too_often", {"codes": CODES_A_DAY})
    await tx.tallies.add(secret, ASKED, whom, lasting=A_DAY)
    others: int | None = 0
    if not await _has_read_the_mailbox(tx, turn, address, word, services):
        others = await allowance.takes(tx, secret, SENT, whom, address)
    if others is None:
        return Say("verify.full")
    message_id = new_id()
    hashed = _hash(services, turn.person.id, services.links.code(message_id)) if known else ""
    if known:
        whose = owner or turn.person.id
        await _post(tx, turn, address, whose, services, message_id, crowded=others >= allowance.FOR_ALL)
    await tx.verifications.start(turn.person.id, address, "", hashed, lasting=CODE_LASTS)
    await prompt(tx, turn, services, Verify())
    return None


async def _has_read_the_mailbox(tx: Transaction, turn: Turn, address: str, word: str, services: Services) -> bool:
    if await allowance.is_proven_by(tx, turn.person.id, address):
        return True
    known = [f"{address}\0{word}"] if word else []
    return bool(await tx.tallies.count(services.secret, WORDS, known, within=A_DAY))


async def _post(
    tx: Transaction, turn: Turn, address: str, whose: str, services: Services, message_id: str, *, crowded: bool
) -> None:
    """Store the mail with the code; where many ask for codes, with the word that lets its reader through."""
    if crowded:
        word = services.links.word(message_id)
        await tx.tallies.add(services.secret, WORDS, [f"{address}\0{word}"], lasting=A_DAY)
    mail = Say(
        "verify.mail_crowded" if crowded else "verify.mail",
        {"minutes": MINUTES, "channel": network(turn.inbound.address.channel)},
    )
    envelope = Envelope(mail, turn.language, MessageAudience.PRIVATE, (address,), code=True)
    await tx.outbox.add(
        MAIL, address, envelope.to_json(), urgency=Urgency.ANSWER, message_id=message_id, person_id=whose
    )


def _hash(services: Services, person_id: str, code: str) -> str:
    return keyed_hash(services.secret, "verification", f"{person_id}\0{code}")


# ----------------------------------------------------------------------------------------------------------- taking


def _take(turn: Turn, code: str, services: Services, proved: Proved) -> Act:
    async def act(tx: Transaction) -> Say:
        whom = await allowance.identities(tx, turn)
        if await tx.tallies.count(services.secret, LOCKED, whom, within=LOCKED_FOR):
            return Say("verify.locked")
        started = await tx.verifications.get(turn.person.id)
        if started is None:
            return Say("verify.no_code")
        if started.code_hash and hmac.compare_digest(started.code_hash, _hash(services, turn.person.id, code)):
            return await proved(tx, turn, started.address, services)
        return await _wrong(tx, turn, whom, services)

    return act


async def _wrong(tx: Transaction, turn: Turn, whom: list[str], services: Services) -> Say:
    await tx.tallies.add(services.secret, WRONG, whom, lasting=CODE_LASTS)
    left = TRIES - await tx.tallies.count(services.secret, WRONG, whom, within=CODE_LASTS)
    if left > 0:
        await prompt(tx, turn, services, Verify())
        return Say("verify.wrong", {"count": left})
    await tx.verifications.end(turn.person.id)
    await tx.tallies.add(services.secret, LOCKED, whom, lasting=LOCKED_FOR)
    return Say("verify.locked")


async def prove(tx: Transaction, turn: Turn, address: str, services: Services) -> Say:
    """Make the proven address an account of this person, with all that was known under it."""
    person = turn.person.id
    await tx.verifications.end(person)
    owner = await tx.people.of_account(MAIL, address)
    if owner and owner.id != person:
        await _tell_others(tx, owner.id, turn)
        await tx.profiles.merge(owner.id, person)
    await tx.people.link(person, MAIL, address, address)
    await keep_public_name(tx, turn)
    roles = await tx.contacts.with_address(address)
    profile = await tx.profiles.get(person)
    municipality = _municipality(address, roles, profile.municipality, services)
    await tx.profiles.set(
        person,
        municipality=municipality or profile.municipality,
        verified_at=tx.now if municipality else profile.verified_at,
        verified_address=address if municipality else profile.verified_address,
    )
    await tx.contacts.note_informed([contact.id for contact in roles])  # the notice of this chat told them
    following = await go_on(tx, turn, services)
    return Say(
        "verify.done",
        {
            "municipality": name_of(municipality, services.search.snapshot.gazetteer),
            "roles": tuple(Say("verify.role", {"role": contact.role}) for contact in roles),
            "next": following or "",
        },
        following.choices if following else (),
    )


def _municipality(address: str, roles: list[Contact], stated: str, services: Services) -> str:
    """Which municipality the address proves: of several with this domain the one that the person named."""
    gazetteer = services.search.snapshot.gazetteer
    ids = [municipality.id for municipality in proven_by(address.rpartition("@")[2], gazetteer)]
    ids += [municipality.id for contact in roles for municipality in named(contact.municipality, gazetteer)]
    return stated if stated in ids else next(iter(ids), "")


async def _tell_others(tx: Transaction, person_id: str, turn: Turn) -> None:
    """Tell the former owner of the address, on their other accounts, that another person has proved it."""
    for account in await tx.people.accounts(person_id):
        if account.channel != MAIL and account.active and account.conversation:
            linked = Say("verify.linked", {"channel": network(turn.inbound.address.channel)})
            envelope = Envelope(linked, turn.language, MessageAudience.PRIVATE, (account.user_id,))
            await tx.outbox.add(account.channel, account.conversation, envelope.to_json(), urgency=Urgency.NOTICE)
