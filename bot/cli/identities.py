"""``confirm-identity``: the operator confirms that a new Matrix identity belongs to its user."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.channels.matrix.confirming import accept, identities, in_groups
from bot.channels.matrix.content import fuse
from bot.cli.common import fail, load_settings, run, tell, write

ASK = (
    "{user} has reset the identity, or somebody has put another one in its place. Ask them, by telephone or face to\n"
    "face, whether they reset their encryption (a new phone, a lost recovery key). If they did not: do not confirm,\n"
    "and tell the administrator of the homeserver."
)


def confirm_identity(
    context: typer.Context,
    user: Annotated[str, typer.Argument(help="the Matrix id, @name:server")],
    yes: Annotated[bool, typer.Option("--yes", help="you have asked the person already")] = False,
) -> None:
    """Matrix: confirm a user's new identity. The user can then read encrypted answers again."""
    settings, user = load_settings(context, level="ERROR"), fuse(user)
    if not settings.matrix.homeserver:
        fail("Matrix is not configured.")
    both = run(identities(settings.matrix, settings.state_dir, user))
    write(f"known to the bot:        {in_groups(both.known)}")
    write(f"shown by the homeserver: {in_groups(both.shown)}")
    if not both.changed:
        write("nothing to confirm")
        return
    tell(ASK.format(user=user))
    if not yes and not typer.confirm("Have you asked, and was it really them?", err=True):
        fail("Left as it was.")
    accept(settings.state_dir, both)
    write("confirmed")
