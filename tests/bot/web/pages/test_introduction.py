"""The page of a request: a look changes nothing, the contact's press counts once, and others learn nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update
from starlette.types import Message

from bot.channels.policy import DataClass
from bot.messages import Say
from bot.outgoing.links import Links
from bot.web.pages import guard
from knowledge_base.introductions.values import Outcome, State
from knowledge_base.store.pages import PAGES_LAST
from knowledge_base.store.tables import consent, introduction, outbox, profile
from tests.bot.web.pages.conftest import ASKER, QUESTION, Site, note_path, on_telegram
from tests.conftest import FixedClock
from tests.wording import says

YES = {"answer": "yes", "share": "email"}
OF_THE_CONTACT = ("rad@cottbus.example", "+49 355 0000")


async def test_request_page_shows_asker_and_question_but_no_contact_data(site: Site) -> None:
    async with site.client() as human:
        page = await human.get(await site.request_path())
    assert page.status_code == 200
    for needed in (ASKER, "Kiel", QUESTION, "Leitstelle Mobilität"):
        assert needed in page.text
    assert "@ask:a.example" not in page.text, "the asker's own data come after the yes"
    for own in OF_THE_CONTACT:
        assert own not in page.text, "who was only passed the link learns nothing of the contact"


async def test_contact_with_the_code_sees_their_data_and_chooses_what_to_share(site: Site) -> None:
    async with site.client() as human:
        page = await site.press(human, await site.request_path(), {"answer": "yes"})
    assert page.status_code == 200
    for own in OF_THE_CONTACT:
        assert own in page.text
    assert "checked" not in page.text, "what is shared is the contact's own choice"
    assert (await site.state()).state is State.SENT


async def test_robot_that_follows_every_link_changes_nothing(site: Site) -> None:
    paths = [await site.request_path(), await site.unsubscribe_path(), await note_path(site)]
    before = await site.everything()
    async with site.client(headers={"User-Agent": "scanner"}) as robot:
        for _ in range(3):
            for path in paths:
                for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
                    response = await robot.request(method, f"{path}?answer=yes&step=read", params={"helped": "yes"})
                    assert "kanarie@kiel.example" not in response.text
    assert await site.everything() == before
    assert site.changes == []
    async with site.client() as human:
        assert (await site.press(human, paths[0], YES)).status_code == 200
        assert "kanarie@kiel.example" in (await human.post(paths[2], data={"step": "read"})).text
    assert (await site.state()).state is State.ARRANGED


async def test_yes_of_a_contact_shares_only_the_ticked_data(site: Site) -> None:
    async with site.client() as human:
        page = await site.press(human, await site.request_path(), YES)
    assert page.status_code == 200
    one = await site.state()
    assert (one.state, one.contact_shares) == (State.ARRANGED, (("email", "rad@cottbus.example"),))
    async with site.store.read() as tx:
        rows = (await tx.connection.execute(outbox.select().where(outbox.c.person_id == site.asker))).all()
        told = " ".join(str(row.payload) for row in rows)
        kept = (await tx.connection.execute(consent.select())).all()
    assert "rad@cottbus.example" in told
    assert "355" not in told, "the phone number was not ticked"
    assert [(row.channel, row.method) for row in kept if "page.intro.consent" in (row.wording or "")] == [
        ("page", "page")
    ]


async def test_yes_without_ticked_data_is_refused_and_the_link_stays_valid(site: Site) -> None:
    path = await site.request_path()
    async with site.client() as human:
        page = await site.press(human, path, {"answer": "yes", "step": "share"})
        assert page.status_code == 422
        assert 'role="alert"' in page.text
        assert (await site.state()).state is State.SENT
        assert (await human.post(path, data=YES | {"code": await site.code()})).status_code == 200
    assert (await site.state()).state is State.ARRANGED


@pytest.mark.parametrize("form", [{}, {"answer": "perhaps"}, {"answer": ""}, {"share": "email"}, {"helped": "maybe"}])
async def test_form_without_a_valid_answer_changes_nothing(site: Site, form: dict[str, str]) -> None:
    before = await site.everything()
    async with site.client() as human:
        assert (await human.post(await site.request_path(), data=form)).status_code == 422
    assert await site.everything() == before


@pytest.mark.parametrize("kinds", [["password"], ["matrix"], ["email "], ["__class__", "*"]])
async def test_contact_can_share_only_the_offered_kinds_of_data(site: Site, kinds: list[str]) -> None:
    async with site.client() as human:
        path = await site.request_path()
        assert (await site.press(human, path, {"answer": "yes", "share": kinds})).status_code == 422
        await site.press(human, path, {"answer": "yes", "share": [*kinds, "phone"]})
    assert (await site.state()).contact_shares == (("phone", "+49 355 0000"),)


@pytest.mark.parametrize(
    ("answer", "state", "contact"),
    [
        ("no", State.CLOSED, "c1"),
        ("never_again", State.CLOSED, "c1"),
        ("deputy", State.SENT, "c2"),
        ("not_my_topic", State.SENT, "c2"),
    ],
)
async def test_contact_can_decline_forever_or_pass_the_request_on(
    site: Site, answer: str, state: State, contact: str
) -> None:
    path = await site.request_path()
    async with site.client() as human:
        assert (await site.press(human, path, {"answer": answer})).status_code == 200
        after = await site.state()
        assert (after.state, after.contact) == (state, contact)
        over = await human.get(path)
        assert over.status_code == 410
        assert ASKER not in over.text
    if state is State.CLOSED:
        assert after.outcome is Outcome.NOT_ARRANGED


async def test_second_press_on_a_request_changes_nothing(site: Site) -> None:
    path = await site.request_path()
    async with site.client() as human:
        await site.press(human, path, YES)
        before, changes = await site.everything(), len(site.changes)
        for form in (YES, {"answer": "no"}, {"answer": "never_again"}, {"step": "show"}, {"code": await site.code()}):
            page = await human.post(path, data=YES | form)
            assert page.status_code == 410
            assert ASKER not in page.text
    assert await site.everything() == before
    assert len(site.changes) == changes


async def test_one_of_several_simultaneous_presses_counts(site: Site) -> None:
    path = await site.request_path()
    async with site.client() as human:
        codes = {}
        for answer in ("yes", "no", "deputy"):
            await human.post(path, data={"answer": answer})
            codes[answer] = await site.code()
        forms = [YES, {"answer": "no"}, YES, {"answer": "deputy"}, YES]
        with_codes = [form | {"code": codes[form["answer"]]} for form in forms]
        pages = await asyncio.gather(*(human.post(path, data=form) for form in with_codes))
    assert sorted(page.status_code for page in pages) == [200, 410, 410, 410, 410]
    assert (await site.state()).version == 1


async def test_expired_link_to_a_request_is_refused(site: Site, clock: FixedClock) -> None:
    path = await site.request_path()
    clock.moment += PAGES_LAST
    async with site.client() as human:
        for page in (await human.get(path), await human.post(path, data=YES)):
            assert page.status_code == 410
            assert says("page.expired", page.text)
            assert ASKER not in page.text
    assert (await site.state()).state is State.SENT


async def test_withdrawn_request_is_no_longer_shown(site: Site) -> None:
    path = await site.request_path()
    async with site.store.begin() as tx:
        closed = {"state": "closed", "outcome": "withdrawn", "due_at": None}
        await tx.connection.execute(update(introduction).values(**closed))
    async with site.client() as human:
        page = await human.get(path)
        assert page.status_code == 410
        assert ASKER not in page.text
        assert QUESTION not in page.text
        assert (await human.post(path, data=YES)).status_code == 410
    assert (await site.state()).outcome is Outcome.WITHDRAWN


# ------------------------------------------------------------------------------------------------- who may


async def test_only_the_contact_can_answer_a_request(site: Site) -> None:
    """Each of six actors has a valid link to the same page."""
    actors = {"the asker": site.asker, "the contact": site.contact}
    async with site.store.begin() as tx:
        for name in ("the deputy", "a stranger", "an editor", "a former contact"):
            person = await tx.people.identify("matrix", f"@{name}", private_conversation=name)
            actors[name] = person.id
        for name, person_id in actors.items():
            await tx.pages.keep(
                Links.at_rest(f"token of {name}"), kind="i", subject=site.one.id, person_id=person_id
            )  # fmt: skip
    async with site.client() as client:
        for name in sorted(actors, key=lambda name: name == "the contact"):
            seen = await client.get(f"/i/token of {name}")
            await client.post(f"/i/token of {name}", data={"helped": "yes"})
            if name == "the contact":
                await site.press(client, f"/i/token of {name}", YES)
            else:
                assert (await client.post(f"/i/token of {name}", data=YES)).status_code == 410
            owner = name == "the contact"
            assert (QUESTION in seen.text) is owner
            assert ((await site.state()).state is State.ARRANGED) is owner, name


@pytest.mark.parametrize("token", ["x", "A" * 22, "..%2f..%2fetc", "%00", "ü", "A" * 3000, "' OR 1=1 --"])
async def test_forged_token_reveals_nothing(site: Site, token: str) -> None:
    async with site.client() as stranger:
        for page in (await stranger.get(f"/i/{token}"), await stranger.post(f"/i/{token}", data=YES)):
            assert page.status_code == 404
            for secret in (ASKER, QUESTION, "Kiel", "rad@", "355"):
                assert secret not in page.text
    assert (await site.state()).state is State.SENT


async def test_token_opens_only_its_own_kind_of_page(site: Site) -> None:
    token = (await site.request_path()).rpartition("/")[2]
    before = await site.everything()
    async with site.client() as human:
        for kind in ("n", "unsubscribe"):
            assert (await human.get(f"/{kind}/{token}")).status_code == 404
            assert (await human.post(f"/{kind}/{token}")).status_code == 404
    assert await site.everything() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://lotse.example.evil.example"},
        {"Origin": "http://lotse.example"},
        {"Origin": "https://lotse.example:8443"},
        {"Origin": "https://evil.example", "Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_cross_site_form_is_refused(site: Site, headers: dict[str, str]) -> None:
    before = await site.everything()
    async with site.client(headers=headers) as victim:
        page = await victim.post(await site.request_path(), data=YES)
    assert page.status_code == 403
    assert ASKER not in page.text
    assert await site.everything() == before


@pytest.mark.parametrize("headers", [{"Origin": "https://lotse.example"}, {"Origin": "HTTPS://LOTSE.example:443"}, {}])
async def test_form_from_our_own_page_is_accepted(site: Site, headers: dict[str, str]) -> None:
    async with site.client(headers=headers) as human:
        assert (await human.post(await site.request_path(), data=YES)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "lotse.example:1", "127.0.0.1", "a<script>b"])
async def test_page_never_repeats_the_host_header(site: Site, host: str) -> None:
    async with site.client(headers={"Host": host, "X-Forwarded-Host": host}) as human:
        page = await human.get(await site.request_path())
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "script" not in page.text


async def asked(site: Site, path: str, address: str) -> int:
    """The status alone, without a client in between."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "client": (address, 1)}
    await site.app(scope, receive, send)
    return statuses[0]


