"""Fitted tables say what period they are in, and a network in another one refuses them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import UnknownNameError

LOG = pd.DataFrame(
    {
        "line": range(40),
        "vendor": ["Acme", "Bolt"] * 20,
        "ordered": pd.Timestamp("2024-01-01") + pd.Timedelta(days=1) * np.arange(40),
    }
).assign(delivered=lambda log: log["ordered"] + pd.Timedelta(days=14))
STAGES = pd.DataFrame(
    {"item": ["pump", "seal"], "location": "store", "vendor": ["Acme", "Bolt"], "holding_cost": 1.0}
)
NAMED = ["lead_time", "lead_time_std", "lead_time_family", "lead_time_parameters"]


def weekly(start: object = "2024-01-01") -> pd.DataFrame:
    periods = pd.date_range(start, periods=30, freq="7D") if start else np.arange(30)
    sold = np.random.default_rng(1).poisson(9.0, 30)
    return pd.DataFrame({"item": "pump", "location": "store", "period": periods, "quantity": sold})


def test_lead_times_are_ready_to_merge_and_say_their_period() -> None:
    for period, expected in (("day", 14.0), ("week", 2.0)):
        times = ec.fit_lead_time(LOG, by=["vendor"], period=period)
        table = times.lead_times()
        assert table.columns.tolist() == ["vendor", *NAMED]
        assert table["lead_time"].tolist() == pytest.approx([expected] * 2)
        assert table.attrs == times.models.attrs == {"period": period}
        pd.testing.assert_frame_equal(table, times.models[["vendor", *NAMED]])
        made = ec.Network.from_tables(
            STAGES.merge(table, on="vendor").drop(columns="vendor"), period=period
        )
        assert made.stages["lead_time"].tolist() == pytest.approx([expected] * 2)


def test_lead_times_of_a_leg() -> None:
    log = LOG.assign(released=LOG["delivered"] - pd.Timedelta(days=4))
    times = ec.fit_lead_time(log, by=["vendor"])
    assert times.lead_times("transport")["lead_time"].tolist() == [4.0, 4.0]
    assert times.lead_times("transport").index.tolist() == [0, 1]
    with pytest.raises(UnknownNameError, match="transit"):
        times.lead_times("transit")


def test_lead_times_in_another_period_are_refused() -> None:
    table = ec.fit_lead_time(LOG, by=["vendor"]).lead_times()
    stages = table.rename(columns={"vendor": "item"}).assign(location="store", holding_cost=1.0)
    with pytest.raises(ec.TableError) as caught:
        ec.Network.from_tables(stages)
    assert (
        "stages.lead_time: the lead times are in days, and the network is in weeks. "
        "Fix: fit_lead_time(..., period='week'), or period='day' for the network; if they were "
        "converted since, take 'period' out of stages.attrs." in str(caught.value)
    )
    assert ec.Network.from_tables(stages, period="day").period == "day"
    stages.attrs.clear()
    assert ec.Network.from_tables(stages).period == "week"


def test_lanes_in_another_period_are_refused_beside_other_faults() -> None:
    stages = pd.DataFrame(
        {
            "item": "pump",
            "location": ["plant", "store"],
            "lead_time": 1.0,
            "holding_cost": [1.0, -2.0],
        }
    )
    lanes = pd.DataFrame(
        {
            "from_item": "pump",
            "from_location": ["plant"],
            "to_item": "pump",
            "to_location": "store",
            "lead_time": 3.0,
        }
    )
    lanes.attrs["period"] = "month"
    with pytest.raises(ec.TableError) as caught:
        ec.Network.from_tables(stages, lanes)
    assert len(caught.value.faults) == 2
    assert "lanes.lead_time: the lead times are in months" in str(caught.value)
    ec.Network.from_tables(stages.assign(holding_cost=1.0), lanes.drop(columns="lead_time"))


def test_demand_in_another_period_is_refused() -> None:
    models = ec.fit_demand(weekly(), period="week")
    demand = models.demand
    assert demand.attrs == {"period": "week"}
    stages = STAGES.head(1).drop(columns="vendor").assign(lead_time=2.0)
    assert ec.Network.from_tables(stages, demand=demand).period == "week"
    with pytest.raises(ec.TableError) as caught:
        ec.Network.from_tables(stages, demand=demand, period="day")
    assert (
        "demand.mean: the demand is per week, and the network is in days. Fix: "
        "fit_demand(..., period='day'), or period='week' for the network; if it was converted "
        "since, take 'period' out of demand.attrs." in str(caught.value)
    )
    numbered = ec.fit_demand(weekly(None)).demand
    assert numbered.attrs == {}
    assert ec.Network.from_tables(stages, demand=numbered, period="day").period == "day"


def test_a_network_is_made_again_from_its_own_tables() -> None:
    """What it holds says nothing of a period, so that only what is given is held against it."""
    models = ec.fit_demand(weekly(), period="week")
    stages = STAGES.head(1).drop(columns="vendor").assign(lead_time=2.0)
    made = ec.Network.from_tables(stages, demand=models.demand)
    assert made.demand.attrs == made.stages.attrs == {}
    assert made.replace(demand=models.demand).period == "week"
