"""The end of mails: by a press on the page, or by a mail program in one step (RFC 8058).

It needs no code, as the standard wants it: so it ends mails to this mailbox, and nothing in a chat. Who is reached by
mail alone is asked for no introduction any more.

The link stays good: who presses it again, or by an older mail, wants the same.
"""

from __future__ import annotations

from starlette.responses import Response

from bot.channels.networks import MAIL
from bot.features import introductions
from bot.messages import Say
from bot.web.pages.visit import Site, Visit, over, repeated
from knowledge_base.store.transaction import Transaction

DIGEST = "digest"  # else introductions


async def look(site: Site, visited: Visit) -> Response:
    """Ask."""
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("unsubscribe.html", visited.language, what=visited.page.subject)


async def act(site: Site, visited: Visit) -> Response:
    """End it."""
    if not await repeated(lambda: _end(site, visited)):
        return over(site, visited)
    site.changed()
    return site.view.message(Say(f"page.unsubscribed.{visited.page.subject}"), visited.language)


async def _end(site: Site, visited: Visit) -> bool:
    """No more digests, or no more requests, to this mailbox; ``False``: the link is too old."""
    person_id = visited.page.person_id
    async with site.services.store.begin() as tx:
        if not tx.pages.is_open(visited.page):
            return False
        if visited.page.subject == DIGEST:
            wish = await tx.subscriptions.of_person(person_id)
            if wish is not None and wish.channel == MAIL:
                await tx.subscriptions.end_of_person(person_id)
        elif await _has_a_chat(tx, person_id):
            await tx.people.switch_off(person_id, MAIL)
        else:
            await introductions.object_to_all(tx, site.services, person_id)
    return True


async def _has_a_chat(tx: Transaction, person_id: str) -> bool:
    accounts = await tx.people.accounts(person_id)
    return any(one.channel != MAIL and one.active and one.conversation for one in accounts)