async def test_client_that_guesses_tokens_is_blocked(site: Site) -> None:
    path = await site.request_path()
    statuses: dict[int, int] = {}
    async with site.client(address="203.0.113.9") as guesser:
        for number in range(10_000):
            status = await asked(site, f"/i/{number:022d}", "203.0.113.9")
            statuses[status] = statuses.get(status, 0) + 1
        assert statuses == {404: guard.MISSES, 429: 10_000 - guard.MISSES}
        assert (await guesser.get(path)).status_code == 429, "a hit among guesses tells nothing either"
        assert (await guesser.post(path, data=YES)).status_code == 429
    async with site.client(address="203.0.113.10") as human:
        assert (await human.get(path)).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
async def test_too_large_form_is_refused(site: Site, content_type: str) -> None:
    async with site.client(headers={"Content-Type": content_type}) as client:
        page = await client.post(await site.request_path(), content=b"answer=yes&" + b"x" * 100_000)
    assert page.status_code == 413
    assert (await site.state()).state is State.SENT


async def test_text_of_users_stays_text_on_the_page(site: Site) -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} & \"'><img src=x onerror=alert(1)>"
    async with site.store.begin() as tx:
        await tx.connection.execute(update(introduction).values(question=hostile))
        await tx.connection.execute(update(profile).where(profile.c.person_id == site.asker).values(name=hostile))
    async with site.client() as human:
        page = await human.get(await site.request_path())
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "49" not in page.text.replace("+49", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} &amp;" in page.text


