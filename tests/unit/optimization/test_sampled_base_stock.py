"""What ``base_stock_saa`` refuses, warns of, and gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DataWarning, DomainError, UnknownNameError
from echelon.optimization.sampled_base_stock.build import Sampling, sampled_problem
from echelon.optimization.sampled_base_stock.declared import declare, gains_by_holding_back
from echelon.optimization.sampled_base_stock.described import Described
from echelon.optimization.sampled_base_stock.problem import Tail, Target
from echelon.optimization.sampled_base_stock.recursion import evaluate
from echelon.optimization.sampled_base_stock.replicated import true_gap
from echelon.optimization.sampled_base_stock.single_level import SingleLevel
from echelon.optimization.sampled_base_stock.solve import SolveOptions, solve_sampled

SHOP = {"lead_time": 4, "holding_cost": 1.0, "demand_mean": 50.0, "demand_std": 8.0}


def sampled(network, **options):
    options = {"scenarios": 200, "check_replications": 0, "seed": 1} | options
    return ec.optimize(network, model="base_stock_saa", **options)


def two(**options):
    options = {"holding_cost": [1.0, 2.0], "backorder_cost": [0.0, 20.0]} | options
    return ec.serial(
        ["plant", "shop"], lead_time=[2, 1], demand_mean=5.0, family="poisson", **options
    )


def test_all_faults_of_the_arguments_at_once():
    with pytest.raises(DomainError) as told:
        sampled(
            ec.serial(["shop"], **SHOP), scenarios=1, replications=1, cvar_weight=0.5,
            method="lp", service_measure="beta", gap=2.0, confidence=95, n_jobs=0,
        )  # fmt: skip
    text = str(told.value)
    assert "8 things to mend" in text
    for word in ("scenarios", "replications", "cvar_level", "'milp'", "'ready'", "0.95 for 95 %"):
        assert word in text


def test_a_service_level_in_percent_is_told_as_a_fraction():
    with pytest.raises(DomainError, match=r"service_level is 97\.5.*0\.975 for 97\.5 %"):
        sampled(ec.serial(["shop"], **SHOP), service_level=97.5)
    with pytest.raises(DomainError, match=r"names \('plant', 'main'\), from which no customer"):
        sampled(two(), service_level={("plant", "main"): 0.9})


def test_an_unknown_option_is_refused_by_name():
    with pytest.raises(DomainError, match="scenarios"):
        sampled(ec.serial(["shop"], **SHOP), scenario=100)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("capacity", 60.0),
        ("minimum_order", 20.0),
        ("lost_sales_share", 0.5),
        ("shelf_life", 3),
        ("order_multiple", 5.0),
    ],
)
def test_what_a_sampled_problem_cannot_say_is_a_failure(column, value):
    network = ec.serial(["shop"], backorder_cost=9.0, **SHOP)
    network = network.replace(stages=network.stages.assign(**{column: value}))
    plan = sampled(network)
    assert plan.status == "failed"
    assert column in plan.failures["message"].iloc[0]
    assert "shop @ main" in plan.failures["message"].iloc[0]


def test_one_bad_component_does_not_stop_the_others():
    good, bad = ec.serial(["shop"], backorder_cost=9.0, **SHOP), ec.serial(["none"], **SHOP)
    network = ec.Network.from_tables(
        stages=pd.concat([good.stages, bad.stages]),
        demand=pd.concat([good.demand, bad.demand]),
    )
    plan = sampled(network)
    assert plan.status == "partial"
    assert "nothing asks for stock" in plan.failures["message"].iloc[0]
    assert plan.stages["item"].tolist() == ["shop"]
    assert "1 failure" in plan.summary()


def test_a_stage_that_may_hold_no_stock_cannot_meet_a_target():
    plan = sampled(ec.serial(["shop"], can_stock=False, **SHOP), service_level=0.9)
    assert plan.failures["error"].iloc[0] == "InfeasibleError"
    assert "can_stock" in plan.failures["message"].iloc[0]


def test_fractional_fixed_times_are_refused():
    with pytest.raises(DomainError, match=r"stages\.lead_time is not a whole number"):
        sampled(ec.serial(["shop"], backorder_cost=9.0, **{**SHOP, "lead_time": 1.5}))


def test_a_result_is_a_plan_that_can_be_simulated_written_and_read(tmp_path):
    network = two()
    plan = sampled(network, service_level=0.9, service_measure="fill", check_replications=32)
    assert isinstance(plan, ec.Plan)
    run = ec.simulate(network, plan, periods=50, replications=8)
    assert run.stages["fill_rate"].iloc[1] > 0.8
    again = ec.read_plan(plan.write(tmp_path / "plan"))
    pd.testing.assert_frame_equal(again.stages, plan.stages)
    assert again.objective == plan.objective
    for level in ("customer", "sample", "curve"):
        pd.testing.assert_frame_equal(
            again.to_frame(level), plan.to_frame(level), check_dtype=False
        )
    assert again.summary() == plan.summary()
    assert again.met == plan.met
    assert plan.gap <= 1e-4
    assert plan.to_frame("customer")["verdict"].iloc[0] in ("met", "unclear", "missed")
    assert set(plan.to_frame("curve")["item"]) == {"shop"}
    assert "out of sample" in repr(plan)
    assert "<table" in plan._repr_html_()
    with pytest.raises(UnknownNameError):
        plan.to_frame("week")


def test_the_same_seed_gives_the_same_levels_and_another_others():
    network = two()
    first, again = (sampled(network, scenarios=60).stages["base_stock"].tolist() for _ in "12")
    assert first == again
    assert sampled(network, scenarios=60, n_jobs=2).stages["base_stock"].tolist() == first
    gamma = ec.serial(["shop"], backorder_cost=9.0, **SHOP)
    levels = [sampled(gamma, seed=seed).stages["base_stock"].iloc[0] for seed in (1, 2)]
    assert levels[0] != levels[1]


def test_a_target_that_is_missed_out_of_sample_is_told():
    """Twenty paths of a rare, large demand: no path has it, and the simulation does."""
    network = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, demand_mean=1.0, demand_std=6.0, family="gamma"
    )
    with pytest.warns(DataWarning, match="missed out of sample"):
        plan = sampled(network, scenarios=20, service_level=0.99, check_replications=64, seed=4)
    assert not plan.met
    assert plan.checked["sampled"].iloc[0] == 1.0
    assert "missed: shop @ main" in plan.summary()


def test_a_target_near_one_is_told_in_as_many_digits_as_it_has():
    network = ec.serial(
        ["shop"], lead_time=1, holding_cost=1.0, demand_mean=9.0, demand_std=6.0, family="gamma"
    )
    with pytest.warns(DataWarning, match=r"0\.99999 asked for, 1\.0000000 on the sampled"):
        plan = sampled(network, scenarios=50, service_level=0.99999, check_replications=64)
    assert "0.99999 asked for, 0.98" in plan.summary()
    assert "0.9999900" in repr(plan)


def test_more_paths_than_memory_holds_are_a_failure_that_says_how_many_fit():
    plan = sampled(ec.serial(["shop"], backorder_cost=9.0, **SHOP), scenarios=10**12)
    (why,) = plan.failures["message"]
    assert "1,000,000,000,000 scenarios" in why
    most = int(why.split("scenarios=")[1].split(" ")[0].replace(",", ""))
    assert 10**6 < most < 10**8


def test_other_allocations_and_varying_times_inside_a_chain_are_told():
    network = two(lead_time_std=[0.0, 0.7])
    with pytest.warns(DataWarning, match="times inside a chain vary at shop @ main"):
        sampled(network, scenarios=30)
    stages = pd.DataFrame(
        {"item": ["depot", "shop", "store"], "location": "x", "lead_time": 1, "holding_cost": 1.0}
    ).assign(backorder_cost=[0.0, 9.0, 9.0])
    lanes = pd.DataFrame(
        {"from_item": "depot", "from_location": "x", "to_item": ["shop", "store"]}
    ).assign(to_location="x")
    demand = pd.DataFrame(
        {"item": ["shop", "store"], "location": "x", "mean": 2.0, "family": "poisson"}
    )
    with pytest.warns(DataWarning, match="first come"):
        sampled(ec.Network.from_tables(stages, lanes, demand), scenarios=20)


def test_the_tail_is_the_mean_of_the_worst_paths():
    """Directly: of ten losses the worst 2.5, the last of them in part."""
    tail = Tail(0.75, 1.0, np.inf)
    loss = np.array([3.0, 9.0, 1.0, 7.0, 5.0, 0.0, 0.0, 2.0, 4.0, 6.0])
    assert tail.of(loss) == pytest.approx((9.0 + 7.0 + 0.5 * 6.0) / 2.5)
    thresholds = np.linspace(0.0, 10.0, 2001)  # Rockafellar and Uryasev's minimum over thresholds
    least = min(t + np.maximum(loss - t, 0.0).sum() / 2.5 for t in thresholds)
    assert tail.of(loss) == pytest.approx(least)


def test_a_limit_on_the_tail_is_kept_and_binds():
    network = ec.serial(["shop"], backorder_cost=9.0, **SHOP)
    free = sampled(network, cvar_level=0.9, cvar_weight=0.0)
    tight = sampled(network, cvar_level=0.9, cvar_limit=0.5 * free.samples["tail_cost"].iloc[0])
    assert tight.samples["tail_cost"].iloc[0] == pytest.approx(
        0.5 * free.samples["tail_cost"].iloc[0], rel=1e-9
    )
    assert tight.objective > free.objective


def problem_of(network, scenarios=50, targets=(), tail=None, seed=0):
    return sampled_problem(Described.of(network), 0, Sampling(scenarios, None), seed, targets, tail)


def test_the_model_is_linear_where_a_late_supplier_is_no_gain():
    """Equal holding costs: units held back upstream save nothing; dearer downstream they do."""
    flat, rising = problem_of(two(holding_cost=2.0)), problem_of(two())
    assert not any(gains_by_holding_back(flat))
    assert any(gains_by_holding_back(rising))
    options = SolveOptions("milp", "highs", 1e-9, 30.0)
    assert solve_sampled(flat, options).method == "linear program"
    assert solve_sampled(rising, options).method == "mixed-integer program"


def test_a_ready_rate_with_known_gaps_needs_no_binary():
    model = declare(problem_of(ec.serial(["shop"], **SHOP), targets=[Target(0, "ready", 0.9)]))
    assert not any(not v.is_continuous() for v in model.component_data_objects(ctype=_var()))


def _var():
    import pyomo.environ as pyo

    return pyo.Var


def test_the_true_gap_covers_the_true_gap():
    """Newsvendor with known optimum: 50 levels from small samples, at 90 % confidence each."""
    network = ec.serial(["shop"], backorder_cost=9.0, **SHOP)
    options = SolveOptions("auto", "highs", 1e-9, None)
    described = Described.of(network)

    def drawn(paths, seed):
        return sampled_problem(described, 0, Sampling(paths, None), seed, (), None)

    best, many = 16.0 * 10.0 * 0.17549833, drawn(20_000, 10_000)
    covered, uppers = 0, []
    for seed in range(50):
        problem = drawn(40, 100 * seed)
        level = solve_sampled(problem, options).levels
        fresh = [drawn(40, 100 * seed + 1 + k) for k in range(8)]
        known = true_gap(problem, level, fresh, options, 0.9)
        real = evaluate(many, level).objective - best
        covered += known.upper >= real - 0.3  # the error of `many`
        uppers.append(known.upper)
        assert known.gap >= -1e-9
    assert covered >= 40
    assert np.median(uppers) < 0.1 * best * 1.5


@pytest.mark.parametrize("measure", ["cycle", "ready", "fill"])
def test_the_priced_bound_is_below_the_cost_with_a_target(measure):
    """With a target the price of service keeps the bound valid, and near the cost."""
    network = ec.serial(["shop"], **{**SHOP, "demand_std": 30.0})
    options = SolveOptions("auto", "highs", 1e-9, None)
    target = [Target(0, measure, 0.9)]
    problem = problem_of(network, 2000, target)
    solution = solve_sampled(problem, options)
    fresh = [problem_of(network, 2000, target, seed=1 + k) for k in range(4)]
    known = true_gap(problem, solution.levels, fresh, options, 0.95)
    assert known.price > 0.0
    # the least cost of each fresh sample with its own target is no lower than the priced bound
    bound = known.cost - known.gap
    costs = [solve_sampled(one, options).outcome.objective for one in fresh]
    assert bound <= np.mean(costs) + 1e-9
    assert known.gap < 0.1 * known.cost


def test_the_fill_floor_is_where_the_late_share_crosses():
    problem = problem_of(ec.serial(["shop"], **SHOP), 30, [Target(0, "fill", 0.8)])
    single = SingleLevel.of(problem, 0, problem.lower)
    level = single.floor(problem.targets[0])
    late = np.minimum(np.maximum(single.gap - level, 0.0), single.due).sum()
    assert late / single.due.sum() == pytest.approx(0.2, rel=1e-9)


def test_the_curve_is_drawn_with_the_chosen_level():
    plan = sampled(two(), service_level=0.9, check_replications=16)
    ax = plan.plot.curve()
    assert "shop @ main" in ax.get_xlabel()
    chosen = plan.stages.set_index("item").loc["shop", "base_stock"]
    assert any(np.allclose(line.get_xdata(), chosen) for line in ax.get_lines())
    with pytest.raises(DomainError, match="supplies nobody"):
        plan.plot.curve("plant")


def test_seasons_are_turned_whole():
    """Demand of two periods in turn: two periods are counted, and their mean is what is held."""
    network = ec.serial(["shop"], backorder_cost=9.0, **SHOP)
    demand = network.demand.drop(columns=["mean", "std"])
    rows = [demand.assign(period=p, mean=mean, std=5.0) for p, mean in ((0, 30.0), (1, 70.0))]
    seasonal = ec.Network.from_tables(stages=network.stages, demand=pd.concat(rows))
    problem = problem_of(seasonal, 50)
    assert len(problem.counted[0]) == 2


def test_no_shortage_seen_is_no_proof_of_a_high_target():
    """Demand once in a hundred periods: some dozens of customers cannot show 99.9 %."""
    rare, often = (
        sampled(
            ec.serial(["shop"], lead_time=3, holding_cost=1.0, demand_mean=mean, family="poisson"),
            service_level=0.999, service_measure="fill", scenarios=10_000, check_replications=256,
        ).checked.iloc[0]
        for mean in (0.01, 6.0)
    )  # fmt: skip
    assert rare["simulated"] == 1.0
    assert rare["verdict"] == "unclear"
    assert rare["half_width"] == pytest.approx(-np.log(0.05) / (256 * 104 * 0.01 / 3.0))
    assert often["half_width"] < 0.001
