"""Every intent, with any values that its fields may have."""

from __future__ import annotations

from hypothesis import strategies as st

from bot.commands.account import (
    FIELDS,
    LANGUAGE_CODES,
    LONGEST_PAUSE,
    SUBJECTS,
    Disconnect,
    EditProfile,
    Language,
    Pause,
    Refuse,
    Resume,
    Verify,
    WhoAmI,
)
from bot.commands.admins import ALL as EVERY
from bot.commands.admins import Status, Unclear
from bot.commands.command import MOST_DIGITS, Intent
from bot.commands.contacts import CLAIM_STEPS, FACTS, INVITE_STEPS, ClaimRole, Claims, ConfirmFacts, Invite, Wanted
from bot.commands.contributions import STEPS as CONTRIBUTE_STEPS
from bot.commands.contributions import Contribute, ContributeStep
from bot.commands.conversation import AboutBot, AskBack, Attribute, Decline, Propose, Report, SmallTalk
from bot.commands.digests import OF_SUBSCRIBE, STEPS, Digest, Subscribe, Unsubscribe
from bot.commands.editing import Edit, History, Remove, Undo
from bot.commands.editors import Candidates, NewEntry, Questions
from bot.commands.general import LONGEST_UNKNOWN, Greet, Help, Start, Thanks, Unknown
from bot.commands.introductions import (
    ANSWERS,
    HELPED,
    Introduce,
    IntroduceStatus,
    IntroduceStep,
    Respond,
    SayHelped,
)
from bot.commands.introductions import STEPS as INTRODUCE_STEPS
from bot.commands.open_questions import OfferAnswer, PassOn, Reply
from bot.commands.privacy import Correct, Forget, MyData, ShowPrivacy, Withdraw
from bot.commands.ratings import Rate
from bot.commands.rooms import SetRoom
from bot.commands.search import Ask, More, Original, Pick, Show

texts = st.text(st.characters(codec="utf-8"), max_size=20).map(str.strip)  # may be empty; spaces around them are lost
filled = texts.filter(bool)
lines = st.text("abcäłÉ 0=!\n\"'", max_size=20).map(str.strip)
names = st.text("abcdefgh-", min_size=1, max_size=10)  # of records
records = st.one_of(names, st.text("abc d=", min_size=1, max_size=10).filter(lambda name: name == name.strip()))
tokens = st.text("0123456789abcdef", min_size=32, max_size=32)  # ids of answers
codes = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=5, max_size=5)
numbers = st.integers(1, 10**MOST_DIGITS - 1)
few = st.integers(0, 999)
marks = st.text("0123456789abcdef", min_size=8, max_size=8)
fields = st.sampled_from(["title", "text", "municipality", "topics", "licence", "funding_round"])
entries = st.one_of(
    filled.map("project:{}".format),
    st.sampled_from(["project:12", "project:=a", "project:event:x", "project:status", "project:yes K7P2M"]),
    names.map("event:{}".format),
    names.map("contact:{}".format),
    numbers.map("question:{}".format),
)
subjects = st.sampled_from(["", *sorted(set(SUBJECTS.values()))])
step_texts = st.one_of(lines, st.sampled_from(["mobility", "monday 8", "everywhere", "off", "settings"]))


def built(intent: type[Intent], *values: st.SearchStrategy[object]) -> st.SearchStrategy[Intent]:
    return st.tuples(*values).map(lambda given: intent(*given))


