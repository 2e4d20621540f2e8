"""Quantiles of one stage's demand, kept as its table and its levels ask for the same times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from echelon.network.compiled import Floats

_MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class KeptLevels:
    """Levels by time, so that each is searched for once.

    Attributes
    ----------
    first : list of (times, levels)
        What a first table asked for, if one did: times ascending, periods, and units.
    levels : dict of float to float
        All else: units by periods.
    """

    first: list[tuple[Floats, Floats]] = field(default_factory=list)
    levels: dict[float, float] = field(default_factory=dict)

    def at(self, periods: Floats, search: Callable[[Floats], Floats]) -> Floats:
        """Give the level of each time, any shape; ``search`` finds those of (n,) new times."""
        asked = np.asarray(periods, dtype=np.float64)
        if not self.first and not self.levels and 0 < asked.size <= _MOST_KEPT and asked.ndim == 1:
            steps = asked[1:] - asked[:-1]
            if (steps < 0.0).all():
                return self._all_new(asked[::-1].copy(), search)[::-1]
            if (steps > 0.0).all():
                return self._all_new(asked, search)
        elif self.first and asked.ndim == 0:
            times, levels = self.first[0]
            place = int(times.searchsorted(asked))
            if place < len(times) and times[place] == asked:
                return np.asarray(levels[place])
        return self._one_by_one(asked, search)

    def _all_new(self, rising: Floats, search: Callable[[Floats], Floats]) -> Floats:
        """As :meth:`at` of the times of a first table."""
        values = search(rising)
        self.first.append((rising.copy(), values.copy()))
        return values

    def _one_by_one(self, asked: Floats, search: Callable[[Floats], Floats]) -> Floats:
        if self.first:  # asked for other times too: from now on they are looked up together
            times, levels = self.first.pop()
            self.levels.update(zip(times.tolist(), levels.tolist(), strict=True))
        wanted = asked.ravel().tolist()
        new = sorted(set(wanted).difference(self.levels))
        if not new:
            return np.array([self.levels[time] for time in wanted]).reshape(asked.shape)
        found = dict(zip(new, search(np.array(new)).tolist(), strict=True))
        known = self.levels | found
        answer = np.array([known[time] for time in wanted]).reshape(asked.shape)
        if len(self.levels) + len(found) > _MOST_KEPT:
            self.levels.clear()
        self.levels.update(list(found.items())[:_MOST_KEPT])
        return answer
