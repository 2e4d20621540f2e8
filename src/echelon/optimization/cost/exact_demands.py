"""Which stages' own demand is known well enough for an exact quantile of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np

from echelon.demand.covariance import independent_rows
from echelon.distributions import Distribution, sum_of
from echelon.lead_time.deviation import Wait
from echelon.network.compiled import Booleans, CompiledNetwork
from echelon.network.network import Network
from echelon.optimization.cost.covered_demand import any_time
from echelon.optimization.random_times import wait_std
from echelon.optimization.service_targets import ServiceTargets

_NORMAL = ("normal", "deterministic")
"""Demand of which the normal bound is exact already."""


class ExactDemands:
    """Stages of one network whose bound is the exact quantile of their own demand.

    Those without customer stages, with one row of demand or several that are independent of one
    another, whatever their families: a demand whose sums have no closed form is summed on a
    lattice, for which all times of the component must be whole periods. How rows vary with those
    of other stages does not matter.
    """

    def __init__(self, network: Network, targets: ServiceTargets) -> None:
        compiled = network.compiled
        # lists, as what follows reads them one by one
        self._laws = network.demand_laws
        self._level: list[float] = targets.service_level.tolist()
        self._partners = {} if network.independent else network.covariance.partners()
        self._made: dict[tuple[Distribution, ...], Distribution] = {}
        self._random: list[bool] = (wait_std(compiled) > 0.0).tolist()
        self._whole: list[bool] = whole_components(compiled).tolist()
        self._ptr: list[int] = (compiled.demand_ptr - compiled.demand_ptr[0]).tolist()
        self._rows: list[int] = compiled.demand_row.tolist()
        # of normal rows the normal bound is exact, and none of their distributions is made
        odd = ~np.isin(network.cells("demand", "family").astype(str), _NORMAL)
        stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        served = np.bincount(stage, odd[compiled.demand_row], compiled.n_stages) > 0
        ends = np.diff(compiled.succ_ptr) == 0
        self._stages: list[int] = np.flatnonzero(served & ends).tolist()

    def of(
        self, shard: CompiledNetwork, first: int, waits: Mapping[int, Wait] | None = None
    ) -> dict[int, tuple[Distribution, float]]:
        """Give distribution of one period's demand and service level, by stage of a component.

        ``first`` is the position of the component's first stage in the whole network. Where times
        into the stage vary, they must be ``waits``; for sums on a lattice they are rounded up to
        whole periods, so that they must be values themselves and not the cells of a density.
        """
        begin = bisect_left(self._stages, first)
        end = bisect_left(self._stages, first + shard.n_stages, begin)
        found: dict[int, tuple[Distribution, float]] = {}
        if begin == end:
            return found
        waits = waits or {}
        whole, ptr = self._whole[int(shard.component_id[0])], self._ptr
        for place in self._stages[begin:end]:
            j = place - first
            random = self._random[place]
            demand = self._demand(self._rows[ptr[place] : ptr[place + 1]])
            if demand is None or (random and j not in waits):
                continue  # of a wait two moments are known, or of periods that differ no sum
            if demand.family in _NORMAL:
                continue
            level = self._level[place]
            summable = waits[j].usual.separate if random else whole
            # a safety factor above 8 rounds to certainty, of which there is no finite quantile
            if level < 1.0 and (summable or any_time(demand)):
                found[j] = (demand, level)
        return found

    def _demand(self, rows: list[int]) -> Distribution | None:
        """Demand of all customers of a stage, None where it has no distribution over time.

        ``rows``: theirs in the table ``demand``.
        """
        if self._partners and not independent_rows(rows, self._partners):
            return None
        laws: tuple[Distribution, ...] = tuple([self._laws[row] for row in rows])
        for law in laws:
            if law.family == "per_period":
                return None  # periods differ, and their sum depends on the first
        if len(laws) == 1:
            return laws[0]
        known = self._made.get(laws)
        if known is None:
            known = self._made[laws] = sum_of(laws)
        return known


def whole_times(shard: CompiledNetwork) -> bool:
    """Whether every time of a component is in whole periods, so that every sum of them is."""
    return bool(whole_components(shard).all())


def whole_components(compiled: CompiledNetwork) -> Booleans:
    """Of which components every time is in whole periods, (n_components,)."""
    sizes = np.diff(compiled.component_ptr)
    component = np.repeat(np.arange(compiled.n_components), sizes)
    customer = np.repeat(component, np.diff(compiled.pred_ptr))
    odd = np.zeros(compiled.n_components, dtype=np.bool_)
    for owner, times in (
        (component, compiled.lead_time),
        (customer, compiled.pred_lead_time),
        (component, compiled.inbound_service_time),
        (component, compiled.max_service_time),
    ):
        odd[owner[np.isfinite(times) & (times != np.rint(times))]] = True
    return ~odd