# ------------------------------------------------------------------------------------------------- other networks


async def test_request_page_linked_on_telegram_shows_its_text_only_after_a_press(site: Site) -> None:
    """Such networks fetch the links in their messages."""
    await on_telegram(site, site.contact)
    more = {"about": DataClass.CONTACT_DATUM, "page": "i", "subject": site.one.id}
    path = await site.told(site.contact, Say("notice.waiting"), "again", **more)
    path = path.replace("/n/", "/i/")
    before = await site.everything()
    async with site.client() as human:
        look = await human.get(path)
        assert look.status_code == 200
        assert ASKER not in look.text
        assert QUESTION not in look.text
        shown = await human.post(path, data={"step": "show"})
        assert ASKER in shown.text
        assert await site.everything() == before
        chosen = {"answer": "yes", "share": "phone"}
        assert (await site.press(human, path, chosen)).status_code == 200
    assert (await site.state()).state is State.ARRANGED
    async with site.store.read() as tx:
        rows = (await tx.connection.execute(outbox.select())).all()
    (code,) = [row for row in rows if row.payload.get("code")]
    assert (code.channel, code.conversation) == ("telegram", "11"), "the code goes to where the link went"


async def test_request_page_is_in_the_language_of_the_contact_or_the_chosen_one(site: Site) -> None:
    path = await site.request_path()
    async with site.client() as human:
        for query, language, word in [
            ("", "de", "Wer fragt"),
            ("?lang=pl", "pl", "Kto pyta"),
            ("?lang=en", "en", "Who is asking"),
        ]:
            page = await human.get(path + query)
            assert f'<html lang="{language}">' in page.text
            assert word in page.text
            assert page.headers["content-language"] == language
        assert 'lang="de"' in (await human.get(f"{path}?lang=xx")).text
        answered = await human.post(f"{path}?lang=pl", data=YES)
        assert '<html lang="pl">' in answered.text


