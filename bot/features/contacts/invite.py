"""A town without a contact is invited: a text to send on, a count without names, and one message when it has come."""

from __future__ import annotations

from datetime import timedelta

from bot.channels.networks import MAIL
from bot.channels.policy import is_usable
from bot.commands import typed
from bot.commands.contacts import ClaimRole, Invite
from bot.commands.search import Ask
from bot.context import Act, Serves, Services, Turn
from bot.features.contacts.draft import projects_of
from bot.features.dialog import is_aside, prompt
from bot.features.introductions.view import date_of, language_of
from bot.features.introductions.wanted import count_wanted
from bot.features.places import named
from bot.features.privacy_notice import version
from bot.features.search.ask import ask
from bot.features.talk import offer
from bot.messages import Choice, Happening, Say, Url, Value
from bot.messages.markup import clean, plain
from bot.outgoing.notify import Notice, tell
from knowledge_base.model import Municipality
from knowledge_base.store.consents import ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language

PURPOSE = "town:"  # of the consent to be told, before the id of the municipality
LASTS = timedelta(days=180)
PAGE = "/responsible"
MOST_CHOICES = 8


def purpose_of(municipality: str) -> str:
    """Return the purpose of the consent to be told when a town has come."""
    return f"{PURPOSE}{municipality}"


async def invite(turn: Turn, intent: Invite, services: Services) -> Act:
    """Give the text that invites a town, or note who wants to hear when it has come."""
    place = clean(intent.place)
    if turn.awaited and is_aside(place):
        return await ask(turn, Ask(place), services)

    async def act(tx: Transaction) -> Say:
        if intent.step != "stop" and not is_usable(MAIL, services.settings):
            return Say("claim.no_mail")  # no town could come
        places = named(place, services.search.snapshot.gazetteer) if place else []
        if len(places) != 1:
            return await _ask(tx, turn, place, places, services)
        match intent.step:
            case "stop":
                return await _stop(tx, turn, places[0])
            case "tell":
                return await _tell(tx, turn, places[0], services)
        return await _invited(tx, turn, places[0], services)

    return act


async def _ask(tx: Transaction, turn: Turn, place: str, places: object, services: Services) -> Say:
    found = list(places)[:MOST_CHOICES] if isinstance(places, (list, tuple)) else []
    choices = tuple(
        Choice(
            Say("profile.place", {"name": one.name, "kind": one.kind, "state": one.state}),
            Invite("", f"#{one.id}"),
            numbered=True,
        )
        for one in found
    )
    if choices:
        await offer(tx, turn, services, choices)
        return Say("invite.which", {"choices": tuple(choice.label for choice in choices)}, choices)
    await prompt(tx, turn, services, Invite())
    return Say("invite.unknown" if place else "invite.ask")


async def _invited(tx: Transaction, turn: Turn, place: Municipality, services: Services) -> Say:
    if services.search.snapshot.introducible.has_contact(place.name):
        return Say("invite.here", {"place": place.name})
    if (await tx.profiles.get(turn.person.id)).municipality == place.id:
        return Say("invite.own", {"place": place.name})
    await count_wanted(tx, services, turn.person.id, place.id)
    choice = Choice(Say("choice.invite.tell", {"place": place.name}), Invite("tell", f"#{place.id}"), numbered=True)
    await offer(tx, turn, services, (choice,))
    values: dict[str, Value] = {
        "place": place.name,
        "text": letter(place, turn, services),
        "until": date_of(tx.now + LASTS, turn.language),
        "choices": (choice.label,),
    }
    return Say("invite.text", values, (choice,))


