"""Target inventories against enumeration, family by family.

200 instances of each are in ``benchmarks/quality/target_oracles.py``.
"""

from __future__ import annotations

import numpy as np
import pytest

from echelon.optimization.target_inventory.arguments import TargetOptions
from echelon.optimization.target_inventory.solution import TargetSolution
from echelon.optimization.target_inventory.solve import TargetLimits
from echelon.optimization.target_inventory.solve_targets import solve_targets
from tests import target_cases, target_cases_linked
from tests.target_cases import Case

FAMILIES = [*target_cases.FAMILIES, *target_cases_linked.FAMILIES]


def _cost(case: Case, method: str) -> float:
    options, limits = TargetOptions(**case.options), TargetLimits(method=method, gap=1e-9)
    solved = solve_targets(case.network, options, limits)
    plans = [one for one in solved.solutions if isinstance(one, TargetSolution)]
    assert len(plans) + len(solved.failures) == len(solved.solutions)
    return sum(plan.outcome.objective for plan in plans) if not len(solved.failures) else np.inf


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_least_cost_by_enumeration(family):
    cases = [family(np.random.default_rng(seed)) for seed in range(6)]
    found = [_cost(case, "milp" if k % 2 else "auto") for k, case in enumerate(cases)]
    wanted = [case.least for case in cases]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


def test_a_capacity_that_is_one_too_large_would_be_seen():
    cases = [target_cases.capacity(np.random.default_rng(seed)) for seed in range(12)]
    for case in cases:
        case.tables["stages"]["capacity"] += 1.0
    assert any(_cost(case, "milp") < case.least - 1e-3 for case in cases)


def test_units_that_nobody_asks_for_may_travel_the_slow_way_where_a_fast_one_takes_no_time():
    """Their way costs nothing here, and keeping them at the store does."""
    case = target_cases_linked.expediting(np.random.default_rng(176))
    assert sum(case.tables["demand"]["mean"]) == 0.0
    assert _cost(case, "milp") == pytest.approx(case.least, rel=1e-9)
