"""Frames of a result: sums over stages, keys, quantiles, paths, files; two runs compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, UnknownNameError
from echelon.io.simulation import read_simulation
from echelon.network.network import Network
from echelon.simulation.columns import FAN, FRAMES, with_errors
from echelon.simulation.compare import compare_runs
from echelon.simulation.measured import output
from echelon.simulation.measured.estimates import GROUP_MEASURES, STAGE_MEASURES
from echelon.simulation.result import no_rows
from tests.measured_run import measured_run

NAMES = ("north", "south")


def network(*, level: float = 60.0, shops=NAMES, **columns) -> Network:
    """Two items, each from a depot to shops; north sells to two markets; the depot fails once."""
    stages, lanes, demand = [], [], []
    for item in ("aspirin", "bandage"):
        stages.append((item, "depot", 2.0, 100.0, 1.0))
        for shop in shops:
            stages.append((item, shop, 1.0, level, 2.0))
            lanes.append((item, "depot", item, shop, 1.0))
            markets = ("hospital", "wholesale") if shop == "north" else ("hospital",)
            demand += [(item, shop, market, 10.0, 3.0) for market in markets]
    table = pd.DataFrame(
        stages, columns=["item", "location", "lead_time", "base_stock", "holding_cost"]
    )
    costs = {"backorder_cost": 9.0, "order_cost": 3.0, "lost_sale_cost": 20.0, "waste_cost": 1.0}
    table = table.assign(**{**costs, "lost_sales_share": 0.5, **columns})
    ends = ("from_item", "from_location", "to_item", "to_location")
    return Network.from_tables(
        table,
        pd.DataFrame(lanes, columns=[*ends, "lead_time"]),
        pd.DataFrame(demand, columns=["item", "location", "market", "mean", "std"]),
        segments=["market"],
        disruptions=pd.DataFrame(
            {
                "name": ["fire", "flood"],
                "item": ["bandage", "aspirin"],
                "location": "depot",
                "first_period": [30.0, 20.0],
                "last_period": [36.0, 21.0],
                "stock_destroyed": [1.0, 0.0],
            }
        ),
        period="week",
    )


@pytest.fixture(scope="module")
def run():
    return measured_run(network())


def test_every_frame_has_the_columns_that_the_page_tells(run):
    for name in ("stages", "items", "locations", "total", "segment_totals", "disruptions"):
        frame = getattr(run, name)
        assert list(frame.columns) == list(with_errors(FRAMES[name])), name
        assert len(frame), name
    renamed = run.segments.rename(columns={"market": "segment"})
    assert list(renamed.columns) == list(with_errors(FRAMES["segments"]))
    assert list(run.warmups.columns) == list(FRAMES["warmups"].names)
    measures = [name for name in run.stages.columns[2:] if not name.endswith("_se")]
    assert measures == list(STAGE_MEASURES)
    assert list(run.total.columns[::2]) == list(GROUP_MEASURES)


def test_rows_are_those_of_the_tables_in_their_order(run):
    made = network()
    key = ["item", "location"]
    pd.testing.assert_frame_equal(run.stages[key], made.stages[key])
    pd.testing.assert_frame_equal(run.segments[[*key, "market"]], made.demand[[*key, "market"]])
    assert run.items["item"].tolist() == ["aspirin", "bandage"]
    assert run.locations["location"].tolist() == ["depot", "north", "south"]
    assert run.disruptions["name"].tolist() == ["fire", "flood"]


def test_groups_are_sums_over_their_stages(run):
    for name in ("on_hand", "pipeline", "holding_cost", "ordering_cost", "shortage_cost", "cost"):
        total = run.total[name].iloc[0]
        assert total > 0.0, name
        assert run.stages[name].sum() == pytest.approx(total, rel=1e-12)
        assert run.items[name].sum() == pytest.approx(total, rel=1e-12)
        assert run.locations[name].sum() == pytest.approx(total, rel=1e-12)
        by_item = run.stages.groupby("item")[name].sum()
        np.testing.assert_allclose(run.items[name], by_item, rtol=1e-12)
    kinds = ("holding", "pipeline", "ordering", "shortage", "expedite", "waste")
    parts = sum(run.stages[f"{kind}_cost"] for kind in kinds)
    np.testing.assert_allclose(run.stages["cost"], parts, rtol=1e-12)
    np.testing.assert_allclose(run.stages["ordering_cost"], 3.0 * run.stages["orders"])


def test_customers_are_the_same_at_every_level(run):
    """Backorders and lost sales of customers: segments, their markets, items and the network."""
    for name in ("backorders", "lost"):
        total = run.total[name].iloc[0]
        assert total > 0.0
        for frame in (run.segments, run.segment_totals, run.items):
            assert frame[name].sum() == pytest.approx(total, rel=1e-12)
    due, on_time = run.segments["due"], run.segments["on_time_rate"]
    assert run.total["on_time_rate"].iloc[0] == pytest.approx((due @ on_time) / due.sum())
    shops = run.stages[run.stages["location"] != "depot"]
    np.testing.assert_allclose(run.total["ready_rate"].iloc[0], shops["ready_rate"].mean())
    depot = run.locations.iloc[0]  # those outside a depot are the shops
    assert depot["backorders"] == pytest.approx(
        run.stages.loc[run.stages["location"] == "depot", "backorders"].sum()
    )
    assert depot["periods_of_supply"] == pytest.approx(depot["on_hand"] / 60.0)
    assert run.total["periods_of_supply"].iloc[0] == pytest.approx(
        run.total["on_hand"].iloc[0] / 60.0
    )


def test_a_shop_under_base_stock_orders_what_was_asked_for():
    """Bullwhip 1 without lost sales, and without an error: both variances are one number."""
    run = measured_run(network(lost_sales_share=0.0))
    shops = run.stages[run.stages["location"] != "depot"]
    np.testing.assert_allclose(shops["bullwhip"], 1.0, rtol=1e-9)
    assert (shops["bullwhip_se"] < 1e-6).all()
    np.testing.assert_allclose(shops["order_variance"], shops["demand_variance"], rtol=1e-9)
    north = run.stages[run.stages["location"] == "north"]
    assert (abs(north["demand_variance"] - 18.0) < 4 * north["demand_variance_se"]).all()


def test_disruptions_by_date_have_one_event_in_every_run(run):
    by_name = run.disruptions.set_index("name")
    assert (by_name["events"] == 1.0).all()
    assert by_name.loc["fire", "share_survived"] < by_name.loc["flood", "share_survived"] + 1e-12
    assert by_name.loc["fire", "time_to_survive"] >= 1.0


def test_quantiles_are_those_of_the_replications(run):
    wide = run.quantiles("cost", [0.0, 0.5, 1.0], level="total")
    low, middle, high = wide[["q0", "q50", "q100"]].iloc[0]
    mean, error = run.total[["cost", "cost_se"]].iloc[0]
    assert low < middle < high
    assert abs(middle - mean) < 4 * error
    spread = error * run.replications**0.5
    assert high - mean < 5 * spread
    by_stage = run.quantiles("fill_rate")
    assert list(by_stage.columns) == ["item", "location", "q5", "q50", "q95"]
    assert (by_stage["q5"] <= by_stage["q95"]).all()
    assert len(run.quantiles("due", level="segment")) == len(run.segments)
    with pytest.raises(UnknownNameError, match="fill_rate"):
        run.quantiles("fil_rate")
    with pytest.raises(DomainError, match="from 0 to 1"):
        run.quantiles("cost", [95])


def test_what_was_not_kept_is_told():
    light = measured_run(network(), runs=4, keep=False)
    assert len(light.quantiles("cost", level="total")) == 1
    with pytest.raises(DomainError, match="keep=True"):
        light.quantiles("cost")


def test_a_component_that_failed_is_left_out():
    some = measured_run(network(), runs=4, fail=(0,))
    assert some.stages["item"].unique().tolist() == ["bandage"]
    assert some.items["item"].tolist() == ["bandage"]
    assert some.disruptions["name"].tolist() == ["fire"]
    none = measured_run(network(), runs=4, fail=(0, 1))
    for level in ("stage", "segment", "item", "location", "total", "disruption"):
        assert none.to_frame(level).empty, level


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_written_and_read_again(run, tmp_path, file_format):
    again = read_simulation(run.write(tmp_path, file_format=file_format))
    for level in ("stage", "segment", "segment_total", "item", "location", "total", "service"):
        pd.testing.assert_frame_equal(again.to_frame(level), run.to_frame(level))
    for level in ("warmup", "disruption"):
        pd.testing.assert_frame_equal(again.to_frame(level), run.to_frame(level), check_dtype=False)
    assert again.segment_columns == ("market",)
    assert again.trace.empty
    with pytest.raises(DomainError, match="read from files"):
        again.quantiles("cost")


def test_summary_names_the_kinds_of_cost_that_occur(run):
    text = repr(run)
    for words in ("holding cost", "ordering cost", "shortage cost", "lost sales"):
        assert words in text
    for words in ("pipeline cost", "expediting"):
        assert words not in text
    assert "<table" in run._repr_html_()


def test_paths_have_the_mean_and_the_fan():
    made = network()
    rng = np.random.default_rng(1)
    paths = {
        name: rng.normal(50.0, 9.0, (2, 5, 400))
        for name in ("on_hand", "backorders", "net_inventory")
    }
    frame = output.path_frame(made, [1, 0], paths, np.array([2, 0]))
    assert list(frame.columns) == list(FRAMES["paths"].names)
    assert len(frame) == 10
    row = frame.iloc[3]  # period 1, second stage
    assert row["period"] == 1
    assert row["counted"]
    assert not frame.iloc[2]["counted"]
    assert row["on_hand"] == pytest.approx(paths["on_hand"][1, 1].mean())
    for suffix, p in FAN.items():
        assert row[f"on_hand_{suffix}"] == pytest.approx(np.quantile(paths["on_hand"][1, 1], p))
    assert list(no_rows("paths").columns) == list(frame.columns)


class TestComparison:
    def test_pairs_have_smaller_errors_than_strangers(self, run):
        more = measured_run(network(level=62.0))
        comparison = compare_runs(run, more)
        total = comparison.total.set_index("measure")
        cost = total.loc["cost"]
        assert cost["difference"] == pytest.approx(
            more.total["cost"].iloc[0] - run.total["cost"].iloc[0]
        )
        assert cost["first"] == pytest.approx(run.total["cost"].iloc[0])
        strangers = np.hypot(run.total["cost_se"], more.total["cost_se"]).iloc[0]
        assert cost["unpaired_se"] == pytest.approx(strangers)
        assert cost["times_smaller"] > 3.0
        assert cost["correlation"] > 0.9
        each = run.runs.at("total"), more.runs.at("total")
        place = each[0].level.quantities.index("cost")
        apart = each[1].values[0, place] - each[0].values[0, place]
        assert cost["difference_se"] == pytest.approx(apart.std(ddof=1) / apart.size**0.5)

    def test_paired_errors_say_how_far_differences_scatter(self):
        sizes = {"periods": 30, "runs": 16}
        rows = [
            compare_runs(
                measured_run(network(), seed=seed, **sizes),
                measured_run(network(level=62.0), seed=seed, **sizes),
            ).total.set_index("measure")
            for seed in range(1, 9)
        ]
        for measure in ("cost", "fill_rate"):
            differences = np.array([row.loc[measure, "difference"] for row in rows])
            told = np.mean([row.loc[measure, "difference_se"] for row in rows])
            unpaired = np.mean([row.loc[measure, "unpaired_se"] for row in rows])
            scatter = differences.std(ddof=1)
            assert 0.4 * told < scatter < 1.9 * told  # chi-square of 7: beyond in 1 of 1,000
            assert scatter < 0.5 * unpaired

    def test_at_every_level(self, run):
        comparison = compare_runs(run, measured_run(network(level=70.0)))
        stages = comparison.to_frame("stage")
        assert len(stages) == len(run.stages) * len(STAGE_MEASURES)
        assert stages["measure"].head(2).tolist() == list(STAGE_MEASURES[:2])
        assert len(comparison.to_frame("segment_total")) == 2 * 6
        assert comparison.only_in.empty
        assert "times smaller" in repr(comparison)
        assert "<table" in comparison._repr_html_()
        with pytest.raises(UnknownNameError, match="level"):
            comparison.to_frame("shelf")

    def test_a_run_and_itself_do_not_differ(self, run):
        comparison = compare_runs(run, run)
        assert (comparison.total["difference"].dropna() == 0.0).all()
        assert (comparison.total["difference_se"].dropna() == 0.0).all()

    def test_other_periods_replications_and_seeds_are_refused_at_once(self, run):
        other = measured_run(network(), periods=30, runs=8, seed=2)
        with pytest.raises(DomainError, match="3 things to mend") as told:
            compare_runs(run, other)
        for words in ("periods counted: 60 and 30", "replications: 40 and 8", "seed: 1 and 2"):
            assert words in str(told.value)
        with pytest.raises(DomainError, match="the second is of type DataFrame"):
            compare_runs(run, run.stages)

    def test_runs_from_files_are_refused(self, run, tmp_path):
        with pytest.raises(DomainError, match="the second has no replications one by one"):
            compare_runs(run, read_simulation(run.write(tmp_path)))

    def test_stages_of_one_network_alone_are_listed(self, run):
        fewer = measured_run(network(shops=("north",)))
        comparison = compare_runs(run, fewer)
        assert comparison.only_in["location"].tolist() == ["south", "south"]
        assert comparison.only_in["only_in"].tolist() == ["first", "first"]
        assert "2 stages only in the first" in comparison.summary()
        both = comparison.stages[["item", "location"]].drop_duplicates()
        assert len(both) == 4

    def test_other_networks_are_refused(self, run):
        shop = ec.serial(
            ["shop"], lead_time=4, holding_cost=1.0, base_stock=[220.0],
            demand_mean=50.0, demand_std=8.0,
        )  # fmt: skip
        with pytest.raises(DomainError, match="no stage in common"):
            compare_runs(run, measured_run(shop))

    def test_written_as_frames(self, run, tmp_path):
        comparison = compare_runs(run, measured_run(network(level=70.0)))
        folder = comparison.write(tmp_path)
        names = {path.name for path in folder.iterdir()}
        assert {"comparison.csv", "stages.csv", "manifest.json"} <= names
