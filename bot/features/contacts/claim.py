"""A user becomes the contact of their municipality, step by step; the bot publishes nothing before the last yes.

claim -> office mailbox and its code -> municipality -> role -> projects and topics -> deputy -> the whole -> yes
      -> an editor, or at once where the settings let in verified domains -> the record of a contact
"""

from __future__ import annotations

from dataclasses import replace

from bot.channels.networks import MAIL
from bot.channels.policy import is_usable
from bot.commands.account import Verify
from bot.commands.contacts import ClaimRole
from bot.commands.search import Ask
from bot.context import Act, Serves, Services, Turn, say
from bot.features.accounts import connect
from bot.features.contacts import publish
from bot.features.contacts.draft import ClaimDraft, drop, host_of, load, municipalities_of, projects_of, save
from bot.features.contacts.preview import PREVIEW, preview
from bot.features.contacts.steps import EMPTY, MOST_CHOICES, SENDS_NOTHING, SET
from bot.features.dialog import CANCEL, THEN, is_aside, prompt
from bot.features.places import name_of
from bot.features.privacy_notice import version
from bot.features.search.ask import ask
from bot.features.talk import offer
from bot.messages import Choice, Happening, Say, Value
from bot.messages.markup import clean, plain
from knowledge_base.store.consents import ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language


async def claim(turn: Turn, intent: ClaimRole, services: Services) -> Act:
    """Take a step of a claim; without one, show the roles of the user, or ask for what is missing."""
    value = clean(intent.value)
    if turn.awaited and is_aside(value):
        return await ask(turn, Ask(value), services)
    if not is_usable(MAIL, services.settings) and intent.step not in ("end", "keep"):
        return say(Say("claim.no_mail"))
    step = "cancel" if turn.awaited and value.lower() in CANCEL else intent.step

    async def act(tx: Transaction) -> Say:
        match step:
            case "end":
                return await _end(tx, turn, services, confirmed=bool(value))
            case "keep":
                return await publish.keep(tx, turn.person.id)
            case "cancel":
                await drop(tx, turn)
                return Say("claim.cancelled")
            case "yes":
                return await _agree(tx, turn, value, services)
            case "" if held := await _held(tx, turn, services):
                return held
            case "" | "new":
                return await following(tx, turn, services)
        return await _set(tx, turn, step, value, services)

    return act


async def proved(turn: Turn, intent: Verify, services: Services) -> Act:
    """Take a code as ever; if the code was for a claim, ask for the next thing in the same answer."""
    act = await connect.verify(turn, intent, services)
    query = dict(turn.context.query or {}) if turn.context else {}
    if not str(query.get(THEN, "")).startswith("claim"):
        return act

    async def and_then(tx: Transaction) -> Say:
        done = await act(tx)
        if done.key != "verify.done":
            return done
        then = await following(tx, turn, services)
        return replace(done, values={**done.values, "next": replace(then, choices=())}, choices=then.choices)

    return and_then


# ------------------------------------------------------------------------------------------------------------- status


async def _held(tx: Transaction, turn: Turn, services: Services) -> Say | None:
    """Return the roles of the user and what they can do; ``None``: they have none, so a claim begins."""
    held, waiting = await tx.contacts.held_by(turn.person.id), await tx.claims.of(turn.person.id)
    if not held and not waiting:
        return None
    gazetteer = services.search.snapshot.gazetteer
    roles = [Say("claim.role_held", {"role": role.role, "place": role.municipality}) for role in held]
    roles += [
        Say("claim.role_waits", {"role": one.role, "place": name_of(one.municipality, gazetteer)}) for one in waiting
    ]
    choices = (
        Choice(Say("choice.claim.new"), ClaimRole("new"), numbered=True),
        Choice(Say("choice.claim.end"), ClaimRole("end"), numbered=True),
    )
    await offer(tx, turn, services, choices)
    return Say("claim.held", {"roles": tuple(roles), "choices": tuple(choice.label for choice in choices)}, choices)


async def _end(tx: Transaction, turn: Turn, services: Services, *, confirmed: bool) -> Say:
    held, waiting = await tx.contacts.held_by(turn.person.id), await tx.claims.of(turn.person.id)
    if not held and not waiting:
        return Say("claim.no_role")
    if confirmed:
        await drop(tx, turn)
        await publish.end(tx, services, turn.person.id, ConsentAction.WITHDRAWN)
        return Say("claim.ended")
    yes = Choice(Say("choice.claim.end_yes"), ClaimRole("end", "yes"), numbered=True)
    await offer(tx, turn, services, (yes,), consent=True)
    return Say("claim.end_sure", {"choices": (yes.label,)}, (yes,))


