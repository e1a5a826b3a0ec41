"""A question that found nothing sure goes to others, if its asker agrees; and others answer it.

not sure -> "pass it on" -> exactly what others will read -> yes -> editors' list, digests on its topics
a reader who can help -> reply NUMBER text -> the asker, without the author's name -> with their yes, the editors
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.channels.networks import network
from bot.channels.policy import DataClass, may_pass
from bot.commands.open_questions import OfferAnswer, PassOn, Reply
from bot.commands.search import QUESTION, Show
from bot.context import Act, Serves, Services, Turn, say
from bot.features.dialog import only_in_private
from bot.features.open_questions import closing
from bot.features.privacy_notice import version
from bot.features.reach import ways_out
from bot.features.talk import Talk, offer
from bot.features.wording import folded_words, named
from bot.messages import Choice, Happening, Say, Value
from bot.messages.markup import plain
from bot.messages.without_links import presentable
from bot.outgoing.notify import Notice, tell
from knowledge_base.ingest.personal_data import masked
from knowledge_base.language.detect import guess_language
from knowledge_base.store.consents import ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.entry_drafts import purpose_of as answer_purpose
from knowledge_base.store.open_questions import Asked, purpose_of
from knowledge_base.store.transaction import Transaction

A_DAY = timedelta(days=1)
REFUSED, REFUSALS_LAST, TOO_MANY_REFUSALS = "answers refused", timedelta(days=30), 3  # askers who want no more of them
PASSED, REPLIED = "question passed on", "question replied"  # what is counted
MOST = {PASSED: 3, REPLIED: 5}  # a day and person
NO_SUCH = Say("question.no_such")


def offered(turn: Turn) -> tuple[Choice, ...]:
    """What stands below an answer that is not sure; a button means that answer, whatever is asked afterwards."""
    if not turn.inbound.private:
        return ()
    return (Choice(Say("choice.pass_on"), PassOn(answer=turn.reply_id if turn.buttons else "")),)


async def pass_on(turn: Turn, intent: PassOn, services: Services) -> Act:
    """Show what others would read; with a yes, let them."""

    async def agree(tx: Transaction) -> Say:
        return await _agree(tx, turn, intent.number, services)

    async def withdraw(tx: Transaction) -> Say:
        gone = await tx.open_questions.drop(intent.number, turn.person.id, ConsentAction.WITHDRAWN)
        return Say("question.withdrawn", {"number": intent.number}) if gone else NO_SUCH

    async def never(tx: Transaction) -> Say:
        return await _never(tx, turn, intent.answer, services)

    async def draft(tx: Transaction) -> Say:
        return await _draft(tx, turn, intent.answer, services)

    return {"yes": agree, "withdraw": withdraw, "never": never}.get(intent.step, draft)


async def _draft(tx: Transaction, turn: Turn, answer_id: str, services: Services) -> Say:
    asked = await tx.open_questions.asked_in(answer_id) if answer_id else await _last_asked(tx, turn, services)
    if asked is None:
        return Say("question.nothing_to_pass_on")
    number, text, language = asked
    text = presentable(masked(text))
    read = services.search.snapshot.read(text, language=guess_language(text) or language).understood
    if not await tx.open_questions.keep(number, turn.person.id, text, language, topics=read.topics):
        return Say("question.passed_already", {"number": number})
    shown = _preview(number, text, read.topics, turn.language)
    await offer(tx, turn, services, shown.choices, consent=True)
    return shown


async def _last_asked(tx: Transaction, turn: Turn, services: Services) -> tuple[int, str, str] | None:
    """Return number, text and language of the last question here, also if an answer to it does not help the asker."""
    context = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    answer_id, texts = (context.answer_id if context else None) or "", Talk.of(context).texts
    if asked := await tx.open_questions.asked_in(answer_id):
        return asked
    if not (answer_id and texts):
        return None
    text = masked(" ".join(texts))
    language = guess_language(text) or turn.language
    number = await tx.answers.not_answered(text, folded_words(text), language)
    await tx.answers.reopen(answer_id, number)  # erasing the asker erases the question
    return number, text, language


def _preview(number: int, question: str, topics: Sequence[str], language: str) -> Say:
    yes = Choice(Say("choice.pass_on_yes"), PassOn("yes", number), numbered=True)
    about: dict[str, Value] = {"topics": named(topics, language)} if topics else {}
    readers = Say("question.readers" if topics else "question.readers_of_everything", about)
    return Say("question.preview", {"question": question, "readers": readers, "choices": (yes.label,)}, (yes,))


async def _agree(tx: Transaction, turn: Turn, number: int, services: Services) -> Say:
    own = await tx.open_questions.own(number, turn.person.id)
    if own is None:
        return NO_SUCH
    if await _too_often(tx, turn, services, PASSED):
        return Say("question.cap_passed", {"limit": MOST[PASSED]})
    if not await tx.open_questions.pass_on(number, turn.person.id):
        return Say("question.passed_already", {"number": number})
    await _count(tx, turn, services, PASSED)
    await _note_consent(tx, turn, purpose_of(number), _preview(number, *own, turn.language), services)
    back = Choice(Say("choice.pass_on_back"), PassOn("withdraw", number))
    return Say("question.passed_on", {"number": number}, (back,))


async def _note_consent(tx: Transaction, turn: Turn, purpose: str, shown: Say, services: Services) -> None:
    """The person agreed to this, having seen ``shown``."""
    await tx.consents.add(
        ConsentEntry(
            subject=turn.person.id,
            purpose=purpose,
            what=ConsentAction.GIVEN,
            wording=version(shown.key, turn.language, services.texts),
            text_hash=hash_of(plain(services.texts.render(shown, turn.language))),
            channel=turn.inbound.address.channel,
            event_id=turn.inbound.reference,
            method="button" if turn.inbound.happening is Happening.PRESSED else "command",
        )
    )


# ------------------------------------------------------------------------------------------------------ those who help


async def show(turn: Turn, number: int, services: Services) -> Act:
    """An open question in full, and how to answer it; where the network may not carry it, on another way."""

    async def act(tx: Transaction) -> Say:
        asked = await _asked(tx, number)
        if asked is None:
            return NO_SUCH
        shown = Say("question.show", {"number": number, "question": asked.question})
        if may_pass(turn.inbound.address.channel, DataClass.TEXT_OF_OTHERS, services.settings):
            return shown
        if not turn.inbound.private:
            return only_in_private(turn, Show(f"{QUESTION}{number}"))
        notice = Notice(shown, f"question shown:{turn.reply_id}", about=DataClass.TEXT_OF_OTHERS)
        delivery = await tell(tx, turn.person, notice, settings=services.settings, links=services.links)
        if delivery is None:
            return Say("question.no_way", {"instead": ways_out(services.settings)})
        return Say(
            "question.as_link" if delivery.as_link else "question.elsewhere",
            {"channel": network(delivery.account.channel)},
        )

    return act


async def reply(turn: Turn, intent: Reply, services: Services) -> Act:
    """Answer an open question: the answer goes to the asker at once, without the name of its author."""
    text = presentable(masked(intent.text))
    if not text:
        return say(Say("question.how", {"number": intent.number or "7"}))

    async def act(tx: Transaction) -> Say:
        asked = await _asked(tx, intent.number)
        if asked is None:
            return NO_SUCH
        if turn.person.id in asked.askers:
            return Say("question.own")
        if await _too_often(tx, turn, services, REPLIED):
            return Say("question.cap_replied", {"limit": MOST[REPLIED]})
        who = await tx.tallies.identities(turn.person.id)
        if await tx.tallies.count(services.secret, REFUSED, who, within=REFUSALS_LAST) >= TOO_MANY_REFUSALS:
            return Say("question.refused_too_often")
        if not await closing.answer(tx, services, asked, text, turn.person.id, turn.reply_id):
            return Say("question.unreached")
        await tx.open_questions.answered(asked.number)
        await _count(tx, turn, services, REPLIED)
        await tx.entry_drafts.ask(turn.reply_id, asked.number, turn.person.id, text)
        answer = _replied(text, turn.reply_id)
        await offer(tx, turn, services, answer.choices, consent=True)
        return answer

    return act


def _replied(text: str, answer_id: str) -> Say:
    """The answer is on its way; may editors read it, too?"""
    yes = Choice(Say("choice.offer_answer"), OfferAnswer(answer_id), numbered=True)
    return Say("question.replied", {"text": text, "choices": (yes.label,)}, (yes,))


async def offer_answer(turn: Turn, intent: OfferAnswer, services: Services) -> Act:
    """Let editors make an entry of an answer, without the name of its author; or stop that."""

    async def agree(tx: Transaction) -> Say:
        answer = await tx.entry_drafts.agree(intent.answer, turn.person.id)
        if answer is None:
            return Say("question.never_unknown")
        shown = _replied(answer.text, answer.id)
        await _note_consent(tx, turn, answer_purpose(answer.id), shown, services)
        back = Choice(Say("choice.offer_answer_back"), OfferAnswer(answer.id, taken_back=True))
        return Say("question.offered", {}, (back,))

    async def take_back(tx: Transaction) -> Say:
        await tx.records.lock()  # a publication at this moment has its words or not, and says so
        gone = await tx.entry_drafts.take_back(intent.answer, turn.person.id)
        return Say("question.offer_taken_back" if gone else "question.never_unknown")

    return take_back if intent.taken_back else agree


async def _never(tx: Transaction, turn: Turn, reply_id: str, services: Services) -> Say:
    """Block answers from the author of this one, without naming them; three askers who do so block them for all."""
    replier = await tx.open_questions.who_answered(reply_id, turn.person.id)
    if replier is None:
        return Say("question.never_unknown")
    if not await tx.blocks.has(services.secret, turn.person.id, replier):
        await tx.blocks.add(services.secret, turn.person.id, replier)
        who = await tx.tallies.identities(replier)
        await tx.tallies.add(services.secret, REFUSED, who, lasting=REFUSALS_LAST)
    return Say("question.never_done")


async def _asked(tx: Transaction, number: int) -> Asked | None:
    listed = await tx.open_questions.listed(number)
    return listed[0] if listed else None


async def _too_often(tx: Transaction, turn: Turn, services: Services, counter: str) -> bool:
    who = await tx.tallies.identities(turn.person.id)
    return await tx.tallies.count(services.secret, counter, who, within=A_DAY) >= MOST[counter]


async def _count(tx: Transaction, turn: Turn, services: Services, counter: str) -> None:
    who = await tx.tallies.identities(turn.person.id)
    await tx.tallies.add(services.secret, counter, who, lasting=A_DAY)


SERVES: Serves = {PassOn: pass_on, Reply: reply, OfferAnswer: offer_answer}
