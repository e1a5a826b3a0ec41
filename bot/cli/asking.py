"""``ask``: one answer, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Any

import typer

from bot.channels.policy import can_take_request
from bot.cli.common import load_settings, progress, read_any_bytes, run, write, write_json
from bot.features.search.answers import by_municipality, listing
from bot.features.search.ask import PAGE
from bot.messages.markup import plain
from bot.resources import open_knowledge
from bot.texts import LANGUAGES, Texts
from config.settings import Settings
from knowledge_base.model import Answer, Hit


def ask(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(help="the question; - reads one per line from stdin")],
    as_json: Annotated[bool, typer.Option("--json", help="write one JSON object per question")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="number of hits and near hits together")] = 5,
    lang: Annotated[str | None, typer.Option(help="language of the answer: de, en or pl")] = None,
) -> None:
    """Answer one question. With -, answer each line of stdin, in order and on its own."""
    if lang is not None and lang not in LANGUAGES:
        raise typer.BadParameter(f"choose one of {', '.join(LANGUAGES)}", param_hint="--lang")
    settings = load_settings(context)
    read_any_bytes()
    questions = (line.rstrip("\r\n") for line in sys.stdin) if question == ["-"] else iter([" ".join(question)])
    run(_ask(settings, questions, as_json, limit, lang))


async def _ask(settings: Settings, questions: Iterator[str], as_json: bool, limit: int, lang: str | None) -> None:
    texts = Texts()
    async with AsyncExitStack() as stack:
        with progress() as bar:
            knowledge = await stack.enter_async_context(open_knowledge(settings, progress=bar))
        knowledge.search.reach_by(partial(can_take_request, settings=settings))
        for question in questions:
            answer = (await knowledge.search.ask([question], limit=limit)).answer
            if as_json:
                write_json(as_object(answer, limit) | ({"language": lang} if lang else {}))
            else:
                language = lang or answer.language
                write(plain(texts.render(listing(answer, language), language)) + "\n")


def as_object(answer: Answer, limit: int) -> dict[str, Any]:
    """The answer in the shape that other programs rely on."""
    read = answer.understood
    return {
        "question": answer.question,
        "language": answer.language,
        "answered": answer.answered,
        "understood": {
            "topics": list(read.topics),
            "municipalities": list(read.municipalities),
            "states": list(read.states),
            "rounds": list(read.rounds),
            "years": list(read.years),
            "status": list(read.status),
        },
        "hits": [_hit(hit) for hit in _in_shown_order(answer, limit)],
        "near": [_hit(hit) for hit in answer.near[: limit - len(answer.hits[:limit])]],
        "took_ms": round(answer.took_ms, 2),
    }


def _in_shown_order(answer: Answer, limit: int) -> list[Hit]:
    """The same order as in a chat, page by page."""
    hits = answer.hits[:limit]
    if not answer.understood.who:
        return list(hits)
    pages = [hits[start : start + PAGE] for start in range(0, len(hits), PAGE)]
    return [hit for page in pages for hit in by_municipality(page)]


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.project.id,
        "title": hit.project.title,
        "municipality": hit.project.municipality,
        "score": round(hit.score, 4),
        "why": hit.why,
        "url": hit.project.url,
        "contact": {"role": hit.contact_role, "can_introduce": hit.can_introduce},
    }
