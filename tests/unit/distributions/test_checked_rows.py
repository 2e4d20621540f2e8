"""Laws of rows that a check has looked at are those that are looked at again."""

from __future__ import annotations

import math

import pytest

from echelon.distributions import make
from echelon.distributions.base import FAMILIES, make_checked
from echelon.distributions.moments import COMMON_RULES, _usual
from echelon.errors import DomainError, UnknownNameError

ROWS = [
    (family, mean, std, None)
    for family in ("gamma", "normal", "negative_binomial", "lognormal", "weibull", "uniform")
    for mean, std in ((4.0, 3.0), (10.0, 5.5), (9.0, 0.0))
] + [
    ("truncated_normal", 4.0, 2.0, None),
    ("poisson", 4.0, 2.0, None),
    ("poisson", 4.0, math.nan, None),
    ("poisson", 0.0, math.nan, None),
    ("deterministic", 2.5, 0.0, None),
    (
        "compound_poisson",
        math.nan,
        math.nan,
        '{"rate": 2, "size": {"family": "poisson", "mean": 3}}',
    ),
]


def _made(how, row):
    try:
        return how(*row)
    except DomainError as error:
        return str(error)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_as_made_with_a_check(row):
    want, found = _made(make, row), _made(make_checked, row)
    assert found == want
    assert repr(found) == repr(want)
    if not isinstance(want, str):  # all that a family works out when it is made is there
        assert found.ppf([0.1, 0.5, 0.95]).tolist() == want.ppf([0.1, 0.5, 0.95]).tolist()
    assert row[0] in FAMILIES


def test_a_family_that_no_one_knows():
    with pytest.raises(UnknownNameError, match="gama"):
        make_checked("gama", 1.0, 1.0, None)


@pytest.mark.parametrize("mean", [0.0, 1e-90, 1.0, -3.0, 1e12, 1e100, 1e101, math.nan, math.inf])
@pytest.mark.parametrize("std", [0.0, 1e-101, 1e-90, 1e-13, 1.0, 1e100, 1e101, -1.0, math.nan])
def test_usual_moments_break_no_common_rule(mean, std):
    if _usual(mean, std):
        assert not any(rule.broken(mean, std) for rule in COMMON_RULES)
