"""Exposure demand of every pair of families against a million samples, within 4 standard errors.

Demand is drawn period by period and added up, lead times are drawn, and the distribution function
and the expected shortage are compared at four levels. Lead times with a density are rounded up to
whole periods for demands without sums over fractions of one, and drawn as they are for the others.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon import distributions as ed
from echelon.distributions.described import specification
from echelon.exact.single_stage.base_stock import single_stage
from echelon.lead_time.exposed_periods import whole_periods
from echelon.lead_time.exposure import exposure_demand
from echelon.rng import stream

N_DRAWS = 1_000_000
LEVELS = np.array([0.5, 0.9, 0.95, 0.99])

DEMANDS = {
    "normal": ed.Normal(20.0, 6.0),
    "truncated_normal": ed.TruncatedNormal(20.0, 12.0),
    "gamma": ed.Gamma(10.0, 9.0),
    "lognormal": ed.LogNormal(10.0, 10.0),
    "uniform": ed.Uniform(2.0, 9.0),
    "weibull": ed.Weibull(10.0, 13.0),
    "triangular": ed.Triangular(1.0, 2.0, 12.0),
    "poisson": ed.Poisson(1.7),
    "negative_binomial": ed.NegativeBinomial(4.0, 5.0),
    "binomial": ed.Binomial(12, 0.3),
    "geometric": ed.Geometric(2.0),
    "geometric from 1": ed.Geometric(2.0, start=1),
    "deterministic": ed.Deterministic(7.0),
    "empirical": ed.Empirical([0, 1.5, 6, 20], [0.5, 0.2, 0.2, 0.1]),
    "compound_poisson of gamma": ed.CompoundPoisson(0.6, ed.Gamma(8.0, 5.0)),
    "compound_poisson of lognormal": ed.CompoundPoisson(0.6, ed.LogNormal(8.0, 5.0)),
    "compound_poisson of packs": ed.CompoundPoisson(0.6, ed.Empirical([12, 24], [0.7, 0.3])),
    "zero_inflated gamma": ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)),
    "zero_inflated weibull": ed.ZeroInflated(0.3, ed.Weibull(8.0, 5.0)),
    "mixture": ed.Mixture([ed.Gamma(4.0, 2.0), ed.Normal(30.0, 5.0)], [0.8, 0.2]),
    "smoothed_empirical": ed.SmoothedEmpirical([0, 3, 10], [0.5, 0.3, 0.2], 0.8),
    "scipy logistic": ed.Scipy("logistic", (20.0, 3.0)),
}

LEAD_TIMES = {
    "deterministic": ed.Deterministic(3.0),
    "empirical, two humps": ed.Empirical([1, 2, 8], [0.5, 0.25, 0.25]),
    "poisson": ed.Poisson(2.0),
    "binomial": ed.Binomial(8, 0.4),
    "geometric": ed.Geometric(1.5),
    "negative_binomial": ed.NegativeBinomial(2.0, 2.0),
    "gamma": ed.Gamma(3.0, 1.5),
    "lognormal": ed.LogNormal(3.0, 1.5),
    "weibull": ed.Weibull(3.0, 2.0),
    "uniform": ed.Uniform(0.5, 5.0),
    "triangular": ed.Triangular(1.0, 2.0, 7.0),
    "truncated_normal": ed.TruncatedNormal(3.0, 1.5),
    "smoothed_empirical": ed.SmoothedEmpirical([1, 2, 9], [0.5, 0.3, 0.2], 0.1),
    "mixture": ed.Mixture([ed.Gamma(1.5, 0.5), ed.Gamma(6.0, 1.0)], [0.7, 0.3]),
}


def in_whole_periods(lead_time):
    return lead_time if lead_time.discrete else whole_periods(lead_time)


def assert_matches(model, drawn):
    """Distribution function, shortage and moments, each within 4 of its standard errors."""
    drawn = np.sort(drawn)
    levels = model.ppf(LEVELS)
    promised, expected = model.cdf(levels), model.shortage(levels)
    error = np.sqrt(np.maximum(promised * (1.0 - promised), 0.0) / N_DRAWS)
    reached = np.searchsorted(drawn, levels, side="right")
    share = reached / N_DRAWS
    assert (np.abs(share - promised) <= 4.0 * error + 1e-9).all(), (share, promised, error)
    for at, level, owed in zip(reached, levels, expected, strict=True):
        short = drawn[at:] - level  # the others are short of nothing
        mean = short.sum() / N_DRAWS
        error = np.sqrt(max(short @ short / N_DRAWS - mean**2, 0.0) / N_DRAWS)
        assert abs(mean - owed) <= 4.0 * error + 1e-9, (level, mean, owed, error)
    assert abs(drawn.mean() - model.mean) <= 4.0 * drawn.std() / N_DRAWS**0.5 + 1e-9
    squares = (drawn - drawn.mean()) ** 2
    error = np.sqrt(max(squares @ squares / N_DRAWS - squares.mean() ** 2, 0.0) / N_DRAWS)
    assert abs(squares.mean() - model.variance) <= 4.0 * error + 1e-9


@pytest.fixture(scope="module")
def ended():
    """Per lead time: how many of a million exposures are over after 0, 1, 2, … periods."""
    return {
        name: np.cumsum(
            np.bincount(
                in_whole_periods(lead_time)
                .sample(stream(31, "lead time", name), N_DRAWS)
                .astype(np.int64)
            )
        )
        for name, lead_time in LEAD_TIMES.items()
    }


@pytest.mark.parametrize("family", DEMANDS)
def test_every_lead_time_in_whole_periods(family, ended):
    """A million exposures per lead time, the shortest first, and the same demand for all of them.

    Which demand goes with which exposure is left to chance, so the order of exposures is free, and
    demand is drawn on only for those that last.
    """
    demand = DEMANDS[family]
    rng = stream(31, "demand", family)
    totals = {name: np.zeros(N_DRAWS) for name in LEAD_TIMES}
    running = np.zeros(N_DRAWS)
    for period in range(1, max(map(len, ended.values()))):
        lasting = {name: after for name, after in ended.items() if period < len(after)}
        first = min(after[period - 1] for after in lasting.values())
        running[first:] += demand.sample(rng, int(N_DRAWS - first))
        for name, after in lasting.items():
            here = slice(after[period - 1], after[period])
            totals[name][here] = running[here]
    for name, lead_time in LEAD_TIMES.items():
        assert_matches(exposure_demand(demand, in_whole_periods(lead_time)), totals[name])


def test_points_off_every_lattice_stay_inside_the_bounds():
    """Their atoms are smeared over a step, so the levels may be off, by no more than is said."""
    demand = ed.Empirical([0, 2**0.5, np.pi, 9.1], [0.4, 0.2, 0.3, 0.1])
    model = exposure_demand(demand, LEAD_TIMES["empirical, two humps"])
    rng = stream(35, "off the lattice")
    periods = LEAD_TIMES["empirical, two humps"].sample(rng, N_DRAWS)
    drawn = np.zeros(N_DRAWS)
    for period in range(8):
        drawn += np.where(periods > period, demand.sample(rng, N_DRAWS), 0.0)
    levels = np.linspace(-1.0, 40.0, 200)
    share = np.searchsorted(np.sort(drawn), levels, side="right") / N_DRAWS
    error = 4.0 * 0.5 / N_DRAWS**0.5
    assert (share >= model.cdf(levels - model.error_bound) - error).all()
    assert (share <= model.cdf(levels + model.error_bound) + error).all()
    short = np.array([np.maximum(drawn - level, 0.0).mean() for level in levels])
    noise = 4.0 * drawn.std() / N_DRAWS**0.5
    assert (model.shortage(levels) >= short - noise).all()
    assert (model.shortage(levels) <= short + noise + model.shortage_bound).all()


def over(family, rng, periods):
    """Demand of fractional periods, straight from NumPy and the parameters."""
    if family == "normal":
        return rng.normal(20.0 * periods, 6.0 * np.sqrt(periods))
    if family == "gamma":
        return rng.gamma((10.0 / 9.0) ** 2 * periods, 8.1)
    if family == "poisson":
        return rng.poisson(1.7 * periods).astype(float)
    if family == "negative_binomial":
        return rng.poisson(rng.gamma(16.0 / 21.0 * periods, 21.0 / 4.0)).astype(float)
    if family == "geometric":
        return rng.poisson(rng.gamma(periods, 2.0)).astype(float)
    if family == "deterministic":
        return 7.0 * periods
    orders = rng.poisson(0.6 * periods)
    if family == "compound_poisson of gamma":
        return np.where(orders > 0, rng.gamma(np.maximum(orders, 1e-9) * 2.56, 3.125), 0.0)
    sizes = DEMANDS[family].size.sample(rng, int(orders.sum()))
    return np.bincount(np.repeat(np.arange(len(orders)), orders), sizes, minlength=len(orders))


@pytest.mark.parametrize("lead_time", [n for n, law in LEAD_TIMES.items() if not law.discrete])
@pytest.mark.parametrize(
    "family",
    [
        "normal",
        "gamma",
        "poisson",
        "negative_binomial",
        "geometric",
        "compound_poisson of gamma",
        "compound_poisson of lognormal",
        "compound_poisson of packs",
    ],
)
def test_lead_times_with_a_density(family, lead_time):
    law = LEAD_TIMES[lead_time]
    rng = stream(32, family, lead_time)
    drawn = over(family, rng, law.sample(rng, N_DRAWS) + 1.0)
    assert_matches(exposure_demand(DEMANDS[family], law, 1.0), drawn)


BIMODAL = ed.Empirical([2, 9], [0.9, 0.1])


def test_a_two_humped_lead_time_is_not_two_moments():
    """Promised 95 %, the two-moment formula gives 90: what a supplier by air and by sea costs."""
    rng = stream(33, "bimodal")
    periods = BIMODAL.sample(rng, N_DRAWS) + 1.0
    drawn = rng.gamma(6.25 * periods, 1.6)
    exact = exposure_demand(ed.Gamma(10.0, 4.0), BIMODAL, 1)
    normal = exposure_demand(ed.Gamma(10.0, 4.0), BIMODAL, 1, method="normal")
    gamma = exposure_demand(ed.Gamma(10.0, 4.0), BIMODAL, 1, method="gamma")
    kept = {
        name: (drawn <= model.ppf(0.95)).mean()
        for name, model in {"exact": exact, "normal": normal, "gamma": gamma}.items()
    }
    error = np.sqrt(0.95 * 0.05 / N_DRAWS)
    assert abs(kept["exact"] - 0.95) <= 4.0 * error
    for name, model in {"normal": normal, "gamma": gamma}.items():
        assert kept[name] < 0.93  # the service lost
        assert abs(kept[name] - exact.cdf(model.ppf(0.95))) <= 4.0 * error
    assert (normal.mean, normal.variance) == (exact.mean, exact.variance)


@pytest.mark.parametrize("review", [0, 1, 3])
@pytest.mark.parametrize("family", ["gamma", "lognormal", "zero_inflated gamma", "poisson"])
def test_a_stage_with_random_lead_times_that_do_not_cross(family, review):
    """Base stock run period by period: order, wait, serve; measures against the formulas.

    Lead times are drawn per order and made not to overtake by drawing one for all orders of a
    replication: the law of each stays what it is.
    """
    demand, lead_time = DEMANDS[family], ed.Empirical([0, 2, 5], [0.3, 0.5, 0.2])
    stage = single_stage(demand, lead_time, review)
    level = float(stage.base_stock_for("cycle_service_level", 0.9))
    told = stage.measures(level)
    rng = stream(34, family, review)
    n_reps, cycle = 60_000, max(review, 1)
    n_periods = 5 + 2 * cycle + 1
    asked = demand.sample(rng, (n_periods, n_reps))
    lead = lead_time.sample(rng, n_reps).astype(int)
    owed, stock, late = [], [], []
    sums = np.concatenate((np.zeros((1, n_reps)), np.cumsum(asked, axis=0)))
    columns = np.arange(n_reps)
    for end in range(n_periods - cycle, n_periods):  # one whole cycle, at the end
        if review == 0:
            exposed = lead
            earlier = np.maximum(lead - 1, 0)
        else:
            # the newest order that has come: placed at the start of a review period
            reviews = np.arange(0, end + 1, review)
            arrived = reviews[:, None] + lead[None, :] <= end
            newest = np.where(arrived, reviews[:, None], -1).max(axis=0)
            exposed = end + 1 - newest
            earlier = exposed - 1
        since = sums[end + 1 - exposed, columns]
        start = level - (sums[end + 1 - (exposed - earlier), columns] - since)
        net = level - (sums[end + 1] - since)
        owed.append(np.maximum(-net, 0.0))
        stock.append(np.maximum(net, 0.0))
        late.append(np.maximum(-net, 0.0) - np.maximum(-start, 0.0))

    for exact, seen in (
        (told.backorders, np.mean(owed, axis=0)),
        (told.on_hand, np.mean(stock, axis=0)),
        (told.ready_rate, np.mean(np.array(owed) <= 0.0, axis=0)),
    ):
        assert abs(seen.mean() - exact) <= 4.0 * seen.std() / n_reps**0.5 + 1e-9
    missed = np.sum(late, axis=0) - (1.0 - told.fill_rate) * cycle * demand.mean
    assert abs(missed.mean()) <= 4.0 * missed.std() / n_reps**0.5 + 1e-9


RUN = {
    name: DEMANDS[name]
    for name in (
        "gamma",
        "lognormal",
        "weibull",
        "negative_binomial",
        "binomial",
        "empirical",
        "compound_poisson of packs",
        "zero_inflated weibull",
        "mixture",
        "smoothed_empirical",
    )
}
CASES = [(name, review, lead_time) for name in RUN for review in (0, 1, 4) for lead_time in (1, 5)]


@pytest.fixture(scope="module")
def simulated():
    """Every case a stage by itself, under the base stock that promises a fill rate of 92 %."""
    given = [specification(RUN[name]) for name, _, _ in CASES]
    told = []
    for name, review, lead_time in CASES:
        stage = single_stage(RUN[name], lead_time, review)
        told.append(stage.measures(stage.base_stock_for("fill_rate", 0.92)))
    items = [" ".join(map(str, case)) for case in CASES]
    stages = pd.DataFrame(
        {
            "item": items,
            "location": "shop",
            "lead_time": [lead_time for _, _, lead_time in CASES],
            "review_period": [review for _, review, _ in CASES],
            "holding_cost": 1.0,
            "base_stock": [float(one.base_stock) for one in told],
        }
    )
    demand = pd.DataFrame(
        {
            "item": items,
            "location": "shop",
            "family": [one["family"] for one in given],
            "mean": [one.get("mean") for one in given],
            "std": [one.get("std") for one in given],
            "parameters": [json.dumps(one.get("parameters", {})) for one in given],
        }
    )
    network = ec.Network.from_tables(stages, None, demand)
    run = ec.simulate(network, periods=300, replications=400, seed=36).stages.set_index("item")
    return {case: (one, run.loc[item]) for case, one, item in zip(CASES, told, items, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_stage_measures_what_the_simulator_counts(simulated, case):
    """The formulas and the simulator share no code but the drawing of demand."""
    told, row = simulated[case]
    names = ["cycle_service_level", "ready_rate", "fill_rate", "on_hand", "backorders"]
    for name in names:
        exact = float(getattr(told, name))
        assert abs(row[name] - exact) <= 4.0 * row[f"{name}_se"] + 1e-12, (name, row[name], exact)
        assert row[f"{name}_se"] > 0.0
