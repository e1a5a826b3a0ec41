"""Two decisions: is a question answered, and which hits count; and the background they are measured against."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.model import Project
from knowledge_base.search import certainty, tuning
from knowledge_base.search.off_topic import LANGUAGES, Background, Standing, load, texts
from knowledge_base.search.understanding.query import Query
from tests.fake_embedder import HashEmbedder
from tests.knowledge_base.search.ranked import ranked

SHIPPED = Path(__file__).parents[3] / "knowledge_base" / "search" / "background.npz"
BEST = Project(id="p", title="Sensoren", text="Text.")
STANDING = Standing(mean=0.1, deviation=0.1, few=0.3, nearest=3.0)
ASKED = Query(text="Wer hat Sensoren?", language="de", subject=("Sensoren",))


def chance(query: Query = ASKED, standing: Standing = STANDING, best: Project = BEST, **arrays: Any) -> float:
    return float(certainty.probability(tuning.ANSWERED, certainty.evidence(query, ranked(**arrays), standing, best)))


def hit_chances(**arrays: Any) -> list[float]:
    rows = certainty.evidence_of_hits(ranked(**arrays))
    return [float(value) for value in certainty.probability(tuning.COUNTED, rows)]


def test_models_have_a_bias_and_a_coefficient_for_each_piece_of_evidence() -> None:
    assert tuple(tuning.ANSWERED) == ("bias", *certainty.ANSWERED)
    assert tuple(tuning.COUNTED) == ("bias", *certainty.COUNTED)
    assert certainty.evidence(ASKED, ranked(docs=2), STANDING, BEST).shape == (len(certainty.ANSWERED),)
    assert certainty.evidence_of_hits(ranked(docs=2)).shape == (2, len(certainty.COUNTED))


def test_answer_is_surer_the_more_of_the_question_the_best_hit_explains() -> None:
    chances = [chance(coverage=[share]) for share in (0.0, 0.5, 1.0)]
    assert chances == sorted(set(chances))


def test_answer_is_surer_the_further_the_best_hit_stands_ahead_of_other_subjects() -> None:
    chances = [chance(text=[cosine], coverage=[0.5]) for cosine in (0.2, 0.3, 0.4)]
    assert chances == sorted(set(chances))


def test_answer_is_less_sure_the_nearer_another_subject_is() -> None:
    near, nearer = (Standing(mean=0.1, deviation=0.1, few=0.3, nearest=nearest) for nearest in (2.0, 4.0))
    assert chance(standing=near, coverage=[0.5]) > chance(standing=nearer, coverage=[0.5])


def test_subjects_do_not_matter_where_the_best_hit_explains_every_word() -> None:
    near, nearer = (Standing(mean=0.1, deviation=0.1, few=few, nearest=nearest) for few, nearest in ((0, 1), (0.9, 5)))
    assert chance(standing=near, coverage=[1.0]) == chance(standing=nearer, coverage=[1.0])


def test_answer_is_surer_the_more_words_and_meaning_agree() -> None:
    chances = [chance(base=[share], coverage=[0.5]) for share in (0.2, 0.5, 0.9)]
    assert chances == sorted(set(chances))


def test_english_text_has_to_answer_an_english_question_better() -> None:
    asked = replace(ASKED, language="en")
    translated = replace(BEST, translations={"en": {"title": "Sensors", "text": "Text."}})
    assert chance(asked, best=translated) < chance(asked) == chance(ASKED) == chance(ASKED, best=translated)


def test_question_for_all_records_that_meet_its_conditions_is_answered() -> None:
    place_alone = Query(text="Was macht Guben?", language="de")
    assert certainty.answered(certainty.evidence(place_alone, ranked(conditions=True), STANDING, BEST))


def test_candidates_without_vectors_stand_at_the_mean_of_the_subjects() -> None:
    unknown = chance(text=[np.nan], asked=[np.nan], coverage=[0.5])
    assert unknown == pytest.approx(chance(text=[STANDING.mean], coverage=[0.5]))


def test_hit_counts_more_the_nearer_it_is_to_the_best_and_the_more_it_explains() -> None:
    best, half, little = hit_chances(base=[0.8, 0.4, 0.1])
    assert best > half > little
    explained, unexplained = hit_chances(base=[0.8, 0.8], coverage=[1.0, 0.0])
    assert explained > unexplained


def test_hits_are_counted_from_their_threshold_on() -> None:
    rows = certainty.evidence_of_hits(ranked(base=[0.8, 0.0], coverage=[1.0, 0.0]))
    assert (certainty.relevance(rows) >= tuning.COUNTED_FROM).tolist() == [True, False]


def test_no_candidates_have_no_counted_hits() -> None:
    assert certainty.relevance(certainty.evidence_of_hits(ranked(docs=0))).tolist() == []


def test_extreme_evidence_does_not_overflow() -> None:
    model = {"bias": 0.0, "one": 1e6, "other": 1e6}
    assert certainty.probability(model, np.full(2, 1e6)) == pytest.approx(1.0)
    assert certainty.probability(model, np.full(2, -1e6)) == pytest.approx(0.0)


# ------------------------------------------------------------------------------------------------- the background


def test_shipped_background_matches_its_texts_and_model(e5: Embedder) -> None:
    with np.load(SHIPPED) as shipped:
        assert str(shipped["fingerprint"]) == e5.fingerprint
        assert len(shipped["codes"]) == len(texts())
    assert len(texts()) % len(LANGUAGES) == 0


async def test_shipped_background_vectors_match_the_embedder(e5: Embedder) -> None:
    first = (await e5.embed_passages(texts()[:3])) @ (await load(e5)).vectors["de"][:3].T
    assert np.diag(first).min() > 0.99


async def test_model_without_shipped_vectors_embeds_the_background() -> None:
    background = await load(HashEmbedder())
    assert set(background.vectors) == set(LANGUAGES)
    assert {vectors.shape for vectors in background.vectors.values()} == {(len(texts()) // len(LANGUAGES), 256)}


async def test_question_is_compared_with_the_subjects_in_its_own_language() -> None:
    embedder = HashEmbedder()
    background = await load(embedder)
    (vector,) = await embedder.embed_queries([texts()[-1]])
    assert background.standing(vector, "pl").nearest > background.standing(vector, "de").nearest
    assert background.standing(vector, "zz") == background.standing(vector, "de")


@pytest.fixture
def square() -> Background:
    """Eight subjects at right angles, named alike in each language."""
    return Background(dict.fromkeys(LANGUAGES, np.eye(8, dtype=np.float32)))


def test_standing_is_counted_in_standard_deviations_of_the_subjects(square: Background) -> None:
    asked = np.eye(8, dtype=np.float32)[0]
    standing = square.standing(asked, "en")
    cosines = np.array([1.0, *[0.0] * 7])
    assert standing.mean == pytest.approx(cosines.mean())
    assert standing.nearest == pytest.approx((1.0 - cosines.mean()) / cosines.std())
    assert standing.ahead(standing.few) == pytest.approx(0.0)
    assert standing.ahead(1.0) == pytest.approx((1.0 - 1 / 5) / cosines.std(), rel=1e-5)


def test_question_equally_near_to_all_subjects_does_not_divide_by_zero(square: Background) -> None:
    standing = square.standing(np.zeros(8, np.float32), "pl")
    assert np.isfinite([standing.nearest, standing.ahead(1.0)]).all()
