"""Reviews below a stage: what lies in its requests, and stock that is enough and no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.optimization.cost import review_windows
from echelon.optimization.cost.assemble_cost import CostAssembler
from echelon.optimization.cost.guaranteed_service_cost import GuaranteedServiceCost
from echelon.optimization.cost.review_windows import ReviewedDemand, Strand, window
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.service_targets import ServiceTargets
from tests.bounded_demand import backorders, burst, chain, drawn, with_less
from tests.networks import random_network
from tests.property.test_guaranteed_service import enumerate_plans

CASES = [
    ([2, 1], [4, 4], [0, 0]),
    ([2, 1], [4, 4], [1, 0]),
    ([3, 2], [8, 2], [3, 1]),
    ([1, 3], [0, 6], [0, 5]),
    ([4, 0, 2], [5, 2, 0], [2, 0, 0]),
    ([1, 4, 1], [12, 4, 2], [0, 0, 0]),
]


@pytest.mark.parametrize(("lead_time", "review", "phase"), CASES)
def test_no_bounded_demand_makes_a_stage_late_and_half_a_unit_less_does(lead_time, review, phase):
    """At every phase at which a burst can meet the reviews."""
    network = chain(lead_time, review_period=review, review_phase=phase, transit=1.0)
    plan = ec.optimize(network)
    cycle = int(np.lcm.reduce([max(each, 1) for each in review]))
    paths = [burst(40 + shift, 60) for shift in range(cycle)]
    assert max(backorders(network, plan, path).max() for path in paths) < 1e-9
    assert backorders(network, plan, drawn("reviews", 300)).max() < 1e-9
    for row in np.flatnonzero(plan.stages["net_replenishment_time"] > 0.0):
        less = with_less(plan, row, 0.5)
        assert any(backorders(network, less, path).iloc[row] > 0.0 for path in paths)


def test_a_review_right_after_those_it_serves_waits_for_them_once():
    """Depots review on Mondays; one that does so on Tuesdays covers four periods less."""
    levels = {
        phase: ec.optimize(chain([4, 1], review_period=[4, 4], review_phase=[phase, 0])).stages
        for phase in (0, 1)
    }
    assert levels[0]["net_replenishment_time"].tolist() == [8.0, 5.0]
    assert levels[0]["base_stock"][0] == pytest.approx(40 * 8 + 40 * 8**0.5, rel=1e-12)
    late = ec.optimize(chain([5, 1], review_period=[4, 4], review_phase=[1, 0])).stages
    assert late["net_replenishment_time"][0] == 9.0
    assert late["base_stock"][0] == pytest.approx(levels[0]["base_stock"][0], rel=1e-12)
    same = ec.optimize(chain([5, 1], review_period=[4, 4], review_phase=[0, 0])).stages
    assert same["base_stock"][0] == pytest.approx(40 * 12 + 40 * 12**0.5, rel=1e-12)


@pytest.mark.parametrize("phase", [40, 60])
def test_reviews_that_rarely_come_together_meet_in_the_worst_way(phase):
    """101 and 100 periods: some review of the supplier has two orders before its next is in."""
    network = chain([4, 1], review_period=[101, 100], review_phase=[0, phase])
    level = ec.optimize(network).stages["base_stock"][0]
    assert level == pytest.approx(40 * 200 + 40 * 200**0.5, rel=1e-12)


def test_mean_stock_is_safety_and_cycle_stock():
    """Simulated net inventory of a supplier within 4 standard errors of what the plan pays for."""
    for review, phase in (([0, 4], [0, 0]), ([4, 4], [0, 0]), ([4, 4], [1, 0]), ([6, 2], [3, 0])):
        network = chain([3, 1], review_period=review, review_phase=phase)
        plan = ec.optimize(network)
        run = ec.simulate(
            network, plan, periods=240, warmup=48, replications=64, seed=2, progress=False
        )
        found, row = run.stages.iloc[0], plan.stages.iloc[0]
        told = row["safety_stock"] + row.get("cycle_stock", 0.0)
        error = 4.0 * (found["on_hand_se"] + found["backorders_se"])
        assert abs(found["on_hand"] - found["backorders"] - told) <= error
        assert error < 6.0


def requests(network: ec.Network, n_periods: int) -> list[np.ndarray]:
    """Units of each period's demand, by row of the table, in each period's requests of each stage.

    The events of clause 3, period by period: (n_stages of (n_periods, n_demands, n_periods)).
    """
    net = network.compiled
    phase = network.stages["review_phase"].to_numpy()[net.stage_row]
    shape = (n_periods, len(network.demand), n_periods)
    asked = [np.zeros(shape) for _ in range(net.n_stages)]
    for j in reversed(range(net.n_stages)):
        for row in net.demand_row[net.demand_ptr[j] : net.demand_ptr[j + 1]]:
            asked[j][np.arange(n_periods), row, np.arange(n_periods)] += 1.0
        review = net.review_period[j]
        ordered = asked[j]
        if review:
            ordered = np.zeros(shape)
            for t in range(phase[j], n_periods, review):
                ordered[t] = asked[j][max(t - review, 0) : t].sum(axis=0)
        for lane in range(net.pred_ptr[j], net.pred_ptr[j + 1]):
            asked[net.pred_stage[lane]] += net.pred_usage[lane] * ordered
    return asked


def diamond(correlation: float | None) -> ec.Network:
    stages = pd.DataFrame(
        {
            "item": ["raw", "left", "right", "kit", "spare"],
            "location": "x",
            "lead_time": [2.0, 1.0, 3.0, 1.0, 2.0],
            "holding_cost": [1.0, 2.0, 2.0, 5.0, 3.0],
            "review_period": [3, 4, 2, 6, 0],
            "review_phase": [1, 0, 1, 2, 0],
            "max_service_time": [None, None, None, 0.0, 0.0],
            "safety_factor": [None, None, None, 1.5, 2.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["raw", "raw", "left", "right", "right"],
            "from_location": "x",
            "to_item": ["left", "right", "kit", "kit", "spare"],
            "to_location": "x",
            "units_required": [1.0, 2.0, 1.0, 3.0, 1.0],
        }
    )
    demand = pd.DataFrame(
        {"item": ["kit", "spare"], "location": "x", "mean": [5.0, 9.0], "std": [2.0, 3.0]}
    )
    pairs = None
    if correlation is not None:
        pairs = pd.DataFrame(
            {
                "item": ["kit"],
                "location": "x",
                "other_item": ["spare"],
                "other_location": "x",
                "coefficient": [correlation],
            }
        )
    return ec.Network.from_tables(stages, lanes, demand, correlation=pairs)


def cost_of(network: ec.Network) -> GuaranteedServiceCost:
    targets = ServiceTargets.of(network)
    covariance = None if network.independent else network.covariance
    normal = np.ones(len(network.demand), dtype=bool)
    seen = DemandSeen.of(network.compiled, targets.safety_factor, normal, covariance)
    (cost,) = CostAssembler(network, targets, seen).of([0])
    return cost


@pytest.mark.parametrize("correlation", [None, 0.6])
def test_requests_over_many_paths_have_the_moments_of_what_is_in_them(correlation):
    """Against a list of what every request is made of, at every review over 90 periods."""
    network = diamond(correlation)
    net, asked = network.compiled, requests(network, 90)
    std, factor = np.array([2.0, 3.0]), np.array([1.5, 2.0])
    matrix = np.array([[1.0, correlation or 0.0], [correlation or 0.0, 1.0]])
    cost = cost_of(network)
    checked = 0
    for j in range(net.n_stages):
        stock = cost.stock(j)
        demand = getattr(getattr(stock, "stock", stock), "demand", None)
        if not isinstance(demand, ReviewedDemand):
            continue
        review = int(net.review_period[j])
        phase = int(network.stages["review_phase"][net.stage_row[j]])
        first = 36 + phase if review else 36
        for length in (1, 4, 7, 11):
            levels = []
            for t in range(first, first + 24, max(review, 1)):
                inside = asked[j][t : t + length].sum(axis=0)
                spread = inside * (factor * std)[:, None]
                variance = np.einsum("ip,ij,jp->", spread, matrix, spread)
                levels.append((inside * np.array([5.0, 9.0])[:, None]).sum() + variance**0.5)
            time = np.array([float(length)])
            found = demand.mean(time) + np.sqrt(demand.bound_variance(time))
            assert found[0] == pytest.approx(max(levels), rel=1e-12)
            checked += 1
    assert checked == 12


@pytest.mark.parametrize("seed", range(12))
def test_the_best_plan_is_that_of_enumeration(seed):
    """Over every whole service time, each stage priced by its own stock."""
    rng = np.random.default_rng(seed)
    drawn_network = random_network(
        rng, int(rng.integers(3, 5)), extra_lanes=int(rng.integers(0, 2))
    )
    stages = drawn_network.stages
    network = drawn_network.replace(
        stages=stages.assign(
            lead_time=stages["lead_time"].clip(upper=3.0),
            review_period=rng.choice([0, 1, 2, 3], len(stages)),
            holding_cost=np.sort(rng.uniform(1.0, 9.0, len(stages))),
        )
    )
    cost, rates = cost_of(network), network.compiled.holding_cost
    held = [lambda tau, j=j: cost.over_covered(j, tau) / rates[j] for j in range(network.n_stages)]
    best = enumerate_plans(network, 1.0, held)
    plan = ec.optimize(network, gap=1e-9)
    assert plan.objective == pytest.approx(best, rel=1e-9)
    assert plan.bound == pytest.approx(best, rel=1e-9)


def test_a_window_of_no_order_holds_nothing():
    start, length = window(((4, 3),), np.array([0.0]), np.array([3.0]))
    assert length.tolist() == [0.0]
    assert start.tolist() == [-1.0]


def test_reviews_in_every_period_leave_the_answer_bit_for_bit():
    """As ``tau`` counts them already, and so it does where nobody is below the review."""
    numbers = ["service_time", "safety_stock", "base_stock", "holding_cost"]
    for review in ([1, 1, 1], [4, 0, 1], [0, 0, 0]):
        plan = ec.optimize(chain([3, 2, 6], review_period=review)).stages[numbers]
        longer = chain([3.0 + review[0], 2.0 + review[1], 6.0 + review[2]])
        pd.testing.assert_frame_equal(plan, ec.optimize(longer).stages[numbers], check_exact=True)


@pytest.mark.parametrize(
    ("review", "chain"),
    [(1500, ((1499, 0),)), (3000, ((3, 1),)), (4999, ((2499, 5), (11, 2)))],
)
def test_long_reviews_are_averaged_within_the_error_that_is_told(monkeypatch, review, chain):
    """Second method: every moment between two reviews."""
    rate = 2.0
    strand = Strand(chain, rate, variance=1.0, bound_variance=4.0)
    starts = tuple(range(0, 50, 7))
    demand = ReviewedDemand((strand,), (), rate, 2.0, normal=True, starts=starts, review=review)
    periods = np.array([0.0, 3.0, review / 3.0, review, review + 17.0, 2.5 * review])
    some = demand.cycle_stock(periods)
    monkeypatch.setattr(review_windows, "_MOST_AVERAGED", review)
    every = demand.cycle_stock(periods)
    assert (every[3:] > 0.1 * rate * review).all()
    assert np.abs(some - every).max() < rate * review / 1000.0 * len(chain)


@pytest.mark.parametrize("review", [0, 1, 4, 7])
def test_cycle_stock_of_many_times_is_that_of_each_review_by_itself(review):
    """Plain twin: one moment after the other, each with all of its times."""
    chain = ((4, 1), (3, 0))
    strands = (Strand(chain, 2.0, 1.0, 4.0), Strand((), 1.5, 0.5, 2.0))
    demand = ReviewedDemand(strands, (), 3.5, 2.0, normal=True, starts=(0, 5, 7), review=review)
    periods = np.array([[0.0, 1.0, 2.5], [6.0, 6.5, 40.0]])
    worst = demand.mean(periods)
    rates = np.array([strand.rate for strand in strands])
    starts = np.array(demand.starts, dtype=float)[:, None]
    mean = np.zeros(periods.shape)
    for k in range(max(review, 1)):
        for place in np.ndindex(periods.shape):
            covered = periods[place] - (2 * k + 1) // 2
            held = [
                review_windows.window(strand.chain, starts, np.array([max(covered, 0.0)]))[1].mean()
                for strand in strands
            ]
            mean[place] += rates @ held + 3.5 * min(covered, 0.0)
    expected = np.maximum(worst - mean / max(review, 1), 0.0)
    assert demand.cycle_stock(periods) == pytest.approx(expected, rel=1e-13, abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_requests_in_compiled_code_are_those_of_arrays(seed):
    """Times that fall by whole periods, in several runs, and times in no order."""
    rng = np.random.default_rng(seed)
    strands = tuple(
        Strand(
            tuple(
                (int(rng.choice([0, 1, 2, 4, 7])), int(rng.integers(0, 4))) for _ in range(links)
            ),
            *rng.uniform(0.5, 9.0, 3).tolist(),
        )
        for links in rng.integers(0, 4, rng.integers(1, 4)).tolist()
    )
    review = int(rng.choice([0, 1, 3, 4, 12]))
    demand = ReviewedDemand(
        strands=strands,
        knots=(),
        rate=sum(strand.rate for strand in strands),
        safety_factor=1.6,
        normal=True,
        starts=tuple(range(0, 28, max(review, 1))),
        review=review,
    )
    runs = [rest + np.arange(rng.integers(1, 20))[::-1] for rest in (0.0, 0.4, 0.6)]
    for periods in (np.concatenate(runs), rng.uniform(0.0, 15.0, 9), np.array([3.0]), np.zeros(0)):
        found = demand._by_kernel(periods)
        assert found == pytest.approx(demand._by_arrays(periods), rel=1e-12, abs=1e-12)
        one_by_one = [demand._by_kernel(np.array([time]))[:, 0] for time in periods.tolist()]
        np.testing.assert_array_equal(found.T, np.array(one_by_one).reshape(-1, 4))
