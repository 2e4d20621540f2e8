"""Lists of candidates for costs that are not concave: they grow, and they end in time."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Empirical
from echelon.exact.guaranteed_service.problem import priced
from echelon.exact.guaranteed_service.service_times import ServiceTimes
from echelon.optimization import candidate_lists, methods
from echelon.optimization.candidate_lists import (
    bound_of_each,
    grid_of_periods,
    growing_problems,
    listed_whole,
)
from echelon.optimization.methods import METHODS
from echelon.optimization.proof import Limits
from echelon.optimization.search import PlansOnly, Search


def network(times: tuple[float, ...], *, unit: float = 1.0) -> ec.Network:
    """Two suppliers of a stage each, both assembled at the last, which customers buy from.

    The last stage's supplies vary, so that its stock is a mixture, which is not concave.
    """
    items = ["steel", "frame", "motor", "pump"]
    lead = [unit * time for time in times]
    stages = pd.DataFrame(
        {
            "item": items,
            "location": "plant",
            "lead_time": [*lead[:3], np.nan],
            "lead_time_distribution": [None, None, None, Empirical([1.0, lead[3]], [0.8, 0.2])],
            "holding_cost": [1.0, 2.0, 1.5, 6.0],
            "service_level": [np.nan, np.nan, np.nan, 0.95],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["steel", "steel", "frame", "motor"],
            "from_location": "plant",
            "to_item": ["frame", "motor", "pump", "pump"],
            "to_location": "plant",
        }
    )
    demand = pd.DataFrame(
        {"item": ["pump"], "location": "plant", "distribution": [ec.distributions.Normal(50, 12)]}
    )
    return ec.Network.from_tables(stages, lanes, demand)


@dataclass(frozen=True)
class Waves:
    """A cost that rises and falls with the time covered, different at each stage."""

    asked: list | None = None
    concave = False
    covered_only = True

    def over_covered(self, stage, covered):
        if self.asked is not None:
            self.asked.append(np.size(covered))
        return np.sqrt(covered) * (2.0 + np.sin(3.0 * covered + stage)) - 0.5

    def table(self, stage, _inbound, _outbound, covered):
        return self.over_covered(stage, covered)


def diamond(process, delay, ticks=1.0):
    """Two ways from the first stage to the last, limits of service at the end."""
    process = np.array(process, dtype=np.int64)
    n = 4
    return ServiceTimes._bounded(
        ticks,
        process,
        np.array(delay, dtype=np.int64),
        np.array([0, 0, 1, 2, 4]),
        np.array([0, 0, 1, 2]),
        np.zeros(n, np.int64),
        np.array([2**62, 2**62, 2**62, 0]),
        np.ones(n, np.bool_),
    )


def enumerated(times, cost):
    """The least cost over all whole ticks, by trying every outbound time."""
    ranges = [np.arange(h + 1) for h in times.outbound_high]
    plans = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, times.n_stages)
    return min(priced(times, cost, plan)[1] for plan in plans)


def test_every_multiple_of_unit_and_period_is_a_candidate():
    times = diamond([4, 2, 2, 6], [0, 0, 2, 2], ticks=2.0)  # the times' unit is a period
    grid = grid_of_periods(times, Waves())
    assert np.array_equal(grid.outbound[: grid.outbound_ptr[1]], [0, 2, 4])
    times = diamond([6, 3, 3, 6], [0, 0, 3, 3], ticks=1.0)  # the times' unit is three periods
    grid = grid_of_periods(times, Waves())
    assert np.array_equal(grid.outbound[: grid.outbound_ptr[1]], np.arange(7))


@pytest.mark.parametrize("at_once", [250_000, 20])
def test_a_short_list_and_a_grid_find_the_least_cost(monkeypatch, at_once):
    monkeypatch.setattr(candidate_lists, "_ASKED_AT_ONCE", at_once)
    times = diamond([3, 2, 4, 2], [0, 1, 1, 0])
    if at_once == 20:
        assert grid_of_periods(times, Waves()) is None
    found = METHODS["auto"](times, Waves(), Limits(1e-9, None, "highs"), Search())
    least = priced(times, Waves(), found.service)[1]
    assert found.outcome.bound <= least + 1e-9
    # waiting with supplies complete can be cheaper in the model, never in the plan
    assert least <= enumerated(times, Waves()) * 1.02
    assert found.outcome.bound <= enumerated(times, Waves()) + 1e-9


@pytest.mark.parametrize(("unit", "every"), [(10, False), (1, True)])
def test_lists_that_end_with_every_time_prove_an_optimum(monkeypatch, unit, every):
    """Of times in tenths of a period, the roots' sums and whole periods are not all tenths."""
    monkeypatch.setattr(candidate_lists, "_ASKED_AT_ONCE", 20)
    tenths = diamond([3 * unit, 2 * unit, 4 * unit + (unit > 1), 2 * unit], [0, unit, 1, 0], unit)
    found = METHODS["auto"](tenths, Waves(), Limits(0.5, None, "highs"), Search())
    assert found.outcome.gap <= 0.5
    assert found.outcome.status == ("optimal" if every else "feasible")
    assert found.route.endswith("listed times") != every


def test_a_model_of_some_of_the_times_does_not_claim_an_optimum(monkeypatch):
    """Tenths of which only the roots' sums and whole periods are in the model: a dearer plan."""
    times = diamond([31, 22, 41, 23], [0, 7, 11, 0], ticks=10.0)
    limits = Limits(1e-9, None, "highs")
    every = METHODS["milp"](times, Waves(), limits, Search())
    assert (every.outcome.status, every.outcome.listed_only) == ("optimal", False)
    monkeypatch.setattr(methods, "_MOST_DECLARED", 1_000)
    some = METHODS["milp"](times, Waves(), limits, Search())
    assert some.outcome.objective > every.outcome.objective * (1.0 + 1e-3)
    assert some.outcome.gap <= 1e-9
    assert (some.outcome.status, some.outcome.termination) == ("feasible", "listed times")
    assert some.route == "joint distribution, listed times"


