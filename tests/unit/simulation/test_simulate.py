"""simulate(): same bits however it is run, replay, costs, failures, and what it refuses."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError, FolderError, TableError, UnknownNameError
from echelon.policies.plan import Plan
from echelon.results import Provenance, frame_digest, no_failures
from echelon.simulation import batches, paths, run_task, work
from echelon.simulation.drawn.plain_draws import plain_draws
from echelon.simulation.drawn.sources import DrawRow, sources_of


def portfolio(n=6):
    """``n`` components of two stages, families in turn."""
    rows, lanes, demand = [], [], []
    for number in range(n):
        part, good = f"part {number}", f"good {number}"
        rows += [(part, 3, 0, 1.0, 90.0 + number), (good, 1, number % 3, 2.0, 70.0)]
        lanes.append((part, "main", good, "main", 1.0))
        for segment in ("retail", "trade")[: 1 + number % 2]:
            demand.append((good, segment, ("normal", "gamma", "poisson")[number % 3], 20.0))
    stages = pd.DataFrame(
        rows, columns=["item", "lead_time", "review_period", "holding_cost", "base_stock"]
    ).assign(location="main", backorder_cost=9.0)
    lanes = pd.DataFrame(
        lanes, columns=["from_item", "from_location", "to_item", "to_location", "units_required"]
    )
    demand = pd.DataFrame(demand, columns=["item", "segment", "family", "mean"]).assign(
        location="main", std=20.0**0.5
    )
    return ec.Network.from_tables(stages, lanes, demand, currency="EUR", name="portfolio")


def shop(**options):
    settings = {
        "lead_time": 2,
        "holding_cost": 1.0,
        "base_stock": [30.0],
        "demand_mean": 10.0,
        "demand_std": 2.0,
        **options,
    }
    return ec.serial(["shop"], **settings)


def plan_of(network, **columns):
    stages = network.stages[["item", "location"]].assign(
        service_level=np.nan, holding_cost=0.0, **columns
    )
    provenance = Provenance(arguments={}, tables={}, seconds={})
    return Plan(
        no_failures(),
        provenance,
        stages,
        pd.DataFrame(),
        0.0,
        0.0,
        0.0,
        "optimal",
        "",
        "week",
        52.0,
    )


def same(one, other):
    pd.testing.assert_frame_equal(one, other, check_exact=True)


class TestSameBits:
    def test_for_one_worker_and_two(self):
        network = portfolio()
        one = ec.simulate(network, periods=30, replications=300, seed=5)
        two = ec.simulate(network, periods=30, replications=300, seed=5, n_jobs=2)
        same(one.stages, two.stages)
        same(one.total, two.total)
        same(one.service, two.service)

    def test_for_some_of_the_components(self):
        network = portfolio()
        everything = ec.simulate(network, periods=30, replications=150, seed=5)
        some = ec.simulate(network.subset([1, 4]), periods=30, replications=150, seed=5, n_jobs=2)
        rows = everything.stages.merge(some.stages[["item", "location"]])
        same(rows, some.stages)

    @pytest.mark.parametrize("options", [{}, {"warmup": 40}, {"trace": True}])
    def test_for_a_component_whose_chain_is_shorter_than_others(self, options):
        network = quick_and_slow()
        both = ec.simulate(network, seed=3, replications=130, **options)
        for component in (0, 1):
            alone = ec.simulate(network.subset(component), seed=3, replications=130, **options)
            for frame in ("stages", "service", "trace"):
                rows = getattr(both, frame)
                rows = rows[rows["item"] == alone.stages["item"].iloc[0]]
                same(rows.reset_index(drop=True), getattr(alone, frame))

    def test_a_replication_does_not_depend_on_how_many_there_are(self):
        network = shop()
        short = ec.simulate(network, periods=10, replications=1, seed=3, trace=True)
        long = ec.simulate(network, periods=10, replications=200, seed=3, trace=True)
        same(short.trace, long.trace)

    def test_other_seeds_give_other_bits(self):
        one = ec.simulate(shop(), periods=10, replications=5, seed=1)
        other = ec.simulate(shop(), periods=10, replications=5, seed=2)
        assert one.stages["on_hand"].iloc[0] != other.stages["on_hand"].iloc[0]


def quick_and_slow():
    """Two stages that have nothing to do with each other."""
    key = {"item": ["quick", "slow"], "location": "shop"}
    stages = pd.DataFrame(
        {**key, "lead_time": [1, 30], "holding_cost": 1.0, "base_stock": [25.0, 320.0]}
    )
    return ec.Network.from_tables(stages, demand=pd.DataFrame({**key, "mean": 10.0, "std": 3.0}))


class TestWindow:
    def test_default_warm_up_is_the_longest_chain_of_lead_times_and_reviews(self):
        network = ec.general(
            ["a", "b", "c", "d"], [("a", "c"), ("b", "c"), ("c", "d")],
            lead_time=[5, 2, 1, 1], review_period=[0, 4, 0, 2], lane_lead_time=[0, 3, 1],
            inbound_service_time=[1, 0, 0, 0], holding_cost=1.0, base_stock=50.0,
            demand_mean={"d": 5.0}, demand_std={"d": 1.0},
        )  # fmt: skip
        run = ec.simulate(network, periods=5, replications=2)
        # a: 1 + 5 = 6; b: 2 + 4 = 6, at c after 3 more: 9; c: 10, at d after 1: 11; d: 1 + 2
        assert run.warmup == 14
        assert run.provenance.arguments["warmup"] == 14

    def test_each_component_counts_from_its_own_warm_up_on(self):
        run = ec.simulate(quick_and_slow(), periods=7, replications=1, trace=True)
        assert (run.warmup, run.provenance.arguments["warmup"]) == (30, None)
        assert "7 weeks after up to 30 of warm-up" in run.summary()
        for item, warmup in (("quick", 1), ("slow", 30)):
            rows = run.trace[run.trace["item"] == item]
            assert rows["period"].tolist() == list(range(warmup + 7))
            assert rows.loc[rows["counted"], "period"].tolist() == list(range(warmup, warmup + 7))
            measured = run.stages.set_index("item").loc[item, "on_hand"]
            assert measured == pytest.approx(rows.loc[rows["counted"], "on_hand"].mean())

    def test_totals_add_up_replication_by_replication(self):
        """The error of the total follows from replications that were added one by one."""
        network = quick_and_slow()
        runs = [
            ec.simulate(chosen, periods=9, replications=40, seed=2)
            for chosen in (network, network.subset(0), network.subset(1))
        ]
        both, quick, slow = (run.total.iloc[0] for run in runs)
        assert both["cost"] == pytest.approx(quick["cost"] + slow["cost"], rel=1e-12)
        pooled = (quick["ready_rate"] + slow["ready_rate"]) / 2
        assert both["ready_rate"] == pytest.approx(pooled, rel=1e-12)

    def test_a_warm_up_that_is_given_holds_for_all(self):
        run = ec.simulate(quick_and_slow(), periods=7, warmup=4, replications=1, trace=True)
        assert (run.warmup, run.provenance.arguments["warmup"]) == (4, 4)
        assert "after 4 of warm-up" in run.summary()
        assert (run.trace["counted"] == (run.trace["period"] >= 4)).all()
        assert set(run.trace.loc[run.trace["period"] == 10, "item"]) == {"quick", "slow"}

    def test_defaults(self):
        run = ec.simulate(shop())
        assert (run.periods, run.warmup, run.replications) == (104, 2, 100)

    def test_one_replication_has_no_standard_error(self):
        run = ec.simulate(shop(), periods=10, replications=1)
        errors = run.stages.filter(regex="_se$").iloc[0]
        assert errors.isna().all()
        assert run.total.filter(regex="_se$").iloc[0].isna().all()

    def test_a_window_without_a_whole_cycle_has_no_cycle_service(self):
        run = ec.simulate(shop(review_period=12), periods=10, replications=4)
        assert np.isnan(run.stages["cycle_service_level"].iloc[0])
        assert run.stages["ready_rate"].notna().all()

    def test_the_mean_is_over_replications_and_its_error_their_spread(self):
        """Against replications taken one by one, each a replay of its demand."""
        network = shop(backorder_cost=4.0)
        run = ec.simulate(network, periods=12, warmup=3, replications=130, seed=8)
        row = DrawRow("demand", ("shop", "main", ""), network.distributions[0])
        demand = plain_draws(sources_of([row], 8), 0, range(15), range(130))
        costs = []
        for quantities in demand.T:
            frame = pd.DataFrame(
                {"item": "shop", "location": "main", "period": range(15), "quantity": quantities}
            )
            costs.append(ec.simulate(network, demand=frame, warmup=3).total["cost"].iloc[0])
        assert run.total["cost"].iloc[0] == pytest.approx(np.mean(costs), rel=1e-12)
        error = np.std(costs, ddof=1) / 130**0.5
        assert run.total["cost_se"].iloc[0] == pytest.approx(error, rel=1e-9)
        assert run.stages["cost_se"].iloc[0] == pytest.approx(error, rel=1e-9)


class TestCost:
    def test_initial_stock_and_backorder_cost_by_hand(self):
        frame = pd.DataFrame(
            {"item": "shop", "location": "main", "period": [0, 1, 2], "quantity": [4.0, 9.0, 1.0]}
        )
        network = shop(base_stock=[20.0], initial_stock=[10.0], backorder_cost=5.0)
        run = ec.simulate(network, demand=frame)
        # orders 14, 9, 1; on hand 6, 0, 10; owed 0, 3, 0 (the 14 of period 0 come in period 2)
        assert run.stages["on_hand"].iloc[0] == pytest.approx((6 + 0 + 10) / 3)
        assert run.stages["backorders"].iloc[0] == 1.0
        assert run.total["cost"].iloc[0] == pytest.approx((16 * 1.0 + 3 * 5.0) / 3)

    def test_pipeline_is_charged_when_asked(self):
        network = ec.serial(
            ["plant", "shop"], lead_time=[2, 0], lane_lead_time=3, holding_cost=[1.0, 4.0],
            base_stock=[60.0, 60.0], demand_mean=10.0, demand_std=0.0,
        )  # fmt: skip
        free = ec.simulate(network, periods=10, replications=1).total.iloc[0]
        run = ec.simulate(network, periods=10, replications=1, charge_pipeline=True)
        # 20 in process at 1, and 30 in transit at the plant's 1
        assert free["pipeline_cost"] == 0.0
        assert run.stages["pipeline_cost"].tolist() == [20.0, 30.0]
        assert run.total["cost"].iloc[0] - free["cost"] == pytest.approx(50.0)
        assert run.total["holding_cost"].iloc[0] == free["holding_cost"]
        assert run.stages["pipeline"].tolist() == [20.0, 30.0]

    def test_totals_are_sums_over_stages(self):
        run = ec.simulate(portfolio(), periods=30, replications=140)
        for name in ("on_hand", "pipeline", "holding_cost", "backorder_cost", "cost"):
            assert run.total[name].iloc[0] == pytest.approx(run.stages[name].sum(), rel=1e-12)
        assert list(run.stages["item"]) == list(portfolio().stages["item"])


class TestPlanOfOtherTables:
    """A plan knows the demand and the times it was made for."""

    @pytest.fixture
    def network(self):
        return ec.serial(
            ["plant", "depot", "shop"], lead_time=[3, 1, 2], lane_lead_time=[0, 1],
            holding_cost=[1.0, 2.0, 3.0], demand_mean=20.0, demand_std=4.0, service_level=0.95,
            name="chain",
        )  # fmt: skip

    @staticmethod
    def told(network, plan):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ec.simulate(network, plan, periods=5, replications=2)
        assert all(warning.category is ec.DataWarning for warning in caught)
        assert all(warning.filename == __file__ for warning in caught)
        return [str(warning.message) for warning in caught]

    def test_of_these_tables(self, network, tmp_path):
        plan = ec.optimize(network)
        assert self.told(network, plan) == []
        read = ec.read_network(network.write(tmp_path / "tables"))
        assert self.told(read, ec.read_plan(plan.write(tmp_path / "plan"))) == []

    def test_of_other_demand(self, network):
        more = network.replace(demand=network.demand.assign(mean=30.0))
        (message,) = self.told(more, ec.optimize(network))
        assert "demand a week at shop @ main and 2 more: 20 there, 30 here. Fix" in message
        assert "deviation" not in message
        (message,) = self.told(network, ec.optimize(more))
        assert "30 there, 20 here" in message

    def test_of_other_deviation_and_units(self, network):
        more = network.replace(demand=network.demand.assign(std=6.0))
        (message,) = self.told(more, ec.optimize(network))
        assert "standard deviation of demand at shop @ main and 2 more: 4 there, 6" in message
        pairs = network.replace(lanes=network.lanes.assign(units_required=[2.0, 1.0]))
        (message,) = self.told(pairs, ec.optimize(network))
        assert "demand a week at plant @ main: 20 there, 40 here" in message

    @pytest.mark.parametrize("table", ["stages", "lanes"])
    def test_of_other_lead_times(self, network, table):
        frame = getattr(network, table)
        slow = network.replace(**{table: frame.assign(lead_time=frame["lead_time"] + 1)})
        (message,) = self.told(slow, ec.optimize(network))
        assert message.count("time to replenish in weeks") == 1
        assert "demand" not in message

    def test_what_no_plan_is_made_from_may_differ(self, network):
        plan = ec.optimize(network)
        dear = network.replace(stages=network.stages.assign(backorder_cost=7.0))
        assert dear.digests != network.digests
        assert self.told(dear, plan) == []

    def test_a_plan_made_by_hand_is_taken_as_it_is(self, network):
        plan = plan_of(network, service_time=0, base_stock=60.0)
        assert self.told(network, plan) == []

    def test_of_a_portfolio_of_which_a_component_failed(self):
        stages = pd.DataFrame(
            {"item": ["good", "bad"], "location": "x", "holding_cost": 1.0, "lead_time": [2, 5],
             "can_stock": [True, False], "service_level": 0.95}
        )  # fmt: skip
        demand = pd.DataFrame({"item": ["good", "bad"], "location": "x", "mean": 5.0, "std": 1.0})
        network = ec.Network.from_tables(stages, None, demand)
        plan = ec.optimize(network)
        assert plan.status == "partial"
        other = network.replace(stages=network.stages.assign(backorder_cost=7.0))
        assert self.told(other, plan) == []
        fewer = network.replace(demand=network.demand.assign(mean=4.0))
        (message,) = self.told(fewer, plan)
        assert "demand a week at good @ x: 5 there, 4 here" in message


class TestPlan:
    def test_service_time_of_the_plan_is_what_customers_wait(self):
        network = shop()
        run = ec.simulate(network, plan_of(network, service_time=2, base_stock=0.0))
        row = run.stages.iloc[0]
        assert row["on_hand"] == 0.0
        assert row["on_time_rate"] == 1.0
        assert row["fill_rate"] == 0.0
        assert run.service["service_time"].tolist() == [2]

    def test_promised_and_simulated_are_side_by_side(self):
        network = shop()
        plan = plan_of(network, service_time=0, base_stock=23.0)
        plan.stages["service_level"] = 0.9
        run = ec.simulate(network, plan, periods=100, replications=200)
        row = run.service.iloc[0]
        assert row["simulated"] == run.stages["cycle_service_level"].iloc[0]
        gap = (row["simulated"] - 0.9) / row["simulated_se"]
        assert row["difference_in_se"] == pytest.approx(gap)
        assert "promised and simulated cycle service level" in run.summary()
        assert f"{row['simulated']:.4f}" in run.summary()

    def test_rival_plans_meet_the_same_demand(self):
        network = shop()
        low = plan_of(network, service_time=0, base_stock=22.0)
        high = plan_of(network, service_time=0, base_stock=25.0)
        runs = [ec.simulate(network, plan, replications=130) for plan in (low, high)]
        pipelines = [run.stages["pipeline"].iloc[0] for run in runs]
        assert pipelines[0] == pytest.approx(pipelines[1], rel=1e-12)
        gap = runs[1].stages["net_inventory"].iloc[0] - runs[0].stages["net_inventory"].iloc[0]
        assert gap == pytest.approx(3.0, abs=1e-9)

    def test_components_that_the_plan_failed_on_are_failures_here(self):
        network = portfolio(2)
        plan = plan_of(network, service_time=0, base_stock=80.0)
        failures = pd.DataFrame(
            [(0, "good 0", "main", "InfeasibleError", "no")],
            columns=["component", "item", "location", "error", "message"],
        )
        kept = plan.stages[plan.stages["item"].str.endswith("1")]
        partial = Plan(**{**vars(plan), "failures": failures, "stages": kept})
        run = ec.simulate(network, partial, periods=5, replications=2)
        assert run.stages["item"].tolist() == ["part 1", "good 1"]
        assert run.failures[["component", "item", "message"]].to_numpy().tolist() == [
            [0, "good 0", "the plan has no levels for it"]
        ]


class TestFailures:
    def test_one_bad_component_is_a_row_and_the_others_go_on(self, monkeypatch):
        network = portfolio(4)
        fine = ec.simulate(network, periods=12, replications=140, seed=4)
        spoil(monkeypatch, "good 0", "good 3")
        for n_jobs in (1, 2):
            run = ec.simulate(network, periods=12, replications=140, seed=4, n_jobs=n_jobs)
            assert [int(c) for c in run.failures["component"]] == [0, 3]
            assert run.failures["error"].tolist() == ["ValueError"] * 2
            assert run.failures["message"].tolist() == ["out of ink"] * 2
            left = fine.stages[fine.stages["item"].isin(run.stages["item"])].reset_index(drop=True)
            same(run.stages, left)
            assert run.total["on_hand"].iloc[0] == pytest.approx(left["on_hand"].sum())
            assert "  2 failures:" in run.summary()
            assert "out of ink" in run.summary()

    def test_a_component_that_fails_in_one_block_leaves_nothing_behind(self, monkeypatch):
        network = portfolio(2)
        fine = ec.simulate(network, periods=12, replications=140, seed=4)
        spoil(monkeypatch, "good 0", from_run=1)
        run = ec.simulate(network, periods=12, replications=140, seed=4)
        assert run.failures["message"].tolist() == ["out of ink"]
        same(run.stages, fine.stages.iloc[2:].reset_index(drop=True))
        assert run.total["cost"].iloc[0] == pytest.approx(run.stages["cost"].sum(), rel=1e-12)

    def test_when_everything_fails_there_is_no_total(self, monkeypatch):
        spoil(monkeypatch, "shop")
        run = ec.simulate(shop(), periods=5, replications=2, trace=True, paths=True)
        assert len(run.failures) == 1
        for frame in (run.stages, run.total, run.service, run.trace, run.paths, run.segments):
            assert len(frame) == 0
        assert "  1 failure:" in repr(run)
        assert "nan" not in repr(run).lower()
        assert "Empty" not in repr(run) + run._repr_html_()


def spoil(monkeypatch, *items, from_run=0):
    """Let every worker fail that draws for one of the items, from a run on."""
    real = run_task.measure_task
    everything = run_task.sources_of

    def spoilt(task):
        drawn = {row.address[0] for row in task.rows}
        if drawn & set(items) and any(first >= from_run for first, _ in task.blocks):
            raise ValueError("out of ink")
        return real(task)

    def no_sources(rows, *arguments):
        if from_run == 0 and {row.address[0] for row in rows} & set(items):
            raise ValueError("out of ink")
        return everything(rows, *arguments)

    monkeypatch.setattr(run_task, "measure_task", spoilt)
    for module in (run_task, batches, work, paths):
        monkeypatch.setattr(module, "sources_of", no_sources)


class TestResult:
    def test_repr_says_what_was_run(self):
        run = ec.simulate(portfolio(), periods=30, replications=20)
        text = repr(run)
        assert text.startswith("Simulation of portfolio: 20 replications of 30 weeks after")
        assert "EUR a week" in text
        assert "[EUR/week]" in text
        assert "… 2 more: run.stages" in text
        assert "good 0" in text
        assert run._repr_html_().count("<table") == 1
        assert len(run.summary().splitlines()) <= 12

    def test_money_is_per_period_and_a_year_and_beside_the_plans(self):
        network = ec.serial(
            ["plant", "shop"], lead_time=[3, 2], review_period=[0, 4], holding_cost=[1.0, 2.0],
            demand_mean=20.0, demand_std=4.0, service_level=0.95, currency="EUR",
        )  # fmt: skip
        plan = ec.optimize(network)
        run = ec.simulate(network, plan, periods=52, replications=30)
        held = run.total["holding_cost"].iloc[0]
        assert run.planned_cost == pytest.approx(plan.objective, rel=1e-12)
        assert held > plan.objective  # stock cycles between reviews
        for number, unit in (
            (held, "EUR a week"),
            (held * 52, "EUR a year"),
            (plan.annual_cost, "EUR a year"),
        ):
            (line,) = (line for line in run.summary().splitlines() if f"{number:,.2f}" in line)
            assert line.endswith(unit)
        assert "any that cycles between reviews" in " ".join(run.summary().split())
        assert "pipeline cost" not in run.summary()
        charged = ec.simulate(network, plan, periods=9, replications=2, charge_pipeline=True)
        assert "pipeline cost" in charged.summary()
        without = ec.simulate(shop(), periods=9, replications=2)
        assert np.isnan(without.planned_cost)
        assert "money a week" in without.summary()
        assert "safety stock" not in without.summary()

    def test_the_order_of_the_plans_rows_does_not_matter(self):
        """Rows that stand as the network's do are taken as they stand, others by their keys."""
        network = portfolio()
        plan = ec.optimize(network, service_level=0.95)
        turned = replace(plan, stages=plan.stages.sample(frac=1.0, random_state=3))
        objects = replace(plan, stages=plan.stages.astype({"item": object, "location": object}))
        one, *others = (
            ec.simulate(network, p, periods=9, replications=4) for p in (plan, turned, objects)
        )
        assert one.service["promised"].notna().all()
        for other in others:
            pd.testing.assert_frame_equal(one.stages, other.stages, check_exact=True)
            pd.testing.assert_frame_equal(one.service, other.service, check_exact=True)
            assert one.planned_cost == pytest.approx(other.planned_cost, rel=1e-12)

    def test_digests_are_made_when_somebody_looks(self):
        network = portfolio()
        plan = ec.optimize(network, service_level=0.95)
        run = ec.simulate(network, plan, periods=9, replications=2)
        assert "_digests" not in vars(network)  # plan and network are of one object: none needed
        assert dict(run.provenance.tables) == {**network.digests, "plan": frame_digest(plan.stages)}
        other = portfolio()
        again = ec.simulate(other, plan, periods=9, replications=2)
        assert "_digests" in vars(other)
        assert dict(again.provenance.tables) == dict(run.provenance.tables)

    def test_one_replication_has_no_plus_minus_and_no_nan(self):
        network = shop()
        plan = plan_of(network, service_time=0, base_stock=23.0)
        plan.stages["service_level"] = 0.9
        run = ec.simulate(network, plan, periods=1, replications=1)
        text = repr(run)
        assert text.startswith(
            "Simulation: 1 replication of 1 week after 2 of warm-up; no standard"
        )
        assert "±" not in text
        assert "nan" not in text
        assert "inf" not in text
        assert "difference_in_se" not in text
        assert "[points]" in text

    def test_difference_is_in_points_and_in_standard_errors(self):
        network = shop()
        plan = plan_of(network, service_time=0, base_stock=20.0)
        plan.stages["service_level"] = 0.9
        run = ec.simulate(network, plan, periods=50, replications=40)
        row = run.service.iloc[0]
        (line,) = (line for line in run.summary().splitlines() if "0.9000" in line)
        points = 100 * (row["simulated"] - row["promised"])
        assert line.split()[-2:] == [f"{points:,.2f}", f"{row['difference_in_se']:,.2f}"]

    def test_where_customers_wait_the_rate_shown_is_the_one_in_time(self):
        network = shop()
        wait = ec.simulate(network, plan_of(network, service_time=2, base_stock=0.0), periods=9)
        assert wait.total["fill_rate"].iloc[0] == 0.0
        assert "fill" not in repr(wait)
        assert "customers' on-time rate             1.0000" in repr(wait)
        assert "customers' fill rate" in repr(ec.simulate(network, periods=9, replications=2))

    def test_units_of_several_items_are_said_to_be_mixed(self):
        mixed = "of all items together"
        assert mixed in ec.simulate(portfolio(), periods=5, replications=2).summary()
        assert mixed not in ec.simulate(shop(), periods=5, replications=2).summary()

    def test_written_and_read_back(self, tmp_path):
        network = portfolio(2)
        for plan, options in (
            (None, {"trace": True}),
            (plan_of(network, service_time=0, base_stock=80.0), {}),
        ):
            run = ec.simulate(network, plan, periods=5, replications=3, seed=9, **options)
            for number, file_format in enumerate(("csv", "parquet")):
                place = tmp_path / f"{len(run.trace)}-{number}" / "simulation"
                run.write(place, file_format=file_format)
                again = ec.read_simulation(place.parent)
                for name in ("stages", "total", "service", "trace", "failures"):
                    one, other = getattr(again, name), getattr(run, name)
                    pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)
                assert repr(again) == repr(run)
                assert again.provenance == run.provenance

    def test_reading_back_something_else(self, tmp_path):
        with pytest.raises(FolderError, match=r"holds no simulation.*echelon simulate"):
            ec.read_simulation(tmp_path)
        run = ec.simulate(shop(), periods=5, replications=2)
        folder = run.write(tmp_path / "run")
        run.total.drop(columns="cost_se").to_csv(folder / "total.csv", index=False)
        with pytest.raises(FolderError, match="table total lacks cost_se"):
            ec.read_simulation(folder)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["periods"] = "five"
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(FolderError, match='periods is "five", must be a whole number'):
            ec.read_simulation(folder)
        manifest["periods"] = 5
        del manifest["warmup"]
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(FolderError, match="lacks warmup"):
            ec.read_simulation(folder)

    def test_frames_are_copies(self):
        run = ec.simulate(shop(), periods=5, replications=2)
        frame = run.to_frame()
        frame["on_hand"] = 0.0
        assert run.stages["on_hand"].iloc[0] > 0.0
        with pytest.raises(UnknownNameError, match="Did you mean 'stage'"):
            run.to_frame("stages")

    def test_written_folder_reads_back(self, tmp_path):
        run = ec.simulate(shop(), periods=5, replications=2, trace=True, seed=9)
        folder = run.write(tmp_path / "run")
        back = pd.read_csv(folder / "simulation.csv")
        pd.testing.assert_frame_equal(back, run.stages, check_dtype=False)
        assert len(pd.read_csv(folder / "trace.csv")) == 7
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["kind"] == "Simulation"
        assert manifest["provenance"]["seed"] == 9
        assert manifest["provenance"]["arguments"]["replications"] == 2

    def test_the_trace_is_the_first_replication(self):
        run = ec.simulate(shop(), periods=40, replications=1, trace=True, seed=9)
        counted = run.trace[run.trace["period"] >= run.warmup]
        assert len(counted) == 40
        for name in ("on_hand", "backorders", "net_inventory", "in_process", "holding_cost"):
            assert run.stages[name].iloc[0] == pytest.approx(counted[name].mean(), rel=1e-9)

    def test_progress_reports_all_the_work(self):
        seen = []
        ec.simulate(
            portfolio(), periods=5, replications=2,
            progress=lambda done, total, label: seen.append((done, total, label)),
        )  # fmt: skip
        assert seen[-1] == (12, 12, "simulate")


