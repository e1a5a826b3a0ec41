"""Which feature serves which intent."""

from __future__ import annotations

from bot.commands.intents import (
    Ask,
    Correct,
    Digest,
    Disconnect,
    Edit,
    Forget,
    Help,
    Intent,
    Introduce,
    IntroduceStatus,
    IntroduceStep,
    Language,
    More,
    MyData,
    NewEntry,
    OfferAnswer,
    PassOn,
    Pause,
    Pick,
    Privacy,
    Profile,
    Questions,
    Rate,
    Refuse,
    Remove,
    Reply,
    Respond,
    Resume,
    SayHelped,
    Show,
    Start,
    Subscribe,
    Thanks,
    Unknown,
    Unsubscribe,
    Verify,
    Withdraw,
)
from bot.commands.router import route
from bot.context import Act, Services, Turn, say
from bot.features import help as guide
from bot.features.accounts import connect, disconnect, pause, profile
from bot.features.digests import chat as digests
from bot.features.digests import subscribe
from bot.features.editors import corrections, new_entry, questions
from bot.features.introductions import chat as introductions
from bot.features.open_questions import pass_on
from bot.features.permissions import refusal
from bot.features.privacy import chat as privacy
from bot.features.search import ask
from bot.messages import Say
from knowledge_base.store.transaction import Transaction

Introducing = Introduce | IntroduceStep | IntroduceStatus | Respond | SayHelped
OfEditors = Questions | NewEntry | Edit | Remove
AboutOneself = Profile | Verify | Disconnect | Pause | Resume | Refuse | Privacy | MyData | Forget | Withdraw | Correct


async def perform(turn: Turn, intent: Intent, services: Services) -> Act:
    """The act that an intent asks for, or the refusal when it is not this person's to want here.

    Acts of one person, in several chats at once, come one after the other: none loses what another one stored.
    """
    act = await _act(turn, intent, services)

    async def alone(tx: Transaction) -> Say:
        await tx.people.hold(turn.person.id)
        return await act(tx)

    return alone


async def _act(turn: Turn, intent: Intent, services: Services) -> Act:  # noqa: C901 - one line per intent
    if refused := refusal(turn, intent):
        return say(refused)
    match intent:
        case Start(handle):
            return await connect.start(turn, handle, services)
        case Thanks():
            return say(Say("thanks"))
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
            return await _act(turn, route(f"!{command}", private=True).intent, services)
        case Language():
            return await guide.choose_language(turn, intent)
        case Rate(useful, answer):
            return await ask.rate(turn, useful, answer, services)
        case Questions() | NewEntry() | Edit() | Remove() as work:
            return await _of_editors(turn, work, services)
        case PassOn():
            return await pass_on.pass_on(turn, intent, services)
        case Reply():
            return await pass_on.reply(turn, intent, services)
        case OfferAnswer():
            return await pass_on.offer_answer(turn, intent, services)
        case Subscribe():
            return await subscribe.subscribe(turn, intent, services)
        case Unsubscribe():
            return await digests.unsubscribe(turn, services)
        case Digest():
            return await digests.digest(turn, intent, services)
        case Unknown(command):
            return await guide.unknown(command)
        case Introduce() | IntroduceStep() | IntroduceStatus() | Respond() | SayHelped():
            return await _introducing(turn, intent, services)
        case (
            Profile()
            | Verify()
            | Disconnect()
            | Pause()
            | Resume()
            | Refuse()
            | Privacy()
            | MyData()
            | Forget()
            | Withdraw()
            | Correct() as mine
        ):
            return await _about_oneself(turn, mine, services)


async def _of_editors(turn: Turn, intent: OfEditors, services: Services) -> Act:
    match intent:
        case Questions():
            return await questions.questions(turn, intent, services)
        case NewEntry():
            return await new_entry.enter(turn, intent, services)
        case Edit():
            return await corrections.edit(turn, intent, services)
        case Remove():
            return await questions.remove(intent)


async def _introducing(turn: Turn, intent: Introducing, services: Services) -> Act:
    match intent:
        case Introduce():
            return await introductions.introduce(turn, intent, services)
        case IntroduceStep():
            return await introductions.step(turn, intent, services)
        case IntroduceStatus():
            return await introductions.status(turn, services)
        case Respond():
            return await introductions.answer(turn, intent, services)
        case SayHelped():
            return await introductions.say_helped(turn, intent, services)


async def _about_oneself(turn: Turn, intent: AboutOneself, services: Services) -> Act:  # noqa: C901 - as above
    match intent:
        case Profile():
            return await profile.profile(turn, intent, services)
        case Verify():
            return await connect.verify(turn, intent, services)
        case Disconnect():
            return await disconnect.disconnect(turn, intent, services)
        case Pause():
            return await pause.pause(turn, intent)
        case Resume():
            return await pause.resume(turn, intent)
        case Refuse():
            return await pause.refuse(turn, services)
        case Privacy():
            return await privacy.privacy(services)
        case MyData():
            return await privacy.my_data(turn, intent, services)
        case Forget():
            return await privacy.forget(turn, intent, services)
        case Withdraw():
            return await privacy.withdraw(turn)
        case Correct():
            return await corrections.correct(turn, intent, services)
