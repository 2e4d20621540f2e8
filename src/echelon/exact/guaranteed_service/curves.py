"""Costs over the net replenishment time, stage by stage, as the rows of a problem share them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Floats, Integers

_NOISE = 1e-12
"""A share of a cost that it falls by for nothing but rounding."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Net replenishment times of costs that stand stage by stage.

    Attributes
    ----------
    ptr : (n_stages + 1,) int64
    covered : int64
        Ticks.
    """

    ptr: Integers
    covered: Integers

    def steepest_falls(self, cost: Floats) -> Floats:
        """What a longer time saves at most, (n_stages,), money per tick; 0 where cost only rises.

        ``cost``: those of the curves first, ``inf`` where a time is forbidden.
        """
        stage = np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))
        # runs that descend, which a stable sort finds and turns round
        order = np.argsort(stage * (self.covered.max(initial=0) + 1) + self.covered, kind="stable")
        tau, cost = self.covered[order], cost[order]
        allowed = np.isfinite(cost)
        both = allowed[1:] & allowed[:-1] & (stage[1:] == stage[:-1])
        before, after = cost[:-1][both], cost[1:][both]
        fall = np.where(before - after > _NOISE * np.abs(before), before - after, 0.0)
        steepest = np.zeros(len(self.ptr) - 1)
        np.maximum.at(steepest, stage[1:][both], fall / np.diff(tau)[both])
        return steepest
