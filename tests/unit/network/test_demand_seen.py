"""What stages see: by hand, by the optimiser's own pooling, and in closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import (
    Deterministic,
    Empirical,
    Gamma,
    LogNormal,
    NegativeBinomial,
    Normal,
    PerPeriod,
    Poisson,
    Sum,
)
from echelon.errors import DomainError
from echelon.optimization.demand_seen import DemandSeen
from echelon.rng import stream
from tests.networks import random_network


def diamond(demand, correlation=None):
    """One part goes by two branches into one end item: 2 x 1 + 3 x 1 = 5 parts each."""
    stages = pd.DataFrame(
        {"item": ["part", "left", "right", "end"], "location": "x", "holding_cost": 1.0}
    )
    lanes = pd.DataFrame(
        {
            "from_item": ["part", "part", "left", "right"],
            "to_item": ["left", "right", "end", "end"],
            "units_required": [2.0, 3.0, 1.0, 1.0],
        }
    ).assign(from_location="x", to_location="x")
    return ec.Network.from_tables(stages, lanes, demand, correlation=correlation)


def test_a_diamond_with_correlated_segments_by_hand():
    """Variance at the part: (5 x 2)^2 + (5 x 3)^2 + 2 x 0.4 x 10 x 15, at a branch 1/25 of 2 x."""
    demand = pd.DataFrame(
        {"item": "end", "location": "x", "segment": ["web", "shop"]}
        | {"mean": [10.0, 20.0], "std": [2.0, 3.0]}
    )
    together = ec.correlation_table(demand[["item", "location", "segment"]], [[1, 0.4], [0.4, 1]])
    seen = diamond(demand, together).demand_seen()
    frame = seen.to_frame().set_index("item")
    assert frame["mean"].tolist() == [150.0, 30.0, 30.0, 30.0]
    assert frame.loc["part", "std"] == pytest.approx((100 + 225 + 120) ** 0.5)
    assert frame.loc["end", "std"] == pytest.approx((4 + 9 + 4.8) ** 0.5)
    assert frame.loc["part", "std_if_independent"] == pytest.approx(325**0.5)
    assert frame.loc["part", "std_if_in_step"] == pytest.approx(25.0)
    covariance = seen.covariance([("part", "x"), ("end", "x")])
    np.testing.assert_allclose(covariance, [[445.0, 89.0], [89.0, 17.8]])
    assert covariance.index.tolist() == ["part @ x", "end @ x"]
    np.testing.assert_allclose(seen.correlation(), np.ones((4, 4)))
    assert seen.distribution("part", "x") == Normal(150.0, 445**0.5)


def normal(network):
    return np.ones(len(network.demand), dtype=np.bool_)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_the_optimiser_pools_without_correlation(seed):
    network = random_network(stream(seed, "seen"), 15, extra_lanes=9)
    seen = network.demand_seen()
    compiled = network.compiled
    theirs = DemandSeen.of(compiled, np.ones(compiled.n_stages), normal(network))
    np.testing.assert_allclose(seen.mean[compiled.stage_row], theirs.mean, rtol=1e-12)
    np.testing.assert_allclose(seen.std[compiled.stage_row], theirs.std, rtol=1e-12)
    np.testing.assert_allclose(seen.to_frame()["std_if_independent"], seen.std, rtol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_with_correlation_it_is_the_quadratic_form_of_a_dense_matrix(seed):
    """Of demand and of its bound, in which every row is scaled by its own safety factor."""
    rng = stream(seed, "quadratic")
    plain = random_network(rng, 15, extra_lanes=9)
    rows = plain.demand
    n = len(rows)
    matrix = np.corrcoef(rng.normal(size=(n, n + 4))).reshape(n, n)
    table = ec.correlation_table(rows[["item", "location", "segment"]], matrix)
    network = plain.replace(correlation=table)
    seen = network.demand_seen()
    usage = seen.usage.toarray()
    std = rows["std"].to_numpy()
    dense = usage @ (np.outer(std, std) * matrix) @ usage.T
    np.testing.assert_allclose(seen.covariance(), dense, rtol=1e-9, atol=1e-9)
    factor = rng.uniform(0.5, 3.0, network.n_stages)
    compiled = network.compiled
    theirs = DemandSeen.of(
        compiled, factor[compiled.stage_row], normal(network), network.covariance
    )
    np.testing.assert_allclose(theirs.std**2, np.diag(dense)[compiled.stage_row], rtol=1e-9)
    place = [list(network.labels).index(f"{i} @ {x}") for i, x in rows[["item", "location"]].values]
    scaled = std * factor[place]
    bound = np.diag(usage @ (np.outer(scaled, scaled) * matrix) @ usage.T)
    np.testing.assert_allclose(theirs.bound_std**2, bound[compiled.stage_row], rtol=1e-9)
    assert not np.allclose(theirs.std, DemandSeen.of(compiled, factor, normal(network)).std)


def warehouse(*laws, units=None, correlation=None):
    """A warehouse with one customer stage per distribution."""
    names = [f"s{k}" for k in range(len(laws))]
    stages = pd.DataFrame({"item": "a", "location": ["w", *names], "holding_cost": 1.0})
    lanes = pd.DataFrame(
        {"from_item": "a", "from_location": "w", "to_item": "a", "to_location": names}
    ).assign(units_required=units or [1.0] * len(laws))
    demand = pd.DataFrame({"item": "a", "location": names, "distribution": list(laws)})
    return ec.Network.from_tables(stages, lanes, demand, correlation=correlation).demand_seen()


CLOSED = [
    ((Poisson(2.0), Poisson(3.0)), None, Poisson(5.0)),
    ((Poisson(2.0), Poisson(3.0)), [1.0, 2.0], None),
    ((Poisson(2.0),), [3.0], None),
    ((Gamma(4.0, 2.0), Gamma(9.0, 3.0)), None, Gamma(13.0, 13.0**0.5)),  # both of scale 1
    ((Gamma(4.0, 2.0), Gamma(9.0, 4.0)), None, None),
    ((Gamma(4.0, 2.0), Gamma(2.0, 2.0)), [2.0, 1.0], Gamma(10.0, 20.0**0.5)),  # both of scale 2
    ((NegativeBinomial(4.0, 8.0**0.5), NegativeBinomial(6.0, 12.0**0.5)), None,
     NegativeBinomial(10.0, 20.0**0.5)),
    ((Normal(5.0, 3.0), Normal(6.0, 4.0)), [1.0, 2.0], Normal(17.0, 73.0**0.5)),
    ((Normal(5.0, 3.0), Deterministic(6.0)), None, Normal(11.0, 3.0)),
    ((Deterministic(5.0), Deterministic(6.0)), None, Deterministic(11.0)),
    ((LogNormal(5.0, 3.0),), [2.0], LogNormal(10.0, 6.0)),
    ((Gamma(5.0, 3.0), Deterministic(1.0)), None, None),
    ((Normal(5.0, 3.0), Gamma(5.0, 3.0)), None, None),
    ((Empirical([0.0, 1.0], [0.5, 0.5]),), None, Empirical([0.0, 1.0], [0.5, 0.5])),
]  # fmt: skip


@pytest.mark.parametrize(("laws", "units", "expected"), CLOSED, ids=str)
def test_closed_forms(laws, units, expected):
    found = warehouse(*laws, units=units).distribution("a", "w")
    if expected is None:
        assert found is None
        return
    assert type(found) is type(expected)
    assert found.mean == pytest.approx(expected.mean, rel=1e-12)
    assert found.variance == pytest.approx(expected.variance, rel=1e-12, abs=1e-12)
    assert found.parameters() == expected.parameters()


def test_correlated_poisson_demands_do_not_add_up_to_a_poisson():
    table = ec.correlation_table(
        pd.DataFrame({"item": "a", "location": ["s0", "s1"]}), [[1.0, 0.3], [0.3, 1.0]]
    )
    seen = warehouse(Poisson(2.0), Poisson(3.0), correlation=table)
    assert seen.distribution("a", "w") is None
    assert seen.std[0] ** 2 == pytest.approx(5.0 + 2 * 0.3 * 6.0**0.5)
    assert seen.to_frame()["family"].tolist() == ["", "poisson", "poisson"]


def test_segments_of_several_families_are_seen_as_their_sum():
    """At the stage they buy from; further up there is no form."""
    gamma, counts = Gamma(5.0, 3.0), NegativeBinomial(4.0, 3.0)
    demand = pd.DataFrame(
        {"item": "end", "location": "x", "segment": ["web", "shop"]}
        | {"distribution": [gamma, counts]}
    )
    seen = diamond(demand).demand_seen()
    total = seen.distribution("end", "x")
    assert total == Sum([gamma, counts])
    assert (total.mean, total.std) == pytest.approx((seen.mean[3], seen.std[3]))
    assert seen.to_frame()["family"].tolist() == ["", "", "", "sum"]
    together = ec.correlation_table(demand[["item", "location", "segment"]], [[1, 0.4], [0.4, 1]])
    assert diamond(demand, together).demand_seen().distribution("end", "x") is None
    known = demand.assign(distribution=[gamma, Deterministic(2.0)])
    shifted = diamond(known).demand_seen().distribution("end", "x")
    assert shifted == Sum([Deterministic(2.0), gamma])


def test_a_pair_elsewhere_does_not_hide_a_sum():
    """Rows 0 and 1 are correlated; what sees only one of them has independent rows."""
    names = ["s0", "s1", "s2"]
    pair = ec.correlation_table(
        pd.DataFrame({"item": "a", "location": names[:2]}), [[1, 0.3], [0.3, 1]]
    )
    stages = pd.DataFrame({"item": "a", "location": ["w", "v", *names], "holding_cost": 1.0})
    lanes = pd.DataFrame(
        {"from_item": "a", "from_location": ["w", "w", "v", "v"], "to_item": "a"}
        | {"to_location": ["s0", "s1", "s1", "s2"]}
    )
    demand = pd.DataFrame({"item": "a", "location": names, "distribution": [Poisson(2.0)] * 3})
    seen = ec.Network.from_tables(stages, lanes, demand, correlation=pair).demand_seen()
    assert seen.distribution("a", "w") is None
    assert seen.distribution("a", "v") == Poisson(4.0)


def test_a_season_is_seen_period_by_period_or_as_variation():
    laws = (
        PerPeriod((Normal(10.0, 1.0), Normal(30.0, 1.0))),
        PerPeriod((Normal(20.0, 2.0), Normal(40.0, 2.0))),
    )
    seen = warehouse(*laws)
    assert seen.mean[0] == 50.0
    assert seen.std[0] ** 2 == pytest.approx(1.0 + 4.0 + 20.0**2)  # seasons in step: 10 + 10
    network = ec.Network.from_tables(
        pd.DataFrame({"item": ["a"], "location": "w", "holding_cost": 1.0}),
        demand=pd.DataFrame({"item": ["a"], "location": "w", "distribution": [laws[0]]}),
    )
    assert network.demand_seen(3).distribution("a", "w") == Normal(30.0, 1.0)
    assert network.demand_seen().distribution("a", "w") == laws[0]


def test_a_stage_that_nobody_draws_on_sees_nothing():
    network = diamond(None)
    seen = network.demand_seen()
    assert seen.std.tolist() == seen.mean.tolist() == [0.0] * 4
    assert seen.distribution("end", "x") == Deterministic(0.0)
    assert seen.correlation().isna().all(axis=None)


def test_mistakes_are_told():
    seen = warehouse(Poisson(2.0))
    with pytest.raises(DomainError, match="no stage 'a @ z'"):
        seen.covariance([("a", "w"), ("a", "z")])
    network = diamond(None)
    for period, message in (
        (-1, "period is -1, must be >= 0"),
        (0.5, "period is 0.5"),
        (True, "True"),
    ):
        with pytest.raises(DomainError, match=message):
            network.demand_seen(period)
    assert "Demand seen by 2 stages" in repr(seen)
    assert "<table" in seen._repr_html_()


def test_a_large_network_shows_its_first_stages_and_says_so():
    shops = [f"shop {k}" for k in range(60)]
    stages = pd.DataFrame({"item": "a", "location": shops, "holding_cost": 1.0})
    demand = pd.DataFrame({"item": "a", "location": shops, "mean": 10.0, "std": 2.0})
    seen = ec.Network.from_tables(stages, demand=demand).demand_seen()
    assert repr(seen).splitlines()[0] == "Demand seen by 60 stages, the first 20 of them"
    assert len(repr(seen).splitlines()) == 22
    assert seen._repr_html_().count("<tr") == 21
    assert len(seen.to_frame()) == 60
