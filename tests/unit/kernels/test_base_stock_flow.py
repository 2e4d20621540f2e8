"""The flow kernel by hand-worked examples; runs as plain Python too, with ECHELON_JIT=0."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from echelon.kernels.base_stock_flow import base_stock_flow, start_state, zero_sums
from echelon.simulation.chain import chain_of
from echelon.simulation.levels import levels_of


def run(network, demand, *, service_time=None, warmup=0):
    """Step through ``demand`` (n_customers, n_periods); gives the state after every period."""
    problems = []
    levels, _ = levels_of(network, None, problems)
    assert problems == []
    if service_time is not None:
        levels.service_time[:] = service_time
    chain = chain_of(network.compiled, levels)
    state, sums = start_state(chain, levels.initial_stock, 1), zero_sums(chain, 1)
    history = []
    for period, today in enumerate(np.asarray(demand, dtype=float).T):
        base_stock_flow(chain, today[:, None, None].copy(), period, warmup, state, sums)
        history.append({name: getattr(state, name).copy()[..., 0] for name in state._fields})
    return history, sums


def series(history, name, row=0):
    return [float(state[name][row]) for state in history]


def shop(**options):
    settings = {"holding_cost": 1.0, "demand_mean": 5.0, "demand_std": 1.0, **options}
    return ec.serial(["shop"], **settings)


def test_continuous_review_orders_the_demand_of_the_period_after_it():
    """Lead time 2 (clause 2.1): the order of period 0 serves the demand of period 2."""
    history, _ = run(shop(lead_time=2, base_stock=[10.0]), [[4, 3, 5, 0]])
    assert series(history, "order") == [4, 3, 5, 0]
    assert series(history, "on_hand") == [6, 3, 2, 5]
    assert series(history, "in_process") == [4, 7, 8, 5]
    assert series(history, "position") == [10, 10, 10, 10]


def test_without_lead_time_the_same_period_is_served():
    """Exposure 0: base stock 0 fills every order at once."""
    history, sums = run(shop(base_stock=[0.0]), [[4, 3, 5]])
    assert series(history, "customer_late") == [0, 0, 0]
    assert sums.customer_on_time[0, 0] == sums.customer_due[0, 0] == 12.0


def test_periodic_review_orders_before_the_demand_of_the_period():
    """Review every 2 periods, lead time 1 (clause 2.2): orders in 0, 2, 4 see earlier demand."""
    network = shop(lead_time=1, review_period=2, base_stock=[10.0])
    history, _ = run(network, [[4, 3, 5, 2, 1]])
    assert series(history, "order") == [0, 0, 7, 0, 7]
    assert series(history, "on_hand") == [6, 3, 0, 3, 2]
    assert series(history, "customer_late") == [0, 0, 2, 0, 0]


def test_a_service_time_makes_customers_wait_exactly_that_long():
    """Service time 2, lead time 3: net replenishment time 1, nothing ships early."""
    history, sums = run(shop(lead_time=3, base_stock=[5.0]), [[5, 6, 4, 3]], service_time=[2])
    assert series(history, "on_hand") == [5, 5, 0, 0]
    # period 3: the order of period 0 arrives, and with it 5 of the 6 units asked for in 1
    assert series(history, "customer_late") == [0, 0, 0, 1]
    assert sums.customer_due[0, 0] == 11.0
    assert sums.customer_on_time[0, 0] == 10.0


def test_late_units_are_served_first_and_are_not_on_time():
    history, sums = run(shop(lead_time=1, base_stock=[4.0]), [[6, 3, 2]])
    assert series(history, "customer_late") == [2, 0, 0]
    # 4 of 6 in period 0; in 1 the 6 that arrive serve 2 late units and all 3 due
    assert sums.customer_on_time[0, 0] == 4 + 3 + 2
    assert sums.ready[0, 0] == 2


def test_a_return_goes_to_stock_and_holds_back_the_next_order():
    history, sums = run(shop(lead_time=1, base_stock=[10.0]), [[-3, 1, 4]])
    assert series(history, "order") == [0, 0, 2]
    assert series(history, "on_hand") == [13, 12, 8]
    assert sums.customer_due[0, 0] == 5.0  # a return asks for nothing


@pytest.mark.parametrize(
    ("rule", "shipped", "owed"),
    [("proportional", [6.0, 3.0], [2.0, 1.0]), ("priority", [8.0, 1.0], [0.0, 3.0])],
)
def test_a_short_supplier_follows_its_allocation_rule(rule, shipped, owed):
    """Nine units for requests of 8 and 4."""
    network = ec.distribution(
        "depot", ["north", "south"],
        lead_time=[5, 0, 0], holding_cost=1.0, base_stock=[9.0, 0.0, 0.0],
        allocation=[rule, "proportional", "proportional"], demand_mean=[5.0, 5.0],
        demand_std=[1.0, 1.0],
    )  # fmt: skip
    history, _ = run(network, [[8.0], [4.0]])
    assert history[0]["arriving"].tolist() == shipped
    assert history[0]["lane_late"].tolist() == owed
    assert history[0]["on_hand"].tolist() == [0.0, 0.0, 0.0]


def test_customers_of_a_supplier_come_first_under_priority():
    network = ec.general(
        ["plant", "shop"], [("plant", "shop")],
        lead_time=[5, 0], holding_cost=1.0, base_stock=[10.0, 0.0],
        allocation=["priority", "proportional"], demand_mean={"plant": 5.0, "shop": 5.0},
        demand_std={"plant": 1.0, "shop": 1.0},
    )  # fmt: skip
    history, _ = run(network, [[7.0], [6.0]])
    assert history[0]["customer_late"].tolist() == [0.0, 3.0]
    assert history[0]["lane_late"].tolist() == [3.0]


def test_assembly_takes_whole_kits_and_the_rest_waits():
    """Two wheels and a frame per bike; wheels come one period before frames."""
    network = ec.assembly(
        ["frame", "wheel"], "bike", units_required=[1, 2], lead_time=[2, 1, 0],
        holding_cost=1.0, base_stock=[0.0, 0.0, 3.0], demand_mean=2.0, demand_std=1.0,
    )  # fmt: skip
    history, sums = run(network, [[2, 1, 0, 0]])
    assert series(history, "component", row=1) == [0, 4, 2, 0]
    assert series(history, "component", row=0) == [0, 0, 0, 0]
    assert series(history, "on_hand", row=2) == [1, 0, 2, 3]
    assert sums.component[:, 0].tolist() == [0.0, 6.0]


def test_outside_supply_of_an_assembly_waits_too():
    """A stage with a supplier and an outside supply of 2 periods starts when both are there."""
    network = ec.serial(
        ["plant", "shop"], lead_time=[0, 0], inbound_service_time=[0, 2], holding_cost=1.0,
        base_stock=[5.0, 3.0], demand_mean=1.0, demand_std=1.0,
    )  # fmt: skip
    history, _ = run(network, [[3, 0, 0, 0]])
    assert series(history, "on_hand", row=1) == [0, 0, 3, 3]
    assert series(history, "component") == [3, 3, 0, 0]


def test_lane_lead_time_is_spent_in_transit():
    network = ec.serial(
        ["plant", "shop"], lane_lead_time=2, holding_cost=1.0, base_stock=[9.0, 3.0],
        demand_mean=1.0, demand_std=1.0,
    )  # fmt: skip
    history, _ = run(network, [[3, 0, 0, 0]])
    assert series(history, "in_transit") == [3, 3, 0, 0]
    assert series(history, "on_hand", row=1) == [0, 0, 3, 3]


def test_a_cycle_with_one_short_period_is_not_whole():
    """Review 2, lead time 1: cycles are periods 1-2, 3-4, 5-6; period 0 belongs to none counted."""
    network = shop(lead_time=1, review_period=2, base_stock=[6.0])
    history, sums = run(network, [[2, 2, 3, 1, 1, 1, 1]])
    assert series(history, "customer_late") == [0, 0, 1, 0, 0, 0, 0]
    assert sums.ready[0, 0] == 6
    assert sums.whole_cycles[0, 0] == 2


def test_a_cycle_that_began_before_counting_is_left_out():
    network = shop(lead_time=1, review_period=2, base_stock=[50.0])
    _, sums = run(network, [[1] * 8], warmup=2)
    assert sums.ready[0, 0] == 6
    assert sums.whole_cycles[0, 0] == 2  # 3-4 and 5-6; 1-2 began too early, 7 does not end


def test_rounding_is_not_a_shortage():
    """Demand 0.1 and base stock 0.3 over a lead time of 3: met exactly, but not in binary."""
    network = shop(lead_time=3, base_stock=[0.1 + 0.1 + 0.1 - 1e-16], demand_mean=0.1)
    _, sums = run(network, [[0.1] * 50])
    assert sums.ready[0, 0] == 50


def test_lanes_do_not_meet():
    """Three replications in one block give what each gives alone."""
    network = shop(lead_time=2, base_stock=[10.0])
    demand = np.random.default_rng(5).gamma(4.0, 1.2, (1, 12, 3))
    levels, _ = levels_of(network, None, [])
    chain = chain_of(network.compiled, levels)
    together = zero_sums(chain, 3)
    base_stock_flow(chain, demand, 0, 2, start_state(chain, levels.initial_stock, 3), together)
    for lane in range(3):
        alone = zero_sums(chain, 1)
        own = np.ascontiguousarray(demand[:, :, lane : lane + 1])
        base_stock_flow(chain, own, 0, 2, start_state(chain, levels.initial_stock, 1), alone)
        for name in alone._fields:
            assert np.array_equal(getattr(alone, name)[:, 0], getattr(together, name)[:, lane])
