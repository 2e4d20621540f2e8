"""How long a component remembers its start, where that is known."""

from __future__ import annotations

from typing import Final

import numpy as np

from echelon.demand.propagate import seen_upstream
from echelon.kernels.flow_arrays import BASE_STOCK, FIRST_COME, NO_RULE, Features, Structure
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.levels import Levels
from echelon.simulation.described.times import Times

_ONE_IN_TWENTY: Final = 1.645
"""Standard deviations by which a mean is above 0 if one normal number in twenty is below it."""


def longest_fill(network: Network, service_time: Integers) -> Integers:
    """Periods until every pipeline of a component is full, (n_components,).

    The longest chain of lead times and reviews in the component, times that are drawn taken at
    their means. It depends on no other component, so that a subset of the network is counted as
    the whole is, and on no levels, so that rival plans of equal service times are counted over the
    same periods of the same demand.

    Parameters
    ----------
    network : Network
    service_time : (n_stages,) int64
        In compiled order, periods.
    """
    from echelon.kernels import fill  # numba: not before it is needed

    cells = Cells.of(network)
    compiled, times = cells.compiled, Times.of(cells)
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    filled = np.zeros(compiled.n_stages, dtype=np.int64)
    fill.longest_fill(
        compiled.pred_ptr.copy(),
        compiled.pred_stage + first[receiver],
        times.lane,
        times.inbound,
        times.make + times.release + compiled.review_period,
        service_time,
        filled,
    )
    return np.maximum.reduceat(filled, compiled.component_ptr[:-1])


def forgets(network: Network, levels: Levels, structure: Structure, features: Features) -> Booleans:
    """Components that forget their start once their pipelines are full, (n_components,).

    After :func:`longest_fill` the state of plain base stock with fixed times no longer depends on
    the start, unless initial stocks are above base stocks. Anything by which an order, a start
    or a loss depends on the state makes the memory fade instead of end, and a warm-up is then to
    be found from the run.

    Parameters
    ----------
    network : Network
    levels : Levels
    structure, features
        Of the whole network. The warm-ups and periods are not read.
    """
    compiled = network.compiled
    stages = levels.own_policy | levels.varying | (features.policy != BASE_STOCK)
    stages |= levels.initial_stock > levels.base_stock  # nothing is ordered until it is used up
    stages |= _returns_matter(network)  # a return leaves the position above the base stock
    stages |= _periods_late(network, levels, structure) > 0.0  # shared by what was owed before
    for lasting in (
        features.order_multiple > 0.0,
        features.minimum_order > 0.0,
        features.maximum_order < np.inf,
        features.capacity < np.inf,
        np.diff(features.open_ptr) > 0,
        features.make_row >= 0,
        features.release_row >= 0,
        features.yield_row >= 0,
        features.shelf_life > 0,
        features.lost_share > 0.0,
        np.diff(features.down_ptr) > 0,
    ):
        stages = stages | lasting
    lanes = (
        (features.lane_row >= 0)
        | (features.backup_for >= 0)
        | (features.expedite_rule != NO_RULE)
        | (np.diff(features.lane_down_ptr) > 0)
    )
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    stages[receiver[lanes]] = True
    return ~np.logical_or.reduceat(stages, compiled.component_ptr[:-1])


def queue_memory(network: Network, levels: Levels, features: Features) -> Floats:
    r"""Periods after which queues in front of capacities have settled, (n_components,).

    A queue with mean work :math:`\mu` and variance :math:`\sigma^2` a period before a capacity
    :math:`C` is close to a reflected Brownian motion, which forgets its start like
    :math:`e^{-t (C - \mu)^2 / (2 \sigma^2)}` [1]_: after :math:`6 \sigma^2 / (C - \mu)^2` periods
    a twentieth of it is left. ``C`` is what the stage can start on average: times the share of
    periods in which it is open and up, and its good share. inf where demand is above it. Stock
    above the base stock, where normal demand brings many returns, is worked off at the rate of the
    mean by the same law.

    References
    ----------
    .. [1] Harrison (1985), *Brownian Motion and Stochastic Flow Systems*, Wiley.
    """
    compiled = network.compiled
    capacity = features.capacity.copy()
    open_periods = np.diff(features.open_ptr)
    stage = np.repeat(np.arange(compiled.n_stages), open_periods)
    open_share = np.bincount(stage, features.open_at, compiled.n_stages)
    capacity *= np.where(open_periods > 0, open_share / np.maximum(open_periods, 1), 1.0)
    cells = Cells.of(network)
    capacity *= cells.numbers("stages", "yield_mean", blank=1.0)
    capacity *= 1.0 - cells.numbers("stages", "lot_failure", blank=0.0)
    place = np.empty(compiled.n_stages, dtype=np.int64)
    place[compiled.stage_row] = np.arange(compiled.n_stages)
    table = network.disruptions
    rates = table["failure_rate"].to_numpy(dtype=np.float64)
    comes_up = table["recovery_rate"].to_numpy(dtype=np.float64)
    row = np.asarray(network.disruption_stages)
    by_rate = (row >= 0) & ~np.isnan(rates) & (rates + comes_up > 0.0)
    down = rates[by_rate] / (rates[by_rate] + comes_up[by_rate])
    left = table["capacity_left"].to_numpy(dtype=np.float64)[by_rate]
    np.multiply.at(capacity, place[row[by_rate]], 1.0 - down * (1.0 - left))
    mean, variance = levels.demand_seen, deviation_seen(compiled) ** 2
    room = capacity - mean
    with np.errstate(divide="ignore", invalid="ignore"):
        periods = np.where(room > 0.0, 6.0 * variance / room**2, np.inf)
    periods = np.where(np.isfinite(features.capacity) & (mean > 0.0), periods, 0.0)
    returns = _returns_matter(network)  # a position above the base stock is worked off by demand
    with np.errstate(divide="ignore", invalid="ignore"):
        worked_off = np.where(mean > 0.0, 6.0 * variance / mean**2, np.inf)
    periods = np.maximum(periods, np.where(returns, worked_off, 0.0))
    return np.asarray(np.maximum.reduceat(periods, compiled.component_ptr[:-1]))


