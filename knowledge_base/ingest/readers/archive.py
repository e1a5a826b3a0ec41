"""Workbooks are zip archives of XML: their size is checked before they are opened."""

from __future__ import annotations

import zipfile
from pathlib import Path

from knowledge_base.ingest import limits
from knowledge_base.ingest.row import UnreadableError

SMALLER = "Save the data as CSV or JSONL."


def weigh(path: Path, format_name: str, remedy: str) -> None:
    """Refuse archives that grow too much when unpacked; ``zipfile`` never reads more of a part than its stated size."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableError(path, f"This is not an {format_name} workbook.", remedy=remedy) from error
    if len(parts) > limits.MAX_ZIP_ENTRIES:
        raise UnreadableError(path, f"The workbook has more than {limits.MAX_ZIP_ENTRIES} parts.")
    if sum(part.file_size for part in parts) > limits.MAX_ZIP_BYTES:
        reason = f"The workbook unpacks to more than {limits.MAX_ZIP_BYTES // 1024**2} MiB."
        raise UnreadableError(path, reason, remedy=SMALLER)
    for part in parts:
        if part.file_size > max(limits.ZIP_RATIO_FROM_BYTES, part.compress_size * limits.MAX_ZIP_RATIO):
            reason = f"A part of the workbook unpacks to more than {limits.MAX_ZIP_RATIO} times its size."
            raise UnreadableError(path, reason, remedy=SMALLER)
