"""Plans where lead times vary: the mixture over them, and what two moments would have lost."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import echelon as ec
from echelon import distributions as ed
from echelon.lead_time.deviation import deviation
from echelon.rng import stream

TWO_OR_NINE = ed.Empirical([2, 9], [0.9, 0.1])
MEAN, STD = 10.0, 4.0
DEMANDS = {
    "gamma": ed.Gamma(MEAN, STD),
    "normal": ed.Normal(MEAN, STD),
    "poisson": ed.Poisson(MEAN),
    "lognormal": ed.LogNormal(MEAN, STD),
    "zero_inflated": ed.ZeroInflated(0.2, ed.Gamma(50.0, 30.0)),
}


def network(
    own, *, transits=(), demand=DEMANDS["normal"], level=0.95, review=0, suppliers=None, **stage
):
    """Parts without stock limits that go into a kit: lead times as laws, numbers or pairs.

    A pair is a mean and a standard deviation of which no more is known.
    """
    parts = [f"part {k}" for k in range(len(transits))]
    suppliers = suppliers or [1.0] * len(parts)
    stages = pd.DataFrame(
        {
            "item": [*parts, "kit"],
            "location": "x",
            "holding_cost": [*(1.0 for _ in parts), 1.5],
            "service_level": [*(np.nan for _ in parts), level],
            "review_period": [*(0 for _ in parts), review],
            **{name: [*(fill for _ in parts), value] for name, (fill, value) in stage.items()},
        }
    ).join(columns([*suppliers, own]))
    lanes = None
    if parts:
        lanes = pd.DataFrame(
            {"from_item": parts, "from_location": "x", "to_item": "kit", "to_location": "x"}
        ).join(columns(transits))
    demands = pd.DataFrame({"item": ["kit"], "location": ["x"], "distribution": [demand]})
    return ec.Network.from_tables(stages, lanes, demands)


def columns(times) -> pd.DataFrame:
    """Lead-time columns of laws, numbers, and pairs of moments."""
    rows = []
    for time in times:
        if isinstance(time, ed.Distribution):
            rows.append((np.nan, np.nan, time))
        else:
            mean, std = time if isinstance(time, tuple) else (time, 0.0)
            rows.append((mean, std, None))
    return pd.DataFrame(rows, columns=["lead_time", "lead_time_std", "lead_time_distribution"])


def kit(plan: ec.Plan) -> pd.Series:
    return plan.stages.set_index("item").loc["kit"]


@pytest.mark.parametrize("review", [0, 2])
@pytest.mark.parametrize("family", DEMANDS)
def test_the_base_stock_is_the_quantile_of_the_mixture(family, review):
    """A stage alone: the same number as ``exposure_demand``, another way to it."""
    demand = DEMANDS[family]
    row = kit(ec.optimize(network(TWO_OR_NINE, demand=demand, review=review)))
    exposed = ec.exposure_demand(demand, TWO_OR_NINE, review)
    level = float(exposed.ppf(0.95))
    assert row["net_replenishment_time"] == pytest.approx(2.7 + review, rel=1e-12)
    assert row["base_stock"] == pytest.approx(level, rel=1e-7)
    assert row["safety_stock"] == pytest.approx(level - MEAN * (2.7 + review), rel=1e-6)
    assert row["service_level"] == pytest.approx(float(exposed.cdf(level)), abs=1e-7)
    assert row["holding_cost"] == pytest.approx(1.5 * row["safety_stock"], rel=1e-12)


@pytest.mark.parametrize("own", [ed.Gamma(4.0, 2.0), ed.LogNormal(4.0, 4.0), ed.Poisson(3.0)])
def test_lead_times_of_any_family_are_mixed_over(own):
    for demand in (DEMANDS["gamma"], DEMANDS["normal"], DEMANDS["poisson"]):
        row = kit(ec.optimize(network(own, demand=demand)))
        want = float(ec.exposure_demand(demand, own).ppf(0.95))
        # cells of a density need not be the same: here they are split wherever few periods blur
        assert row["base_stock"] == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("waits", [0.0, 40.0])
@pytest.mark.parametrize(
    "own", [ed.Uniform(30.0, 90.0), ed.LogNormal(60.0, 300.0), ed.Gamma(60.0, 20.0)]
)
def test_what_a_plan_says_is_what_it_keeps(own, waits):
    """Against the mean over 400,001 quantiles of the lead time, within 0.001.

    Also beside steady demand and where the customer waits most of the time.
    """
    n = 400_001
    times = own.ppf((np.arange(n) + 0.5) / n)
    for std, level in itertools.product((0.5, 5.0, 40.0), (0.9, 0.95)):
        made = network(
            own, demand=ed.Normal(100.0, std), level=level, max_service_time=(0.0, waits)
        )
        row = kit(ec.optimize(made))
        left = np.maximum(times - row["service_time"], 0.0)
        spread = np.maximum(std * np.sqrt(left), 1e-9)
        kept = norm.cdf((row["base_stock"] - 100.0 * left) / spread).mean()
        assert row["service_level"] == pytest.approx(kept, abs=1e-3)
        assert row["service_level"] >= level - 1e-9


def test_two_moments_lose_the_service_they_promise():
    """The same network without the family: 95 % promised, less than 91 % kept."""
    made = network(TWO_OR_NINE, demand=DEMANDS["gamma"])
    stages = made.stages.assign(lead_time_family="", lead_time_parameters="")
    with pytest.warns(ec.DataWarning, match="the service_level they will give is not known"):
        flat = kit(ec.optimize(made.replace(stages=stages)))
    mixed = kit(ec.optimize(made))
    rng = stream(3, "two moments")
    periods = TWO_OR_NINE.sample(rng, 1_000_000)
    drawn = rng.gamma(MEAN**2 / STD**2 * periods, STD**2 / MEAN)
    kept_flat, kept_mixed = ((drawn <= row["base_stock"]).mean() for row in (flat, mixed))
    error = (0.95 * 0.05 / 1e6) ** 0.5
    assert abs(kept_mixed - 0.95) < 4 * error
    assert kept_flat < 0.91
    want = MEAN * 2.7 + norm.ppf(0.95) * (STD**2 * 2.7 + MEAN**2 * TWO_OR_NINE.variance) ** 0.5
    assert flat["base_stock"] == pytest.approx(want, rel=1e-9)


def drawn_demand(rng, exposure: np.ndarray) -> np.ndarray:
    """Normal demand of so many periods, each exposure its own."""
    return rng.normal(MEAN * exposure, STD * np.sqrt(exposure))


@pytest.mark.parametrize(
    ("own", "transits"),
    [
        (TWO_OR_NINE, [ed.Gamma(3.0, 1.5)]),
        (2.0, [ed.Empirical([1, 2, 8], [0.6, 0.3, 0.1])]),
        (ed.Gamma(4.0, 1.0), [ed.LogNormal(3.0, 2.0)]),
    ],
)
def test_with_one_lane_the_service_is_what_is_promised(own, transits):
    """A million orders, drawn from scratch: supplier's quote, transit, own time, demand."""
    made = network(own, transits=transits)
    plan = ec.optimize(made)
    row, quote = kit(plan), plan.stages.iloc[0]["service_time"]
    rng = stream(8, repr(own), repr(transits))
    n = 1_000_000
    wait = quote + transits[0].sample(rng, n)
    wait = wait + (own.sample(rng, n) if isinstance(own, ed.Distribution) else own)
    assert row["service_time"] == 0.0
    kept = (drawn_demand(rng, wait) <= row["base_stock"]).mean()
    error = (0.95 * 0.05 / n) ** 0.5
    # 4 standard errors, and 0.0002 for cells of a density
    assert abs(kept - 0.95) < 4 * error + 2e-4
    assert row["service_level"] == pytest.approx(0.95, abs=1e-6)


