"""Many demands at once against one demand at a time, bit for bit."""

import numpy as np
import pytest

import echelon.distributions as ed
from echelon.distributions.over_times import cdf_over, quantiles_over
from echelon.distributions.rows_over_times import DemandRows

PACKS = ed.Empirical([12, 24, 60], [0.6, 0.3, 0.1])
DEMANDS = [
    ed.Normal(10.0, 4.0),
    ed.Poisson(0.7),
    ed.NegativeBinomial(3.0, 4.0),
    ed.Sum([ed.NegativeBinomial(5.2, 4.4), ed.Poisson(2.0)]),
    ed.Gamma(10.0, 14.0),
    ed.CompoundPoisson(0.4, PACKS),  # with no transform by formula: one by one
    ed.Sum([ed.Gamma(41.0, 35.0), ed.NegativeBinomial(5.2, 4.4)]),
    ed.Poisson(4_000.0),  # too many to be counted
    ed.CompoundPoisson(2.0, ed.Geometric(4.0, start=1)),
    ed.Deterministic(2.5),
    ed.Sum([ed.NegativeBinomial(1.8, 1.9), ed.Deterministic(1.0 / 3.0)]),
    ed.LogNormal(10.0, 5.0),  # none is found
    ed.Sum([ed.Gamma(10.0, 4.0), ed.Gamma(7.0, 7.0)]),
    ed.Sum([ed.NegativeBinomial(900.0, 200.0), ed.Poisson(400.0)]),
]
SHARES = np.array([0.975, 0.5, 0.9999, 0.95, 0.9, 0.99, 0.8])[np.arange(len(DEMANDS)) % 7]
TIMES = np.array([0.0, 0.5, 1.0, 6.0, 23.4, 200.0])


def curves(seed):
    """Some of the times for each demand, and where they begin."""
    rng = np.random.default_rng(seed)
    times = [TIMES[np.sort(rng.permutation(6)[: rng.integers(1, 7)])] for _ in DEMANDS]
    return np.cumsum([0, *map(len, times)]), np.concatenate(times)


@pytest.mark.parametrize("seed", range(4))
def test_quantiles_of_all_are_those_of_each(seed):
    ptr, times = curves(seed)
    found = DemandRows(DEMANDS, SHARES).quantiles(ptr, times)
    for k, demand in enumerate(DEMANDS):
        here = slice(ptr[k], ptr[k + 1])
        want = quantiles_over(demand, times[here], float(SHARES[k]))
        np.testing.assert_array_equal(found[here], want, err_msg=repr(demand))
    assert np.isfinite(found).mean() > 0.7  # and not all left to another way


def test_probabilities_of_all_are_those_of_each():
    rows = np.array([k for k in range(len(DEMANDS)) for _ in range(3)])
    times = np.tile(TIMES[[1, 3, 4]], len(DEMANDS))
    levels = np.array([DEMANDS[k].mean * t * 1.3 for k, t in zip(rows, times, strict=True)])
    order = np.random.default_rng(0).permutation(len(rows))
    found = DemandRows(DEMANDS, SHARES).cdf(rows[order], times[order], levels[order])
    for at, value in zip(order.tolist(), found.tolist(), strict=True):
        k = rows[at]
        want = cdf_over(DEMANDS[k], float(times[at]), float(levels[at]), float(SHARES[k]))
        assert value == want or (np.isnan(value) and np.isnan(want)), DEMANDS[k]
    assert np.isfinite(found).mean() > 0.7


def test_nothing_depends_on_the_others():
    ptr, times = curves(7)
    together = DemandRows(DEMANDS, SHARES).quantiles(ptr, times)
    back = DemandRows(DEMANDS[::-1], SHARES[::-1])
    parts = [times[ptr[k] : ptr[k + 1]] for k in range(len(DEMANDS))][::-1]
    found = back.quantiles(np.cumsum([0, *map(len, parts)]), np.concatenate(parts))
    ends = np.cumsum([0, *map(len, parts)])
    again = [found[ends[k] : ends[k + 1]] for k in range(len(parts))][::-1]
    np.testing.assert_array_equal(np.concatenate(again), together)


def test_many_frequencies_are_left_to_each(monkeypatch):
    from echelon.distributions import inversion_rows

    ptr, times = curves(2)
    want = DemandRows(DEMANDS, SHARES).quantiles(ptr, times)
    rows, sixes = np.arange(len(DEMANDS)), np.full(len(DEMANDS), 6.0)
    levels = np.array([6.0 * one.mean for one in DEMANDS])
    reached = DemandRows(DEMANDS, SHARES).cdf(rows, sixes, levels)
    longest, highest, _ = inversion_rows._LIMITS
    monkeypatch.setattr(inversion_rows, "_LIMITS", (longest, highest, 16))
    np.testing.assert_array_equal(DemandRows(DEMANDS, SHARES).quantiles(ptr, times), want)
    again = DemandRows(DEMANDS, SHARES).cdf(rows, sixes, levels)
    np.testing.assert_array_equal(again, reached)


def test_a_demand_without_times_is_passed_over():
    ptr = np.array([0, 0, 2, 2])
    found = DemandRows(DEMANDS[1:4], SHARES[1:4]).quantiles(ptr, np.array([1.0, 6.0]))
    want = quantiles_over(DEMANDS[2], np.array([1.0, 6.0]), float(SHARES[2]))
    assert found.tolist() == want.tolist()
