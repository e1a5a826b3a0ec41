"""What a digest contains: only news, each item once, the best first; a digest without news is not sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.digests.content import (
    MOST,
    Change,
    DigestCandidate,
    Interest,
    Kind,
    PastDigests,
    Selection,
    Why,
    choose,
    introduced,
)

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)
TODAY = date(2026, 11, 23)
SUBSCRIBED = NOW - timedelta(days=30)
MOBILITY = Interest(topics=frozenset({"mobility"}))
AFTER_TEN = PastDigests(since=SUBSCRIBED, upto=10)


def one(name: str, **changes: Any) -> DigestCandidate:
    values: dict[str, Any] = {"kind": Kind.PROJECT, "id": name, "topics": {"mobility": 1.0}, "changes": (added(11),)}
    return DigestCandidate(**(values | changes))


def added(revision: int, days_ago: float = 3) -> Change:
    return Change(revision, NOW - timedelta(days=days_ago), added=True)


def changed(revision: int, *fields: str, days_ago: float = 3) -> Change:
    return Change(revision, NOW - timedelta(days=days_ago), added=False, fields=fields)


def chosen(*candidates: DigestCandidate, interest: Interest = MOBILITY, told: PastDigests = AFTER_TEN) -> Selection:
    return choose(candidates, interest, told, TODAY, NOW)


def shown(
    *candidates: DigestCandidate, interest: Interest = MOBILITY, told: PastDigests = AFTER_TEN
) -> list[tuple[str, Why]]:
    return [(entry.candidate.id, entry.why) for entry in chosen(*candidates, interest=interest, told=told).entries]


def test_digest_is_empty_without_news() -> None:
    old = one("old", changes=(added(5),))
    assert shown(old, one("older", changes=())) == []
    assert shown() == []


def test_digest_lists_new_projects_and_the_changed_fields_of_others() -> None:
    result = chosen(one("new"), one("moved", changes=(added(5), changed(12, "sources", "period", "status"))))
    assert [(entry.candidate.id, entry.why, entry.fields) for entry in result.entries][:2] == [
        ("new", Why.NEW, ()),
        ("moved", Why.CHANGED, ("status", "period")),
    ]


def test_reported_project_that_is_added_again_is_not_news() -> None:
    told = replace(AFTER_TEN, keys=frozenset({"project:back"}))
    assert shown(one("back", changes=(added(5), added(12))), told=told) == []


def test_changes_of_sources_licence_or_language_are_not_news() -> None:
    assert shown(one("p", changes=(added(5), changed(12, "sources", "licence", "extra", "lang")))) == []


def test_digest_leaves_out_unchosen_topics_unless_the_user_chose_none() -> None:
    health = one("h", topics={"health": 1.0})
    assert shown(health) == []
    assert shown(health, interest=Interest()) == [("h", Why.NEW)]
    assert shown(one("bus", topics={"public-transport": 1.0, "mobility": 0.7})) == [("bus", Why.NEW)]


def test_contact_is_news_only_when_it_was_added() -> None:
    contact = one("c", kind=Kind.CONTACT)
    assert shown(contact) == [("c", Why.CONTACT)]
    assert shown(one("c", kind=Kind.CONTACT, changes=(added(5), changed(12, "email")))) == []


def test_digest_lists_events_of_the_next_two_weeks() -> None:
    events = [
        one(f"in {days}", kind=Kind.EVENT, changes=(), starts=TODAY + timedelta(days=days)) for days in (-1, 0, 14, 15)
    ]
    assert {name for name, why in shown(*events) if why is Why.EVENT} == {"in 0", "in 14"}
    assert shown(one("no date", kind=Kind.EVENT)) == []


def test_digest_lists_an_event_once_and_again_when_it_moved() -> None:
    soon = one("e", kind=Kind.EVENT, starts=TODAY + timedelta(days=5), changes=(added(5),))
    told = replace(AFTER_TEN, keys=frozenset({"event:e"}))
    assert shown(soon, told=told) == []
    moved = chosen(replace(soon, changes=(added(5), changed(12, "start"))), told=told)
    assert [(entry.why, entry.fields) for entry in moved.entries] == [(Why.EVENT, ("start",))]


def test_event_without_topics_goes_to_every_subscriber() -> None:
    assert shown(one("e", kind=Kind.EVENT, topics={}, starts=TODAY)) == [("e", Why.EVENT)]


def test_digest_lists_open_questions_of_other_users() -> None:
    assert shown(one("7", kind=Kind.QUESTION)) == [("7", Why.QUESTION)]


def test_digest_with_little_news_adds_one_older_unreported_project() -> None:
    known = one("known", changes=())
    told = replace(AFTER_TEN, keys=frozenset({"project:known"}))
    result = shown(one("new"), known, one("worth", changes=(), quality=1.0), one("less", changes=()), told=told)
    assert result == [("new", Why.NEW), ("worth", Why.OLDER)]
    assert len(shown(*(one(f"n{number}") for number in range(3)), one("worth", changes=()))) == 3


def test_first_digest_is_filled_with_the_best_projects_of_ninety_days() -> None:
    first = PastDigests(since=SUBSCRIBED)
    fresh = one("fresh", changes=(added(9, days_ago=1),))
    recent = [one(f"recent {number}", changes=(added(3, days_ago=60),)) for number in range(9)]
    ancient = one("ancient", changes=(added(1, days_ago=91),))
    result = shown(fresh, *recent, ancient, told=first)
    assert result[0] == ("fresh", Why.NEW)
    assert [why for _, why in result[1:]] == [Why.BEST] * 4
    assert shown(ancient, told=first) == []
    many = [one(f"m{number}", changes=(added(9, days_ago=1),)) for number in range(6)]
    assert {why for _, why in shown(*many, *recent, told=first)} == {Why.NEW}


def test_digest_lists_at_most_seven_entries_and_counts_the_rest() -> None:
    result = chosen(*(one(f"p{number}") for number in range(20)))
    assert len(result.entries) == MOST
    assert result.more == 13


def test_entries_are_sorted_by_topic_then_region_then_size() -> None:
    """By topic, then by region, then by the size of the municipality."""
    near = one("near", places=frozenset({1}), population=20_000)
    alike = one("z alike", places=frozenset({2}), population=18_000)
    far = one("far", places=frozenset({3}), population=3_000_000)
    aside = one("aside", topics={"mobility": 0.49}, places=frozenset({4}), population=3_000_000)
    home = Interest(topics=frozenset({"mobility"}), nearness={1: 0.9}, population=20_000)
    assert [name for name, _ in shown(aside, far, alike, near, interest=home)] == ["near", "z alike", "far", "aside"]


def test_chosen_state_ranks_its_projects_first() -> None:
    here, there = one("z here", states=frozenset({"Brandenburg"})), one("a there", states=frozenset({"Bayern"}))
    interest = replace(MOBILITY, states=frozenset({"Brandenburg"}))
    assert [name for name, _ in shown(there, here, interest=interest)] == ["z here", "a there"]


def test_one_municipality_does_not_fill_a_digest() -> None:
    flood = [one(f"a{number}", places=frozenset({1}), quality=1.0) for number in range(30)]
    others = [one(f"z{number}", places=frozenset({number + 10}), quality=0.0) for number in range(5)]
    names = [name for name, _ in shown(*flood, *others)]
    assert sum(name.startswith("z") for name in names) == 5


def test_contacts_and_events_leave_room_for_projects() -> None:
    contacts = [one(f"c{number}", kind=Kind.CONTACT, quality=1.0) for number in range(9)]
    projects = [one(f"p{number}", quality=0.0) for number in range(9)]
    whys = [why for _, why in shown(*contacts, *projects)]
    assert whys.count(Why.CONTACT) == 2
    assert len(shown(*contacts)) == MOST


def test_digest_hides_introduction_counts_below_five() -> None:
    assert [introduced(count) for count in (0, 4, 5, 12)] == [None, None, 5, 12]


CANDIDATES = st.lists(
    st.builds(
        lambda number, kind, topic, revisions, place, days: DigestCandidate(
            kind=kind,
            id=str(number),
            topics={topic: 1.0},
            places=frozenset({place}),
            changes=tuple(
                Change(revision, NOW - timedelta(days=100 - revision), nth == 0, ("status",))
                for nth, revision in enumerate(sorted(revisions))
            ),
            starts=TODAY + timedelta(days=days),
        ),
        st.integers(0, 40),
        st.sampled_from(Kind),
        st.sampled_from(["mobility", "health", "climate"]),
        st.sets(st.integers(1, 90), max_size=4),
        st.integers(0, 3),
        st.integers(-30, 60),
    ),
    max_size=40,
    unique_by=lambda candidate: candidate.key,
)


@given(
    candidates=CANDIDATES, topics=st.sets(st.sampled_from(["mobility", "health"])), marks=st.sets(st.integers(1, 90))
)
@settings(max_examples=200, deadline=None)
def test_no_entry_is_repeated_in_later_digests_without_a_change(
    candidates: list[DigestCandidate], topics: set[str], marks: set[int]
) -> None:
    """Make digests at several revisions of one history: an entry is repeated only after a later change."""
    interest = Interest(topics=frozenset(topics))
    told = PastDigests(since=NOW - timedelta(days=200))
    for mark in sorted(marks):
        now = NOW - timedelta(days=100 - mark)
        visible = [
            replace(one, changes=tuple(c for c in one.changes if c.revision <= mark))
            for one in candidates
            if one.changes and one.changes[0].revision <= mark
        ]
        result = choose(visible, interest, told, now.date(), now)
        assert len(result.entries) <= MOST
        assert result.entries == () or any(entry.why is not Why.OLDER for entry in result.entries)
        keys = [entry.candidate.key for entry in result.entries]
        assert len(keys) == len(set(keys))
        for entry in result.entries:
            assert not topics or topics & set(entry.candidate.topics)
            if entry.candidate.key in told.keys:
                assert entry.fields
                assert any(change.revision > (told.upto or 0) for change in entry.candidate.changes)
        told = replace(told, upto=mark, keys=told.keys | set(keys))


def test_open_question_is_listed_once_for_other_users_with_its_topic() -> None:
    asked = DigestCandidate(kind=Kind.QUESTION, id="7", topics={"mobility": 1.0}, askers=frozenset({"anna"}))
    assert shown(asked) == [("7", Why.QUESTION)]
    assert shown(asked, told=replace(AFTER_TEN, upto=None)) == [("7", Why.QUESTION)]
    assert shown(asked, told=replace(AFTER_TEN, keys=frozenset({"question:7"}))) == []
    assert shown(asked, interest=replace(MOBILITY, person="anna")) == []
    assert shown(asked, interest=replace(MOBILITY, person="ben")) == [("7", Why.QUESTION)]
    assert shown(asked, interest=Interest(topics=frozenset({"climate"}))) == []
    assert shown(replace(asked, topics={})) == []
    assert shown(replace(asked, topics={}), interest=Interest()) == [("7", Why.QUESTION)]
