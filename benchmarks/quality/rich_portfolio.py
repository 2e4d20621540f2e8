"""A made-up company simulated: service times, reviews, release times, lots and capacities.

python -m benchmarks.quality.rich_portfolio

Shelf lives are left out, since they are measured by themselves. What a run takes is split by timing
the kernels where they are called, so that what is neither drawing nor moving nor measuring is what
is done once for each component, shard or run. In single precision drawing is within the flow.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pandas as pd

import echelon as ec
from echelon.simulation import run_task, work

SIZES = (250, 500, 1_000, 2_000)
PERISHABLE = ("shelf_life", "waste_cost", "minimum_remaining_life")
SETTINGS: dict[str, Any] = {"periods": 104, "warmup": 26, "replications": 100, "progress": False}
REPEATS = 3


def company(n_skus: int) -> tuple[ec.Network, ec.Plan]:
    """Make a company that keeps nothing that perishes, and its plan."""
    tables = {
        name: table.drop(columns=[column for column in PERISHABLE if column in table])
        for name, table in ec.datasets.make_portfolio(n_skus).tables.items()
    }
    network = ec.Network.from_tables(
        tables["stages"], tables["lanes"], tables["demand"], segments=["market", "channel"],
        period="week", holding_rate=0.18,
    )  # fmt: skip
    return network, ec.optimize(network, service_times="whole")


def parts_of(network: ec.Network, plan: ec.Plan, precision: str) -> dict[str, float]:
    """Seconds of one core, by part; the least of some runs."""
    least = {"all": float("inf")}
    names = {"run_single": "flow", "run_plain": "flow", "feature_flow": "flow", "fill": "draws"}
    rooms = dict.fromkeys(names, work)
    names |= {"measure_shard": "measuring", "sources_of": "tables of draws"}
    rooms |= dict.fromkeys(("measure_shard", "sources_of"), run_task)
    kept = {name: getattr(room, name) for name, room in rooms.items()}
    spent: defaultdict[str, float] = defaultdict(float)

    def timed(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            started = time.process_time()
            out = kept[name](*arguments, **options)
            spent[names[name]] += time.process_time() - started
            return out

        return call

    try:
        for name in names:
            setattr(rooms[name], name, timed(name))
        for _ in range(REPEATS):
            spent.clear()
            started = time.process_time()
            ec.simulate(network, plan, precision=precision, **SETTINGS)
            spent["all"] = time.process_time() - started
            if spent["all"] < least["all"]:
                least = dict(spent)
    finally:
        for name in names:
            setattr(rooms[name], name, kept[name])
    return least


def measured() -> pd.DataFrame:
    """Seconds of one core for 1,000 SKUs, for companies of several sizes."""
    rows = []
    for n_skus in SIZES:
        network, plan = company(n_skus)
        for precision in ("single", "double"):
            parts = parts_of(network, plan, precision)
            of_thousand = 1_000.0 / n_skus
            stage_periods = len(network.stages) * (SETTINGS["periods"] + SETTINGS["warmup"])
            row: dict[str, Any] = {
                "SKUs": n_skus,
                "stages": len(network.stages),
                "precision": precision,
                "s / 1,000 SKUs": parts["all"] * of_thousand,
                "millions / s": stage_periods * SETTINGS["replications"] / parts["all"] / 1e6,
            }
            known = ("tables of draws", "draws", "flow", "measuring")
            row |= {name: parts.get(name, 0.0) / parts["all"] for name in known}
            row["the rest"] = 1.0 - sum(row[name] for name in known)
            rows.append(row)
    return pd.DataFrame(rows)


def table() -> str:
    """The same as a table of a page."""
    frame = measured()
    lines = [
        "### Simulate a made-up company without shelf lives, 26 + 104 weeks, 100 replications",
        "",
        "Seconds of one core for 1,000 SKUs, millions of stage-periods a second, and which share "
        "of the seconds goes where; in single precision drawing is within the flow.",
        "",
        f"| {' | '.join(frame.columns)} |",
        f"|{' ---: |' * len(frame.columns)}",
    ]
    for row in frame.itertuples(index=False):
        cells = [f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"
                 if isinstance(value, int) else str(value) for value in row]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(table())
