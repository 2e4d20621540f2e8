"""Shang and Song's bounds: around the exact levels and costs, and their heuristic's cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from echelon import distributions as ed
from echelon.errors import DomainError
from echelon.exact.multi_echelon.levels import serial_measures
from echelon.exact.multi_echelon.serial import clark_scarf
from echelon.exact.multi_echelon.shang_song import shang_song

FAMILIES = {
    "normal": lambda ratio: ed.Normal(10.0, 10.0 * ratio),
    "gamma": lambda ratio: ed.Gamma(10.0, 10.0 * ratio),
    "poisson": lambda ratio: ed.Poisson(1.0 / ratio**2),
    "negative_binomial": lambda ratio: ed.NegativeBinomial(5.0, 5.0**0.5 * (1.05 + ratio)),
}


@settings(max_examples=40, deadline=None)
@given(
    family=st.sampled_from(sorted(FAMILIES)),
    ratio=st.floats(0.15, 1.0),
    lead_time=st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=3, max_size=3),
    added=st.lists(st.sampled_from([0.0, 0.1, 1.0, 3.0]), min_size=3, max_size=3),
    shortage_cost=st.floats(1.0, 90.0),
    review=st.integers(0, 1),
)
@example("normal", 1.0, [0.5, 0.0, 0.0], [1.0, 0.1, 1.0], 1.0, 0)  # flat about the best level
def test_the_best_is_between_the_bounds(family, ratio, lead_time, added, shortage_cost, review):
    added[-1] = max(added[-1], 0.1)
    arguments = {"echelon_holding_cost": added, "shortage_cost": shortage_cost}
    arguments |= {"lead_time": lead_time, "review_period": review}
    law = FAMILIES[family](ratio)
    # a level is known to the root of what its cost is: that has to be known to 1e-8 for this check
    best = clark_scarf(law, tolerance=1e-8, **arguments)
    told = shang_song(law, **arguments)
    close = 1e-4 * law.std
    assert (told.lower_level <= best.echelon_base_stock + close).all()
    assert (best.echelon_base_stock <= told.upper_level + close).all()
    assert told.lower_cost <= best.cost * (1.0 + 2e-6) + 1e-9
    assert best.cost <= told.upper_cost * (1.0 + 2e-6) + 1e-9
    level = told.echelon_base_stock
    assert level == pytest.approx(0.5 * (told.lower_level + told.upper_level))


def test_one_stage_has_no_gap():
    told = shang_song(ed.Gamma(10.0, 5.0), holding_cost=[2.0], shortage_cost=18.0, lead_time=3)
    assert told.lower_level == told.upper_level
    assert told.upper_level[0] == pytest.approx(ed.Gamma(30.0, 75.0**0.5).ppf(0.9), rel=1e-12)
    best = clark_scarf(ed.Gamma(10.0, 5.0), holding_cost=[2.0], shortage_cost=18.0, lead_time=3)
    assert told.lower_cost == pytest.approx(best.cost, rel=1e-9)
    assert told.upper_cost == pytest.approx(best.cost, rel=1e-9)


@pytest.mark.parametrize("law", [ed.Normal(10, 4), ed.Gamma(10, 12), ed.Poisson(3.7)], ids=repr)
def test_quantiles_by_scipy(law):
    told = shang_song(
        [law, law], echelon_holding_cost=[1.0, 2.0], shortage_cost=[7.0, 30.0], lead_time=[1, 2]
    )
    frozen = {
        "normal": stats.norm(30.0, 4.0 * 3**0.5),
        "gamma": stats.gamma(3 * (10 / 12) ** 2, scale=14.4),
        "poisson": stats.poisson(11.1),
    }[law.family]
    for sku, short in enumerate((7.0, 30.0)):
        low, high = frozen.ppf([short / (short + 3.0), short / (short + 2.0)])
        assert told.lower_level[sku, 1] == pytest.approx(low, rel=1e-9)
        assert told.upper_level[sku, 1] == pytest.approx(high, rel=1e-9)


def test_the_heuristic_is_close():
    """Of 200 random systems the levels cost 0.10 % more on average and 0.80 % at most."""
    rng = np.random.default_rng(5)
    laws = ed.array("poisson", mean=rng.uniform(4.0, 60.0, 200))
    arguments = {"echelon_holding_cost": rng.uniform(0.2, 2.0, (200, 4)), "shortage_cost": 30.0}
    arguments |= {"lead_time": rng.integers(1, 4, (200, 4))}
    levels = shang_song(laws, rounding="nearest", **arguments).echelon_base_stock
    gap = serial_measures(laws, echelon_base_stock=levels, **arguments).cost
    gap = gap / clark_scarf(laws, **arguments).cost - 1.0
    assert gap.min() > -1e-9
    assert gap.mean() < 0.0015
    assert gap.max() < 0.01


def test_rounding():
    arguments = {"echelon_holding_cost": [0.25] * 4, "shortage_cost": 9.0, "lead_time": 0.25}

    def levels(rounding):
        return shang_song(
            ed.Poisson(16.0), rounding=rounding, **arguments
        ).echelon_base_stock.tolist()

    assert levels(None) == [8.0, 13.5, 18.0, 22.5]
    assert levels("down") == [8.0, 13.0, 18.0, 22.0]
    assert levels("up") == levels("nearest") == [8.0, 14.0, 18.0, 23.0]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rounding": "banker"}, "rounding is 'banker'"),
        ({"lead_time": [1, ed.Poisson(2.0)]}, "is random"),
        ({"shortage_cost": -1}, "shortage_cost is -1"),
    ],
)
def test_bad_input(changed, told):
    arguments = {"holding_cost": [2.0, 1.0], "shortage_cost": 9.0, "lead_time": [1, 1]}
    with pytest.raises(DomainError, match=told):
        shang_song(ed.Poisson(3.0), **(arguments | changed))