# ----------------------------------------------------------------------------------------------------------- dialogue


async def following(tx: Transaction, turn: Turn, services: Services) -> Say:
    """Ask for the next thing that is missing; when nothing is, show the whole and ask for a yes."""
    draft = await load(tx, turn, services)
    if draft.address and not draft.municipality:
        draft = replace(draft, municipality=await _only_place(tx, turn, draft, services))
    await save(tx, turn, draft)
    if draft.missing:
        return await _ask(tx, turn, draft, services)
    shown = preview(draft, turn.language, services)
    await offer(tx, turn, services, shown.choices[:1], consent=True)
    return shown


async def _only_place(tx: Transaction, turn: Turn, draft: ClaimDraft, services: Services) -> str:
    """Return the municipality of the mailbox; of several, the one that the user named before; else nothing."""
    places = [place.id for place in municipalities_of(host_of(draft.address), services.search)]
    stated = (await tx.profiles.get(turn.person.id)).municipality
    return stated if stated in places else places[0] if len(places) == 1 else ""


async def _ask(tx: Transaction, turn: Turn, draft: ClaimDraft, services: Services) -> Say:
    step = draft.missing
    choices = tuple(_choices(draft, step, turn.language, services))
    if choices:
        await offer(tx, turn, services, choices)
    await prompt(tx, turn, services, ClaimRole(step))
    place = name_of(draft.municipality, services.search.snapshot.gazetteer)
    values: dict[str, Value] = {"choices": tuple(choice.label for choice in choices), "place": place}
    return Say(f"claim.ask_{step}", values | {"host": host_of(draft.address)}, choices)


def _choices(draft: ClaimDraft, step: str, language: str, services: Services) -> list[Choice]:
    if step == "place":
        places = municipalities_of(host_of(draft.address), services.search)
        return [
            Choice(Say("claim.place", {"name": place.name}), ClaimRole(step, f"#{place.id}"), True) for place in places
        ]
    if step == "deputy":
        return [Choice(Say("choice.claim.no_deputy"), ClaimRole(step, "none"), numbered=True)]
    if step != "scope":
        return []
    projects = projects_of(draft.municipality, services.search)[: MOST_CHOICES - 1]
    titles = [in_language(project, language).project.title for project in projects]
    return [
        Choice(Say("choice.claim.all"), ClaimRole(step, "all"), numbered=True),
        *(
            Choice(Say("claim.project", {"title": title}), ClaimRole(step, f"={project.id}"), numbered=True)
            for project, title in zip(projects, titles, strict=True)
        ),
    ]


async def _set(tx: Transaction, turn: Turn, step: str, value: str, services: Services) -> Say:
    """Set one thing; what is wrong with it is said, and it is asked for again."""
    draft = await load(tx, turn, services)
    if step != "address" and not draft.address:
        return await following(tx, turn, services)
    if not value:
        await save(tx, turn, replace(draft, **EMPTY.get(step, {})))
        return await following(tx, turn, services)
    changed = await SET[step](tx, turn, draft, value, services)
    if isinstance(changed, Say):
        if changed.key not in ("claim.code_sent", *SENDS_NOTHING):
            await prompt(tx, turn, services, ClaimRole(step))
        return changed
    await save(tx, turn, changed)
    return await following(tx, turn, services)


# ---------------------------------------------------------------------------------------------------------------- yes


async def _agree(tx: Transaction, turn: Turn, mark: str, services: Services) -> Say:
    """Store the claim if just this was shown; else show it as it is now."""
    draft = await load(tx, turn, services)
    if draft.missing or mark != draft.mark:
        return await following(tx, turn, services)
    shown = preview(draft, turn.language, services)
    entry = ConsentEntry(
        subject=turn.person.id,
        purpose=publish.purpose_of(draft.municipality),
        what=ConsentAction.GIVEN,
        wording=version(PREVIEW, turn.language, services.texts),
        text_hash=hash_of(plain(services.texts.render(shown, turn.language))),
        channel=turn.inbound.address.channel,
        event_id=turn.inbound.reference,
        method="button" if turn.inbound.happening is Happening.PRESSED else "command",
    )
    said = await publish.submit(tx, services, publish.new_claim(draft, turn.person.id, turn.language), entry)
    if said.key != "claim.too_often":
        await drop(tx, turn)
    return said


SERVES: Serves = {ClaimRole: claim, Verify: proved}
