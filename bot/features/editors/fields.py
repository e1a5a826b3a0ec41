"""The fields of a record as editors see and set them: names, values, what is refused and what is doubted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from typing import Any

from rapidfuzz import fuzz, process

from bot.commands.field_words import label_of
from bot.features.wording import beginning
from bot.messages import Reach, Say, Value
from knowledge_base.codec import Body, to_body
from knowledge_base.ingest.personal_data import masked
from knowledge_base.ingest.persons import office_only, person_in, person_in_role
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.ingest.validation import validate
from knowledge_base.model import PERSONAL_FIELDS, Contact, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.records import StoredRecord
from knowledge_base.vocabulary import Vocabulary, bundled

ADDRESSES = PERSONAL_FIELDS | {"url", "sources", "source"}
OF_PROJECT = (
    "title", "text", "municipality", "members", "state", "kind", "topics", "funding_round", "status", "period",
    "contact_role", "transferability", "funding", "url", "sources", "licence", "as_of", "checked", "lang",
)  # fmt: skip
OF_TOWN = (  # what a verified user of the municipality may change
    "title", "text", "topics", "status", "period", "contact_role", "transferability", "funding", "url", "sources",
    "as_of", "checked",
)  # fmt: skip
OF_CONTACT = tuple(field.name for field in fields_of(Contact) if field.name not in ("id", "extra"))
PLACES = ("municipality", "members")
UNREADABLE = frozenset({"lang", "as_of", "checked", "url", "sources", "licence"})  # they hold no names of people
LONGEST_SHOWN = 300  # characters of a value in a change
NEAREST, LEAST_ALIKE = 3, 55.0  # topics that are named, and how alike they must be, 0 … 100
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
BARE_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?:[/?#]\S*)?", re.IGNORECASE)


def names(fields: Sequence[str], language: str) -> str:
    """Return fields as editors of a language type them."""
    return ", ".join(label_of(field, language) for field in fields)


def no_such_field(field: str, known: tuple[str, ...], language: str) -> Say:
    """Return that a field cannot be set, and the names of those that can."""
    return Say("edit.no_such_field", {"field": label_of(field, language), "fields": names(known, language)})


def written(value: Any) -> str:
    """Return the value of a field as an editor types it."""
    return " | ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def shown(field: str, value: Any, *, most: int = 0) -> Value:
    """Return a value to read, shortened to ``most`` characters; an address so that it can be copied."""
    text = written(value)
    if not text:
        return Say("edit.empty")
    if field in ADDRESSES:  # other text may be a user's, and must not become a link
        return Reach(text, linked=False)
    return beginning(text, most) if most else text


def listed(stored: StoredRecord, fields: Sequence[str], language: str) -> Say:
    """Return those of a record's fields that have a value, and which of them editors changed."""
    entries = tuple(
        Say("edit.field_edited" if field in stored.edited_fields else "edit.field", {
            "field": label_of(field, language), "value": shown(field, value),
        })
        for field in fields
        if (value := stored.body.get(field)) is not None
    )  # fmt: skip
    source = stored.source if "://" in stored.source else stored.source.replace("\\", "/").rpartition("/")[2]
    return Say("edit.fields", {"id": Reach(stored.id, linked=False), "entries": entries, "source": source})


def changes(before: Mapping[str, Any], after: Mapping[str, Any], language: str) -> tuple[Say, ...]:
    """Return what changed between two bodies, one line for each field, old → new."""
    fields = [name for name in {**before, **after} if before.get(name) != after.get(name) and name != "translations"]
    return tuple(
        Say("edit.change", {
            "field": label_of(name, language),
            "old": shown(name, before.get(name), most=LONGEST_SHOWN),
            "new": shown(name, after.get(name), most=LONGEST_SHOWN),
        })
        for name in fields
    )  # fmt: skip


def with_field(kind: RecordKind, body: Mapping[str, Any], field: str, text: str) -> Body | RowError:
    """Return the body with a field set from typed text, checked as an import would; lists are written with ``|``.

    The field's translations go with the text that they translated.
    """
    row = Row("", 0, {**body, "record": kind.value, field: _typed(field, text) or None})
    checked = validate(row)
    if isinstance(checked, list):
        return checked[0]
    after = to_body(checked.record)
    return after if after.get(field) == body.get(field) else _without_translations(after, field)