def letter(place: Municipality, turn: Turn, services: Services) -> Say:
    """Return the text to send on: the projects of the town, and how its people get here; nobody's data."""
    projects = projects_of(place.id, services.search)
    titles = ", ".join(f"„{in_language(project, turn.language).project.title}“" for project in projects[:3])
    public = services.settings.web.public_url.rstrip("/")
    chat = Url(turn.private_chat) if turn.private_chat else ""
    ways: list[Say] = [Say("invite.by_page", {"page": Url(f"{public}{PAGE}")})] if public else []
    ways += [Say("invite.by_chat", {"chat": chat, "command": typed(ClaimRole(), turn.language)})] if chat else []
    ways = ways or [Say("invite.by_command", {"command": typed(ClaimRole(), turn.language)})]
    about = Say("invite.projects", {"titles": titles}) if titles else ""
    return Say("invite.letter", {"place": place.name, "projects": about, "ways": tuple(ways)})


# ------------------------------------------------------------------------------------------------- when it has come


async def _tell(tx: Transaction, turn: Turn, place: Municipality, services: Services) -> Say:
    """Note, once, that the person wants one message when the town has come; it ends by itself."""
    if services.search.snapshot.introducible.has_contact(place.name):
        return Say("invite.here", {"place": place.name})
    await count_wanted(tx, services, turn.person.id, place.id)
    await tx.towns.wish(place.id, turn.person.id, lasting=LASTS)
    stop = Choice(Say("choice.invite.stop"), Invite("stop", f"#{place.id}"))
    noted = Say("invite.noted", {"place": place.name, "until": date_of(tx.now + LASTS, turn.language)}, (stop,))
    await tx.consents.add(
        ConsentEntry(
            subject=turn.person.id,
            purpose=purpose_of(place.id),
            what=ConsentAction.GIVEN,
            wording=version(noted.key, turn.language, services.texts),
            text_hash=hash_of(plain(services.texts.render(noted, turn.language))),
            channel=turn.inbound.address.channel,
            event_id=turn.inbound.reference,
            method="button" if turn.inbound.happening is Happening.PRESSED else "command",
        )
    )
    return noted


async def _stop(tx: Transaction, turn: Turn, place: Municipality) -> Say:
    gone = await end_wish(tx, turn.person.id, place.id, ConsentAction.WITHDRAWN)
    return Say("invite.stopped" if gone else "invite.no_wish", {"place": place.name})


async def end_wish(tx: Transaction, person_id: str, municipality: str, why: ConsentAction) -> bool:
    """End a wish and its consent; return ``False`` if there is no such wish."""
    gone = await tx.towns.drop(municipality, person_id)
    if await tx.consents.holds(person_id, purpose_of(municipality)):
        await tx.consents.add(ConsentEntry(subject=person_id, purpose=purpose_of(municipality), what=why))
    return gone


async def tell_arrivals(services: Services) -> int:
    """Tell those who wait for a town that has a contact now, each once; end wishes past their date; how many heard."""
    snapshot = services.search.snapshot
    async with services.store.read() as tx:
        towns, over = await tx.towns.wished(), await tx.towns.over()
    places = {place.id: place for place in snapshot.gazetteer.municipalities if place.id in towns}
    come = [place for place in places.values() if snapshot.introducible.has_contact(place.name)]
    if not come and not over:
        return 0
    told = 0
    async with services.store.begin() as tx:
        for municipality, person_id in over:
            await end_wish(tx, person_id, municipality, ConsentAction.ENDED)
        for place in come:
            for person_id in await tx.towns.waiting(place.id):
                told += await _tell_one(tx, services, person_id, place)
    return told


async def _tell_one(tx: Transaction, services: Services, person_id: str, place: Municipality) -> bool:
    person = await tx.people.get(person_id)
    await end_wish(tx, person_id, place.id, ConsentAction.ENDED)
    if person is None:
        return False
    question = services.texts.line(Say("invite.question", {"place": place.name}), language_of(person))
    show = Choice(Say("choice.invite.projects", {"place": place.name}), Ask(question))
    notice = Notice(Say("invite.come", {"place": place.name}, (show,)), f"town:{place.id}:{person_id}:{tx.now:%Y%m%d}")
    return await tell(tx, person, notice, settings=services.settings, links=services.links) is not None


SERVES: Serves = {Invite: invite}
