"""`simulate` against a second reading of the convention, with every feature, number by number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import echelon as ec
from echelon.distributions import Gamma, make
from echelon.simulation.drawn.laws import good_share, whole_periods
from echelon.simulation.drawn.plain_draws import plain_draws
from echelon.simulation.drawn.sources import DrawRow, UpDown, sources_of
from echelon.simulation.measured.estimates import per_run
from tests.every_clause.flow import Draws, follow
from tests.every_clause.networks import draw
from tests.every_clause.parts import Tables, cell

WARMUP, PERIODS, RUNS = 3, 30, 3

MEANS = (
    "on_hand", "backorders", "in_process", "in_release", "in_transit", "component_stock", "orders",
    "ordered", "lost", "expired", "destroyed", "scrapped", "expedited",
)  # fmt: skip


def draws_of(tables: Tables, n_periods: int, seed: int) -> list[Draws]:
    """All draws by quantity and address (clause 12), run by run."""
    rows = []
    for row in tables["demand"].to_dict("records"):
        key = (row["item"], row["location"], row["segment"])
        rows.append(DrawRow("demand", key, make(row["family"], row["mean"], row["std"])))
    for row in tables["stages"].to_dict("records"):
        key = (row["item"], row["location"])
        for name, quantity in (("lead_time", "make_time"), ("release_time", "release_time")):
            if row[f"{name}_std"] > 0.0:
                law = whole_periods(Gamma(row[name], row[f"{name}_std"]))
                rows.append(DrawRow(quantity, key, law))
        if row["yield_mean"] < 1.0 or row["lot_failure"] > 0.0:
            law = good_share(row["yield_mean"], 0.0, row["lot_failure"])
            rows.append(DrawRow("good_share", key, law))
    for row in tables["lanes"].to_dict("records") if "lanes" in tables else ():
        if row["lead_time_std"] > 0.0:
            names = ("from_item", "from_location", "to_item", "to_location")
            law = whole_periods(Gamma(row["lead_time"], row["lead_time_std"]))
            rows.append(DrawRow("lane_time", tuple(row[name] for name in names), law))
    for row in tables["disruptions"].to_dict("records") if "disruptions" in tables else ():
        if cell(row, "failure_rate", None) is not None:
            law = UpDown(row["failure_rate"], row["recovery_rate"])
            rows.append(DrawRow("disruption", (row["name"],), law))
    sources = sources_of(rows, seed)
    found: list[dict] = [{} for _ in range(RUNS)]
    for number, row in enumerate(rows):
        drawn = plain_draws(sources, number, range(n_periods), range(RUNS))
        for run in range(RUNS):
            found[run].setdefault(row.quantity, {})[row.address] = drawn[:, run]
    return found


def measured(counted: list[dict[str, float]]) -> dict[str, float]:
    """What a run comes to at a stage."""
    before, rows = counted[WARMUP - 1], counted[WARMUP:]

    def mean(name: str) -> float:
        return float(np.mean([row[name] for row in rows]))

    due = mean("due")
    short = np.array([before["short"], *(row["short"] for row in rows)])
    return {
        **{name: mean(name) for name in MEANS},
        "order_variance": float(np.var([row["ordered"] for row in rows])),
        "demand_variance": float(np.var([row["requested"] for row in rows])),
        "on_time_rate": mean("on_time") / due if due > 0.0 else np.nan,
        "ready_rate": 1.0 - mean("short"),
        "stockouts": float(((short[1:] > 0.0) & (short[:-1] == 0.0)).mean()),
    }


@pytest.mark.filterwarnings("ignore::echelon.errors.DataWarning")  # some cannot make what they owe
@pytest.mark.parametrize("block", range(6))
def test_all_measures_of_all_stages_of_random_networks(block):
    """Twenty networks each, three runs; to rounding."""
    for seed in range(20 * block, 20 * block + 20):
        tables = draw(seed)
        network = ec.Network.from_tables(**tables)
        run = ec.simulate(
            network, periods=PERIODS, warmup=WARMUP, replications=RUNS, seed=seed, keep=True
        )
        assert not len(run.failures)
        stages = run.runs.at("stage")
        counted = [
            follow(tables, draws, WARMUP + PERIODS)
            for draws in draws_of(tables, WARMUP + PERIODS, seed)
        ]
        for place, key in enumerate(stages.keys.itertuples(index=False, name=None)):
            expected = [measured(of_run[key]) for of_run in counted]
            for name in expected[0]:
                found = per_run(stages.values, stages.level, name, stages.demand)[place]
                np.testing.assert_allclose(
                    found,
                    [one[name] for one in expected],
                    rtol=1e-8,
                    atol=1e-8,
                    err_msg=f"{name} of {key}, seed {seed}",
                )


def test_every_feature_is_in_use():
    """In five of the networks at least."""
    networks = [draw(seed) for seed in range(120)]
    for table, columns in {
        "stages": (
            "lead_time_std", "release_time_std", "overtaking", "review_phase", "reorder_point",
            "inbound_service_time", "order_multiple", "minimum_order", "maximum_order", "capacity",
            "lot_failure", "lost_sales_share", "shelf_life", "initial_stock",
        ),
        "lanes": ("lead_time_std", "overtaking", "expedite_lead_time", "backup_after", "share"),
        "demand": ("minimum_remaining_life", "priority"),
        "disruptions": (
            "failure_rate", "last_period", "capacity_left", "stock_destroyed", "in_transit_held",
            "ships",
        ),
        "calendar": ("length",),
        "levels": ("base_stock",),
    }.items():  # fmt: skip
        of_table = [tables[table] for tables in networks if table in tables]
        for column in columns:
            used = [frame[column].fillna(0.0).any() for frame in of_table if column in frame]
            assert sum(used) >= 5, column
    for column in ("policy", "allocation"):
        values = pd.concat([tables["stages"][column] for tables in networks]).value_counts()
        assert (values >= 5).all(), column
        assert len(values) == {"policy": 5, "allocation": 3}[column]