class TestEquality:
    def test_results_are_compared_as_objects_and_can_be_kept_in_sets(self):
        one, other = (ec.simulate(shop(), periods=5, replications=2) for _ in range(2))
        assert one == one
        assert one != other
        assert len({one, other, one}) == 2


class TestRefusals:
    def test_what_is_no_network_or_no_plan_is_named(self):
        with pytest.raises(DomainError, match=r"plan is of type str\. Fix: give a Plan"):
            ec.simulate(shop(), "x")
        with pytest.raises(DomainError, match=r"network is of type DataFrame\. Fix"):
            ec.simulate(shop().stages)

    def test_numbers_of_numpy_are_numbers(self):
        run = ec.simulate(shop(), periods=np.int64(5), replications=2, n_jobs=np.int64(1))
        json.dumps(run.provenance.to_dict())

    def test_all_that_is_wrong_is_told_at_once(self):
        network = ec.serial(
            ["a", "b"], lead_time=[1.5, 2], lane_lead_time=0.25, holding_cost=1.0,
            demand_mean=1.0, demand_std=1.0,
        )  # fmt: skip
        with pytest.raises(DomainError) as caught:
            ec.simulate(network, periods=0, replications=0, warmup=-1, seed=1.5, n_jobs=0)
        message = str(caught.value)
        assert "simulate: 8 things to mend" in message
        for part in (
            "seed is 1.5",
            "n_jobs is 0",
            "replications is 0. Fix: give a whole number >= 1",
            "warmup is -1. Fix: give a whole number >= 0",
            "periods is 0",
            "stages.base_stock is blank at a @ main, b @ main",
            "stages.lead_time is not a whole number of periods at a @ main",
            "lanes.lead_time is not a whole number of periods on a @ main -> b @ main",
        ):
            assert part in message

    def test_many_stages_are_counted_rather_than_listed(self):
        names = [f"s{i}" for i in range(9)]
        network = ec.serial(names, lead_time=1, holding_cost=1.0, demand_mean=1.0, demand_std=1.0)
        with pytest.raises(DomainError, match=r"s4 @ main and 4 more\. Fix: fill the column"):
            ec.simulate(network)

    def test_a_network_without_customers(self):
        stages = pd.DataFrame(
            {"item": ["a"], "location": ["x"], "holding_cost": [1.0], "base_stock": [1.0]}
        )
        with pytest.raises(DomainError, match="the network has no customers"):
            ec.simulate(ec.Network.from_tables(stages))

    def test_a_plan_of_another_network(self):
        other = ec.serial(["store"], lead_time=2, holding_cost=1.0, demand_mean=1.0, demand_std=1.0)
        plan = plan_of(other, service_time=0, base_stock=1.0)
        with pytest.raises(DomainError) as caught:
            ec.simulate(shop(), plan)
        assert "it has store @ main, which this one has not" in str(caught.value)
        assert "it lacks shop @ main" in str(caught.value)

    def test_a_plan_with_fractional_or_missing_numbers(self):
        network = shop()
        with pytest.raises(DomainError, match="the service time is not a whole number"):
            ec.simulate(network, plan_of(network, service_time=0.5, base_stock=1.0))
        with pytest.raises(DomainError, match=r"plan\.stages\.base_stock is not a finite number"):
            ec.simulate(network, plan_of(network, service_time=0, base_stock=np.nan))
        with pytest.raises(DomainError, match=r"plan\.stages\.service_time .* >= 0 at shop"):
            ec.simulate(network, plan_of(network, service_time=-1, base_stock=1.0))


