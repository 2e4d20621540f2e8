"""Observations in the tables: fitted once for all shards, as the functions themselves fit them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.errors import DomainError
from echelon.rng import stream
from tests.unit.jobs.conftest import Tables, sorted_rows

N_WEEKS = 60


@pytest.fixture
def observed(tables: Tables) -> Tables:
    """Histories of all markets but one, and the log of the lanes to one of the shops."""
    rng = stream(4, "fit", "run")
    sold = tables["demand"].iloc[1:]
    weeks = pd.date_range("2024-01-01", periods=N_WEEKS, freq="7D")
    history = sold[["item", "location"]].merge(pd.DataFrame({"period": weeks}), how="cross")
    history["quantity"] = rng.poisson(np.repeat(sold["mean"].to_numpy(), N_WEEKS)).astype(float)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 60), unit="D")
    days = pd.to_timedelta(rng.integers(4, 20, 60), unit="D")
    log = pd.DataFrame({"line": np.arange(60), "from_location": "plant", "to_location": "north"})
    tables["stages"]["service_level"] = 0.95
    tables["stages"].loc[tables["stages"]["location"] == "plant", "service_level"] = None
    tables["demand"] = tables["demand"].assign(service_level=None)
    tables["demand"].loc[3, "service_level"] = 0.9
    return tables | {
        "demand_history": history,
        "shipments": log.assign(ordered=ordered, delivered=ordered + days),
    }


def test_a_fitted_run_is_a_plan_of_the_fitted_tables(observed: Tables, tmp_path):
    for _ in range(2):
        run = ec.run(
            observed,
            tmp_path,
            fit={"demand": {"exposure": 4}, "lead_time": {}},
            n_jobs=1,
            stages_per_shard=6,
            progress=False,
        )
    assert run.counts["kept_shards"] == run.counts["shards"] > 1
    demand = ec.fit_demand(observed["demand_history"], period="week", exposure=4, progress=False)
    times = ec.fit_lead_time(
        observed["shipments"], by=["from_location", "to_location"], period="week"
    )
    given = observed["demand"]
    levels = given[["item", "location", "service_level"]]
    fitted = demand.demand.merge(levels, on=["item", "location"], how="left")
    lanes = observed["lanes"].merge(
        times.lead_times(), on=["from_location", "to_location"], how="left", suffixes=("_old", "")
    )
    lanes["lead_time"] = lanes["lead_time"].fillna(lanes.pop("lead_time_old"))
    lanes["lead_time_std"] = lanes["lead_time_std"].fillna(0.0)
    network = ec.Network.from_tables(
        observed["stages"],
        lanes,
        pd.concat([given.head(1).assign(family="normal"), fitted], ignore_index=True),
    )
    plan = ec.optimize(network, service_times="whole", progress=False)
    own = ["item", "location", "base_stock", "net_replenishment_time", "service_level"]
    pd.testing.assert_frame_equal(
        sorted_rows(run.to_frame("plan"))[own], sorted_rows(plan.stages)[own], check_exact=True
    )


def test_a_market_without_a_model_and_without_a_row_is_a_failure(observed: Tables, tmp_path):
    history = observed["demand_history"]
    is_short = (history["item"] == "item 02") & (history["location"] == "south")
    observed["demand_history"] = history[~is_short | (history["period"] < "2024-01-20")]
    demand = observed["demand"]
    gone = (demand["item"] == "item 02") & (demand["location"] == "south")
    observed["demand"] = demand[~gone].reset_index(drop=True)
    options = {"pooling": False, "absent": "zero", "min_periods": 80}
    run = ec.run(
        observed, tmp_path, fit={"demand": options}, n_jobs=1, faults="set_aside", progress=False
    )
    assert (2, "south") in {
        (int(item[-2:]), place)
        for item, place in run.failures[["item", "location"]].values.tolist()
    }
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("fit", "told"),
    [
        ({"demand": {}}, "no table demand_history"),
        ({"lead_time": {}}, "no table shipments"),
    ],
    ids=["demand", "lead time"],
)
def test_absent_observations_are_told(tables: Tables, tmp_path, fit, told: str):
    with pytest.raises(DomainError, match=told):
        ec.run(tables, tmp_path, fit=fit, n_jobs=1, progress=False)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["status"], summary["exit_code"]) == ("failed", 2)


def test_routes_that_the_table_does_not_tell_apart_are_refused(observed: Tables, tmp_path):
    with pytest.raises(DomainError, match=r"by has \['mode'\], which lanes do not tell apart"):
        ec.run(observed, tmp_path, fit={"lead_time": {"by": ["mode"]}}, n_jobs=1, progress=False)
