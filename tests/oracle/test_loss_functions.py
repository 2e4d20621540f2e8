"""Published loss functions of first and second order, by the public functions."""

from __future__ import annotations

import json
from math import exp

import pytest

from echelon import distributions as ed
from echelon.exact.loss_functions import loss


def lognormal(log_mean, log_std):
    mean = exp(log_mean + 0.5 * log_std**2)
    return ed.LogNormal(mean, mean * (exp(log_std**2) - 1.0) ** 0.5)


def negative_binomial(successes, chance):
    mean = successes * (1.0 - chance) / chance
    return ed.NegativeBinomial(mean, (mean / chance) ** 0.5)


DEMANDS = {
    "standard_normal": lambda: ed.Normal(0.0, 1.0),
    "normal": ed.Normal,
    "lognormal": lognormal,
    "uniform": ed.Uniform,
    "exponential": lambda rate: ed.Gamma(1.0 / rate, 1.0 / rate),
    "gamma": lambda shape, scale: ed.Gamma(shape * scale, shape**0.5 * scale),
    "poisson": ed.Poisson,
    "binomial": ed.Binomial,
    "geometric": lambda chance: ed.Geometric(1.0 / chance, start=1),
    "negative_binomial": negative_binomial,
}
"""As the file's ``conventions`` describe the arguments."""


def test_loss_functions(shared_oracles):
    path = shared_oracles / "textbook" / "loss_functions.json"
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    assert cases
    for case in cases:
        second = case["model"].endswith("_second_loss")
        family = case["model"].removesuffix("_loss").removesuffix("_second")
        level, *arguments = case["inputs"]["args"]
        found = loss(DEMANDS[family](*arguments), level)
        above = found.second_shortage if second else found.shortage
        below = found.second_leftover if second else found.leftover
        assert above == pytest.approx(case["expected"]["n"], rel=1e-9), case["id"]
        assert below == pytest.approx(case["expected"]["n_bar"], rel=1e-9), case["id"]
