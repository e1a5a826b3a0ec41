"""A Bot API on the loopback interface that behaves as Telegram's own: for every test, and for ``make try-telegram``.

``LoopbackApi`` answers HTTP; ``World`` holds people and chats and is what a test acts through; ``Fault`` makes a call
fail. What the real server would silently ignore (an unknown parameter, a wrong type) is collected in ``violations``.
"""

from tests.telegram_api.faults import Fault
from tests.telegram_api.server import LoopbackApi
from tests.telegram_api.world import Chat, Message, User, World

__all__ = ["Chat", "Fault", "LoopbackApi", "Message", "User", "World"]
