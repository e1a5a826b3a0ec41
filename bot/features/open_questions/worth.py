"""Questions without an answer that editors should see: about a subject, no mistyped commands, no chatter. Pure."""

from __future__ import annotations

import re

from bot.commands import WORDS, word_of
from bot.commands.command import fold
from knowledge_base.search.understanding import Query

# Words of those who speak of themselves or of the bot, folded.
OF_TALKERS = frozenset({
    "ich", "mich", "mir", "mein", "meine", "meinen", "meiner", "meinem", "meines", "du", "dich", "dir", "dein",
    "deine", "deinen", "bot", "me", "my", "mine", "you", "your", "yours", "mnie", "moj", "moja", "moje", "moich", "ty",
    "ciebie", "twoj", "twoja", "twoje",
})  # fmt: skip
LEAST_WORD, LEAST_WORDS = 3, 2  # letters of a word about a subject; so many of them where talkers are spoken of
MOST_TYPED = 4  # words of a command without its mark


def is_worth_noting(query: Query) -> bool:
    """Return whether a question that found nothing sure tells editors what is missing."""
    if is_mistyped(query.text):
        return False
    read = query.understood
    if any((read.topics, query.placed, query.places, read.rounds, query.addresses)):
        return True
    about = [word for word in map(fold, query.subject) if len(word) >= LEAST_WORD and word not in OF_TALKERS]
    words = re.findall(r"\w+", fold(query.text))
    return len(about) >= (LEAST_WORDS if OF_TALKERS & set(words) else 1)


def is_mistyped(text: str) -> bool:
    """Return whether a text is a command without its mark, such as "show osl-001"."""
    first, *others = text.split()
    if word_of(first.strip(".,:;")) not in WORDS or len(others) >= MOST_TYPED:
        return False
    return not others or bool(re.search(r"\d|=", others[0])) or others[0].startswith("!")
