"""Which promises count on late shipments not holding up those behind them, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from echelon.distributions import Distribution
from echelon.distributions.continuous import Gamma
from echelon.errors import warn_of_data
from echelon.lead_time.exposed_periods import exposed_periods
from echelon.lead_time.held_up import held_up, in_whole_periods
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.optimization.plan_rows import Places, compiled_places, table_rows
from echelon.optimization.random_times import wait_std
from echelon.policies.plan import Plan

_FEWER: Final = 0.01
"""Service below that of the plan's own reckoning that is told of, as of other late supplies."""
_MOST_KINDS: Final = 500
"""Kinds of waits that are looked into, those of most stages first; each takes some 0.2 ms."""
_LONGEST: Final = 2_000
"""Most periods between the shortest and the longest time of a kind."""
_KEY: Final = ["item", "location"]

_Law = tuple[Floats, Floats]
"""Deviations from the mean, periods, and their probabilities."""


def warn_of_held_up_supplies(network: Network, plan: Plan) -> None:
    """Warn once where times vary, goods may not overtake, and service falls clearly below.

    A plan takes the time of a stage for one that stays what it is while anybody waits (clause
    8.4); a simulation draws one for each shipment (8.6), and a late one holds up all behind it
    (8.7). What both come to is compared under normal demand.
    """
    compiled = network.compiled
    if not (compiled.lead_time_std.any() or compiled.pred_lead_time_std.any()):
        return  # without a look at the stages, which a plan may still have to lay out
    missing = service_lost(network, plan.stages)
    told = missing >= _FEWER
    if not told.any():
        return
    worst = int(np.nanargmax(missing))
    item, location = plan.stages[_KEY].iloc[worst]
    warn_of_data(
        f"{int(told.sum())} of {len(plan.stages)} stages wait for supplies whose times vary, "
        f"{item} @ {location} the most. A plan takes such a time to stay as it is; in a simulation "
        "each shipment has a time of its own and a late one holds up those behind it, which takes "
        f"about {100.0 * missing[worst]:.0f} points of service there, and some further down. "
        "Fix: let calibrate(network, plan) find the levels; give overtaking = true where "
        "shipments do pass one another."
    )


def service_lost(network: Network, stages: pd.DataFrame) -> Floats:
    """Cycle service that a plan reckons with and that shipments which wait for others take away.

    Parameters
    ----------
    network : Network
    stages : DataFrame
        Of its plan.

    Returns
    -------
    (n_stages,) float64
        0 where no time varies or shipments may overtake; NaN of kinds that are not looked into.
    """
    compiled = network.compiled
    place = compiled_places(network, table_rows(network, stages))
    numbers = stages[["net_replenishment_time", "base_stock", "demand_mean", "demand_std"]]
    covered, level, mean, std = numbers.to_numpy(dtype=np.float64, na_value=np.nan).T
    every = np.maximum(compiled.review_period[place], 1)
    lost = np.zeros(len(stages))
    waits = np.flatnonzero((wait_std(compiled)[place] > 0.0) & (std > 0.0) & (level > 0.0))
    if not waits.size:
        return lost
    rate = _shipping_rate(mean[waits], std[waits])
    kind = _kinds(network, place[waits], every[waits], rate)
    numbers_of, counts = np.unique(kind, return_counts=True)
    for number in numbers_of[np.argsort(-counts, kind="stable")][_MOST_KINDS:]:
        lost[waits[kind == number]] = np.nan
    laws = _Laws(network)
    order = np.argsort(kind, kind="stable")
    for members in np.split(order, np.cumsum(counts)[:-1]):
        at = waits[members]
        if np.isnan(lost[at[0]]):
            continue
        first = int(place[at[0]])
        reckoned = laws.of(first, int(every[at[0]]), float(rate[members[0]]), drawn=False)
        simulated = laws.of(first, int(every[at[0]]), float(rate[members[0]]), drawn=True)
        if reckoned is None or simulated is None:
            lost[at] = np.nan
            continue
        known = covered[at], level[at], mean[at], std[at]
        lost[at] = np.maximum(_served(reckoned, *known) - _served(simulated, *known), 0.0)
    return lost


def _shipping_rate(mean: Floats, std: Floats) -> Floats:
    """How often something is shipped, in tenths: rarely where demand is rare, never too often.

    Orders of one size with probability ``q`` vary by ``1 / q - 1`` squared means.
    """
    rate = np.minimum(2.0 / (1.0 + (std / np.maximum(mean, 1e-9 * std)) ** 2), 1.0)
    return np.asarray(np.maximum(np.floor(10.0 * rate), 1.0) / 10.0)


