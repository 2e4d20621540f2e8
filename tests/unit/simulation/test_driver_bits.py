"""Same seed and tables, same bits: however the work is cut, and when a feature never acts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Empirical
from echelon.simulation import prepare, work
from echelon.simulation.described import structure
from tests.rich_networks import chain, portfolio

FRAMES = ("stages", "segments", "service", "disruptions", "warmups")
SETTINGS = {"periods": 40, "replications": 150, "seed": 5}


def assert_same(one, other, frames=FRAMES):
    for name in frames:
        pd.testing.assert_frame_equal(
            getattr(one, name), getattr(other, name), check_exact=True, obj=name
        )


@pytest.fixture(scope="module")
def whole():
    return ec.simulate(portfolio(), **SETTINGS)


@pytest.fixture(scope="module")
def bare():
    return ec.simulate(chain(), warmup=10, **SETTINGS)


class TestCuts:
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_workers(self, whole, n_jobs):
        assert_same(whole, ec.simulate(portfolio(), n_jobs=n_jobs, **SETTINGS), (*FRAMES, "total"))

    def test_one_sweep(self, whole):
        swept = ec.simulate(portfolio(), progress=False, **SETTINGS)
        assert_same(whole, swept, (*FRAMES, "total"))
        np.testing.assert_array_equal(
            swept.runs.at("stage").values, whole.runs.at("stage").values, strict=True
        )

    def test_what_is_kept_changes_nothing_else(self, whole):
        light = ec.simulate(portfolio(), keep=False, **SETTINGS)
        assert_same(whole, light, (*FRAMES, "total"))
        assert set(light.runs.levels) < set(whole.runs.levels)

    @pytest.mark.parametrize("blocks", [(32,), (8,), (16, 8)])
    def test_blocks_of_periods(self, whole, blocks, monkeypatch):
        monkeypatch.setattr(work, "_BLOCKS", blocks)
        assert_same(whole, ec.simulate(portfolio(), **SETTINGS), (*FRAMES, "total"))

    def test_room_in_the_cache(self, whole, monkeypatch):
        monkeypatch.setattr(work, "_MOST_ROWS", 1)
        assert_same(whole, ec.simulate(portfolio(), **SETTINGS), (*FRAMES, "total"))

    @pytest.mark.parametrize("n_jobs", [1, 2])
    @pytest.mark.parametrize("many", [1, 100])
    def test_shards_of_one_component(self, whole, many, n_jobs, monkeypatch):
        monkeypatch.setattr(structure, "_SHARD_BYTES", 1)
        monkeypatch.setattr(prepare, "_MANY_SHARDS", many)
        cut = ec.simulate(portfolio(), n_jobs=n_jobs, **SETTINGS)
        assert_same(whole, cut)
        np.testing.assert_allclose(cut.total, whole.total, rtol=1e-12)

    def test_order_of_the_items(self, whole):
        mixed = ec.simulate(portfolio([4, 0, 5, 2, 1, 3]), **SETTINGS)
        for name, key in (("stages", ["item", "location"]),
                          ("segments", ["item", "location", "segment"])):  # fmt: skip
            one, other = (getattr(run, name).sort_values(key, ignore_index=True)
                          for run in (whole, mixed))  # fmt: skip
            pd.testing.assert_frame_equal(one, other, check_exact=True)
        np.testing.assert_allclose(mixed.total, whole.total, rtol=1e-12)

    @pytest.mark.parametrize("chosen", [[0], [3], [1, 4], [2, 3, 5]])
    def test_some_of_the_items(self, whole, chosen):
        some = ec.simulate(portfolio(chosen), **SETTINGS)
        for name in ("stages", "segments", "disruptions"):
            frame = getattr(whole, name)
            if name == "disruptions":
                rows = frame if 3 in chosen else frame.head(0)
            else:
                rows = frame[frame["item"].isin([f"item {k}" for k in chosen])]
            pd.testing.assert_frame_equal(
                rows.reset_index(drop=True),
                getattr(some, name),
                check_exact=True,
                check_dtype=len(rows) > 0,
            )

    @pytest.mark.parametrize("draws", ["independent", "antithetic", "stratified"])
    def test_number_of_replications(self, draws):
        """Run 5 of 16 is run 5 of 400."""
        settings = {"periods": 20, "seed": 5, "draws": draws, "keep": True, "warmup": 10}
        few, many = (ec.simulate(portfolio(), replications=n, **settings) for n in (16, 400))
        for level in ("stage", "segment", "item", "total"):
            one, other = few.runs.at(level), many.runs.at(level)
            np.testing.assert_array_equal(one.values[..., :16], other.values[..., :16])

    def test_an_error_is_seen(self, whole):
        other = ec.simulate(portfolio(), **{**SETTINGS, "seed": 6})
        with pytest.raises(AssertionError):
            assert_same(whole, other)


FIXED = pd.Series([Empirical([3.0], [1.0]), None], dtype=object)

INERT = {
    "capacity": {"capacity": 1e12},
    "lost sales": {"lost_sales_share": 0.0, "lost_sale_cost": 7.0},
    "yield": {"yield_mean": 1.0, "yield_std": 0.0, "lot_failure": 0.0},
    "shelf life blank": {"shelf_life": np.nan, "waste_cost": 4.0},
    "shelf life long": {"shelf_life": 10_000},
    "lead time of no spread": {"lead_time_std": 0.0},
    "multiples": {"minimum_order": 0.0, "maximum_order": 1e12},
    "first come": {"allocation": "first_come"},
    "priority": {"allocation": "priority"},
    "overtaking": {"overtaking": True},
    "policy": {"policy": "base_stock"},
    "release": {"release_time": 0.0, "release_time_std": 0.0},
}


class TestInert:
    """A feature that is in the tables and never acts."""

    @staticmethod
    def check(bare, network):
        run = ec.simulate(network, warmup=10, **SETTINGS)
        assert_same(bare, run, ("stages", "segments", "total"))

    @pytest.mark.parametrize("name", INERT)
    def test_columns_of_stages(self, bare, name):
        self.check(bare, chain(**INERT[name]))

    def test_lead_time_drawn_from_one_value(self, bare):
        given = {"lead_time": [np.nan, 1.0], "lead_time_std": [np.nan, 0.0]}
        self.check(bare, chain(lead_time_distribution=FIXED, **given))

    @pytest.mark.parametrize(
        "columns",
        [
            {"priority": 3},
            {"expedite_rule": "backorder_age", "expedite_after": 10_000, "expedite_lead_time": 0,
             "expedite_cost": 3.0},
            {"lead_time_std": 0.0, "overtaking": True},
        ],
    )  # fmt: skip
    def test_columns_of_lanes(self, bare, columns):
        network = chain()
        self.check(bare, network.replace(lanes=network.lanes.assign(**columns)))

    @pytest.mark.parametrize("place", ["stage", "lane"])
    @pytest.mark.parametrize(
        "when",
        [
            {"failure_rate": 0.0, "recovery_rate": 0.5},
            {"first_period": 5_000, "last_period": 5_010},
        ],
    )
    def test_a_disruption_that_never_comes(self, bare, place, when):
        where = {"item": "plant", "location": "main"}
        if place == "lane":
            where = {"from_item": "plant", "from_location": "main", "to_item": "shop",
                     "to_location": "main"}  # fmt: skip
        row = {"name": "flood", **where, **when, "stock_destroyed": 0.9 * (place == "stage")}
        network = chain()
        self.check(bare, network.replace(disruptions=pd.DataFrame([row])))

    def test_a_calendar_that_is_always_open(self, bare):
        row = {"item": "plant", "location": "main", "start": 0, "length": 1, "every": 1}
        self.check(bare, chain().replace(calendar=pd.DataFrame([row])))

    def test_levels_that_do_not_change(self, bare):
        network = chain()
        rows = [("shop", "main", period, 38.0) for period in range(4)]
        levels = pd.DataFrame(rows, columns=["item", "location", "period", "base_stock"])
        self.check(bare, network.replace(levels=levels))

    def test_priorities_of_segments_that_are_served_in_proportion(self, bare):
        network = chain()
        self.check(bare, network.replace(demand=network.demand.assign(priority=4)))

    def test_a_backup_that_is_never_needed(self):
        """One lane alone, and the same beside a backup from a stage that nobody else asks."""
        stages = pd.DataFrame(
            {"item": "a", "location": ["plant", "spare", "shop"], "holding_cost": 1.0,
             "backorder_cost": [0.0, 0.0, 9.0], "lead_time": [3, 4, 1],
             "base_stock": [60.0, 0.0, 30.0]}
        )  # fmt: skip
        lanes = pd.DataFrame({"from_item": "a", "from_location": ["plant", "spare"],
                              "to_item": "a", "to_location": "shop"})  # fmt: skip
        demand = pd.DataFrame({"item": ["a"], "location": "shop", "mean": 10.0, "std": 3.0})
        both = ec.Network.from_tables(
            stages, lanes.assign(backup=[False, True], share=[1.0, np.nan]), demand
        )
        alone = ec.Network.from_tables(stages.drop(index=1), lanes.drop(index=1), demand)
        one, other = (ec.simulate(n, warmup=10, **SETTINGS).stages for n in (alone, both))
        rows = other[other["location"] != "spare"].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, rows, check_exact=True)
