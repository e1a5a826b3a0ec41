"""Projects to the texts that are embedded, none twice: each version of the document, its parts, and its questions.

A vector of a long document blurs its paragraphs; a vector of a paragraph does not know the subject of the document. So
both are kept, and each part carries the title. A short document has one text per language, hence one vector. Questions
that a record answers (``asked_as``) are passages of their own: a question is nearer to a question than to a report.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from knowledge_base.model import Project
from knowledge_base.translations import versions

PASSAGE_CHARACTERS = 700  # measured best on public-service pages, see docs/search.md
WHOLE_CHARACTERS = 4_000  # an engine reads about 512 tokens (2,000 characters); the rest would be cut there anyway
MAX_PASSAGES = 64  # of one document; a book among the projects must not own the index
MAX_QUESTIONS = 16  # of one document and language

Kind = Literal["whole", "part", "asked"]

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text to embed. ``body`` is the piece of the project's text in it, which an answer may quote as *why*."""

    text: str
    kind: Kind
    body: str  # empty for a question
    lang: str

    @property
    def hash(self) -> bytes:
        """Return the key of this text's vector; see ``text_hash``."""
        return text_hash(self.text)


def text_hash(text: str) -> bytes:
    """Return the first 16 bytes of SHA-256, for any string, lone surrogates too; equal texts share one vector."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def passages(project: Project) -> tuple[Passage, ...]:
    """Return the texts of a project: the original, whole and in parts, then each translation, then the questions."""
    texts = [passage for version in versions(project).values() for passage in _of_version(version)]
    texts += [
        Passage(question, "asked", "", language)
        for language, questions in project.asked_as.items()
        for question in questions[:MAX_QUESTIONS]
    ]
    return tuple(texts)


def _of_version(project: Project) -> tuple[Passage, ...]:
    """Return the whole document first, then its parts in reading order; a short one has no parts."""
    heading, body = project.title.strip(), _body(project)
    whole = Passage(_join(heading, body)[:WHOLE_CHARACTERS], "whole", body, project.lang)
    if len(body) <= PASSAGE_CHARACTERS:
        return (whole,)
    pieces = list(_pieces(body, PASSAGE_CHARACTERS))[:MAX_PASSAGES]
    return whole, *(Passage(_join(heading, piece), "part", piece, project.lang) for piece in pieces)


def _body(project: Project) -> str:
    """Return the text without the title that many sources repeat in its first line."""
    text, title = project.text.strip(), project.title.strip()
    return text[len(title) :].strip() if title and text.startswith(title + "\n") else text


def _join(heading: str, body: str) -> str:
    return f"{heading}\n{body}" if heading and body else heading or body


def _pieces(text: str, size: int) -> Iterator[str]:
    """Return the text cut at sentence ends into pieces of about equal length, each at most ``size`` characters."""
    aim = -(-len(text) // -(-len(text) // size))  # equal shares: no piece of three words at the end
    piece = ""
    for sentence in _sentences(text, size):
        if (piece and len(piece) + 1 + len(sentence) > size) or len(piece) >= aim:
            yield piece
            piece = ""
        piece = f"{piece} {sentence}" if piece else sentence
    if piece:
        yield piece


def _sentences(text: str, size: int) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        for start in range(0, len(sentence), size):  # a sentence longer than a passage is cut hard
            if part := sentence[start : start + size].strip():
                yield part
