"""Every route to the optimum agrees: dynamic program, its twin, Pyomo, dual ascent, enumeration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

import echelon as ec
from echelon.demand.propagate import seen_upstream, seen_upstream_plain
from echelon.distributions import Empirical
from echelon.exact.guaranteed_service.candidate_times import candidates
from echelon.exact.guaranteed_service.dual_ascent import ascend
from echelon.exact.guaranteed_service.folding import Folding
from echelon.exact.guaranteed_service.problem import CostFunction, ServiceTimeProblem
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.exact.guaranteed_service.tree import solve_tree, solve_tree_plain
from echelon.network.compiled import CompiledNetwork
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.proof import Limits, joint_distribution, prove
from echelon.optimization.service_targets import ServiceTargets
from tests.networks import random_network

LIMITS = Limits(gap=1e-9, time_limit=None, solver="highs")


def enumerate_plans(
    network: ec.Network,
    grain: float,
    stock: Sequence[Callable[[np.ndarray], np.ndarray]] | None = None,
) -> float:
    """Least cost over every service time on a grid of ``grain`` periods; nothing clever.

    ``stock`` gives the safety stock of each stage over net replenishment times, the normal bound
    unless it is given.
    """
    net = network.compiled
    assert net.n_components == 1
    factor = network.stages["safety_factor"].to_numpy()[net.stage_row]
    stage = np.repeat(np.arange(net.n_stages), np.diff(net.demand_ptr))
    spread = np.zeros((1, net.n_stages))
    spread[0, stage] = (factor[stage] * net.demand_std) ** 2
    _, bound = seen_upstream_plain(
        net.component_ptr, net.pred_ptr, net.pred_stage, net.pred_units, spread[0] * 0.0, spread
    )
    quotes = np.zeros((1, 0))  # one row per partial plan, one column per stage so far
    cost = np.zeros(1)
    for j in range(net.n_stages):
        inbound = np.full(len(quotes), net.inbound_service_time[j])
        for lane in range(net.pred_ptr[j], net.pred_ptr[j + 1]):
            ready = quotes[:, net.pred_stage[lane]] + net.pred_lead_time[lane]
            inbound = np.maximum(inbound, ready)
        through = inbound + net.lead_time[j] + net.review_period[j]
        grid = np.arange(0.0, through.max(initial=0.0) + grain / 2, grain)
        row, column = np.nonzero(
            (grid[None, :] <= through[:, None] + 1e-9)
            & (grid[None, :] <= net.max_service_time[j] + 1e-9)
        )
        if not net.can_stock[j]:
            keep = np.abs(grid[column] - through[row]) < 1e-9
            row, column = row[keep], column[keep]
        tau = through[row] - grid[column]
        if stock is None:
            safety = np.sqrt(bound[0, j] * tau)
        else:
            distinct, place = np.unique(tau.round(9), return_inverse=True)
            safety = stock[j](distinct)[place]
        cost = cost[row] + net.holding_cost[j] * safety
        quotes = np.column_stack([quotes[row], grid[column]])
    return float(cost.min(initial=np.inf))


def cost_of(network: ec.Network) -> GuaranteedServiceCost:
    targets = ServiceTargets.of(network)
    normal = np.ones(len(network.demand), dtype=bool)
    seen = DemandSeen.of(network.compiled, targets.safety_factor, normal)
    return GuaranteedServiceCost(network.compiled, seen, {})


def problem_of(network: ec.Network) -> ServiceTimeProblem:
    return tabulate(network.compiled, cost_of(network))


def tabulate(component: CompiledNetwork, cost: CostFunction) -> ServiceTimeProblem:
    times = ServiceTimes.of(component)
    inbound, outbound, complete = candidates(times, whole_periods=not cost.concave)
    assert complete
    return ServiceTimeProblem.of(times, cost, inbound, outbound)


def small_network(seed: int) -> tuple[ec.Network, float]:
    """Every feature in turn: cycles, lane times, fractional times, reviews, no stock allowed."""
    rng = np.random.default_rng(seed)
    fractional = seed % 5 == 4
    n = 3 if fractional else int(rng.integers(2, 6))
    network = random_network(
        rng,
        n,
        extra_lanes=int(rng.integers(0, 3)) if seed % 2 else 0,
        fractional=fractional,
        lane_times=seed % 3 == 0,
        no_stock=0.3 if seed % 4 == 0 else 0.0,
        review=seed % 7 == 0,
    )
    stages = network.stages
    times = {
        name: stages[name].clip(upper=most)
        for name, most in (("lead_time", 3.0), ("review_period", 1))
    }
    shorter = network.replace(stages=stages.assign(**times))  # rarer reviews cost otherwise
    return shorter, 0.25 if fractional else 1.0


@pytest.mark.parametrize("block", range(8))
def test_two_hundred_small_networks_against_enumeration(block):
    """Dynamic program = plain twin = Pyomo model = dual ascent = brute force, 25 networks each."""
    trees = general = infeasible = 0
    for seed in range(25 * block, 25 * block + 25):
        network, grain = small_network(seed)
        best = enumerate_plans(network, grain)
        if not np.isfinite(best):
            assert ec.optimize(network).status == "failed"
            assert ec.optimize(network).failures["error"].tolist() == ["InfeasibleError"]
            infeasible += 1
            continue
        for method in ("auto", "milp"):
            plan = ec.optimize(network, method=method, gap=1e-9)
            assert plan.objective == pytest.approx(best, rel=1e-9, abs=1e-9), (seed, method)
            assert plan.bound == pytest.approx(best, rel=1e-7, abs=1e-9), (seed, method)
        problem = problem_of(network)
        ascent = ascend(problem, gap=1e-9)
        assert ascent.bound <= best * (1 + 1e-12) + 1e-12, seed
        assert ascent.cost >= best * (1 - 1e-12) - 1e-12, seed
        if Folding.of(problem).is_tree:
            trees += 1
            assert solve_tree(problem)[1] == pytest.approx(best, rel=1e-9, abs=1e-9), seed
            assert solve_tree_plain(problem)[1] == pytest.approx(best, rel=1e-9, abs=1e-9), seed
        else:
            general += 1
    assert trees >= 5
    assert general >= 3
    assert infeasible <= 8


WHOLE = (
    Empirical([1, 3], [0.5, 0.5]),
    Empirical([1, 2, 8], [0.5, 0.25, 0.25]),
    Empirical([0, 5], [0.8, 0.2]),
)
"""Two and three humps whose means are whole periods."""

FRACTIONS = (Empirical([1, 2, 9], [0.5, 0.4, 0.1]), Empirical([2, 5], [0.6, 0.4]))
"""Means of 2.2 and 3.2 periods."""


def with_random_times(
    network: ec.Network, rng: np.random.Generator, laws_tried: Sequence[Empirical]
) -> ec.Network:
    """Give half of the stages and lanes a lead time of the list, if what they reach has stock."""
    frames = {}
    can_stock = dict(zip(network.stages["item"], network.stages["can_stock"], strict=True))
    for name, key in (("stages", "item"), ("lanes", "to_item")):
        frame = getattr(network, name)
        laws = [
            laws_tried[rng.integers(len(laws_tried))]
            if can_stock[item] and rng.random() < 0.5
            else None
            for item in frame[key]
        ]
        blank = [law is not None for law in laws]
        frames[name] = frame.assign(
            lead_time=frame["lead_time"].mask(blank),
            lead_time_std=frame["lead_time_std"].mask(blank),
            lead_time_distribution=pd.Series(laws, dtype=object),
        )
    return network.replace(**frames)


def mixed_stock(network: ec.Network, stage: int, tau: np.ndarray) -> np.ndarray:
    """Safety stock over net replenishment times: every combination of lead times, by bisection."""
    net = network.compiled
    factor = network.stages["safety_factor"].to_numpy()[net.stage_row]
    targets = DemandSeen.of(net, np.nan_to_num(factor), np.ones(len(network.demand), bool))
    mean, std, z = (
        float(column[stage]) for column in (targets.mean, targets.std, targets.safety_factor)
    )
    lanes = range(net.pred_ptr[stage], net.pred_ptr[stage + 1])
    transits = [network.lane_lead_time_distributions[net.lane_row[lane]] for lane in lanes]
    own = network.lead_time_distributions[net.stage_row[stage]]
    if own is None and not any(transits):
        return z * std * np.sqrt(tau)
    fixed = [0.0] if None in transits or net.inbound_service_time[stage] > 0.0 else []
    parts = [law for law in (own, *transits) if law is not None]
    late, chance = [], []
    for combination in product(*(zip(law.values, law.probabilities, strict=True) for law in parts)):
        off = [value - law.mean for (value, _), law in zip(combination, parts, strict=True)]
        mine, others = (off[0], off[1:]) if own is not None else (0.0, off)
        late.append(mine + (max(others + fixed) if others else 0.0))
        chance.append(np.prod([weight for _, weight in combination]))
    exposed = np.maximum(tau[:, None] + late, 0.0)
    low, high = np.zeros(len(tau)), (mean * exposed + z * std * np.sqrt(exposed)).max(axis=1)
    for _ in range(80):
        middle = 0.5 * (low + high)
        over = middle[:, None] - mean * exposed
        spread = np.maximum(std * np.sqrt(exposed), 1e-300)
        reached = ndtr(np.where(exposed > 0.0, over / spread, np.inf)) @ np.array(chance)
        enough = reached >= ndtr(z)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high - mean * tau


def random_case(seed: int, laws: Sequence[Empirical], grain: float) -> tuple[ec.Network, float]:
    """Draw a network with random lead times, and its least cost by enumeration."""
    rng = np.random.default_rng(3_000 + seed)
    size = 3 + seed % 2 if grain == 1.0 else 3
    network = random_network(rng, size, extra_lanes=seed % 2, lane_times=seed % 3 == 0)
    stages = network.stages
    network = network.replace(stages=stages.assign(lead_time=stages["lead_time"].clip(upper=2)))
    network = with_random_times(network, rng, laws)
    stock = [partial(mixed_stock, network, j) for j in range(network.n_stages)]
    return network, enumerate_plans(network, grain, stock)


@pytest.mark.parametrize("block", range(3))
def test_random_lead_times_against_enumeration(block):
    """Mixtures over lead times, on ten networks each: no plan of whole periods is cheaper.

    As safety stock may fall while the wait grows, the proven bound may lie below the best plan.
    """
    met = 0
    for seed in range(10 * block, 10 * block + 10):
        network, best = random_case(seed, WHOLE, 1.0)
        for method in ("auto", "milp"):
            plan = ec.optimize(network, method=method, gap=1e-9)
            assert plan.bound <= best * (1 + 1e-7) + 1e-9, (seed, method)
            assert plan.objective >= best * (1 - 1e-7) - 1e-9, (seed, method)
            met += plan.objective == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert met >= 18


@pytest.mark.filterwarnings("ignore:.*safety stock is negative")
def test_random_lead_times_of_fractional_means_are_placed_nearly_at_best():
    """The certificate is over candidates; a grid of fifths of a period has hardly better plans."""
    for seed in range(10):
        network, best = random_case(seed, FRACTIONS, 0.2)
        assert ec.optimize(network).objective <= best * 1.005, seed


class RandomTables:
    """A cost function that is neither concave nor monotone."""

    concave = False

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def table(
        self, stage: int, inbound: np.ndarray, outbound: np.ndarray, covered: np.ndarray
    ) -> np.ndarray:
        assert covered.shape == (len(inbound), len(outbound))
        return self.rng.normal(stage, 5.0, (len(inbound), len(outbound)))


@given(st.integers(0, 10_000), st.integers(2, 12))
@settings(max_examples=40)
def test_tree_program_agrees_with_its_twin_on_any_table(seed, n_stages):
    network = random_network(np.random.default_rng(seed), n_stages, lane_times=True)
    problem = tabulate(network.compiled, RandomTables(seed))
    choice, cost = solve_tree(problem)
    _, plain = solve_tree_plain(problem)
    assert cost == pytest.approx(plain, rel=1e-12, abs=1e-12)
    assert problem.evaluate(choice) == pytest.approx(cost, rel=1e-12, abs=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_all_methods_agree_on_any_table_on_a_general_network(seed):
    """The interface takes any cost table: the solvers must not lean on concavity."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, int(rng.integers(3, 7)), extra_lanes=3)
    problem = tabulate(network.compiled, RandomTables(seed))
    costs = {}
    for name, method in (("auto", prove), ("milp", joint_distribution)):
        choice, outcome, _ = method(problem, LIMITS)
        assert problem.evaluate(choice) == pytest.approx(outcome.objective, rel=1e-9, abs=1e-9)
        assert outcome.bound <= outcome.objective + 1e-9
        costs[name] = outcome.objective
    assert costs["auto"] == pytest.approx(costs["milp"], rel=1e-6, abs=1e-6)