# ------------------------------------------------------------------------------------------------- did it help?


@pytest.mark.parametrize("helped", ["yes", "no", "talking"])
async def test_premature_feedback_is_refused_and_the_link_stays_valid(site: Site, helped: str) -> None:
    """Feedback needs no code, so a user with a forwarded link must not use up the contact's link."""
    path, before = await site.request_path(), await site.everything()
    async with site.client() as stranger:
        assert (await stranger.post(path, data={"helped": helped})).status_code == 422
    assert await site.everything() == before


@pytest.mark.parametrize("who", ["contact", "asker"])
async def test_contact_and_asker_can_each_say_once_whether_it_helped(site: Site, who: str) -> None:
    person = getattr(site, who)
    async with site.store.begin() as tx:
        followed = {"state": "followed", "outcome": "arranged", "due_at": tx.now + timedelta(days=14)}
        await tx.connection.execute(update(introduction).values(**followed))
    path = await site.told(person, Say("notice.waiting"), f"helped {who}", page="i", subject=site.one.id)
    async with site.client() as human:
        assert says("subject.intro.helped", (await human.get(path)).text)
        assert (await human.post(path, data={"helped": "yes"})).status_code == 200
        assert (await human.post(path, data={"helped": "no"})).status_code == 410
    assert [str(side) for side in (await site.state()).answered] == [who]
