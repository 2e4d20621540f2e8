"""Read back a simulation that was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from echelon.io.result import FAILURES, read_result, result_frame
from echelon.simulation.columns import FRAMES, SEGMENTS, SERVICE, STAGES, TOTAL, with_errors
from echelon.simulation.result import OPTIONAL, Simulation, no_rows
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
        Holds ``simulation``, ``total``, ``service`` and ``failures`` and those of the other frames
        that have rows, CSV or Parquet, and a ``manifest.json``; or a folder ``simulation`` that
        does, as ``echelon simulate`` writes it.

    Returns
    -------
    Simulation
        Equal to the one written, number by number, but for what every replication came to, which
        is not written.

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
    written = manifest.get("files", {})
    segments = tuple(str(name) for name in manifest.get("segments", ("segment",)))
    frames = {
        name: result_frame(root, name, _columns(name, segments), manifest)
        if name in written
        else no_rows(name)
        for name in OPTIONAL
    }
    return Simulation(
        stages=result_frame(root, "simulation", _measured(STAGES), manifest),
        total=result_frame(root, "total", _measured(TOTAL), manifest),
        service=result_frame(root, "service", SERVICE.columns, manifest),
        segments=frames["segments"],
        segment_totals=frames["segment_totals"],
        items=frames["items"],
        locations=frames["locations"],
        trace=frames["trace"],
        paths=frames["paths"],
        warmups=frames["warmups"],
        disruptions=frames["disruptions"],
        failures=result_frame(root, "failures", FAILURES, manifest),
        provenance=provenance,
        currency=manifest.get("currency", ""),
        name=manifest.get("name", ""),
        segment_columns=segments,
        **{name: manifest[name] for name in _SCALARS},
    )


def _columns(name: str, segments: tuple[str, ...]) -> tuple[Column, ...]:
    """Columns of a frame as it is written, in a network with these segment columns."""
    table = FRAMES[name]
    if name in ("trace", "paths", "warmups"):
        return table.columns
    if name != "segments":
        return _measured(table)
    text = SEGMENTS["segment"]
    keys = tuple(replace(text, name=segment) for segment in segments)
    return tuple(
        one
        for column in _measured(table)
        for one in (keys if column.name == text.name else (column,))
    )


def _measured(table: Table) -> tuple[Column, ...]:
    """Columns of a table, each measure followed by its standard error."""
    return tuple(replace(table[name.removesuffix("_se")], name=name) for name in with_errors(table))