@pytest.mark.parametrize("at_once", [True, False])
def test_an_assembly_keeps_at_least_what_it_promises(at_once):
    """Three lanes that vary: the latest supply is never later than the model reckons with.

    Supplies that set out at once, of transits with one mean, are as late as it reckons; those that
    have time to spare are earlier.
    """
    transits = [ed.Gamma(3.0, 1.5), ed.Empirical([2, 7], [0.8, 0.2]), ed.Uniform(1.0, 5.0)]
    own = ed.Empirical([1, 4], [0.7, 0.3])
    suppliers, limit = ([1.0] * 3, 0.0) if at_once else ([6.0, 1.0, 3.0], np.inf)
    limits = {"max_service_time": (limit, 0.0)}
    plan = ec.optimize(network(own, transits=transits, suppliers=suppliers, **limits))
    row, quotes = kit(plan), plan.stages["service_time"].to_numpy()[:-1]
    rng = stream(9, "assembly", str(at_once))
    n = 1_000_000
    arrivals = [
        quote + transit.sample(rng, n) for quote, transit in zip(quotes, transits, strict=True)
    ]
    wait = np.maximum.reduce(arrivals) + own.sample(rng, n)
    kept = (drawn_demand(rng, wait) <= row["base_stock"]).mean()
    tolerance = 4 * (0.95 * 0.05 / n) ** 0.5 + 2e-4  # 0.0002 for cells of a density
    assert kept >= 0.95 - tolerance
    assert row["service_level"] == pytest.approx(0.95, abs=1e-6)
    if at_once:
        assert set(quotes) == {0.0}
        assert kept <= 0.95 + tolerance