def replay(**columns):
    table = {"item": "shop", "location": "main", "period": [0, 1], "quantity": [1.0, 2.0]}
    return pd.DataFrame({**table, **columns})


class TestReplay:
    def test_segments_are_added_up_and_absent_periods_have_no_demand(self):
        network = portfolio(2)
        frame = pd.DataFrame(
            {
                "item": "good 1",
                "location": "main",
                "segment": ["retail", "trade", "trade"],
                "period": [0, 0, 2],
                "quantity": [3.0, 4.0, 5.0],
            }
        )
        run = ec.simulate(network, demand=frame, trace=True)
        rows = run.trace[run.trace["item"] == "good 1"]
        assert rows["demand"].tolist() == [7.0, 0.0, 5.0]
        assert (run.periods, run.warmup, run.replications) == (3, 0, 1)
        assert (run.trace.loc[run.trace["item"] == "good 0", "demand"] == 0.0).all()

    def test_a_run_that_goes_on_after_the_history_is_told_of(self):
        network = portfolio(1)
        frame = pd.DataFrame(
            {"item": "good 0", "location": "main", "segment": "retail", "period": [0, 4]}
        ).assign(quantity=3.0)
        says = "ends with period 4, and the run, its warm-up included, with period 7: nobody buys"
        with pytest.warns(ec.DataWarning, match=says):
            run = ec.simulate(network, periods=6, warmup=2, demand=frame, trace=True)
        rows = run.trace[run.trace["item"] == "good 0"]
        assert rows["demand"].tolist() == [3.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ec.simulate(network, periods=3, warmup=2, demand=frame)

    @pytest.mark.parametrize(
        ("frame", "told"),
        [
            (replay(quantity=[1.0, np.nan]), "quantity: the cell is empty; row 2"),
            (replay(quantity=["1", "two"]), "quantity: must be a number [unit], not text; row 2"),
            (replay(quantity=[1.0, np.inf]), "quantity: must be a number [unit], and finite"),
            (replay(period=[0, 0]), "period: comes twice"),
            (replay(item=["shop", np.nan]), "item: the cell is empty; row 2"),
            (replay(item=[" shop", "shop"]), "item: has white space around it; row 1"),
            (replay(period=[0, 1e15]), "period: must be a whole number >= 0 and <= 999,999"),
            (replay(period=[0, np.nan]), "period: the cell is empty"),
            (
                replay(period=pd.to_datetime(["2026-01-05", "2026-01-12"])),
                "period: must be a whole number >= 0 and <= 999,999 [period], not Timestamp",
            ),
            ([1.0, 2.0], "must be a pandas DataFrame; found 'list'"),
            (
                pd.concat([replay(), replay()[["period"]]], axis=1),
                "period: the header has this name 2 times",
            ),
            (replay(period=[0, -1]), "period: must be a whole number >= 0"),
            (replay(period=[0, 1.5]), "period: must be a whole number >= 0"),
            (replay(item=["shop", "shed"]), "item: is not a stage and segment with customers"),
            (replay(segment=["", "trade"]), "item: is not a stage and segment with customers"),
            (replay(colour="red"), "colour: is not a column of this table"),
            (replay().drop(columns="quantity"), "quantity: is missing"),
            (replay().head(0), "has no row"),
        ],
    )
    def test_faults_name_the_column_and_the_row(self, frame, told):
        with pytest.raises(TableError) as caught:
            ec.simulate(shop(), demand=frame)
        assert told in str(caught.value)

    def test_names_are_read_by_the_rules_of_the_demand_table(self):
        network = ec.serial(
            ["1"], lead_time=2, holding_cost=1.0, base_stock=[220.0], demand_mean=50.0,
            demand_std=8.0,
        )  # fmt: skip
        text = ec.simulate(network, demand=replay(item="1"))
        for frame in (
            replay(item=1.0),
            replay(item=1, segment=np.nan),
            replay(item="1", segment=[None, ""]),
        ):
            same(ec.simulate(network, demand=frame).stages, text.stages)

    def test_several_faults_come_together_and_with_those_of_the_arguments(self):
        frame = replay(item=["shop", "shed"], quantity=[np.nan, 1.0])
        with pytest.raises(TableError) as caught:
            ec.simulate(shop(), demand=frame)
        assert len(caught.value.faults) == 2
        with pytest.raises(DomainError) as both:
            ec.simulate(shop(), demand=frame, periods=-3)
        assert "periods is -3" in str(both.value)
        assert "shed @ main" in str(both.value)

    def test_a_replay_must_fit_the_run(self):
        with pytest.raises(DomainError, match="demand goes on to period 1, after the last period"):
            ec.simulate(shop(), demand=replay(), periods=1)
        with pytest.raises(DomainError, match="warmup is 5, but demand ends with period 1"):
            ec.simulate(shop(), demand=replay(), warmup=5)
        with pytest.raises(DomainError, match="every one would be the same"):
            ec.simulate(shop(), demand=replay(), replications=3)

    def test_the_frame_is_not_changed(self):
        frame = replay()
        kept = frame.copy()
        ec.simulate(shop(), demand=frame, periods=6)
        pd.testing.assert_frame_equal(frame, kept)
