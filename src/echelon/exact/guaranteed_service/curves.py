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
        from echelon.kernels.prompt_supplies import falls_of_curves  # numba: not before it is used

        steepest = np.zeros(len(self.ptr) - 1)
        head, end = np.empty((2, np.diff(self.ptr).max(initial=0)), dtype=np.int64)
        falls_of_curves(self.ptr, self.covered, cost, _NOISE, head, end, steepest)
        return steepest
