"""Networks that several test files need: random ones, and those of the published cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from echelon import Network


def random_network(
    rng: np.random.Generator,
    n_stages: int,
    *,
    extra_lanes: int = 0,
    fractional: bool = False,
    lane_times: bool = False,
    no_stock: float = 0.0,
    review: bool = False,
) -> Network:
    """Draw a connected acyclic network; ``extra_lanes`` beyond a spanning tree make it general."""
    lanes: set[tuple[int, int]] = set()
    for j in range(1, n_stages):
        i = int(rng.integers(j))
        lanes.add((i, j) if rng.random() < 0.6 else (j, i))
    rank = _depths(n_stages, lanes)
    pairs = [(a, b) for a in range(n_stages) for b in range(n_stages) if rank[a] < rank[b]]
    spare = [pair for pair in pairs if pair not in lanes]
    for k in rng.permutation(len(spare))[:extra_lanes]:
        lanes.add(spare[k])
    sinks = set(range(n_stages)) - {a for a, _ in lanes}
    grain = 0.25 if fractional else 1.0

    def times(high: int, size: int) -> np.ndarray:
        return rng.integers(0, int(high / grain) + 1, size) * grain

    buys = [j in sinks or rng.random() < 0.15 for j in range(n_stages)]
    holding = rng.uniform(0.2, 4.0, n_stages).round(2)
    stages = pd.DataFrame(
        {
            "item": [f"s{j}" for j in range(n_stages)],
            "location": "x",
            "lead_time": times(5, n_stages),
            "holding_cost": holding,
            "inbound_service_time": np.where(rng.random(n_stages) < 0.3, times(2, n_stages), 0.0),
            "max_service_time": [
                float(times(3, 1)[0]) if b or rng.random() < 0.1 else np.inf for b in buys
            ],
            "safety_factor": np.where(buys, rng.choice([1.0, 1.645, 2.33], n_stages), np.nan),
            "can_stock": [b or rng.random() >= no_stock for b in buys],
            "review_period": rng.choice([0, 0, 1, 2], n_stages) if review else 0,
        }
    )
    table = pd.DataFrame(
        {
            "from_item": [f"s{a}" for a, _ in sorted(lanes)],
            "from_location": "x",
            "to_item": [f"s{b}" for _, b in sorted(lanes)],
            "to_location": "x",
            "units_required": rng.choice([1.0, 1.0, 2.0, 0.5], len(lanes)),
            "lead_time": times(2, len(lanes)) if lane_times else 0.0,
        }
    )
    demand = pd.DataFrame(
        {
            "item": [f"s{j}" for j in range(n_stages) if buys[j]],
            "location": "x",
            "mean": rng.integers(5, 60, sum(buys)).astype(float),
            "std": rng.uniform(1, 20, sum(buys)).round(2),
        }
    )
    return Network.from_tables(stages, table, demand, period="week")


def random_portfolio(seed: int, n_components: int, *, general: float = 0.4, **kinds) -> Network:
    """Draw networks of 1 to 9 stages and put them side by side; ``general`` of them are no trees.

    ``kinds`` as :func:`random_network` takes them.
    """
    rng = np.random.default_rng([seed, n_components])
    tables: dict[str, list[pd.DataFrame]] = {"stages": [], "lanes": [], "demand": []}
    for c in range(n_components):
        n = int(rng.integers(1, 10))
        extra = int(rng.integers(1, 4)) if n > 3 and rng.random() < general else 0
        one = random_network(rng, n, extra_lanes=extra, lane_times=c % 2 == 0, **kinds)
        for name, rows in tables.items():
            rows.append(_renamed(getattr(one, name), f"{c:03d} "))
    joined = {name: pd.concat(rows, ignore_index=True) for name, rows in tables.items()}
    return Network.from_tables(**joined)


def _renamed(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Put a prefix before the items of a table, and leave out the columns that say nothing."""
    table = table.dropna(axis=1, how="all")
    items = [name for name in table.columns if name.endswith("item")]
    return table.assign(**{name: prefix + table[name].astype(str) for name in items})


