"""The pages that people reach by a link of ours, and those that the law wants.

For all of them: GET and HEAD change nothing (mail scanners follow links), POST acts. No cookies and no scripts; nothing
is loaded from anywhere else. What a link stands for is looked up by the hash of its token
(``knowledge_base.store.pages``); a token that nobody was sent tells nothing, and who tries many is stopped
(``bot.web.pages.guard``).
"""

from bot.web.pages.routes import page_routes

__all__ = ["page_routes"]
