"""Inline queries (``@bot mobility`` in any chat): project cards, within the rate limit of the user."""

from __future__ import annotations

import structlog
from telegram import (
    Bot,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.channels.port import Card, Desk
from bot.channels.telegram.html import parts
from bot.channels.telegram.normalise import NAME, InlineQuestion
from bot.channels.telegram.policy import Policy

log = structlog.get_logger()

CACHE_S = 300
REFUSED_S = 30  # seconds for which Telegram repeats a refusal from its cache
START = "limits"  # start parameter of the button under a refusal
SHORT = 120


async def answer(bot: Bot, question: InlineQuestion, desk: Desk, policy: Policy) -> None:
    """Show the best projects. Never raise: the next letter that the user types asks again."""
    try:
        result = await desk.cards(NAME, question.user, question.text, question.language)
        results = [_article(number, policy.card(card)) for number, card in enumerate(result.cards)]
        await bot.answer_inline_query(
            question.id,
            results,
            cache_time=REFUSED_S if result.note else CACHE_S,
            is_personal=True,  # otherwise Telegram shows it to others, past their rate limits
            button=InlineQueryResultsButton(result.note, start_parameter=START) if result.note else None,
        )
    except TelegramError as error:
        log.info("telegram.inline_failed", error=type(error).__name__)
    except Exception:
        log.exception("telegram.inline_failed")


def _article(number: int, card: Card) -> InlineQueryResultArticle:
    content = InputTextMessageContent(
        parts(card.document)[0].html,
        parse_mode=ParseMode.HTML,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    return InlineQueryResultArticle(
        str(number), card.title[:SHORT] or "…", content, description=card.summary[:SHORT] or None
    )