def _depths(n: int, lanes: set[tuple[int, int]]) -> list[int]:
    depth = [0] * n
    for _ in range(n):
        for a, b in lanes:
            depth[b] = max(depth[b], depth[a] + 1)
    order = sorted(range(n), key=lambda j: (depth[j], j))
    rank = [0] * n
    for place, j in enumerate(order):
        rank[j] = place
    return rank


def load(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def graves_willems(case: dict[str, Any], limits: dict[str, float] | None = None) -> Network:
    """Make a network of an entry of ``graves_willems.json``, with further limits per stage."""
    limits = limits or {}
    rows = case["stages"]
    stages = pd.DataFrame(
        {
            "item": [row["stage"] for row in rows],
            "location": "plant",
            "lead_time": [row["lead_time"] for row in rows],
            "added_cost": [row["added_cost"] for row in rows],
            "max_service_time": [limits.get(row["stage"], row["max_service_time"]) for row in rows],
            "safety_factor": [row["z"] for row in rows],
        }
    ).astype({"max_service_time": float, "safety_factor": float})
    lanes = pd.DataFrame(
        {
            "from_item": [arc["source"] for arc in case["arcs"]],
            "from_location": "plant",
            "to_item": [arc["dest"] for arc in case["arcs"]],
            "to_location": "plant",
            "units_required": [arc["units"] for arc in case["arcs"]],
        }
    )
    demand = pd.DataFrame(
        [
            {
                "item": row["stage"],
                "location": "plant",
                "mean": row["demand_mean"],
                "std": row["demand_std"],
            }
            for row in rows
            if row["demand_mean"] is not None
        ]
    )
    return Network.from_tables(
        stages, lanes, demand, period="day", holding_rate=case["holding_rate_per_year"]
    )


def textbook(inputs: dict[str, Any]) -> Network:
    """Make a network of the ``inputs`` of a ``textbook/gsm_*.json`` case."""
    nodes = inputs["nodes"]
    common = inputs.get("demand_bound_constant")
    stages = pd.DataFrame(
        {
            "item": [str(node["index"]) for node in nodes],
            "location": "x",
            "lead_time": [float(node["processing_time"]) for node in nodes],
            "holding_cost": [float(node["local_holding_cost"]) for node in nodes],
            "inbound_service_time": [float(node["external_inbound_cst"] or 0) for node in nodes],
            "max_service_time": [
                np.nan if node["external_outbound_cst"] is None else node["external_outbound_cst"]
                for node in nodes
            ],
            "safety_factor": [
                float(node.get("demand_bound_constant", common) or common)
                if node["demand_standard_deviation"]
                else np.nan
                for node in nodes
            ],
        }
    ).astype({"max_service_time": float})
    lanes = pd.DataFrame(
        [
            {"from_item": str(a), "from_location": "x", "to_item": str(b), "to_location": "x"}
            for a, b in inputs["edges"]
        ]
    )
    demand = pd.DataFrame(
        [
            {
                "item": str(node["index"]),
                "location": "x",
                "mean": float(node["demand_mean"] or 0.0),
                "std": float(node["demand_standard_deviation"]),
            }
            for node in nodes
            if node["demand_standard_deviation"]
        ]
    )
    return Network.from_tables(stages, lanes, demand, period="week")


def willems_stages(folder: Path, chain: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read one chain's rows of ``stages.csv`` and ``arcs.csv`` as they stand."""
    stages = pd.read_csv(folder / "willems" / "stages.csv", encoding="utf-8-sig")
    arcs = pd.read_csv(folder / "willems" / "arcs.csv", encoding="utf-8-sig")
    return stages[stages["chain"] == chain], arcs[arcs["chain"] == chain]
