"""Each benchmark's smallest size: the peer, an independent implementation, gives our answer."""

from __future__ import annotations

import pytest

pytest.importorskip("stockpyl", reason="the extra `peer` is not installed")

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