@given(st.integers(0, 10_000), st.integers(2, 30), st.integers(0, 20))
@settings(max_examples=40)
def test_demand_seen_agrees_with_the_dense_usage_matrix(seed, n_stages, extra):
    rng = np.random.default_rng(seed)
    net: CompiledNetwork = random_network(rng, n_stages, extra_lanes=extra).compiled
    own = rng.uniform(0, 10, n_stages) * (rng.random(n_stages) < 0.5)
    arrays = (net.component_ptr, net.pred_ptr, net.pred_stage, net.pred_units, own)
    spread = np.stack([own**2, own])
    for fast, plain in zip(
        seen_upstream(*arrays, spread), seen_upstream_plain(*arrays, spread), strict=True
    ):
        np.testing.assert_allclose(fast, plain, rtol=1e-10, atol=1e-10)


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_more_lead_time_never_costs_less(seed):
    """Shrinking any stage's lead time keeps every plan feasible, so the optimum cannot rise."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, 6, extra_lanes=2)
    stages = network.stages
    j = int(rng.integers(len(stages)))
    longer = stages.copy()
    longer.loc[j, "lead_time"] += 2.0
    base = ec.optimize(network).objective
    assert ec.optimize(network.replace(stages=longer)).objective >= base * (1 - 1e-9)


@given(st.integers(0, 10_000), st.floats(0.1, 9.0))
@settings(max_examples=30)
def test_changing_the_time_unit_scales_the_cost_by_its_root(seed, unit):
    """Safety stock goes with the root of time: fractional times are not put on a grid."""
    network = random_network(np.random.default_rng(seed), 5, extra_lanes=2)
    stages, lanes = network.stages, network.lanes
    times = ["lead_time", "inbound_service_time", "max_service_time"]
    scaled = network.replace(
        stages=stages.assign(**{name: stages[name] * unit for name in times}),
        lanes=lanes.assign(lead_time=lanes["lead_time"] * unit),
    )
    want = ec.optimize(network).objective * np.sqrt(unit)
    assert ec.optimize(scaled).objective == pytest.approx(want, rel=1e-6)


def test_candidates_stay_few_on_trees_with_fractional_times():
    """On a tree each candidate belongs to one path to a root, so sets grow with the stages."""
    rng = np.random.default_rng(5)
    network = random_network(rng, 60)
    stages = network.stages
    odd = stages.assign(lead_time=np.round(rng.uniform(0.5, 20.0, len(stages)), 4))
    times = ServiceTimes.of(network.replace(stages=odd).compiled)
    inbound, outbound, complete = candidates(times)
    assert complete
    assert max(len(values) for values in inbound + outbound) <= 3 * 60 + 2


def serial_optimum(times: np.ndarray, holding: np.ndarray, spread: float) -> float:
    """Simpson (1958): a stage holds stock for all since the last one that does, or for nothing."""
    n = len(times)
    least = np.full(n + 1, np.inf)
    least[0] = 0.0
    for end in range(1, n + 1):
        covered = np.cumsum(times[:end][::-1])[::-1]
        least[end] = (least[:end] + holding[end - 1] * spread * np.sqrt(covered)).min()
    return float(least[n])


def serial_network(times: np.ndarray, holding: np.ndarray) -> ec.Network:
    return ec.serial(
        [f"s{j}" for j in range(len(times))],
        lead_time=times.tolist(),
        holding_cost=holding.tolist(),
        demand_mean=10.0,
        demand_std=3.0,
        safety_factor=1.0,
    )


@pytest.mark.parametrize("seed", range(6))
def test_long_serial_chains_with_times_without_a_common_unit(seed):
    """Costs a million million apart: service times that cancel must cancel exactly."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 120))
    times, holding = rng.uniform(0, 10, n), 10 ** rng.uniform(-6, 6, n)
    plan = ec.optimize(serial_network(times, holding))
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(serial_optimum(times, holding, 3.0), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-14, 1e-8, 1e-4, 1.0, 1e6, 1e12])
def test_the_model_is_solved_alike_at_any_scale_of_money(scale):
    """A solver's tolerances are absolute: costs near 1e-8 once gave false optima."""
    network = ec.general(
        ["a", "b", "c", "d"],
        [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")],
        lead_time=[3, 4, 1, 2],
        holding_cost=[scale, 2 * scale, 2.5 * scale, 6 * scale],
        demand_mean={"d": 10.0},
        demand_std={"d": 3.0},
        service_level=0.95,
    )
    plan = ec.optimize(network, method="milp")
    assert plan.objective / scale == pytest.approx(85.469, rel=1e-4)
    assert plan.objective == pytest.approx(ec.optimize(network).objective, rel=1e-9)
    assert plan.status == "optimal"


def test_short_times_beside_very_long_ones_are_kept():
    times = np.array([1e6, np.pi, np.e])
    plan = ec.optimize(serial_network(times, np.array([1.0, 1.5, 2.0])))
    total = plan.stages["net_replenishment_time"].sum()
    assert total == pytest.approx(times.sum(), abs=1e-6)
    last = plan.stages["net_replenishment_time"].iloc[-1]
    assert last == pytest.approx(np.pi + np.e, abs=1e-8) or last == pytest.approx(np.e, abs=1e-8)
