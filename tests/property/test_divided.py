"""Tables in shards and tables in one: the same rows, faults, plans and simulations."""

from __future__ import annotations

import dataclasses
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import echelon as ec
from echelon.errors import TableError
from echelon.io.divided import DividedTables, divide
from tests import rich_networks

KEYS = ["item", "location"]


def in_order(divided: DividedTables, name: str) -> pd.DataFrame:
    """Rows of a table from all shards, as the source has them."""
    parts = [
        shard.frames()[name].set_index(
            pd.read_parquet(shard.rows / f"{name}.parquet")["row of the source"].to_numpy()
        )
        for shard in divided.shards
        if name in shard.n_rows
    ]
    return pd.concat(parts).sort_index()


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(5, 60))
def test_tables_divided_and_put_together_are_the_same(seed: int, size: int) -> None:
    draw = np.random.default_rng(seed)
    portfolio = ec.datasets.make_portfolio(int(draw.integers(1, 9)), seed=int(draw.integers(99)))
    tables = {
        name: frame.sample(frac=1.0, random_state=int(draw.integers(99))).reset_index(drop=True)
        for name, frame in portfolio.tables.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        divided = divide(tables, folder, stages_per_shard=size, settings=portfolio.settings)
        for name, frame in tables.items():
            texts = dict.fromkeys(frame.select_dtypes(["object", "str"]).columns, "str")
            together = in_order(divided, name)  # a file has one kind of blank
            pd.testing.assert_frame_equal(together.astype(texts), frame.astype(texts))
        whole = ec.Network.from_tables(**tables, **portfolio.settings)
        assert divided.n_components == whole.n_components
        for shard in divided.shards:
            assert shard.read().equals(whole.subset(shard.component_numbers()))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(5, 60))
def test_faults_are_those_of_the_whole(seed: int, size: int) -> None:
    """Cells damaged at random; only what is offered in place of an unknown name may differ."""
    draw = np.random.default_rng(seed)
    portfolio = ec.datasets.make_portfolio(8, seed=3)
    tables = {name: frame.copy() for name, frame in portfolio.tables.items()}
    damage: list[tuple[str, str, Any]] = [
        ("stages", "lead_time", -1.0),
        ("stages", "service_level", 97.5),
        ("stages", "order_cost", np.inf),
        ("lanes", "from_item", "nothing"),
        ("lanes", "to_location", "nowhere"),
        ("lanes", "units_required", np.nan),
        ("demand", "std", -3.0),
        ("demand", "location", "Atlantis"),
        ("demand", "family", "normel"),
    ]
    for table, column, value in damage:
        if draw.random() < 0.5:
            rows = draw.choice(len(tables[table]), int(draw.integers(1, 4)), replace=False)
            tables[table].loc[rows, column] = value
    if draw.random() < 0.5:
        again = tables["demand"].iloc[draw.choice(len(tables["demand"]), 2)]
        tables["demand"] = pd.concat([tables["demand"], again], ignore_index=True)

    def told(faults: Any) -> list[tuple[Any, ...]]:
        cleared = [dataclasses.replace(fault, remedy="") for fault in faults]
        return sorted(
            (fault.table, fault.column, fault.row, fault.count, str(fault)) for fault in cleared
        )

    whole: list[tuple[Any, ...]] = []
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        try:
            ec.Network.from_tables(**tables, **portfolio.settings)
        except TableError as error:
            whole = told(error.faults)
        divided = divide(tables, folder, stages_per_shard=size, settings=portfolio.settings)
        assert told(divided.faults()) == whole


def _sorted(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.sort_values(keys, ignore_index=True)


def _portfolio() -> ec.Network:
    return ec.datasets.make_portfolio(25, seed=6).network


@pytest.mark.parametrize("make", [_portfolio, rich_networks.portfolio], ids=["portfolio", "rich"])
def test_shards_give_the_bits_of_the_whole(make: Any, tmp_path: Path) -> None:
    """Row by row, plan and simulation; a shard knows nothing of the others."""
    network = make()
    run = {"periods": 16, "warmup": 4, "replications": 6, "seed": 5}
    divided = divide(network, tmp_path, stages_per_shard=5 if network.n_stages < 20 else 40)
    assert len(divided.shards) > 1
    placed, stocked, served = [], [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that a plan reckons without
        plan = ec.optimize(network, service_level=0.95, service_times="whole")
        levels = network.stages["base_stock"].isna().all()  # else it brings its own
        whole = ec.simulate(network, plan if levels else None, **run)
        for shard in divided.shards:
            own = shard.read()
            part = ec.optimize(own, service_level=0.95, service_times="whole")
            numbers = shard.component_numbers()
            placed.append(part.stages.assign(component=numbers[part.stages["component"]]))
            simulated = ec.simulate(own, part if levels else None, **run)
            stocked.append(simulated.stages)
            served.append(simulated.service)
    for parts, expected in (
        (placed, plan.stages),
        (stocked, whole.stages),
        (served, whole.service),
    ):
        keys = [name for name in (*KEYS, *network.segments) if name in expected.columns]
        together = pd.concat(parts)[expected.columns]
        pd.testing.assert_frame_equal(
            _sorted(together, keys), _sorted(expected, keys), check_exact=True, check_dtype=False
        )
