"""Names, tables rows and columns: what is looked up, made and judged."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

from echelon.distributions import (
    FAMILIES,
    Deterministic,
    Distribution,
    Empirical,
    Gamma,
    MomentFault,
    NegativeBinomial,
    Normal,
    Poisson,
    Scipy,
    TruncatedNormal,
    Uniform,
    as_distribution,
    check_moments,
    family_class,
    make,
    register,
)
from echelon.distributions.moments import rules_of
from echelon.errors import DomainError, UnknownNameError

BLANK = math.nan


def test_the_families_there_are():
    assert sorted(FAMILIES) == [
        "binomial",
        "compound_poisson",
        "deterministic",
        "empirical",
        "gamma",
        "geometric",
        "lognormal",
        "mixture",
        "negative_binomial",
        "normal",
        "per_period",
        "poisson",
        "scipy",
        "smoothed_empirical",
        "sum",
        "triangular",
        "truncated_normal",
        "uniform",
        "weibull",
        "zero_inflated",
    ]


@pytest.mark.parametrize(
    ("name", "near"),
    [("Normal", "normal"), ("negative-binomial", "negative_binomial"), ("log-normal", "lognormal")],
)
def test_unknown_families_offer_the_nearest(name, near):
    for ask in (family_class, lambda family: make(family, 1.0, 1.0)):
        with pytest.raises(UnknownNameError, match=rf"Did you mean '{near}'\? Known: binomial"):
            ask(name)
    with pytest.raises(UnknownNameError, match="Did you mean"):
        check_moments(name, [1.0], [1.0])


def test_a_family_that_is_no_text_is_unknown():
    with pytest.raises(UnknownNameError, match=r"\['normal'\]"):
        family_class(["normal"])


def test_a_name_is_registered_once():
    with pytest.raises(DomainError, match="'normal' is registered already"):
        register(Normal)


def test_a_family_of_ones_own(monkeypatch):
    """The ten-line recipe: a frozen dataclass and one line."""
    monkeypatch.setattr("echelon.distributions.base.FAMILIES", dict(FAMILIES))

    @register
    @dataclass(frozen=True)
    class Doubled(Poisson):
        family: ClassVar[str] = "doubled"

        def sample(self, rng, size):
            return 2.0 * rng.poisson(self.mean / 2.0, size)

    assert make("doubled", 4.0) == Doubled(4.0)
    assert as_distribution(Doubled(4.0)) == Doubled(4.0)
    assert "doubled" not in FAMILIES


@pytest.mark.parametrize("parameters", [None, "", "{}", {}, math.nan])
def test_blank_parameters_are_none_at_all(parameters):
    assert make("gamma", 10.0, 4.0, parameters) == Gamma(10.0, 4.0)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("{low: 0}", "not JSON"),
        ("[0, 1]", "not an object"),
        (7, "not an object"),
        ({"low": 0}, "parameter 'high' is missing"),
        ({"low": 0, "high": 1, "mode": 1}, "no parameter 'mode'"),
        ({"low": "0", "high": 1}, "not a number"),
        ({"low": 1, "high": 1}, "low must be below high"),
        ({"low": 0, "high": math.inf}, "high is inf"),
    ],
)
def test_parameters_that_say_nothing(parameters, told):
    with pytest.raises(DomainError, match=told):
        make("uniform", parameters=parameters)


@pytest.mark.parametrize("family", ["normal", "gamma", "poisson", "deterministic"])
def test_families_without_parameters_take_none(family):
    with pytest.raises(DomainError, match=f"{family} takes no parameter 'shape'"):
        make(family, 4.0, BLANK, {"shape": 2.0})


def test_moments_beside_parameters_must_agree():
    parameters = {"low": 0.0, "high": 12.0}
    assert make("uniform", 6.0, 3.464, parameters) == Uniform(0.0, 12.0)
    with pytest.raises(DomainError, match=r"mean is 7.0 but the parameters give 6.0"):
        make("uniform", 7.0, BLANK, parameters)
    with pytest.raises(DomainError, match=r"std is 3.0 but the parameters give 3.46"):
        make("uniform", 6.0, 3.0, parameters)


@pytest.mark.parametrize("family", ["empirical", "scipy"])
def test_families_that_moments_do_not_determine(family):
    with pytest.raises(DomainError, match="parameters are missing"):
        make(family, 10.0, 3.0)
    with pytest.raises(DomainError, match="moments do not say"):
        FAMILIES[family].from_moments(10.0, 3.0)
    *_, faults = check_moments(family, [10.0, 10.0], [3.0, 0.0])
    assert [(fault.column, fault.rows) for fault in faults] == [("parameters", (0,))]


def test_poisson_takes_its_rounded_deviation_and_no_other():
    assert make("poisson", 5.0, 2.236) == Poisson(5.0)
    for std in (2.2, 5.0, 0.0):
        with pytest.raises(DomainError, match="must be the square root of the mean"):
            make("poisson", 5.0, std)
    _, std, faults = check_moments("poisson", [5.0, 4.0, 0.0], [2.236, BLANK, BLANK])
    assert faults == []
    assert std.tolist() == [math.sqrt(5.0), 2.0, 0.0]


def test_a_column_is_filled_and_left_alone():
    mean, std = np.array([10.0, 20.0]), np.array([BLANK, 0.0])
    filled_mean, filled_std, faults = check_moments("deterministic", mean, std)
    assert (filled_mean.tolist(), filled_std.tolist(), faults) == ([10.0, 20.0], [0.0, 0.0], [])
    assert np.isnan(std[0])
    filled_mean[0] = 99.0
    assert mean[0] == 10.0


def test_moments_follow_from_parameters():
    rows = ['{"values": [0, 4], "probabilities": [0.5, 0.5]}', None, '{"value": [0]}']
    mean, std, faults = check_moments("empirical", [BLANK] * 3, [BLANK] * 3, rows)
    assert (mean[0], std[0]) == (2.0, 2.0)
    assert [(fault.column, fault.rows) for fault in faults] == [
        ("parameters", (2,)),
        ("parameters", (1,)),
    ]
    assert "values, probabilities" in faults[0].remedy


@pytest.mark.parametrize(("family", "named"), [("empirical", '"values"'), ("scipy", '"name"')])
def test_parameters_that_are_blank_are_asked_for_and_the_moments_are_not(family, named):
    *_, faults = check_moments(family, [BLANK, 5.0], [BLANK, BLANK])
    assert [(fault.column, fault.rows) for fault in faults] == [("parameters", (0, 1))]
    assert named in faults[0].remedy
    with pytest.raises(DomainError, match=f"parameters are missing.*{named}"):
        make(family)


def test_values_are_equally_likely_unless_probabilities_are_given():
    made = make("empirical", parameters='{"values": [8, 4, 8, 8]}')
    assert made == Empirical([4, 8], [0.25, 0.75])
    with pytest.raises(DomainError, match="0 values"):
        make("empirical", parameters={"values": []})
    with pytest.raises(DomainError, match="probabilities is None"):
        make("empirical", parameters={"values": [1], "probabilities": None})


def test_a_fault_of_many_rows_is_one_fault():
    *_, faults = check_moments("gamma", [1.0, -1.0, 2.0, -3.0], [1.0, 1.0, -1.0, 1.0])
    assert faults == [
        MomentFault("std", (2,), "must be a finite number >= 0", faults[0].remedy),
        MomentFault("mean", (1, 3), "must be above 0", faults[1].remedy),
    ]
    assert "family 'normal'" in faults[1].remedy


def test_a_table_of_100_000_rows_makes_no_objects():
    """Judged in columns: a tenth of a second of CPU, where objects would take seconds."""
    rng = np.random.default_rng(1)
    mean = rng.uniform(1.0, 100.0, 100_000)
    for family in ("normal", "truncated_normal", "gamma", "lognormal", "uniform"):
        began = time.process_time()
        *_, faults = check_moments(family, mean, 0.3 * mean)
        assert time.process_time() - began < 0.1, family
        assert faults == []


def test_as_distribution_takes_ours_as_it_is():
    ours = Gamma(10.0, 4.0)
    assert as_distribution(ours) is ours


def test_as_distribution_wraps_a_frozen_one():
    assert as_distribution(stats.gamma(4.0, scale=2.5)) == Scipy("gamma", (4.0,), (("scale", 2.5),))


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        (stats.gamma, "freeze it"),
        (5.0, "echelon.distributions"),
        ("normal", "echelon.distributions"),
        (None, "echelon.distributions"),
    ],
)
def test_as_distribution_refuses_what_is_none(candidate, told):
    with pytest.raises(DomainError, match=told):
        as_distribution(candidate)


def test_as_distribution_takes_a_class_of_ones_own():
    class Coin:
        family = "coin"
        moment_rules = ()
        discrete, mean, variance, std, support = True, 0.5, 0.25, 0.5, (0.0, 1.0)
        sample = cdf = ppf = sum_over = parameters = lambda *_: None
        expected_std = from_moments = from_parameters = classmethod(lambda *_: None)

    coin = Coin()
    assert isinstance(coin, Distribution)
    assert as_distribution(coin) is coin


def test_statistics_are_loaded_on_first_use():
    """Making, checking, adding up and drawing pay for neither scipy.special nor scipy.stats."""
    code = """
