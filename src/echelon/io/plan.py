"""Read back a plan that was written."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import FolderError
from echelon.folder import MANIFEST, read_frame, read_manifest
from echelon.policies.plan import COMPONENT_COLUMNS, STAGE_COLUMNS, Plan
from echelon.results import FAILURE_COLUMNS, Provenance

_TEXT = ("item", "location", "status", "termination", "method", "error", "message")
_SCALARS = ("objective", "bound", "gap", "status", "termination", "period", "periods_per_year")


def read_plan(folder: str | Path) -> Plan:
    """Read the folder that :meth:`Plan.write` wrote.

    Parameters
    ----------
    folder : str or Path
        Holds ``plan``, ``components`` and ``failures``, CSV or Parquet, and a ``manifest.json``.

    Returns
    -------
    Plan
        Equal to the one written, number by number.

    Raises
    ------
    FolderError
        If the folder holds no plan, or one of its files lacks a column.

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
    root = Path(folder)
    manifest = read_manifest(root)
    if manifest.get("kind") != "Plan":
        raise FolderError(
            f"{root} holds no plan. Fix: name the folder that plan.write wrote, "
            "or write one with: echelon optimize FOLDER --out RUN."
        )
    absent = [name for name in _SCALARS if name not in manifest]
    origin = manifest.get("provenance", {})
    absent += [f"provenance.{spec.name}" for spec in fields(Provenance) if spec.name not in origin]
    if absent:
        raise FolderError(
            f"{root / MANIFEST} lacks {', '.join(absent)}. Fix: write the plan again."
        )
    return Plan(
        stages=_frame(root, "plan", STAGE_COLUMNS),
        components=_frame(root, "components", COMPONENT_COLUMNS),
        failures=_frame(root, "failures", FAILURE_COLUMNS),
        provenance=Provenance(**{spec.name: origin[spec.name] for spec in fields(Provenance)}),
        currency=manifest.get("currency", ""),
        name=manifest.get("name", ""),
        **{name: manifest[name] for name in _SCALARS},
    )


def _frame(root: Path, stem: str, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = read_frame(root, stem, text=_TEXT)
    if frame is None:
        raise FolderError(f"{root} lacks {stem}.csv. Fix: write the plan again.")
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise FolderError(
            f"{root}: table {stem} lacks {', '.join(absent)}. Fix: write the plan again."
        )
    texts: dict[str, Any] = dict.fromkeys((name for name in _TEXT if name in frame), "")
    return frame.fillna(texts)  # an empty text is written as an empty cell
