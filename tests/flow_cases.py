"""Random components with every feature of the simulation switched on at random.

For hypothesis: :func:`flow_cases` draws the structure, the features and the draws of one component
small enough to be run by the plain engine many times over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from echelon.kernels import flow_arrays as codes
from echelon.kernels.flow_arrays import Features, Structure
from echelon.policies.base import Floats

UNITS = (1.0, 2.0, 0.3, 7.0)
LONGEST = 4
"""Periods; the longest time that is drawn."""


class FlowCase(NamedTuple):
    """One component: what the engines of the simulation take."""

    structure: Structure
    features: Features
    draws: Floats


@st.composite
def flow_cases(draw, *, features: bool = True, most_stages: int = 6, most_periods: int = 20):
    """Draw a component; without ``features`` a plain one, whose features are all inert."""
    # One number decides the rest: hypothesis shrinks sizes, and the choices are independent.
    return random_case(
        draw(st.integers(0, 2**32 - 1)),
        n_stages=draw(st.integers(1, most_stages)),
        n_periods=draw(st.integers(1, most_periods)),
        runs=draw(st.sampled_from([1, 3])),
        features=features,
    )


def random_case(
    seed: int, *, n_stages: int, n_periods: int, runs: int, features: bool = True
) -> FlowCase:
    """Make the component that belongs to a seed."""
    rng = np.random.default_rng(seed)
    on = _Switches(rng, features)
    lanes = _lanes(rng, on, n_stages)
    rows = _Rows(n_periods, runs)
    structure = _structure(rng, on, n_stages, lanes, n_periods, rows)
    return FlowCase(structure, _features(rng, on, structure, lanes, rows), rows.array())


class _Switches:
    """Which features this component has: few, some or most."""

    def __init__(self, rng, allowed):
        self._rng = rng
        self._share = float(rng.choice([0.15, 0.4, 0.8])) if allowed else 0.0
        self._known = {}

    def __getitem__(self, name):
        if name not in self._known:
            self._known[name] = bool(self._rng.random() < self._share)
        return self._known[name]

    def some(self, name, size, share=0.5):
        """Where the feature is on: booleans, all false in a component without it."""
        return np.array(self._rng.random(size) < share) & self[name]


class _Rows:
    """Rows of draws, numbered as they are added."""

    def __init__(self, n_periods, runs):
        self.shape, self.rows = (n_periods, runs), []

    def add(self, values):
        self.rows.append(np.broadcast_to(np.asarray(values, dtype=float), self.shape))
        return len(self.rows) - 1

    def array(self):
        return np.array(self.rows, dtype=float).reshape(len(self.rows), *self.shape)


class _Lane(NamedTuple):
    supplier: int
    receiver: int
    units: float
    group: int
    share: float
    backup: bool


def _lanes(rng, on, n_stages):
    """Lanes by receiver; some suppliers are alternatives for one component, some are backups."""
    lanes = []
    for j in range(1, n_stages):
        suppliers = rng.permutation(j)[: rng.integers(0, min(j, 4) + 1)].tolist()
        while suppliers:
            first = len(lanes)
            units = float(rng.choice(UNITS))
            taken = 1
            if on["alternatives"] and len(suppliers) > 1 and rng.random() < 0.7:
                taken = int(rng.integers(2, len(suppliers) + 1))
            members, suppliers = suppliers[:taken], suppliers[taken:]
            backup = [False] * taken
            if taken > 1 and rng.random() < 0.6:
                backup[int(rng.integers(taken))] = True
            shares = rng.choice([1.0, 2.0, 0.7], taken) * ~np.array(backup)
            shares = shares / shares.sum()
            for i, share, spare in zip(members, shares, backup, strict=True):
                lanes.append(_Lane(int(i), j, units, first, float(share), spare))
    return lanes


def _whole(rng, low, high, size):
    return rng.integers(low, high + 1, size).astype(np.int64)


def _pointers(of, size):
    """Where each of ``size`` owners begins in a list sorted by owner."""
    return np.searchsorted(np.asarray(of, dtype=np.int64), np.arange(size + 1)).astype(np.int64)


def _structure(rng, on, n, lanes, n_periods, rows):
    receivers = [lane.receiver for lane in lanes]
    lane_ptr = _pointers(receivers, n)
    asker_lane, asker_row, owner = _askers(rng, n, lanes, rows)
    asker_of_lane = np.zeros(len(lanes), dtype=np.int64)
    asker_of_lane[asker_lane[asker_lane >= 0]] = np.flatnonzero(asker_lane >= 0)
    seen = _demand_seen(n, lanes, asker_lane, owner)
    cover = rng.choice([1.0, 6.0, 12.0, 30.0]) * rng.uniform(0.3, 1.0, n)  # periods
    level = np.rint(cover * seen - 3.0) * float(rng.choice([1.0, 0.37]))
    review = _whole(rng, 0, 3, n)
    phase = np.where(on["phases"], rng.integers(0, np.maximum(review, 1)), 0).astype(np.int64)
    sources = np.diff(lane_ptr) == 0
    outside = np.where(sources | (rng.random(n) < 0.25), _whole(rng, 0, 3, n), -1)
    make, lane_time = _whole(rng, 0, 4, n), _whole(rng, 0, 3, len(lanes))
    serve = _whole(rng, 0, 1, n) * _whole(rng, 0, 3, n)
    nominal = np.maximum(outside, 0)
    for k, lane in enumerate(lanes):
        slowest = serve[lane.supplier] + lane_time[k]
        nominal[lane.receiver] = max(nominal[lane.receiver], slowest)
    return Structure(
        stage_ptr=np.array([0, n], dtype=np.int64),
        row_ptr=np.array([0, len(rows.rows)], dtype=np.int64),
        warmup=np.array([rng.integers(0, n_periods) * rng.integers(0, 2)], dtype=np.int64),
        periods=np.array([n_periods], dtype=np.int64),
        lane_ptr=lane_ptr,
        supplier=np.array([lane.supplier for lane in lanes], dtype=np.int64),
        receiver=np.array(receivers, dtype=np.int64),
        units=np.array([lane.units for lane in lanes], dtype=np.float64),
        asker_ptr=_pointers(owner, n),
        asker_lane=asker_lane,
        asker_row=asker_row,
        asker_of_lane=asker_of_lane,
        level=level,
        review=review,
        phase=phase,
        outside_delay=outside.astype(np.int64),
        make_delay=make,
        serve_delay=serve,
        nominal_delay=(nominal + make).astype(np.int64),
        lane_delay=lane_time,
        allocation=_whole(rng, 0, 2, n),
        tolerance=1e-9 * (np.maximum(level, 0.0) + seen + 5.0),
        initial_stock=np.where(
            rng.random(n) < 0.7, np.maximum(level, 0.0), np.rint(8.0 * seen * rng.random(n))
        ).astype(np.float64),
    )


def _askers(rng, n, lanes, rows):
    """Segments and lanes of every stage in an order of priority that may mix them."""
    whole_units = rng.random() < 0.5
    asker_lane, asker_row, owner = [], [], []
    for j in range(n):
        out = [k for k, lane in enumerate(lanes) if lane.supplier == j]
        segments = int(rng.integers(0 if out else 1, 3))
        askers = [(-1, rows.add(_demand(rng, rows.shape, whole_units))) for _ in range(segments)]
        askers += [(k, -1) for k in out]
        for place in rng.permutation(len(askers)):
            asker_lane.append(askers[place][0])
            asker_row.append(askers[place][1])
            owner.append(j)
    return (
        np.array(asker_lane, dtype=np.int64),
        np.array(asker_row, dtype=np.int64),
        np.array(owner, dtype=np.int64),
    )


def _demand(rng, shape, whole_units):
    demand = rng.normal(5.0, 4.0, shape)  # about one in ten is a return
    if whole_units:
        demand = np.rint(demand)
    demand[rng.random(shape) < 0.2] = 0.0
    return demand


def _demand_seen(n, lanes, asker_lane, owner):
    """Mean demand of every stage, units per period; each segment asks for about five."""
    seen = 5.0 * np.bincount(owner[asker_lane < 0], minlength=n)
    for lane in reversed(lanes):
        if not lane.backup:
            seen[lane.supplier] += lane.units * lane.share * seen[lane.receiver]
    return seen


def _features(rng, on, structure, lanes, rows):
    n, n_lanes, n_askers = len(structure.level), len(lanes), len(structure.asker_lane)
    orders = _ordering(rng, on, structure)
    times = _times(rng, on, structure, rows)
    lives = _lives(rng, on, structure, lanes)
    downs = _disruptions(rng, on, n, n_lanes, rows)
    open_ptr, open_at = _calendar(rng, on, n)
    seen = _demand_seen(
        n, lanes, structure.asker_lane, np.repeat(np.arange(n), np.diff(structure.asker_ptr))
    )
    capacity = np.where(on.some("capacity", n), seen * rng.choice([0.7, 1.2, 2.0], n), np.inf)
    yields = [rows.add(_yield(rng, rows.shape)) if chosen else -1 for chosen in on.some("yield", n)]
    backup_for = np.full(n_lanes, -1, dtype=np.int64)
    for k, lane in enumerate(lanes):
        spares = [b for b, other in enumerate(lanes) if other.backup and other.group == lane.group]
        if spares and not lane.backup:
            backup_for[k] = spares[0]
    rule = np.where(on.some("expedite", n_lanes), _whole(rng, 1, 2, n_lanes), codes.NO_RULE)
    lost = np.where(on.some("lost", n), rng.choice([0.3, 1.0], n), 0.0)
    minimum_life = _whole(rng, 0, 4, n_askers) * on.some("minimum_life", n_askers)
    structure.row_ptr[1] = len(rows.rows)
    return Features(
        **orders,
        capacity=capacity,
        open_ptr=open_ptr,
        open_at=open_at,
        **times,
        yield_row=np.array(yields, dtype=np.int64),
        **lives,
        lost_share=lost,
        **downs,
        group_first=np.array([lane.group for lane in lanes], dtype=np.int64),
        share=np.array([lane.share for lane in lanes], dtype=np.float64),
        backup_for=backup_for,
        backup_after=_whole(rng, -1, 3, n_lanes),
        expedite_rule=rule.astype(np.int64),
        expedite_after=_whole(rng, 0, 3, n_lanes),
        expedite_delay=_whole(rng, 0, 2, n_lanes),
        demand_seen=seen,
        minimum_life=minimum_life.astype(np.int64),
        customer_delay=np.where(on.some("customer_delay", n), _whole(rng, 0, 3, n), -1),
    )


def _ordering(rng, on, structure):
    n = len(structure.level)
    policy = np.where(on.some("policies", n, 0.8), _whole(rng, 0, 4, n), codes.BASE_STOCK)
    cycle = np.where(on.some("levels", n), _whole(rng, 2, 4, n), 1)
    level_ptr = np.concatenate([[0], np.cumsum(cycle)]).astype(np.int64)
    level_at = np.repeat(structure.level, cycle)
    varies = np.repeat(cycle > 1, cycle)
    level_at = level_at + varies * _whole(rng, -5, 20, len(level_at))
    has_point = np.repeat(policy >= codes.MIN_MAX, cycle)
    reorder_at = np.where(has_point, level_at - _whole(rng, 0, 15, len(level_at)), np.nan)
    multiple = np.where(on.some("multiple", n), rng.choice([4.0, 0.7], n), 0.0)
    return {
        "policy": policy.astype(np.int64),
        "level_ptr": level_ptr,
        "level_at": level_at.astype(np.float64),
        "reorder_at": reorder_at,
        "order_quantity": np.where(policy >= codes.REORDER_POINT, rng.choice([6.0, 2.5], n), 0.0),
        "order_multiple": multiple,
        "minimum_order": np.where(on.some("minimum", n), rng.choice([3.0, 5.0], n), 0.0),
        "maximum_order": np.where(on.some("maximum", n), rng.choice([9.0, 17.0], n), np.inf),
    }


def _times(rng, on, structure, rows):
    n, n_lanes = len(structure.level), len(structure.units)
    release = np.where(on.some("release", n), _whole(rng, 0, 3, n), 0)

    def drawn(chosen, fixed):
        numbers = np.full(len(fixed), -1, dtype=np.int64)
        longest = fixed.astype(np.int64).copy()
        for i in np.flatnonzero(chosen):
            longest[i] = rng.integers(1, LONGEST + 1)
            numbers[i] = rows.add(rng.integers(0, longest[i] + 1, rows.shape))
        return numbers, longest

    make_row, make_longest = drawn(on.some("random_make", n), structure.make_delay)
    release_row, release_longest = drawn(on.some("random_release", n), release)
    lane_row, lane_longest = drawn(on.some("random_lane", n_lanes), structure.lane_delay)
    return {
        "make_row": make_row,
        "release_row": release_row,
        "lane_row": lane_row,
        "release_delay": release.astype(np.int64),
        "make_longest": make_longest,
        "release_longest": release_longest,
        "lane_longest": lane_longest,
        "overtaking": on.some("overtaking", n).astype(np.int64),
        "lane_overtaking": on.some("overtaking", n_lanes).astype(np.int64),
    }


def _lives(rng, on, structure, lanes):
    """Shelf lives; a stage with one group of suppliers of the same item carries what they sent."""
    n = len(structure.level)
    life = np.where(on.some("shelf_life", n, 0.7), _whole(rng, 1, 8, n), 0)
    carries = np.zeros(n, dtype=np.int64)
    for j in range(n):
        into = lanes[structure.lane_ptr[j] : structure.lane_ptr[j + 1]]
        one_item = len({lane.group for lane in into}) == 1 and structure.outside_delay[j] < 0
        suppliers = {int(life[lane.supplier]) for lane in into}
        if one_item and len(suppliers) == 1 and suppliers != {0} and rng.random() < 0.7:
            carries[j], life[j] = 1, suppliers.pop()
    return {"shelf_life": life.astype(np.int64), "carries": carries}


def _calendar(rng, on, n):
    ptr, at = [0], []
    for closed in on.some("calendar", n):
        cycle = int(rng.integers(2, 6)) if closed else 0
        at += (rng.random(cycle) < 0.6).astype(float).tolist()
        ptr.append(len(at))
    return np.array(ptr, dtype=np.int64), np.array(at, dtype=np.float64)


def _yield(rng, shape):
    good = rng.choice([1.0, 0.9, 0.5], shape)
    good[rng.random(shape) < 0.15] = 0.0  # a failed lot
    return good


def _disruptions(rng, on, n, n_lanes, rows):
    stages, lanes, drawn = [], [], []
    if on["disruptions"]:
        stages = sorted(rng.integers(0, n, rng.integers(0, 4)).tolist())
        lanes = sorted(rng.integers(0, n_lanes, rng.integers(0, 4)).tolist()) if n_lanes else []
    number = len(stages) + len(lanes)
    for _ in range(number):
        drawn.append(rows.add(_states(rng, rows.shape)))
    return {
        "down_ptr": _pointers(stages, n),
        "down_of": np.arange(len(stages), dtype=np.int64),
        "lane_down_ptr": _pointers(lanes, n_lanes),
        "lane_down_of": np.arange(len(stages), number, dtype=np.int64),
        "disruption_ptr": np.array([0, number], dtype=np.int64),
        "disruption_row": np.array(drawn, dtype=np.int64),
        "capacity_left": rng.choice([0.0, 0.5, 1.0], number).astype(np.float64),
        "stock_destroyed": rng.choice([0.0, 0.4, 1.0], number).astype(np.float64),
        "in_transit_held": _whole(rng, 0, 1, number),
        "ships": _whole(rng, 0, 1, number),
    }


def _states(rng, shape):
    """Down one period in four on the way, up again with probability a half."""
    down = np.zeros(shape)
    state = np.zeros(shape[1], dtype=bool)
    for t in range(shape[0]):
        state = np.where(state, rng.random(shape[1]) < 0.5, rng.random(shape[1]) < 0.25)
        down[t] = state
    return down