@pytest.mark.parametrize("demand", ["gamma", "normal", "lognormal"])
def test_degenerate_distributions_are_fixed_times(demand):
    own, transit = ed.Deterministic(3.0), ed.Empirical([2.0], [1.0])
    random = ec.optimize(network(own, transits=[transit], demand=DEMANDS[demand]))
    fixed = ec.optimize(network(3.0, transits=[2.0], demand=DEMANDS[demand]))
    pd.testing.assert_frame_equal(random.stages, fixed.stages, rtol=1e-9)
    assert random.objective == pytest.approx(fixed.objective, rel=1e-9)


def test_a_narrow_bell_comes_close_to_the_two_moments():
    """A gamma lead time of 20 periods: the narrower, the less its shape counts."""
    differences = []
    for std in (2.0, 1.0, 0.5):
        mixed = kit(ec.optimize(network(ed.Gamma(20.0, std))))
        flat = kit(ec.optimize(network((20.0, std))))
        differences.append(abs(mixed["safety_stock"] / flat["safety_stock"] - 1.0))
    assert differences[0] < 0.05
    assert differences[2] < 0.005
    assert differences == sorted(differences, reverse=True)


def test_upstream_stages_mix_over_their_own_lead_time():
    """Normal demand seen through units per kit: the quantile of a mixture, by bisection here."""
    stages = pd.DataFrame(
        {
            "item": ["part", "kit"],
            "location": "x",
            "holding_cost": [0.01, 50.0],
            "service_level": [None, 0.95],
            "max_service_time": [0.0, 0.0],
        }
    ).join(columns([TWO_OR_NINE, 1.0]))
    lanes = pd.DataFrame(
        {
            "from_item": ["part"],
            "from_location": "x",
            "to_item": "kit",
            "to_location": "x",
            "units_required": 3.0,
        }
    )
    demand = pd.DataFrame({"item": ["kit"], "location": ["x"], "mean": [MEAN], "std": [STD]})
    plan = ec.optimize(ec.Network.from_tables(stages, lanes, demand))
    row = plan.stages.iloc[0]
    assert row["net_replenishment_time"] == pytest.approx(2.7)
    kept = sum(
        weight * norm.cdf(row["base_stock"], 3 * MEAN * periods, 3 * STD * periods**0.5)
        for periods, weight in ((2.0, 0.9), (9.0, 0.1))
    )
    assert kept == pytest.approx(0.95, abs=1e-9)


