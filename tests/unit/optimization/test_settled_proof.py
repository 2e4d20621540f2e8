"""The best of the plans in which no supplies lie, where costs fall as time passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon.exact.guaranteed_service.flat import FlatProblem
from echelon.exact.guaranteed_service.prompt_supplies import ANY, PromptSupplies
from echelon.optimization.methods import METHODS
from echelon.optimization.search import Search
from tests.falling_costs import FREE, SHAPES, TIGHT, Jagged, component, enumerated

cases = given(
    shape=st.sampled_from(sorted(SHAPES)),
    process=st.lists(st.integers(0, 6), min_size=4, max_size=4),
    delays=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    limit=st.sampled_from([0, 4, FREE]),
    unit=st.sampled_from([1, 3]),
    seed=st.integers(0, 2**32 - 1),
    smooth=st.booleans(),
    stockless=st.sampled_from([None, None, 1, 2]),
    outside=st.sampled_from([(0, 0, 0, 0), (0, 2, 5, 0), (1, 4, 7, 5)]),
    method=st.sampled_from(["auto", "dual", "milp"]),
)


@cases
@settings(max_examples=100, deadline=None)
def test_best_plan_without_waiting_is_found_and_proven(
    shape, process, delays, limit, unit, seed, smooth, stockless, outside, method
):
    if unit > 1:
        stockless = None  # it would have to pass on multiples of the unit
    can_stock = [j != stockless for j in range(4)]
    draw = np.random.default_rng(seed)
    if smooth:  # whole units over what is expected meanwhile, as most costs that fall
        tau = np.arange(48)
        rate, spread = draw.uniform(0.05, 0.9, (2, 4, 1))
        listed = np.ceil(rate * tau + spread * np.sqrt(tau)) - rate * tau + 0.1
        listed *= draw.uniform(0.5, 3.0, (4, 1))
    else:
        listed = draw.uniform(0.0, 3.0, (4, 48))
    times = component(shape, process, delays, limit, unit, can_stock, outside)
    cost = Jagged(listed, unit)
    solution = METHODS[method](times, cost, TIGHT, Search())
    least = enumerated(times, cost)
    outcome = solution.outcome
    heard, quoted = times.settled(solution.service)
    tau = heard + times.process - quoted
    assert (quoted == solution.service).all()
    assert outcome.objective == pytest.approx(sum(listed[j][tau[j]] for j in range(4)))
    assert outcome.bound <= least + 1e-7 * abs(least)
    if method != "dual":  # which may rest before it has a proof
        assert outcome.status == "optimal"
        assert outcome.objective == pytest.approx(least, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("method", ["auto", "exact", "milp"])
def test_a_supply_from_outside_may_be_the_last_where_quotes_are_rounded_up(method):
    """The third stage may quote 6 after its supplier has quoted 0, though that could quote 3."""
    times = component(
        "late join", [4, 3, 0, 5], [3, 1, 2], FREE, 3, [True] * 4, outside=(0, 2, 5, 0)
    )
    listed = np.full((4, 48), 1.0)
    listed[0, :4] = 9.0  # the first stage is cheap where it promises nothing
    listed[2, [0, 2]] = 0.5, 0.0  # the third where it quotes 6, more so where it quotes 3
    listed[3, 13] = 0.0  # and the last where it hears at 8, as it does of a quote of 6
    cost = Jagged(listed, 3)
    found = METHODS[method](times, cost, TIGHT, Search())
    assert found.outcome.status == "optimal"
    assert found.service[[0, 2]].tolist() == [0, 6]
    assert found.outcome.objective == pytest.approx(enumerated(times, cost)) == 2.5


def sawtooth(ticks):
    """A cost of whole units: it falls until the next unit is needed."""
    tau = np.arange(40)
    base = [np.ceil(0.4 * tau), np.ceil(0.3 * tau), np.ceil(0.35 * tau), np.ceil(0.28 * tau + 0.6)]
    rate = [0.4, 0.3, 0.35, 0.28]
    return Jagged([one - slope * tau for one, slope in zip(base, rate, strict=True)], ticks)


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_a_proof_that_lets_supplies_lie_claims_a_cost_that_no_plan_has(method, monkeypatch):
    times = component("late join", [1, 2, 4, 2], [0, 2, 2, 0], 0, 1, [True] * 4)
    cost = sawtooth(1)
    least = enumerated(times, cost)
    found = METHODS[method](times, cost, TIGHT, Search())
    assert "branching" in found.route  # either supply of the last stage may be the later one
    assert found.outcome.objective == pytest.approx(least)
    monkeypatch.setattr(
        "echelon.optimization.methods.prove_settled",
        lambda problem, limits, search, prover: prover(problem, limits, search),
    )
    idle = METHODS[method](times, cost, TIGHT, Search())
    assert idle.outcome.objective < least - 0.1


@pytest.mark.parametrize("unit", [1, 3])
def test_only_waits_are_charged(unit):
    times = component("late join", [3, 2, 4, 2], [1, 0, 2, 1], FREE, unit, [True] * 4)
    problem = FlatProblem.on_quotes(times, sawtooth(unit), times.quotable_flat())
    prompt = PromptSupplies.of(problem)
    assert prompt.only_lanes().tolist() == [ANY, ANY, 0, ANY]
    charged = [prompt.charged(np.array([ANY, ANY, 0, lane])) for lane in (1, 2)]
    kinds = set()
    for numbers in np.ndindex(*(times.outbound_high // unit + 1)):
        heard, quoted = times.settled(unit * np.array(numbers))
        if (quoted != unit * np.array(numbers)).any():
            continue
        plan = problem.locate(heard, quoted)
        price = problem.evaluate(plan)
        ready = [quoted[times.pred_stage[lane]] + times.lane_delay[lane] for lane in (1, 2)]
        extra = [one.evaluate(plan) - price for one in charged]
        assert extra[int(np.argmax(ready))] == pytest.approx(0.0, abs=1e-9)
        assert min(extra) >= -1e-9
        later = heard + unit * np.array([0, 0, 1, 0])
        if (later <= times.inbound_high).all() and later[2] + times.process[2] - quoted[2] < 40:
            waiting = problem.locate(later, quoted)
            kinds.add(bool(charged[0].evaluate(waiting) > problem.evaluate(waiting) + 1e-6))
    assert kinds == {True}


def test_costs_that_never_fall_are_not_charged():
    times = component("diamond", [3, 2, 4, 2], [1, 0, 2, 1], 0, 1, [True] * 4)
    rising = Jagged(np.sqrt(np.arange(40)) * np.ones((4, 1)), 1)
    assert PromptSupplies.of(FlatProblem.on_grid(times, rising)) is None
