"""Lost sales where a search, a lattice or a chain could go wrong: far tails, long lead times."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.distributions import (
    Empirical,
    Gamma,
    LogNormal,
    PerPeriod,
    Poisson,
    array,
    empirical_array,
)
from echelon.errors import DomainError
from echelon.exact.lost_sales.constant_order import lost_sales_constant_order
from echelon.exact.lost_sales.lost_sales import lost_sales_base_stock, lost_sales_fill_rate
from echelon.exact.lost_sales.lost_sales_optimal import lost_sales_optimal

COSTS = {"holding_cost": 1.0, "shortage_cost": 9.0}


def plain_fill_rate(draw, level, delay, n_periods=3_000, n_reps=400):
    """Sell, order what was sold, receive it ``delay`` periods later; and its standard error."""
    rng = np.random.default_rng(11)
    on_the_way, warm = np.zeros((delay, n_reps)), 8 * delay
    on_hand, sold = np.full(n_reps, float(level)), np.zeros(n_reps)
    total = np.zeros((2, n_reps))
    for t in range(n_periods + warm):
        on_hand = on_hand + on_the_way[t % delay]
        on_the_way[t % delay] = sold
        wanted = draw(rng, n_reps)
        sold = np.minimum(on_hand, wanted)
        on_hand = on_hand - sold
        if t >= warm:
            total += sold, wanted
    share = total[0] / total[1]
    return float(share.mean()), float(share.std() / np.sqrt(n_reps))


def test_a_long_lead_time_does_not_coarsen_the_lattice_beyond_a_period_of_demand():
    """A step of 8 units against demand of 3 lost 14 points of fill rate unnoticed."""
    for delay, level in ((200, 560), (500, 1100)):
        want, error = plain_fill_rate(lambda rng, n: rng.poisson(3.0, n), level, delay)
        told = lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=delay, base_stock=level)
        assert not told.exact
        assert abs(told.fill_rate - want) < 0.005 + 4 * error


def test_the_best_base_stock_of_a_long_lead_time_is_a_least_cost():
    best = lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=400)
    levels = np.rint(best.base_stock * np.array([0.5, 0.8, 0.95, 1.05, 1.2]))
    around = lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=400, base_stock=levels)
    assert (best.cost <= around.cost * (1 + 1e-3)).all()
    assert best.cost < 27.0  # what no stock at all costs


def test_a_lead_time_that_no_lattice_can_bear_is_refused():
    with pytest.raises(DomainError, match="too many periods of demand") as caught:
        lost_sales_base_stock(Gamma(100.0, 5.0), **COSTS, lead_time=5_000)
    assert "lost_sales_constant_order" in str(caught.value)
    with pytest.raises(DomainError, match=r"lead_time is 1e\+300"):
        lost_sales_base_stock(Poisson(3.0), **COSTS, lead_time=1e300)
    for delay in (200, 10_000):
        with pytest.raises(DomainError, match="states"):
            lost_sales_optimal(Poisson(3.0), **COSTS, lead_time=delay)


def test_a_stock_that_is_nearly_always_sold_out():
    """The chain moves between sets of states once in a million periods, and is solved all the same.

    Sales are at most half the stock a period; stock 35 is split in two once for all, nearly.
    """
    told = lost_sales_base_stock(Poisson(47.0), **COSTS, lead_time=1, base_stock=35)
    assert told.exact
    assert told.fill_rate * 47.0 == pytest.approx(17.5, abs=1e-4)
    told = lost_sales_base_stock(Poisson(47.0), **COSTS, lead_time=2, base_stock=[20, 60])
    np.testing.assert_allclose(told.fill_rate * 47.0, [20 / 3, 20.0], rtol=1e-2)
    low = lost_sales_fill_rate(Poisson(47.0), fill_rate=0.3, lead_time=[1, 2, 4])
    assert (low.fill_rate >= 0.3).all()


def test_more_stock_than_can_be_asked_for_loses_nothing():
    told = lost_sales_base_stock(
        array([Poisson(2.0), Gamma(2.0, 1.0)]), **COSTS, lead_time=3, base_stock=[1e6, 1e300]
    )
    np.testing.assert_array_equal(told.fill_rate, 1.0)
    np.testing.assert_allclose(told.on_hand, [1e6 - 8.0, 1e300])


@pytest.mark.parametrize("ratio", [1e4, 1e6, 1e8, 1e10])
def test_stock_on_hand_of_the_optimum_keeps_its_digits(ratio):
    """Not what is left of a cost after the lost sales of a huge penalty are taken off."""
    best = lost_sales_optimal(Poisson(3.0), holding_cost=1.0, shortage_cost=ratio, lead_time=2)
    stock = lost_sales_base_stock(Poisson(3.0), holding_cost=1.0, shortage_cost=ratio, lead_time=2)
    assert stock.on_hand - 1.0 < best.on_hand <= best.cost_high
    assert best.cost_high <= stock.cost * (1.0 + 1e-9)


def test_where_nothing_is_ordered_nothing_is_sold():
    for delay in (0, 1, 40, 10_000):
        best = lost_sales_optimal(Empirical([0, 1], [0.95, 0.05]), **COSTS, lead_time=delay)
        assert best.cost == pytest.approx(0.45, rel=1e-15)
        assert (best.fill_rate, best.on_hand) == (0.0, 0.0)


def test_demand_that_changes_is_told_to_be_that():
    season = PerPeriod([Poisson(1.0), Poisson(2.0)])
    for call in (
        lambda: lost_sales_optimal(season, **COSTS, lead_time=1),
        lambda: lost_sales_base_stock(season, **COSTS, lead_time=1),
        lambda: lost_sales_fill_rate(season, fill_rate=0.9, lead_time=1),
        lambda: lost_sales_constant_order(season, **COSTS),
    ):
        with pytest.raises(DomainError, match="changes from period to period"):
            call()


def test_threads_and_batches_change_nothing():
    rng = np.random.default_rng(5)
    mean = rng.uniform(1.0, 9.0, 300)
    many = {**COSTS, "lead_time": rng.integers(0, 3, 300), "method": "approximate"}
    demand = array("gamma", mean, 0.6 * mean)
    alone = lost_sales_base_stock(demand, **many)
    seen = []
    threads = lost_sales_base_stock(
        demand, **many, n_jobs=2, progress=lambda done, total, _: seen.append((done, total))
    )
    np.testing.assert_array_equal(alone.cost, threads.cost)
    assert seen
    assert seen[-1] == (300, 300)
    one = lost_sales_base_stock(demand[299], **{**many, "lead_time": many["lead_time"][299]})
    assert one.cost == pytest.approx(alone.cost[299], rel=1e-12)


def walked(mass, order, n):
    """Mean of the walk cut off at n, by equations."""
    to = np.zeros((n, n))
    for w in range(n):
        for d, chance in enumerate(mass):
            to[w, min(max(w + order - d, 0), n - 1)] += chance
    system, right = to.T - np.eye(n), np.zeros(n)
    system[-1], right[-1] = 1.0, 1.0
    return float(np.linalg.solve(system, right) @ np.arange(n))


@pytest.mark.parametrize(
    ("mass", "order"),
    [
        ([0.0, 0.998, 0.002], 1),  # never less demand than is ordered, though hardly more
        ([0.0, 0.0, 0.0, 0.004, 0.987, 0.009], 4),
        ([0.0, 0.096, 0.781, 0.123], 2),
        ([0.55, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25], 1),
        ([0.3, 0.3, 0.0, 0.4], 1),
    ],
)
def test_constant_orders_of_any_whole_demand_leave_what_the_walk_leaves(mass, order):
    """Demand that is nearly known left 0.14 where nothing is left, by its moments alone."""
    law = Empirical(np.arange(len(mass)), mass)
    told = lost_sales_constant_order(law, **COSTS, order_quantity=order).on_hand
    assert told == pytest.approx(walked(mass, order, 700), rel=1e-8, abs=1e-9)


def test_constant_orders_of_empirical_columns_are_those_of_their_distributions():
    """They counted as if nothing were ever left."""
    demand = empirical_array([[0, 1, 2, 5, 3, 1], [4, 4, 0, 1, 2, 2]])
    columns = lost_sales_constant_order(demand, **COSTS)
    alone = lost_sales_constant_order(list(demand), **COSTS)
    np.testing.assert_allclose(columns.cost, alone.cost, rtol=1e-12)
    assert (columns.on_hand > 0.0).all()


def test_constant_orders_of_a_density_by_transform():
    """Fractions of a whole demand, and a density, against the family that has its own formula."""
    half = lost_sales_constant_order(Empirical([0, 2], [0.5, 0.5]), **COSTS, order_quantity=0.5)
    assert half.on_hand == pytest.approx(walked([0.5, 0, 0, 0, 0.5], 1, 400) / 2, rel=1e-9)
    skewed = LogNormal(3.0, 9.0)
    rng = np.random.default_rng(2)
    left, total = np.zeros(4_000), 0.0
    variance = np.log1p(9.0)
    for t in range(1_500):
        asked = rng.lognormal(np.log(3.0) - variance / 2, np.sqrt(variance), 4_000)
        left = np.maximum(left + 1.6 - asked, 0.0)
        total += left.mean() if t >= 500 else 0.0
    told = lost_sales_constant_order(skewed, **COSTS, order_quantity=1.6).on_hand
    assert told == pytest.approx(total / 1_000, rel=0.02)