def deviation_seen(compiled: CompiledNetwork) -> Floats:
    """Standard deviation of the demand that each stage sees in a period, (n_stages,) units."""
    stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    variance = np.bincount(stage, compiled.demand_std**2, compiled.n_stages).astype(np.float64)
    _, seen = seen_upstream(
        compiled.component_ptr,
        compiled.pred_ptr,
        compiled.pred_stage,
        compiled.pred_usage,
        np.zeros(compiled.n_stages),
        variance[None, :],
    )
    return np.asarray(np.sqrt(seen[0]))


def split_memory(network: Network, levels: Levels, structure: Structure) -> Floats:
    r"""Periods after full pipelines until it is forgotten whom a shortage hit, (n_components,).

    A stage with a base stock :math:`B` below the mean demand :math:`\mu\tau` that it has to cover
    owes the demand of about :math:`k = \tau - B / \mu` periods. Shared in proportion, one unit in
    :math:`k + 1` of what each is owed comes in a period, so that :math:`e^{-3}`, a twentieth, is
    left of an uneven start after :math:`3 (k + 1)`.

    Parameters
    ----------
    network, levels, structure
        As for :func:`forgets`.
    """
    late = _periods_late(network, levels, structure)
    periods = np.where(late > 0.0, 3.0 * (late + 1.0), 0.0)
    return np.asarray(np.maximum.reduceat(periods, network.compiled.component_ptr[:-1]))


def _periods_late(network: Network, levels: Levels, structure: Structure) -> Floats:
    """Mean lateness of stages that are short more often than not and share it, (n_stages,).

    What a stage owes is forgotten with its pipeline; how much of it to whom, only once nobody is
    owed anything. Where the base stock is below the mean demand that it has to cover, that may be
    much later. First come serves in the order of requests, whatever was before.
    """
    compiled = network.compiled
    shares = (np.diff(structure.asker_ptr) > 1) & (levels.allocation != FIRST_COME)
    replenished = structure.nominal_delay + compiled.review_period
    covered = np.maximum(replenished - levels.service_time, 0)
    mean = levels.demand_seen * covered
    stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    sold = np.bincount(stage, np.abs(compiled.demand_mean), compiled.n_stages)
    of_customers = np.maximum(replenished - levels.customer_time, 0)
    mean += np.where(levels.customer_time >= 0, sold * (of_customers - covered), 0.0)
    missing = np.where(shares, mean - levels.base_stock, 0.0)
    some = (missing > structure.tolerance) & (levels.demand_seen > 0.0)
    return np.divide(missing, levels.demand_seen, out=np.zeros_like(missing), where=some)


def _returns_matter(network: Network) -> Booleans:
    """Stages whose normal demand is negative in more than one period in twenty, (n_stages,)."""
    compiled = network.compiled
    stage = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    normal = (network.columns("demand", ["family"])["family"] == "normal").to_numpy()
    normal = normal[compiled.demand_row]
    mean = np.bincount(stage, compiled.demand_mean, compiled.n_stages)
    variance = np.bincount(
        stage, np.where(normal, compiled.demand_std, 0.0) ** 2, compiled.n_stages
    )
    return np.asarray((variance > 0.0) & (mean < _ONE_IN_TWENTY * np.sqrt(variance)))
