"""Each benchmark's smallest size: the peer, an independent implementation, gives our answer."""

from __future__ import annotations

import pytest

pytest.importorskip("stockpyl", reason="the extra `peer` is not installed")

from dataclasses import replace

from benchmarks.quality.exact_models import CASES as MODELS
from benchmarks.quality.exact_models import ModelCase, measure
from benchmarks.registry import Case, DisagreementError, cases

pytestmark = pytest.mark.peer


@pytest.fixture(params=["tree_placement", "serial_simulation"])
def case(request: pytest.FixtureRequest) -> Case:
    return cases()[request.param]


def answer(case: Case, package: str, size: int) -> object:
    value = case.build(size)
    for step in case.contenders[package].values():
        value = step(value)
    return value


def test_contenders_give_one_answer(case: Case):
    size = case.sizes[0]
    answers = {package: answer(case, package, size) for package in case.contenders}
    assert set(answers) == {"echelon", "stockpyl"}
    assert case.agree(case.build(size), answers)


def test_another_answer_is_not_let_pass(case: Case):
    with pytest.raises(DisagreementError):
        case.agree(case.build(case.sizes[0]), {"echelon": 100.0, "stockpyl": 250.0})


def test_every_case_is_registered_under_its_name():
    assert {name: case.name for name, case in cases().items()} == {
        "tree_placement": "tree_placement",
        "serial_simulation": "serial_simulation",
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_classical_models_cost_what_they_cost_there(model: ModelCase):
    """The costs are compared before anything is timed; three SKUs here, one of long series."""
    few = 1 if "series" in model.name else 3
    told = measure(replace(model, batch=few, few=few))
    assert told.ours > 0.0
    assert told.theirs > 0.0


def test_other_costs_are_not_let_pass():
    model = replace(MODELS[0], ours=lambda data: 1.01 * MODELS[0].ours(data), batch=3, few=3)
    with pytest.raises(DisagreementError):
        measure(model)
