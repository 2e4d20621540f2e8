"""Options within limits: against enumeration, the declared model, and what it says of faults."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from benchmarks.quality.portfolio import options_of, random_problem
from echelon.errors import DomainError, EchelonError, InfeasibleError, TableError, UnknownNameError
from echelon.optimization.portfolio.choose import Chosen, choose
from echelon.optimization.portfolio.model import choose_by_model
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow


def solved(problem: OptionProblem, gap: float = 0.0) -> Chosen | None:
    rows = [LimitRow(f"row {r}", "", "use", "") for r in range(problem.n_rows)]
    try:
        return choose(problem, rows, gap=gap, time_limit=20.0)
    except EchelonError:
        return None


def enumerated(problem: OptionProblem) -> float:
    options = [range(a, b) for a, b in zip(problem.first[:-1], problem.first[1:], strict=True)]
    best = np.inf
    for picked in product(*options):
        choice = np.array(picked)
        if problem.keeps(choice):
            best = min(best, float(problem.cost[choice].sum()))
    return best


@pytest.mark.parametrize("seed", range(60))
def test_the_optimum_is_that_of_the_declared_model(seed: int):
    problem = random_problem(seed)
    outcome, want = choose_by_model(problem, None, gap=0.0, time_limit=None)
    found = solved(problem)
    assert (found is None) == (want is None)
    if found is not None:
        assert problem.keeps(found.choice)
        assert found.cost == pytest.approx(outcome.objective, rel=1e-6, abs=1e-6)
        assert found.bound <= found.cost
        assert found.bound == pytest.approx(found.cost, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", [s for s in range(60) if random_problem(s).n_skus <= 5])
def test_the_optimum_is_that_of_enumeration(seed: int):
    problem = random_problem(seed)
    found, best = solved(problem), enumerated(problem)
    assert (found is None) == np.isinf(best)
    if found is not None:
        assert found.cost == pytest.approx(best, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_one_budget_is_proven_from_prices_alone(seed: int):
    frame, _ = options_of(2_000, seed)
    amount = 0.4 * frame.groupby("sku")["stock_value"].max().sum()
    choice = ec.choose_options(frame, ec.AtMost("stock_value", amount), cost="penalty")
    assert choice.termination == "prices"
    assert choice.gap < 1e-5
    assert choice.n_fractional <= 1
    assert choice.chosen["stock_value"].sum() <= amount * (1.0 + 1e-9)


def test_a_budget_and_many_segments():
    frame, _ = options_of(1_500)
    frame["segment"] = "s" + (pd.factorize(frame["sku"])[0] % 40).astype(str)
    budget = ec.AtMost("stock_value", 0.5 * frame.groupby("sku")["stock_value"].max().sum())
    free = ec.choose_options(frame, budget, cost="penalty")
    reached = free.chosen.groupby("segment")["short"].sum()
    most = {
        name: value * (0.8 if k % 4 == 0 else 1.3)
        for k, (name, value) in enumerate(reached.items())
    }
    floors = ec.AtMost("short", most, by="segment", name="shortage")
    choice = ec.choose_options(frame, [budget, floors], cost="penalty", gap=2e-3)
    assert choice.gap < 2e-3
    assert choice.cost >= free.cost
    held = choice.chosen.groupby("segment")["short"].sum()
    assert all(held[name] <= amount * (1.0 + 1e-8) for name, amount in most.items())
    binding = int((choice.limits["price"] > 0.0).sum())
    assert 2 <= binding <= 41
    assert choice.n_fractional <= binding + 5  # ties and shares near 0 but not there
    assert (choice.limits["room"] >= -1e-6 * choice.limits["asked"]).all()


def test_a_planted_wrong_price_proves_less():
    problem = random_problem(3)
    found = solved(problem)
    assert found is not None
    assert problem.bound(np.zeros(problem.n_rows)) <= found.cost
    assert problem.bound(found.price + 10.0) < found.bound


OPTIONS = pd.DataFrame(
    {
        "sku": ["bolt"] * 3 + ["gear"] * 3,
        "option": ["low", "mid", "high"] * 2,
        "backorders": [9.0, 4.0, 1.0, 8.0, 3.0, 2.0],
        "value": [10.0, 20.0, 40.0, 30.0, 80.0, 160.0],
        "line": ["a", "a", "b", "b", "b", "b"],
    }
)


def test_at_least_and_labels():
    served = OPTIONS.assign(served=10.0 - OPTIONS["backorders"])
    choice = ec.choose_options(served, ec.AtLeast("served", 13.0), cost="value")
    assert choice.cost == 100.0
    assert choice.limits["sense"].tolist() == ["at least"]
    assert choice.limits["reached"].tolist() == [13.0]
    lines = ec.AtMost("value", {"a": 15.0, "b": 100.0}, by="line", name="line")
    choice = ec.choose_options(OPTIONS, lines, cost="backorders", gap=0.0)
    assert choice.cost == 9.0  # bolt high and gear low share b; bolt mid would crowd a
    assert choice.limits["group"].tolist() == ["a", "b"]


def test_limits_that_cannot_be_kept_alone_are_named_with_the_amount():
    with pytest.raises(InfeasibleError, match=r"value asks for at most 30.00.*reach 40.00.*10.00"):
        ec.choose_options(OPTIONS, ec.AtMost("value", 30.0), cost="backorders")


def test_limits_that_cannot_be_kept_together_are_named_with_the_amount():
    limits = [ec.AtMost("value", 45.0), ec.AtMost("backorders", 6.0)]
    with pytest.raises(InfeasibleError, match="together, though each by itself") as caught:
        ec.choose_options(OPTIONS.assign(cost=0.0), limits)
    assert "asks for at most" in str(caught.value)


def test_a_table_tells_all_its_faults():
    broken = OPTIONS.assign(
        value=["x", *OPTIONS["value"][1:]], option=["low", "low", "high", "low", "mid", "high"]
    )
    broken.loc[3, "sku"] = None
    with pytest.raises(TableError) as caught:
        ec.choose_options(broken, ec.AtMost("value", 30.0), cost="backorders")
    text = str(caught.value)
    assert "options.value: must be a finite number; row 1 (bolt, low): 'x'" in text
    assert "options.sku: is empty; row 4" in text
    with pytest.raises(TableError, match=r"options.option: occurs twice for this sku; row 2"):
        ec.choose_options(
            broken.assign(sku=OPTIONS["sku"], value=1.0),
            ec.AtMost("value", 30.0),
            cost="backorders",
        )
    with pytest.raises(TableError, match=r"options.hours: column is missing"):
        ec.choose_options(OPTIONS, ec.AtMost("hours", 30.0), cost="backorders")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ec.AtMost("value", float("nan")), "must be a finite number"),
        (lambda: ec.AtMost("value", {"a": 1.0}), "by does not say which column"),
        (lambda: ec.AtMost("value", 1.0, by="line"), "give a mapping"),
        (lambda: ec.choose_options(OPTIONS, "value", cost="backorders"), "no limit of options"),
        (
            lambda: ec.choose_options(OPTIONS, ec.AtMost("value", 1.0), cost="backorders", gap=2.0),
            "gap is 2.0",
        ),
        (
            lambda: ec.choose_options(
                OPTIONS, ec.AtMost("value", {"c": 1.0}, by="line"), cost="backorders"
            ),
            "no option has line 'c'",
        ),
    ],
    ids=["nan", "labels", "by", "no-limit", "gap", "unknown-label"],
)
def test_bad_arguments_say_what_to_do(make, told: str):
    with pytest.raises(DomainError, match=told):
        make()


def test_a_frontier_is_monotone_and_each_point_is_proven():
    frame, _ = options_of(200)
    amount = 0.5 * frame.groupby("sku")["stock_value"].max().sum()
    choice = ec.choose_options(frame, ec.AtMost("stock_value", amount), cost="penalty", gap=1e-3)
    points = choice.frontier(n_points=6)
    assert (points["asked"].diff().dropna() < 0.0).all()
    assert (points["cost"].diff().dropna() >= 0.0).all()
    assert (points["bound"] <= points["cost"] * (1.0 + 1e-9)).all()
    assert points["chosen"].sum() == 1
    assert points.loc[points["chosen"], "cost"].item() == pytest.approx(choice.cost)
    assert (points["gap"].iloc[:-3] < 1e-3).all()
    with pytest.raises(UnknownNameError, match="unknown limit"):
        choice.frontier("stok_value")


def test_a_choice_is_written_and_told(tmp_path):
    choice = ec.choose_options(OPTIONS, ec.AtMost("value", 100.0), cost="backorders")
    choice.write(tmp_path)
    assert {path.stem for path in tmp_path.glob("*.csv")} >= {"chosen_options", "limits"}
    assert "Options chosen for 2 SKUs: cost 7.00" in choice.summary()
    assert "bolt" in repr(choice)
    assert "<table" in choice._repr_html_()
