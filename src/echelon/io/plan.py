"""Read back a plan that was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.folder import listed_frames
from echelon.io.result import FAILURES, read_result, result_frame
from echelon.policies.columns import COMPONENTS, LEVELS, SEGMENTS, STAGES, TRACE
from echelon.policies.plan import Plan
from echelon.tables import with_segments

_SCALARS = {
    "objective": float,
    "bound": float,
    "gap": float,
    "status": str,
    "termination": str,
    "period": str,
    "periods_per_year": float,
}


def read_plan(folder: str | Path) -> Plan:
    """Read the folder that :meth:`Plan.write` wrote.

    Parameters
    ----------
    folder : str or Path
        Holds ``plan``, ``components`` and ``failures``, CSV or Parquet, and a ``manifest.json``;
        or a folder ``plan`` that does, as ``echelon optimize --out`` writes it.

    Returns
    -------
    Plan
        Equal to the one written, number by number. Of ``model="base_stock_saa"`` with its check
        out of sample, samples and curves.

    Raises
    ------
    FolderError
        If the folder holds no plan, or one of its files lacks a column or is damaged: file,
        column, row and value of what cannot have been written.

    Examples
    --------
    >>> import tempfile
    >>> import echelon as ec
    >>> plan = ec.optimize(ec.read_example("bulldozer"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = ec.read_plan(plan.write(folder))
    >>> again.stages.equals(plan.stages), again.objective == plan.objective
    (True, True)
    """
    root, manifest, provenance = read_result(
        folder,
        "Plan",
        inside="plan",
        scalars=_SCALARS,
        write_it="echelon optimize FOLDER --out RUN",
    )
    names = manifest.get("segment_columns", [])
    tables = {"levels": LEVELS, "trace": TRACE, "segments": with_segments(SEGMENTS, names)}
    some: dict[str, Any] = {
        name: result_frame(root, name, table.columns, manifest)
        for name, table in tables.items()
        if name in listed_frames(manifest)
    }
    make: Callable[..., Plan] = Plan
    if "samples" in listed_frames(manifest):
        make, own = _sampled(root, manifest)
        some |= own
    return make(
        stages=result_frame(root, "plan", STAGES.columns, manifest),
        components=result_frame(root, "components", COMPONENTS.columns, manifest),
        failures=result_frame(root, "failures", FAILURES, manifest),
        provenance=provenance,
        currency=manifest.get("currency", ""),
        name=manifest.get("name", ""),
        **{name: manifest[name] for name in _SCALARS},
        **some,
    )


def _sampled(root: Path, manifest: dict[str, Any]) -> tuple[type[Plan], dict[str, Any]]:
    """Read what a plan on sampled paths has besides."""
    from echelon.optimization.sampled_base_stock.columns import CHECKED, CURVES, SAMPLES
    from echelon.optimization.sampled_base_stock.result import SampledBaseStocks

    tables = {"checked": CHECKED, "samples": SAMPLES, "curves": CURVES}
    own: dict[str, Any] = {
        name: result_frame(root, name, table.columns, manifest)
        if name in listed_frames(manifest)
        else pd.DataFrame(columns=list(table.names))
        for name, table in tables.items()
    }
    for name in ("sampled_cost", "simulated_cost", "simulated_cost_se", "confidence"):
        own[name] = float(manifest.get(name, float("nan")))
    return SampledBaseStocks, own
