"""Distances between municipalities, and the members of districts and states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Municipality

NEAR_KM = 60.0
_NEIGHBOUR = 0.8  # nearness of a municipality listed as neighbour
_EARTH_KM = 6371.0
_WITH_MEMBERS = re.compile(r"\d{2,3}|\d{5}|PL-\d{2,4}")  # keys of states and districts, and of those in Poland


class Geography:
    """Municipalities by their rows."""

    def __init__(self, municipalities: Sequence[Municipality]) -> None:
        self._municipalities = municipalities

    @cached_property
    def row_of_id(self) -> Mapping[str, int]:
        return {municipality.id: row for row, municipality in enumerate(self._municipalities)}

    @cached_property
    def _coordinates(self) -> npt.NDArray[np.float64]:
        """Return latitude and longitude in radians, one row per municipality; NaN where unknown."""
        degrees = [
            (m.latitude, m.longitude) if m.latitude is not None and m.longitude is not None else (np.nan, np.nan)
            for m in self._municipalities
        ]
        return np.radians(np.array(degrees, dtype=np.float64).reshape(-1, 2))

    def with_members(self, rows: Sequence[int]) -> tuple[int, ...]:
        """Return municipalities and, for districts and states, their members: keys begin with the district's."""
        ids = [self._municipalities[row].id for row in rows]
        keys = tuple(filter(_WITH_MEMBERS.fullmatch, ids))
        if not keys:
            return tuple(dict.fromkeys(rows))
        members = (row for row, place in enumerate(self._municipalities) if place.id.startswith(keys))
        return tuple(dict.fromkeys((*rows, *members)))

    def near(self, rows: Iterable[int]) -> dict[int, float]:
        """Return nearness 0 … 1 by row, of municipalities within ``NEAR_KM`` of ``rows`` or named as neighbours."""
        nearness: dict[int, float] = {}
        for row in rows:
            km = self._distances(row)
            for other in np.flatnonzero(km <= NEAR_KM):
                nearness[int(other)] = max(nearness.get(int(other), 0.0), 1.0 - 0.9 * float(km[other]) / NEAR_KM)
            for neighbour in self._municipalities[row].neighbours:
                if (beside := self.row_of_id.get(neighbour)) is not None:
                    nearness[beside] = max(nearness.get(beside, 0.0), _NEIGHBOUR)
        return nearness

    def _distances(self, row: int) -> npt.NDArray[np.float64]:
        """Return great-circle distances in km (haversine) from one municipality to all; infinite where unknown."""
        here, all_ = self._coordinates[row], self._coordinates
        half = np.sin((all_ - here) / 2.0) ** 2
        chord = half[:, 0] + np.cos(here[0]) * np.cos(all_[:, 0]) * half[:, 1]
        km = 2.0 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
        known: npt.NDArray[np.float64] = np.nan_to_num(km, nan=np.inf)
        return known
