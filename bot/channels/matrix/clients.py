"""What a user's clients can show, by the names that they give their sessions. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection

# Clients that show polls. Nheko and Cinny hide them, NeoChat shows an empty bubble; others are not known to show them.
WITH_POLLS = re.compile(r"\b(?:element|schildichat|bundesmessenger)\b", re.IGNORECASE)


def show_polls(session_names: Collection[str]) -> bool:
    """Return whether every client of a user shows polls; a session without a name may be any client."""
    return bool(session_names) and all(WITH_POLLS.search(name) for name in session_names)
