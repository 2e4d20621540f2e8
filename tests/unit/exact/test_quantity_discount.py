"""Price lists: the answer against a search over all quantities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.errors import DomainError, UnknownNameError
from echelon.exact.known_demand.quantity_discount import quantity_discount

LIST = {"breakpoints": [0, 400, 800], "unit_costs": [0.75, 0.72, 0.68]}
BASE = {"fixed_cost": 8.0, "holding_cost_rate": 0.3}


def paid(quantity, breakpoints, unit_costs, kind):
    """What so many units cost, counted piece by piece."""
    region = max(j for j, begin in enumerate(breakpoints) if begin <= quantity)
    if kind == "all_units":
        return unit_costs[region] * quantity
    ends = [*breakpoints[1 : region + 1], quantity]
    return sum(
        price * (end - begin)
        for price, begin, end in zip(
            unit_costs[: region + 1], breakpoints[: region + 1], ends, strict=True
        )
    )


def cost(quantity, demand, fixed, rate, hold, breakpoints, unit_costs, kind):
    bought = paid(quantity, breakpoints, unit_costs, kind)
    return demand * (fixed + bought) / quantity + 0.5 * (hold * quantity + rate * bought)


price_lists = st.lists(
    st.tuples(st.floats(1.0, 500.0), st.floats(0.5, 0.99)), min_size=0, max_size=4
).map(
    lambda rows: (
        [0.0, *np.cumsum([width for width, _ in rows]).tolist()],
        np.cumprod([10.0, *(cut for _, cut in rows)]).tolist(),
    )
)


@settings(max_examples=40)
@given(
    prices=price_lists,
    demand=st.floats(1.0, 1e4),
    fixed=st.floats(0.1, 1e3),
    rate=st.floats(0.01, 1.0),
    hold=st.floats(0.0, 5.0),
    kind=st.sampled_from(["all_units", "incremental"]),
)
def test_no_quantity_costs_less(prices, demand, fixed, rate, hold, kind):
    begins, costs = prices
    terms = {"fixed_cost": fixed, "holding_cost_rate": rate, "holding_cost": hold, "kind": kind}
    best = quantity_discount(demand, breakpoints=begins, unit_costs=costs, **terms)
    grid = np.concatenate([np.geomspace(0.01, 1e5, 400), np.array(begins[1:])])
    least = min(cost(q, demand, fixed, rate, hold, begins, costs, kind) for q in grid.tolist())
    assert best.cost <= least * (1.0 + 1e-12)
    assert best.cost == pytest.approx(
        cost(best.order_quantity, demand, fixed, rate, hold, begins, costs, kind), rel=1e-11
    )
    assert best.cost == pytest.approx(least, rel=2e-3)
    again = quantity_discount(
        demand, breakpoints=begins, unit_costs=costs, **terms, order_quantity=best.order_quantity
    )
    assert again.cost == pytest.approx(best.cost, rel=1e-12)


def test_incremental_prices_may_rise():
    terms = {**BASE, "breakpoints": [0, 200], "unit_costs": [0.75, 0.9], "kind": "incremental"}
    best = quantity_discount(1300, **terms)
    assert (best.order_quantity, best.region) == (200.0, 1)
    grid = np.linspace(50.0, 600.0, 1000).tolist()
    assert best.cost <= min(quantity_discount(1300, **terms, order_quantity=grid).cost)


def test_lists_of_several_lengths_stand_side_by_side():
    together = quantity_discount(
        [1300, 2400],
        fixed_cost=8,
        holding_cost_rate=0.3,
        breakpoints=[[0, 400, 800], [0, 300]],
        unit_costs=[[0.75, 0.72, 0.68], [100.0, 90.0]],
    )
    padded = quantity_discount(
        [1300, 2400],
        fixed_cost=8,
        holding_cost_rate=0.3,
        breakpoints=[[0, 400, 800], [0, 300, np.inf]],
        unit_costs=[[0.75, 0.72, 0.68], [100.0, 90.0, np.nan]],
    )
    for at, (demand, begins, costs) in enumerate(
        [(1300, [0, 400, 800], [0.75, 0.72, 0.68]), (2400, [0, 300], [100.0, 90.0])]
    ):
        alone = quantity_discount(demand, **BASE, breakpoints=begins, unit_costs=costs)
        assert together.cost[at] == padded.cost[at] == alone.cost
        assert together.order_quantity[at] == alone.order_quantity


def test_one_list_for_many_and_many_lists_for_one():
    assert quantity_discount(np.ones((3, 2)), **BASE, **LIST).cost.shape == (3, 2)
    many = quantity_discount(
        1300, **BASE, breakpoints=[0, 400], unit_costs=[[0.75, 0.7], [0.75, 0.1]]
    )
    assert many.cost.shape == (2,)
    assert many.region.tolist() == [1, 1]


def test_one_price_is_the_plain_model():
    told = quantity_discount(1300, **BASE, breakpoints=[0], unit_costs=[0.75])
    assert told.cost == pytest.approx(1300 * 0.75 + 68.41052550594829)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"breakpoints": [1, 400, 800]}, r"breakpoints\[0\] is 1.0"),
        ({"breakpoints": [0, 800, 400]}, r"breakpoints\[2\] is 400.0"),
        ({"breakpoints": [0, 400]}, "2 entries and unit_costs 3"),
        ({"breakpoints": [0, np.nan, 800]}, r"breakpoints\[1\] is nan"),
        ({"unit_costs": [0.75, 0.0, 0.68]}, r"unit_costs\[1\] is 0.0"),
        ({"unit_costs": [0.75, 0.72, 0.73]}, r"unit_costs\[2\] is 0.73"),
        ({"unit_costs": 3.0}, "no list of numbers"),
        ({"holding_cost_rate": 0.0}, "stock would cost nothing"),
        ({"holding_cost_rate": -0.1}, "holding_cost_rate is -0.1"),
    ],
)
def test_faults_are_named(change, says):
    with pytest.raises(DomainError, match=says):
        quantity_discount(1300, **{**BASE, **LIST, **change})


def test_an_unknown_kind_is_named():
    with pytest.raises(UnknownNameError, match="all_unit"):
        quantity_discount(1300, **BASE, **LIST, kind="all_unit")
