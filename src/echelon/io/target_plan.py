"""Read back a target plan that was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from echelon.folder import listed_frames
from echelon.io.result import FAILURES, read_result, result_frame
from echelon.optimization.target_inventory.columns import (
    COMPONENTS,
    COSTS,
    LIMITS,
    OPENING,
    ORDERS,
    ROUNDED,
    TARGETS,
)
from echelon.optimization.target_inventory.result import TargetPlan

_SCALARS: Final = {
    "objective": float,
    "bound": float,
    "gap": float,
    "status": str,
    "termination": str,
    "horizon": int,
    "period": str,
    "periods_per_year": float,
}

_FRAMES: Final = {
    "targets": TARGETS,
    "orders": ORDERS,
    "limits": LIMITS,
    "costs": COSTS,
    "components": COMPONENTS,
    "rounded_times": ROUNDED,
    "opening": OPENING,
}


def read_target_plan(folder: str | Path) -> TargetPlan:
    """Read the folder that :meth:`TargetPlan.write` wrote.

    Parameters
    ----------
    folder : str or Path
        Holds ``targets``, ``components``, ``costs``, ``opening`` and the other frames that have
        rows, CSV or Parquet, and a ``manifest.json``; or a folder ``targetplan`` that does.

    Returns
    -------
    TargetPlan
        Equal to the one written, number by number.

    Raises
    ------
    FolderError
        If the folder holds no target plan, or one of its files lacks a column or is damaged.

    Examples
    --------
    >>> import tempfile
    >>> import echelon as ec
    >>> shop = ec.serial(["shop"], lead_time=0, holding_cost=1.0, demand_mean=50.0, demand_std=0.0)
    >>> plan = ec.optimize(shop, model="target_inventory", horizon=4, opening="empty")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = ec.read_target_plan(plan.write(folder))
    >>> again.targets.equals(plan.targets), again.objective == plan.objective
    (True, True)
    """
    root, manifest, provenance = read_result(
        folder,
        "TargetPlan",
        inside="targetplan",
        scalars=_SCALARS,
        write_it="targets.write(folder)",
    )
    there = listed_frames(manifest)
    frames: dict[str, Any] = {
        name: result_frame(root, name, table.columns, manifest)
        if name in there
        else pd.DataFrame({column: pd.Series(dtype=object) for column in table.names})
        for name, table in _FRAMES.items()
    }
    return TargetPlan(
        failures=result_frame(root, "failures", FAILURES, manifest),
        provenance=provenance,
        **frames,
        currency=manifest.get("currency", ""),
        name=manifest.get("name", ""),
        **{name: manifest[name] for name in _SCALARS},
    )
