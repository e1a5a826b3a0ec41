"""Users tell the editors that a record is wrong, or about a project that they lack: shown first, sent with a yes.

report -> exactly what the editors will read -> yes -> their list of questions, and a message to each of them
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.channels.policy import DataClass
from bot.commands.conversation import Report
from bot.commands.search import PROJECT
from bot.context import Act, Serves, Services, Turn
from bot.features.editors.corrections import editors
from bot.features.talk import offer
from bot.messages import Choice, Say
from bot.messages.markup import clean
from bot.messages.without_links import presentable
from bot.outgoing.notify import Notice, tell
from knowledge_base.ingest.personal_data import masked
from knowledge_base.store.open_questions import QuestionAudience
from knowledge_base.store.transaction import Transaction

REPORTED, MOST = "reported", 5  # what is counted; a day and person
KINDS = ("wrong", "new")


async def report(turn: Turn, intent: Report, services: Services) -> Act:
    """Show what the editors would read, and ask for a yes; with it, pass it on."""
    kind = intent.kind if intent.kind in KINDS else "wrong"
    text = presentable(masked(clean(intent.text)))

    async def preview(tx: Transaction) -> Say:
        entry = intent.entry.removeprefix(PROJECT)
        yes = Choice(Say("choice.report_yes"), replace(intent, kind=kind, text=text, sent=True), numbered=True)
        await offer(tx, turn, services, (yes,), consent=True)
        about = Say("report.about", {"entry": entry}) if entry and kind == "wrong" else ""
        return Say(f"report.{kind}", {"text": text, "about": about, "choices": (yes.label,)}, (yes,))

    async def send(tx: Transaction) -> Say:
        who, day = await tx.tallies.identities(turn.person.id), timedelta(days=1)
        if await tx.tallies.count(services.secret, REPORTED, who, within=day) >= MOST:
            return Say("report.too_often", {"limit": MOST})
        await tx.tallies.add(services.secret, REPORTED, who, lasting=day)
        entry = intent.entry.removeprefix(PROJECT) if kind == "wrong" else ""
        whole = f"{entry}: {text}" if entry else text
        number = await tx.answers.not_answered(f"{kind}", f"report {turn.reply_id}", turn.language)
        await tx.open_questions.keep(number, turn.person.id, whole, turn.language, audience=QuestionAudience.EDITORS)
        said = Say(f"report.asked_{kind}", {"number": number, "text": whole})
        for editor in await editors(tx, services):
            notice = Notice(said, f"report:{number}:{editor.id}", about=DataClass.TEXT_OF_OTHERS)
            await tell(tx, editor, notice, settings=services.settings, links=services.links)
        return Say("report.sent", {"number": number})

    return send if intent.sent else preview


SERVES: Serves = {Report: report}
