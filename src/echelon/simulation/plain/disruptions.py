"""Which stages and lanes are down, and how long customers notice it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.kernels.flow_arrays import Features, FeatureSums, Structure
from echelon.policies.base import Floats

Booleans = NDArray[np.bool_]


class Disruptions:
    """The disruptions of a component: states of a period, and the record of their events."""

    def __init__(self, structure: Structure, features: Features | None, runs: int) -> None:
        number = 0 if features is None else len(features.disruption_row)
        self._features = features
        self._first_row = int(structure.row_ptr[0])
        self._runs = runs
        self.down = np.zeros((number, runs), dtype=bool)
        self.began = np.zeros((number, runs), dtype=bool)
        self._up_since = np.full((number, runs), -1)
        self._down_since = np.full((number, runs), -1)
        self._open = np.zeros((number, runs), dtype=bool)  # counted and not yet recovered
        self._felt = np.zeros((number, runs), dtype=bool)  # customers went short in the event

    def start_period(self, draws: Floats, period: int) -> None:
        """Read the states of the period (step 0)."""
        if self._features is None:
            return
        before = self.down
        rows = self._features.disruption_row - self._first_row
        self.down = draws[rows, period] > 0.5
        self.began = self.down & ~before
        ended = before & ~self.down
        self._up_since[ended] = period
        self._up_since[self.began] = -1

    def of_stage(self, j: int) -> list[int]:
        """Numbers of the disruptions of a stage."""
        features = self._features
        if features is None:
            return []
        return [int(i) for i in features.down_of[features.down_ptr[j] : features.down_ptr[j + 1]]]

    def of_lane(self, k: int) -> list[int]:
        """Numbers of the disruptions of a lane."""
        features = self._features
        if features is None:
            return []
        first, last = features.lane_down_ptr[k : k + 2]
        return [int(i) for i in features.lane_down_of[first:last]]

    def any_down(self, numbers: list[int]) -> Booleans:
        """Runs (runs,) in which one of these is down."""
        return np.asarray(self.down[numbers].any(axis=0))

    def serves(self, j: int) -> Booleans:
        """Runs in which stage ``j`` ships: all its disruptions that are down let it."""
        serves = np.ones(self._runs, dtype=bool)
        for i in self.of_stage(j):
            if self._features is not None and not self._features.ships[i]:
                serves &= ~self.down[i]
        return serves

    def capacity_left(self, j: int) -> Floats:
        """Share of the capacity of stage ``j`` that is left, (runs,): the least of those down."""
        left = np.ones(self._runs)
        for i in self.of_stage(j):
            if self._features is not None:
                share = float(self._features.capacity_left[i])
                left = np.where(self.down[i], np.minimum(left, share), left)
        return left

    def holds(self, k: int) -> Booleans:
        """Runs in which goods under way on lane ``k`` stand still."""
        held = np.zeros(self._runs, dtype=bool)
        for i in self.of_lane(k):
            if self._features is not None and self._features.in_transit_held[i]:
                held |= self.down[i]
        return held

    def destroyed(self, j: int) -> list[Floats]:
        """Shares of the stock of stage ``j`` lost in this period, one array (runs,) per event."""
        if self._features is None:
            return []
        shares = self._features.stock_destroyed
        return [np.where(self.began[i], float(shares[i]), 0.0) for i in self.of_stage(j)]

    def end_period(self, period: int, short: Booleans, counted: bool, sums: FeatureSums) -> None:
        """Follow the events; ``short`` (runs,) says where customers wait or have lost units.

        An event counts if it begins in a counted period. One that begins before the last one of the
        same disruption is over replaces it, and the last one is never counted as recovered.
        """
        if self._features is None:
            return
        self._open = np.where(self.began, counted, self._open)
        self._down_since[self.began] = period
        self._felt &= ~self.began
        new = self.began & counted
        sums.events[...] += new
        sums.survived[...] += new  # until customers feel it
        felt = self._open & short & ~self._felt
        sums.survived[...] -= felt
        sums.survive[...] += np.where(felt, period - self._down_since, 0)
        self._felt |= felt
        recovered = self._open & ~self.down & ~short
        sums.recovered[...] += recovered
        sums.recover[...] += np.where(recovered, period - self._up_since, 0)
        self._open &= ~recovered
