"""Many distributions at once answer as each does alone."""

from __future__ import annotations

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.distributions.loss import expected_leftover, expected_shortage
from echelon.distributions.second_loss import expected_second_leftover, expected_second_shortage
from echelon.distributions.whole import whole_ppf

LAWS = [
    ed.Normal(20.0, 6.0),
    ed.Poisson(4.0),
    ed.Gamma(10.0, 14.0),
    ed.Binomial(12, 0.3),
    ed.LogNormal(10.0, 10.0),
    ed.NegativeBinomial(4.0, 5.0),
    ed.Geometric(2.0, start=1),
    ed.Uniform(-2.0, 9.0),
    ed.Deterministic(7.5),
    ed.Weibull(10.0, 13.0),
    ed.Poisson(300.0),
    ed.Empirical([-1, 0, 1.5, 6], [0.1, 0.4, 0.2, 0.3]),
    ed.Binomial(5, 1.0),
    ed.Geometric(0.0),
    ed.as_distribution(__import__("scipy.stats", fromlist=["gumbel_r"]).gumbel_r(20.0, 3.0)),
]


def test_every_question_is_answered_as_one_by_one():
    together = ed.array(LAWS)
    levels = np.array([[-4.0], [0.0], [3.5], [5.0], [11.0], [30.0]])
    for name, alone in (
        ("cdf", lambda law, x: law.cdf(x)),
        ("sf", lambda law, x: 1.0 - law.cdf(x)),
        ("shortage", expected_shortage),
        ("leftover", expected_leftover),
        ("second_shortage", expected_second_shortage),
        ("second_leftover", expected_second_leftover),
    ):
        found = getattr(together, name)(levels)
        assert found.shape == (6, len(LAWS))
        for at, law in enumerate(LAWS):
            wanted = alone(law, levels[:, 0])
            assert found[:, at] == pytest.approx(wanted, rel=1e-9, abs=1e-12), (name, law)


def test_quantiles():
    together = ed.array(LAWS)
    shares = np.array([[0.0], [1e-6], [0.3], [0.7], [0.99], [1.0 - 1e-9], [1.0]])
    found = together.ppf(shares)
    for at, law in enumerate(LAWS):
        wanted = law.ppf(shares[:, 0])
        wanted[[0, -1]] = law.support
        assert found[:, at] == pytest.approx(wanted, rel=1e-9), law
    assert np.array(together.support()).T.tolist() == [list(law.support) for law in LAWS]


def test_what_went_in_comes_out():
    together = ed.array(LAWS)
    assert list(together) == LAWS
    assert [together[at] for at in range(len(LAWS))] == LAWS
    assert list(together.take([3, 0, 3])) == [LAWS[3], LAWS[0], LAWS[3]]


@pytest.mark.parametrize("skewness", [-5.0, 0.0, 2.0, 50.0])
def test_a_bad_guess_is_mended(skewness):
    """The quantile is counted, whatever the guess it starts from."""
    mean = np.array([0.2, 7.0, 900.0])
    shares = np.array([[1e-9], [0.02], [0.5], [0.999], [1.0 - 1e-12]])
    poisson = ed.array("poisson", mean)

    def cdf(x, mean, _std):
        return np.array([float(ed.Poisson(m).cdf(k)) for k, m in zip(x, mean, strict=True)])

    found = whole_ppf(cdf, shares, mean, mean**0.5, skewness=np.full(3, skewness))
    assert found.tolist() == poisson.ppf(shares).tolist()
    for at, law in enumerate(poisson):
        assert (law.cdf(found[:, at]) >= shares[:, 0]).all()
        below = law.cdf(found[:, at] - 1.0)
        assert (below < shares[:, 0]).all()


@pytest.mark.parametrize("shape", [(1, 70_000), (1, 1, 70_000), (2, 70_000)])
def test_many_points_are_cut_into_blocks_along_any_axis(shape):
    """Of a first axis of one place the blocks were cut for ever."""
    points = np.linspace(0.0, 50.0, 70_000)
    known = ed.array("gamma", np.full(70_000, 10.0), 4.0)
    flat = known.shortage(points)
    np.testing.assert_array_equal(known.shortage(np.broadcast_to(points, shape))[0].ravel(), flat)
