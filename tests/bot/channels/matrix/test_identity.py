"""Keys, signatures, secrets and position: the parts of the bot's identity."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.matrix import secret_storage
from bot.channels.matrix.batch import Batch, SyncReader
from bot.channels.matrix.channel import pause_s
from bot.channels.matrix.crypto import Crypto, LostStoreError
from bot.channels.matrix.files import Folder, HeldError
from bot.channels.matrix.http import BusyError, RequestRefusedError, UnreachableError, _read, url
from bot.channels.matrix.position import MOST_OF_ONE, Position
from bot.channels.matrix.sas import Exchange, SasError
from bot.channels.matrix.signing import SigningKey, chain, device_signed, signed_by
from bot.messages import Happening
from knowledge_base.errors import StoreError

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.binary(max_size=100))
def test_secret_is_decrypted_only_with_its_key_and_name(key: bytes, name: str, plain: bytes) -> None:
    stored = secret_storage.encrypt(key, name, plain)
    assert secret_storage.decrypt(key, name, stored) == plain
    for other in ((bytes(32) if key != bytes(32) else b"1" * 32, name), (key, f"{name}x")):
        with pytest.raises(secret_storage.SecretStorageError):
            secret_storage.decrypt(*other, stored)


@given(st.binary(min_size=32, max_size=32))
def test_recovery_key_tolerates_spaces_but_hardly_any_typing_mistake(key: bytes) -> None:
    """Its check is one byte (the specification's choice), so one mistake in 256 passes."""
    text = secret_storage.encode_recovery_key(key)
    assert secret_storage.decode_recovery_key(f"  {text.replace(' ', '')} ") == key
    refused = 0
    letters = text.replace(" ", "")
    for place, letter in enumerate(letters):
        try:
            secret_storage.decode_recovery_key(letters[:place] + ("2" if letter != "2" else "3") + letters[place + 1 :])
        except secret_storage.SecretStorageError:
            refused += 1
    assert refused >= len(letters) - 4


def test_recovery_key_example_of_the_specification_is_decoded() -> None:
    """The example of https://spec.matrix.org/latest/appendices/#cryptographic-key-representation."""
    example = "EsTj 3yST y93F SLpB jJsz eAXc 2XzA ygD3 w69H fGaN TKBj jXEd"
    key = secret_storage.decode_recovery_key(example)
    assert secret_storage.encode_recovery_key(key) == example


def test_signature_is_valid_only_for_the_signed_object() -> None:
    key = SigningKey(secrets.token_bytes(32))
    value = {"user_id": "@a:b", "keys": {"x": "ü"}, "unsigned": {"any": 1}}
    signed = value | {"signatures": {"@a:b": {key.id: key.sign(value)}}}
    assert signed_by(signed, "@a:b", key.public)
    assert signed_by(signed | {"unsigned": {}}, "@a:b", key.public)
    assert not signed_by(signed | {"keys": {}}, "@a:b", key.public)
    for malformed in (None, 5, [], {}, {"signatures": 5}, {"signatures": {"@a:b": {key.id: 5}}}):
        assert not signed_by(malformed, "@a:b", key.public)


def test_key_chain_of_another_user_or_signer_is_rejected() -> None:
    master, other = SigningKey(bytes(32)), SigningKey(b"1" * 32)

    def key_object(key: SigningKey, signer: SigningKey, user: str = "@a:b") -> dict[str, object]:
        value = {"user_id": user, "usage": ["x"], "keys": {key.id: key.public}}
        return value | {"signatures": {user: {signer.id: signer.sign(value)}}}

    first = key_object(master, master)
    assert chain("@a:b", first, key_object(other, master)) == (master.public, other.public)
    assert chain("@a:b", first, key_object(other, other)) == ("", "")
    assert chain("@c:d", first, key_object(other, master)) == ("", "")
    assert chain("@a:b", None, {}) == ("", "")
    assert not device_signed({}, "@a:b", "")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "matrix")
    made.open()
    yield made
    made.close()


def test_the_folder_belongs_to_one_process(folder: Folder) -> None:
    with pytest.raises(HeldError):
        Folder(folder.path).open()
    folder.write("x.json", {"a": "ü"})
    assert folder.read("x.json") == {"a": "ü"}
    assert folder.read("y.json") is None
    assert (folder.path / "x.json").stat().st_mode & 0o777 == 0o600


def test_missing_or_damaged_store_or_a_wrong_key_raises_lost_store(folder: Folder) -> None:
    Crypto("@bot:b", "D", folder, "key", new=True).close()
    Crypto("@bot:b", "D", folder, "key", new=False).close()
    with pytest.raises(LostStoreError):
        Crypto("@bot:b", "D", folder, "other key", new=False)
    (folder.path / "device-D.db").write_bytes(b"nonsense" * 1000)
    with pytest.raises(LostStoreError):
        Crypto("@bot:b", "D", folder, "key", new=False)
    with pytest.raises(LostStoreError):
        Crypto("@bot:b", "E", folder, "key", new=False)


def test_one_time_keys_are_stored_before_they_are_uploaded(folder: Folder) -> None:
    """A kill after the upload: the same keys are offered again, none with the same id and another value."""
    crypto = Crypto("@bot:b", "D", folder, "key", new=True)
    first = crypto.key_upload(0, fallback=True)
    crypto.close()
    crypto = Crypto("@bot:b", "D", folder, "key", new=False)
    again = crypto.key_upload(0, fallback=True)
    assert first is not None
    assert again is not None
    assert all(again["one_time_keys"][name] == key for name, key in first["one_time_keys"].items())
    assert again["fallback_keys"] == first["fallback_keys"]
    crypto.keys_uploaded({"one_time_key_counts": {"signed_curve25519": 50}})
    assert crypto.key_upload(50, fallback=False) is None
    more = crypto.key_upload(0, fallback=False)
    assert more is not None
    assert not set(more["one_time_keys"]) & set(again["one_time_keys"])
    crypto.close()