def test_lognormal_demand_under_a_density_is_left_to_the_normal_and_said():
    """Parts of a period of lognormal demand are not known; rounding cells up would not be exact."""
    with pytest.warns(ec.DataWarning, match="is not known"):
        row = kit(ec.optimize(network(ed.Gamma(4.0, 2.0), demand=DEMANDS["lognormal"])))
    want = float(ec.exposure_demand(DEMANDS["normal"], ed.Gamma(4.0, 2.0)).ppf(0.95))
    assert np.isnan(row["service_level"])
    assert row["base_stock"] == pytest.approx(want, rel=1e-7)


def test_lognormal_demand_rounds_a_lead_time_of_parts_up():
    """2.5 periods count as 3: what arrives within a period serves from the next."""
    own = ed.Empirical([2.5, 7.0], [0.8, 0.2])
    row = kit(ec.optimize(network(own, demand=DEMANDS["lognormal"])))
    whole = ed.Empirical([3.0, 7.0], [0.8, 0.2])
    want = float(ec.exposure_demand(DEMANDS["lognormal"], whole).ppf(0.95))
    assert row["base_stock"] == pytest.approx(want, rel=1e-7)


def test_moments_of_several_lanes_are_added():
    """No more than standard deviations is known: variances add up, by hand here."""
    made = network((3.0, 1.0), transits=[(2.0, 1.5), (4.0, 2.0)], suppliers=[0.0, 0.0])
    row = kit(ec.optimize(made))
    tau = row["net_replenishment_time"]
    z = norm.ppf(0.95)
    noise = MEAN**2 * (1.0 + 1.5**2 + 2.0**2)
    assert row["safety_stock"] == pytest.approx(z * (STD**2 * tau + noise) ** 0.5, rel=1e-9)


@pytest.mark.parametrize("n_lanes", [2, 4])
def test_added_variances_cover_the_latest_of_several_normal_transits(n_lanes):
    """What the page claims of levels from 90 % on, for equal normal deviations."""
    for level in (0.9, 0.95, 0.99):
        latest = norm.ppf(level ** (1.0 / n_lanes))
        assert norm.ppf(level) * n_lanes**0.5 >= latest


def test_a_distribution_beside_moments_falls_back_to_moments_and_says_so():
    """The gamma transit enters by its moments, as the other time has nothing else."""
    made = network((3.0, 1.0), transits=[ed.Gamma(4.0, 2.0)])
    with pytest.warns(ec.DataWarning, match=r"kit @ x: some of the varying lead times"):
        flat = kit(ec.optimize(made))
    want = kit(ec.optimize(network((3.0, 1.0), transits=[(4.0, 2.0)])))
    assert flat["safety_stock"] == pytest.approx(want["safety_stock"], rel=1e-12)


def test_distributions_or_moments_alone_are_not_warned_of(recwarn):
    ec.optimize(network(TWO_OR_NINE, transits=[ed.Gamma(4.0, 2.0)]))
    ec.optimize(network((3.0, 1.0), transits=[(4.0, 2.0)]))
    assert not [one for one in recwarn if "varying lead times" in str(one.message)]


@pytest.mark.parametrize("transit", [(2.0, 1.0), TWO_OR_NINE])
def test_a_stage_without_stock_cannot_wait_for_a_lane_that_varies(transit):
    made = network(2.0, transits=[transit], can_stock=(True, False), max_service_time=(0.0, 99.0))
    plan = ec.optimize(made)
    assert plan.status == "failed"
    assert plan.failures["item"].tolist() == ["kit"]
    assert "while the transit to it varies" in plan.failures["message"].iloc[0]


def test_known_demand_over_a_random_time_needs_stock():
    """10 a period for 5 periods, give or take 1: z x 10 x 1 units, which was once left out."""
    row = kit(ec.optimize(network((5.0, 1.0), demand=ed.Deterministic(10.0))))
    assert row["safety_stock"] == pytest.approx(10.0 * norm.ppf(0.95), rel=1e-9)
    assert row["service_level"] == pytest.approx(0.95, abs=1e-9)
    mixed = kit(ec.optimize(network(TWO_OR_NINE, demand=ed.Deterministic(10.0))))
    assert mixed["base_stock"] == 90.0  # 2 periods in 9 cases of 10 are not enough for 95 %
    assert mixed["service_level"] == 1.0


