"""Which stages get the exact quantile of their demand, and that it is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon import distributions as ed
from echelon.rng import stream

FAMILIES = {
    "lognormal": ed.LogNormal(20.0, 15.0),
    "weibull": ed.Weibull(20.0, 25.0),
    "uniform": ed.Uniform(0.0, 40.0),
    "truncated_normal": ed.TruncatedNormal(20.0, 15.0),
    "triangular": ed.Triangular(0.0, 5.0, 60.0),
    "empirical": ed.Empirical([0, 10, 100], [0.6, 0.3, 0.1]),
    "smoothed_empirical": ed.SmoothedEmpirical([0, 10, 100], [0.6, 0.3, 0.1], 2.0),
    "zero_inflated": ed.ZeroInflated(0.2, ed.Gamma(50.0, 30.0)),
    "mixture": ed.Mixture([ed.Gamma(10.0, 5.0), ed.Gamma(90.0, 20.0)], [0.9, 0.1]),
    "compound_poisson": ed.CompoundPoisson(0.5, ed.LogNormal(30.0, 30.0)),
    "binomial": ed.Binomial(30, 0.2),
    "geometric": ed.Geometric(6.0),
    "scipy": ed.Scipy("weibull_min", (0.8,), (("scale", 15.0),)),
}


def network(demand, *, lead_time=3.0, lane=1.0):
    stages = pd.DataFrame(
        {
            "item": ["part", "kit"],
            "location": "plant",
            "lead_time": [2.0, lead_time],
            "holding_cost": [1.0, 1.1],
            "service_level": [None, 0.95],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["part"],
            "from_location": ["plant"],
            "to_item": ["kit"],
            "to_location": ["plant"],
            "lead_time": [lane],
        }
    )
    customers = pd.DataFrame({"item": ["kit"], "location": ["plant"], "distribution": [demand]})
    return ec.Network.from_tables(stages, lanes, customers)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_base_stock_of_any_family_is_the_quantile_of_its_sum(family):
    """Against 200,000 sums drawn period by period, within 4 standard errors of the share."""
    demand = FAMILIES[family]
    row = ec.optimize(network(demand)).stages.set_index("item").loc["kit"]
    tau = int(row["net_replenishment_time"])
    assert tau == row["net_replenishment_time"] > 1
    drawn = demand.sample(stream(41, family), (tau, 200_000)).sum(axis=0)
    share = (drawn <= row["base_stock"] + 1e-9).mean()
    error = (0.95 * 0.05 / 200_000) ** 0.5
    assert abs(share - row["service_level"]) <= 4.0 * error
    assert row["service_level"] >= 0.95 - 1e-6
    if not demand.discrete:
        assert row["service_level"] == pytest.approx(0.95, abs=1e-5)
    else:
        assert (drawn <= row["base_stock"] - 1e-6).mean() < 0.95 + 4.0 * error


def test_the_normal_bound_would_have_missed():
    """What it was before: a lumpy demand under a formula for a bell."""
    demand = FAMILIES["zero_inflated"]
    row = ec.optimize(network(demand)).stages.set_index("item").loc["kit"]
    tau = row["net_replenishment_time"]
    normal = tau * demand.mean + 1.6448536 * demand.std * tau**0.5
    drawn = demand.sample(stream(42, "lumpy"), (int(tau), 200_000)).sum(axis=0)
    assert (drawn <= normal).mean() < 0.945
    assert row["base_stock"] > normal


def test_exact_and_declared_model_agree_on_a_lattice_quantile():
    made = network(FAMILIES["lognormal"])
    exact, milp = (ec.optimize(made, method=method) for method in ("exact", "milp"))
    assert exact.objective == pytest.approx(milp.objective, rel=1e-9)


@pytest.mark.parametrize("where", [{"lead_time": 2.5}, {"lane": 0.5}])
def test_fractions_of_a_period_leave_the_normal_bound_where_sums_have_no_form(where):
    """Half a period of lognormal demand has no distribution; half of a gamma demand has one."""
    for demand, exact in ((ed.LogNormal(20.0, 15.0), False), (ed.Gamma(20.0, 15.0), True)):
        row = ec.optimize(network(demand, **where)).stages.set_index("item").loc["kit"]
        tau = row["net_replenishment_time"]
        normal = 1.6448536269514722 * 15.0 * np.sqrt(tau)
        assert (row["safety_stock"] == pytest.approx(normal, rel=1e-9)) is not exact
