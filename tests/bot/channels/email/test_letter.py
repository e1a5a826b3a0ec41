"""The mail itself: safe headers, text and HTML from one tree, and no content from other servers."""

from __future__ import annotations

import email
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email import EmailChannel
from bot.channels.email.address import named, recipient
from bot.channels.email.letter import Letterhead, letter
from bot.messages import Address, Outgoing
from bot.messages.markup import Break, Document, Items, Link, Paragraph, Soft, Strong, Text
from bot.texts import LANGUAGES, Texts
from tests.bot.channels.email.conftest import TO, message
from tests.smtp_sink import SmtpSink, Taken
from tests.wording import says

TEXTS = Texts()
HEAD = Letterhead(named("Stadtlotse <lotse@stadt.example>"), None, "Amt für Beispiele", "https://lotse.example")
AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
EXPECTED = {
    "From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress",
    "MIME-Version", "Content-Type",
}  # fmt: skip
LONG = "https://stadtlotse-der-sehr-langen-namen.verwaltung.landkreis-beispiel.example/unsubscribe/" + "x" * 60


def written(message: Outgoing, head: Letterhead = HEAD) -> Taken:
    to = recipient(TO)
    assert to
    return Taken("", (), letter(message, to, head, TEXTS, AT))


def test_mail_has_the_headers_that_mail_programs_read() -> None:
    mail = written(message(subject="Anfrage", unsubscribe=LONG)).mail
    assert mail["From"] == "Stadtlotse <lotse@stadt.example>"
    assert mail["To"] == TO
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == AT
    assert mail["List-Unsubscribe"] == f"<{LONG}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Message-ID"] == "<0123456789abcdef0123456789abcdef@stadt.example>"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("organisation", "sender", "office"),
    [
        ("Amt für Beispiele", "Stadtlotse <lotse@stadt.example>", "Amt für Beispiele"),
        ("", "Stadtlotse <lotse@stadt.example>", "Stadtlotse"),
        (" ", "lotse@stadt.example", "Stadtlotse"),
        ("Amt\r\nBcc: x@evil.example", "lotse@stadt.example", "Amt Bcc: x@evil.example"),
    ],
)
def test_subject_begins_with_who_writes(organisation: str, sender: str, office: str) -> None:
    mail = written(message(subject="Anfrage"), Letterhead(named(sender), None, organisation)).mail
    assert mail["Subject"] == f"{office}: Anfrage"
    assert mail["Bcc"] is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_begins_with_a_greeting_and_who_writes(language: str) -> None:
    taken = written(replace(message("Inhalt"), language=language))
    assert says("mail.greeting", taken.text, language)
    assert taken.text.index("Amt für Beispiele") < taken.text.index("Inhalt")
    unnamed = written(replace(message("Inhalt"), language=language), Letterhead(HEAD.sender))
    assert says("mail.hello", unnamed.text, language)


def test_link_to_our_page_is_one_button_in_html_and_the_address_in_plain_text() -> None:
    page = "https://lotse.example/i/to&ken"
    document = (Paragraph((Text("Hier:"), Break(), Link(page))),)
    outgoing = replace(message(), document=document, page=page, button="Ansehen & antworten")
    taken = written(outgoing)
    assert page in taken.text
    assert '<a class="button" href="https://lotse.example/i/to&amp;ken">Ansehen &amp; antworten</a>' in taken.html
    assert taken.html.count('class="button"') == 1
    assert 'class="button"' not in written(message()).html


def test_unsubscribe_link_in_a_header_is_never_folded() -> None:
    """Mail programs cannot use a folded or encoded link."""
    content = written(message(unsubscribe=LONG)).content
    assert f"\r\nList-Unsubscribe: <{LONG}>\r\n".encode() in content


def test_mail_without_a_subscription_has_no_unsubscribe_header() -> None:
    mail = written(message()).mail
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None
    assert set(mail.keys()) == EXPECTED


def test_mail_has_a_reply_address_only_if_the_settings_name_it() -> None:
    head = Letterhead(HEAD.sender, named("Redaktion <redaktion@stadt.example>"))
    assert written(message(), head).mail["Reply-To"] == "Redaktion <redaktion@stadt.example>"
    assert "redaktion@stadt.example" in written(message(), head).text
    assert says("mail.no_replies", written(message()).text)


def test_same_message_gets_the_same_message_id() -> None:
    assert written(message()).mail["Message-ID"] == written(message()).mail["Message-ID"]


