"""What Matrix events mean for the bot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix.batch import Batch, not_missed
from bot.channels.matrix.normalise import MalformedEventError, VerificationStep, check_shape, read
from bot.channels.matrix.rooms import Room, inviter, may_ask, own_arrival
from bot.messages import Happening, Inbound

ME, ANNA = "@bot:a.example", "@anna:a.example"
LINK = "https://matrix.to/#/@bot:a.example"  # as some clients write a mention into the body


def room(*others: str) -> Room:
    made = Room("!r", ME)
    for user in (ME, *(others or (ANNA,))):
        made.apply(member(user, "join", name="Stadtlotse" if user == ME else ""))
    return made


def member(user: str, membership: str, name: str = "", **unsigned: Any) -> dict[str, Any]:
    content = {"membership": membership} | ({"displayname": name} if name else {})
    return {"type": "m.room.member", "state_key": user, "sender": user, "content": content, "unsigned": unsigned}


def event(content: dict[str, Any], kind: str = "m.room.message", sender: str = ANNA) -> dict[str, Any]:
    return {"event_id": "$e", "sender": sender, "type": kind, "origin_server_ts": 1_795_000_000_000, "content": content}


def text(body: str, **more: Any) -> dict[str, Any]:
    return event({"msgtype": "m.text", "body": body, **more})


def meant(what: dict[str, Any], where: Room | None = None) -> Inbound:
    result = read(what, where or room())
    assert isinstance(result, Inbound)
    return result


def test_private_message_is_addressed_to_the_bot() -> None:
    happening = meant(text("Wer?"))
    assert (happening.text, happening.private, happening.addressed, happening.user) == ("Wer?", True, True, ANNA)


@pytest.mark.parametrize(
    ("body", "more", "addressed", "words"),
    [
        ("Wer?", {}, False, "Wer?"),
        ("Stadtlotse: wer?", {"m.mentions": {"user_ids": [ME]}}, True, "wer?"),
        ("@bot:a.example wer?", {"m.mentions": {"user_ids": [ME]}}, True, "wer?"),
        ("Stadtlotse: wer?", {"m.mentions": {"user_ids": ["@x:y"]}}, False, "wer?"),
        ("@bot:a.example: wer?", {}, True, "wer?"),
        ("Stadtlotse: wer?", {"formatted_body": f'<a href="https://matrix.to/#/{ME}">x</a>: wer?'}, True, "wer?"),
        ("Stadtlotse: wer?", {"m.mentions": {}}, True, "wer?"),
        ("@Stadtlotse, wer?", {"m.mentions": {}}, True, "wer?"),
        ("bot: wer?", {"m.mentions": {}}, True, "wer?"),
        ("@bot:a.example wer?", {"m.mentions": {}}, True, "wer?"),
        ("Weiß das @bot:a.example?", {"m.mentions": {}}, True, "Weiß das @bot:a.example?"),
        ("Stadtlotse wer?", {"m.mentions": {}}, False, "wer?"),
        ("@stadtlotse wer?", {"m.mentions": {}}, True, "wer?"),
        ("Wer macht Radwege, @Stadtlotse?", {"m.mentions": {}}, True, "Wer macht Radwege?"),
        ("Und @bot, wer noch?", {}, True, "Und, wer noch?"),
        ("@STADTLOTSE", {"m.mentions": {}}, True, ""),
        ("@stadtlotse2 wer?", {"m.mentions": {}}, False, "@stadtlotse2 wer?"),
        ("Schreib an bot@bot.example", {}, False, "Schreib an bot@bot.example"),
        ("Siehe @bot.example", {}, False, "Siehe @bot.example"),
        ("@bot:a.example.org wer?", {"m.mentions": {}}, False, "@bot:a.example.org wer?"),
        (f"[@bot:a.example]({LINK}) !hilfe", {"m.mentions": {"user_ids": [ME]}}, True, "!hilfe"),
        (f"[Stadtlotse]({LINK}) wer?", {"m.mentions": {"user_ids": [ME]}}, True, "wer?"),
        (f"[@bot:a.example]({LINK})", {"m.mentions": {"user_ids": [ME]}}, True, ""),
        ("Stadtlotse", {"m.mentions": {"user_ids": [ME]}}, True, ""),
        ("!frage wer?", {}, True, "!frage wer?"),
        ("Wer?", {"m.mentions": 5}, False, "Wer?"),
    ],
)
def test_message_in_a_room_is_addressed_only_if_it_names_the_bot_or_a_command(
    body: str, more: dict[str, Any], addressed: bool, words: str
) -> None:
    happening = meant(text(body, **more), room(ANNA, "@berta:a.example"))
    assert (happening.addressed, happening.text) == (addressed, words)


def test_reply_refers_to_its_message_and_a_thread_to_its_root() -> None:
    reply = {"m.in_reply_to": {"event_id": "$x"}}
    happening = meant(text("> <@x:y> früher\n> noch\n\nund jetzt?", **{"m.relates_to": reply}))
    assert (happening.refers_to, happening.text) == ("$x", "und jetzt?")
    thread = {"rel_type": "m.thread", "event_id": "$t", "is_falling_back": True} | reply
    happening = meant(text("wer?", **{"m.relates_to": thread}))
    assert (happening.address.thread, happening.refers_to) == ("$t", "")


@pytest.mark.parametrize(
    "silent",
    [
        event({"msgtype": "m.notice", "body": "x"}),
        event({"msgtype": "m.image", "body": "x"}),
        event({"msgtype": "m.text", "body": "x"}, sender=ME),
        event({"msgtype": "m.text", "body": "x", "org.stadtlotse.part": 1}),
        event({}),
        event({"anything": 1}, kind="org.example.unknown"),
    ],
)
def test_notices_files_own_and_unknown_events_are_ignored(silent: dict[str, Any]) -> None:
    assert read(silent, room()) is None


CAPTION = {"msgtype": "m.image", "filename": "foto.jpg", "body": "Wer hat so etwas?"}


def test_caption_of_a_picture_is_a_question() -> None:
    assert meant(event(CAPTION)).text == "Wer hat so etwas?"
    assert not meant(event(CAPTION), room(ANNA, "@berta:a.example")).addressed
    assert read(event(CAPTION | {"body": "foto.jpg"}), room()) is None


@pytest.mark.parametrize(
    "wordless",
    [
        event({"msgtype": "m.audio", "body": "voice.ogg", "org.matrix.msc3245.voice": {}}),
        event({"msgtype": "m.location", "body": "Ort", "geo_uri": "geo:52,13"}),
        event({"msgtype": "m.emote", "body": "winkt"}),
        event({"body": "Sticker", "url": "mxc://a.example/x"}, kind="m.sticker"),
    ],
)
def test_message_without_words_is_an_empty_question_in_private_and_ignored_in_rooms(wordless: dict[str, Any]) -> None:
    assert (meant(wordless).text, meant(wordless).happening) == ("", Happening.MESSAGE)
    assert read(wordless, room(ANNA, "@berta:a.example")) is None


@pytest.mark.parametrize(("body", "read_as"), [("Wer hat Hitzeschutz?", "Wer hat Hitzeschutz?"), ("foto.jpg", None)])
def test_new_caption_of_a_picture_is_an_edit_and_its_file_name_is_none(body: str, read_as: str | None) -> None:
    new = {"msgtype": "m.image", "body": body, "filename": "foto.jpg", "url": "mxc://a.example/x"}
    edit = text("* x", **{"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}})
    found = read(edit, room())
    assert (found.text if isinstance(found, Inbound) else None) == read_as


def test_edits_redactions_reactions_and_votes_refer_to_their_message() -> None:
    new = {"msgtype": "m.text", "body": "Stadtlotse: x"}
    edit = text("* x", **{"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}})
    assert (meant(edit).happening, meant(edit).refers_to, meant(edit).text) == (Happening.EDIT, "$o", "x")
    assert meant(edit).reference == "$o"
    for redaction in (event({"redacts": "$o"}, "m.room.redaction"), event({}, "m.room.redaction") | {"redacts": "$o"}):
        assert (meant(redaction).happening, meant(redaction).refers_to) == (Happening.RETRACTION, "$o")
    reaction = {"rel_type": "m.annotation", "event_id": "$o", "key": "👍🏽"}
    happening = meant(event({"m.relates_to": reaction}, "m.reaction"))
    assert (happening.happening, happening.text, happening.refers_to) == (Happening.REACTION, "👍", "$o")
    assert meant(event({"m.relates_to": reaction | {"key": "3️⃣"}}, "m.reaction")).text == "3"
    assert read(event({"m.relates_to": reaction | {"key": "🎉"}}, "m.reaction"), room()) is None
    vote = event({"org.matrix.msc3381.poll.response": {"answers": ["language de"]}}, "org.matrix.msc3381.poll.response")
    assert meant(vote).text == "!language de"
    assert isinstance(read(event({}, "m.key.verification.key"), room()), VerificationStep)


BAD_ID = pytest.mark.parametrize("bad", ["\ud800", "$a\0", "$" + "x" * 255], ids=["half a character", "NUL", "long"])


@BAD_ID
@pytest.mark.parametrize("field", ["event_id", "sender"])
def test_event_with_an_id_that_no_database_stores_is_malformed(field: str, bad: str) -> None:
    with pytest.raises(MalformedEventError):
        check_shape(text("!hilfe") | {field: bad})


@BAD_ID
@pytest.mark.parametrize(
    "made",
    [
        lambda bad: event({"redacts": bad}, "m.room.redaction"),
        lambda bad: event({"m.relates_to": {"event_id": bad, "key": "👍"}}, "m.reaction"),
        lambda bad: text("x", **{"m.relates_to": {"rel_type": "m.thread", "event_id": bad}}),
        lambda bad: text("x", **{"m.relates_to": {"rel_type": "m.replace", "event_id": bad}}),
    ],
    ids=["redaction", "reaction", "thread", "edit"],
)
def test_event_that_refers_to_such_an_id_is_malformed(made: Callable[[str], dict[str, Any]], bad: str) -> None:
    with pytest.raises(MalformedEventError):
        read(made(bad), room())


@BAD_ID
def test_reply_to_such_an_id_refers_to_nothing(bad: str) -> None:
    assert meant(text("x", **{"m.relates_to": {"m.in_reply_to": {"event_id": bad}}})).refers_to == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["msgtype", "body", "m.relates_to", "m.mentions", "redacts", "formatted_body", "m.new_content"]
)
RELATION = st.dictionaries(st.sampled_from(["rel_type", "event_id", "key", "m.in_reply_to", "is_falling_back"]), JSON)
KINDS = st.sampled_from(
    ["m.room.message", "m.reaction", "m.room.redaction", "m.poll.response", "m.key.verification.mac"]
)


@given(st.dictionaries(FIELDS, JSON | RELATION | st.sampled_from(["m.text", "m.replace"])), KINDS)
def test_every_content_is_read_or_malformed(content: dict[str, Any], kind: str) -> None:
    try:
        result = read(check_shape(event(content, kind)), room())
    except MalformedEventError:
        return
    if isinstance(result, Inbound):
        assert Inbound.from_json(result.to_json()) == result


@given(JSON)
def test_event_that_raises_an_error_is_noted_under_the_same_short_id(anything: Any) -> None:
    batch = Batch()
    for _ in range(2):
        with batch.guarded(anything, "!r"):
            raise ZeroDivisionError
    assert batch.refused[0] == batch.refused[1]
    assert 0 < len(batch.refused[0].id) <= 255


@pytest.mark.parametrize("relation", [[], [{"event_id": "$o"}], "x", 5])
def test_verification_event_without_a_valid_relation_is_malformed(relation: Any) -> None:
    with pytest.raises(MalformedEventError):
        read(event({"m.relates_to": relation}, "m.key.verification.start"), room())


def test_profile_change_of_the_bot_is_not_taken_for_its_arrival() -> None:
    arrival = member(ME, "join", prev_content={"membership": "invite"}, prev_sender=ANNA)
    profile = member(ME, "join", prev_content={"membership": "join"})
    assert own_arrival([profile], ME) is None
    assert own_arrival([arrival, profile], ME) is arrival
    assert inviter(arrival, []) == ANNA
    assert inviter(profile, ["@x:y"]) == "@x:y"


@pytest.mark.parametrize(
    ("user", "allowed", "may"),
    [
        (ANNA, (), True),
        ("@x:b.example", (), False),
        ("@x:b.example", ("b.example",), True),
        (ANNA, ("b.example",), False),
        ("@x:a.example.evil", (), False),
        ("nonsense", (), False),
    ],
)
def test_only_users_of_allowed_servers_may_ask(user: str, allowed: tuple[str, ...], may: bool) -> None:
    assert may_ask(user, allowed, ME) is may


def test_room_tracks_its_members_and_its_encryption() -> None:
    made = room(ANNA, "@berta:a.example")
    assert not made.private
    assert made.apply(member("@berta:a.example", "leave"))
    assert made.private
    assert not made.apply(member(ANNA, "join", name="Anna"))
    for malformed in ({}, {"type": "m.room.member"}, {"type": "m.room.member", "state_key": 5, "content": []}):
        assert not made.apply(malformed)
    assert not made.encrypted
    made.apply({"type": "m.room.encryption", "state_key": "", "content": {}})
    assert made.encrypted


def test_too_old_or_too_many_messages_cause_one_notice() -> None:
    fresh, old = (
        meant(text("neu")),
        [meant(text("alt") | {"event_id": f"${n}", "origin_server_ts": 1}) for n in range(3)],
    )
    result = not_missed([*old, fresh], too_many=False, now=fresh.at)
    assert [(happening.happening, happening.text) for happening in result] == [
        (Happening.MISSED, "3"),
        (Happening.MESSAGE, "neu"),
    ]
    assert result == not_missed([*old, fresh], too_many=False, now=fresh.at)
    everything = not_missed([*old, fresh], too_many=True, now=fresh.at)
    assert [(happening.happening, happening.text) for happening in everything] == [(Happening.MISSED, "4")]
    assert not_missed([fresh], too_many=False, now=fresh.at) == [fresh]