def test_a_safety_factor_beyond_certainty_covers_the_longest_wait():
    """Φ(9) rounds to 1; the longest of two lead times at nine deviations is what is left."""
    made = network(TWO_OR_NINE)
    stages = made.stages.assign(service_level=np.nan, safety_factor=9.0)
    row = kit(ec.optimize(made.replace(stages=stages)))
    assert row["base_stock"] == pytest.approx(MEAN * 9.0 + 9.0 * STD * 3.0, rel=1e-9)


def test_every_method_finds_the_same_plan():
    made = network(TWO_OR_NINE, transits=[ed.Gamma(3.0, 1.5), 2.0], suppliers=[2.0, TWO_OR_NINE])
    plans = [ec.optimize(made, method=method) for method in ("auto", "exact", "milp")]
    for plan in plans[1:]:
        assert plan.objective == pytest.approx(plans[0].objective, rel=1e-9)


def test_parts_of_a_network_and_workers_make_no_difference():
    one = network(TWO_OR_NINE, transits=[ed.Gamma(3.0, 1.5)])
    frames = []
    for name, place in itertools.product(("stages", "lanes", "demand"), ("a", "b")):
        frame = getattr(one, name)
        for column in frame.columns.intersection(["location", "from_location", "to_location"]):
            frame[column] = place
        frames.append(frame)
    stages, lanes, demand = (pd.concat(frames[k : k + 2]) for k in (0, 2, 4))
    two = ec.Network.from_tables(
        stages.drop(columns=["lead_time", "lead_time_std"]).assign(
            lead_time=[np.nan if family else 1.0 for family in stages["lead_time_family"]],
            lead_time_std=[np.nan if family else 0.0 for family in stages["lead_time_family"]],
        ),
        lanes,
        demand,
    )
    whole = ec.optimize(two, n_jobs=2)
    part = ec.optimize(two.subset(1))
    pd.testing.assert_series_equal(
        whole.stages["base_stock"].iloc[2:], part.stages["base_stock"], check_index=False
    )
    assert whole.objective == pytest.approx(2.0 * part.objective, rel=1e-12)


def test_many_numbers_of_periods_are_made_fewer_without_losing_probability():
    """A cell whose last number is its end: its share was once 1e268, and so were base stocks."""
    transits = [ed.Geometric(2.0), ed.Gamma(2.0, 1.0), ed.Geometric(2.0)]
    made = deviation(ed.Geometric(2.0), transits, fixed=True)
    fewer = made.coarse()
    assert len(fewer.periods) < len(made.periods)
    assert fewer.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (fewer.weights >= 0.0).all()
    for power in (1, 2):
        want = made.weights @ made.periods**power
        assert fewer.weights @ fewer.periods**power == pytest.approx(want, rel=1e-9)


def test_many_values_beside_many_more_do_not_fill_the_memory():
    """Twenty thousand recorded times, made and shipped: 400 million pairs took 3 GB and more."""
    rng = stream(11, "recorded")
    n = 20_000
    own, transit = (
        ed.Empirical(np.sort(rng.gamma(4.0, 2.0, n)), np.full(n, 1.0 / n)) for _ in range(2)
    )
    tracemalloc.start()
    found = deviation(own, [transit])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
    drawn = own.sample(rng, 1_000_000) + transit.sample(rng, 1_000_000) - own.mean - transit.mean
    assert found.weights @ found.periods == pytest.approx(0.0, abs=1e-6)
    variance = own.variance + transit.variance
    assert found.weights @ found.periods**2 == pytest.approx(variance, rel=1e-6)
    for share in (0.5, 0.9, 0.99):
        point = np.quantile(drawn, share)
        excess = np.maximum(drawn - point, 0.0)
        mine = found.weights @ np.maximum(found.periods - point, 0.0)
        assert abs(mine - excess.mean()) < 4 * excess.std() / 1e3 + 1e-3
