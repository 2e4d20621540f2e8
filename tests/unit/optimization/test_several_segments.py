"""Several segments at one stage: the base stock is the quantile of their total."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon import distributions as ed
from echelon.rng import stream

SEGMENTS = {
    "gamma and counts": (ed.Gamma(20.0, 12.0), ed.NegativeBinomial(6.0, 4.0)),
    "two gammas": (ed.Gamma(20.0, 12.0), ed.Gamma(30.0, 10.0)),
    "lognormal and poisson": (ed.LogNormal(20.0, 15.0), ed.Poisson(4.0)),
    "normal and poisson": (ed.Normal(20.0, 5.0), ed.Poisson(4.0)),
    "packs and gamma": (ed.Empirical([0, 12, 36], [0.6, 0.3, 0.1]), ed.Gamma(20.0, 12.0)),
    "often zero": (
        ed.ZeroInflated(0.3, ed.Gamma(40.0, 20.0)),
        ed.ZeroInflated(0.2, ed.LogNormal(60.0, 30.0)),
    ),
    "three": (ed.Gamma(20.0, 12.0), ed.Poisson(4.0), ed.Deterministic(5.0)),
}


def network(laws, *, lead_time=3.0, correlation=None, own=None, elsewhere=None):
    """A part goes into a kit, which the segments buy; ``elsewhere`` is bought from a second kit."""
    stages = pd.DataFrame(
        {
            "item": ["part", "kit", "spare"],
            "location": "plant",
            "lead_time": [2.0, np.nan if own is not None else lead_time, 1.0],
            "holding_cost": [1.0, 1.1, 1.2],
            "service_level": [None, 0.95, 0.95],
            "lead_time_distribution": [None, own, None],
        }
    )
    lanes = pd.DataFrame(
        {"from_item": "part", "to_item": ["kit", "spare"], "lead_time": 1.0}
    ).assign(from_location="plant", to_location="plant")
    laws = [*laws, elsewhere or ed.Poisson(2.0)]
    demand = pd.DataFrame(
        {
            "item": [*["kit"] * (len(laws) - 1), "spare"],
            "location": "plant",
            "segment": [f"s{k}" for k in range(len(laws))],
            "distribution": laws,
        }
    )
    if correlation is not None:
        first, second, coefficient = correlation
        keys = demand[["item", "location", "segment"]]
        matrix = np.eye(len(laws))
        matrix[first, second] = matrix[second, first] = coefficient
        correlation = ec.correlation_table(keys, matrix)
    return ec.Network.from_tables(stages, lanes, demand, correlation=correlation)


def kit(made):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".* wait for supplies whose times vary")
        return ec.optimize(made).stages.set_index("item").loc["kit"]


@pytest.mark.parametrize("name", SEGMENTS)
def test_the_base_stock_is_the_quantile_of_the_total(name):
    """Against 200,000 totals drawn segment by segment, within 4 standard errors of the share."""
    laws = SEGMENTS[name]
    row = kit(network(laws))
    tau = int(row["net_replenishment_time"])
    assert tau == row["net_replenishment_time"] > 1
    drawn = np.zeros(200_000)
    for k, law in enumerate(laws):
        drawn += law.sample(stream(51, name, k), (tau, 200_000)).sum(axis=0)
    share = (drawn <= row["base_stock"] + 1e-9).mean()
    error = (0.95 * 0.05 / 200_000) ** 0.5
    assert abs(share - row["service_level"]) <= 4.0 * error
    assert row["service_level"] == pytest.approx(0.95, abs=1e-5)
    total = ed.sum_of(laws)
    # what is found by inversion on a lattice so fine that a density is on it to as many digits
    inverted = total.sum_over(1.5) is not None
    exposed = ec.exposure_demand(total, tau, step=total.std / 1000.0 if inverted else None)
    assert row["base_stock"] == pytest.approx(float(exposed.ppf(0.95)), rel=1e-7)


def test_segments_that_add_up_within_a_family_are_one_row():
    one = kit(network((ed.Gamma(13.0, 13.0**0.5),)))
    two = kit(network((ed.Gamma(4.0, 2.0), ed.Gamma(9.0, 3.0))))
    assert two["base_stock"] == pytest.approx(one["base_stock"], rel=1e-12)
    normal = kit(network((ed.Normal(4.0, 2.0), ed.Normal(9.0, 3.0))))
    want = 1.6448536269514722 * (13.0 * normal["net_replenishment_time"]) ** 0.5
    assert normal["safety_stock"] == pytest.approx(want, rel=1e-12)


def test_parts_of_a_period_where_all_segments_have_them():
    row = kit(network(SEGMENTS["gamma and counts"], lead_time=2.5))
    assert row["net_replenishment_time"] % 1.0 == 0.5
    assert row["service_level"] == pytest.approx(0.95, abs=1e-5)
    made = network(SEGMENTS["lognormal and poisson"], lead_time=2.5)
    with pytest.warns(ec.DataWarning, match="demand that is not normal"):
        plan = ec.optimize(made)
    assert np.isnan(plan.stages.set_index("item").loc["kit", "service_level"])


@pytest.mark.parametrize("name", ["gamma and counts", "lognormal and poisson"])
@pytest.mark.parametrize("own", [ed.Empirical([2, 9], [0.9, 0.1]), ed.Gamma(4.0, 2.0)], ids=repr)
def test_random_lead_times_are_mixed_over(name, own):
    """Where sums have no form a lead time with a density leaves the normal, as for one row."""
    laws = SEGMENTS[name]
    made = network(laws, own=own)
    if name == "lognormal and poisson" and isinstance(own, ed.Gamma):
        with pytest.warns(ec.DataWarning, match="demand that is not normal"):
            plan = ec.optimize(made)
        assert np.isnan(plan.stages.set_index("item").loc["kit", "service_level"])
        return
    row = kit(made)
    tau, level = row["net_replenishment_time"], row["base_stock"]
    rng = stream(52, name, repr(own))
    shift = np.maximum(tau + own.sample(rng, 20_000) - own.mean, 0.0)
    if isinstance(own, ed.Empirical):
        shift = np.ceil(shift - 1e-9) if name == "lognormal and poisson" else shift
        kept = 0.0
        for time in np.unique(shift):
            exposed = ec.exposure_demand(ed.Sum(laws), float(time))
            kept += float((shift == time).mean() * exposed.cdf(level))
        chance = 0.1
    else:
        drawn = np.zeros(len(shift))
        for j, time in enumerate(shift):
            for law in laws:
                drawn[j] += float(law.sum_over(float(time)).sample(rng, 1)[0])
        kept, chance = float((drawn <= level).mean()), 0.05
    error = (chance * (1.0 - chance) / len(shift)) ** 0.5
    assert abs(kept - row["service_level"]) <= 4.0 * error
    assert row["service_level"] == pytest.approx(0.95, abs=1e-4)


def test_correlated_segments_keep_the_normal_bound_and_the_warning():
    laws = SEGMENTS["two gammas"]
    made = network(laws, correlation=(0, 1, 0.4))
    with pytest.warns(ec.DataWarning, match="demand that is not normal"):
        plan = ec.optimize(made)
    row = plan.stages.set_index("item").loc["kit"]
    std = (144.0 + 100.0 + 2 * 0.4 * 120.0) ** 0.5
    want = 1.6448536269514722 * std * row["net_replenishment_time"] ** 0.5
    assert row["safety_stock"] == pytest.approx(want, rel=1e-9)
    assert np.isnan(row["service_level"])
    assert made.demand_seen().distribution("kit", "plant") is None


def test_correlation_with_another_stage_does_not_matter():
    laws = SEGMENTS["two gammas"]
    together = network(laws, correlation=(0, 2, 0.3), elsewhere=ed.Gamma(5.0, 3.0))
    free = network(laws, elsewhere=ed.Gamma(5.0, 3.0))
    assert kit(together)["base_stock"] == pytest.approx(kit(free)["base_stock"], rel=1e-12)
    seen = together.demand_seen()
    assert seen.distribution("kit", "plant") == ed.Sum(laws)
    assert seen.distribution("part", "plant") is None
    none = network(laws, correlation=(0, 1, 0.0))
    assert kit(none)["base_stock"] == pytest.approx(kit(network(laws))["base_stock"], rel=1e-12)


def test_a_season_among_the_segments_keeps_the_normal_bound():
    season = ed.PerPeriod((ed.Gamma(10.0, 4.0), ed.Gamma(30.0, 4.0)))
    with pytest.warns(ec.DataWarning):
        plan = ec.optimize(network((ed.Gamma(20.0, 12.0), season)))
    assert np.isnan(plan.stages.set_index("item").loc["kit", "service_level"])


def test_the_same_segments_are_added_up_once():
    shops = [f"shop {k}" for k in range(5)]
    stages = pd.DataFrame(
        {"item": "a", "location": shops, "holding_cost": 1.0, "lead_time": 2.0}
    ).assign(service_level=0.9)
    rows = [
        pd.DataFrame({"item": "a", "location": shops, "segment": name, "distribution": [law] * 5})
        for name, law in zip(("web", "shop"), SEGMENTS["two gammas"], strict=True)
    ]
    plan = ec.optimize(ec.Network.from_tables(stages, demand=pd.concat(rows)))
    assert plan.stages["base_stock"].nunique() == 1


def test_simulated_service_is_the_promised():
    """One stage, a gamma and a negative binomial segment, 4 standard errors."""
    laws = SEGMENTS["gamma and counts"]
    stages = pd.DataFrame(
        {"item": ["kit"], "location": "plant", "lead_time": 4.0, "holding_cost": 1.0}
    ).assign(service_level=0.93)
    demand = pd.DataFrame(
        {"item": "kit", "location": "plant", "segment": ["a", "b"], "distribution": list(laws)}
    )
    made = ec.Network.from_tables(stages, demand=demand)
    plan = ec.optimize(made)
    run = ec.simulate(made, plan, periods=400, replications=400, seed=11)
    row = run.stages.iloc[0]
    promised = plan.stages["service_level"][0]
    assert promised == pytest.approx(0.93, abs=1e-5)
    assert abs(row["cycle_service_level"] - promised) <= 4.0 * row["cycle_service_level_se"]
