"""What a run gives beside plain means: batches, stopping, paths, traces, own policies, pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning, DomainError
from echelon.simulation.measured.estimates import per_run
from tests.rich_networks import chain, portfolio


class TestBatches:
    def test_one_long_replication_has_the_error_of_many(self):
        """Twenty batches of 1,000 periods against 400 replications of 1,000 periods."""
        network = chain(capacity=[12.0, np.nan])
        long = ec.simulate(network, periods=20_000, warmup=200, replications=1, seed=3)
        many = ec.simulate(network, periods=1_000, warmup=200, replications=400, seed=3)
        for name in ("on_hand", "backorders", "cost", "ready_rate"):
            one, other = (run.total[f"{name}_se"].iloc[0] for run in (long, many))
            # 1 / sqrt(20 batches) against 1 / sqrt(400 runs); the first has 19 degrees of freedom,
            # so its ratio to the truth is between 0.6 and 1.5 in 99 cases of 100
            assert 0.6 < one / (other * 20**0.5) < 1.5, name
            apart = long.total[name].iloc[0] - many.total[name].iloc[0]
            assert abs(apart) < 4 * np.hypot(one, other)

    def test_batches_add_up_to_the_replication(self):
        """Means over all counted periods are those of the trace.

        All but the pipeline, which counts as goods set out, for all of the time they will take.
        """
        run = ec.simulate(portfolio(), periods=400, warmup=20, replications=1, trace=True, seed=2)
        counted = run.trace[run.trace["counted"]].groupby(["item", "location"], sort=False)
        rows = run.stages.set_index(["item", "location"])
        for name in ("on_hand", "backorders", "lost", "scrapped", "holding_cost", "cost"):
            np.testing.assert_allclose(
                rows[name], counted[name].mean().loc[rows.index], rtol=1e-9, atol=1e-9
            )
            assert rows[f"{name}_se"].notna().all()
        means = counted[["started", "shipped"]].mean().loc[rows.index]
        time = np.where(rows.index.get_level_values("location") == "plant", 2.0, 1.0)
        certain = rows.index != ("item 2", "plant")  # whose lead time is drawn
        np.testing.assert_allclose(
            rows["in_process"][certain], (time * means["started"])[certain], rtol=1e-9
        )
        sent = means["shipped"].xs("plant", level="location")
        there = rows["in_transit"].xs("shop", level="location")
        np.testing.assert_allclose(there, sent.loc[there.index], rtol=1e-9)  # one period each
        for name in ("in_process", "in_transit"):
            assert rows[f"{name}_se"].notna().all()

    def test_too_short_a_run_has_no_error(self):
        run = ec.simulate(chain(), periods=199, replications=1)
        assert run.total.filter(regex="_se$").iloc[0].isna().all()


class TestStopping:
    def test_it_stops_where_the_interval_is_narrow_enough(self):
        run = ec.simulate(chain(), periods=50, stop_when={"on_hand": 0.4}, seed=4)
        half = 1.959963984540054 * run.total["on_hand_se"].iloc[0]
        assert half <= 0.4
        assert 64 <= run.replications < 10_000
        assert run.provenance.arguments["stop_when"] == {"on_hand": 0.4}
        # and it is the run of as many replications, and not narrow enough with half as many
        whole = ec.simulate(chain(), periods=50, replications=run.replications, seed=4)
        np.testing.assert_allclose(whole.stages["on_hand"], run.stages["on_hand"], rtol=1e-12)
        np.testing.assert_allclose(whole.stages["cost_se"], run.stages["cost_se"], rtol=1e-9)
        fewer = ec.simulate(chain(), periods=50, replications=run.replications // 2, seed=4)
        assert 1.96 * fewer.total["on_hand_se"].iloc[0] > 0.4

    def test_it_ends_at_the_most(self):
        run = ec.simulate(chain(), periods=20, replications=200, stop_when={"cost": 1e-6})
        assert run.replications == 200
        assert 1.96 * run.total["cost_se"].iloc[0] > 1e-6

    @pytest.mark.parametrize("draws", ["antithetic", "stratified"])
    def test_rounds_have_whole_groups(self, draws):
        run = ec.simulate(chain(), periods=20, draws=draws, stop_when={"on_hand": 0.5})
        assert run.replications % {"antithetic": 2, "stratified": 16}[draws] == 0

    def test_of_several_shards_and_workers(self, monkeypatch):
        from echelon.simulation.described import structure

        settings = {"periods": 20, "stop_when": {"cost": 8.0}, "seed": 3}
        whole = ec.simulate(portfolio(), **settings)
        monkeypatch.setattr(structure, "_SHARD_BYTES", 1)
        cut = ec.simulate(portfolio(), n_jobs=2, **settings)
        assert cut.replications == whole.replications > 64
        pd.testing.assert_frame_equal(cut.stages, whole.stages, check_exact=True)


@pytest.mark.parametrize("draws", ["antithetic", "stratified"])
def test_draws_that_hang_together_have_smaller_errors_and_the_same_means(draws):
    settings = {"periods": 30, "replications": 1_600, "seed": 9}
    usual = ec.simulate(chain(), **settings).total.iloc[0]
    better = ec.simulate(chain(), draws=draws, **settings).total.iloc[0]
    # what a cost does not gain from mirrors where it is least, and so flat, strata still give
    for name, share in (("on_hand", 0.5), ("pipeline", 0.5), ("cost", 1.0)):
        assert better[f"{name}_se"] < share * usual[f"{name}_se"], name
        error = np.hypot(usual[f"{name}_se"], better[f"{name}_se"])
        assert abs(usual[name] - better[name]) < 4 * error


@pytest.mark.parametrize("draws", ["antithetic", "stratified"])
def test_the_smaller_error_is_the_true_one(draws):
    """Means of 40 seeds scatter as the standard error of each says."""
    runs = [
        ec.simulate(chain(), periods=20, replications=160, seed=s, draws=draws).total.iloc[0]
        for s in range(40)
    ]
    scatter = np.std([run["on_hand"] for run in runs], ddof=1)
    told = np.mean([run["on_hand_se"] for run in runs])
    assert abs(scatter / told - 1.0) < 4 / (2 * 39) ** 0.5


class TestPaths:
    @pytest.fixture(scope="class")
    @staticmethod
    def run():
        return ec.simulate(portfolio(), periods=30, replications=150, seed=3, paths=True)

    def test_means_over_counted_periods_are_the_measures(self, run):
        names = ["on_hand", "backorders", "net_inventory"]
        counted = run.paths[run.paths["counted"]].groupby(["item", "location"], sort=False)
        assert (counted.size() == 30).all()
        rows = run.stages.set_index(["item", "location"])[names]
        np.testing.assert_allclose(counted[names].mean().loc[rows.index], rows, rtol=1e-9)

    def test_of_some_stages(self, run):
        chosen = [("item 3", "shop"), ("item 0", "plant")]
        some = ec.simulate(portfolio(), periods=30, replications=150, seed=3, paths=chosen)
        keys = run.paths.set_index(["item", "location"]).index
        rows = run.paths[keys.isin(chosen)].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, some.paths, check_exact=True)
        pd.testing.assert_frame_equal(run.stages, some.stages, check_exact=True)

    def test_the_fan_is_that_of_the_replications(self):
        """Of two replications: quantiles lie between their paths, and replication 0 is traced."""
        key = ["item", "period"]
        run = ec.simulate(chain(), periods=10, replications=2, paths=True, trace=True)
        rows = run.paths.sort_values(key)
        first = run.trace.sort_values(key)["on_hand"].to_numpy()
        apart = 2.0 * np.abs(rows["on_hand"].to_numpy() - first)
        assert apart.max() > 1.0
        fan = (rows["on_hand_q95"] - rows["on_hand_q5"]).to_numpy()
        np.testing.assert_allclose(fan, 0.9 * apart, atol=1e-9)


def test_the_trace_is_replication_0_of_every_component():
    run = ec.simulate(portfolio(), periods=30, replications=150, seed=3, keep=True, trace=True)
    means = run.trace[run.trace["counted"]].groupby(["item", "location"])
    kept = run.runs.at("stage")
    for name in ("on_hand", "in_process", "ordered", "cost"):
        each = per_run(kept.values, kept.level, name, kept.demand)
        assert each.shape == (12, 150)
        traced = means["order" if name == "ordered" else name].mean()
        for key, told in zip(kept.keys.itertuples(index=False, name=None), each, strict=True):
            assert traced[key] == pytest.approx(told[0], rel=1e-9), (name, key)


class Own:
    """Order up to a level."""

    def __init__(self, level):
        self.level = level

    def order(self, position):
        return np.maximum(self.level - position, 0.0)


class Seeing:
    """The same, by all that a stage sees."""

    def __init__(self, level):
        self.level = level

    def order_at(self, view):
        return np.maximum(self.level - view.position, 0.0)


class TestOwnPolicies:
    @pytest.mark.parametrize("kind", [Own, Seeing])
    def test_one_that_does_as_the_table_gives_what_the_table_gives(self, kind):
        network = portfolio()
        own = {("item 0", "shop"): kind(55.0), ("item 1", "plant"): kind(60.0)}
        settings = {"periods": 25, "warmup": 12, "replications": 140, "seed": 2}
        table = ec.simulate(network, **settings)
        run = ec.simulate(network, policies=own, **settings)
        numbers = table.stages.select_dtypes("number").columns
        np.testing.assert_allclose(run.stages[numbers], table.stages[numbers], rtol=1e-9, atol=1e-9)
        others = ~run.stages["item"].isin(["item 0", "item 1"])
        pd.testing.assert_frame_equal(run.stages[others], table.stages[others], check_exact=True)
        assert run.provenance.arguments["own_policies"] == 2

    def test_in_batches_paths_and_traces_too(self):
        own = {("shop", "main"): Own(38.0)}
        settings = {"periods": 200, "warmup": 12, "replications": 1, "paths": True, "trace": True}
        table = ec.simulate(chain(), **settings)
        run = ec.simulate(chain(), policies=own, **settings)
        # kernels count the pipeline of a batch as goods set out, the readable engine by period
        named = ("in_process", "in_transit", "pipeline")
        late = [*named, *(f"{name}_se" for name in named)]
        for name in ("stages", "paths", "trace"):
            dropped = late if name == "stages" else []
            one, other = (
                getattr(r, name).select_dtypes("number").drop(columns=dropped) for r in (table, run)
            )
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-7, err_msg=name)

    def test_its_stage_needs_no_base_stock(self):
        own = {("shop", "main"): Own(38.0)}
        with pytest.raises(DomainError, match=r"initial_stock is blank at shop @ main"):
            ec.simulate(chain(base_stock=[62.0, np.nan]), policies=own)
        network = chain(base_stock=[62.0, np.nan], initial_stock=[62.0, 38.0])
        settings = {"periods": 20, "replications": 30, "warmup": 12}
        table, run = (
            ec.simulate(chain(), **settings),
            ec.simulate(network, policies=own, **settings),
        )
        np.testing.assert_allclose(run.stages["on_hand"], table.stages["on_hand"], rtol=1e-9)

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (lambda y: y * np.nan, "not a finite number"),
            (lambda y: -np.ones_like(y), "below 0"),
            (lambda _: 3.0, "gave an array of shape"),
        ],
    )
    def test_a_wrong_answer_is_a_row_and_the_others_go_on(self, answer, told):
        class Wrong:
            def order(self, position):
                return answer(position)

        settings = {"periods": 20, "replications": 140, "seed": 2, "trace": True, "paths": True}
        fine = ec.simulate(portfolio(), **settings)
        run = ec.simulate(portfolio(), policies={("item 2", "shop"): Wrong()}, **settings)
        assert run.failures[["item", "location", "error"]].to_numpy().tolist() == [
            ["item 2", "shop", "DomainError"]
        ]
        message = run.failures["message"].iloc[0]
        assert told in message
        assert "Wrong.order at stage item 2 @ shop, period 0" in message
        for name in ("stages", "trace", "paths"):
            rows = getattr(fine, name)
            rows = rows[rows["item"] != "item 2"].reset_index(drop=True)
            pd.testing.assert_frame_equal(rows, getattr(run, name), check_exact=True)


def _depot(allocation: str) -> ec.Network:
    """A plant without stock and four shops that it supplies."""
    shops = [f"shop {k}" for k in range(4)]
    stages = pd.DataFrame(
        {"item": "a", "location": ["plant", *shops], "holding_cost": 1.0,
         "lead_time": [10] + 4 * [1], "base_stock": [0.0] + 4 * [118.0], "allocation": allocation}
    )  # fmt: skip
    lanes = pd.DataFrame(
        {"from_item": "a", "from_location": "plant", "to_item": "a", "to_location": shops}
    )
    demand = pd.DataFrame({"item": "a", "location": shops, "family": "gamma"})
    return ec.Network.from_tables(stages, lanes, demand.assign(mean=10.0, std=6.0))


class TestWarmUp:
    def test_where_it_is_certain_and_where_it_is_found(self):
        run = ec.simulate(portfolio(), periods=100, replications=8, seed=3)
        found = run.warmups.set_index("item")["found"]
        assert found["item 0"] == found["item 5"] == "exact"
        others = found[["item 1", "item 2", "item 3", "item 4"]]
        assert set(others) <= {"pipelines", "detected", "not settled"}
        longest = run.warmups.set_index("item")["warmup"]
        assert longest["item 0"] == 4  # 2 at the plant, 1 on the lane, 1 at the shop
        assert (longest >= 4).all()
        # shops that are reviewed every other week cover four of them, 80 units: they are short by
        # 25 in the mean, late by 1.25 periods, and remember whom it hit for three times 2.25 more
        least = {"item 1": 6 + 7, "item 2": 4, "item 3": 4, "item 4": 6 + 7}
        for item, periods in least.items():
            assert longest[item] == periods or found[item] != "pipelines"
        assert "pipelines" in {found["item 1"], found["item 4"]}
        assert run.warmup == longest.max()

    def test_given_for_all(self):
        run = ec.simulate(portfolio(), periods=10, replications=8, warmup=7)
        assert run.warmups["found"].tolist() == ["given"] * 6
        assert run.warmups["warmup"].tolist() == [7] * 6

    def test_stock_above_the_base_stock_is_not_forgotten_at_once(self):
        """500 units at 10 a period: no order for 48 periods."""
        network = ec.serial(
            ["shop"], lead_time=2, holding_cost=1.0, base_stock=[20.0], initial_stock=[500.0],
            demand_mean=10.0, demand_std=2.0,
        )  # fmt: skip
        run = ec.simulate(network, periods=200, replications=64)
        assert run.warmups["found"].tolist() == ["detected"]
        assert run.warmup >= 48
        usual = ec.simulate(
            network.replace(stages=network.stages.assign(initial_stock=20.0)), replications=64
        )
        assert usual.warmups["found"].tolist() == ["exact"]
        error = np.hypot(*(r.total["on_hand_se"].iloc[0] for r in (run, usual)))
        assert abs(run.total["on_hand"].iloc[0] - usual.total["on_hand"].iloc[0]) < 4 * error

    def test_a_lasting_shortage_shared_in_proportion_outlasts_the_pipeline(self):
        """A plant without stock, ten weeks away: what it owes to whom has a history of its own."""
        counted = {"periods": 10, "keep": False}
        run = ec.simulate(_depot("proportional"), replications=4_096, seed=1, **counted)
        assert run.warmups["found"].tolist() == ["pipelines"]
        assert run.warmup == 11 + 33  # ten periods late: three times as long and one more
        late = ec.simulate(
            _depot("proportional"), replications=4_096, seed=2, warmup=200, **counted
        )
        one, other = (r.total["backorders"].iloc[0] for r in (run, late))
        errors = [r.total["backorders_se"].iloc[0] for r in (run, late)]
        assert abs(one - other) < 4 * np.hypot(*errors)

    def test_first_come_forgets_with_the_pipeline(self):
        """What has been counted is the same from any start, to rounding."""
        network = _depot("first_come")
        empty = network.replace(stages=network.stages.assign(initial_stock=0.0))
        run, other = (ec.simulate(n, periods=10, replications=64) for n in (network, empty))
        assert run.warmups.equals(other.warmups)
        assert run.warmups["found"].tolist() == ["exact"]
        for name in ("on_hand", "backorders", "ordered", "fill_rate"):
            np.testing.assert_allclose(run.stages[name], other.stages[name], rtol=1e-9, atol=1e-9)

    def test_filling_up_is_no_order_of_a_period_counted(self):
        """Without any time, and so without a warm-up but for it: 15 of the 20 are missing."""
        network = ec.serial(
            ["shop"], lead_time=0, holding_cost=1.0, base_stock=[20.0], initial_stock=[5.0],
            demand_mean=10.0, demand_std=2.0,
        )  # fmt: skip
        run = ec.simulate(network, periods=10, replications=8)
        assert run.warmups[["warmup", "found"]].to_numpy().tolist() == [[1, "exact"]]
        usual = network.replace(stages=network.stages.assign(initial_stock=20.0))
        full = ec.simulate(usual, periods=10, replications=8, warmup=1)
        np.testing.assert_allclose(run.stages["ordered"], full.stages["ordered"], rtol=1e-9)

    def test_supply_below_demand_never_settles(self):
        network = chain(capacity=[9.0, np.nan])
        unsettled = r"shop @ main had not settled .* capacity or supply"
        with (
            pytest.warns(DataWarning, match="plant @ main can start 9 units"),
            pytest.warns(DataWarning, match=unsettled),
        ):
            run = ec.simulate(network, periods=100, replications=8)
        assert run.warmups["found"].tolist() == ["not settled"]


class TestPairs:
    def test_two_plans_under_the_same_demand(self):
        settings = {"periods": 50, "warmup": 10, "replications": 300, "seed": 6}
        less, more = (
            ec.simulate(chain(base_stock=[62.0, level]), **settings) for level in (38.0, 40.0)
        )
        pairs = ec.compare_runs(less, more).total.set_index("measure")
        row = pairs.loc["on_hand"]
        assert row["difference"] == pytest.approx(
            more.total["on_hand"].iloc[0] - less.total["on_hand"].iloc[0], rel=1e-9
        )
        assert row["difference_se"] < 0.2 * row["unpaired_se"]
        # net stock differs by the two units in every replication, whatever is asked for
        stage = ec.compare_runs(less, more).stages.set_index(["item", "measure"])
        net = stage.loc[("shop", "net_inventory")]
        assert net["difference"] == pytest.approx(2.0, abs=1e-9)
        assert net["difference_se"] < 1e-9

    def test_the_paired_error_is_the_true_one(self):
        """Differences of 16 seeds scatter as the paired error says."""
        rows = []
        for seed in range(16):
            settings = {"periods": 20, "warmup": 8, "replications": 64, "seed": seed}
            less, more = (
                ec.simulate(chain(base_stock=[62.0, level]), **settings) for level in (38.0, 40.0)
            )
            rows.append(ec.compare_runs(less, more).total.set_index("measure").loc["on_hand"])
        told = pd.DataFrame(rows)
        scatter = told["difference"].std(ddof=1)
        allowed = 4 / (2 * 15) ** 0.5
        assert abs(scatter / told["difference_se"].mean() - 1.0) < allowed
        assert told["difference_se"].mean() < 0.2 * told["unpaired_se"].mean()

    def test_a_component_that_did_not_change_does_not_differ(self):
        network = portfolio()
        dearer = network.stages.assign(
            base_stock=network.stages["base_stock"] + 5.0 * (network.stages["item"] == "item 5")
        )
        settings = {"periods": 20, "replications": 32, "seed": 1}
        one, other = (ec.simulate(n, **settings) for n in (network, network.replace(stages=dearer)))
        rows = ec.compare_runs(one, other).stages
        still = rows[rows["item"] != "item 5"].dropna(subset=["difference"])
        assert (still["difference"] == 0.0).all()
        assert (rows.loc[rows["item"] == "item 5", "difference"].dropna() != 0.0).any()


def test_a_component_that_fails_in_a_later_round_is_left_out_of_all(monkeypatch):
    """Its neighbours in the shard are run as if it had never been there."""
    from echelon.simulation import run_task

    settings = {"periods": 20, "seed": 3, "stop_when": {"on_hand": 1.0}, "warmup": 10}
    rest = ec.simulate(portfolio([0, 2]), **settings)
    assert rest.replications > 128
    real = run_task.measure_task

    def spoilt(task):
        if any(row.address[0] == "item 1" for row in task.rows) and task.blocks[-1][0] >= 64:
            raise ValueError("out of ink")
        return real(task)

    monkeypatch.setattr(run_task, "measure_task", spoilt)
    run = ec.simulate(portfolio([0, 1, 2]), **settings)
    assert run.failures["message"].tolist() == ["out of ink"]
    assert run.stages["item"].unique().tolist() == ["item 0", "item 2"]
    assert run.replications == rest.replications
    pd.testing.assert_frame_equal(run.stages, rest.stages, check_exact=True)
