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

        tau = self.covered
        rises = np.flatnonzero(tau[1:] >= tau[:-1]) + 1
        within = np.ones(len(tau) + 1, dtype=np.bool_)
        within[self.ptr] = False
        if within[rises].any():  # several curves of a stage, each of which falls
            stage = np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))
            order = np.argsort(stage * (tau.max(initial=0) + 1) - tau, kind="stable")
            tau, cost = tau[order], cost[order]
        steepest = np.zeros(len(self.ptr) - 1)
        falls_of_curves(self.ptr, tau, cost, _NOISE, steepest)
        return steepest
