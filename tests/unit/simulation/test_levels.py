"""Where levels come from, and every fault of them at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.kernels import flow_arrays as codes
from echelon.policies.plan import Plan
from echelon.results import Provenance, no_failures
from echelon.simulation.described.levels import ALLOCATION_CODES, POLICY_CODES, levels_of
from echelon.tables import STAGES

PLANT, SHOP = 0, 1


def pair(*, levels=None, lanes=None, **columns) -> ec.Network:
    stages = pd.DataFrame(
        {"item": "pill", "location": ["plant", "shop"], "holding_cost": 1.0, **columns}
    )
    table = {
        "from_item": ["pill"], "from_location": "plant", "to_item": "pill", "to_location": "shop",
        **(lanes or {}),
    }  # fmt: skip
    demand = pd.DataFrame({"item": ["pill"], "location": "shop", "mean": 10.0, "std": 3.0})
    tables = {} if levels is None else {"levels": levels}
    return ec.Network.from_tables(stages, pd.DataFrame(table), demand, **tables)


def plan_of(network, **columns) -> Plan:
    stages = network.stages[["item", "location"]].assign(**{"service_time": 0.0, **columns})
    provenance = Provenance(arguments={}, tables={}, seconds={})
    nothing = 0.0, 0.0, 0.0
    return Plan(
        no_failures(), provenance, stages, pd.DataFrame(), *nothing, "optimal", "", "week", 52.0
    )


def read(network, plan=None, **options):
    problems: list[str] = []
    levels, absent = levels_of(network, plan, problems, **options)
    assert problems == []
    assert not absent.any()
    return levels


def faults(network, plan=None, **options):
    problems: list[str] = []
    levels_of(network, plan, problems, **options)
    return problems


def cycle(**columns) -> pd.DataFrame:
    return pd.DataFrame({"item": "pill", "location": "shop", "period": [0, 1, 2], **columns})


def test_codes_are_those_of_the_tables():
    assert set(POLICY_CODES) == set(STAGES["policy"].choices)
    assert set(ALLOCATION_CODES) == set(STAGES["allocation"].choices)


class TestSources:
    def test_the_column(self):
        levels = read(pair(base_stock=[40.0, -2.0], initial_stock=[np.nan, 7.0]))
        assert levels.base_stock.tolist() == levels.level_at.tolist() == [40.0, -2.0]
        assert levels.initial_stock.tolist() == [40.0, 7.0]
        assert levels.level_ptr.tolist() == [0, 1, 2]
        assert np.isnan(levels.reorder_at).all()

    def test_a_negative_base_stock_starts_with_nothing(self):
        assert read(pair(base_stock=[40.0, -2.0])).initial_stock.tolist() == [40.0, 0.0]

    def test_the_table_before_the_column(self):
        network = pair(base_stock=[40.0, 30.0], levels=cycle(base_stock=[31.0, 35.0, 32.0]))
        levels = read(network)
        assert levels.level_ptr.tolist() == [0, 1, 4]
        assert levels.level_at.tolist() == [40.0, 31.0, 35.0, 32.0]
        assert levels.highest().tolist() == [40.0, 35.0]
        assert levels.varying.tolist() == [False, True]

    def test_the_plan_before_both(self):
        network = pair(base_stock=[40.0, 30.0], levels=cycle(base_stock=[31.0, 35.0, 32.0]))
        levels = read(network, plan_of(network, base_stock=[50.0, 20.0], service_time=[2.0, 0.0]))
        assert levels.level_at.tolist() == [50.0, 20.0]
        assert not levels.varying.any()
        assert levels.service_time.tolist() == [2, 0]

    def test_each_number_of_its_own_source(self):
        """The plan knows base stocks alone; the reorder point changes, its column is for others."""
        network = pair(
            policy=["base_stock", "min_max"], base_stock=[40.0, 30.0], reorder_point=[np.nan, 9.0],
            levels=cycle(reorder_point=[4.0, 5.0, 6.0]),
        )  # fmt: skip
        levels = read(network, plan_of(network, base_stock=[50.0, 20.0]))
        assert levels.level_at.tolist() == [50.0, 20.0, 20.0, 20.0]
        assert levels.reorder_at.tolist()[1:] == [4.0, 5.0, 6.0]
        assert np.isnan(levels.reorder_at[0])

    def test_a_plan_of_reorder_points(self):
        network = pair(policy="reorder_point", order_quantity=[5.0, 6.0])
        plan = plan_of(
            network, base_stock=np.nan, reorder_point=[11.0, 12.0], order_quantity=[20.0, np.nan]
        )
        levels = read(network, plan)
        assert levels.reorder_at.tolist() == [11.0, 12.0]
        assert levels.order_quantity.tolist() == [20.0, 6.0]
        assert levels.base_stock.tolist() == [31.0, 18.0]

    def test_policies_of_the_user_need_no_level(self):
        network = pair(base_stock=[40.0, np.nan], initial_stock=[np.nan, 12.0])
        levels = read(network, policies={("pill", "shop"): object()})
        assert levels.own_policy.tolist() == [False, True]
        assert np.isnan(levels.base_stock[SHOP])
        assert levels.initial_stock.tolist() == [40.0, 12.0]
        assert levels.highest().tolist() == [40.0, 0.0]

    def test_rows_of_the_network_in_another_order(self):
        network = pair(base_stock=[40.0, 30.0])
        turned = network.replace(stages=network.stages[::-1])
        assert read(turned).base_stock.tolist() == [40.0, 30.0]
        levels = read(turned, plan_of(network, base_stock=[50.0, 20.0]))
        assert levels.base_stock.tolist() == [50.0, 20.0]

    def test_a_part_is_a_part(self):
        network = pair(base_stock=[40.0, 30.0], levels=cycle(base_stock=[31.0, 35.0, 32.0]))
        part = read(network).part(1, 2)
        assert part.level_ptr.tolist() == [0, 3]
        assert part.level_at.tolist() == [31.0, 35.0, 32.0]
        assert part.base_stock.tolist() == [31.0]


class TestFaults:
    def test_a_blank_base_stock(self):
        (fault,) = faults(pair(base_stock=[40.0, np.nan]))
        assert fault == (
            "stages.base_stock is blank at pill @ shop. Fix: fill the column, or give a plan."
        )

    def test_blank_numbers_of_a_reorder_point(self):
        network = pair(policy="reorder_point", order_quantity=5.0)
        (fault,) = faults(network)
        assert fault.startswith("stages.reorder_point is blank at pill @ plant, pill @ shop, whose")

    def test_a_reorder_point_over_the_base_stock_where_the_plan_gives_both(self):
        network = pair(policy="min_max")
        plan = plan_of(network, base_stock=[50.0, 20.0], reorder_point=[5.0, 25.0])
        (fault,) = faults(network, plan)
        assert fault.startswith(
            "the reorder point is not below the base stock at pill @ shop: 25 and 20 at the first."
        )

    def test_fractions_of_what_is_fixed(self):
        network = pair(
            base_stock=1.0, lead_time=[1.5, 2.0], release_time=[0.0, 0.25], lanes={"lead_time": 0.5}
        )
        found = faults(network, plan_of(network, base_stock=1.0, service_time=[0.0, 0.75]))
        not_whole = "is not a whole number of periods"
        assert [fault.partition(". Fix: ")[0] for fault in found] == [
            f"stages.lead_time {not_whole} at pill @ plant",
            f"stages.release_time {not_whole} at pill @ shop",
            f"lanes.lead_time {not_whole} on pill @ plant -> pill @ shop",
            f"the service time {not_whole} at pill @ shop",
        ]

    def test_fractions_of_what_is_drawn_are_no_fault(self):
        network = pair(
            base_stock=1.0,
            lead_time=[1.5, 2.0],
            lead_time_std=[0.5, 0.0],
            release_time=[0.0, 0.25],
            release_time_std=[0.0, 0.5],
            lanes={"lead_time": 0.5, "lead_time_std": 0.2},
        )
        assert faults(network) == []

    def test_of_policies(self):
        network = pair(base_stock=[40.0, np.nan])
        unknown, no_stock = faults(
            network, policies={("pill", "shop"): object(), ("pill", "moon"): object()}
        )
        assert unknown == (
            "policies has ('pill', 'moon'), which the network has not. "
            "Fix: use (item, location) of a stage as the key."
        )
        assert no_stock.startswith("stages.initial_stock is blank at pill @ shop, whose policy")

    @pytest.mark.parametrize("number", [np.nan, np.inf])
    def test_a_plan_without_a_number_is_told_once(self, number):
        network = pair()
        (fault,) = faults(network, plan_of(network, base_stock=[50.0, number]))
        assert fault.startswith("plan.stages.base_stock is not a finite number at pill @ shop.")

    def test_all_come_together(self):
        network = pair(lead_time=[1.5, 0.0], policy=["min_max", "base_stock"])
        assert [fault.split()[0] for fault in faults(network)] == [
            "stages.lead_time",
            "stages.base_stock",
            "stages.reorder_point",
        ]


def test_every_allocation_has_its_code():
    network = pair(base_stock=1.0, allocation=["first_come", "priority"])
    assert read(network).allocation.tolist() == [codes.FIRST_COME, codes.PRIORITY]
