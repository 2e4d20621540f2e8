"""The tables of correlated, seasonal and many-segment demand: accepted, kept, refused by name."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from echelon import Network, read_network
from echelon.distributions import Gamma, LogNormal, Normal, PerPeriod, Poisson
from echelon.errors import DomainError, TableError

STAGES = pd.DataFrame(
    {"item": "bike", "location": ["plant", "north", "south", "east"], "holding_cost": 1.0}
)
LANES = pd.DataFrame(
    {"from_item": "bike", "from_location": "plant", "to_item": "bike"}
    | {"to_location": ["north", "south", "east"]}
)
DEMAND = pd.DataFrame(
    {"item": "bike", "location": ["north", "south", "east"]}
    | {"mean": [20.0, 30.0, 10.0], "std": [3.0, 4.0, 0.0]}
)


def pair(location="north", other="south", coefficient=0.5, **columns):
    return {
        "item": "bike",
        "location": location,
        "other_item": "bike",
        "other_location": other,
        "coefficient": coefficient,
        **columns,
    }


def pairs(*rows):
    return pd.DataFrame(list(rows))


def network(correlation=None, demand=DEMAND, **settings):
    return Network.from_tables(STAGES, LANES, demand, correlation=correlation, **settings)


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_correlations_are_kept_by_every_way_out_and_in(tmp_path, file_format):
    first = network(pairs(pair()))
    assert first.correlation.loc[0, "coefficient"] == 0.5
    assert read_network(first.write(tmp_path, file_format=file_format)).equals(first)
    assert Network.from_networkx(first.to_networkx()).equals(first)
    assert first.replace(holding_rate=None).equals(first)
    assert first.subset(0).equals(first)
    other = first.replace(correlation=pairs(pair(coefficient=0.4)))
    assert not other.equals(first)
    assert other.digests["correlation"] != first.digests["correlation"]


def test_a_network_without_correlation_is_written_as_it_always_was(tmp_path):
    plain = network()
    plain.write(tmp_path / "a")
    assert not (tmp_path / "a" / "correlation.csv").exists()
    assert "correlation" not in plain.digests
    network(pairs(pair())).write(tmp_path / "b")
    plain.write(tmp_path / "b")  # over the other: its correlations must not come back
    assert read_network(tmp_path / "b").equals(plain)


def test_an_empty_table_says_that_rows_are_independent():
    assert network(pairs(pair()).iloc[:0]).equals(network())


def test_replacing_demand_keeps_correlations_of_rows_that_stay_and_names_those_that_do_not():
    first = network(pairs(pair()))
    assert len(first.replace(demand=DEMAND.assign(std=1.0)).correlation) == 1
    with pytest.raises(TableError, match=r"correlation\.other_item.* names no row of demand"):
        first.replace(demand=DEMAND[DEMAND["location"] != "south"])
    assert first.replace(demand=None, correlation=None).correlation.empty


def test_a_subset_leaves_out_what_goes_with_demand_that_is_left_out():
    apart = Network.from_tables(STAGES[1:], demand=DEMAND, correlation=pairs(pair()))
    assert apart.n_components == 3
    assert len(apart.subset([0, 1]).correlation) == 1
    assert apart.subset([0, 2]).correlation.empty


FAULTS = {
    "unknown row": (
        [pair(other="west")],
        r"correlation\.other_item, other_location.*: names no row of demand; row 1 .*'west'",
    ),
    "with itself": ([pair(other="north")], "must not be the demand row that the pair starts from"),
    "the same pair twice": ([pair(), pair()], "must name one row only, but row 1 has the same key"),
    "the other way round": (
        [pair(), pair("south", "north")],
        "the pair is there already, the other way round; row 2 "
        r"\(bike @ south and bike @ north\)",
    ),
    "beyond one": ([pair(coefficient=1.2)], r"coefficient: must be a number >= -1 and <= 1.*1\.2"),
    "blank": ([pair(coefficient=np.nan)], "coefficient: the cell is empty"),
    "known demand": ([pair(other="east")], "one of the two demands has a standard deviation of 0"),
    "unknown column": ([pair(rho=1.0)], r"correlation\.rho: is not a column of this table"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_mistake_has_its_message(name):
    rows, message = FAULTS[name]
    with pytest.raises(TableError, match=message):
        network(pairs(*rows))


def test_a_missing_column_and_all_other_faults_come_at_once():
    with pytest.raises(TableError) as caught:
        Network.from_tables(
            STAGES.assign(holding_cost=-1.0),
            LANES,
            DEMAND.assign(mean=-1.0),
            correlation=pairs(pair(other="west")).drop(columns="coefficient"),
        )
    tables = {fault.table for fault in caught.value.faults}
    assert tables == {"stages", "demand", "correlation"}


def test_coefficients_that_contradict_one_another_are_refused_with_what_mends_them():
    demand = DEMAND.assign(std=5.0)
    wrong = [pair(), pair("south", "east", 0.9), pair("north", "east", -0.9)]
    wrong[0]["coefficient"] = 0.9
    with pytest.raises(TableError) as caught:
        network(pairs(*wrong), demand)
    (fault,) = caught.value.faults
    assert fault.count == 3
    assert "not positive definite, its smallest eigenvalue is -0.8" in fault.message
    assert "multiply all of them by 0.5555 or less" in fault.remedy
    mended = pairs(*wrong).assign(coefficient=lambda f: 0.5555 * f["coefficient"])
    assert len(network(mended, demand).correlation) == 3


def test_demands_fully_in_step_are_accepted():
    demand = DEMAND.assign(std=[3.0, 4.0, 5.0])
    together = pairs(pair(coefficient=1.0), pair("south", "east", 1.0), pair("north", "east", 1.0))
    assert network(together, demand).demand_seen().std[0] == pytest.approx(12.0)


def test_pairs_that_no_distributions_can_have_are_told_together():
    demand = pd.DataFrame(
        {
            "item": "bike",
            "location": ["north", "south", "east"],
            "distribution": [Poisson(0.3), Poisson(0.2), LogNormal(5.0, 9.0)],
        }
    )
    rare = network(pairs(pair(coefficient=-0.7), pair("south", "east", -0.7)), demand)
    with pytest.raises(DomainError) as caught:
        _ = rare.score_groups
    message = str(caught.value)
    assert "bike @ north and bike @ south: the coefficient is -0.7, and their distrib" in message
    assert "can have -0.2449 to" in message  # -mean product over std product: -sqrt(0.3 x 0.2)
    assert "bike @ south and bike @ east: the coefficient is -0.7" in message


def test_segments_may_be_any_columns(tmp_path):
    demand = pd.DataFrame(
        {
            "item": "bike",
            "location": "north",
            "market": ["EU", "EU", "US"],
            "channel": ["web", "shop", "web"],
            "mean": [1.0, 2.0, 3.0],
            "std": 1.0,
        }
    )
    together = pairs(
        pair(other="north", market="EU", channel="web", other_market="US", other_channel="web")
    )
    made = network(together, demand, segments=["market", "channel"])
    assert made.segments == ("market", "channel")
    assert list(made.demand)[:4] == ["item", "location", "market", "channel"]
    assert made.demand_keys[1] == ("bike", "north", "EU", "shop")
    assert read_network(made.write(tmp_path)).equals(made)
    assert json.loads((tmp_path / "manifest.json").read_text())["segments"] == ["market", "channel"]
    assert Network.from_networkx(made.to_networkx()).equals(made)
    assert made.replace(demand=made.demand).equals(made)
    with pytest.raises(TableError, match=r"demand\.channel: is not a column of this table"):
        network(demand=demand, segments=["market"])
    with pytest.raises(TableError, match=r"row 2 \(bike @ north / EU, web\)"):
        network(demand=demand.assign(channel="web"), segments=["market", "channel"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("market", "must be a list of names"),
        ([], "must be a list of names"),
        ([1], "holds what is no name"),
        ([" market"], "holds what is no name"),
        (["mean"], "names 'mean', which means something else"),
        (["period"], "names 'period', which means something else"),
        (["a", "a"], "names a column twice"),
    ],
)
def test_segment_names_are_checked(names, message):
    with pytest.raises(TableError, match=rf"network\.segments: {message}"):
        network(segments=names)


SEASON = pd.DataFrame(
    {
        "item": "bike",
        "location": ["north", "south", "north", "north"],
        "period": [2.0, np.nan, 0.0, 1.0],
        "mean": [30.0, 5.0, 10.0, 20.0],
        "std": [3.0, 1.0, 1.0, 2.0],
    }
)


def test_rows_of_a_cycle_are_one_row_of_demand(tmp_path):
    made = network(demand=SEASON)
    assert made.demand["location"].tolist() == ["north", "south"]
    assert made.distributions == (
        PerPeriod((Normal(10.0, 1.0), Normal(20.0, 2.0), Normal(30.0, 3.0))),
        Normal(5.0, 1.0),
    )
    row = made.demand.iloc[0]
    assert (row["family"], row["mean"]) == ("per_period", 20.0)
    assert row["std"] ** 2 == pytest.approx(14.0 / 3.0 + 200.0 / 3.0)
    assert read_network(made.write(tmp_path)).equals(made)
    assert made.replace(demand=made.demand).equals(made)
    assert made.subset(0).equals(made)
    assert made.replace(demand=SEASON).equals(made)


def test_a_level_and_a_profile_are_a_cycle():
    text = '{"family": "gamma", "mean": 10, "std": 4, "profile": [0.5, 1.5]}'
    demand = pd.DataFrame(
        {"item": ["bike"], "location": "north", "family": "per_period", "parameters": text}
    )
    assert network(demand=demand).distributions == (PerPeriod((Gamma(5.0, 2.0), Gamma(15.0, 6.0))),)


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ([2.0, np.nan, 0.0, 0.5], r"demand\.period: must be a whole number; row 4 .*0\.5"),
        ([2.0, np.nan, 0.0, np.nan], "is blank here and filled in other rows of the same stage"),
        ([5.0, np.nan, 0.0, 1.0], "the cycle has gaps: period 2 of 0 to 5 has no row"),
        (
            [1.0, np.nan, 0.0, 1.0],
            r"must name one row only, but row 1 .*row 4 \(bike @ north / per",
        ),
        ([-1.0, np.nan, 0.0, 1.0], r"period: must be a number >= 0"),
    ],
)
def test_a_broken_cycle_is_refused(period, message):
    with pytest.raises(TableError, match=message):
        network(demand=SEASON.assign(period=period))


def test_a_cycle_of_cycles_is_refused():
    nested = PerPeriod((Normal(1.0, 1.0),))
    demand = pd.DataFrame(
        {"item": "bike", "location": "north", "period": [0, 1], "distribution": [nested, nested]}
    )
    with pytest.raises(TableError, match=r"periods\[0\] changes by period itself"):
        network(demand=demand)
    broken = '{"family": "gama", "mean": [1], "std": [1]}'
    demand = pd.DataFrame(
        {"item": ["bike"], "location": "north", "family": "per_period", "parameters": broken}
    )
    with pytest.raises(TableError, match=r"parameters: per_period: period 0: unknown .*'gama'"):
        network(demand=demand)
