"""Digests of components: a change of a cell changes those it touches, and no others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec

NETWORK = ec.datasets.make_portfolio(80, seed=3).network
TABLES = {
    "stages": NETWORK.stages,
    "lanes": NETWORK.lanes,
    "demand": NETWORK.demand,
}


def changed(network, other):
    """Components, by number, whose digests differ."""
    digests = zip(network.component_digests(), other.component_digests(), strict=True)
    return [c for c, (one, two) in enumerate(digests) if one != two]


def component_of_row(table, row):
    names = ("from_item", "from_location") if table == "lanes" else ("item", "location")
    return NETWORK.component_of(*(TABLES[table].iloc[row][name] for name in names))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("stages", "lead_time"),
        ("stages", "service_level"),
        ("stages", "capacity"),
        ("lanes", "lead_time"),
        ("demand", "mean"),
    ],
)
def test_a_cell_changes_the_digest_of_its_component_alone(table, column):
    frame = TABLES[table].copy()
    fixed = frame["family"] == "normal" if table == "demand" else frame[column].notna()
    row = int(np.flatnonzero(fixed | (column == "capacity"))[-1])
    old = frame.loc[frame.index[row], column]
    frame.loc[frame.index[row], column] = 1e6 if np.isnan(old) else 0.98 * old + 0.001
    assert changed(NETWORK, NETWORK.replace(**{table: frame})) == [component_of_row(table, row)]


def test_components_keep_their_digests_in_any_company():
    some = [0, 2, 5]
    digests = NETWORK.component_digests()
    assert NETWORK.subset(some).component_digests() == tuple(digests[c] for c in some)
    assert len(set(digests)) == len(digests)


def test_a_column_that_another_component_makes_use_of_does_not_matter():
    stages = NETWORK.stages
    last = NETWORK.compiled.stage_row[-1]
    assert "base_stock" not in NETWORK.features["stages"]
    level = np.where(np.arange(len(stages)) == last, 12.0, np.nan)
    other = NETWORK.replace(stages=stages.assign(base_stock=level))
    assert changed(NETWORK, other) == [NETWORK.n_components - 1]


def test_the_order_of_rows_matters_within_a_component_alone():
    """Sums over rows have other bits in another order."""
    shop = ec.serial(["plant", "shop"], holding_cost=[1, 2], demand_mean=10, demand_std=3)
    assert shop.replace(stages=shop.stages[::-1]).component_digests() != shop.component_digests()


def test_settings_matter_that_numbers_depend_on():
    shop = ec.serial(["plant", "shop"], holding_cost=[1, 2], demand_mean=10, demand_std=3)
    assert shop.replace(name="other").component_digests() == shop.component_digests()
    daily = ec.Network.from_tables(shop.stages, shop.lanes, shop.demand, period="day")
    assert daily.component_digests() != shop.component_digests()


def test_correlated_components_share_the_rows_that_say_so():
    stages = pd.DataFrame({"item": list("abcd"), "location": "shop", "holding_cost": 1.0})
    demand = stages[["item", "location"]].assign(mean=10.0, std=2.0)

    def network(coefficient):
        pairs = pd.DataFrame(
            {
                "item": ["a"], "location": "shop", "other_item": ["b"], "other_location": "shop",
                "coefficient": coefficient,
            }
        )  # fmt: skip
        return ec.Network.from_tables(stages, None, demand, correlation=pairs)

    assert changed(network(0.2), network(0.3)) == [0, 1]


def test_what_happens_counts_where_it_is_asked_for():
    shop = ec.serial(["plant", "shop"], holding_cost=[1, 2], demand_mean=10, demand_std=3)
    levels = shop.stages[["item", "location"]].iloc[[1, 1]].assign(period=[0, 1], base_stock=5.0)
    seasonal = shop.replace(levels=levels)
    assert seasonal.component_digests() == shop.component_digests()
    asked = ("stages", "lanes", "demand", "levels")
    assert seasonal.component_digests(asked) != shop.component_digests(asked)
