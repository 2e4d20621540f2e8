"""Clark and Scarf's series: against Chen and Zheng's recursion, enumeration and one stage alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from echelon import distributions as ed
from echelon.errors import DomainError
from echelon.exact.multi_echelon.levels import serial_measures
from echelon.exact.multi_echelon.serial import clark_scarf

EXAMPLE = {"echelon_holding_cost": [3, 2, 2], "shortage_cost": 37.12, "lead_time": [1, 1, 2]}


def chen_zheng(masses, added, shortage_cost):
    """The plain twin: functions of whole echelon positions, summed value by value.

    masses : probabilities of 0, 1, … units over each lead time, the customers' stage first.
    """
    positions = np.arange(-400, 400)
    least = (shortage_cost + sum(added)) * np.maximum(-positions, 0.0)
    levels = []
    for mass, cost in zip(masses, added, strict=True):
        before = cost * positions + least
        after = np.full(len(positions), np.nan)
        for at in range(len(mass), len(positions)):
            after[at] = sum(p * before[at - k] for k, p in enumerate(mass))
        best = int(np.nanargmin(np.round(after, 9)))
        levels.append(int(positions[best]))
        least = after[np.minimum(np.arange(len(positions)), best)]
        # below what was computed it is a straight line
        known = int(np.flatnonzero(~np.isnan(least))[0])
        slope = least[known + 1] - least[known]
        least[:known] = least[known] + slope * (positions[:known] - positions[known])
    return levels, least[-1]


def whole_masses(demand, periods):
    total = demand.sum_over(periods)
    return np.diff(total.cdf(np.arange(-1, int(total.ppf(1 - 1e-13)) + 2)))


@pytest.mark.parametrize(
    ("demand", "lead_time", "added", "shortage_cost"),
    [
        (ed.Poisson(16.0), [0.25] * 4, [0.25] * 4, 9.0),
        (ed.Poisson(3.0), [1, 2, 0.5], [2.0, 0.5, 1.0], 15.0),
        (ed.NegativeBinomial(4.0, 4.0), [2, 1], [1.0, 3.0], 40.0),
        (ed.Poisson(2.0), [0.0, 2, 0.0, 1], [1.0, 1.0, 0.5, 0.2], 12.0),
    ],
)
def test_the_recursion_of_chen_and_zheng(demand, lead_time, added, shortage_cost):
    masses = [whole_masses(demand, time) if time else np.ones(1) for time in lead_time]
    levels, cost = chen_zheng(masses, added, shortage_cost)
    best = clark_scarf(
        demand, echelon_holding_cost=added, shortage_cost=shortage_cost, lead_time=lead_time
    )
    assert best.echelon_base_stock.tolist() == levels
    assert best.cost == pytest.approx(cost, rel=1e-10)
    assert best.cost_error == 0.0


@settings(max_examples=25, deadline=None)
@given(
    mean=st.floats(0.2, 6.0),
    lead_time=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=2, max_size=4),
    added=st.lists(st.floats(0.05, 4.0), min_size=4, max_size=4),
    shortage_cost=st.floats(0.5, 80.0),
)
def test_the_recursion_of_chen_and_zheng_in_general(mean, lead_time, added, shortage_cost):
    added = added[: len(lead_time)]
    demand = ed.Poisson(mean)
    masses = [whole_masses(demand, time) if time else np.ones(1) for time in lead_time]
    _, cost = chen_zheng(masses, added, shortage_cost)
    arguments = {"echelon_holding_cost": added, "shortage_cost": shortage_cost}
    best = clark_scarf(demand, lead_time=lead_time, **arguments)
    assert best.cost == pytest.approx(cost, rel=1e-8, abs=1e-8)
    # forward from upstream, another way round, the levels cost the same
    told = serial_measures(
        demand, lead_time=lead_time, echelon_base_stock=best.echelon_base_stock, **arguments
    )
    assert told.cost == pytest.approx(best.cost, rel=1e-8, abs=1e-8)


def test_enumeration_of_all_levels():
    demand = ed.NegativeBinomial(2.0, 2.0)
    arguments = {"echelon_holding_cost": [1.0, 0.6, 0.8], "shortage_cost": 14.0}
    arguments |= {"lead_time": [1, 1, 1]}
    grid = np.array(list(itertools.product(range(2, 9), range(4, 13), range(6, 16))), float)
    grid = grid[(np.diff(grid, axis=1) >= 0.0).all(axis=1)]
    costs = serial_measures([demand] * len(grid), echelon_base_stock=grid, **arguments).cost
    best = clark_scarf(demand, **arguments)
    at = int(np.argmin(costs))
    assert grid[at].tolist() == best.echelon_base_stock.tolist()
    assert costs[at] == pytest.approx(best.cost, rel=1e-10)
    assert (grid[at] > grid.min(axis=0)).all()
    assert (grid[at] < grid.max(axis=0)).all()


@pytest.mark.parametrize(
    "law",
    [
        ed.Normal(50.0, 8.0),
        ed.Gamma(10.0, 9.0),
        ed.LogNormal(10.0, 6.0),
        ed.Poisson(7.0),
        ed.ZeroInflated(0.3, ed.Gamma(8.0, 5.0)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("review", [0, 1])
def test_one_stage_is_the_newsvendor(law, review):
    total = law.sum_over(2.0 + review)
    best = clark_scarf(
        law, holding_cost=[1.0], shortage_cost=9.0, lead_time=[2], review_period=review
    )
    if total is None:
        from echelon.lead_time.exposure import exposure_demand

        total = exposure_demand(law, 2.0, review, step=law.std / 400)
        short = total.shortage(best.echelon_base_stock[0])
    else:
        short = ed.array([total]).shortage(best.echelon_base_stock)[0]
    level = float(total.ppf(0.9))
    assert best.echelon_base_stock[0] == pytest.approx(level, rel=1e-4)
    cost = level - law.mean * (2 + review) + 10.0 * short
    assert best.cost == pytest.approx(float(cost), rel=2e-5)
    if law.family in ("normal", "gamma", "poisson"):
        assert best.echelon_base_stock[0] == pytest.approx(level, rel=1e-12)
        assert best.cost == pytest.approx(float(cost), rel=1e-9)


def test_the_textbook_example():
    """Snyder and Shen, example 6.1: levels 6.49, 12.02, 22.71 and a cost of 47.65 by a grid."""
    best = clark_scarf(ed.Normal(5.0, 1.0), **EXAMPLE)
    assert best.echelon_base_stock == pytest.approx([6.49, 12.02, 22.71], abs=0.006)
    assert best.cost == pytest.approx(47.66015, abs=1e-5)
    parts = best.on_hand_cost + best.pipeline_cost + best.shortage_cost
    assert parts == pytest.approx(best.cost, rel=1e-12)
    assert best.pipeline_cost == 4.0 * 5.0 * 1 + 2.0 * 5.0 * 1  # at the rate of who sent it


@pytest.mark.parametrize(
    "law",
    [
        ed.Normal(20.0, 6.0),
        ed.Gamma(10.0, 8.0),
        ed.Gamma(10.0, 20.0),
        ed.LogNormal(10.0, 8.0),
        ed.CompoundPoisson(0.7, ed.Gamma(5.0, 4.0)),
        ed.Uniform(0.0, 10.0),
    ],
    ids=repr,
)
def test_the_error_told_is_larger_than_the_error(law):
    arguments = {"echelon_holding_cost": [1.0, 0.4, 0.6], "shortage_cost": 20.0}
    arguments |= {"lead_time": [1, 2, 1]}
    loose = clark_scarf(law, tolerance=1e-3, **arguments)
    tight = clark_scarf(law, tolerance=1e-8, **arguments)
    assert abs(loose.cost - tight.cost) <= loose.cost_error + tight.cost_error
    assert clark_scarf(law, **arguments).cost_error <= 1e-6 * tight.cost
    told = serial_measures(law, echelon_base_stock=tight.echelon_base_stock, **arguments)
    assert told.cost == pytest.approx(tight.cost, rel=3e-6)


def test_a_fine_lattice_of_its_own_tends_to_a_density():
    """Poisson demand of 40,000 is as good as normal; its lattice is too long to be kept."""
    arguments = {"echelon_holding_cost": [1.0, 1.0], "shortage_cost": 20.0, "lead_time": [1, 2]}
    whole = clark_scarf(ed.Poisson(4e7), **arguments)
    normal = clark_scarf(ed.Normal(4e7, 4e7**0.5), **arguments)
    assert whole.cost == pytest.approx(normal.cost, rel=1e-6)
    assert (whole.echelon_base_stock == np.rint(whole.echelon_base_stock)).all()
    assert whole.echelon_base_stock == pytest.approx(normal.echelon_base_stock, rel=1e-6)


def test_stages_either_way_round_and_costs_either_way():
    best = clark_scarf(ed.Normal(5.0, 1.0), **EXAMPLE)
    turned = clark_scarf(
        ed.Normal(5.0, 1.0),
        holding_cost=[2.0, 4.0, 7.0],
        shortage_cost=37.12,
        lead_time=[2, 1, 1],
        stage_order="upstream_first",
    )
    assert turned.echelon_base_stock[::-1].tolist() == best.echelon_base_stock.tolist()
    assert turned.base_stock[::-1].tolist() == best.base_stock.tolist()
    assert turned.cost == best.cost
    one, other = turned.to_frame(), best.to_frame()  # whose columns count from the customers
    assert one["echelon_base_stock_1"].equals(other["echelon_base_stock_1"])


def test_many_at_once_are_each_alone():
    rng = np.random.default_rng(3)
    laws = [
        ed.Normal(20.0, 6.0),
        ed.Poisson(3.0),
        ed.Gamma(5.0, 4.0),
        ed.Empirical([0, 3], [0.5] * 2),
    ]
    laws += [ed.LogNormal(8.0, 3.0), ed.Deterministic(4.0), ed.NegativeBinomial(9.0, 5.0)]
    added, times = rng.uniform(0.2, 2.0, (7, 3)), rng.integers(0, 4, (7, 3))
    price = rng.uniform(5.0, 50.0, 7)
    seen = []
    many = clark_scarf(
        laws,
        echelon_holding_cost=added,
        shortage_cost=price,
        lead_time=times,
        progress=lambda done, total, label: seen.append((done, total, label)),
    )
    assert many.cost.shape == (7,)
    assert many.echelon_base_stock.shape == (7, 3)
    assert seen[-1] == (7, 7, "serial systems")
    for sku, law in enumerate(laws):
        alone = clark_scarf(
            law, echelon_holding_cost=added[sku], shortage_cost=price[sku], lead_time=times[sku]
        )
        assert many.cost[sku] == pytest.approx(alone.cost, rel=1e-9)
        assert many.echelon_base_stock[sku] == pytest.approx(
            alone.echelon_base_stock, rel=1e-6, abs=1e-9
        )
    frame = many.to_frame()
    assert len(frame) == 7
    assert frame["base_stock_2"].tolist() == many.base_stock[:, 1].tolist()
    assert repr(many).startswith("ClarkScarf of 7")
    assert not many.echelon_base_stock.flags.writeable


def test_one_demand_for_several_costs_and_times_for_all_stages():
    prices = [10.0, 20.0, 40.0]
    best = clark_scarf(
        ed.Gamma(5.0, 3.0), holding_cost=[2.0, 1.0], shortage_cost=prices, lead_time=1
    )
    assert best.cost.shape == (3,)
    assert (np.diff(best.cost) > 0.0).all()
    alone = clark_scarf(ed.Gamma(5.0, 3.0), holding_cost=[2.0, 1.0], shortage_cost=20, lead_time=1)
    assert isinstance(alone.cost, float)
    assert "echelon_base_stock_2" in repr(alone)
    assert best.cost[1] == pytest.approx(alone.cost, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    ratio=st.floats(0.1, 0.6),
    lead_time=st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=3, max_size=3),
    added=st.lists(st.floats(0.1, 3.0), min_size=3, max_size=3),
    shortage_cost=st.floats(2.0, 60.0),
    family=st.sampled_from([ed.Normal, ed.Gamma]),
)
def test_what_costs_more(ratio, lead_time, added, shortage_cost, family):
    """More spread, longer times, dearer stock and shortage: none makes it cheaper."""

    def cost(std=10.0 * ratio, times=lead_time, hold=added, short=shortage_cost):
        return clark_scarf(
            family(10.0, std), echelon_holding_cost=hold, shortage_cost=short, lead_time=times
        ).cost

    first = cost()
    assert cost(std=11.0 * ratio) > first
    assert cost(times=[2.0 * time for time in lead_time]) > first
    assert cost(short=1.2 * shortage_cost) > first
    for stage in range(3):
        more = list(added)
        more[stage] *= 1.2
        assert cost(hold=more) > first
    # money and units have no scale of their own
    assert cost(hold=[7.0 * one for one in added], short=7.0 * shortage_cost) == pytest.approx(
        7.0 * first, rel=1e-9
    )


def test_stages_that_add_no_cost_or_take_no_time():
    demand = ed.Gamma(10.0, 4.0)
    short = {"shortage_cost": 20.0}
    # a stage that adds no cost holds nothing back, and is as if its time were the next one's
    free = clark_scarf(demand, echelon_holding_cost=[1.0, 0.0, 1.0], lead_time=[1, 2, 2], **short)
    merged = clark_scarf(demand, echelon_holding_cost=[1.0, 1.0], lead_time=[1, 4], **short)
    assert free.echelon_base_stock[1] == free.echelon_base_stock[2]
    assert free.base_stock[2] == 0.0
    assert free.echelon_base_stock[[0, 2]] == pytest.approx(merged.echelon_base_stock, rel=1e-5)
    assert free.on_hand_cost == pytest.approx(merged.on_hand_cost, rel=1e-4)
    # one that takes no time and adds cost keeps no stock of its own
    quick = clark_scarf(demand, echelon_holding_cost=[1.0, 1.0], lead_time=[0, 3], **short)
    alone = clark_scarf(demand, echelon_holding_cost=[1.0], lead_time=[3], **short)
    assert quick.base_stock[0] == 0.0
    assert quick.cost == pytest.approx(alone.cost, rel=1e-6)
    nothing = clark_scarf(demand, echelon_holding_cost=[1.0, 1.0], lead_time=0, **short)
    assert (nothing.cost, nothing.echelon_base_stock.tolist()) == (0.0, [0.0, 0.0])


def test_only_the_customers_stage_takes_time():
    """All stock is at the customers': a newsvendor's at the whole holding cost."""
    demand = ed.Gamma(10.0, 10.0)
    short = {"shortage_cost": 4.0, "lead_time": 0, "review_period": 1}
    many = clark_scarf(demand, echelon_holding_cost=[1.0, 1.0, 1.0], **short)
    alone = clark_scarf(demand, echelon_holding_cost=[3.0], **short)
    assert many.cost == pytest.approx(alone.cost, rel=1e-6)
    assert many.echelon_base_stock[2] == pytest.approx(alone.echelon_base_stock[0], rel=1e-5)
    assert many.base_stock[1:] == pytest.approx([0.0, 0.0])


def test_demand_that_never_varies():
    best = clark_scarf(
        [ed.Deterministic(10.0), ed.Deterministic(0.0)],
        echelon_holding_cost=[1.0, 1.0],
        shortage_cost=5.0,
        lead_time=[1, 2.5],
    )
    assert best.echelon_base_stock.tolist() == [[10.0, 35.0], [0.0, 0.0]]
    assert best.cost.tolist() == [10.0, 0.0]


def test_review_in_every_period_is_one_more_period_at_the_customers():
    arguments = {"echelon_holding_cost": [2.0, 1.0], "shortage_cost": 20.0}
    demand = ed.Gamma(10.0, 4.0)
    reviewed = clark_scarf(demand, lead_time=[1, 3], review_period=1, **arguments)
    longer = clark_scarf(demand, lead_time=[2, 3], **arguments)
    assert reviewed.echelon_base_stock.tolist() == longer.echelon_base_stock.tolist()
    # what is on its way is of the lead time only
    assert reviewed.pipeline_cost == pytest.approx(longer.pipeline_cost - 1.0 * 10.0)
    assert reviewed.on_hand_cost == pytest.approx(longer.on_hand_cost, rel=1e-12)


def test_random_lead_times_are_mixtures():
    """A time of 1 or 3 periods at one stage, twin: mixed masses in Chen and Zheng's recursion."""
    demand = ed.Poisson(3.0)
    mixed = 0.8 * np.pad(whole_masses(demand, 1.0), (0, 60))[:60]
    mixed += 0.2 * np.pad(whole_masses(demand, 3.0), (0, 60))[:60]
    levels, cost = chen_zheng([whole_masses(demand, 2.0), mixed], [1.0, 1.0], 20.0)
    best = clark_scarf(
        demand,
        echelon_holding_cost=[1.0, 1.0],
        shortage_cost=20.0,
        lead_time=[2, ed.Empirical([1, 3], [0.8, 0.2])],
    )
    assert best.echelon_base_stock.tolist() == levels
    # on its way to the customers' stage is what two periods ask for, at the cost of 1
    assert best.cost == pytest.approx(cost, rel=1e-9)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"shortage_cost": 0.0}, "shortage_cost is 0.0, must be a finite number above 0"),
        ({"shortage_cost": [5.0, np.nan]}, r"shortage_cost\[1\] is nan"),
        ({"echelon_holding_cost": [3, -2, 2]}, r"echelon_holding_cost\[1\] is -2"),
        ({"echelon_holding_cost": [3, 2, 0]}, "0 at the stage furthest upstream"),
        ({"echelon_holding_cost": 3}, "give a list, one number for each stage"),
        ({"holding_cost": [7, 4, 2]}, "given twice"),
        ({"echelon_holding_cost": None}, "not at all"),
        ({"echelon_holding_cost": None, "holding_cost": [2, 4, 7]}, "become cheaper"),
        ({"lead_time": [1, -1, 2]}, r"lead_time\[1\] is -1"),
        ({"lead_time": [1, 2]}, "lead_time has 2 entries along its last axis, the stages are 3"),
        ({"lead_time": [1, ed.Normal(2.0, 1.0), 2]}, "may be negative"),
        ({"lead_time": [1, ed.Poisson(2.0)]}, "lead_time has 2 entries, the stages are 3"),
        ({"review_period": 2}, "review_period is 2"),
        ({"stage_order": "top_down"}, "stage_order is 'top_down'"),
        ({"tolerance": 0.0}, "tolerance is 0.0"),
        ({"shortage_cost": [1.0, 2.0], "lead_time": np.ones((3, 3))}, "do not fit"),
        ({"shortage_cost": 1e14}, "over 1e12 times"),
    ],
)
def test_bad_input(changed, told):
    with pytest.raises(DomainError, match=told):
        clark_scarf(ed.Normal(5.0, 1.0), **EXAMPLE | changed)


