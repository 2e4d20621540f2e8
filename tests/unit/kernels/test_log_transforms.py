"""Transforms of rows of numbers against those of the distributions they stand for."""

from __future__ import annotations

import numpy as np
import pytest

import echelon.distributions as ed
from echelon.distributions.transforms import log_transform, transform_rows
from echelon.kernels.log_transforms import tilted, turned

LAWS = {
    "Poisson": ed.Poisson(0.7),
    "negative binomial": ed.NegativeBinomial(3.0, 4.0),
    "nearly Poisson": ed.NegativeBinomial(9.0, 3.0001),
    "gamma": ed.Gamma(10.0, 14.0),
    "normal": ed.Normal(-10.0, 4.0),
    "failures": ed.Geometric(4.0),
    "packs": ed.CompoundPoisson(2.0, ed.Deterministic(12.0)),
    "orders of counts": ed.CompoundPoisson(0.1, ed.NegativeBinomial(9.1, 9.1)),
    "orders of one or more": ed.CompoundPoisson(2.0, ed.Geometric(4.0, start=1)),
    "orders of a density": ed.CompoundPoisson(2.0, ed.Gamma(4.0, 3.0)),
}


@pytest.mark.parametrize("name", LAWS)
def test_as_the_distribution_says(name):
    law, unit = LAWS[name], 1.5
    rows = transform_rows([law])
    tilts = np.concatenate([-np.geomspace(1e-6, 3.0, 20), np.geomspace(1e-6, 3.0, 20)])
    found = np.empty(len(tilts))
    tilted(rows, tilts, unit, found)
    with np.errstate(over="ignore"):
        assert found == pytest.approx(log_transform(law, tilts / unit), rel=1e-11, abs=1e-15)
    omega = np.geomspace(1e-6, 3.1, 40) * unit
    fall, turn = np.empty(40), np.empty(40)
    turned(rows, omega, unit, fall, turn)
    want = log_transform(law, 1j * omega / unit)
    assert fall == pytest.approx(want.real, rel=1e-9, abs=1e-14)
    assert turn == pytest.approx(want.imag, rel=1e-9, abs=1e-14)


def test_several_together():
    laws = [LAWS["gamma"], LAWS["packs"], LAWS["Poisson"]]
    omega = np.linspace(0.1, 3.0, 7)
    fall, turn = np.empty(7), np.empty(7)
    turned(transform_rows(laws), omega, 1.0, fall, turn)
    want = sum(log_transform(law, 1j * omega) for law in laws)
    assert fall + 1j * turn == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    "law",
    [
        ed.LogNormal(10.0, 5.0),
        ed.Deterministic(2.5),
        ed.Geometric(4.0, start=1),
        ed.CompoundPoisson(1.0, ed.Empirical([1, 5], [0.5, 0.5])),
        ed.CompoundPoisson(1.0, ed.CompoundPoisson(1.0, ed.Poisson(2.0))),
    ],
    ids=["no formula", "known", "known in part", "sizes as observed", "orders of orders"],
)
def test_laws_that_no_row_describes(law):
    assert transform_rows([ed.Poisson(1.0), law]) is None
