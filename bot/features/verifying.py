"""Proving to belong to a municipality: a code of six digits to a mail address whose domain is the municipality's own.

What is answered to an address is the same words and the same work, whether anybody knows it or not: nobody learns here
who is a contact. A code is stored nowhere: it is derived from the message that carries it, and only its keyed hash is
kept. Five wrong tries lock for an hour; five codes a day go to one person and to one address, whatever the accounts.
"""

from __future__ import annotations

import hmac
import re
from datetime import timedelta

from bot.features import Act, Services, Turn, say
from bot.features.ask import ask
from bot.features.introductions import go_on
from bot.features.places import name_of, named, proven_by
from bot.features.prompting import is_aside, prompt
from bot.intents import Ask, Verify
from bot.introducing.naming import keep_public_name
from bot.messages import Say
from bot.networks import network
from bot.readers import private_to
from knowledge_base.mail_address import MailAddress, read_address
from knowledge_base.model import Contact
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.secret import keyed_hash
from knowledge_base.store.transaction import Transaction

CODE = re.compile(r"[0-9]{6}")
CODE_LASTS = timedelta(minutes=15)
MINUTES = int(CODE_LASTS.total_seconds() // 60)
TRIES = 5
LOCKED_FOR = timedelta(hours=1)
CODES_A_DAY = 5
A_DAY = timedelta(days=1)
ASKED, SENT, WRONG, LOCKED = "codes asked", "codes sent", "codes wrong", "codes locked"  # what is tallied
MAIL = "email"


async def verify(turn: Turn, intent: Verify, services: Services) -> Act:
    """Send a code to an address, or take one; without either, ask for the address."""
    text = intent.text.strip()
    if not services.settings.smtp.host:
        return say(Say("verify.no_mail"))
    digits = re.sub(r"[\s.-]", "", text)
    if CODE.fullmatch(digits):
        return _take(turn, digits, services)
    if turn.awaited and "@" not in text and is_aside(text):
        return await ask(turn, Ask(text), services)
    address = read_address(text)
    return _send(turn, address, services) if address else _ask_again(turn, bool(text), services)


def _ask_again(turn: Turn, wrong: bool, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        await prompt(tx, turn, services, "verify")
        return Say("verify.no_address" if wrong else "verify.ask")

    return act


# ---------------------------------------------------------------------------------------------------------- sending


def _send(turn: Turn, address: MailAddress, services: Services) -> Act:
    """Send a code if the address may prove anything; say the same if not."""
    secret = services.secret

    async def act(tx: Transaction) -> Say:
        whom = await _identities(tx, turn)
        if await tx.tallies.count(secret, LOCKED, whom, within=LOCKED_FOR):
            return Say("verify.locked")
        if await tx.tallies.count(secret, ASKED, whom, within=A_DAY) >= CODES_A_DAY:
            return Say("verify.too_often", {"codes": CODES_A_DAY})
        await tx.tallies.add(secret, ASKED, whom, lasting=A_DAY)
        message_id = new_id()
        hashed = await _post(tx, turn, address, services, message_id)
        await tx.verifications.start(turn.person.id, str(address), "", hashed, lasting=CODE_LASTS)
        await prompt(tx, turn, services, "verify")
        return Say("verify.sent", {"minutes": MINUTES, "codes": CODES_A_DAY})

    return act


async def _post(tx: Transaction, turn: Turn, address: MailAddress, services: Services, message_id: str) -> str:
    """Store the mail with the code; returns the hash to compare with, empty where no mail goes out."""
    known = [
        *proven_by(address.host, services.search.snapshot.gazetteer),
        *await tx.contacts.with_address(str(address)),
    ]
    sent = await tx.tallies.count(services.secret, SENT, [str(address)], within=A_DAY)
    hashed = _hash(services, turn.person.id, services.links.code(message_id))
    if not known or sent >= CODES_A_DAY:
        return ""
    await tx.tallies.add(services.secret, SENT, [str(address)], lasting=A_DAY)
    mail = Say(
        "verify.mail",
        {"minutes": int(CODE_LASTS.total_seconds() // 60), "channel": network(turn.inbound.address.channel)},
    )
    payload = {"say": mail.to_json(), "language": turn.language, "code": True} | private_to(str(address))
    await tx.outbox.add(
        MAIL, str(address), payload, urgency=Urgency.ANSWER, message_id=message_id, person_id=turn.person.id
    )
    return hashed


def _hash(services: Services, person_id: str, code: str) -> str:
    return keyed_hash(services.secret, "verification", f"{person_id}\0{code}")


async def _identities(tx: Transaction, turn: Turn) -> list[str]:
    """By what a person is recognised, the account that speaks at least."""
    return sorted({*await tx.tallies.identities(turn.person.id), f"{turn.inbound.address.channel}:{turn.inbound.user}"})


# ----------------------------------------------------------------------------------------------------------- taking


def _take(turn: Turn, code: str, services: Services) -> Act:
    async def act(tx: Transaction) -> Say:
        whom = await _identities(tx, turn)
        if await tx.tallies.count(services.secret, LOCKED, whom, within=LOCKED_FOR):
            return Say("verify.locked")
        started = await tx.verifications.get(turn.person.id)
        if started is None:
            return Say("verify.no_code")
        if started.code_hash and hmac.compare_digest(started.code_hash, _hash(services, turn.person.id, code)):
            return await prove(tx, turn, started.address, services)
        return await _wrong(tx, turn, whom, services)

    return act


async def _wrong(tx: Transaction, turn: Turn, whom: list[str], services: Services) -> Say:
    await tx.tallies.add(services.secret, WRONG, whom, lasting=CODE_LASTS)
    left = TRIES - await tx.tallies.count(services.secret, WRONG, whom, within=CODE_LASTS)
    if left > 0:
        await prompt(tx, turn, services, "verify")
        return Say("verify.wrong", {"count": left})
    await tx.verifications.end(turn.person.id)
    await tx.tallies.add(services.secret, LOCKED, whom, lasting=LOCKED_FOR)
    return Say("verify.locked")


async def prove(tx: Transaction, turn: Turn, address: str, services: Services) -> Say:
    """The address is theirs: it becomes an account of theirs, with all that was known under it."""
    person = turn.person.id
    await tx.verifications.end(person)
    owner = await tx.people.of_account(MAIL, address)
    if owner and owner.id != person:
        await _tell_others(tx, owner.id, turn)
        await tx.profiles.merge(owner.id, person)
    await tx.people.link(person, MAIL, address, address)
    await keep_public_name(tx, turn)
    roles = await tx.contacts.with_address(address)
    told = await tx.profiles.get(person)
    municipality = _municipality(address, roles, told.municipality, services)
    await tx.profiles.set(
        person,
        municipality=municipality or told.municipality,
        verified_at=tx.now if municipality else told.verified_at,
        verified_address=address if municipality else told.verified_address,
    )
    await tx.contacts.told([contact.id for contact in roles])  # the notice of this chat told them
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


def _municipality(address: str, roles: list[Contact], told: str, services: Services) -> str:
    """Which municipality the address proves: of several with this domain the one that the person named."""
    gazetteer = services.search.snapshot.gazetteer
    ids = [one.id for one in proven_by(address.rpartition("@")[2], gazetteer)]
    ids += [one.id for contact in roles for one in named(contact.municipality, gazetteer)]
    return told if told in ids else next(iter(ids), "")


async def _tell_others(tx: Transaction, person_id: str, turn: Turn) -> None:
    """Who had the address before hears, on their other accounts, that somebody else proved it to be theirs."""
    for account in await tx.people.accounts(person_id):
        if account.channel != MAIL and account.active and account.conversation:
            linked = Say("verify.linked", {"channel": network(turn.inbound.address.channel)})
            payload = {"say": linked.to_json(), "language": turn.language} | private_to(account.user_id)
            await tx.outbox.add(account.channel, account.conversation, payload, urgency=Urgency.NOTICE)