def test_an_unreadable_message_gets_one_notice_after_five_minutes(folder: Folder) -> None:
    crypto = Crypto("@bot:b", "D", folder, "key", new=True)
    reader, position = SyncReader(crypto, "@bot:b", lambda _: True), Position("s1")
    members = [
        {"type": "m.room.member", "state_key": user, "content": {"membership": "join"}} for user in ("@bot:b", "@a:b")
    ]
    reader.state("!r", members, Batch())
    for number in range(2):
        content = {"algorithm": "m.megolm.v1.aes-sha2", "session_id": "S", "ciphertext": "C"}
        event = {"event_id": f"${number}", "sender": "@a:b", "type": "m.room.encrypted", "origin_server_ts": 1}
        joined = {"timeline": {"events": [event | {"content": content}]}}
        position = reader.timeline("!r", joined, [], position, Batch(), NOW)
    assert len(position.held) == 2
    position = Position.load(position.dump())  # across a restart
    for minutes, expected in ((4, 0), (5, 1), (6, 0)):
        batch = Batch()
        position = reader.held(position, batch, NOW + timedelta(minutes=minutes))
        assert [happening.happening for happening in batch.happenings] == [Happening.UNDECRYPTED] * expected
    assert position.held == ()
    crypto.close()


def test_one_sender_cannot_use_up_the_space_for_waiting_messages() -> None:
    position = Position()
    for number in range(MOST_OF_ONE + 50):
        position = position.hold("!r", {"event_id": f"${number}", "sender": "@a:b"}, NOW)
    assert len(position.held) == MOST_OF_ONE
    assert len(position.hold("!r", {"event_id": "$x", "sender": "@c:d"}, NOW).held) == MOST_OF_ONE + 1
    assert Position.load(None) == Position()
    assert Position.load(position.dump()) == position


def test_server_errors_become_busy_refused_or_unreachable() -> None:
    def raised(status: int, body: object, **headers: str) -> Exception:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with pytest.raises((BusyError, RequestRefusedError, UnreachableError)) as caught:
            _read(httpx.Response(status, content=content, headers=headers), "GET x")
        return caught.value

    limited = raised(429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500})
    assert isinstance(limited, BusyError)
    assert limited.after == timedelta(seconds=1.5)
    assert isinstance(raised(429, b"<html>", **{"Retry-After": "7"}), BusyError)
    assert isinstance(raised(502, b"<html>"), BusyError)
    refused = raised(401, {"errcode": "M_UNKNOWN_TOKEN"})
    assert isinstance(refused, RequestRefusedError)
    assert refused.signed_out
    for odd in (raised(200, b"<html>"), raised(404, b"not found"), raised(200, [1]), raised(302, {})):
        assert isinstance(odd, UnreachableError)
    assert _read(httpx.Response(200, content=b"{}"), "GET x") == {}
    assert url("http://h", "v3", "rooms", "!a/../b?c#d").endswith("/v3/rooms/%21a%2F..%2Fb%3Fc%23d")


def test_retry_pauses_grow_and_respect_the_wait_of_the_server() -> None:
    pauses = [pause_s(failures, None) for failures in (1, 3, 5, 30)]
    assert pauses == sorted(pauses)
    assert 0.5 < pauses[0] < 2
    assert pauses[-1] <= 80
    assert pause_s(1, timedelta(seconds=90)) == 90


def test_verification_exchange_agrees_and_detects_a_changed_key() -> None:
    """The accepting side runs against itself with exchanged roles: both sides calculate the same."""
    exchange = Exchange("t", ("@bot:b", "D"), ("@a:b", "P"))
    start = {
        "method": "m.sas.v1", "from_device": "P", "hashes": ["sha256"],
        "key_agreement_protocols": ["curve25519-hkdf-sha256"], "short_authentication_string": ["emoji", "decimal"],
        "message_authentication_codes": ["hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"],
    }  # fmt: skip
    assert exchange.accept(start)["message_authentication_code"] == "hkdf-hmac-sha256.v2"
    for missing in start:
        if missing != "from_device":
            with pytest.raises(SasError):
                Exchange("t", ("@bot:b", "D"), ("@a:b", "P")).accept(start | {missing: None})
    other = Exchange("t", ("@a:b", "P"), ("@bot:b", "D"))
    exchange.agree({"key": other._public})
    other.agree({"key": exchange._public})
    assert len(exchange.emojis()) == 7
    keys = {"ed25519:P": "anything"}
    mac = other.mac(keys)
    assert exchange.check(mac, keys) == {"ed25519:P"}
    for wrong in ({"ed25519:P": "else"}, {"ed25519:Q": "anything"}, {}):
        with pytest.raises(SasError):
            exchange.check(mac, wrong)
    with pytest.raises(SasError):
        exchange.agree({"key": other._public})


def test_failing_store_does_not_mark_the_event_as_refused(folder: Folder) -> None:
    crypto = Crypto("@bot:b", "D", folder, "key", new=True)
    batch = Batch()
    with pytest.raises(StoreError), batch.guarded({}, "!r"), crypto.atomic():
        crypto._store.database.execute_sql("INSERT INTO nowhere VALUES (1)")
    assert batch.refused == []
    crypto.close()
