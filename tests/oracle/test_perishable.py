"""Items that expire, against published policies and costs, formulas, and a linear programme."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import gamma

from echelon.distributions import Empirical, NegativeBinomial, Poisson
from echelon.exact.lost_sales.lost_sales import lost_sales_base_stock
from echelon.exact.lost_sales.lost_sales_optimal import lost_sales_optimal
from echelon.exact.perishable.ageing import Item
from echelon.exact.perishable.base_stock import perishable_base_stock, perishable_fill_rate
from echelon.exact.perishable.largest_level import perishable_largest_level
from echelon.exact.perishable.optimal import perishable_optimal
from echelon.exact.perishable.projected_level import perishable_projected_level
from echelon.exact.perishable.reachable import reach
from echelon.exact.single_stage.base_stock import single_stage
from echelon.exact.single_stage.newsvendor import newsvendor

# Hendrix, Ortega, Haijema, Buisman & Garcia (2019), On computing optimal policies in perishable
# inventory control using value iteration, Computational and Mathematical Methods 1(4): demand
# Poisson 5, price 1, cost 0.5, an order is there the next day, unmet demand lost. Average profit.
HENDRIX = {2: 2.22, 3: 2.40, 4: 2.47}

# De Moor, Gijsbrechts & Boute (2022), Reward shaping to improve the performance of deep
# reinforcement learning in perishable inventory management, Eur. J. Oper. Res. 301, figure 3,
# first in first out: orders by units of age 1 (rows, from 0 on) and of age 2 (columns).
DE_MOOR = """
444444444
443333333
433322222
332211111
322111100
221100000
211000000
110000000
100000000
"""


SOME = Empirical([1, 2, 3], [0.4, 0.4, 0.2])
"""At least one unit in every period: six never grow older than six periods."""


@pytest.mark.parametrize("life", [2, 3])
def test_average_profit_of_hendrix_and_others(life):
    """Profit is what demand would bring at no loss, 2.5, less half of each unit lost or wasted."""
    found = perishable_optimal(
        Poisson(5.0), shelf_life=life, lead_time=1, holding_cost=0.0, shortage_cost=0.5,
        waste_cost=0.5, unmet="lost",
    )  # fmt: skip
    assert round(2.5 - found.cost_low, 2) == HENDRIX[life]
    assert round(2.5 - found.cost_high, 2) == HENDRIX[life]
    assert 0.0 <= found.cost_high - found.cost_low <= 1e-6 * found.cost


def test_orders_of_de_moor_and_others():
    """Discounted cost; the transitions are those of the library, the iteration is done here."""
    bounds = gamma(4.0, scale=1.0).cdf(np.append(0.0, np.arange(0.5, 20.0)))
    mass = np.diff(bounds)
    mass[-1] += 1.0 - mass.sum()
    item, most, discount = Item(2, 1, 1, lost=True), 10, 0.99

    def any_order(states):
        return np.full(len(states), most + 1), np.tile(np.arange(most + 1), len(states))

    reached = reach(item, mass, any_order)
    cost = 3.0 * reached.gap + 5.0 * reached.lost + 7.0 * reached.expired + 1.0 * reached.on_hand
    value = np.zeros(len(reached.states))
    for _ in range(2_000):
        each = (cost + discount * (reached.to @ value)).reshape(-1, most + 1)
        change = np.abs(each.min(axis=1) - value).max()
        value = each.min(axis=1)
        if change < 1e-9:
            break
    order = {
        (int(fresh), int(old)): int(best)
        for (old, fresh, *_), best in zip(reached.states, each.argmin(axis=1), strict=True)
    }
    told = [[int(digit) for digit in row] for row in DE_MOOR.split()]
    assert [[order[fresh, old] for old in range(9)] for fresh in range(9)] == told


def programme(mass, life, lead_time, lost, costs, most):
    """Least average cost by a linear programme over dictionaries of states, written anew.

    A state is stock by remaining life, oldest first, then orders on the way, then units owed.
    """
    start = (0,) * (life - 1 + lead_time) + (0,)
    places, todo, moves = {start: 0}, [start], []
    while todo:
        state = todo.pop()
        stock, way, owed = state[: life - 1], state[life - 1 : -1], state[-1]
        room = most - sum(stock) - sum(way) + owed
        for order in range(max(-sum(stock) - sum(way) + owed, 0), max(room, 0) + 1):
            coming = (*way, order)
            spent, chances = 0.0, {}
            for asked, chance in enumerate(mass):
                left = [*stock, coming[0]]
                want = owed + asked
                for age in range(life):
                    issued = min(left[age], want)
                    left[age] -= issued
                    want -= issued
                short = min(want, asked) if lost else 0
                after = (*left[1:], *coming[1:], want - short)
                penalty = short if lost else want
                spent += chance * (
                    costs[0] * sum(left[1:]) + costs[1] * penalty + costs[2] * left[0]
                )
                chances[after] = chances.get(after, 0.0) + chance
                if after not in places:
                    places[after] = len(places)
                    todo.append(after)
            moves.append((places[state], spent, chances))
    balance = np.zeros((len(places) + 1, len(moves)))
    for k, (place, _, chances) in enumerate(moves):
        balance[place, k] += 1.0
        for after, chance in chances.items():
            balance[places[after], k] -= chance
    balance[-1] = 1.0
    right = np.append(np.zeros(len(places)), 1.0)
    solved = linprog([one[1] for one in moves], A_eq=balance, b_eq=right, method="highs")
    assert solved.status == 0
    return solved.fun


@pytest.mark.parametrize(
    ("life", "lead_time", "lost"),
    [(1, 1, True), (2, 0, True), (2, 1, True), (3, 1, True), (2, 0, False), (2, 1, False)],
)
def test_least_cost_is_that_of_a_linear_programme(life, lead_time, lost):
    mass, costs = (0.3, 0.3, 0.2, 0.2), (0.5, 6.0, 4.0)
    found = perishable_optimal(
        Empirical([0, 1, 2, 3], mass), shelf_life=life, lead_time=lead_time, holding_cost=costs[0],
        shortage_cost=costs[1], waste_cost=costs[2], unmet="lost" if lost else "backordered",
        tolerance=1e-8,
    )  # fmt: skip
    want = programme(mass, life, lead_time, lost, costs, most=8)
    assert found.cost == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("law", [Poisson(4.0), NegativeBinomial(3.0, 3.0)], ids=repr)
def test_a_life_of_one_period_is_a_newsvendor(law):
    """What is left is wasted: holding is never paid, so waste stands in its place."""
    for lost in ("lost", "backordered"):
        found = perishable_base_stock(
            law, shelf_life=1, lead_time=0, holding_cost=1.0, shortage_cost=9.0, waste_cost=2.0,
            unmet=lost, method="exact",
        )  # fmt: skip
        want = newsvendor(law, holding_cost=2.0, shortage_cost=9.0)
        if lost == "lost":
            assert (found.base_stock, found.cost) == pytest.approx((want.base_stock, want.cost))
    best = perishable_optimal(
        law, shelf_life=1, lead_time=0, holding_cost=1.0, shortage_cost=9.0, waste_cost=2.0,
        unmet="lost",
    )  # fmt: skip
    assert best.cost == pytest.approx(want.cost, rel=1e-6)


@pytest.mark.parametrize(("lead_time", "review_period"), [(1, 1), (0, 2), (2, 0)])
def test_a_life_that_never_ends_is_a_base_stock(lead_time, review_period):
    law, level = SOME, 6.0
    found = perishable_base_stock(
        law, shelf_life=7, lead_time=lead_time, review_period=review_period, holding_cost=1.0,
        shortage_cost=9.0, waste_cost=1.0, base_stock=level, method="exact",
    )  # fmt: skip
    want = single_stage(law, lead_time, review_period).measures(level)
    assert found.expired == 0.0
    for name in ("fill_rate", "on_hand", "backorders"):
        assert getattr(found, name) == pytest.approx(float(getattr(want, name)), rel=1e-8)


def test_a_life_that_never_ends_is_lost_sales():
    costs = {"holding_cost": 1.0, "shortage_cost": 9.0, "lead_time": 1}
    want = lost_sales_base_stock(SOME, **costs, base_stock=4.0, method="exact")
    case = {"shelf_life": 6, "waste_cost": 3.0, "unmet": "lost"}
    found = perishable_base_stock(SOME, **costs, **case, base_stock=4.0, method="exact")
    assert found.cost == pytest.approx(want.cost, rel=1e-8)
    assert found.fill_rate == pytest.approx(want.fill_rate, rel=1e-8)
    assert perishable_optimal(SOME, **costs, **case).cost == pytest.approx(
        lost_sales_optimal(SOME, **costs).cost, rel=2e-6
    )


@pytest.mark.parametrize(("unmet", "lead_time"), [*product(("lost", "backordered"), (0, 1))])
def test_costs_are_in_order(unmet, lead_time):
    """No policy beats the best; a projected level comes nearer to it than a base stock."""
    case = {
        "shelf_life": 2, "lead_time": lead_time, "holding_cost": 1.0, "shortage_cost": 9.0,
        "waste_cost": 10.0, "unmet": unmet,
    }  # fmt: skip
    law = Poisson(3.0)
    best = perishable_optimal(law, **case)
    base = perishable_base_stock(law, **case, method="exact")
    projected = perishable_projected_level(law, **case)
    assert best.cost_low <= projected.cost * (1.0 + 1e-9)
    assert best.cost_low <= base.cost * (1.0 + 1e-9)
    assert projected.cost <= 1.02 * best.cost
    assert projected.waste_rate - best.waste_rate <= 0.01


def test_units_scale():
    """Ten of everything, at a tenth of the cost."""
    one = Empirical([0, 1, 3], [0.3, 0.4, 0.3])
    ten = Empirical([0, 10, 30], [0.3, 0.4, 0.3])
    case = {"shelf_life": 3, "lead_time": 1, "minimum_remaining_life": 2, "unmet": "lost"}
    for model in (perishable_base_stock, perishable_projected_level, perishable_optimal):
        small = model(one, **case, holding_cost=1.0, shortage_cost=8.0, waste_cost=5.0)
        large = model(ten, **case, holding_cost=0.1, shortage_cost=0.8, waste_cost=0.5)
        assert large.cost == pytest.approx(small.cost, rel=1e-5)
        for name in ("on_hand", "expired", "lost"):
            assert getattr(large, name) == pytest.approx(10.0 * getattr(small, name), rel=1e-5)


def test_the_closed_form_bounds_what_expires():
    """Whatever the level, no more of an order expires on average than the screen says."""
    law, case = Poisson(3.0), {"shelf_life": 3, "lead_time": 1}
    screen = perishable_largest_level(law, **case, waste_chance=[0.01, 0.1, 0.3, 0.6])
    for level, most in zip(screen.base_stock, screen.most_expired, strict=True):
        found = perishable_base_stock(
            law, **case, holding_cost=1.0, shortage_cost=9.0, waste_cost=1.0, base_stock=level,
            method="exact",
        )  # fmt: skip
        assert found.expired <= most
        assert found.waste_rate < 0.6


def test_a_fill_rate_is_reached_and_no_level_below_does():
    case = {"shelf_life": 3, "lead_time": 1, "minimum_remaining_life": 2}
    found = perishable_fill_rate(Poisson(3.0), fill_rate=0.95, **case, method="exact")
    assert found.fill_rate >= 0.95
    less = perishable_base_stock(
        Poisson(3.0), **case, holding_cost=1.0, shortage_cost=1.0, waste_cost=1.0,
        base_stock=found.base_stock - 1.0, method="exact",
    )  # fmt: skip
    assert less.fill_rate < 0.95
