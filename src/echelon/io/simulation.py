"""Read back a simulation that was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from echelon.io.result import FAILURES, read_result, result_frame
from echelon.simulation.columns import SERVICE, STAGES, TOTAL, TRACE, with_errors
from echelon.simulation.result import Simulation
from echelon.tables.column import Column, Table

_SCALARS = {
    "periods": int,
    "warmup": int,
    "replications": int,
    "period": str,
    "periods_per_year": float,
    "planned_cost": float,
}


def read_simulation(folder: str | Path) -> Simulation:
    """Read the folder that :meth:`Simulation.write` wrote.

    Parameters
    ----------
    folder : str or Path
        Holds ``simulation``, ``total``, ``service`` and ``failures``, where it was asked for
        ``trace``, CSV or Parquet, and a ``manifest.json``; or a folder ``simulation`` that does,
        as ``echelon simulate`` writes it.

    Returns
    -------
    Simulation
        Equal to the one written, number by number.

    Raises
    ------
    FolderError
        If the folder holds no simulation, or one of its files lacks a column or is damaged: file,
        column, row and value of what cannot have been written.

    Examples
    --------
    >>> import tempfile
    >>> import echelon as ec
    >>> shop = ec.serial(["shop"], lead_time=4, holding_cost=1.0, base_stock=[220.0],
    ...                  demand_mean=50.0, demand_std=8.0)
    >>> run = ec.simulate(shop, periods=20, replications=10, seed=7)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = ec.read_simulation(run.write(folder))
    >>> again.stages.equals(run.stages), again.periods
    (True, 20)
    """
    root, manifest, provenance = read_result(
        folder,
        "Simulation",
        inside="simulation",
        scalars=_SCALARS,
        write_it="echelon simulate FOLDER RUN",
    )
    traced = "trace" in manifest.get("files", {})
    return Simulation(
        stages=result_frame(root, "simulation", _measured(STAGES), manifest),
        total=result_frame(root, "total", _measured(TOTAL), manifest),
        service=result_frame(root, "service", SERVICE.columns, manifest),
        trace=result_frame(root, "trace", TRACE.columns, manifest)
        if traced
        else pd.DataFrame(columns=list(TRACE.names)),
        failures=result_frame(root, "failures", FAILURES, manifest),
        provenance=provenance,
        currency=manifest.get("currency", ""),
        name=manifest.get("name", ""),
        **{name: manifest[name] for name in _SCALARS},
    )


def _measured(table: Table) -> tuple[Column, ...]:
    """Columns of a table, each measure followed by its standard error."""
    return tuple(replace(table[name.removesuffix("_se")], name=name) for name in with_errors(table))