def test_all_faults_at_once():
    with pytest.raises(DomainError, match="3 faults"):
        clark_scarf(
            ed.Normal(-5.0, 1.0), echelon_holding_cost=[1, -1], shortage_cost=-1.0, lead_time=1
        )


def test_a_fraction_of_a_period_needs_a_demand_that_has_one():
    with pytest.raises(DomainError, match="part of a period is not known"):
        clark_scarf(ed.LogNormal(5.0, 1.0), **EXAMPLE | {"lead_time": [0.5, 1, 1]})


def test_a_frozen_distribution_of_scipy():
    best = clark_scarf(stats.norm(5.0, 1.0), **EXAMPLE)
    assert best.cost == pytest.approx(clark_scarf(ed.Normal(5.0, 1.0), **EXAMPLE).cost, rel=2e-6)


@pytest.mark.parametrize(
    "demand", [ed.Geometric(0.5), ed.Empirical([2.0, 14.0, 25.0], [0.72, 0.08, 0.2])]
)
def test_a_first_stage_that_adds_no_cost_has_the_next_ones_level(demand):
    """Also of demand whose sums have no closed form: the two stages act as one."""
    two = clark_scarf(
        demand, echelon_holding_cost=[0.0, 0.5], shortage_cost=2.0, lead_time=[1, 3],
        review_period=1,
    )  # fmt: skip
    one = clark_scarf(
        demand, echelon_holding_cost=[0.5], shortage_cost=2.0, lead_time=4, review_period=1
    )
    assert two.echelon_base_stock.tolist() == one.echelon_base_stock.tolist() * 2
    assert two.cost - two.pipeline_cost == pytest.approx(one.cost)


def test_a_cost_that_rounding_has_eaten_is_no_answer():
    with pytest.raises(DomainError, match="of SKU 0 is lost in rounding: its shortage_cost of 1e"):
        clark_scarf(ed.Gamma(5.0, 5.0), **EXAMPLE | {"shortage_cost": 1e12})