hostile = st.text() | st.sampled_from(
    ["x\r\nBcc: evil@evil.example", "x\n\nbody", "=?utf-8?q?x=0ABcc:_e?=", "\u2028Bcc: a@b.example", "a\x00b", "\ud800"]
)


@given(hostile, hostile, hostile)
def test_text_of_a_message_never_becomes_a_header(subject: str, text: str, more: str) -> None:
    message = Outgoing(
        "m1",
        Address("email", TO),
        "de",
        (Paragraph((Text(f"{text} {more}".encode("utf-8", "replace").decode()),)),),
        subject=subject,
    )
    parsed = written(message).mail
    assert set(parsed.keys()) == EXPECTED
    assert len(parsed.keys()) == len(EXPECTED)
    assert parsed["To"] == TO
    assert len(list(parsed.iter_parts())) == 2


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_text_stays_text_in_the_plain_and_the_html_part(text: str) -> None:
    taken = written(message(text))
    assert text in taken.text
    assert text in "".join(_Texts.of(taken.html))


def every_node() -> Document:
    entry = (Paragraph((Strong((Text("eins"),)), Break(), Soft((Text("zwei"),)))),)
    return (
        Paragraph((Text("null <b>&"),)),
        Items((entry, (Paragraph((Link("https://a.example/b?c=1&d=2"),)),)), 4),
        Items((entry,)),
    )


def test_every_kind_of_node_becomes_its_html_element() -> None:
    html = written(Outgoing("m1", Address("email", TO), "de", every_node())).html
    assert "<p>null &lt;b&gt;&amp;</p>" in html
    assert '<ol start="4">\n<li><p><strong>eins</strong><br>\n<em>zwei</em></p></li>' in html
    assert '<a href="https://a.example/b?c=1&amp;d=2">https://a.example/b?c=1&amp;d=2</a>' in html
    assert "<ul>" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_mail_names_its_language_and_loads_nothing_from_other_servers(language: str) -> None:
    message = Outgoing(
        "m1", Address("email", TO), language, every_node(), subject="Anfrage", unsubscribe="https://lotse.example/u/x"
    )
    html = written(message).html
    elements = _Elements.of(html)
    assert ("html", {"lang": language}) in elements
    assert "<title>Anfrage</title>" in html
    names = {name for name, _ in elements}
    assert not names & {"img", "link", "script", "iframe", "object", "form", "base", "video", "audio", "svg"}
    assert {name for name, attributes in elements for name in attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "href",
        "start",
        "class",
    }
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"(?:^|[;{])(?:color|background)", html), "colours of our own could vanish in the dark"
    linked = [attributes["href"] for name, attributes in elements if name == "a"]
    assert linked == ["https://a.example/b?c=1&d=2", "https://lotse.example/imprint", "https://lotse.example/u/x"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_names_its_sender_and_the_unsubscribe_link(language: str) -> None:
    message = Outgoing("m1", Address("email", TO), language, (), unsubscribe="https://lotse.example/u/x")
    for part in (written(message).text, written(message).html):
        for needed in ("Stadtlotse", "Amt für Beispiele", "https://lotse.example/imprint", "https://lotse.example/u/x"):
            assert needed in part
    bare = Letterhead(HEAD.sender)
    assert "http" not in written(Outgoing("m1", Address("email", TO), language, ()), bare).text


async def test_mail_passes_a_real_server_unchanged(channel: EmailChannel, sink: SmtpSink) -> None:
    text = "Zeile\n.\n..Punkt\nFrom hier\n" + "ä€🚲" * 300
    await channel.send(message(text, subject="Grüße – 🚲 " + "lang " * 40))
    (mail,) = sink.taken
    assert text in mail.text
    assert mail.mail["From"] == "Stadtlotse Süd <lotse@stadt.example>"
    assert mail.mail["Subject"].startswith("Amt für Beispiele: Grüße – 🚲 lang")
    assert max(len(line) for line in mail.content.split(b"\r\n")) <= 998
    assert not any(isinstance(defect, Exception) for defect in _defects(mail.mail))


def _defects(mail: EmailMessage) -> Sequence[Any]:
    strict = email.message_from_bytes(mail.as_bytes(), policy=policy.strict)
    return list(strict.defects)


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, html: str) -> list[str]:
        parser = cls()
        parser.feed(html)
        return parser.found

    def handle_data(self, data: str) -> None:
        self.found.append(data)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    @classmethod
    def of(cls, html: str) -> list[tuple[str, dict[str, str]]]:
        parser = cls()
        parser.feed(html)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
