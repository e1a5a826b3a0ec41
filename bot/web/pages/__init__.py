"""The pages behind the bot's links, and the pages that the law requires.

Rules for all pages: GET and HEAD change nothing (mail scanners follow links), only POST acts. No cookies, no scripts,
no third-party requests. A link is looked up by the hash of its token (``knowledge_base.store.pages``). An unknown token
reveals nothing, and a client that tries many is blocked (``bot.web.pages.guard``).
"""

from bot.web.pages.routes import page_routes

__all__ = ["page_routes"]
