"""Writes the bill of materials (CycloneDX 1.6, JSON) of a lock file: ``tools/sbom.py LOCK [FOLDER]``.

It names exactly what an installation with ``--require-hashes`` accepts. A lock file holds SHA-256 only. FOLDER holds
the files themselves (``pip download``): each one that the lock accepts gives its SHA-512 and its licence. The same lock
file and files give the same bill: no date, no random number. It goes to standard output.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")
LONGEST_NAME = 60  # characters of the name of a licence
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> Iterator[dict[str, Any]]:
    """Yield every pinned package with the checksums of the files that the lock accepts for it."""
    found: dict[str, Any] | None = None
    for line in lock.splitlines():
        if pin := PIN.match(line):
            if found:
                yield found
            found = _component(*pin.groups())
        elif found and (checksum := HASH.search(line)):
            found["hashes"].append({"alg": "SHA-256", "content": checksum[1]})
    if found:
        yield found


def _component(name: str, version: str, where: str | None) -> dict[str, Any]:
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    made: dict[str, Any] = {
        "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "hashes": [],
    }  # fmt: skip
    if where:
        made |= {"bom-ref": f"{purl}#{where}", "properties": [{"name": "stadtlotse:installed-where", "value": where}]}
    return made


def complete(parts: list[dict[str, Any]], folder: Path) -> list[str]:
    """Add to each component what its files say; return the names of the components without a file."""
    by_hash = {checksum["content"]: part for part in parts for checksum in part["hashes"]}
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        content = file.read_bytes()
        if part := by_hash.get(hashlib.sha256(content).hexdigest()):
            part["hashes"].append({"alg": "SHA-512", "content": hashlib.sha512(content).hexdigest()})
            if found := licences(metadata_of(file)):
                part["licenses"] = found
    return [part["name"] for part in parts if not any(one["alg"] == "SHA-512" for one in part["hashes"])]


def metadata_of(file: Path) -> Message:
    """Return the metadata of a wheel or of a source archive; empty for another file."""
    text = b""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as wheel:
            names = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
            text = wheel.read(names[0]) if names else b""
    elif file.name.endswith(".tar.gz"):
        with tarfile.open(file) as archive:
            names = [name for name in archive.getnames() if name.count("/") == 1 and name.endswith("/PKG-INFO")]
            part = archive.extractfile(names[0]) if names else None
            text = part.read() if part else b""
    return message_from_string(text.decode("utf-8", "replace"))


def licences(metadata: Message) -> list[dict[str, Any]]:
    """Return the licence that the maintainers state: an SPDX expression, else a short name, else classifiers."""
    if expression := metadata.get("License-Expression"):
        return [{"expression": expression}]
    name = " ".join((metadata.get("License") or "").split())
    if name and name != "UNKNOWN" and len(name) < LONGEST_NAME:  # else it is the whole text
        return [{"license": {"name": name}}]
    classifiers = metadata.get_all("Classifier") or []
    return [{"license": {"name": one.rpartition(" :: ")[2]}} for one in classifiers if one.startswith("License :: ")]


def bill(lock: str, project: dict[str, Any], folder: Path | None = None) -> dict[str, Any]:
    """Return the whole bill; ``project`` is the table of that name in pyproject.toml."""
    parts = sorted(components(lock), key=lambda one: str(one["bom-ref"]))
    missing = complete(parts, folder) if folder else []
    if missing:
        sys.stderr.write(f"No file, so no SHA-512 and no licence: {', '.join(missing)}\n")
    root = f"pkg:pypi/{project['name']}@{project['version']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, root + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": root, "name": project["name"], "version": project["version"],
                "purl": root, "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": root, "dependsOn": [one["bom-ref"] for one in parts]}],
    }  # fmt: skip


def main() -> None:
    lock = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "requirements" / "light.txt"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    json.dump(bill(lock.read_text("utf-8"), project, folder), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
