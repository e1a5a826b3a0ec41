"""Names of people in texts that all users read: found by forms of address, titles, initials and "contact:". Pure.

A bare first and last name is not found: it cannot be told from a street or an office.
"""

from __future__ import annotations

import re

_NAME = r"[A-ZÄÖÜŁŚŻĆ](?:[a-zäöüßłśżćńóąę]+(?:-[A-ZÄÖÜŁŚŻĆ][a-zäöüßłśżćńóąę]+)*|\.)"
_ADDRESS = r"(?:Herrn?|Frau|Hr\.|Fr\.|Mr\.?|Mrs\.?|Ms\.?|Pani?|Panem)"
_TITLE = r"(?:(?:Prof|Dr|Dipl|Mag|mgr|inż|Ing|med|jur|rer|nat|phil)\.(?:-[A-Z][a-z]+\.)?\s?)+"
_PERSON = re.compile(
    rf"(?:\b{_ADDRESS}\s+(?:{_TITLE})?|\b{_TITLE})(?:{_NAME}\s?){{1,3}}(?![\w-]*(?:[Ss]tra(?:ße|sse)|[Pp]latz|[Ww]eg))"
    rf"|(?<![a-z]\.\s)(?<![a-z]\.)\b[A-ZÄÖÜŁŚŻĆ]\.\s?(?:[A-ZÄÖÜŁŚŻĆ]\.\s?)*[A-ZÄÖÜŁŚŻĆ](?:[a-zäöüßłśżćńóąę-]{{2,}}|\.)"
    rf"|(?:Ansprech(?:partner(?:in)?|person)|Kontakt(?:person)?|[Cc]ontact|[Kk]ontakt)\s*:\s*{_NAME}\s+{_NAME}"
)


def person_in(text: str) -> str:
    """Return the first name of a person that a text holds, with its form of address; empty if it holds none."""
    match = _PERSON.search(text)
    return match[0].strip(" ,;:") if match else ""


def without_person(text: str) -> str:
    """Return the text without names of people, as far as they are found: the office stays."""
    while name := person_in(text):
        text = text.replace(name, " ")
    text = re.sub(r"\(\s*\)|\s{2,}", " ", text)
    return re.sub(r"\s+([,;.:)])", r"\1", text).strip(" ,;:–-/")
