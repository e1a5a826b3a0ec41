"""Installation: the lock files, the wheel, the licence and the targets of the Makefile."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements"
LOCKS = ["light", "dev", "full", "full-dev", "bench"]
PACKAGES = ["bot", "config", "knowledge_base"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def entries(lock: str) -> list[str]:
    """One string per requirement: the pin and all of its hashes."""
    lines = (REQUIREMENTS / f"{lock}.txt").read_text("utf-8").splitlines()
    content = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    return content.replace("\\\n", " ").strip().splitlines()


def pins(lock: str) -> dict[str, Requirement]:
    requirements = [Requirement(entry.partition("--hash")[0]) for entry in entries(lock)]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def asked_for(lock: str) -> list[Requirement]:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    full = project["optional-dependencies"]["full"]
    more = {
        "light": [],
        "dev": groups["dev"],
        "full": full,
        "full-dev": [*full, *groups["dev"], *groups["full-tests"]],
        "bench": [*full, *groups["dev"], *groups["full-tests"], *groups["bench"]],
    }[lock]
    wanted = [Requirement(line) for line in project["dependencies"] + groups["build"] + more]
    return [requirement for requirement in wanted if requirement.name != "stadtlotse"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_line_pins_an_exact_version_with_hashes(lock: str) -> None:
    shape = re.compile(r"[a-z0-9.-]+==\S+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry[:60] for entry in entries(lock) if not shape.fullmatch(entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_package_is_locked_twice(lock: str) -> None:
    names = Counter(Requirement(entry.partition("--hash")[0]).name for entry in entries(lock))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("lock", [*LOCKS, "torch"])
def test_lock_files_name_no_package_index(lock: str) -> None:
    text = (REQUIREMENTS / f"{lock}.txt").read_text("utf-8")
    assert re.findall(r"--(?:extra-)?index\S*|--find-links\S*|\w+://\S*|\b[\w.-]+\.(?:org|com|io|net)\b", text) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_file_satisfies_the_requirements_of_pyproject(lock: str) -> None:
    """A failure means that pyproject.toml changed without `make lock`."""
    locked = pins(lock)
    for wanted in asked_for(lock):
        (pin,) = locked[canonicalize_name(wanted.name)].specifier
        assert wanted.specifier.contains(pin.version), f"{wanted} but {pin.version} in {lock}.txt: make lock"


@pytest.mark.parametrize(
    ("small", "large"),
    [("light", "dev"), ("light", "full"), ("dev", "full-dev"), ("full", "full-dev"), ("full-dev", "bench")],
)
def test_larger_lock_file_contains_the_pins_of_the_smaller_lock_file(small: str, large: str) -> None:
    larger, smaller = pins(large), pins(small)
    assert {name: str(larger.get(name)) for name in smaller} == {name: str(pin) for name, pin in smaller.items()}


def test_torch_is_pinned_in_its_own_file_without_hashes() -> None:
    """Its CPU and CUDA builds differ in hashes and in what they need."""
    (line,) = (REQUIREMENTS / "torch.txt").read_text("utf-8").splitlines()
    assert re.fullmatch(r"torch==[\d.]+", line)
    assert [name for name in pins("full") | pins("full-dev") if re.match(r"torch|triton|nvidia|cuda", name)] == []


def test_wheel_contains_every_file_of_the_packages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for part in PACKAGES:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ["run_bot.py", "pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, source)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    files = {
        file.relative_to(ROOT).as_posix() for part in PACKAGES for file in (ROOT / part).rglob("*") if file.is_file()
    }
    wanted = {file for file in files if "__pycache__" not in file}
    assert sorted(wanted - inside) == []
    assert "run_bot.py" in inside


def test_licence_file_is_the_unmodified_text() -> None:
    text = (ROOT / "LICENSE").read_bytes()
    assert hashlib.sha256(text).hexdigest() == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert targets
    shown = subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory"], capture_output=True, text=True, check=True
    ).stdout
    assert re.findall(r"^  ([a-z-]+) ", shown, re.MULTILINE) == targets[1].split()


# ------------------------------------------------------------------------------------------------ bill of materials


def test_bill_of_materials_lists_exactly_the_locked_packages_and_is_reproducible() -> None:
    def made() -> str:
        run = [sys.executable, str(ROOT / "tools" / "sbom.py"), str(REQUIREMENTS / "light.txt")]
        return subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT).stdout

    text = made()
    assert text == made()
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {(canonicalize_name(component["name"]), component["version"]) for component in bill["components"]}
    wanted = [Requirement(entry.partition("--hash")[0]) for entry in entries("light")]
    assert listed == {(canonicalize_name(one.name), str(one.specifier).removeprefix("==")) for one in wanted}
    checksums = [component["content"] for part in bill["components"] for component in part["hashes"]]
    assert sorted(checksums) == sorted(re.findall(r"sha256:([0-9a-f]{64})", "\n".join(entries("light"))))
    names = [component["bom-ref"] for component in bill["components"]]
    assert len(set(names)) == len(names)
    assert bill["dependencies"][0]["dependsOn"] == names


def test_bill_of_materials_takes_licence_and_sha_512_from_wheels_of_the_lock(tmp_path: Path) -> None:
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(
            "one-1.0.dist-info/METADATA", "Name: one\nVersion: 1.0\nLicense-Expression: MIT OR Apache-2.0\n\n"
        )
    (tmp_path / "foreign-1.0-py3-none-any.whl").write_bytes(b"not of this lock")
    content = wheel.read_bytes()
    lock = tmp_path / "lock"
    lock.mkdir()
    accepted = hashlib.sha256(content).hexdigest()
    text = f"one==1.0 \\\n    --hash=sha256:{accepted}\ntwo==2.0 \\\n    --hash=sha256:{'0' * 64}\n"
    (lock / "lock.txt").write_text(text)
    run = [sys.executable, str(ROOT / "tools" / "sbom.py"), str(lock / "lock.txt"), str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT)
    component, two = json.loads(done.stdout)["components"]
    assert {"alg": "SHA-512", "content": hashlib.sha512(content).hexdigest()} in component["hashes"]
    assert component["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert [checksum["alg"] for checksum in two["hashes"]] == ["SHA-256"]
    assert "two" in done.stderr
