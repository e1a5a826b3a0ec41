"""Every message that may go by mail has its own subject, and no subject holds personal data."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bot
from bot.messages import Say
from bot.messages.markup import plain
from bot.operations.alerts import CODES
from bot.texts import LANGUAGES, Texts
from tests.bot.test_texts import CATALOGS, FIELD
from tests.wording import says

TEXTS = Texts()
FOLDER = Path(bot.__file__).parent
LONGEST = 60  # a phone shows no more


def notices() -> set[str]:
    """The beginnings of the keys of all notices to users who did not just write."""
    keys = {"notice.waiting", *(f"alert.{code}" for code in CODES)}
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Notice":
                keys |= {key for part in ast.walk(node) for key in _key(part)}
    return keys


def _key(node: ast.AST) -> list[str]:
    if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Say"):
        return []
    first = node.args[0]
    if isinstance(first, ast.JoinedStr) and isinstance(first.values[0], ast.Constant):
        return [f"{first.values[0].value}x"]
    return [first.value] if isinstance(first, ast.Constant) else []


MAILED = sorted(
    notices()
    | {"intro.request", "intro.remind", "digest.weekly", "digest.sign_of_life", "digest.confirm_mail", "mydata.json"}
    | {"verify.mail", "verify.linked", "notice.import", "intro.over_withdrawn", "intro.arranged", "intro.room_open"}
)


def test_search_for_notices_in_the_code_finds_some() -> None:
    assert {"intro.onward", "alert.part_down", "notice.waiting"} <= set(MAILED)
    assert len(MAILED) > 20


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", MAILED)
def test_every_mailed_message_has_its_own_short_subject(key: str, language: str) -> None:
    subject = TEXTS.subject(Say(key), language)
    assert subject != plain(TEXTS.render(Say("subject.other"), language))
    assert 0 < len(subject) <= LONGEST


@pytest.mark.parametrize("language", LANGUAGES)
def test_subject_holds_no_personal_data(language: str) -> None:
    """Locked screens and the logs of mail servers show the subject: no more than a contact's own, public project."""
    subjects = {key: texts for key, texts in CATALOGS[language].items() if key.startswith("subject.")}
    assert len(subjects) > 5
    fields = {key: set(FIELD.findall(text)) for key, texts in subjects.items() for text in texts if FIELD.search(text)}
    assert fields == {f"subject.intro.{kind}": {"project"} for kind in ("request", "remind", "again")}


def test_most_specific_subject_is_used() -> None:
    assert TEXTS.subject(Say("intro.helped"), "de") == "Hat der Kontakt geholfen?"
    assert TEXTS.subject(Say("alert.anything.at_all"), "de") == plain(TEXTS.render(Say("subject.alert"), "de"))
    assert says("subject.intro.request", TEXTS.subject(Say("intro.request", {"project": "Rufbus"}), "de"))
    assert says("subject.notice.import", TEXTS.subject(Say("notice.import"), "de"))
    assert TEXTS.button(Say("intro.helped"), "de") == plain(TEXTS.render(Say("button.intro.helped"), "de"))
    assert TEXTS.button(Say("intro.request"), "de") == plain(TEXTS.render(Say("button.intro"), "de"))
    assert TEXTS.button(Say("connect.anything"), "de") == plain(TEXTS.render(Say("button.other"), "de"))
    assert TEXTS.subject(Say("ask.found", {"count": 3}), "de") == plain(TEXTS.render(Say("subject.other"), "de"))
    assert TEXTS.subject(Say("unknown_command"), "de") == "Nachricht von Stadtlotse"
