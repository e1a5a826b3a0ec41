"""Who am I for this bot: the user's own address, as the settings want it, and the role that it has."""

from __future__ import annotations

from bot.commands.account import WhoAmI
from bot.context import Act, Serves, Services, Turn, say
from bot.messages import Reach, Say


async def whoami(turn: Turn, _intent: WhoAmI, _services: Services) -> Act:
    """Tell the address of the account that asks, and whether it belongs to an admin or editor."""
    address = f"{turn.inbound.address.channel}:{turn.inbound.user}"
    role = {(True, True): "both", (True, False): "admin", (False, True): "editor"}.get(
        (turn.admin, turn.editor), "user"
    )
    return say(Say("whoami", {"address": Reach(address, own=True, linked=False), "role": Say(f"whoami.{role}")}))


SERVES: Serves = {WhoAmI: whoami}
