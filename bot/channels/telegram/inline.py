"""``@bot mobility`` in any chat: project cards, without anybody's data."""

from __future__ import annotations

import structlog
from telegram import Bot, InlineQueryResultArticle, InputTextMessageContent, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.channels.telegram.html import parts
from bot.channels.telegram.normalise import InlineQuestion
from bot.channels.telegram.policy import Policy
from bot.ports import Card, Desk

log = structlog.get_logger()

CACHE_S = 300
SHORT = 120


async def answer(bot: Bot, question: InlineQuestion, desk: Desk, policy: Policy) -> None:
    """Show the best projects; whatever goes wrong, the next letter typed asks again."""
    try:
        cards = await desk.cards(question.text, question.language)
        results = [_article(number, policy.card(card)) for number, card in enumerate(cards)]
        await bot.answer_inline_query(question.id, results, cache_time=CACHE_S, is_personal=False)
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
