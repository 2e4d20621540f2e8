"""The public loss functions: shapes, identities, inverses, draws, faults."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echelon import distributions as ed
from echelon.errors import DomainError
from echelon.exact.loss_functions import (
    level_for_leftover,
    level_for_second_leftover,
    level_for_second_shortage,
    level_for_shortage,
    loss,
)

LAWS = [
    ed.Normal(20.0, 6.0),
    ed.Gamma(10.0, 14.0),
    ed.LogNormal(10.0, 10.0),
    ed.Uniform(-2.0, 9.0),
    ed.Weibull(10.0, 13.0),
    ed.Triangular(1.0, 2.0, 12.0),
    ed.TruncatedNormal(20.0, 12.0),
    ed.Poisson(4.0),
    ed.NegativeBinomial(4.0, 5.0),
    ed.Binomial(12, 0.3),
    ed.Geometric(2.0, start=1),
    ed.Empirical([-1, 0, 1.5, 6, 20], [0.1, 0.4, 0.2, 0.2, 0.1]),
    ed.CompoundPoisson(0.6, ed.Gamma(8.0, 5.0)),
    ed.CompoundPoisson(0.6, ed.Empirical([12, 24], [0.7, 0.3])),
    ed.SmoothedEmpirical([0, 3, 10], [0.5, 0.3, 0.2], 0.8),
    ed.ZeroInflated(0.3, ed.Poisson(5.0)),
    ed.Mixture([ed.Gamma(4.0, 2.0), ed.Normal(30.0, 5.0)], [0.8, 0.2]),
    ed.Scipy("logistic", (20.0, 3.0)),
    ed.Scipy("nbinom", (3, 0.4)),
    ed.Deterministic(7.5),
]
each = pytest.mark.parametrize("law", LAWS, ids=repr)


@each
def test_both_sides_make_the_moments(law):
    levels = np.array([-3.0, 0.0, 4.25, law.mean, law.mean + 3.0 * law.std])
    found = loss(law, levels)
    assert found.shortage - found.leftover == pytest.approx(law.mean - levels, abs=1e-7)
    whole = 0.5 * (law.variance + (law.mean - levels) ** 2)
    assert found.second_shortage + found.second_leftover == pytest.approx(whole, rel=2e-6)


@each
def test_the_second_order_integrates_the_first(law):
    for level in (law.mean - law.std, law.mean + law.std):
        ends = np.linspace(level, level + 1.0, 4097)  # every jump of a slope is on the grid
        owed = loss(law, ends)
        for first, second, sign in (
            (owed.shortage, owed.second_shortage, 1.0),
            (owed.leftover, owed.second_leftover, -1.0),
        ):
            area = np.trapezoid(first, ends)
            assert sign * (second[0] - second[-1]) == pytest.approx(area, rel=1e-4, abs=1e-6)


@each
def test_a_million_draws(law):
    draws = law.sample(np.random.default_rng(3), 1_000_000)
    level = law.mean + 0.5 * law.std
    found = loss(law, level)
    over, under = np.maximum(draws - level, 0.0), np.maximum(level - draws, 0.0)
    for sample, value in (
        (over, found.shortage),
        (under, found.leftover),
        (0.5 * over**2, found.second_shortage),
        (0.5 * under**2, found.second_leftover),
    ):
        error = sample.std(ddof=1) / 1000.0
        assert abs(sample.mean() - value) <= 4.0 * error + 1e-12
        if value > 0.0 and error > 0.0:
            assert abs(sample.mean() - 1.05 * value) > 4.0 * error


@each
def test_inverses_give_the_level_back(law):
    if law.std == 0.0:
        return
    for z in (-0.8, 0.3, 1.5):
        level = law.mean + z * law.std
        found = loss(law, level)
        for inverse, name in (
            (level_for_shortage, "shortage"),
            (level_for_leftover, "leftover"),
            (level_for_second_shortage, "second_shortage"),
            (level_for_second_leftover, "second_leftover"),
        ):
            target = getattr(found, name)
            if target > 1e-9:
                again = getattr(loss(law, inverse(law, target)), name)
                assert again == pytest.approx(target, rel=1e-9), name


@given(
    mean=st.floats(0.1, 1e3),
    variation=st.floats(0.05, 3.0),
    power=st.floats(-13.0, 1.0),
    family=st.sampled_from(["normal", "gamma", "lognormal", "poisson", "negative_binomial"]),
)
@settings(max_examples=40, deadline=None)
def test_inverses_far_out(mean, variation, power, family):
    std = {"poisson": mean**0.5}.get(family, mean * variation)
    if family == "negative_binomial":
        std = max(std, (1.2 * mean) ** 0.5)
    law, target = ed.make(family, mean, std), 10.0**power
    level = level_for_shortage(law, target)
    assert loss(law, level).shortage == pytest.approx(target, rel=1e-8)
    assert level_for_shortage(law, 0.5 * target) >= level


def test_a_target_of_exactly_one_unit_and_of_none():
    law = ed.Poisson(9.0)
    assert loss(law, level_for_leftover(law, 1.0)).leftover == pytest.approx(1.0)
    assert loss(law, level_for_shortage(law, 1.0)).shortage == pytest.approx(1.0)
    assert level_for_shortage(law, 0.0) == np.inf
    assert level_for_leftover(law, 0.0) == 0.0
    assert level_for_shortage(ed.Uniform(2.0, 5.0), 0.0) == 5.0


def test_columns_broadcast_and_keep_their_order():
    levels = np.array([[3.0], [12.0]])
    found = loss(LAWS, levels)
    assert found.shortage.shape == (2, len(LAWS))
    for at, law in enumerate(LAWS):
        for row, level in enumerate((3.0, 12.0)):
            alone = loss(law, level)
            assert isinstance(alone.shortage, float)
            for name in ("shortage", "leftover", "second_shortage", "second_leftover"):
                wanted = getattr(alone, name)
                assert getattr(found, name)[row, at] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert len(found.to_frame()) == 2 * len(LAWS)


def test_faults():
    with pytest.raises(DomainError, match=r"level\[1\] is nan"):
        loss(LAWS[:2], [1.0, np.nan])
    with pytest.raises(DomainError, match=r"target\[2\] is -1.0, must be .*at least 0"):
        level_for_shortage(LAWS[:3], [1.0, 2.0, -1.0])
    with pytest.raises(DomainError, match="beyond what a float can hold"):
        loss(ed.Normal(0.0, 1.0), 1e200)