def _kinds(network: Network, place: Places, every: Integers, rate: Floats) -> Integers:
    """Number stages alike in what of their wait varies, in rhythm and in overtaking.

    Laws of lanes count by the sums of their numbers and of the squares: as good as each by itself.
    """
    compiled = network.compiled
    lanes = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    varied = (compiled.pred_lead_time_std > 0.0) & (compiled.pred_share > 0.0)
    passing = network.cells("lanes", "overtaking").astype(np.float64)[compiled.lane_row]
    law = _numbered(network.lane_lead_time_distributions)[compiled.lane_row]
    of_lanes = [
        np.bincount(lanes, np.where(varied, values, 0.0), compiled.n_stages)
        for values in (np.ones(len(lanes)), compiled.pred_lead_time, passing, law, law**2)
    ]
    made = _numbered(network.lead_time_distributions)
    released = _numbered(network.release_time_distributions)
    of_stages = [
        np.where(compiled.lead_time_std > 0.0, compiled.lead_time, -1.0),
        compiled.lead_time_std,
        wait_std(compiled),
        network.cells("stages", "overtaking").astype(np.float64)[compiled.stage_row],
        made[compiled.stage_row],
        released[compiled.stage_row],
        *of_lanes,
    ]
    facts = np.column_stack([*(values[place] for values in of_stages), every, rate])
    return np.asarray(np.unique(facts, axis=0, return_inverse=True)[1]).reshape(-1)


def _numbered(laws: Sequence[Distribution | None]) -> Floats:
    """Give equal laws the same number, 0 where there is none."""
    numbers: dict[Distribution | None, int] = {None: 0}
    seen: dict[int, int] = {}  # most rows share their law with others: hashed once
    for law in laws:
        if id(law) not in seen:
            seen[id(law)] = numbers.setdefault(law, len(numbers))
    return np.array([seen[id(law)] for law in laws], dtype=np.float64)


class _Laws:
    """Deviations of the waits of single stages."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lanes = network.cells("lanes", "overtaking").astype(np.bool_)
        self._stages = network.cells("stages", "overtaking").astype(np.bool_)

    def of(self, place: int, every: int, rate: float, *, drawn: bool) -> _Law | None:
        """Give how far a wait is off its mean, None where it is too long to be looked into."""
        compiled, network = self._network.compiled, self._network
        row = int(compiled.stage_row[place])
        std = float(compiled.lead_time_std[place])
        known = network.process_time(row)[1] if std > 0.0 else ()
        if known is None:
            known = (Gamma(float(compiled.lead_time[place]), std),)
        passing = bool(self._stages[row])
        laws = [_deviations(law, every, rate, drawn=drawn, passing=passing) for law in known]
        transits: list[_Law] = []
        begin = int(compiled.pred_ptr[0])
        fixed = compiled.inbound_service_time[place] > 0.0
        for lane in range(*(int(end) - begin for end in compiled.pred_ptr[place : place + 2])):
            std = float(compiled.pred_lead_time_std[lane])
            if compiled.pred_share[lane] > 0.0 and std > 0.0:
                at = int(compiled.lane_row[lane])
                law = network.lane_lead_time_distributions[at]
                law = Gamma(float(compiled.pred_lead_time[lane]), std) if law is None else law
                passing = bool(self._lanes[at])
                found = _deviations(law, every, rate, drawn=drawn, passing=passing)
                if found is None:
                    return None
                transits.append(found)
            elif compiled.pred_share[lane] > 0.0:
                fixed = True
        if transits:
            laws.append(_latest(transits, fixed=bool(fixed)))
        total = laws[0]
        for part in laws[1:]:
            total = _sum(total, part)
        return total


def _deviations(
    law: Distribution, every: int, rate: float, *, drawn: bool, passing: bool
) -> _Law | None:
    """Give how far a time is off its mean, as a plan or, ``drawn``, as a simulation has it.

    Of those that may pass one another, what is on the way is more certain than a plan takes it for.
    """
    exposed = exposed_periods(law, demand_cv=np.inf)
    if exposed.periods[-1] - exposed.periods[0] > _LONGEST:
        return None
    if passing or not drawn:
        return exposed.periods - law.mean, exposed.weights
    first, chances = in_whole_periods(exposed.periods, exposed.weights)
    chances = held_up(chances, every=every, rate=rate)
    return np.asarray(first + np.arange(len(chances)) - law.mean, dtype=np.float64), chances


def _latest(laws: Sequence[_Law], *, fixed: bool) -> _Law:
    """Largest of independent deviations, and of 0 where a supply comes in a known time."""
    if fixed:
        laws = [*laws, (np.zeros(1), np.ones(1))]
    points = np.unique(np.concatenate([periods for periods, _ in laws]))
    reached = np.ones(len(points))
    for periods, weights in laws:
        upto = np.append(0.0, np.cumsum(weights))
        reached *= upto[np.searchsorted(periods, points, side="right")]
    return points, np.diff(reached, prepend=0.0)


def _sum(one: _Law | None, other: _Law | None) -> _Law | None:
    if one is None or other is None or len(one[0]) * len(other[0]) > _LONGEST**2:
        return None
    periods = (one[0][:, None] + other[0][None, :]).ravel().round(6)
    points, where = np.unique(periods, return_inverse=True)
    weights = (one[1][:, None] * other[1][None, :]).ravel()
    return points, np.bincount(where.reshape(-1), weights, len(points)).astype(np.float64)


def _served(law: _Law, covered: Floats, level: Floats, mean: Floats, std: Floats) -> Floats:
    """Probability that a base stock covers normal demand while it waits, (n,)."""
    from scipy.special import ndtr

    total = np.zeros(len(covered))
    for deviation, weight in zip(*law, strict=True):
        time = np.maximum(covered + deviation, 0.0)
        spread = np.maximum(std * np.sqrt(time), 1e-300)
        total += weight * ndtr((level - mean * time) / spread)
    return total
