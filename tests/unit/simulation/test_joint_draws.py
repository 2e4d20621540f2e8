"""Correlated and seasonal draws: joint distributions as declared, the same bits for any cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import echelon as ec
from echelon.distributions import Deterministic, Gamma, LogNormal, Normal, PerPeriod, Poisson
from echelon.errors import DomainError
from echelon.kernels.draws import fill
from echelon.kernels.flow_arrays import WIDTH
from echelon.simulation.drawn.sources import DrawRow, Joint, sources_of

KEYS = [("a", "x", ""), ("b", "x", ""), ("c", "x", "")]


def draw(rows, *, n_periods=150, seed=1, first_run=0):
    """Shape (n_rows, n_periods, WIDTH)."""
    sources = sources_of(rows, seed)
    out = np.empty((len(rows), n_periods, WIDTH))
    memory = np.zeros((len(rows), WIDTH))
    fill(sources, 0, len(rows), 0, n_periods, first_run, WIDTH, memory, out)
    return out


def joint_rows(laws, lower):
    return [
        DrawRow("demand", KEYS[k], law, Joint(tuple(KEYS[: k + 1]), lower[k, : k + 1]))
        for k, law in enumerate(laws)
    ]


TRUTH = np.array([[1.0, 0.7, -0.3], [0.7, 1.0, 0.1], [-0.3, 0.1, 1.0]])


def test_normal_draws_have_the_linear_and_the_rank_correlation_of_the_matrix():
    """Rank correlation of a normal pair: 6 / pi asin(r / 2) (Pearson 1907)."""
    laws = [Normal(10.0, 2.0), Normal(50.0, 9.0), Normal(5.0, 1.0)]
    drawn = draw(joint_rows(laws, np.linalg.cholesky(TRUTH)), n_periods=800).reshape(3, -1)
    n = drawn.shape[1]
    for law, sample in zip(laws, drawn, strict=True):
        assert abs(sample.mean() - law.mean) < 4 * law.std / n**0.5
        assert abs(sample.var() - law.variance) < 4 * law.variance * (2 / n) ** 0.5
    linear = np.corrcoef(drawn)
    rank = spearmanr(drawn.T).statistic
    # the standard error of a rank correlation is at most that of independence, inflated by 1.06
    for i, k in [(0, 1), (0, 2), (1, 2)]:
        r = TRUTH[i, k]
        assert abs(linear[i, k] - r) < 4 * (1 - r * r) / n**0.5
        assert abs(rank[i, k] - 6 / np.pi * np.arcsin(r / 2)) < 4 * 1.06 / n**0.5


def test_periods_and_replications_stay_independent():
    laws = [Normal(0.0, 1.0)] * 3
    drawn = draw(joint_rows(laws, np.linalg.cholesky(TRUTH)), n_periods=640)
    later = np.corrcoef(drawn[0, :-1].ravel(), drawn[1, 1:].ravel())[0, 1]
    beside = np.corrcoef(drawn[0, :, :-1].ravel(), drawn[1, :, 1:].ravel())[0, 1]
    assert max(abs(later), abs(beside)) < 4 / (640 * WIDTH) ** 0.5


def test_a_margin_is_its_distribution_whatever_it_is_correlated_with():
    laws = [Poisson(0.8), LogNormal(10.0, 12.0), Gamma(3.0, 4.0)]
    drawn = draw(joint_rows(laws, np.linalg.cholesky(TRUTH)), n_periods=800).reshape(3, -1)
    for law, sample in zip(laws, drawn, strict=True):
        at = np.quantile(sample, [0.3, 0.6, 0.9, 0.99])
        reached = (sample[:, None] <= at).mean(axis=0)
        expected = law.cdf(at)
        assert (
            np.abs(reached - expected) < 4 * (expected * (1 - expected) / sample.size) ** 0.5
        ).all()


def test_a_row_that_is_not_correlated_keeps_its_bits_beside_those_that_are():
    plain = DrawRow("demand", ("z", "x", ""), Gamma(50.0, 9.0))
    beside = [*joint_rows([Normal(1.0, 1.0)] * 3, np.linalg.cholesky(TRUTH)), plain]
    assert np.array_equal(draw([plain])[0], draw(beside)[3])


def test_a_row_alone_is_drawn_as_in_its_group():
    """Components are run apart: each draws the scores of the whole group."""
    rows = joint_rows([Normal(9.0, 1.0), Gamma(3.0, 1.0), Poisson(2.0)], np.linalg.cholesky(TRUTH))
    together = draw(rows)
    for row, drawn in zip(rows, together, strict=True):
        assert np.array_equal(draw([row])[0], drawn)


def test_bits_belong_to_the_name_of_the_row_and_to_the_run():
    row = DrawRow("demand", ("z", "x", ""), Gamma(50.0, 9.0))
    trade = DrawRow("demand", ("z", "x", "trade"), Gamma(50.0, 9.0))
    other = DrawRow("make time", ("z", "x", ""), Gamma(50.0, 9.0))
    mine = draw([row])[0]
    for strange in (draw([trade])[0], draw([other])[0], draw([row], seed=2)[0]):
        assert abs(np.corrcoef(mine.ravel(), strange.ravel())[0, 1]) < 4 / mine.size**0.5
    assert np.array_equal(draw([row], first_run=28)[0, :, :100], mine[:, 28:])


def test_a_season_draws_each_period_from_its_own_distribution():
    law = PerPeriod((Deterministic(3.0), Normal(100.0, 5.0), Poisson(0.5)))
    drawn = draw([DrawRow("demand", KEYS[0], law)], n_periods=300)[0]
    assert (drawn[0::3] == 3.0).all()
    for first, part in ((1, law.periods[1]), (2, law.periods[2])):
        sample = drawn[first::3].ravel()
        assert abs(sample.mean() - part.mean) < 4 * part.std / sample.size**0.5
    assert np.array_equal(drawn[:100], draw([DrawRow("demand", KEYS[0], law)], n_periods=100)[0])


def test_correlated_seasons_rise_and_fall_in_their_own_periods():
    laws = [PerPeriod((Normal(10.0, 1.0), Normal(50.0, 4.0))), Normal(5.0, 2.0), Normal(1.0, 1.0)]
    drawn = draw(joint_rows(laws, np.linalg.cholesky(TRUTH)), n_periods=800)
    for phase, part in enumerate(laws[0].periods):
        ours, theirs = drawn[0, phase::2].ravel(), drawn[1, phase::2].ravel()
        n = ours.size
        assert abs(ours.mean() - part.mean) < 4 * part.std / n**0.5
        assert abs(np.corrcoef(ours, theirs)[0, 1] - 0.7) < 4 * (1 - 0.49) / n**0.5


def test_a_quantile_that_is_no_number_is_refused():
    class Bad:
        family, discrete, mean, std, variance = "bad", False, 1.0, 1.0, 1.0
        support = (-np.inf, np.inf)
        __hash__ = None

        def ppf(self, q):
            return np.where(q > 0.5, np.inf, q)

    with pytest.raises(DomainError, match=r"demand of a @ x: .*ppf"):
        draw([DrawRow("demand", KEYS[0], Bad(), Joint((KEYS[0],), np.ones(1)))])


def portfolio(correlation=None):
    """Three chains of two stages, every one with two segments."""
    items = ["a", "b", "c"]
    stages = pd.DataFrame(
        [(item, place) for item in items for place in ("plant", "shop")],
        columns=["item", "location"],
    ).assign(holding_cost=1.0, lead_time=1, base_stock=[70.0, 60.0] * 3)
    lanes = pd.DataFrame({"from_item": items, "from_location": "plant", "to_item": items}).assign(
        to_location="shop"
    )
    demand = pd.DataFrame(
        [(item, "shop", part) for item in items for part in ("shop", "web")],
        columns=["item", "location", "segment"],
    ).assign(family=["normal", "gamma"] * 3, mean=10.0, std=4.0)
    return ec.Network.from_tables(stages, lanes, demand, correlation=correlation)


def pair(one, other, coefficient=0.6):
    names = ("item", "segment", "other_item", "other_segment")
    return {
        **dict(zip(names, (*one.split(), *other.split()), strict=True)),
        "location": "shop",
        "other_location": "shop",
        "coefficient": coefficient,
    }


INSIDE = pd.DataFrame([pair("a shop", "a web"), pair("c web", "c shop", -0.4)])
ACROSS = pd.DataFrame([pair("a shop", "b shop"), pair("b shop", "c web"), pair("b web", "a web")])


def run(network, **settings):
    return ec.simulate(network, periods=40, replications=200, seed=5, **settings)


@pytest.mark.parametrize("correlation", [INSIDE, ACROSS], ids=["inside", "across"])
def test_the_number_of_workers_changes_no_bit(correlation):
    network = portfolio(correlation)
    pd.testing.assert_frame_equal(
        run(network).stages, run(network, n_jobs=2).stages, check_exact=True
    )


def test_a_subset_keeps_its_bits_where_correlations_lie_inside_components():
    network = portfolio(INSIDE)
    whole = run(network).stages.set_index(["item", "location"])
    for component in range(3):
        part = run(network.subset(component)).stages.set_index(["item", "location"])
        measures = part.columns.drop("component", errors="ignore")
        assert whole.loc[part.index, measures].equals(part[measures])


def test_a_subset_that_cuts_a_correlation_keeps_the_joint_distribution_and_not_the_bits():
    """What remains of a Gaussian copula is the copula of what remains."""
    network = portfolio(ACROSS)
    part = network.subset([0, 1])
    assert len(part.correlation) == 2
    kept = {group.keys: group.lower @ group.lower.T for group in part.score_groups}
    for group in network.score_groups:
        here = [k for k, key in enumerate(group.keys) if key[0] != "c"]
        names = tuple(group.keys[k] for k in here)
        whole = (group.lower @ group.lower.T)[np.ix_(here, here)]
        np.testing.assert_allclose(kept[names], whole, atol=1e-12)
    # component c alone is independent of what was left out, and drawn as independent rows are
    alone = run(network.subset(2)).stages
    assert alone.equals(run(portfolio().subset(2)).stages)


def test_rows_in_another_order_are_drawn_the_same():
    network = portfolio(ACROSS)
    swapped = network.replace(
        demand=network.demand.iloc[::-1].reset_index(drop=True),
        correlation=ACROSS.iloc[::-1].reset_index(drop=True),
    )
    for mine, theirs in zip(
        sorted(network.score_groups, key=lambda g: g.keys),
        sorted(swapped.score_groups, key=lambda g: g.keys),
        strict=True,
    ):
        assert mine.keys == theirs.keys
        assert np.array_equal(mine.lower, theirs.lower)


def test_no_correlation_and_a_correlation_of_zero_change_no_bit():
    zero = pd.DataFrame([pair("a shop", "b web", 0.0)])
    assert run(portfolio(zero)).stages.equals(run(portfolio()).stages)


def test_replayed_demand_asks_nothing_of_the_copula():
    impossible = portfolio().demand.assign(family="poisson", mean=0.1, std=0.1**0.5)
    network = portfolio().replace(
        demand=impossible, correlation=pd.DataFrame([pair("a shop", "b shop", -0.9)])
    )
    with pytest.raises(DomainError, match="correlated demand cannot be drawn"):
        run(network)
    given = pd.DataFrame({"item": ["a"], "location": "shop", "segment": "web"})
    replay = ec.simulate(network, demand=given.assign(period=0, quantity=3.0))
    assert replay.failures.empty


def test_a_replay_names_segments_by_the_columns_of_the_network():
    demand = pd.DataFrame(
        {"item": "a", "location": "x", "market": ["EU", "EU"], "channel": ["web", "shop"]}
        | {"mean": 1.0, "std": 0.0}
    )
    stages = pd.DataFrame({"item": ["a"], "location": "x", "holding_cost": 1.0, "base_stock": 9.0})
    network = ec.Network.from_tables(stages, demand=demand, segments=["market", "channel"])
    given = demand[["item", "location", "market", "channel"]].assign(
        period=[0, 1], quantity=[2.0, 5.0]
    )
    trace = ec.simulate(network, demand=given, trace=True).trace
    assert trace["demand"].tolist() == [2.0, 5.0]
