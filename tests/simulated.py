"""What the judges of the simulation need: stages side by side, and when two numbers agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

import echelon as ec


def stages_apart(rows: Sequence[Mapping[str, Any]], **tables: pd.DataFrame) -> ec.Network:
    """One stage per row, supplied from outside, in one network; ``demand`` is its distribution.

    Other names are columns of ``stages``; a name that a row does not have is blank there.
    """
    stages = pd.DataFrame([{k: v for k, v in row.items() if k != "demand"} for row in rows])
    stages.insert(0, "item", [f"sku {k:03d}" for k in range(len(rows))])
    stages.insert(1, "location", "here")
    if "holding_cost" not in stages:
        stages["holding_cost"] = 1.0
    demand = pd.DataFrame(
        {
            "item": stages["item"],
            "location": "here",
            "distribution": [row["demand"] for row in rows],
        }
    )
    return ec.Network.from_tables(stages, None, demand, **tables)


def run(network: ec.Network, *, periods: int = 500, warmup: int = 100, seed: int = 7,
        replications: int = 2_000, **arguments: Any) -> ec.Simulation:  # fmt: skip
    """A million periods unless told otherwise."""
    return ec.simulate(
        network,
        periods=periods,
        warmup=warmup,
        replications=replications,
        seed=seed,
        progress=False,
        **arguments,
    )


def assert_agrees(
    frame: pd.DataFrame,
    column: str,
    exact: float | Iterable[float],
    *,
    planted: float | None = 0.02,
    rounding: float = 1e-9,
) -> None:
    """Within four standard errors; an error of the share ``planted`` would be seen.

    ``rounding`` is what numbers without a standard error may differ by, relatively.
    """
    expected = np.broadcast_to(np.asarray(exact, dtype=float), len(frame))
    value = frame[column].to_numpy(dtype=float)
    allowed = 4.0 * frame[f"{column}_se"].to_numpy(dtype=float)
    allowed = np.maximum(allowed, rounding * np.maximum(1.0, np.abs(expected)))
    off = np.abs(value - expected)
    told = pd.DataFrame({"simulated": value, "exact": expected, "se": allowed / 4.0})
    assert (off <= allowed).all(), f"{column}\n{told[~(off <= allowed)]}"
    if planted is not None:
        assert expected.any()
        seen = (np.abs(value - (1.0 + planted) * expected) > allowed) | (expected == 0.0)
        assert seen.all(), f"{column}: the planted error is not seen\n{told[~seen]}"


NET_MEASURES = ("on_hand", "backorders", "ready_rate")


def net_measures(net: float) -> tuple[float, float, float]:
    """On hand, backorders and whether nothing is late, of the net stock of a chain."""
    return max(net, 0.0), max(-net, 0.0), float(net >= -1e-9)


def assert_all(frame: pd.DataFrame, exact: Any, *, late: float = 0.05) -> None:
    """Rows of the frame against rows of ``NET_MEASURES``.

    ``late`` is the error of backorders, which spread most, that would be seen.
    """
    for name, values in zip(NET_MEASURES, np.transpose(exact), strict=True):
        assert_agrees(frame, name, values, planted=late if name == "backorders" else 0.02)
