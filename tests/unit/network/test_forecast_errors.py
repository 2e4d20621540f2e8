"""The table of forecast errors: accepted, kept, refused with every fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from echelon import Network, read_network
from echelon.errors import TableError

STAGES = pd.DataFrame({"item": "tea", "location": ["plant", "shop", "kiosk"], "holding_cost": 1.0})
LANES = pd.DataFrame(
    {
        "from_item": "tea",
        "from_location": "plant",
        "to_item": "tea",
        "to_location": ["shop", "kiosk"],
    }
)
DEMAND = pd.DataFrame(
    {"item": "tea", "location": ["shop", "kiosk"], "mean": [20.0, 9.0], "std": [5.0, 3.0]}
)


def errors(*rows, location="shop"):
    frame = pd.DataFrame(rows, columns=["ahead", "other_ahead", "covariance"])
    return frame.assign(item="tea", location=location)


def network(table=None, **settings):
    return Network.from_tables(STAGES, LANES, DEMAND, forecast_errors=table, **settings)


GOOD = errors((0, None, 9.0), (1, 1, 4.0), (1, 0, 3.0), (3, None, 1.0))


def test_a_blank_other_horizon_is_the_rows_own_and_pairs_are_symmetric():
    (matrix,) = network(GOOD).forecast_revisions.values()
    expected = np.diag([9.0, 4.0, 0.0, 1.0])
    expected[0, 1] = expected[1, 0] = 3.0
    assert (matrix == expected).all()
    assert list(network(GOOD).forecast_revisions) == [0]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_it_is_kept_by_every_way_out_and_in(tmp_path, file_format):
    first = network(GOOD)
    assert read_network(first.write(tmp_path, file_format=file_format)).equals(first)
    assert Network.from_networkx(first.to_networkx()).equals(first)
    assert first.replace(holding_rate=None).equals(first)
    assert first.subset(0).equals(first)
    assert not first.replace(forecast_errors=None).equals(first)
    assert first.replace(forecast_errors=None).equals(network())
    assert first.digests["forecast_errors"]
    assert "forecast_errors" not in network().digests


def test_no_row_says_no_more_than_no_table():
    assert network(GOOD.iloc[:0]).equals(network())


def test_segments_name_the_row():
    demand = pd.concat([DEMAND.assign(market=name) for name in ("EU", "US")])
    made = Network.from_tables(
        STAGES, LANES, demand, forecast_errors=GOOD.assign(market="US"), segments=["market"]
    )
    assert list(made.forecast_revisions) == [2]
    with pytest.raises(TableError, match=r"forecast_errors\.item, location, market: names no row"):
        made.replace(forecast_errors=GOOD.assign(market="Mars"))


def test_every_fault_is_told_at_once():
    wrong = pd.concat(
        [errors((0, None, -1.0), (1, 2, 0.5), (2, 1, 0.5)), errors((0, 0, 1.0), location="moon")]
    )
    with pytest.raises(TableError) as told:
        network(wrong)
    message = str(told.value)
    assert "names no row of demand" in message
    assert "must be a number >= 0 where both revisions are the same one" in message
    assert "the pair is there already, the other way round" in message


@pytest.mark.parametrize(
    "rows",
    [
        ((0, None, 1.0), (1, None, 1.0), (0, 1, 1.5)),
        ((0, 1, 0.2),),  # a covariance without variances
    ],
)
def test_covariances_that_contradict_one_another_are_refused(rows):
    with pytest.raises(TableError, match="contradict one another"):
        network(errors(*rows))


def test_a_singular_matrix_is_none_the_worse():
    assert network(errors((0, None, 4.0), (1, None, 1.0), (0, 1, 2.0))).forecast_revisions


@pytest.mark.parametrize("cell", [-1, 0.5, "soon", 5000])
def test_horizons_are_whole_periods(cell):
    with pytest.raises(TableError, match=r"forecast_errors\.ahead"):
        network(errors((cell, None, 1.0)))
