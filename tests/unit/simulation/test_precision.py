"""Single precision: the same run to rounding, the same bits however it is cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from benchmarks.cases.simulation_systems import network_of, systems, with_demand
from echelon.errors import DomainError
from echelon.kernels.single_work import LEAD
from echelon.simulation import prepare, work
from echelon.simulation.described import structure
from tests.rich_networks import chain, portfolio
from tests.unit.simulation.test_levels import plan_of

MEASURES = (
    "on_hand",
    "backorders",
    "in_process",
    "in_transit",
    "ready_rate",
    "fill_rate",
    "order_variance",
    "bullwhip",
    "cost",
)
FRAMES = ("stages", "segments", "service", "warmups")
SETTINGS = {"periods": 40, "replications": 150, "seed": 5, "precision": "single"}


def plain(order: list[int] | None = None) -> ec.Network:
    """Six components that run in single precision."""
    items = [f"item {k}" for k in (order or range(6))]
    stages = pd.DataFrame(
        [(item, place) for item in items for place in ("plant", "depot", "shop", "clinic")],
        columns=["item", "location"],
    )
    number = stages["item"].str[-1].astype(int)
    stages = stages.assign(
        lead_time=np.tile([2.0, 1.0, 0.0, 1.0], len(items)),
        base_stock=np.tile([70.0, 50.0, 25.0, 30.0], len(items)),
        holding_cost=1.0,
        backorder_cost=5.0,
        review_period=np.where(number == 3, 1, 0),
        lead_time_std=np.where((number == 4) & (stages["location"] == "plant"), 1.0, 0.0),
    )
    lanes = [(i, "plant", i, "depot") for i in items]
    lanes += [(i, "depot", i, place) for i in items for place in ("shop", "clinic")]
    columns = ["from_item", "from_location", "to_item", "to_location"]
    demand = [(i, p) for i in items for p in ("shop", "clinic")]
    family = ["gamma" if int(i[-1]) % 2 else "poisson" for i, _ in demand]
    return ec.Network.from_tables(
        stages,
        pd.DataFrame(lanes, columns=columns).assign(lead_time=1.0),
        pd.DataFrame(demand, columns=["item", "location"]).assign(
            family=family, mean=10.0, std=10.0**0.5
        ),
    )


def assert_same(one, other, frames=FRAMES):
    for name in frames:
        pd.testing.assert_frame_equal(
            getattr(one, name), getattr(other, name), check_exact=True, obj=name
        )


@pytest.fixture(scope="module")
def whole():
    return ec.simulate(plain(), **SETTINGS)


class TestCuts:
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_workers(self, whole, n_jobs):
        assert_same(whole, ec.simulate(plain(), n_jobs=n_jobs, **SETTINGS))

    @pytest.mark.parametrize("blocks", [(32,), (8,), (16, 8)])
    def test_blocks_of_periods(self, whole, blocks, monkeypatch):
        monkeypatch.setattr(work, "_BLOCKS", blocks)
        assert_same(whole, ec.simulate(plain(), **SETTINGS))

    def test_shards_of_one_component(self, whole, monkeypatch):
        monkeypatch.setattr(structure, "_SHARD_BYTES", 1)
        monkeypatch.setattr(prepare, "_MANY_SHARDS", 100)
        assert_same(whole, ec.simulate(plain(), **SETTINGS))

    def test_long_runs_in_several_calls(self, monkeypatch):
        settings = SETTINGS | {"periods": 2_500, "replications": 16}
        whole = ec.simulate(plain([3]), **settings)
        monkeypatch.setattr(work, "_STRETCH", 1)
        monkeypatch.setattr(work, "_LEAST_STRETCH", 1_024)
        assert_same(whole, ec.simulate(plain([3]), **settings))

    @pytest.mark.parametrize("chosen", [[0], [4], [5, 2]])
    def test_some_of_the_items(self, whole, chosen):
        some = ec.simulate(plain(chosen), **SETTINGS).stages.set_index(["item", "location"])
        same = whole.stages.set_index(["item", "location"]).loc[some.index]
        pd.testing.assert_frame_equal(some, same, check_exact=True)


@pytest.mark.parametrize("family", ["normal", "poisson"])
@pytest.mark.parametrize("name", list(systems()))
@pytest.mark.parametrize("draws", ["independent", "stratified"])
def test_single_is_double_to_rounding(name, family, draws):
    network = network_of(with_demand(systems()[name], family))
    double, single = (
        ec.simulate(network, periods=60, warmup=6, replications=160, draws=draws, precision=p)
        for p in ("double", "single")
    )
    for measure in MEASURES:
        one, other = single.stages[measure], double.stages[measure]
        loose = measure == "ready_rate"  # a shortage within rounding
        np.testing.assert_allclose(one, other, rtol=1e-4 if loose else 2e-6, atol=1e-4)


def test_every_case_of_this_page_is_single_and_close():
    double = ec.simulate(plain(), **SETTINGS | {"precision": "double"})
    single = ec.simulate(plain(), **SETTINGS)
    for measure in MEASURES:
        one, other = single.stages[measure], double.stages[measure]
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5, err_msg=measure)
    assert not single.stages["on_hand"].equals(double.stages["on_hand"])


def test_rounding_does_not_grow_into_anything_over_ten_thousand_periods():
    network = network_of(systems()["10-stage tree"])
    double, single = (
        ec.simulate(network, periods=10_000, warmup=0, replications=16, precision=p, keep=True)
        for p in ("double", "single")
    )
    for measure in ("on_hand", "backorders", "in_transit"):
        one, other = single.stages[measure], double.stages[measure]
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-4, err_msg=measure)
    np.testing.assert_allclose(single.total["cost"], double.total["cost"], rtol=1e-6)


@pytest.fixture(scope="module")
def company():
    """Service times, reviews, release times, lots and capacities, without shelf lives."""
    made = ec.datasets.make_portfolio(60, seed=2)
    perishable = ("shelf_life", "waste_cost", "minimum_remaining_life")
    tables = {
        name: table.drop(columns=[column for column in perishable if column in table])
        for name, table in made.tables.items()
    }
    network = ec.Network.from_tables(
        tables["stages"], tables["lanes"], tables["demand"], segments=["market", "channel"],
        period="week", holding_rate=0.18,
    )  # fmt: skip
    return network, ec.optimize(network, service_times="whole")


COMPANY = {"periods": 52, "warmup": 26, "replications": 64, "seed": 5}


class TestCompany:
    def test_is_double_to_rounding(self, company):
        double, single = (
            ec.simulate(*company, precision=p, **COMPANY) for p in ("double", "single")
        )
        assert not single.stages["on_hand"].equals(double.stages["on_hand"])
        for measure in (*MEASURES, "in_release", "ordered", "component_stock"):
            one, other = single.stages[measure], double.stages[measure]
            scale = 1e-4 if measure == "ready_rate" else 1e-6
            # an order that is within rounding of a lot may be one lot more in one run of many
            apart = (one - other).abs() > 1e-4 * other.abs() + scale * other.abs().max()
            assert apart.mean() < 0.01, measure
        np.testing.assert_allclose(single.total["cost"], double.total["cost"], rtol=1e-5)
        np.testing.assert_allclose(single.total["fill_rate"], double.total["fill_rate"], rtol=1e-5)

    def test_stock_that_passes_through_is_no_shortage(self, company):
        double, single = (
            ec.simulate(*company, precision=p, **COMPANY) for p in ("double", "single")
        )
        never = double.stages["ready_rate"] == 1.0
        assert never.sum() > 50
        assert single.stages.loc[never, "ready_rate"].min() > 0.999

    def test_workers_and_blocks_change_no_bit(self, company, monkeypatch):
        whole = ec.simulate(*company, precision="single", **COMPANY)
        assert_same(whole, ec.simulate(*company, precision="single", n_jobs=2, **COMPANY))
        monkeypatch.setattr(work, "_BLOCKS", (8,))
        monkeypatch.setattr(structure, "_SHARD_BYTES", 1)
        assert_same(whole, ec.simulate(*company, precision="single", **COMPANY))


def test_returns_and_large_deviations():
    shop = ec.serial(
        ["depot", "shop"], lead_time=[2, 1], holding_cost=[1.0, 2.0], base_stock=[30.0, 25.0],
        demand_mean=10.0, demand_std=12.0,
    )  # fmt: skip
    double, single = (
        ec.simulate(shop, periods=200, warmup=10, replications=64, precision=p)
        for p in ("double", "single")
    )
    for measure in ("on_hand", "backorders", "fill_rate", "bullwhip", "cost"):
        np.testing.assert_allclose(single.stages[measure], double.stages[measure], rtol=1e-5)


@pytest.mark.parametrize("n_stages", [1, LEAD, LEAD + 1, 2 * LEAD + 3])
def test_orders_pass_up_a_line_under_review_in_every_period(n_stages):
    """They begin a period before those of the next stage, until there is no row left for that."""
    line = ec.serial(
        [f"stage {k}" for k in range(n_stages)], lead_time=1, holding_cost=1.0, review_period=1,
        base_stock=[16.0 + 2.0 * (k % 3) for k in range(n_stages)], demand_mean=6.0,
        family="poisson",
    )  # fmt: skip
    double, single = (
        ec.simulate(line, periods=200, warmup=27, replications=64, precision=p)
        for p in ("double", "single")
    )
    for measure in ("on_hand", "backorders", "fill_rate", "order_variance", "bullwhip", "cost"):
        np.testing.assert_allclose(single.stages[measure], double.stages[measure], rtol=1e-5)


def test_all_served_is_a_fill_rate_of_one():
    shop = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, base_stock=[500.0], demand_mean=50.0,
        demand_std=9.0,
    )  # fmt: skip
    run = ec.simulate(shop, periods=100, replications=64, precision="single")
    assert run.stages["fill_rate"].tolist() == [1.0]
    assert run.stages["backorders"].tolist() == [0.0]


def test_features_run_in_double():
    network = portfolio([1, 3])
    settings = {"periods": 40, "replications": 64, "seed": 5}
    double = ec.simulate(network, **settings)
    assert_same(double, ec.simulate(network, precision="single", **settings))


def test_one_replication_runs_in_double():
    double = ec.simulate(chain(), periods=400, replications=1)
    assert_same(double, ec.simulate(chain(), periods=400, replications=1, precision="single"))


def test_is_told_in_the_provenance(whole):
    assert whole.provenance.arguments["precision"] == "single"


@pytest.mark.parametrize("precision", ["half", None, 32])
def test_refuses_others(precision):
    with pytest.raises(DomainError, match=r"precision is .* Fix: give one of 'double', 'single'"):
        ec.simulate(chain(), precision=precision)


def test_small_goods_do_not_overtake_where_their_supplier_orders_in_large_lots():
    stages = pd.DataFrame(
        {
            "item": ["raw", "small"],
            "location": ["plant", "shop"],
            "lead_time": [2.0, 0.0],
            "added_cost": 1.0,
            "order_multiple": [800_000.0, 1.0],
            "base_stock": [1_000_000.0, 60.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["raw"],
            "from_location": ["plant"],
            "to_item": ["small"],
            "to_location": ["shop"],
            "lead_time_family": ["empirical"],
            "lead_time_parameters": ['{"values": [1, 2, 9], "probabilities": [0.4, 0.3, 0.3]}'],
        }
    )
    demand = pd.DataFrame(
        {"item": ["small"], "location": ["shop"], "family": ["poisson"], "mean": [6.0]}
    )
    network = ec.Network.from_tables(stages, lanes, demand, holding_rate=0.2)
    double, single = (
        ec.simulate(network, periods=60, replications=20, precision=precision, progress=False)
        for precision in ("double", "single")
    )
    shop = [run.stages.set_index("item").loc["small", "on_hand"] for run in (double, single)]
    assert shop[1] == pytest.approx(shop[0], rel=1e-5)


def test_what_is_asked_for_at_once_between_reviews_says_what_is_rounding():
    stages = pd.DataFrame(
        {
            "item": "pump",
            "location": ["plant", "centre", "shop"],
            "lead_time": [3.0, 0.0, 1.0],
            "added_cost": [5.0, 0.1, 1.0],
            "review_period": [0, 13, 0],
            "can_stock": [True, False, True],
            "service_level": [np.nan, np.nan, 0.95],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "pump",
            "from_location": ["plant", "centre"],
            "to_item": "pump",
            "to_location": ["centre", "shop"],
            "lead_time": [1.0, 1.0],
        }
    )
    demand = pd.DataFrame(
        {"item": ["pump"], "location": ["shop"], "mean": [178.964], "std": [25.0289]}
    )
    network = ec.Network.from_tables(stages, lanes, demand, holding_rate=0.2)
    plan = ec.optimize(network, service_times="whole")
    double, single = (
        ec.simulate(network, plan, periods=104, replications=50, precision=precision)
        for precision in ("double", "single")
    )
    measures = ["cycle_service_level", "ready_rate"]
    apart = (double.stages[measures] - single.stages[measures]).abs()
    assert double.stages.loc[1, "on_hand"] > 0.0  # what waits in it between two reviews
    assert apart.max().max() <= 0.01


def _with_rare_returns(review: int, shelf_life: int | None) -> ec.Network:
    """A draw of a few thousand is below zero; shops have one customer, the depot one and a shop."""
    stages = pd.DataFrame(
        {
            "item": ["a", "b", "b"],
            "location": ["shop", "depot", "shop"],
            "lead_time": [2.0, 2.0, 0.0],
            "base_stock": [33.0, 70.0, 25.0],
            "holding_cost": 1.0,
            "backorder_cost": 9.0,
            "review_period": [review, 0, review],
        }
    )
    if shelf_life is not None:
        stages["shelf_life"] = shelf_life
    lanes = pd.DataFrame(
        {
            "from_item": ["b"],
            "from_location": ["depot"],
            "to_item": ["b"],
            "to_location": ["shop"],
            "lead_time": [1.0],
        }
    )
    demand = pd.DataFrame(
        {
            "item": ["a", "b", "b"],
            "location": ["shop", "shop", "depot"],
            "mean": 10.0,
            "std": 2.9,
            "family": "normal",
        }
    )
    return ec.Network.from_tables(stages, lanes, demand)


@pytest.mark.parametrize("review", [0, 1])
@pytest.mark.parametrize("service_time", [0.0, 1.0])
@pytest.mark.parametrize("shelf_life", [None, 30])
def test_where_a_block_ends_does_not_decide_how_returns_are_reckoned(
    service_time, review, shelf_life, monkeypatch
):
    """Of blocks of 8 periods few have a return, of blocks of 32 most have."""
    network = _with_rare_returns(review, shelf_life)
    levels = {"base_stock": [33.0, 70.0, 25.0], "service_level": 0.95}
    plan = plan_of(network, **levels, service_time=service_time)
    runs = []
    for block in (8, 16, 32):
        monkeypatch.setattr(work, "_BLOCKS", (block,))
        runs.append(ec.simulate(network, plan, periods=150, warmup=10, replications=48,
                                seed=3, precision="single"))  # fmt: skip
    for other in runs[1:]:
        assert_same(runs[0], other)


@pytest.mark.parametrize("warmup", [0, 29, 32])
@pytest.mark.parametrize("phase", [0, 3])
@pytest.mark.parametrize("review", [2, 5, 13, 32, 33, 50, 90])
def test_cycles_without_a_shortage_are_those_of_double(review, phase, warmup):
    """Also where a cycle is longer than the periods whose ends are kept together."""
    covered = 10.0 * (review + 2)
    network = ec.Network.from_tables(
        pd.DataFrame(
            {
                "item": "a",
                "location": ["plant", "shop"],
                "lead_time": [1.0, 2.0],
                "base_stock": [covered, covered + np.rint(0.5 * covered**0.5)],
                "review_period": [0, review],
                "review_phase": [0, phase % review],
                "holding_cost": 1.0,
            }
        ),
        pd.DataFrame(
            {"from_item": "a", "from_location": ["plant"], "to_item": "a", "to_location": "shop"}
        ),
        pd.DataFrame(
            {"item": ["a"], "location": "shop", "family": "poisson", "mean": 10.0, "std": 10.0**0.5}
        ),
    )
    single, double = (
        ec.simulate(
            network, periods=300, warmup=warmup, replications=40, precision=kind, progress=False
        ).stages["cycle_service_level"]
        for kind in ("single", "double")
    )
    np.testing.assert_array_equal(single, double)
    assert 0.0 < double[1] < 1.0
