"""A claim as its author agrees to it: what the bot will publish and store, for what, and their rights. Pure."""

from __future__ import annotations

from bot.commands.contacts import ClaimRole
from bot.context import Services
from bot.features.contacts.draft import ClaimDraft, host_of, municipalities_of, projects_of
from bot.features.places import name_of
from bot.features.privacy_notice import NOTICE_PAGE, officer, operator
from bot.features.wording import label
from bot.messages import Choice, Reach, Say, Url, Value
from knowledge_base.translations import in_language

PREVIEW = "claim.preview"
TITLES_SHOWN = 10


def preview(draft: ClaimDraft, language: str, services: Services) -> Say:
    """Return the whole of a claim, with the yes to just this as the first choice."""
    choices = (
        Choice(Say("choice.claim.yes"), ClaimRole("yes", draft.mark), numbered=True),
        Choice(Say("choice.claim.cancel"), ClaimRole("cancel")),
    )
    values = whole(draft, language, services) | {"choices": (choices[0].label,)}
    return Say(PREVIEW, values, choices)


def whole(draft: ClaimDraft, language: str, services: Services) -> dict[str, Value]:
    """Return what is published, what the bot keeps to itself, and the notice (Art. 13 GDPR), as values of a text."""
    settings = services.settings
    host = host_of(draft.address)
    known = draft.municipality in {place.id for place in municipalities_of(host, services.search)}
    page = settings.web.public_url and f"{settings.web.public_url.rstrip('/')}{NOTICE_PAGE}"
    named = [
        project for project in projects_of(draft.municipality, services.search) if project.id in (draft.projects or ())
    ]
    titles = [Say("claim.title", {"title": in_language(project, language).project.title}) for project in named]
    rest = len(titles) - TITLES_SHOWN
    more = (Say("claim.more_titles", {"number": rest}),) if rest > 0 else ()
    return {
        "role": draft.role,
        "place": name_of(draft.municipality, services.search.snapshot.gazetteer),
        "address": Reach(draft.address, own=True, linked=False),
        "projects": (*titles[:TITLES_SHOWN], *more) or Say("claim.no_projects"),
        "topics": ", ".join(label(topic, language) for topic in draft.topics) or Say("claim.no_topics"),
        "deputy": Reach(draft.deputy, own=True, linked=False) if draft.deputy else Say("claim.without_deputy"),
        "domain": "" if known else Say("claim.domain_unknown", {"host": host}),
        "then": Say("claim.then_at_once" if at_once(known=known, services=services) else "claim.then_editor"),
        "operator": operator(settings),
        "officer": officer(settings),
        "authority": settings.operator.supervisory_authority.strip() or Say("notice.no_authority"),
        "page": Url(page) if page else "",
    }


def at_once(*, known: bool, services: Services) -> bool:
    """Return whether a claim needs no editor: the settings say so, and the domain is known."""
    return known and services.settings.introductions.claims == "verified"
