"""The bill of materials (CycloneDX 1.6, JSON) of what a lock file installs: ``tools/sbom.py requirements/light.txt``.

Read from the lock file alone, so it names exactly what an installation with ``--require-hashes`` accepts. The same lock
file gives the same bill: no date, no random number. It goes to standard output.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> Iterator[dict[str, Any]]:
    """Every pinned package with the checksums of the files that the lock accepts for it."""
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


def bill(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """The whole bill; ``project`` is the table of that name in pyproject.toml."""
    parts = sorted(components(lock), key=lambda one: str(one["bom-ref"]))
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
    json.dump(bill(lock.read_text("utf-8"), project), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
