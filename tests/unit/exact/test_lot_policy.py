"""Reorder points for targets: enumeration on small cases, properties, and what is refused."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon import distributions as ed
from echelon.distributions.empirical_array import empirical_array
from echelon.errors import DomainError
from echelon.exact.single_stage import lot_measures
from echelon.exact.single_stage.base_stock import single_stage
from echelon.exact.single_stage.base_stock_levels import base_stock_for, base_stock_measures
from echelon.exact.single_stage.lot_policy import (
    MEASURES,
    reorder_point_for,
    reorder_point_measures,
)

VALUES = ("cycle_service_level", "ready_rate", "fill_rate", "on_hand", "backorders")
TARGETS = ("cycle_service_level", "ready_rate", "fill_rate")


def pmf_over(demand, periods):
    """Probabilities of whole demand over periods, by convolution."""
    one = np.zeros(int(max(demand.values)) + 1)
    one[np.array(demand.values, dtype=int)] = demand.probabilities
    total = np.ones(1)
    for _ in range(periods):
        total = np.convolve(total, one)
    return total


def enumerated(demand, point, quantity, lead_time, review):
    """Every measure by the chain of positions and all demands, number by number.

    The positions after a review form a Markov chain on point + 1 to point + quantity, its long-run
    shares found from its matrix; nothing is taken to be uniform.
    """
    between = pmf_over(demand, review)
    states = np.arange(point + 1, point + quantity + 1)
    chain = np.zeros((quantity, quantity))
    for at, position in enumerate(states):
        for units, chance in enumerate(between):
            left = position - units
            while left <= point:
                left += quantity
            chain[at, left - point - 1] += chance
    share = np.full(quantity, 1.0 / quantity)
    for _ in range(4000):
        share = 0.5 * (share + share @ chain)
    told = dict.fromkeys((*VALUES, "orders_per_period"), 0.0)
    new, orders, good = 0.0, 0.0, 0.0
    for chance, position in zip(share, states, strict=True):
        until = pmf_over(demand, lead_time)
        for k in range(1, review + 1):
            for units, p in enumerate(pmf_over(demand, lead_time + k)):
                net, weight = position - units, chance * p / review
                told["ready_rate"] += weight * (net >= 0)
                told["on_hand"] += weight * max(net, 0)
                told["backorders"] += weight * max(-net, 0)
        for (before, p), (units, r) in product(enumerate(until), enumerate(between)):
            weight = chance * p * r
            new += weight * (max(before + units - position, 0) - max(before - position, 0))
            if position - units <= point:
                orders += weight
                good += weight * (position - units - before >= 0)
    told["fill_rate"] = 1.0 - new / (review * demand.mean)
    told["orders_per_period"] = orders / review
    told["cycle_service_level"] = good / orders
    return told


SMALL = ed.Empirical([0, 1, 2, 5], [0.35, 0.3, 0.2, 0.15])


@pytest.mark.parametrize("lead_time", [0, 1, 3])
@pytest.mark.parametrize("review", [1, 3])
@pytest.mark.parametrize(("point", "quantity"), [(4, 1), (3, 4), (8, 11), (-3, 5), (0, 2)])
def test_measures_are_those_of_enumeration(point, quantity, lead_time, review):
    want = enumerated(SMALL, point, quantity, lead_time, review)
    made = reorder_point_measures(
        SMALL,
        reorder_point=point,
        order_quantity=quantity,
        lead_time=lead_time,
        review_period=review,
    )
    for name, value in want.items():
        assert getattr(made, name) == pytest.approx(value, abs=1e-10), name


@pytest.mark.parametrize("measure", TARGETS)
@pytest.mark.parametrize("target", [0.3, 0.8, 0.97])
def test_the_level_is_the_first_of_all_whole_ones(measure, target):
    made = reorder_point_for(
        SMALL, order_quantity=4, lead_time=2, review_period=2, **{measure: target}
    )
    points = np.arange(-6, 30)
    every = [enumerated(SMALL, int(point), 4, 2, 2)[measure] for point in points]
    assert made.reorder_point == points[np.argmax(np.array(every) >= target - 1e-12)]


@pytest.mark.parametrize("family", ["normal", "gamma"])
@pytest.mark.parametrize(("quantity", "review"), [(3.0, 2), (15.0, 1), (60.0, 1), (8.0, 0)])
def test_cycles_of_a_density_are_those_of_a_fine_lattice(family, quantity, review):
    """The integral against sums over steps h of a 40th of a unit.

    On the lattice the position is h/2 higher on average, and a probability at a point is that of
    half a step more: so s - h there is s here for probabilities, s - h/2 for losses, to order h^2.
    """
    step, demand = 0.025, ed.make(family, 10.0, 2.5)
    fixed = {"order_quantity": quantity, "lead_time": 3, "review_period": review}
    made = reorder_point_measures(demand, reorder_point=32.0, **fixed)
    grid = np.arange(-40.0, 80.0, step)
    chances = np.diff(demand.cdf(np.append(grid, 80.0) + 0.5 * step), prepend=0.0)[:-1]
    kept = chances > 1e-13
    values = np.maximum(grid[kept], 0.0)
    put = ed.Empirical(values.round(6), chances[kept] / chances[kept].sum())
    twin = reorder_point_measures(put, reorder_point=[32.0 - step, 32.0], **fixed)
    for name in ("cycle_service_level", "ready_rate"):
        assert getattr(made, name) == pytest.approx(getattr(twin, name)[0], abs=2e-5), name
    for name, room in (("fill_rate", 2e-5), ("on_hand", 2e-4), ("backorders", 2e-4)):
        assert getattr(made, name) == pytest.approx(getattr(twin, name).mean(), abs=room), name


def test_the_integral_has_points_enough(monkeypatch):
    """Against six times as many, whatever the spread, lead time and quantity: within 1e-6."""
    rng = np.random.default_rng(3)
    n = 400
    mean = np.exp(rng.normal(2.0, 1.0, n))
    lead_times, reviews = rng.integers(0, 13, n), rng.integers(0, 5, n)
    given_ = {
        "order_quantity": mean * np.exp(rng.uniform(-2.0, 2.0, n)),
        "reorder_point": mean * (lead_times + reviews) * rng.uniform(0.0, 2.0, n),
        "lead_time": lead_times,
        "review_period": reviews,
    }
    demand = ed.array("gamma", mean=mean, std=mean * rng.uniform(0.1, 2.5, n))
    made = reorder_point_measures(demand, **given_).cycle_service_level
    nodes, weights = np.polynomial.legendre.leggauss(60)
    monkeypatch.setattr(lot_measures, "_PANEL", nodes)
    monkeypatch.setattr(lot_measures, "_PANEL_WEIGHTS", weights)
    finer = reorder_point_measures(demand, **given_).cycle_service_level
    assert made == pytest.approx(finer, abs=1e-6)


DEMANDS = st.one_of(
    st.tuples(st.floats(0.5, 40.0), st.floats(0.2, 2.0)).map(lambda p: ed.Gamma(p[0], p[0] * p[1])),
    st.floats(0.2, 40.0).map(ed.Poisson),
    st.tuples(st.floats(0.2, 30.0), st.floats(1.1, 6.0)).map(
        lambda p: ed.NegativeBinomial(p[0], (p[0] * p[1]) ** 0.5)
    ),
    st.lists(st.integers(0, 9), min_size=2, max_size=8)
    .filter(lambda v: sum(v) > 0)
    .map(ed.Empirical.from_observations),
)


@settings(max_examples=40, deadline=None)
@given(
    demand=DEMANDS,
    quantity=st.integers(1, 60),
    lead_time=st.integers(0, 6),
    review=st.integers(0, 4),
    target=st.floats(0.3, 0.999),
    measure=st.sampled_from(TARGETS),
)
def test_targets_are_met_and_no_smaller_level_meets_them(
    demand, quantity, lead_time, review, target, measure
):
    fixed = {"order_quantity": quantity, "lead_time": lead_time, "review_period": review}
    made = reorder_point_for(demand, **fixed, **{measure: target})
    assert getattr(made, measure) >= target - 1e-9
    step = 1.0 if demand.discrete else 1e-4 * (1.0 + abs(made.reorder_point))
    less = reorder_point_measures(demand, reorder_point=made.reorder_point - step, **fixed)
    assert getattr(less, measure) < target + 1e-9
    higher = reorder_point_for(demand, **fixed, **{measure: 0.5 + 0.5 * target})
    assert higher.reorder_point >= made.reorder_point - 1e-7 * (1.0 + abs(made.reorder_point))
    larger = reorder_point_for(
        demand, **{**fixed, "order_quantity": 2 * quantity}, **{measure: target}
    )
    if measure != "cycle_service_level":
        # each position of the smaller quantity is met by one that is no lower
        assert larger.reorder_point <= made.reorder_point + 1e-6 * (1.0 + abs(made.reorder_point))


def test_a_lead_time_that_varies_less_can_ask_for_more():
    """Equal means; the skewed law of larger variance has the smaller level at this target.

    What nine orders in ten meet decides at 80 %, and a far rare hump leaves the others shorter.
    """
    skewed = ed.Empirical([3, 23], [0.95, 0.05])
    steady = ed.Empirical([2, 6], [0.5, 0.5])
    assert skewed.mean == pytest.approx(steady.mean)
    assert skewed.variance > 4.0 * steady.variance
    level = [
        reorder_point_for(
            ed.Poisson(10.0), order_quantity=5, ready_rate=0.8, lead_time=time, review_period=1
        ).reorder_point
        for time in (skewed, steady)
    ]
    assert level[0] < level[1]


@pytest.mark.parametrize("demand", [ed.Gamma(10.0, 4.0), ed.Poisson(3.0), ed.LogNormal(5.0, 3.0)])
@pytest.mark.parametrize("review", [0, 1, 3])
def test_small_quantities_are_a_base_stock(demand, review):
    """As the order quantity falls to nothing, or to a unit, the position stays at S."""
    quantity = 1.0 if demand.discrete else 1e-4
    stock = 26.0
    lots = reorder_point_measures(
        demand,
        reorder_point=stock - quantity,
        order_quantity=quantity,
        lead_time=2,
        review_period=review,
    )
    base = base_stock_measures(demand, base_stock=stock, lead_time=2, review_period=review)
    for name in ("ready_rate", "fill_rate", "on_hand", "backorders"):
        assert getattr(lots, name) == pytest.approx(getattr(base, name), rel=1e-3, abs=1e-4), name


def test_many_answer_as_each_alone():
    rng = np.random.default_rng(2)
    history = rng.poisson(4.0, (20, 12))
    laws = [
        *(ed.Gamma(m, 0.6 * m) for m in (2.0, 9.0, 30.0)),
        *(ed.NegativeBinomial(m, 2.0 * m**0.5) for m in (2.0, 9.0)),
        *(ed.Empirical.from_observations(row) for row in history),
        ed.LogNormal(6.0, 3.0),
        ed.Deterministic(4.0),
        ed.Poisson(0.0),
    ]
    n = len(laws)
    lead_times, reviews = rng.integers(0, 6, n), rng.integers(0, 3, n)
    together = reorder_point_for(
        laws, order_quantity=7, fill_rate=0.9, lead_time=lead_times, review_period=reviews, n_jobs=2
    )
    assert together.reorder_point.shape == (n,)
    for at, law in enumerate(laws):
        alone = reorder_point_for(
            law,
            order_quantity=7,
            fill_rate=0.9,
            lead_time=int(lead_times[at]),
            review_period=int(reviews[at]),
        )
        for name in ("reorder_point", *VALUES, "orders_per_period"):
            got, want = getattr(together, name)[at], getattr(alone, name)
            assert got == pytest.approx(want, rel=1e-7, abs=1e-8), (law, name)
    columns = reorder_point_for(
        empirical_array(history),
        order_quantity=7,
        fill_rate=0.9,
        lead_time=lead_times[5:25],
        review_period=reviews[5:25],
    )
    assert np.array_equal(columns.reorder_point, together.reorder_point[5:25])


def test_shapes_frames_and_plain_numbers():
    made = reorder_point_for(
        ed.Gamma(10.0, 4.0),
        order_quantity=[[10.0], [20.0]],
        fill_rate=[0.9, 0.95, 0.99],
        lead_time=0,
    )
    assert made.reorder_point.shape == (2, 3)
    assert list(made.to_frame()) == [
        "reorder_point",
        "order_quantity",
        "cycle_service_level",
        "ready_rate",
        "fill_rate",
        "on_hand",
        "backorders",
        "orders_per_period",
    ]
    one = reorder_point_for(ed.Poisson(4.0), order_quantity=5, fill_rate=0.9, lead_time=2)
    assert isinstance(one.reorder_point, float)
    assert isinstance(one.fill_rate, float)
    told = []
    reorder_point_for(
        [ed.Poisson(4.0)] * 3,
        order_quantity=5,
        fill_rate=0.9,
        lead_time=0,
        progress=lambda *a: told.append(a),
    )
    assert told


def test_quantities_of_parts_and_packs():
    """The position moves by the largest number that divides demand and order quantity."""
    packs = ed.Empirical([0, 3, 12], [0.6, 0.3, 0.1])
    whole = reorder_point_for(packs, order_quantity=6, fill_rate=0.9, lead_time=2, review_period=1)
    assert whole.reorder_point % 3 == 0.0
    tenths = ed.Empirical([0.0, 0.3, 1.2], [0.6, 0.3, 0.1])
    small = reorder_point_for(
        tenths, order_quantity=0.6, fill_rate=0.9, lead_time=2, review_period=1
    )
    assert small.reorder_point == pytest.approx(0.1 * whole.reorder_point)
    assert small.fill_rate == pytest.approx(whole.fill_rate)
    parts = reorder_point_for(
        ed.Poisson(4.0), order_quantity=2.5, fill_rate=0.9, lead_time=2, review_period=1
    )
    assert parts.reorder_point % 0.5 == 0.0
    between = reorder_point_measures(
        packs, reorder_point=[6.0, 7.5, 9.0], order_quantity=6, lead_time=2, review_period=1
    )
    assert between.fill_rate[1] == pytest.approx(between.fill_rate[[0, 2]].mean())
    assert between.ready_rate[1] == between.ready_rate[0]


def test_no_demand_needs_no_stock():
    made = reorder_point_for(
        [ed.Poisson(0.0), ed.Deterministic(0.0)], order_quantity=5, fill_rate=0.9, lead_time=2
    )
    assert made.reorder_point.tolist() == [0.0, 0.0]
    assert made.fill_rate.tolist() == [1.0, 1.0]
    assert made.cycle_service_level.tolist() == [1.0, 1.0]
    assert made.orders_per_period.tolist() == [0.0, 0.0]


def test_many_units_and_few():
    """Means from 1e-3 to 1e6 a period, also where a table of every unit would be too long."""
    mean = np.array([1e-3, 1.0, 1e3, 1e5, 1e6])
    made = reorder_point_for(
        ed.array("poisson", mean=mean),
        order_quantity=np.maximum(np.rint(2.0 * mean), 1.0),
        fill_rate=0.98,
        lead_time=3,
        review_period=1,
    )
    assert (made.fill_rate >= 0.98 - 1e-11).all()
    smooth = reorder_point_for(
        ed.array("gamma", mean=mean[2:], std=mean[2:] ** 0.5),
        order_quantity=2.0 * mean[2:],
        fill_rate=0.98,
        lead_time=3,
        review_period=1,
    )
    assert made.reorder_point[2:] == pytest.approx(smooth.reorder_point, abs=3.0)
    assert made.cycle_service_level[2:] == pytest.approx(smooth.cycle_service_level, abs=0.03)


@pytest.mark.parametrize("measure", TARGETS)
def test_base_stock_levels_are_those_of_the_stage(measure):
    laws = [ed.Gamma(10.0, 4.0), ed.Poisson(3.0), ed.Empirical([0, 4, 9], [0.5, 0.3, 0.2])]
    made = base_stock_for(laws, lead_time=2, review_period=2, **{measure: 0.93})
    stage = single_stage(laws, 2, 2)
    found = stage.base_stock_for(measure, 0.93)
    assert made.base_stock == pytest.approx([found[0], *np.ceil(found[1:] - 1e-9)])
    told = base_stock_measures(laws, base_stock=made.base_stock, lead_time=2, review_period=2)
    assert getattr(told, measure) == pytest.approx(getattr(made, measure))
    assert (getattr(told, measure) >= 0.93 - 1e-12).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"order_quantity": 0.0}, "order_quantity is 0.0, must be a finite number above 0 units"),
        ({"order_quantity": [5.0, np.nan]}, r"order_quantity\[1\] is nan"),
        ({"fill_rate": 95}, r"fill_rate is 95.0.*Fix: use 0.95"),
        ({"fill_rate": None}, "none of cycle_service_level, ready_rate, fill_rate given"),
        ({"ready_rate": 0.9}, "ready_rate and fill_rate of .* given, must be exactly one"),
        ({"review_period": 1.5}, "review_period is 1.5, must be a whole number"),
        ({"lead_time": -1.0}, "lead_time is -1.0"),
        (
            {"order_quantity": 2.0 / 3.0},
            "is no decimal of six digits, and demand sits on a lattice",
        ),
        ({"demand": ed.Empirical([-1, 4], [0.5, 0.5])}, r"smallest demand\[0\] is -1.0, below 0"),
        ({"demand": 7.0}, "demand: .*which is not one"),
    ],
)
def test_what_has_no_answer_is_told(change, told):
    arguments = {
        "demand": ed.Poisson(4.0),
        "order_quantity": 5.0,
        "fill_rate": 0.9,
        "lead_time": 2.0,
        "review_period": 1,
    } | change
    with pytest.raises(DomainError, match=told):
        reorder_point_for(arguments.pop("demand"), **arguments)


def test_all_faults_are_told_at_once():
    with pytest.raises(DomainError, match="3 faults") as caught:
        reorder_point_measures(
            ed.Poisson(4.0),
            reorder_point=np.inf,
            order_quantity=-1.0,
            lead_time=0,
            review_period=-1,
        )
    assert "reorder_point is inf" in str(caught.value)
    assert "order_quantity is -1.0" in str(caught.value)


def test_measures_are_named():
    assert MEASURES == TARGETS


@pytest.mark.parametrize("demand", [ed.Weibull(5.0, 3.0), ed.Uniform(0.0, 4.0)], ids=repr)
def test_a_service_near_one_is_found_for_densities_put_on_a_lattice(demand):
    """The integral vanishes as the level rises; subtracted from a closed form it left 1e-6."""
    made = reorder_point_for(
        demand, order_quantity=1, cycle_service_level=0.999999, lead_time=2, review_period=2
    )
    assert made.cycle_service_level >= 0.999999 - 1e-11
    assert made.reorder_point < 20.0 * demand.mean


def test_returns_are_refused_with_their_own_value():
    laws = [ed.Poisson(3.0), ed.Empirical([-5, 1], [0.1, 0.9])]
    with pytest.raises(DomainError, match=r"smallest demand\[1\] is -5\.0"):
        reorder_point_for(laws, order_quantity=5, fill_rate=0.9, lead_time=2)