import sys
from echelon import distributions as ed
from echelon.rng import stream
for family in ("normal", "truncated_normal", "gamma", "lognormal", "uniform"):
    made = ed.make(family, 10.0, 3.0)
    made.sum_over(2.0)
    if family != "truncated_normal":
        made.sample(stream(1), 3)
ed.make("poisson", 3.0).sample(stream(1), 3)
ed.make("negative_binomial", 3.0, 3.0).sample(stream(1), 3)
ed.check_moments("gamma", [1.0], [1.0])
ed.as_distribution(ed.Normal(1.0, 1.0))
loaded = [name for name in ("scipy.special", "scipy.stats", "pandas") if name in sys.modules]
assert loaded == [], loaded
ed.Normal(0.0, 1.0).cdf(0.0)
assert "scipy.stats" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Normal(math.nan, 1.0), "normal: mean is nan"),
        (lambda: Normal(1.0, math.inf), "normal: std is inf"),
        (lambda: Normal(1.0, -1.0), r"normal\(mean=1.0, std=-1.0\): std must be .* >= 0"),
        (lambda: Normal(5.0, 0.0), r"a known demand is Deterministic\(5.0\)"),
        (lambda: Normal("5", 1.0), "mean is '5', not a number"),
        (lambda: Normal(True, 1.0), "mean is True, not a number"),
        (lambda: Normal(1e150, 1.0), "mean must be a finite number"),
        (lambda: Normal(1e9, 1e-9), "lost in the rounding of the mean"),
        (lambda: Gamma(0.0, 1.0), "gamma.*mean must be above 0"),
        (lambda: Gamma(-1.0, 1.0), "gamma.*mean must be above 0.*family 'normal'"),
        (lambda: Gamma(1.0, 1001.0), "at most 1000 times the mean"),
        (lambda: TruncatedNormal(1.0, 1.0), "at most 0.999999 times the mean.*family 'gamma'"),
        (lambda: Uniform(2.0, 2.0), "low must be below high"),
        (lambda: Uniform(3.0, 2.0), "low must be below high"),
        (lambda: Poisson(-1.0), "poisson: mean is -1.0, must be >= 0"),
        (lambda: Poisson(math.inf), "poisson: mean is inf"),
        (lambda: NegativeBinomial(4.0, 2.0), "squared must be above the mean.*'poisson'"),
        (lambda: NegativeBinomial(0.0, 2.0), "mean must be above 0"),
        (lambda: NegativeBinomial(-1.0, 2.0), "mean must be >= 0"),
        (lambda: Deterministic(math.nan), "deterministic: value is nan"),
        (lambda: Deterministic.from_moments(3.0, 1.0), "std must be 0"),
        (lambda: Empirical([], []), "0 values and 0 probabilities"),
        (lambda: Empirical([1.0], [0.5, 0.5]), "1 values and 2 probabilities"),
        (lambda: Empirical([1.0, 2.0], [0.5, 0.6]), r"they add up to 1\.1"),
        (lambda: Empirical([1.0, 2.0], [-0.5, 1.5]), "smallest probability is -0.5"),
        (lambda: Empirical([1.0, math.nan], [0.5, 0.5]), r"values\[1\] is nan"),
        (lambda: Empirical("12", [0.5, 0.5]), "values is '12'"),
        (lambda: Empirical(3.0, [1.0]), "values is 3.0"),
    ],
)
def test_a_bad_object_cannot_exist(wrong, told):
    with pytest.raises(DomainError, match=told) as caught:
        wrong()
    assert "Fix: " in str(caught.value)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_rules_of_moments_say_the_same_of_plain_numbers_and_of_columns(family):
    values = [-1.0, 0.0, 1e-14, 0.5, 1.0, 3.0, 1e101, float("inf"), float("nan")]
    means, stds = (grid.ravel() for grid in np.meshgrid(values, values))
    for rule in chain(*rules_of(family_class(family))):
        with np.errstate(all="ignore"):
            columns = np.asarray(rule.broken(means, stds)).tolist()
        one_by_one = [
            bool(rule.broken(mean, std))
            for mean, std in zip(means.tolist(), stds.tolist(), strict=True)
        ]
        assert one_by_one == columns, rule.message
