"""One stage under base stock against exact formulas, within 4 standard errors, fixed seed.

Twenty-seven stages, each a component by itself, in one run: demand normal, gamma and Poisson;
review period 0, 1 and 4; lead time 0, 3 and 10.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import echelon as ec
from echelon.distributions import make

MEAN = 20.0
STD = {"normal": 4.0, "gamma": 9.0, "poisson": MEAN**0.5}  # five deviations: no returns
CASES = list(itertools.product(STD, (0, 1, 4), (0, 3, 10)))
SERVICE = 0.9


def demand_over(family, periods):
    return make(family, MEAN, STD[family]).sum_over(periods)


def exposure(review, lead_time):
    """Clause 2: lead time + review period. At 0 an order is there for the demand it follows."""
    return lead_time + review


def level_of(family, review, lead_time):
    periods = exposure(review, lead_time)
    return float(demand_over(family, periods).ppf(SERVICE)) if periods else 0.0


def shortage(family, periods, level):
    """Loss function n(t, S) = E[(D_t - S)^+], units (ALGORITHMS: closed forms per family)."""
    if periods == 0:
        return max(-level, 0.0)
    mean, std = MEAN * periods, STD[family] * periods**0.5
    if family == "normal":
        z = (level - mean) / std
        return std * (stats.norm.pdf(z) - z * stats.norm.sf(z))
    if family == "gamma":
        shape, scale = (mean / std) ** 2, std**2 / mean
        longer = stats.gamma.sf(level, shape + 1, scale=scale)
        return mean * longer - level * stats.gamma.sf(level, shape, scale=scale)
    return float(stats.poisson.sf(np.arange(level, level + 40 * std), mean).sum())


@pytest.fixture(scope="module")
def run():
    stages = pd.DataFrame(
        {
            "item": [f"{family} {review} {lead_time}" for family, review, lead_time in CASES],
            "location": "shop",
            "lead_time": [lead_time for _, _, lead_time in CASES],
            "review_period": [review for _, review, _ in CASES],
            "holding_cost": 1.0,
            "base_stock": [level_of(*case) for case in CASES],
        }
    )
    demand = pd.DataFrame(
        {
            "item": stages["item"],
            "location": "shop",
            "family": [family for family, _, _ in CASES],
            "mean": MEAN,
            "std": [STD[family] for family, _, _ in CASES],
        }
    )
    network = ec.Network.from_tables(stages, None, demand)
    return ec.simulate(network, periods=400, replications=512, seed=20)


def row_of(run, case):
    family, review, lead_time = case
    return run.stages.set_index("item").loc[f"{family} {review} {lead_time}"]


def assert_close(row, column, exact):
    # an exact 1 or 0 has no variation between replications, and then no tolerance either
    assert abs(row[column] - exact) <= 4 * row[f"{column}_se"] + 1e-12, (column, row[column], exact)


@pytest.mark.parametrize("case", CASES)
def test_cycle_service_level_is_the_distribution_function(run, case):
    """P(D over the exposure <= S). Exposure 0: every order is filled at once, service is 1."""
    family, review, lead_time = case
    periods = exposure(review, lead_time)
    level = level_of(*case)
    exact = float(demand_over(family, periods).cdf(level)) if periods else 1.0
    row = row_of(run, case)
    assert_close(row, "cycle_service_level", exact)
    assert row["cycle_service_level_se"] < 0.005


@pytest.mark.parametrize("case", CASES)
def test_fill_rate_is_one_less_shortage_over_demand(run, case):
    """Fill rate 1 - [n(L + R, S) - n(L, S)] / (R mu).

    Continuous review with lead time L is review in every period with lead time L - 1 (clause 2).
    """
    family, review, lead_time = case
    level = level_of(*case)
    if exposure(review, lead_time) == 0:
        exact = 1.0
    elif review == 0:
        new = shortage(family, lead_time, level) - shortage(family, lead_time - 1, level)
        exact = 1.0 - new / MEAN
    else:
        end, start = shortage(family, lead_time + review, level), shortage(family, lead_time, level)
        exact = 1.0 - (end - start) / (review * MEAN)
    row = row_of(run, case)
    assert_close(row, "fill_rate", exact)
    assert row["on_time_rate"] == row["fill_rate"]


@pytest.mark.parametrize("case", CASES)
def test_stock_and_backorders_are_loss_functions(run, case):
    """At the end of a period its exposure is L (continuous) or L + 1 to L + R, in turn."""
    family, review, lead_time = case
    level = level_of(*case)
    exposures = [lead_time] if review == 0 else [lead_time + k for k in range(1, review + 1)]
    owed = np.mean([shortage(family, periods, level) for periods in exposures])
    net = level - MEAN * np.mean(exposures)
    row = row_of(run, case)
    assert_close(row, "backorders", owed)
    assert_close(row, "net_inventory", net)
    assert_close(row, "on_hand", net + owed)
    assert row["on_hand"] - row["backorders"] == pytest.approx(row["net_inventory"], abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_ready_rate_averages_over_the_periods_of_a_cycle(run, case):
    family, review, lead_time = case
    level = level_of(*case)
    exposures = [lead_time] if review == 0 else [lead_time + k for k in range(1, review + 1)]
    exact = np.mean([float(demand_over(family, t).cdf(level)) if t else 1.0 for t in exposures])
    assert_close(row_of(run, case), "ready_rate", exact)


@pytest.mark.parametrize("case", CASES)
def test_pipeline_is_demand_over_the_lead_time(run, case):
    """Little's law."""
    row = row_of(run, case)
    assert_close(row, "in_process", MEAN * case[2])
