"""Which stages' own demand is known well enough for an exact quantile of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from echelon.demand.covariance import independent_rows
from echelon.distributions import Distribution, sum_of
from echelon.lead_time.deviation import Wait
from echelon.network.compiled import Booleans, CompiledNetwork, Floats
from echelon.network.network import Network
from echelon.optimization.cost.covered_demand import any_time
from echelon.optimization.random_times import wait_std
from echelon.optimization.service_targets import ServiceTargets

_NORMAL = ("normal", "deterministic")
"""Demand of which the normal bound is exact already."""


def exact_demands(
    network: Network, targets: ServiceTargets, waits: Mapping[int, Wait] | None = None
) -> dict[int, tuple[Distribution, float]]:
    """Give distribution of one period's demand and service level, by stage in compiled order.

    Of those without customer stages, with one row of demand or several that are independent of one
    another, whatever their families: a demand whose sums have no closed form is summed on a
    lattice, for which all times of the component must be whole periods. How rows vary with those
    of other stages does not matter.

    Parameters
    ----------
    network : Network
    targets : ServiceTargets
    waits : mapping of stage to Wait, optional
        Where times into a stage vary, they must be there; for sums on a lattice they are rounded
        up to whole periods, so that they must be values themselves and not the cells of a density.
    """
    compiled, waits = network.compiled, waits or {}
    random = (wait_std(compiled) > 0.0).tolist()
    whole = np.repeat(whole_components(compiled), np.diff(compiled.component_ptr)).tolist()
    found: dict[int, tuple[Distribution, float]] = {}
    for stage, demand in _own_demands(network, targets.service_level):
        # of a wait two moments are known, or what is left is normal, of which the bound is exact
        if (random[stage] and stage not in waits) or demand.family in _NORMAL:
            continue
        summable = waits[stage].usual.separate if random[stage] else whole[stage]
        if summable or any_time(demand):
            found[stage] = (demand, float(targets.service_level[stage]))
    return found


def _own_demands(network: Network, level: Floats) -> Iterator[tuple[int, Distribution]]:
    """Give the stages that sell only, not all of it normal, with the demand of all customers."""
    compiled = network.compiled
    partners = {} if network.independent else network.covariance.partners()
    # of normal rows the normal bound is exact, and none of their distributions is made
    family = network.cells("demand", "family")
    varied = ~((family == "normal") | (family == "deterministic")).astype(np.bool_)
    changing = (family == "per_period").astype(np.bool_)
    n = compiled.n_stages
    stage = np.repeat(np.arange(n), np.diff(compiled.demand_ptr))
    served = np.bincount(stage, varied[compiled.demand_row], n) > 0
    changes = (np.bincount(stage, changing[compiled.demand_row], n) > 0).tolist()
    ends = np.diff(compiled.succ_ptr) == 0
    # a safety factor above 8 rounds to certainty, of which there is no finite quantile
    chosen = served & ends & (level < 1.0)
    rows = compiled.demand_row[chosen[stage]].tolist()
    laws = network.demand_laws.of(rows)
    added: dict[tuple[Distribution, ...], Distribution] = {}
    stages = np.flatnonzero(chosen)
    end = np.cumsum(np.diff(compiled.demand_ptr)[stages]).tolist()
    for one, span in zip(stages.tolist(), pairwise([0, *end]), strict=True):
        own = slice(*span)
        if partners and not independent_rows(rows[own], partners):
            continue
        parts = laws[own]
        if changes[one] and any(law.family == "per_period" for law in parts):
            continue  # periods differ, and their sum depends on the first
        if len(parts) == 1:
            yield one, parts[0]
            continue
        key = tuple(parts)
        total = added.get(key)
        if total is None:
            total = added[key] = sum_of(parts)
        yield one, total


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
