"""The flow kernel of stages without features, by hand; as plain Python too (ECHELON_JIT=0)."""

from __future__ import annotations

import numpy as np
import pytest

import echelon as ec
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.plain.flow import flow
from tests.plain_runs import assert_engines_agree, given, laws_of, plain_kernel


def run(network, demand, *, service_time=None, warmup=0):
    """Run ``demand`` (n_segments, n_periods) by every engine; gives flows by period, and sums."""
    problems = []
    levels, _ = levels_of(network, None, problems)
    assert problems == []
    if service_time is not None:
        levels.service_time[:] = service_time
    demand = np.asarray(demand, dtype=float)
    n_periods = demand.shape[1]
    layout = lay_out(network, levels, warmups=np.array([warmup]), periods=np.array([n_periods]))
    assert layout.feature_set.plain.all()
    case = (*layout.shard(0, 1), given(demand))
    sums = assert_engines_agree(*case)
    _, states = plain_kernel(*case, stops=range(1, n_periods))
    records = []
    flow(case[0], None, demand[:, :, None], records=records)
    return History(states, records), sums


class History:
    """What the fast kernel holds after each period, and what the readable engine tells of it."""

    def __init__(self, states, records):
        self._states, self._records = states, records

    def rows(self, name, row=0):
        """``on_hand`` of a stage, ``late`` of an asker or ``component`` of a lane, by period."""
        place = ("on_hand", "late", "component").index(name)
        return [float(state[place][row]) for state in self._states]

    def flow(self, name, stage=0):
        """A flow of a stage, by period."""
        return [float(r.flows[name][0]) for r in self._records if r.stage == stage]

    def arrived(self, stage):
        """What the first lane into a stage brought, by period."""
        return [float(r.lanes[0]["arrived"][0]) for r in self._records if r.stage == stage]

    def transit(self, stage):
        """What was under way to a stage, by period."""
        return [float(r.transit[0][0]) for r in self._records if r.stage == stage]


def shop(**options):
    settings = {"holding_cost": 1.0, "demand_mean": 5.0, "demand_std": 1.0, **options}
    return ec.serial(["shop"], **settings)


def test_continuous_review_orders_the_demand_of_the_period_after_it():
    """Lead time 2 (clause 2.1): the order of period 0 serves the demand of period 2."""
    history, _ = run(shop(lead_time=2, base_stock=[10.0]), [[4, 3, 5, 0]])
    assert history.flow("order") == [4, 3, 5, 0]
    assert history.rows("on_hand") == [6, 3, 2, 5]
    assert history.flow("in_process") == [4, 7, 8, 5]
    assert history.flow("position") == [10, 10, 10, 10]


def test_without_lead_time_the_same_period_is_served():
    """Exposure 0: base stock 0 fills every order at once."""
    history, sums = run(shop(base_stock=[0.0]), [[4, 3, 5]])
    assert history.rows("late") == [0, 0, 0]
    assert sums.on_time[0, 0] == sums.due[0, 0] == 12.0


def test_periodic_review_orders_before_the_demand_of_the_period():
    """Review every 2 periods, lead time 1 (clause 2.2): orders in 0, 2, 4 see earlier demand."""
    network = shop(lead_time=1, review_period=2, base_stock=[10.0])
    history, _ = run(network, [[4, 3, 5, 2, 1]])
    assert history.flow("order") == [0, 0, 7, 0, 7]
    assert history.rows("on_hand") == [6, 3, 0, 3, 2]
    assert history.rows("late") == [0, 0, 2, 0, 0]


def test_a_service_time_makes_customers_wait_exactly_that_long():
    """Service time 2, lead time 3: net replenishment time 1, nothing ships early."""
    history, sums = run(shop(lead_time=3, base_stock=[5.0]), [[5, 6, 4, 3]], service_time=[2])
    assert history.rows("on_hand") == [5, 5, 0, 0]
    # period 3: the order of period 0 arrives, and with it 5 of the 6 units asked for in 1
    assert history.rows("late") == [0, 0, 0, 1]
    assert sums.due[0, 0] == 11.0
    assert sums.on_time[0, 0] == 10.0


def test_late_units_are_served_first_and_are_not_on_time():
    history, sums = run(shop(lead_time=1, base_stock=[4.0]), [[6, 3, 2]])
    assert history.rows("late") == [2, 0, 0]
    # 4 of 6 in period 0; in 1 the 6 that arrive serve 2 late units and all 3 due
    assert sums.on_time[0, 0] == 4 + 3 + 2
    assert sums.ready[0, 0] == 2


