"""Loss functions and newsvendors of the textbooks: published values and their recomputation."""

from __future__ import annotations

import json
from math import exp, log

import numpy as np
import pytest

from echelon import distributions as ed
from echelon.exact.loss_functions import expected_leftover, expected_shortage
from echelon.exact.single_stage.base_stock import single_stage


def cases(shared_oracles, name):
    known = json.loads((shared_oracles / "textbook" / name).read_text(encoding="utf-8"))["cases"]
    return {case["id"]: case for case in known}


def lognormal(log_mean, log_std):
    mean = exp(log_mean + 0.5 * log_std**2)
    return ed.LogNormal(mean, mean * (exp(log_std**2) - 1.0) ** 0.5)


def negative_binomial(successes, chance):
    mean = successes * (1.0 - chance) / chance
    return ed.NegativeBinomial(mean, (mean / chance) ** 0.5)


LOSSES = {
    "standard_normal_loss": lambda x: (x, ed.Normal(0.0, 1.0)),
    "normal_loss": lambda x, mean, std: (x, ed.Normal(mean, std)),
    "lognormal_loss": lambda x, mean, std: (x, lognormal(mean, std)),
    "poisson_loss": lambda x, mean: (x, ed.Poisson(mean)),
    "negative_binomial_loss": lambda x, r, p: (x, negative_binomial(r, p)),
}


def test_loss_functions(shared_oracles):
    """Every first-order case of the file; second-order ones are another function."""
    seen = 0
    for case in cases(shared_oracles, "loss_functions.json").values():
        if case["model"] not in LOSSES:
            assert "second" in case["model"], case["model"]
            continue
        level, demand = LOSSES[case["model"]](*case["inputs"]["args"])
        close = {"rel": 1e-8, "abs": 1e-11}
        assert expected_shortage(demand, level) == pytest.approx(case["expected"]["n"], **close)
        assert expected_leftover(demand, level) == pytest.approx(case["expected"]["n_bar"], **close)
        seen += 1
    assert seen == 6


@pytest.mark.parametrize(
    "name", ["nv_normal_4_3", "nv_normal_p4_1", "nv_normal_4_4_L4", "nv_normal_readme"]
)
def test_newsvendor_with_normal_demand(shared_oracles, name):
    """Lead time L of the book is exposure L + 1: review in every period (clause 2.2)."""
    case = cases(shared_oracles, "newsvendor.json")[name]
    given, expected = case["inputs"], case["expected"]
    stage = single_stage(
        ed.Normal(given["demand_mean"], given["demand_sd"]), given.get("lead_time", 0), 1
    )
    hold, short = given["holding_cost"], given["stockout_cost"]
    level = stage.base_stock_for("cycle_service_level", short / (short + hold))
    assert level == pytest.approx(expected["base_stock_level"], rel=1e-9)
    told = stage.measures(level)
    assert hold * told.on_hand + short * told.backorders == pytest.approx(
        expected["cost"], rel=1e-6
    )


@pytest.mark.parametrize("name", ["nv_poisson_4_7_S5", "nv_poisson_4_8a_S13"])
def test_newsvendor_with_poisson_demand(shared_oracles, name):
    case = cases(shared_oracles, "newsvendor.json")[name]
    given = case["inputs"]
    told = single_stage(ed.Poisson(given["demand_mean"]), 0, 1).measures(given["base_stock_level"])
    cost = given["holding_cost"] * told.on_hand + given["stockout_cost"] * told.backorders
    assert cost == pytest.approx(case["expected"]["cost"], rel=1e-9)


def test_newsvendor_with_lognormal_demand(shared_oracles):
    case = cases(shared_oracles, "newsvendor.json")["nv_lognormal_4_8b"]
    given, expected = case["inputs"], case["expected"]
    stage = single_stage(lognormal(given["mu"], given["sigma"]), 0, 1)
    hold, short = given["holding_cost"], given["stockout_cost"]
    level = stage.base_stock_for("cycle_service_level", short / (short + hold))
    told = stage.measures(level)
    assert level == pytest.approx(expected["base_stock_level"], rel=1e-9)
    assert hold * told.on_hand + short * told.backorders == pytest.approx(
        expected["cost"], rel=1e-6
    )


def test_newsvendor_with_demand_value_by_value(shared_oracles):
    case = cases(shared_oracles, "newsvendor.json")["nv_discrete_4_7b"]
    given, expected = case["inputs"], case["expected"]
    masses = given["demand_pmf"]
    stage = single_stage(ed.Empirical([float(v) for v in masses], list(masses.values())), 0, 1)
    hold, short = given["holding_cost"], given["stockout_cost"]
    level = stage.base_stock_for("cycle_service_level", short / (short + hold))
    told = stage.measures(level)
    assert level == expected["base_stock_level"]
    assert hold * told.on_hand + short * told.backorders == pytest.approx(
        expected["cost"], rel=1e-9
    )


@pytest.mark.parametrize(
    ("name", "demand"),
    [
        ("nv_explicit_example_4_2", ed.Normal(50.0, 8.0)),
        ("nv_explicit_poisson_doc", ed.Poisson(50.0)),
    ],
)
def test_newsvendor_with_prices(shared_oracles, name, demand):
    """Profit (r - c) S less (r - v) per unit left: overage c - v, underage r - c."""
    case = cases(shared_oracles, "newsvendor.json")[name]
    given, expected = case["inputs"], case["expected"]
    price, cost, salvage = given["revenue"], given["purchase_cost"], given["salvage_value"]
    stage = single_stage(demand, 0, 1)
    level = stage.base_stock_for("cycle_service_level", (price - cost) / (price - salvage))
    left = float(stage.measures(level).on_hand)
    assert level == pytest.approx(expected["base_stock_level"], rel=1e-9)
    profit = (price - cost) * float(level) - (price - salvage) * left
    assert profit == pytest.approx(expected["profit"], rel=1e-9)


def test_serial_exposure_of_the_example_of_shang_and_song_is_a_poisson_quantile():
    """Newsvendor bounds rest on lead-time demand quantiles: Poisson 16 over 0.5 and 1 period."""
    for periods in (0.5, 1.0):
        stage = single_stage(ed.Poisson(16.0), periods, 0)
        level = float(stage.base_stock_for("cycle_service_level", 0.9))
        mean = 16.0 * periods
        chances = np.exp(-mean + np.arange(60) * log(mean) - _log_factorials(60))
        assert chances[: int(level) + 1].sum() >= 0.9 > chances[: int(level)].sum()


def _log_factorials(n):
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n)))))
