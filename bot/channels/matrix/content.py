"""A message as the content of Matrix events: one node tree in two equivalent forms. Pure.

``body`` and ``formatted_body`` come from the same nodes. Everything except ``Link`` is text, and escaped. An invisible
space breaks text that users wrote where a client would make a link or a mention of it by itself; the bot's own words
and contact data (``bot.messages.Reach``) stay as they are, so that they can be copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bot.channels.matrix.http import Json
from bot.messages import Outgoing, ShownChoice
from bot.messages.hints import hints
from bot.messages.markup import Block, Break, Document, Inline, Items, Link, Paragraph, Soft, Strong, Text, plain

LARGEST = 24_000  # bytes of body and formatted_body; a whole event may have 65,536, encrypted 3/4 of that
LONG = 12  # lines; in a room, longer answers go into a thread
INVISIBLE_SPACE = "\u200b"
ANSWER_TO, PART = "org.stadtlotse.answer_to", "org.stadtlotse.part"
POLL_START, POLL_TEXT = "org.matrix.msc3381.poll.start", "org.matrix.msc1767.text"
POLL_CHOICES = range(2, 11)
SHORT = 24  # characters of a poll's answer
SCHEMES = re.compile(r"(?:https?|mailto):", re.IGNORECASE)  # of links that the specification lets clients show

# Text that clients turn into links and mentions. An id of a user or room is broken after its ":": clients ignore an
# invisible space after its sign, and would link the id up to the first break in its server's name.
ID = re.compile(r"(?<!\w)[@#!][^\s:]+:(?=\w)")
LIVE = re.compile(
    r"(?<=:)(?=//)|(?<=\w)\.(?=[^\W\d_]{2,})|(?i:(?<=www)\.)|@(?=room\b)|(?<=\w)@(?=\w)|(?i:(?<=mailto:|matrix:))"
)


@dataclass(frozen=True, slots=True)
class Relation:
    """The place of an answer: in a thread, as a reply to the question, or without relation."""

    question: str = ""
    thread: str = ""
    reply: bool = False

    def to_json(self) -> Json:
        """Return ``m.relates_to``, empty without relation."""
        if self.thread:
            answered = {"event_id": self.question or self.thread}
            return {"rel_type": "m.thread", "event_id": self.thread, "is_falling_back": True, "m.in_reply_to": answered}
        return {"m.in_reply_to": {"event_id": self.question}} if self.reply and self.question else {}


def relation(message: Outgoing, *, private: bool) -> Relation:
    """Return the thread of the question; in a room, a long answer opens a thread and a short one is a reply."""
    question = message.answers if message.answers.startswith("$") else ""
    thread = message.address.thread
    if message.threads and not thread and not private and question and plain(message.document).count("\n") > LONG:
        thread = question
    return Relation(question, thread, reply=not private)


def contents(
    message: Outgoing, *, private: bool, polls: bool = False, largest: int = LARGEST
) -> list[tuple[str, Json]]:
    """Return ``(type, content)`` of each event; the first answers the question, the others are parts of it.

    ``polls``: the reader's clients show polls, so the choices stand in a poll and not in the text.
    """
    if message.replaces:
        return _new_version(message, largest)
    where = relation(message, private=private)
    poll = _poll(message) if private and polls else None
    document = _without_choices(message) if poll else with_hints(message.document, message.choices)
    events = []
    for number, piece in enumerate(pieces(document, largest)):
        content = _text_content(piece)
        if number:
            content[PART] = number
        elif where.question:
            content[ANSWER_TO] = where.question
        related = where if not number else Relation(where.question if where.thread else "", where.thread)
        if relates_to := related.to_json():
            content["m.relates_to"] = relates_to
        events.append(("m.room.message", content))
    if poll:
        events.append((POLL_START, poll))
    return events


def _new_version(message: Outgoing, largest: int) -> list[tuple[str, Json]]:
    """Return the events that put a new version in the place of a message; what does not fit follows as parts.

    What the original says about itself (its relation, ``ANSWER_TO``) stays with the original.
    """
    first, *others = map(_text_content, pieces(with_hints(message.document, message.choices), largest * 2 // 3))
    edit: Json = {
        "msgtype": "m.text",
        "body": f"* {first['body']}",  # for clients that know no edits
        "m.mentions": {},
        "m.new_content": first,
        "m.relates_to": {"rel_type": "m.replace", "event_id": message.replaces},
    }
    parts = [content | {PART: number} for number, content in enumerate(others, start=1)]
    return [("m.room.message", content) for content in (edit, *parts)]


def with_hints(document: Document, choices: Sequence[ShownChoice]) -> Document:
    """Return the message with the commands of its unnumbered choices, as users type them."""
    commands = hints(choices, plain(document))
    return (*document, Paragraph((Soft((Text(commands, quoted=False),)),))) if commands else document


def _text_content(document: Document) -> Json:
    safe = tuple(_defused(block) for block in document)
    return {
        "msgtype": "m.text",
        "body": plain(safe),
        "format": "org.matrix.custom.html",
        "formatted_body": html(safe),
        "m.mentions": {},
    }


def _without_choices(message: Outgoing) -> Document:
    """Return the message without the list of its choices."""
    labels = [choice.label for choice in message.choices]
    blocks = message.document
    return tuple(b for b in blocks if not (isinstance(b, Items) and [plain(entry) for entry in b.entries] == labels))


def _poll(message: Outgoing) -> Json | None:
    """Return a poll if the question has a few short answers: the user answers with one tap."""
    choices = message.choices
    if len(choices) not in POLL_CHOICES or any(choice.number is None for choice in choices):
        return None
    if any(
        len(choice.label) > SHORT or defuse(choice.label) != choice.label for choice in choices
    ):  # numbers are enough
        return None
    question = plain(tuple(map(_defused, message.document))).partition("\n")[0][:300]
    answers = [{"id": choice.command, POLL_TEXT: choice.label} for choice in choices]
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
    """Return text in which no client finds a link or a mention."""
    return LIVE.sub(_broken, ID.sub(_broken, text))


def _broken(match: re.Match[str]) -> str:
    return f"{match[0]}{INVISIBLE_SPACE}"


def fuse(text: str) -> str:
    """Return the text before ``defuse``, for an id that a user copied out of a message."""
    return text.replace(INVISIBLE_SPACE, "")


def _defused(block: Block) -> Block:
    if isinstance(block, Paragraph):
        return Paragraph(tuple(_defused_inline(node) for node in block.inner))
    return Items(tuple(tuple(_defused(inner) for inner in entry) for entry in block.entries), block.start)


def _defused_inline(node: Inline) -> Inline:
    match node:
        case Text(text):
            return Text(defuse(text)) if node.quoted and not node.exact else node
        case Strong(inner):
            return Strong(tuple(_defused_inline(part) for part in inner))
        case Soft(inner):
            return Soft(tuple(_defused_inline(part) for part in inner))
        case Link() | Break():
            return node


# --- HTML -----------------------------------------------------------------------------------------------------------


def html(document: Document) -> str:
    """Return the tree as HTML, with only the tags that the specification allows."""
    return "".join(_html_block(block) for block in document)


def _html_block(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{_html_inline(block.inner)}</p>"
    entries = "".join(f"<li>{_html_entry(entry)}</li>" for entry in block.entries)
    if block.start is None:
        return f"<ul>{entries}</ul>"
    return f'<ol start="{block.start}">{entries}</ol>' if block.start != 1 else f"<ol>{entries}</ol>"


def _html_entry(entry: Document) -> str:
    """Return an entry of a list; one paragraph alone without its element, so that clients show a tight list."""
    match entry:
        case (Paragraph(inner),):
            return _html_inline(inner)
        case _:
            return html(entry)


def _html_inline(nodes: Iterable[Inline]) -> str:
    return "".join(_html_node(node) for node in nodes)


def _html_node(node: Inline) -> str:
    match node:
        case Text(text):  # clients show an id of the reader's own as an alarm, but not in code
            return f"<code>{escape(text)}</code>" if node.own and node.exact else escape(text)
        case Link(url):
            return f'<a href="{escape(url)}">{escape(node.label)}</a>' if SCHEMES.match(url) else escape(node.shown)
        case Break():
            return "<br>"
        case Strong(inner):
            return f"<strong>{_html_inline(inner)}</strong>"
        case Soft(inner):
            return f"<em>{_html_inline(inner)}</em>"


# --- size -----------------------------------------------------------------------------------------------------------


def size(document: Document) -> int:
    """Return an upper estimate of the bytes that both forms take in JSON."""
    return 2 * len(plain(document).encode()) + len(html(document).encode()) + 4 * len(document)


def pieces(document: Document, largest: int) -> list[Document]:
    """Return the document in parts that each fit into an event, cut between blocks, then entries, then words."""
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
    """Yield words joined to texts of at most ``most`` characters; cut a longer word."""
    text = ""
    for word in words:
        for piece in (word[start : start + most] for start in range(0, len(word), most)):
            if text and len(text) + len(piece) > most:
                yield text
                text = ""
            text += piece
    if text:
        yield text