def _typed(field: str, text: str) -> str | list[str]:
    """Return the value that an editor means: topics told apart, an address without what the eye does not see."""
    if field == "topics":
        return list(topics_in(text))
    if field in ("url", "sources", "source"):
        text = INVISIBLE.sub("", text)
    return f"https://{text}" if field == "url" and BARE_DOMAIN.fullmatch(text) else text


def topics_in(text: str, vocabulary: Vocabulary | None = None) -> tuple[str, ...]:
    """Return the topics of a text: separated by "|" or ";", and by comma, slash or "and" where all parts are known."""
    vocabulary = vocabulary or bundled()
    found: list[str] = []
    for part in filter(None, (part.strip() for part in re.split(r"[|;\n]", text))):
        parts = [word.strip() for word in re.split(r"[,/]|\s(?:und|and|i|oraz)\s", part) if word.strip()]
        commas = [word.strip() for word in part.split(",") if word.strip()]
        if vocabulary.topic_of(part):
            found.append(part)
        else:
            found += parts if any(map(vocabulary.topic_of, parts)) else commas
    return tuple(dict.fromkeys(found))


def unknown_topics(text: str, before: Sequence[str], language: str) -> Say | None:
    """Return why topics are refused that the vocabulary does not know, with the nearest; those from before may stay."""
    vocabulary = bundled()
    unknown = [word for word in topics_in(text) if not vocabulary.topic_of(word) and word not in before]
    if not unknown:
        return None
    near = dict.fromkeys(name for word in unknown for name in nearest_topics(word, language))
    known = ", ".join(near) or ", ".join(topic.labels[language] for topic in vocabulary.topics if not topic.broader)
    return Say("edit.unknown_topic", {"words": ", ".join(unknown), "near": known})


def nearest_topics(word: str, language: str) -> list[str]:
    """Return the labels of the topics whose words are most like a word, the best first."""
    vocabulary = bundled()
    words = {
        known: topic.labels[language]
        for topic in vocabulary.topics
        for known in (*topic.labels.values(), *(known for all_known in topic.synonyms.values() for known in all_known))
    }
    alike = process.extract(
        word, words.keys(), scorer=fuzz.WRatio, processor=str.casefold, limit=4 * NEAREST, score_cutoff=LEAST_ALIKE
    )
    return list(dict.fromkeys(words[known] for known, *_ in alike))[:NEAREST]


def doubts(field: str, text: str, gazetteer: Gazetteer) -> Say | None:
    """Return what an editor should look at before a project gets this value; ``None``: nothing."""
    if field in PLACES:
        places = [name.strip() for name in re.split(r"[|;]", text) if name.strip()]
        if unknown := [name for name in places if not gazetteer.rows_named(name)]:
            return Say("edit.doubt.place", {"place": ", ".join(unknown)})
    role = field == "contact_role"
    if field not in UNREADABLE and (name := person_in_role(text) if role else person_in(text)):
        instead = office_only(masked(text)) if role else ""
        hint = Say("edit.doubt.instead", {"instead": instead}) if instead else ""
        return Say("edit.doubt.person", {"name": name, "instead": hint})
    return None


def contact_data(field: str, text: str) -> Say | None:
    """Return why a value is refused that holds a mail address, a phone number or an account: all users read it."""
    if field in UNREADABLE or masked(text) == text:
        return None
    return Say(
        "edit.refused.contact_data", {"instead": office_only(masked(text)) if field == "contact_role" else masked(text)}
    )


def _without_translations(body: Body, field: str) -> Body:
    kept = {
        language: {name: text for name, text in texts.items() if name != field}
        for language, texts in body.get("translations", {}).items()
    }
    rest = {name: value for name, value in body.items() if name != "translations"}
    kept = {language: texts for language, texts in kept.items() if texts}
    return rest | ({"translations": kept} if kept else {})


def refused(error: RowError, language: str) -> Say:
    """Return why a value that an editor typed cannot be taken, and what to write instead."""
    reason = Say(f"edit.refused.{error.key}", dict(error.values)) if error.key else f"{error.reason} {error.remedy}"
    return Say("edit.refused", {"field": label_of(error.field, language), "reason": reason})
