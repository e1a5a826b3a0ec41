"""To which account a notice goes, and what its links refer to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels.networks import NETWORKS
from bot.channels.policy import DataClass, may_pass
from bot.commands.introductions import SayHelped
from bot.messages import Choice, Say
from bot.outgoing.links import UNSUBSCRIBE, Links
from bot.outgoing.notify import NOTE, Delivery, Notice, choose, reachable, tell
from config.settings import Settings
from config.smtp import SmtpSettings
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import OutboxRow
from knowledge_base.store.people import Account, Person
from knowledge_base.store.tables import outbox
from tests.claims import to_send
from tests.fakes import ACCOUNTS

SMTP = SmtpSettings(host="127.0.0.1", tls="none", sender="bot@stadtlotse.example")
SETTINGS = Settings(smtp=SMTP, **ACCOUNTS)
LINKS = Links("https://stadtlotse.example", b"k" * 32)
NO_LINKS = Links("", b"k" * 32)
NOTICE = Notice(Say("unknown_command", {"command": "x"}), "key-1")
PERSONAL = replace(NOTICE, about=DataClass.CONTACT_DATUM)

accounts = st.lists(
    st.builds(
        Account,
        st.sampled_from(list(NETWORKS)),
        st.text(max_size=3),
        st.none() | st.text(min_size=1, max_size=3),
        st.booleans(),
    )
)


@given(accounts, st.none() | st.sampled_from(list(NETWORKS)))
def test_only_active_accounts_with_a_conversation_are_reachable(known: list[Account], prefers: str | None) -> None:
    result = reachable(known, prefers)
    assert all(one.active and one.conversation for one in result)
    assert len(result) == sum(bool(one.active and one.conversation) for one in known)


@given(accounts, st.sampled_from(list(NETWORKS)))
def test_preferred_network_of_a_user_comes_first(known: list[Account], prefers: str) -> None:
    result = reachable(known, prefers)
    if any(one.channel == prefers for one in result):
        assert result[0].channel == prefers


def test_matrix_comes_first_without_a_preference_and_unknown_networks_last() -> None:
    ways = [Account(channel, "u", "c", True) for channel in ("xmpp", "email", "telegram", "matrix")]
    assert [way.channel for way in reachable(ways, None)] == ["matrix", "telegram", "email", "xmpp"]


@given(accounts, st.sampled_from(DataClass), st.booleans(), st.booleans())
def test_notice_never_passes_a_network_that_may_not_carry_it(
    known: list[Account], about: DataClass, can_link: bool, personal_data: bool
) -> None:
    settings = Settings(telegram=SETTINGS.telegram.model_copy(update={"personal_data": personal_data}))
    ways = reachable(known, None)
    chosen = choose(ways, about, settings, can_link=can_link)
    if chosen is None:
        assert not can_link or not ways
        assert not any(may_pass(way.channel, about, settings) for way in ways)
    else:
        account, as_link = chosen
        assert account in ways
        assert as_link or may_pass(account.channel, about, settings)
        assert not as_link or can_link


async def person_on(store: Store, *channels: str, language: str | None = "de") -> Person:
    async with store.begin() as tx:
        person = await tx.people.identify(channels[0], "anna", private_conversation=f"anna-{channels[0]}")
        for channel in channels[1:]:
            await _second_account(tx, person, channel)
        await tx.people.choose_language(person.id, language)
        return replace(person, language=language)


async def _second_account(tx: object, person: Person, channel: str) -> None:
    from sqlalchemy import insert

    from knowledge_base.store.tables import account

    values = {"channel": channel, "user_id": "anna", "person_id": person.id, "conversation": f"anna-{channel}"}
    await tx.connection.execute(insert(account).values(**values, active=True, first_seen=tx.now))  # type: ignore[attr-defined]


async def told(store: Store, person: Person, notice: Notice, links: Links = LINKS, **wish: str) -> Delivery | None:
    async with store.begin() as tx:
        return await tell(tx, person, notice, settings=SETTINGS, links=links, **wish)


async def row(store: Store, message_id: str) -> OutboxRow | None:
    async with store.read() as tx:
        return (await tx.connection.execute(select(outbox).where(outbox.c.id == message_id))).first()  # type: ignore[return-value]


async def test_network_that_may_carry_a_notice_gets_its_text(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "telegram", "matrix")
    result = await told(sqlite_store, person, PERSONAL)
    assert result
    assert (result.account.channel, result.as_link) == ("matrix", False)
    stored = await row(sqlite_store, result.message_id)
    assert stored
    assert stored.payload == {"say": NOTICE.say.to_json(), "language": "de"}


async def test_network_that_may_not_carry_a_notice_gets_a_link(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "telegram", language="pl")
    result = await told(sqlite_store, person, replace(PERSONAL, subject="intro-1"))
    assert result
    assert result.as_link
    stored = await row(sqlite_store, result.message_id)
    assert stored
    assert stored.payload["say"]["key"] == "notice.waiting"
    assert stored.payload["page"] == NOTE
    async with sqlite_store.read() as tx:
        page = await tx.pages.get(Links.at_rest(LINKS.token(result.message_id)))
    assert page
    assert (page.kind, page.subject, page.person_id, page.language) == (NOTE, "intro-1", person.id, "pl")
    assert page.veiled
    assert page.content == NOTICE.say.to_json()


async def test_notice_with_its_own_page_stores_no_text_but_the_address_of_the_link(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "email")
    result = await told(sqlite_store, person, replace(PERSONAL, page="i", subject="intro-1"))
    assert result
    async with sqlite_store.read() as tx:
        page = await tx.pages.get(Links.at_rest(LINKS.token(result.message_id)))
    assert page
    assert (page.kind, page.subject, page.veiled) == ("i", "intro-1", False)
    assert page.content == {"to": ["email", "anna-email"]}, "a code goes there"


async def test_personal_notice_is_not_sent_through_telegram_without_pages(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "telegram")
    assert await told(sqlite_store, person, PERSONAL, NO_LINKS) is None
    assert await told(sqlite_store, person, NOTICE, NO_LINKS) is not None


async def test_user_without_a_reachable_account_gets_no_notice(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "telegram")
    async with sqlite_store.begin() as tx:
        await tx.conversations.gone("telegram", "anna-telegram", "blocked")
    assert await told(sqlite_store, person, NOTICE) is None


async def test_only_a_notice_by_mail_gets_an_unsubscribe_page(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "email", "matrix")
    digest = replace(NOTICE, unsubscribe="digest")
    by_mail = await told(sqlite_store, person, digest, prefers="email")
    on_matrix = await told(sqlite_store, person, replace(digest, key="key-2"), prefers="matrix")
    assert by_mail
    assert on_matrix
    async with sqlite_store.read() as tx:
        page = await tx.pages.get(Links.at_rest(LINKS.token(by_mail.message_id, UNSUBSCRIBE)))
        other = await tx.pages.get(Links.at_rest(LINKS.token(on_matrix.message_id, UNSUBSCRIBE)))
    assert page
    assert (page.kind, page.subject, page.person_id) == (UNSUBSCRIBE, "digest", person.id)
    assert other is None


async def test_notice_with_the_same_key_is_sent_once_and_has_one_link(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "email")
    notice = replace(NOTICE, page="i", subject="intro-1")
    first, second = await told(sqlite_store, person, notice), await told(sqlite_store, person, notice)
    assert first
    assert second
    assert await row(sqlite_store, first.message_id)
    assert await row(sqlite_store, second.message_id) is None
    async with sqlite_store.read() as tx:
        assert await tx.pages.get(Links.at_rest(LINKS.token(second.message_id))) is None


@pytest.mark.parametrize("links", [LINKS, NO_LINKS])
async def test_failed_transaction_sends_no_notice(sqlite_store: Store, links: Links) -> None:
    person = await person_on(sqlite_store, "email")

    async def fails() -> None:
        async with sqlite_store.begin() as tx:
            await tell(tx, person, replace(NOTICE, page="i"), settings=SETTINGS, links=links)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with sqlite_store.read() as tx:
        assert await tx.outbox.count() == {}


async def test_notice_is_not_sent_by_mail_if_mail_is_not_configured(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "email")
    async with sqlite_store.begin() as tx:
        assert await tell(tx, person, NOTICE, settings=Settings(), links=LINKS) is None


async def test_notice_with_choices_gets_buttons(sqlite_store: Store) -> None:
    person = await person_on(sqlite_store, "telegram")
    asking = replace(NOTICE, say=replace(NOTICE.say, choices=(Choice(Say("choice.more"), SayHelped("yes", "K7P2M")),)))
    sent = await told(sqlite_store, person, asking)
    async with sqlite_store.begin() as tx:
        (row,) = await to_send(tx, "telegram")
        (handle,) = row.payload["handles"]
        button = await tx.buttons.get(handle)
    assert sent
    assert button
    assert (button.command, button.person_id, button.answer_id) == ("helped yes K7P2M", person.id, sent.message_id)
