"""What users write about their digest, in three languages and in their own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.features.digests.wishes import language_of, region_of, topics_of
from knowledge_base.model import Municipality
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.vocabulary import bundled

PLACES = Gazetteer(
    [
        Municipality(id="1", name="Cottbus/Chóśebuz", names=("Cottbus", "Chociebuż"), state="Brandenburg"),
        Municipality(id="2", name="Frankfurt (Oder)", state="Brandenburg"),
    ]
)


@pytest.mark.parametrize(
    ("text", "topics", "unknown"),
    [
        ("mobility climate", ("mobility", "climate-protection"), ()),
        ("Mobilität, Gesundheit und Bildung", ("mobility", "health", "education"), ()),
        ("mobilność, zdrowie", ("mobility", "health"), ()),
        ("Open Data", ("open-data",), ()),
        ("everything", (), ()),
        ("ALLES", (), ()),
        ("wszystko", (), ()),
        ("Mobilität, Quantenzauberei", ("mobility",), ("Quantenzauberei",)),
        ("Quantenzauberei", None, ("Quantenzauberei",)),
        ("Mobilität Mobilität", ("mobility",), ()),
        ("", None, ()),
    ],
)
def test_words_of_a_user_become_topics_and_unknown_words_are_named(
    text: str, topics: tuple[str, ...] | None, unknown: tuple[str, ...]
) -> None:
    assert topics_of(text, bundled()) == (topics, unknown)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("überall", ()),
        ("everywhere", ()),
        ("my municipality and neighbours", ("near:",)),
        ("meine Kommune und Nachbarn", ("near:",)),
        ("moja gmina i sąsiedzi", ("near:",)),
        ("nearby", ("near:",)),
        ("Brandenburg", ("state:Brandenburg",)),
        ("Saxony, Cottbus", ("state:Sachsen", "place:Cottbus/Chóśebuz")),
        ("Chociebuż", ("place:Cottbus/Chóśebuz",)),
        ("Cottbus und Nachbarn", ("near:Cottbus/Chóśebuz",)),
        ("Frankfurt (Oder)", ("place:Frankfurt (Oder)",)),
        ("Atlantis", None),
    ],
)
def test_words_of_a_user_become_a_region(text: str, region: tuple[str, ...] | None) -> None:
    assert region_of(text, PLACES)[0] == region


def test_words_of_a_user_become_a_language() -> None:
    assert (language_of("Polnisch"), language_of("auto"), language_of("Klingonisch")) == ("pl", "auto", None)


@given(text=st.text(max_size=200))
def test_every_text_about_a_digest_is_read_without_an_error(text: str) -> None:
    topics_of(text, bundled())
    region_of(text, PLACES)
