"""The search answers questions over a small corpus and over the bundle, with an embedder without a model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_base.embedding.port import Embedder, Vectors
from knowledge_base.model import Contact, Municipality, Project
from knowledge_base.search.engine import Search
from tests.fake_embedder import HashEmbedder
from tests.knowledge_base.search.bundled import old_bundle, search_over, search_over_the_old_bundle

PLACES = [
    Municipality(id="1", name="Aburg", state="Brandenburg", population=4_000, latitude=52.0, longitude=13.0),
    Municipality(id="2", name="Bstadt", state="Brandenburg", population=90_000, latitude=52.1, longitude=13.0),
    Municipality(id="3", name="Czentrum", state="Sachsen", population=900_000, latitude=51.0, longitude=13.0),
]
SMALL = [
    Project(id="a-bus", title="Rufbus", text="Ein Bus fährt nach Bedarf durch die Dörfer.", municipality="Aburg",
            state="Brandenburg", topics=("ÖPNV",), status="abgeschlossen", contact_role="Mobilitätsamt"),
    Project(id="a-hitze", title="Kühle Orte", text="Trinkbrunnen und Schatten helfen bei Hitze.", municipality="Aburg",
            state="Brandenburg", topics=("Hitze",), status="geplant", contact_role="Umweltamt"),
    Project(id="b-bus", title="Busspur", text="Eine Spur nur für den Bus in der Innenstadt.", municipality="Bstadt",
            state="Brandenburg", topics=("ÖPNV",), status="in Betrieb", contact_role="Verkehrsamt"),
    Project(id="c-rechner", title="Rechenzentrum", text="Ein großes Rechenzentrum für die Verwaltung der Stadt.",
            municipality="Czentrum", state="Sachsen", topics=("IT-Infrastruktur",), contact_role="IT-Amt"),
]  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Search:
    return asyncio.run(search_over(HashEmbedder(), SMALL, places=PLACES))


async def ids(search: Search, question: str, limit: int = 5) -> list[str]:
    answer = (await search.ask(question, limit=limit)).answer
    return [hit.project.id for hit in (*answer.hits, *answer.near)]


async def test_search_ranks_projects_of_the_named_place_first(small: Search) -> None:
    assert (await ids(small, "Bus in Aburg"))[0] == "a-bus"
    assert (await ids(small, "Bus in Bstadt"))[0] == "b-bus"


async def test_search_ranks_projects_with_the_asked_status_first(small: Search) -> None:
    assert (await ids(small, "Welche Projekte sind abgeschlossen?"))[0] == "a-bus"
    assert (await ids(small, "Was ist geplant?"))[0] == "a-hitze"


async def test_search_understands_small_municipalities_and_nearby_places(small: Search) -> None:
    assert set((await ids(small, "Was machen kleine Gemeinden?"))[:2]) == {"a-bus", "a-hitze"}
    assert (await ids(small, "Was gibt es in der Nähe von Bstadt?"))[-1] == "c-rechner"


async def test_misread_place_does_not_hide_a_clearly_better_hit(small: Search) -> None:
    answer = (await small.ask("Rechenzentrum für die Verwaltung der Stadt, großes, wie in Aburg")).answer
    assert answer.understood.municipalities == ("Aburg",)
    assert (*answer.hits, *answer.near)[0].project.id == "c-rechner"


async def test_follow_up_question_keeps_the_subject_of_the_previous_question(small: Search) -> None:
    first = await small.ask("Bus in Aburg")
    second = await small.ask("und in Bstadt?", previous=first.query)
    assert second.query.follows
    assert second.answer.hits[0].project.id == "b-bus"
    assert second.answer.question == "und in Bstadt?"


async def test_limit_applies_to_hits_and_near_hits_together(small: Search) -> None:
    for limit in (0, 1, 2, 3, 100):
        answer = (await small.ask("Bus", limit=limit)).answer
        assert len(answer.hits) + len(answer.near) <= limit


async def test_offset_gives_the_next_hits() -> None:
    search = await search_over(HashEmbedder(), [replace(SMALL[0], id=f"bus-{n}") for n in range(7)], places=PLACES)
    first = (await search.ask("Rufbus in Aburg", limit=5)).answer
    more = (await search.ask("Rufbus in Aburg", limit=5, offset=5)).answer
    assert first.total == 7
    shown = [hit.project.id for hit in (*first.hits, *more.hits)]
    assert shown == [f"bus-{n}" for n in range(7)]


async def test_search_is_not_sure_when_the_named_city_has_no_such_project() -> None:
    search = await search_over(HashEmbedder(), SMALL, places=PLACES)
    answer = (await search.ask("Trinkbrunnen und Schatten bei Hitze in Warschau")).answer
    assert not answer.answered
    assert answer.hits == ()
    assert answer.total == 0
    assert answer.near[0].project.id == "a-hitze"


@pytest.mark.parametrize("question", ["", "   ", "\0", "\u200b"])
async def test_empty_question_is_not_answered(small: Search, question: str) -> None:
    answer = (await small.ask(question)).answer
    assert not answer.answered
    assert answer.hits == ()


async def test_search_over_an_empty_knowledge_base_is_not_sure() -> None:
    answer = (await (await search_over(HashEmbedder(), [], places=PLACES)).ask("Bus in Aburg")).answer
    assert (answer.answered, answer.hits, answer.near) == (False, (), ())


REACHABLE = Contact(
    id="k",
    role="Mobilitätsamt",
    municipality="Aburg",
    email="mobil@aburg.example",
    legal_basis="öffentlich",
    topics=("ÖPNV",),
)


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (REACHABLE, {"a-bus"}),
        (replace(REACHABLE, topics=(), role="anders", projects=("c-rechner",)), {"c-rechner"}),
        (replace(REACHABLE, topics=()), {"a-bus"}),  # by the role that the project names
        (replace(REACHABLE, topics=(), role="anders"), set()),
        (replace(REACHABLE, email=""), set()),
        (replace(REACHABLE, legal_basis=""), set()),
        (replace(REACHABLE, municipality="Bstadt", role=""), {"b-bus"}),
    ],
)
async def test_search_offers_introductions_only_for_projects_with_a_reachable_contact(
    contact: Contact, expected: set[str]
) -> None:
    search = await search_over(HashEmbedder(), SMALL, [contact], PLACES)
    search.introducible.follow({}, ())
    answer = (await search.ask("Bus Hitze Rechenzentrum", limit=10)).answer
    assert {hit.project.id for hit in (*answer.hits, *answer.near) if hit.can_introduce} == expected
    assert all(hit.contact_role == hit.project.contact_role for hit in answer.hits)


class Backwards:
    """A reranker that likes the passage about the data centre and nothing else."""

    async def rerank(self, question: str, passages: Sequence[str]) -> Vectors:
        return np.array([1.0 if "Rechenzentrum" in passage else -1.0 for passage in passages], np.float32)

    async def close(self) -> None:
        pass


async def test_reranker_reorders_hits_and_drops_none() -> None:
    plain = await search_over(HashEmbedder(), SMALL, places=PLACES)
    reranked = Search(
        HashEmbedder(), plain.index, plain.gazetteer, plain.vocabulary, reranker=Backwards()
    )  # fmt: skip
    before, after = await ids(plain, "Amt"), await ids(reranked, "Amt")
    assert after.index("c-rechner") <= before.index("c-rechner")
    assert set(after) == set(before)


@pytest.fixture(scope="module")
def over_bundle() -> Search:
    return asyncio.run(search_over_the_old_bundle(HashEmbedder()))


async def test_search_gives_the_same_answer_every_time(over_bundle: Search) -> None:
    one, other = [(await over_bundle.ask("LoRaWAN Sensoren in Potsdam")).answer for _ in range(2)]
    assert replace(one, took_ms=0) == replace(other, took_ms=0)


async def test_reason_of_a_hit_quotes_the_project(over_bundle: Search) -> None:
    answer = (await over_bundle.ask("Notrufe bei Stromausfall", limit=10)).answer
    for hit in (*answer.hits, *answer.near):
        own = f"{hit.project.text} {hit.project.transferability}"
        assert 0 < len(hit.why) <= 200
        assert hit.why.strip("… ") in own


HOSTILE = [
    "😀" * 300,
    "a" * 100_000,
    "wort " * 20_000,
    "\u202eabc",
    "\0\0",
    "'; DROP TABLE record; --",
    "<b>x</b>",
    "ﷺ" * 40,
]


@pytest.mark.parametrize("question", HOSTILE)
async def test_search_answers_hostile_questions_without_an_error(over_bundle: Search, question: str) -> None:
    answer = (await over_bundle.ask(question)).answer
    assert answer.question == question
    assert len(answer.hits) + len(answer.near) <= 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=120), limit=st.integers(-3, 30), offset=st.integers(-3, 300))
async def test_search_answers_any_question_with_sorted_scores(
    over_bundle: Search, question: str, limit: int, offset: int
) -> None:
    answer = (await over_bundle.ask(question, limit=limit, offset=offset)).answer
    assert answer.answered or answer.hits == ()
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= hit.score <= 1.0 for hit in (*answer.hits, *answer.near))


async def test_every_project_of_a_municipality_is_found_by_its_title(over_bundle: Search) -> None:
    bundled = [record for record in old_bundle() if isinstance(record, Project)]
    own = [p for p in bundled if p.municipality and not p.extra.get("same_as")]
    missing = [p.id for p in own if p.id not in await ids(over_bundle, p.title, limit=5)]
    assert missing == []


async def test_fake_embedder_follows_the_protocol_of_embedders(small: Search) -> None:
    embedder: Embedder = HashEmbedder()
    assert (await embedder.embed_queries(["x"])).shape == (1, embedder.dimension)
