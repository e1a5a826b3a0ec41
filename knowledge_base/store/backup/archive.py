"""The file of a backup: a compressed tar, readable by its owner only; its manifest proves that it is complete.

tables/NAME.jsonl   every table as lines (``knowledge_base.store.backup.dump``)
state/PATH          other files of the state folder that a new start could not make again (keys)
manifest.json       format, version, schema, time, and rows and SHA-256 of everything above; it comes last
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from knowledge_base.errors import InputError

FORMAT = 1
MANIFEST = "manifest.json"
WORKING = ".stadtlotse-work-"  # folders with copies in progress
LEFT_BEHIND_S = 24 * 3600  # no backup takes this long: the process that made the folder was killed
COMPRESSION = 3  # vectors hardly compress; more would only cost time
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content list of a backup.

    ``tables``: name → columns, rows, sha256; ``files``: path in the state folder → sha256.
    """

    version: str
    schema: str
    made_at: datetime
    database: str  # the database kind of the origin; it can be restored into either kind
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the manifest as the archive holds it."""
        values = {"format": FORMAT, "product": "stadtlotse"} | asdict(self) | {"made_at": self.made_at.isoformat()}
        return json.dumps(values, indent=1, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        """Read a manifest; raise ``InputError`` for any other content or an unknown format."""
        try:
            values: Mapping[str, Any] = json.loads(content)
            if values["product"] != "stadtlotse" or values["format"] != FORMAT:
                raise InputError("The backup has a format that this version does not know.", remedy="Use a newer one.")
            names = ("version", "schema", "database", "tables", "files")
            return cls(**{name: values[name] for name in names}, made_at=datetime.fromisoformat(values["made_at"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("The backup's manifest cannot be read.", remedy="Take another backup.") from error


@contextmanager
def working_folder(beside: Path) -> Iterator[Path]:
    """Yield a private folder on the same disk and delete it afterwards; also delete those of killed processes."""
    beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in beside.glob(f"{WORKING}*"):
        if old.is_dir() and time.time() - old.stat().st_mtime > LEFT_BEHIND_S:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=WORKING, dir=beside) as folder:
        yield Path(folder)


class ArchiveWriter:
    """A writer of an archive under a temporary name; ``finish`` gives it the final name at once."""

    def __init__(self, work: Path, manifest: Manifest) -> None:
        self._work = work
        self._manifest = manifest
        self._file = _private(work / "archive")
        self._tar = tarfile.open(fileobj=self._file, mode="w:gz", compresslevel=COMPRESSION)  # noqa: SIM115

    def table(self, name: str, columns: list[str]) -> TableWriter:
        """Return a writer for the lines of one table."""
        return TableWriter(self, self._work / f"{name}.jsonl", name, columns)

    def state_file(self, path: Path, name: str) -> None:
        """Add a file of the state folder under its path there."""
        self._manifest.files[name] = self.take(path, f"state/{name}")

    def take(self, path: Path, name: str) -> str:
        """Add a file as it is now; return its SHA-256."""
        with path.open("rb") as file:
            self._tar.addfile(_member(name, os.fstat(file.fileno()).st_size), file)
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()

    def note_table(self, name: str, columns: list[str], rows: int, digest: str) -> None:
        """Write a table's proof into the manifest."""
        self._manifest.tables[name] = {"columns": columns, "rows": rows, "sha256": digest}

    def finish(self, target: Path) -> int:
        """Close, write to disk, and take the final name; return the size in bytes."""
        content = self._work / MANIFEST
        content.write_bytes(self._manifest.to_bytes())
        self.take(content, MANIFEST)
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        (self._work / "archive").replace(target)
        return size

    def close(self) -> None:
        """Release all files, finished or not."""
        self._file.close()


class TableWriter:
    """The lines of one table on their way into the archive."""

    def __init__(self, archive: ArchiveWriter, path: Path, name: str, columns: list[str]) -> None:
        self._archive, self._path, self._name, self._columns = archive, path, name, columns
        self._file = _private(path)
        self._rows = 0

    def write(self, line: bytes) -> None:
        """Write one row."""
        self._file.write(line)
        self._rows += 1

    def close(self) -> None:
        """Complete the table."""
        self._file.close()
        digest = self._archive.take(self._path, f"tables/{self._name}.jsonl")
        self._archive.note_table(self._name, self._columns, self._rows, digest)
        self._path.unlink()


def unpack(archive: Path, folder: Path) -> Manifest:
    """Unpack into ``folder`` and verify every file; leave out files that the manifest does not name.

    Raise ``InputError`` when the file is not a backup, is incomplete or damaged, or names a path outside the folder.
    """
    try:
        with tarfile.open(archive, mode="r:*") as tar:
            for member in tar:
                if member.isfile() and _is_ours(member.name):
                    _extract(tar, member, folder)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"{archive} cannot be read as a backup.", remedy="Check the path, or take another.") from error
    proof = folder / MANIFEST
    if not proof.is_file():
        raise InputError(f"{archive} is incomplete: it has no manifest.", remedy="Take another backup.")
    manifest = Manifest.from_bytes(proof.read_bytes())
    expected = {f"tables/{name}.jsonl": proof["sha256"] for name, proof in manifest.tables.items()}
    expected |= {f"state/{name}": digest for name, digest in manifest.files.items()}
    damaged = [name for name, digest in expected.items() if not _proven(folder, name, digest)]
    if damaged:
        raise InputError(f"{archive} is damaged: {', '.join(damaged)}.", remedy="Take another backup.")
    return manifest


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source = tar.extractfile(member)
    if source is not None:
        with source, _private(target) as file:
            shutil.copyfileobj(source, file, CHUNK)


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name == MANIFEST or (parts[:1] in (("tables",), ("state",)) and ".." not in parts and "\0" not in name)


def _proven(folder: Path, name: str, digest: str) -> bool:
    path = folder / name
    if not _is_ours(name) or not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member