def test_a_return_goes_to_stock_and_holds_back_the_next_order():
    history, sums = run(shop(lead_time=1, base_stock=[10.0]), [[-3, 1, 4]])
    assert history.flow("order") == [0, 0, 2]
    assert history.rows("on_hand") == [13, 12, 8]
    assert sums.due[0, 0] == 5.0  # a return asks for nothing


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
    assert [*history.arrived(1), *history.arrived(2)] == shipped
    assert [history.rows("late", q)[0] for q in (0, 1)] == owed
    assert [history.rows("on_hand", j)[0] for j in range(3)] == [0.0, 0.0, 0.0]


def test_customers_of_a_supplier_come_first_under_priority():
    network = ec.general(
        ["plant", "shop"], [("plant", "shop")],
        lead_time=[5, 0], holding_cost=1.0, base_stock=[10.0, 0.0],
        allocation=["priority", "proportional"], demand_mean={"plant": 5.0, "shop": 5.0},
        demand_std={"plant": 1.0, "shop": 1.0},
    )  # fmt: skip
    history, _ = run(network, [[7.0], [6.0]])
    # the plant's customers, its lane to the shop, the shop's customers
    assert [history.rows("late", q)[0] for q in range(3)] == [0.0, 3.0, 3.0]


def test_assembly_takes_whole_kits_and_the_rest_waits():
    """Two wheels and a frame per bike; wheels come one period before frames."""
    network = ec.assembly(
        ["frame", "wheel"], "bike", units_required=[1, 2], lead_time=[2, 1, 0],
        holding_cost=1.0, base_stock=[0.0, 0.0, 3.0], demand_mean=2.0, demand_std=1.0,
    )  # fmt: skip
    history, sums = run(network, [[2, 1, 0, 0]])
    assert history.rows("component", 1) == [0, 4, 2, 0]
    assert history.rows("component", 0) == [0, 0, 0, 0]
    assert history.rows("on_hand", 2) == [1, 0, 2, 3]
    assert sums.component[:, 0].tolist() == [0.0, 6.0]


def test_outside_supply_of_an_assembly_waits_too():
    """A stage with a supplier and an outside supply of 2 periods starts when both are there."""
    network = ec.serial(
        ["plant", "shop"], lead_time=[0, 0], inbound_service_time=[0, 2], holding_cost=1.0,
        base_stock=[5.0, 3.0], demand_mean=1.0, demand_std=1.0,
    )  # fmt: skip
    history, _ = run(network, [[3, 0, 0, 0]])
    assert history.rows("on_hand", 1) == [0, 0, 3, 3]
    assert history.rows("component") == [3, 3, 0, 0]


def test_lane_lead_time_is_spent_in_transit():
    network = ec.serial(
        ["plant", "shop"], lane_lead_time=2, holding_cost=1.0, base_stock=[9.0, 3.0],
        demand_mean=1.0, demand_std=1.0,
    )  # fmt: skip
    history, _ = run(network, [[3, 0, 0, 0]])
    assert history.transit(1) == [3, 3, 0, 0]
    assert history.rows("on_hand", 1) == [0, 0, 3, 3]


def test_a_cycle_with_one_short_period_is_not_whole():
    """Review 2, lead time 1: cycles are periods 1-2, 3-4, 5-6; period 0 belongs to none counted."""
    network = shop(lead_time=1, review_period=2, base_stock=[6.0])
    history, sums = run(network, [[2, 2, 3, 1, 1, 1, 1]])
    assert history.rows("late") == [0, 0, 1, 0, 0, 0, 0]
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


def test_runs_do_not_meet():
    """Three runs in one block give what each gives alone."""
    network = shop(lead_time=2, base_stock=[10.0])
    levels, _ = levels_of(network, None, [])
    layout = lay_out(network, levels, warmups=np.array([2]), periods=np.array([12]))
    structure, features = layout.shard(0, 1)
    sources = laws_of(structure, 5)
    together = assert_engines_agree(structure, features, sources, n_runs=3)
    for n_runs in (1, 2):
        fewer = assert_engines_agree(structure, features, sources, n_runs=n_runs)
        for name, one, other in zip(fewer._fields, fewer, together, strict=True):
            assert np.array_equal(one[:, :n_runs], other[:, :n_runs]), name
