"""The last error boundary: an error that nothing explained, told without the data that it may quote."""

from __future__ import annotations

import traceback
from pathlib import Path

from knowledge_base.store.database import DAMAGED_FILE, DatabaseError, is_damage, reason

ROOT = Path(__file__).parents[2]
PLACES = 4
UNEXPECTED = "Run 'stadtlotse check'. If it finds nothing, this is a fault of the software: report this line."


def explained(error: BaseException) -> str:
    """Return what to tell about an error that no command explained.

    The text names the kind of error and the places in our code. It leaves out the words of the error itself, which may
    quote rows of the database, except for the operating system's and the database driver's.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, DatabaseError):
        remedy = DAMAGED_FILE if is_damage(error) else "Run 'stadtlotse check'."
        return f"The database failed: {reason(error)}. {remedy}"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}. Check the path, its permissions and the free space."
    return f"Unexpected {type(error).__name__} at {' < '.join(places(error)) or 'an unknown place'}. {UNEXPECTED}"


def places(error: BaseException) -> list[str]:
    """Return the innermost places of our code that an error passed, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame for frame in frames if Path(frame.filename).is_relative_to(ROOT) and "site-packages" not in frame.filename
    ]
    return [f"{Path(frame.filename).relative_to(ROOT).as_posix()}:{frame.lineno}" for frame in reversed(ours)][:PLACES]
