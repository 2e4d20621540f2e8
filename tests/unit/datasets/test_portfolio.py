"""The made-up portfolio: the same from the same seed, as hard as it says, honest about causes."""

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.datasets import make_portfolio
from echelon.errors import DomainError


@pytest.fixture(scope="module")
def portfolio():
    return make_portfolio(3_000, seed=1)


def test_the_same_seed_gives_the_same_tables_and_another_seed_others():
    first, again, other = (make_portfolio(40, seed=seed) for seed in (3, 3, 4))
    for name, frame in first.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name], check_exact=True)
        assert not frame.equals(other.tables[name])
    pd.testing.assert_frame_equal(first.planted, again.planted)


@pytest.mark.parametrize("n_skus", [1, 37, 1_000])
def test_a_small_portfolio_is_part_of_a_large_one(portfolio, n_skus):
    small = make_portfolio(n_skus, seed=1)
    for name, frame in small.tables.items():
        both = frame.merge(portfolio.tables[name], how="inner", on=list(frame.columns))
        assert len(both) == len(frame)
    assert len(small.planted.merge(portfolio.planted, how="inner")) == len(small.planted)


@pytest.mark.parametrize("seed", range(12))
def test_every_seed_makes_a_network_that_the_checks_accept(seed):
    portfolio = make_portfolio(30, seed=seed)
    sold = portfolio.tables["demand"]["item"].nunique()
    assert sold == 30
    assert portfolio.network.n_stages == len(portfolio.tables["stages"])
    assert portfolio.without_causes().n_stages == portfolio.network.n_stages


def test_shapes_are_mixed_and_some_components_have_hundreds_of_stages(portfolio):
    network = portfolio.network
    sizes = np.diff(network.compiled.component_ptr)
    assert 5.0 < network.n_stages / portfolio.n_skus < 7.0
    assert sizes.max() > 300
    assert np.median(sizes) < 15
    summary = str(network)
    for shape in ("serial", "assembly", "distribution", "tree", "general"):
        assert f" {shape}" in summary


def test_volumes_have_a_heavy_tail_and_demand_is_of_every_class(portfolio):
    demand = portfolio.network.demand
    volume = demand.groupby("item")["mean"].sum().sort_values()
    assert volume.iloc[-len(volume) // 5 :].sum() > 0.75 * volume.sum()
    share = demand["family"].value_counts(normalize=True)
    families = {"normal", "gamma", "negative_binomial", "poisson", "compound_poisson"}
    assert families == set(share.index)
    assert (share > 0.03).all()
    assert demand.groupby("item")["channel"].nunique().max() == 2


def test_lead_times_have_two_humps_where_goods_go_by_sea(portfolio):
    lanes = portfolio.network.lanes
    by_sea = lanes["lead_time_family"] == "empirical"
    assert 0.03 < by_sea.mean() < 0.4
    (family,) = lanes.loc[by_sea, "lead_time_parameters"].unique()
    values = ec.distributions.Empirical([5, 6, 11, 13], [0.5, 0.3, 0.15, 0.05])
    assert "[5, 6, 11, 13]" in family
    assert np.allclose(lanes.loc[by_sea, "lead_time_std"], values.variance**0.5)


def test_each_planted_cell_is_in_the_tables_and_nothing_else_differs(portfolio):
    planted = portfolio.planted
    found = {"stages": portfolio.network.stages, "lanes": portfolio.network.lanes}
    mended = portfolio.without_causes()
    true = {"stages": mended.stages, "lanes": mended.lanes}
    keys = {
        "stages": ["item", "location"],
        "lanes": ["from_item", "from_location", "to_item", "to_location"],
    }
    told = {"stages": ["item", "location"], "lanes": [*keys["lanes"][:2], "item", "location"]}
    differing = 0
    for (table, column), cells in planted.groupby(["table", "column"]):
        there = found[table].set_index(keys[table])[column]
        mended_there = true[table].set_index(keys[table])[column]
        at = pd.MultiIndex.from_frame(cells[told[table]])
        np.testing.assert_allclose(there[at].to_numpy(float), cells["value"])
        np.testing.assert_allclose(mended_there[at].to_numpy(float), cells["true_value"])
        differing += (there.fillna(-1.0) != mended_there.fillna(-1.0)).sum()
    assert differing == (planted["value"] != planted["true_value"].fillna(-1.0)).sum()
    assert set(planted["cause"]) == {
        "slow customs",
        "padded lead time",
        "minimum order",
        "slow review",
        "service for show",
    }


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")
def test_planted_causes_cost_stock():
    portfolio = make_portfolio(3, seed=7)
    assert len(portfolio.planted)
    planted, true = (ec.optimize(n) for n in (portfolio.network, portfolio.without_causes()))
    assert planted.bound > true.objective


@pytest.mark.parametrize("n_skus", [0, -3, 2.5, True, "many", 10**8])
def test_a_number_of_skus_that_is_none_is_refused(n_skus):
    with pytest.raises(DomainError, match="n_skus is"):
        make_portfolio(n_skus)


def test_it_says_what_it_is():
    text = repr(make_portfolio(40, seed=3))
    assert "40 SKUs, seed 3" in text
    assert "slow customs" in text


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_what_is_written_is_read_as_the_network(tmp_path, file_format):
    portfolio = make_portfolio(6, seed=3)
    folder = portfolio.write(tmp_path, file_format=file_format)
    assert ec.read_network(folder).equals(portfolio.network)
    assert (folder / f"planted.{file_format}").exists()
