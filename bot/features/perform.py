"""Which feature serves which intent."""

from __future__ import annotations

from bot.features import Act, Services, Turn, ask, editing, say
from bot.features import help as guide
from bot.intents import Ask, Edit, Help, Intent, Language, More, Pick, Questions, Rate, Remove, Show, Start, Unknown
from bot.messages import Say
from bot.router import route


async def perform(turn: Turn, intent: Intent, services: Services) -> Act:  # noqa: C901 - one line per intent
    """The act that an intent asks for."""
    match intent:
        case Start():
            return await guide.start(services)
        case Help():
            return await guide.show_help(turn)
        case Ask():
            return await ask.ask(turn, intent, services)
        case More():
            return await ask.more(turn, services)
        case Show(which):
            return await ask.show(turn, which, services)
        case Pick(number):
            command = await ask.pick(turn, number, services)
            if command is None:
                return say(Say("pick.nothing", {"number": number}))
            return await perform(turn, route(f"!{command}", private=True).intent, services)
        case Language():
            return await guide.choose_language(turn, intent)
        case Rate(useful, answer):
            return await ask.rate(turn, useful, answer, services)
        case Questions():
            return await editing.questions(turn, intent)
        case Edit():
            return await editing.edit(turn, intent)
        case Remove():
            return await editing.remove(turn, intent)
        case Unknown(command):
            return await guide.unknown(command)
