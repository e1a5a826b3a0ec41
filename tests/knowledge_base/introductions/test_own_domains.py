"""Which mail domain is a municipality's own: tables of hosts."""

from __future__ import annotations

import pytest

from knowledge_base.introductions.own_domains import is_free_mail, own_hosts
from knowledge_base.model import Municipality, Project

BELZIG = Municipality(id="12069020", name="Bad Belzig", names=("Belzig",), mail_domains=("bad-belzig.example",))


@pytest.mark.parametrize("host", ["gmx.de", "web.de", "t-online.de", "gmail.com", "wp.pl", "mailbox.org", "x.gmx.net"])
def test_host_of_a_free_provider_is_recognised(host: str) -> None:
    assert is_free_mail(host)


@pytest.mark.parametrize("host", ["soest.de", "stadt-gmx.de", "gmx.de.soest.example", "cottbus.de", "poznan.pl"])
def test_other_host_is_no_free_provider(host: str) -> None:
    assert not is_free_mail(host)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://www.bad-belzig.de/projekt", True),
        ("https://belzig.de", True),
        ("https://stadt-belzig.de/x?y", True),
        ("https://www.maz-online.de/bad-belzig", False),
        ("https://bad-belzig.de.evil.example/", False),
        ("https://smart.bad-belzig.de/", False),
        ("https://bad-belzig-tourismus.de/", False),
        ("https://gmx.de/bad-belzig", False),
        ("kein Link", False),
        ("https://[kaputt", False),
    ],
)
def test_page_of_a_project_makes_a_domain_only_with_the_name_of_the_municipality(address: str, own: bool) -> None:
    found = own_hosts(BELZIG, [Project(id="p", title="t", text="t", url=address)])
    assert "bad-belzig.example" in found
    assert (len(found) > 1) is own


def test_umlauts_of_a_name_are_written_as_in_a_host() -> None:
    lubben = Municipality(id="1", name="Lübben (Spreewald)")
    project = Project(id="p", title="t", text="t", sources=("https://www.luebben.de/a",))
    assert own_hosts(lubben, [project]) == {"luebben.de"}