ALL: dict[type[Intent], st.SearchStrategy[Intent]] = {
    Ask: built(Ask, filled),
    ClaimRole: st.one_of(
        st.just(ClaimRole()), built(ClaimRole, st.sampled_from(sorted(set(CLAIM_STEPS.values()))), lines)
    ),
    Claims: st.one_of(st.just(Claims()), built(Claims, st.sampled_from(["yes", "no"]), numbers, lines)),
    Invite: st.one_of(
        built(Invite, st.just(""), st.sampled_from(["", "Soest", "#05974040", "Bad Belzig"])),
        built(Invite, st.sampled_from(sorted(set(INVITE_STEPS.values()))), st.sampled_from(["Soest", "#05974040"])),
    ),
    Wanted: st.just(Wanted()),
    ConfirmFacts: st.one_of(
        built(ConfirmFacts, st.sampled_from(sorted(set(FACTS.values())))),
        built(ConfirmFacts, st.sampled_from(sorted(set(FACTS.values()))), names, lines),
    ),
    More: st.just(More()),
    Show: st.one_of(built(Show, entries), st.builds(Show, number=few)),
    Original: st.one_of(built(Original, entries), st.builds(Original, number=few)),
    Pick: built(Pick, few),
    SmallTalk: built(SmallTalk, tokens),
    AboutBot: built(AboutBot, tokens),
    Attribute: built(Attribute, tokens, st.sampled_from(["project:bb-cottbus", "project:7"])),
    AskBack: built(AskBack, tokens),
    Propose: built(Propose, st.sampled_from(["unsubscribe", "pause digest 14"])),
    Decline: st.just(Decline()),
    Report: built(
        Report, st.sampled_from(["wrong", "new"]), st.sampled_from(["", "project:bb-cottbus"]), texts, st.booleans()
    ),
    Rate: built(Rate, st.booleans(), st.one_of(st.just(""), tokens, entries)),
    Start: built(Start, texts),
    Help: st.just(Help()),
    Greet: st.just(Greet()),
    Thanks: st.just(Thanks()),
    SetRoom: st.just(SetRoom())
    | st.builds(SetRoom, st.sampled_from(["mention", "threads"]), st.sampled_from(["", "on", "off"]))
    | st.builds(SetRoom, st.just("language"), st.sampled_from(["", "de", "en", "pl", "auto"])),
    Unknown: st.builds(Unknown, filled.map(lambda text: text[:LONGEST_UNKNOWN].strip())),
    Language: built(Language, st.sampled_from(["", *sorted(set(LANGUAGE_CODES.values()))])),
    EditProfile: st.one_of(
        st.just(EditProfile()), built(EditProfile, st.sampled_from(sorted(set(FIELDS.values()))), texts)
    ),
    WhoAmI: st.just(WhoAmI()),
    Verify: built(Verify, texts),
    Disconnect: built(Disconnect, texts),
    Pause: st.one_of(
        built(Pause, subjects, st.one_of(st.none(), st.integers(1, LONGEST_PAUSE))),
        built(
            Pause, subjects, st.none(), st.sampled_from(["bis freitag", "until 15.12.", "do końca roku", "irgendwann"])
        ),
    ),
    Resume: built(Resume, subjects),
    Refuse: st.just(Refuse()),
    ShowPrivacy: st.just(ShowPrivacy()),
    MyData: built(MyData, st.booleans()),
    Forget: built(Forget, st.booleans()),
    Withdraw: st.just(Withdraw()),
    Correct: built(Correct, texts),
    Introduce: st.one_of(built(Introduce, entries), st.builds(Introduce, number=few)),
    IntroduceStep: built(IntroduceStep, st.sampled_from(sorted(set(INTRODUCE_STEPS.values()))), codes, texts),
    IntroduceStatus: st.just(IntroduceStatus()),
    Respond: built(Respond, st.sampled_from([answer for answer, _ in ANSWERS.values()]), codes, texts),
    SayHelped: built(SayHelped, st.sampled_from(sorted(set(HELPED.values()))), codes),
    Subscribe: st.one_of(
        st.just(Subscribe()),
        built(Subscribe, st.sampled_from(OF_SUBSCRIBE), step_texts),
        built(Subscribe, st.just(""), st.sampled_from(["mobility, climate", "alles", "open data"])),
    ),
    Unsubscribe: st.just(Unsubscribe()),
    Digest: st.one_of(st.just(Digest()), built(Digest, st.sampled_from(sorted(STEPS)), step_texts)),
    PassOn: st.one_of(
        built(PassOn, st.just(""), st.just(0), st.one_of(st.just(""), tokens)),
        built(PassOn, st.just("never"), st.just(0), tokens),
        built(PassOn, st.sampled_from(["yes", "withdraw"]), numbers),
    ),
    Reply: st.one_of(built(Reply, numbers, texts), built(Reply, st.just(0), texts)),
    OfferAnswer: built(OfferAnswer, tokens, st.booleans()),
    Questions: st.one_of(
        st.just(Questions()),
        built(Questions, numbers),
        built(Questions, numbers, names),
        built(Questions, numbers, st.just(""), lines.filter(bool)),
    ),
    NewEntry: st.one_of(
        built(NewEntry, numbers),
        built(NewEntry, numbers, st.just("discard")),
        built(NewEntry, numbers, st.just("set"), fields, texts),
        built(NewEntry, numbers, st.just("answer"), st.just(""), tokens),
        built(NewEntry, numbers, st.just("yes"), st.just(""), marks),
        built(NewEntry, few, st.just(""), st.just(""), st.just(""), st.just(True)),
        built(NewEntry, numbers, st.just("discard"), st.just(""), st.just(""), st.just(True)),
        built(NewEntry, few, st.just("set"), fields, texts, st.just(True)),
        built(NewEntry, numbers, st.just("yes"), st.just(""), marks, st.just(True)),
    ),
    Candidates: st.one_of(
        st.just(Candidates()),
        built(Candidates, numbers, st.sampled_from(["", "accept"])),
        built(Candidates, numbers, st.just("set"), fields, texts),
        built(Candidates, numbers, st.just("yes"), st.just(""), marks),
        built(Candidates, numbers, st.just("decline"), st.just(""), texts),
    ),
    Contribute: built(Contribute, st.sampled_from(["wrong", "new"]), texts),
    ContributeStep: built(ContributeStep, st.sampled_from(CONTRIBUTE_STEPS), texts),
    Edit: st.one_of(
        built(Edit, records),
        built(Edit, records, fields, texts),
        built(Edit, records, fields, filled, st.just(False), st.just(True)),
        built(Edit, records, fields, st.just(""), st.just(True), st.booleans()),
    ),
    Undo: st.one_of(built(Undo, records), st.just(Undo()), built(Undo, st.just(""), numbers)),
    History: built(History, records),
    Remove: built(Remove, records, st.booleans()),
    Status: st.just(Status()),
    Unclear: st.one_of(
        st.just(Unclear()),
        built(Unclear, st.sampled_from(["repeat", "drop"]), st.one_of(st.just(EVERY), tokens, marks)),
    ),
}
intents = st.one_of(*ALL.values())
