"""One valid event of every kind that users send, and the state events of a room."""

from __future__ import annotations

from typing import Any

from bot.channels.matrix.http import Json
from tests.bot.channels.matrix.rig import ANNA, ME, event, member, text

POLL = "org.matrix.msc3381.poll"
VERIFICATION = "m.key.verification"


def related(kind: str, **more: Any) -> Json:
    return {"m.relates_to": {"rel_type": kind, "event_id": "$x"} | more}


def messages(words: str) -> list[Json]:
    """Messages, and what refers to messages; clients send all of them encrypted, but for reactions and redactions."""
    edit = {"m.new_content": {"msgtype": "m.text", "body": words}} | related("m.replace")
    reply, pill = {"m.in_reply_to": {"event_id": "$x"}}, f'<a href="https://matrix.to/#/{ME}">bot</a> {words}'
    file = {"url": "mxc://a.example/x", "info": {"size": 1, "mimetype": "image/png", "w": 1, "h": 1}}
    secret = {
        "url": "mxc://a.example/x",
        "v": "v2",
        "iv": "x",
        "hashes": {"sha256": "x"},
        "key": {"k": "x", "alg": "A"},
    }
    question = {"question": {"org.matrix.msc1767.text": words}, "kind": f"{POLL}.disclosed", "max_selections": 1,
                "answers": [{"id": "1", "org.matrix.msc1767.text": words}]}  # fmt: skip
    step = {"from_device": "PHONE", "method": "m.sas.v1"} | related("m.reference")
    html = {"format": "org.matrix.custom.html", "m.mentions": {"user_ids": []}}
    mention: Json = {"m.mentions": {"user_ids": [ME]}}
    return [
        text(words, formatted_body=f"<b>{words}</b>", **html),
        text(f"{ME} {words}", formatted_body=pill, **html | mention),
        text(f"[bot](https://matrix.to/#/{ME}) {words}", **mention),
        text(f"> <@x:y> a\n\n{words}", **{"m.relates_to": reply}),
        text(words, **related("m.thread", is_falling_back=True, **reply)),
        text(f"* {words}", **edit),
        *(event("m.room.message", {"msgtype": kind, "body": words}) for kind in ("m.emote", "m.notice", "m.unknown")),
        event("m.room.message", {"msgtype": "m.image", "body": words, "filename": "a.png"} | file),
        event("m.room.message", {"msgtype": "m.file", "body": words, "filename": "a.pdf", "file": secret}),
        event("m.room.message", {"msgtype": "m.video", "body": "a.mp4"} | file),
        event("m.room.message", {"msgtype": "m.audio", "body": "a.ogg", "org.matrix.msc3245.voice": {}} | file),
        event("m.room.message", {"msgtype": "m.location", "body": words, "geo_uri": "geo:51.7,14.3"}),
        event("m.sticker", {"body": words} | file),
        event(f"{POLL}.start", {f"{POLL}.start": question}),
        event(f"{POLL}.response", {f"{POLL}.response": {"answers": ["language en"]}} | related("m.reference")),
        event("m.poll.response", {"m.poll.response": {"answers": ["language en"]}} | related("m.reference")),
        event(f"{POLL}.end", {f"{POLL}.end": {}} | related("m.reference")),
        event("m.reaction", related("m.annotation", key="👍")),
        event("m.room.redaction", {"redacts": "$x", "reason": words}, redacts="$x"),
        event("m.room.message", {"msgtype": f"{VERIFICATION}.request", "to": ME, "from_device": "PHONE",
                                 "methods": ["m.sas.v1"], "body": words}),
        event(f"{VERIFICATION}.ready", step | {"methods": ["m.sas.v1"]}),
        event(f"{VERIFICATION}.start", step | {
            "hashes": ["sha256"], "message_authentication_codes": ["hkdf-hmac-sha256.v2"],
            "key_agreement_protocols": ["curve25519-hkdf-sha256"], "short_authentication_string": ["emoji"]}),
        event(f"{VERIFICATION}.key", step | {"key": "x"}),
        event(f"{VERIFICATION}.mac", step | {"mac": {"ed25519:PHONE": "x"}, "keys": "x"}),
        event(f"{VERIFICATION}.done", step),
        event(f"{VERIFICATION}.cancel", step | {"code": "m.user", "reason": words}),
        event("org.stadtlotse.unknown", {"org.stadtlotse.answer_to": "$x"}),
    ]  # fmt: skip


def state(words: str) -> list[Json]:
    """State events, as any member with the right may send them."""
    kinds: list[tuple[str, Json]] = [
        ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 100}),
        ("m.room.tombstone", {"body": words, "replacement_room": "!new:a.example"}),
        ("m.room.name", {"name": words}),
        ("m.room.topic", {"topic": words}),
        ("m.room.create", {"creator": ANNA, "room_version": "12"}),
        ("m.room.join_rules", {"join_rule": "invite"}),
        ("m.room.history_visibility", {"history_visibility": "shared"}),
        ("m.room.power_levels", {"users": {ANNA: 100, ME: 0}, "events": {"m.room.name": 50}, "users_default": 0}),
    ]
    return [member(ANNA), member("@third:a.example"), *(event(kind, content, state_key="") for kind, content in kinds)]


def every_kind(words: str = "Wer?") -> list[Json]:
    return [*messages(words), *state(words)]
