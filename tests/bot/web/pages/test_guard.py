"""Which clients the guard blocks, which client a request counts for, and which origin is ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bot.web.pages.guard import CLIENTS, MISSES, WITHIN_S, Guard, client_of, origin_of


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def request(address: str | None = "203.0.113.9", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": address and (address, 1), "headers": raw})


def test_client_with_many_wrong_tokens_is_blocked_for_a_while() -> None:
    clock = Clock()
    guard = Guard("https://lotse.example", clock)
    for _ in range(MISSES):
        assert not guard.is_stopped(request())
        guard.missed(request())
    assert guard.is_stopped(request())
    assert not guard.is_stopped(request("203.0.113.10"))
    clock.now += WITHIN_S
    assert not guard.is_stopped(request())


def test_few_wrong_tokens_over_a_long_time_block_no_client() -> None:
    clock = Clock()
    guard = Guard("https://lotse.example", clock)
    for _ in range(MISSES * 3):
        guard.missed(request())
        clock.now += WITHIN_S / (MISSES - 1)
        assert not guard.is_stopped(request())


def test_guard_remembers_a_limited_number_of_clients() -> None:
    guard = Guard("https://lotse.example", Clock())
    for number in range(CLIENTS + 50):
        guard.missed(
            request(
                f"10.{number // 65536}.{number // 256 % 256}.{number % 256}",
                x_forwarded_for=f"1.1.{number // 256}.{number % 256}",
            )
        )
    assert len(guard._misses) == CLIENTS


@pytest.mark.parametrize(
    ("address", "forwarded", "client"),
    [
        ("93.184.216.34", "", "93.184.216.34"),
        ("93.184.216.34", "1.2.3.4", "93.184.216.34"),  # not our proxy: anybody can write that header
        ("127.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.2", "1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),  # the last one is what our proxy saw
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (None, "", "None"),
        ("127.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        ("127.0.0.1", "[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"),
        ("127.0.0.1", "[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("127.0.0.1", '"[2001:db8:1:2::9]:443"', "2001:db8:1:2::/64"),
        ("127.0.0.1", "fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4,", "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, unknown", "127.0.0.1"),  # not what the client wrote before it
        ("127.0.0.1", "6.6.6.6, 1.2.3.4.5", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 10.0.0.7", "10.0.0.7"),  # somebody in the house, who may write what they like
        ("127.0.0.1", " , ,", "127.0.0.1"),
    ],
)
def test_request_counts_for_the_client_address_that_our_proxy_saw(
    address: str | None, forwarded: str, client: str
) -> None:
    assert client_of(request(address, **({"x_forwarded_for": forwarded} if forwarded else {}))) == client


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        (["6.6.6.6, 7.7.7.7", "8.8.8.8", "1.2.3.4:80"], "1.2.3.4"),
        (["1.2.3.4", "nonsense"], "127.0.0.1"),
        (["1.2.3.4", ""], "1.2.3.4"),
    ],
)
def test_last_of_several_forwarded_headers_determines_the_client(lines: list[str], client: str) -> None:
    raw = [(b"x-forwarded-for", line.encode()) for line in lines]
    assert client_of(Request({"type": "http", "client": ("127.0.0.1", 1), "headers": raw})) == client


@pytest.mark.parametrize("header", ["forwarded", "x-real-ip", "cf-connecting-ip", "x_forwarded_for"])
def test_other_proxy_headers_do_not_determine_the_client(header: str) -> None:
    raw = [(b"x-forwarded-for", b"1.2.3.4"), (header.encode(), b"for=6.6.6.6")]
    assert client_of(Request({"type": "http", "client": ("127.0.0.1", 1), "headers": raw})) == "1.2.3.4"


@given(st.lists(st.binary(max_size=30), max_size=4))
def test_every_forwarded_header_gives_a_client(lines: list[bytes]) -> None:
    raw = [(b"x-forwarded-for", line) for line in lines]
    assert client_of(Request({"type": "http", "client": ("127.0.0.1", 1), "headers": raw}))


@given(st.text())
def test_every_origin_header_is_read_without_an_error(text: str) -> None:
    assert isinstance(origin_of(text), str)


@pytest.mark.parametrize("origin", ["null", "", "https://", "//lotse.example", "https://lotse.example:x", "file://"])
def test_invalid_origin_is_not_ours(origin: str) -> None:
    assert origin_of(origin) == ""
    assert not Guard("https://lotse.example").is_ours(request(origin=origin))


def test_no_origin_is_ours_without_a_public_address() -> None:
    assert not Guard("").is_ours(request(origin="null"))
    assert not Guard("").is_ours(request(origin="https://lotse.example"))
