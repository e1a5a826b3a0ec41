"""An answer at a glance: who, all names by state, and what the knowledge base has of a place. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.messages import Say, Value
from knowledge_base.labels import round_in, state_in
from knowledge_base.model import Answer, NamedPlace, Town

WIDTH = 66  # characters of towns in the first line
NAMES = 60  # towns in one message


def who(answer: Answer) -> Say | str:
    """Return the towns of all hits with their numbers; "" if the question is about one town, or hits name none."""
    towns = sorted(answer.overview.towns, key=lambda town: -town.projects)
    if not towns or len(answer.understood.municipalities) == 1:
        return ""
    words = [f"{town.name} ({town.projects})" for town in towns]
    fit = next((n for n in range(len(words), 1, -1) if len(", ".join(words[:n])) <= WIDTH), 1)
    values: dict[str, Value] = {"towns": ", ".join(words[:fit])}
    return Say("ask.who_more", values | {"count": len(words) - fit}) if fit < len(words) else Say("ask.who", values)


def names(answer: Answer, language: str) -> Say:
    """Return the names of all towns by state, as many as one message takes, and how many there are in all."""
    overview = answer.overview
    towns = sorted(overview.towns, key=lambda town: (town.state, _order(town.name)))
    shown = towns[:NAMES]
    numbers: dict[str, Value] = {"towns": len(towns), "projects": overview.projects}
    states = tuple(_state(state, list(group), language) for state, group in groupby(shown, key=lambda town: town.state))
    return Say(
        "ask.names",
        {
            "numbers": Say("ask.names_models" if overview.models else "ask.names_projects", numbers),
            "states": states,
            "rest": Say("ask.names_rest", {"count": len(towns) - NAMES}) if len(towns) > NAMES else "",
        },
    )


def known(places: Sequence[NamedPlace], language: str) -> tuple[Say, ...]:
    """Return what the knowledge base has of places that have no hit: something else, or only their names."""
    said = []
    for place in places:
        if place.hits:
            continue
        if place.others:
            key = "ask.known_of" if len(places) > 1 else "ask.known_other"
            said.append(Say(key, {"place": place.name, "count": place.others}))
        elif place.rounds:
            said.append(model_project(place, language))
    return tuple(said)


def model_project(place: NamedPlace, language: str) -> Say:
    """Return that a place is a model project, and that the bot does not know what it does there."""
    rounds = ", ".join(round_in(name, language) for name in place.rounds)
    return Say("ask.known_thin", {"place": place.name, "round": rounds})


def _state(state: str, towns: Sequence[Town], language: str) -> Say:
    values: dict[str, Value] = {"number": len(towns), "names": ", ".join(town.name for town in towns)}
    return Say("ask.state", values | {"state": state_in(state, language)}) if state else Say("ask.no_state", values)


def _order(name: str) -> str:
    return name.casefold().translate(str.maketrans("äöüśłźżć", "aouslzzc"))
