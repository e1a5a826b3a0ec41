"""A message to the content of Matrix events: one node tree, two forms that say the same. Pure.

``body`` and ``formatted_body`` are written from the same nodes. Everything that is no ``Link`` is text: escaped, and
broken where a client would make a link or a mention of it by itself (an invisible space, nothing else changes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bot.channels.matrix.http import Json
from bot.messages import Outgoing, ShownChoice
from bot.messages.markup import Block, Break, Document, Inline, Items, Link, Paragraph, Soft, Strong, Text, plain

LARGEST = 24_000  # bytes of body and formatted_body; an event may have 65,536 with everything around, encrypted 3/4
LONG = 12  # lines; in a room, longer answers go into a thread
INVISIBLE_SPACE = "\u200b"
ANSWER_TO, PART = "org.stadtlotse.answer_to", "org.stadtlotse.part"
POLL_START, POLL_TEXT = "org.matrix.msc3381.poll.start", "org.matrix.msc1767.text"
POLL_CHOICES = range(2, 11)
SHORT = 24  # characters of a poll's answer

# What clients turn into links and mentions: scheme://, www. and host.tld, @user, #room:server, !room:server.
LIVE = re.compile(
    r"(?<=:)(?=//)|(?<=\w)\.(?=[^\W\d_]{2,})|(?i:(?<=www)\.)|(?<!\w)[@#!](?=[^\s:]+:\w)|@(?=room\b)|(?<=\w)@(?=\w)|(?i:(?<=mailto:|matrix:))"
)


@dataclass(frozen=True, slots=True)
class Relation:
    """Where an answer belongs: in a thread, beside the question, or to nothing."""

    question: str = ""
    thread: str = ""
    reply: bool = False

    def to_json(self) -> Json:
        """``m.relates_to``, or nothing."""
        if self.thread:
            answered = {"event_id": self.question or self.thread}
            return {"rel_type": "m.thread", "event_id": self.thread, "is_falling_back": True, "m.in_reply_to": answered}
        return {"m.in_reply_to": {"event_id": self.question}} if self.reply and self.question else {}


def relation(message: Outgoing, *, private: bool) -> Relation:
    """In the thread of the question; a long answer in a room opens one; a short one there is a reply."""
    question = message.answers if message.answers.startswith("$") else ""
    thread = message.address.thread
    if not thread and not private and question and plain(message.document).count("\n") > LONG:
        thread = question
    return Relation(question, thread, reply=not private)


def contents(message: Outgoing, *, private: bool, largest: int = LARGEST) -> list[tuple[str, Json]]:
    """``(type, content)`` of each event; the first answers the question, the others are parts of it."""
    where = relation(message, private=private)
    document = with_hints(message.document, message.choices)
    events = []
    for number, piece in enumerate(pieces(document, largest)):
        content = _text_content(piece)
        if number:
            content[PART] = number
        elif where.question:
            content[ANSWER_TO] = where.question
        related = where if not number else Relation(where.question if where.thread else "", where.thread)
        if found := related.to_json():
            content["m.relates_to"] = found
        events.append(("m.room.message", content))
    if poll := _poll(message, private=private):
        events.append((POLL_START, poll))
    return events


def with_hints(document: Document, choices: Sequence[ShownChoice]) -> Document:
    """The message with the commands behind its unnumbered choices, as they are typed."""
    hints = " · ".join(choice.typed for choice in choices if choice.number is None)
    return (*document, Paragraph((Soft((Text(hints),)),))) if hints else document


def _text_content(document: Document) -> Json:
    safe = tuple(_defused(block) for block in document)
    return {
        "msgtype": "m.text",
        "body": plain(safe),
        "format": "org.matrix.custom.html",
        "formatted_body": html(safe),
        "m.mentions": {},
    }


def _poll(message: Outgoing, *, private: bool) -> Json | None:
    """In a private chat, a question with a few short answers can be answered with one tap."""
    choices = message.choices
    if not private or len(choices) not in POLL_CHOICES or any(choice.number is None for choice in choices):
        return None
    if any(len(choice.label) > SHORT for choice in choices):  # titles: their numbers are enough
        return None
    question = defuse(plain(message.document).partition("\n")[0])[:300]
    answers = [{"id": choice.command, POLL_TEXT: defuse(choice.label)[:300]} for choice in choices]
    lines = [
        question,
        *(f"{choice.number}. {answer[POLL_TEXT]}" for choice, answer in zip(choices, answers, strict=True)),
    ]
    start = {
        "question": {POLL_TEXT: question},
        "kind": "org.matrix.msc3381.poll.disclosed",
        "max_selections": 1,
        "answers": answers,
    }
    return {POLL_START: start, POLL_TEXT: "\n".join(lines), "m.mentions": {}, PART: "poll"}


# --- safety ---------------------------------------------------------------------------------------------------------


def defuse(text: str) -> str:
    """Text in which no client finds a link or a mention."""
    return LIVE.sub(lambda found: f"{found[0]}{INVISIBLE_SPACE}", text)


def fuse(text: str) -> str:
    """Text as it was before ``defuse``: for an id that somebody has copied out of a message."""
    return text.replace(INVISIBLE_SPACE, "")


def _defused(block: Block) -> Block:
    if isinstance(block, Paragraph):
        return Paragraph(tuple(_defused_inline(node) for node in block.inner))
    return Items(tuple(tuple(_defused(inner) for inner in entry) for entry in block.entries), block.start)


def _defused_inline(node: Inline) -> Inline:
    match node:
        case Text(text):
            return Text(defuse(text))
        case Strong(inner):
            return Strong(tuple(_defused_inline(part) for part in inner))
        case Soft(inner):
            return Soft(tuple(_defused_inline(part) for part in inner))
        case Link() | Break():
            return node


# --- HTML -----------------------------------------------------------------------------------------------------------


def html(document: Document) -> str:
    """The tree as HTML, of nothing but tags that the specification allows."""
    return "".join(_html_block(block) for block in document)


def _html_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_html_inline(block.inner)}</p>"
    entries = "".join(f"<li>{html(entry)}</li>" for entry in block.entries)
    if block.start is None:
        return f"<ul>{entries}</ul>"
    return f'<ol start="{block.start}">{entries}</ol>' if block.start != 1 else f"<ol>{entries}</ol>"


def _html_inline(nodes: Iterable[Inline]) -> str:
    return "".join(_html_node(node) for node in nodes)


def _html_node(node: Inline) -> str:
    match node:
        case Text(text):
            return escape(text)
        case Link(url):
            return f'<a href="{escape(url)}">{escape(url)}</a>'
        case Break():
            return "<br>"
        case Strong(inner):
            return f"<strong>{_html_inline(inner)}</strong>"
        case Soft(inner):
            return f"<em>{_html_inline(inner)}</em>"


# --- size -----------------------------------------------------------------------------------------------------------


def size(document: Document) -> int:
    """How many bytes both forms take in JSON, generously."""
    return 2 * len(plain(document).encode()) + len(html(document).encode()) + 4 * len(document)


def pieces(document: Document, largest: int) -> list[Document]:
    """The document in parts that each fit into an event, cut between blocks, then entries, then words."""
    parts: list[Document] = []
    current: Document = ()
    for block in _small_blocks(document, largest):
        if current and size((*current, block)) > largest:
            parts.append(current)
            current = ()
        current = (*current, block)
    return [*parts, current] if current or not parts else parts


def _small_blocks(document: Document, largest: int) -> Iterator[Block]:
    for block in document:
        if size((block,)) <= largest:
            yield block
        elif isinstance(block, Items):
            yield from _small_items(block, largest)
        else:
            words = re.findall(r"\S+\s*", plain((block,)))
            for text in _packed(words, max(1, largest // 16)):
                yield Paragraph((Text(text),))


def _small_items(items: Items, largest: int) -> Iterator[Block]:
    for offset, entry in enumerate(items.entries):
        start = None if items.start is None else items.start + offset
        whole = Items((entry,), start)
        if size((whole,)) <= largest:
            yield whole
        else:
            first, *others = list(_small_blocks(entry, largest // 2)) or [Paragraph(())]
            yield Items(((first,),), start)
            yield from others


def _packed(words: Iterable[str], most: int) -> Iterator[str]:
    """Words joined to texts of at most so many characters; a longer word is cut."""
    text = ""
    for word in words:
        for piece in (word[start : start + most] for start in range(0, len(word), most)):
            if text and len(text) + len(piece) > most:
                yield text
                text = ""
            text += piece
    if text:
        yield text
