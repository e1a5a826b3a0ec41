"""What a user's clients can show."""

from __future__ import annotations

import pytest

from bot.channels.matrix.clients import show_polls


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["Element X Android"], True),
        (["app.element.io: Firefox on Linux", "Element Desktop: Linux"], True),
        (["BundesMessenger iOS"], True),
        (["Element X iOS", "nheko"], False),
        (["Cinny Web"], False),
        (["elementary OS"], False),
        (["Element X iOS", ""], False),
        ([], False),
    ],
)
def test_polls_go_only_to_users_whose_clients_all_show_them(names: list[str], shown: bool) -> None:
    assert show_polls(names) is shown
