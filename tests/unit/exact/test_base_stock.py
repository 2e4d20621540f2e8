"""Measures of a stage alone, and the base stock for each of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from echelon import distributions as ed
from echelon.errors import DomainError, UnknownNameError
from echelon.exact.single_stage.base_stock import MEASURES, single_stage

DEMANDS = [
    ed.Normal(20.0, 4.0),
    ed.Gamma(10.0, 9.0),
    ed.LogNormal(10.0, 6.0),
    ed.Poisson(3.0),
    ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)),
    ed.CompoundPoisson(0.6, ed.Empirical([12, 24], [0.7, 0.3])),
]
LEAD_TIMES = [0.0, 3.0, ed.Empirical([1, 6], [0.8, 0.2])]
each = pytest.mark.parametrize("demand", DEMANDS, ids=repr)
each_lead_time = pytest.mark.parametrize("lead_time", LEAD_TIMES, ids=str)


@each
@each_lead_time
@pytest.mark.parametrize("review", [0, 1, 4])
@pytest.mark.parametrize("measure", MEASURES)
def test_the_base_stock_for_a_target_reaches_it_and_no_smaller_one_does(
    demand, lead_time, review, measure
):
    if review == 0 and lead_time == 0.0:
        return  # every order is filled by the one it triggers: any base stock from 0 on serves all
    stage = single_stage(demand, lead_time, review)
    target = 0.3 if measure == "backorders" else 0.93
    level = stage.base_stock_for(measure, target)
    reached = getattr(stage.measures(level), measure)
    below = getattr(stage.measures(level - 1e-6 * demand.std), measure)
    if measure == "backorders":
        assert reached <= target + 1e-7
        assert below > target
    else:
        assert reached >= target - 1e-7
        assert below < target


@each
@each_lead_time
@pytest.mark.parametrize("review", [0, 1, 4])
def test_stock_on_hand_less_backorders_is_stock_less_demand(demand, lead_time, review):
    stage = single_stage(demand, lead_time, review)
    told = stage.measures([5.0, 40.0, 120.0])
    length = lead_time.mean if isinstance(lead_time, ed.Empirical) else lead_time
    length += (review + 1) / 2 if review else 0.0
    net = np.array([5.0, 40.0, 120.0]) - demand.mean * length
    assert told.on_hand - told.backorders == pytest.approx(net, abs=1e-6)
    assert (told.ready_rate >= told.cycle_service_level - 1e-9).all()
    assert (np.diff(told.fill_rate) >= -1e-9).all()
    frame = told.to_frame()
    assert frame["base_stock"].tolist() == [5.0, 40.0, 120.0]
    assert list(frame) == [
        "base_stock",
        "cycle_service_level",
        "ready_rate",
        "fill_rate",
        "on_hand",
        "backorders",
    ]


def test_the_textbook_fill_rate_by_hand():
    """Normal, L = 2, R = 1, S = 70: 1 - [n(3, 70) - n(2, 70)] / 20, with n by scipy."""
    told = single_stage(ed.Normal(20.0, 4.0), 2, 1).measures(70.0)

    def shortage(periods):
        frozen = stats.norm(20.0 * periods, 4.0 * periods**0.5)
        return frozen.expect(lambda d: d - 70.0, lb=70.0)

    assert told.fill_rate == pytest.approx(1.0 - (shortage(3) - shortage(2)) / 20.0, rel=1e-9)
    assert told.cycle_service_level == pytest.approx(stats.norm(60.0, 4.0 * 3**0.5).cdf(70.0))
    assert told.backorders == pytest.approx(shortage(3), rel=1e-9)


def test_continuous_review_is_review_in_every_period_one_period_earlier():
    """Clause 2.1 against 2.2."""
    demand = ed.Gamma(10.0, 9.0)
    one, other = (
        single_stage(demand, 4, 0).measures(60.0),
        single_stage(demand, 3, 1).measures(60.0),
    )
    for name in ("cycle_service_level", "ready_rate", "fill_rate", "on_hand", "backorders"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-12)


def test_no_exposure_and_no_demand():
    nothing = single_stage(ed.Gamma(10.0, 9.0), 0, 0).measures(0.0)
    assert (nothing.cycle_service_level, nothing.fill_rate, nothing.on_hand) == (1.0, 1.0, 0.0)
    idle = single_stage(ed.Deterministic(0.0), 3, 1).measures(5.0)
    assert (idle.fill_rate, idle.on_hand, idle.backorders) == (1.0, 5.0, 0.0)
    owing = single_stage(ed.Gamma(10.0, 9.0), 3, 1).measures(-1e4)
    assert owing.fill_rate == pytest.approx(0.0, abs=1e-9)


def test_stages_side_by_side():
    stage = single_stage(DEMANDS, 2, [0, 1, 2, 3, 0, 1])
    levels = stage.base_stock_for("fill_rate", 0.95)
    assert levels.shape == (6,)
    assert stage.measures(levels).fill_rate == pytest.approx(np.full(6, 0.95), abs=1e-9)
    for at, demand in enumerate(DEMANDS):
        alone = single_stage(demand, 2, [0, 1, 2, 3, 0, 1][at])
        assert alone.base_stock_for("fill_rate", 0.95) == pytest.approx(levels[at], rel=1e-9)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda s: s.base_stock_for("fill_rate", 97.5), "use 0.975"),
        (lambda s: s.base_stock_for("fill_rate", 1.0), "below 1"),
        (lambda s: s.base_stock_for("ready_rate", 0.0), "above 0"),
        (lambda s: s.base_stock_for("backorders", 0.0), "units above 0"),
        (lambda s: s.base_stock_for("backorders", np.nan), "NaN"),
        (lambda s: s.measures(np.nan), "NaN"),
    ],
)
def test_targets_out_of_range(ask, told):
    with pytest.raises(DomainError, match=told):
        ask(single_stage(ed.Gamma(10.0, 4.0), 2, 1))


def test_what_has_no_measures():
    with pytest.raises(UnknownNameError, match="Did you mean 'fill_rate'"):
        single_stage(ed.Gamma(10.0, 4.0), 2, 1).base_stock_for("fill rate", 0.9)
    with pytest.raises(DomainError, match=r"review_period of stage 0 is 1\.5, must be whole"):
        single_stage(ed.Gamma(10.0, 4.0), 2, 1.5)
    with pytest.raises(DomainError, match="has mean -1, must be >= 0"):
        single_stage(ed.Normal(-1.0, 4.0), 2, 1)


def test_a_target_that_every_base_stock_reaches():
    """A fifth of orders is there at once, under continuous review: no stock misses 1 % [2.1]."""
    for demand in (ed.Gamma(10.0, 4.0), ed.Normal(5.0, 20.0)):
        stage = single_stage(demand, ed.Empirical([0, 3], [0.2, 0.8]), 0)
        assert stage.base_stock_for("fill_rate", 0.01) == 0.0


def test_no_base_stock_exceeds_the_largest_possible_demand():
    """On a fine lattice a demand of at most 6283.2 may be put a step further."""
    stage = single_stage(ed.Empirical([0.0, 2**0.5, 1000.0 * np.pi], [0.5, 0.3, 0.2]), 1, 1)
    assert stage.base_stock_for("backorders", 1e-4) <= 2000.0 * np.pi