def test_a_search_stopped_among_lists_says_what_its_bound_is_over():
    times = diamond([31, 22, 41, 23], [0, 7, 11, 0], ticks=10.0)
    search = Search()
    least, price = priced(times, Waves(), times.outbound_low)
    search.note(-np.inf, price, lambda: least)
    search.prove_anew(price, listed_only=True)
    found = methods.stopped(times, Waves(), Limits(1e-9, None, "highs"), search, "interrupted")
    assert found.outcome.gap == 0.0
    assert (found.outcome.status, found.outcome.termination) == ("feasible", "interrupted")
    assert found.route == "stopped, listed times"


def test_lists_grow_and_hold_the_plan_so_far():
    times = diamond([137_777, 91_301, 203_449, 61_331], [11_003, 0, 7_919, 31_337], ticks=1e4)
    search = Search()
    sizes, costs = [], []
    for problem in growing_problems(times, Waves(), search, None):
        sizes.append(problem.n_pairs)
        service = times.outbound_low if search.start is None else search.start
        choice = problem.locate(*times.settled(service))
        assert problem.evaluate(choice) == pytest.approx(priced(times, Waves(), service)[1])
        search.start = service
        costs.append(problem.evaluate(choice))
    assert sizes == sorted(set(sizes))
    whole = listed_whole(times, whole_periods=True)
    assert whole is not None
    assert sizes[-1] >= whole.n_pairs


def test_no_more_costs_are_asked_for_when_time_is_up():
    asked: list[int] = []
    times = diamond([137_777, 91_301, 203_449, 61_331], [11_003, 0, 7_919, 31_337], ticks=1e4)
    search = Search()
    assert list(growing_problems(times, Waves(asked=asked), search, 0.0)) == []
    assert asked == []
    found = METHODS["auto"](times, Waves(), Limits(1e-9, 0.0, "highs"), Search())
    assert found.outcome.termination == "time_limit"
    assert np.array_equal(found.service, times.outbound_low)


def test_a_stopped_search_is_bounded_where_times_are_few():
    times = diamond([3, 2, 4, 2], [0, 1, 1, 0])
    bound = bound_of_each(times, Waves())
    assert np.isfinite(bound)
    assert bound <= enumerated(times, Waves())
    fine = replace(times, ticks_per_period=1e6, inbound_high=times.inbound_high + 10**9)
    assert bound_of_each(fine, Waves()) == -np.inf


def test_bounds_over_other_candidates_do_not_count():
    whole = Search()
    part = PlansOnly(whole)
    part.note(7.0, 10.0, lambda: np.array([1]))
    assert (part.bound, whole.bound, whole.cost) == (7.0, -np.inf, 10.0)
    whole.prove_anew(7.0, listed_only=True)
    PlansOnly(whole).note(8.0, 9.0, lambda: np.array([2]))
    whole.prove_anew(6.0, listed_only=False)
    assert (whole.bound, whole.cost) == (6.0, 9.0)
    assert [bound for _, bound, _ in whole.trace] == [-np.inf, 6.0, 6.0, 6.0]


def test_fine_fractions_of_random_lead_times_end_with_a_plan_and_a_bound():
    times = (3.1415926, 2.2360679, 4.1231056, 3.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plan = ec.optimize(network(times), time_limit=5.0)
        whole = ec.optimize(network((3.0, 2.0, 4.0, 3.0)))
    assert plan.gap <= 1e-6
    assert plan.status == "feasible"  # a longer list may hold a cheaper plan
    assert plan.components["method"].item().endswith("listed times")
    assert plan.termination in ("listed times", "time_limit")
    assert "1 of 1 component over the service times listed, which are not all" in plan.summary()
    assert (whole.status, whole.termination) == ("optimal", "optimal")
    assert "listed" not in whole.summary()
    assert np.isfinite(plan.bound)
    proven = plan.trace["bound"].dropna()
    assert proven.is_monotonic_increasing
    assert proven.iloc[-1] == pytest.approx(plan.bound)
    assert whole.objective < plan.objective < 1.2 * whole.objective  # times are a little longer


def test_the_model_and_the_tree_program_agree_where_a_cost_bends_between_whole_periods():
    """Reviews inside reviews: no sum of lead times and no whole period is the best quote."""
    chain = ec.serial(
        ["seal", "valve", "pump", "skid"], lead_time=[0.25, 0.25, 4.0, 4.25],
        lane_lead_time=[1.25, 2.0, 2.0], holding_cost=1.0, demand_mean=20.0, demand_std=6.0,
    )  # fmt: skip
    stages = chain.stages.assign(
        review_period=[2, 1, 2, 0],
        max_service_time=[np.inf, np.inf, np.inf, 1.5],
        service_level=[np.nan, np.nan, np.nan, 0.95],
    )
    plans = [ec.optimize(chain.replace(stages=stages), method=name) for name in ("auto", "milp")]
    ways = ["tree program", "joint distribution"]
    for plan, way in zip(plans, ways, strict=True):
        found = plan.components.iloc[0]
        assert (found["method"], found["status"]) == (way, "optimal")
        assert found["objective"] == pytest.approx(40.08856210607553)
        assert plan.stages["service_time"].tolist() == [1.25, 3.75, 11.75, 1.5]
