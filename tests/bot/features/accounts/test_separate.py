"""What each side gets back when a link is undone: data entered since then stay with the account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.features.accounts.separate import as_json, parted, promised
from knowledge_base.introductions.values import Introduction, State
from knowledge_base.store.database import Store
from knowledge_base.store.profiles import Profile

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
OWNER = Profile(person_id="o", municipality="12052000", verified_at=AT, verified_address="rad@stadt.example")
ACCOUNT = Profile(person_id="a", name="Tom Tausch", phone="+49 1")
BOTH = replace(OWNER, person_id="a", name="Tom Tausch", phone="+49 1", prefers="telegram")
KEPT = {"owner": as_json(OWNER), "account": as_json(ACCOUNT), "both": as_json(BOTH)}


def test_mailbox_owner_gets_their_own_profile_back() -> None:
    owner, _ = parted(KEPT, BOTH)
    assert Profile(person_id="o", **owner) == OWNER


def test_account_gets_its_own_profile_back() -> None:
    _, account = parted(KEPT, BOTH)
    assert Profile(person_id="a", **account) == ACCOUNT


@pytest.mark.parametrize("since", [{"name": "Tom T."}, {"phone": ""}, {"paused_until": AT}, {"refuses": True}])
def test_profile_changes_since_the_link_stay_with_the_account(since: dict[str, object]) -> None:
    now = replace(BOTH, **since)  # type: ignore[arg-type]
    _, account = parted(KEPT, now)
    assert replace(now, **account) == replace(ACCOUNT, **since)  # type: ignore[arg-type]


@pytest.mark.parametrize("since", [{"paused_until": AT}, {"refuses": True}])
def test_pause_or_refusal_since_the_link_holds_for_both_sides(since: dict[str, object]) -> None:
    """Either side may have said so: on the page behind a mail, or in the chat."""
    owner, _ = parted(KEPT, replace(BOTH, **since))  # type: ignore[arg-type]
    assert Profile(person_id="o", **owner) == replace(OWNER, **since)  # type: ignore[arg-type]


def test_refusal_that_came_with_the_account_leaves_with_it() -> None:
    kept = KEPT | {"account": as_json(replace(ACCOUNT, refuses=True)), "both": as_json(replace(BOTH, refuses=True))}
    owner, account = parted(kept, replace(BOTH, refuses=True))
    assert not owner["refuses"]
    assert account["refuses"]


async def test_account_with_a_promised_public_name_cannot_be_unlinked(store: Store) -> None:
    async with store.begin() as tx:
        person = (await tx.people.identify("telegram", "12", private_conversation="12")).id
        await tx.people.keep_name("telegram", "12", "lina_lampe")
        (account,) = await tx.people.accounts(person)
        await tx.introductions.add(
            Introduction(
                id="one", code="ABCDE", asker=person, contact="c1", contact_person="", project="p1", question="?",
                created_at=AT, due_at=AT, expires_at=AT, state=State.SENT, asker_shares=(("telegram", "@lina_lampe"),),
            )
        )  # fmt: skip
        assert await promised(tx, person, account) == "ABCDE"
