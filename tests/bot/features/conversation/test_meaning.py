"""From what speaks for the acts of a text to the intent: pure."""

from __future__ import annotations

import pytest

from bot.commands import to_text
from bot.commands.command import Intent
from bot.commands.conversation import AskBack, Attribute, Decline, Propose, Report, SmallTalk
from bot.commands.digests import Unsubscribe
from bot.commands.introductions import Introduce, IntroduceStep
from bot.commands.open_questions import PassOn
from bot.commands.privacy import Forget
from bot.commands.search import Ask, More, Show
from bot.features.conversation.acts import Scores
from bot.features.conversation.meaning import Heard, choice_named, decide, of_key
from bot.features.talk import Talk
from knowledge_base.model import Project
from knowledge_base.search.understanding import Query, understand
from tests.knowledge_base.search.bundled import gazetteer, lexicon

PROJECT = Project(id="bb-guben", title="Rufbus", text="", municipality="Guben")
ASKED = Talk(texts=("Rufbus?",), focus="project:bb-guben", shown=1)
ACTS = (
    "question", "more", "detail", "attribute", "introduce", "pass_on", "consent_yes", "consent_no", "small_talk",
    "clarify", "digest", "contribute",
)  # fmt: skip


def said(best: str, score: float = 1.0, **others: float) -> Scores:
    act = best.partition(".")[0]
    return Scores(dict.fromkeys(ACTS, -1.0) | {act: score, best: score} | others, affirms=act == "consent_yes")


def heard(text: str, talk: Talk = ASKED, *, subject: tuple[str, ...] = (), places: tuple[str, ...] = ()) -> Heard:
    query = Query(text=text, language="de", subject=subject, places=places)
    return Heard(text=text, talk=talk, shown=(PROJECT,), focus=PROJECT, query=query, fresh=False)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Guten Tag, ich bin Klimamanagerin in Guben."),
        ("de", "Wir sind die Stadt Forst (Lausitz)"),
        ("en", "Hi, I work for the city of Guben."),
        ("en", "I'm the mobility manager in Cottbus"),
        ("pl", "Dzień dobry, jestem z Gubina."),
    ],
)
def test_text_that_only_tells_where_its_writer_is_from_is_no_question(language: str, text: str) -> None:
    assert introduces(language, text)


@pytest.mark.parametrize("text", ["Ich bin aus Guben, wer hat einen Rufbus?", "Wir in Guben suchen Ideen gegen Hitze"])
def test_writer_who_also_asks_does_not_only_introduce(text: str) -> None:
    assert not introduces("de", text)


def introduces(language: str, text: str) -> bool:
    query = understand(text, language, gazetteer(), lexicon())
    return Heard(text=text, talk=Talk(), shown=(), focus=None, query=query, fresh=True).only_introduces


def waiting(*intents: Intent) -> Talk:
    return Talk(texts=("x",), pending=tuple(map(to_text, intents)), labels=("Ja, so weitergeben",), consent=True)


def test_clear_yes_does_what_waits_and_a_clear_no_drops_it() -> None:
    talk = waiting(PassOn("yes", 7))
    assert decide(heard("ja, gerne", talk), said("consent_yes"), None) == PassOn("yes", 7)
    assert decide(heard("lieber nicht", talk), said("consent_no"), None) == Decline()


def test_no_to_a_request_cancels_it() -> None:
    talk = waiting(IntroduceStep("yes", "ABCDE", "all"), IntroduceStep("cancel", "ABCDE"))
    assert decide(heard("nein", talk), said("consent_no"), None) == IntroduceStep("cancel", "ABCDE")


def test_yes_without_a_word_that_says_so_is_asked_for_once_more() -> None:
    joke = Scores(said("consent_yes", 2.0).values, affirms=False)
    assert decide(heard("das war nur ein Scherz", waiting(Forget(confirmed=True))), joke, None) == AskBack("consent")


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("ja?", said("consent_yes")),
        ("ja vielleicht", said("consent_yes", 0.2, clarify=0.1)),
        ("ja nein", said("consent_yes", 0.5, consent_no=0.4)),
        ("ja " + "und dann " * 8, said("consent_yes")),
        ("mal sehen", said("clarify")),
    ],
)
def test_doubtful_yes_is_asked_for_once_more(text: str, scores: Scores) -> None:
    assert decide(heard(text, waiting(Forget(confirmed=True))), scores, None) == AskBack("consent")


def test_yes_alone_does_not_say_which_of_several_ways_to_agree() -> None:
    talk = waiting(IntroduceStep("yes", "ABCDE", "all"), IntroduceStep("yes", "ABCDE", "mail"))
    assert decide(heard("ja", talk), said("consent_yes"), None) == AskBack("consent")


def test_yes_and_no_mean_nothing_where_nothing_waits() -> None:
    assert decide(heard("ja"), said("consent_yes"), None) == SmallTalk("fine")
    assert decide(heard("nein"), said("consent_no"), None) == SmallTalk("fine")


def test_label_and_number_choose_what_waits() -> None:
    talk = waiting(PassOn("yes", 7))
    assert choice_named("Ja, so weitergeben!", talk) == PassOn("yes", 7)
    assert choice_named("Nummer 1", talk) == PassOn("yes", 7)
    assert choice_named("Nummer 2", talk) is None
    assert choice_named("Nummer 1", talk, numbers=False) is None, "another list was shown meanwhile"
    assert choice_named("1", ASKED) is None


def test_acts_about_a_record_mean_the_one_that_was_found() -> None:
    key = "project:bb-guben"
    assert decide(heard("mehr dazu"), said("detail"), PROJECT) == Show(key)
    assert decide(heard("was kostet das"), said("attribute.cost"), PROJECT) == Attribute("cost", key)
    assert decide(heard("verbinde mich"), said("introduce.ask"), PROJECT) == Introduce(key)


def test_act_about_a_record_without_one_is_asked_back_or_is_a_question() -> None:
    assert decide(heard("was kostet das", Talk()), said("attribute.cost"), None) == AskBack("question")
    assert decide(heard("was kostet das"), said("attribute.cost"), None) == AskBack("record")
    text = "was kostet ein Rufbus in Jena"
    assert decide(heard(text, subject=("Rufbus",), places=("jena",)), said("attribute.cost"), None) == Ask(text)


def test_what_changes_something_is_proposed_first() -> None:
    assert decide(heard("keine Mails mehr"), said("digest.stop"), None) == Propose(to_text(Unsubscribe()))
    assert decide(heard("das stimmt nicht mehr"), said("contribute.wrong"), None) == Report(
        "wrong", "project:bb-guben", "das stimmt nicht mehr"
    )


def test_pass_on_is_also_a_yes_to_the_offer_below_a_question_without_an_answer() -> None:
    unsure = Talk(texts=("Freibad?",), unsure=True)
    assert decide(heard("ja bitte", unsure), said("consent_yes"), None) == PassOn()
    assert decide(heard("frag mal rum"), said("pass_on"), None) == PassOn()


def test_more_needs_a_question_before() -> None:
    assert decide(heard("noch mehr"), said("more"), None) == More()
    assert decide(heard("noch mehr", Talk()), said("more"), None) == AskBack("question")


def test_record_of_a_key_is_found_in_order_of_ids() -> None:
    projects = [Project(id=name, title="t", text="") for name in ("a", "b", "c")]
    assert of_key(projects, "project:b") is projects[1]
    assert of_key(projects, "project:bb") is None
    assert of_key(projects, "event:b") is None
