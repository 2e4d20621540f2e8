"""Read back a publication that was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from echelon.errors import FolderError
from echelon.folder import listed_files, listed_frames
from echelon.io.frames import frame_path, read_frame
from echelon.io.result import FAILURES, read_result, result_frame
from echelon.policies.publication.assemble import no_rows
from echelon.policies.publication.columns import DECISIONS, HISTORY, MOVES, SOURCES, TRAIL
from echelon.policies.publication.publication import Publication
from echelon.policies.publication.targets import KEY
from echelon.tables.column import Table

_SCALARS = {
    "number": int,
    "published_at": str,
    "shift": int,
    "decay": float,
    "period": str,
}

_WHOLE = ("period", "seed")
"""Columns of whole numbers that may be blank."""


def read_publication(folder: str | Path) -> Publication:
    """Read the folder that :meth:`Publication.write` wrote, to decide on it or to publish from it.

    Parameters
    ----------
    folder : str or Path
        Holds ``moves``, ``proposed``, ``sources`` and the other frames that have rows, CSV or
        Parquet, and a ``manifest.json``; or a folder ``publication`` that does.

    Returns
    -------
    Publication
        Equal to the one written, number by number.

    Raises
    ------
    FolderError
        If the folder holds no publication, or one of its files lacks a column or is damaged.

    Examples
    --------
    >>> import tempfile
    >>> import echelon as ec
    >>> published = ec.publish(None, ec.optimize(ec.read_example("bulldozer")))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = ec.read_publication(published.write(folder))
    >>> again.targets["base_stock"].equals(published.targets["base_stock"])
    True
    """
    root, manifest, provenance = read_result(
        folder,
        "Publication",
        inside="publication",
        scalars=_SCALARS,
        write_it="publication.write(folder)",
    )
    there = listed_frames(manifest)

    def frame(stem: str, table: Table) -> pd.DataFrame:
        if stem not in there:
            return no_rows(table.names)
        return _whole(result_frame(root, stem, table.columns, manifest))

    proposed = _targets(root, "proposed", manifest)
    names = [*KEY[:2], "unit_cost"]
    return Publication(
        failures=result_frame(root, "failures", FAILURES, manifest),
        provenance=provenance,
        moves=frame("moves", MOVES),
        previous=_targets(root, "previous", manifest) if "previous" in there else proposed.iloc[:0],
        proposed=proposed,
        decisions=frame("decisions", DECISIONS),
        trail=frame("trail", TRAIL),
        sources=frame("sources", SOURCES),
        earlier=frame("earlier", HISTORY),
        unit_values=_targets(root, "unit_values", manifest)
        if "unit_values" in there
        else no_rows(names),
        periods_per_year=float(manifest.get("periods_per_year") or "nan"),
        currency=manifest.get("currency", ""),
        name=manifest.get("name", ""),
        **{name: manifest[name] for name in _SCALARS},
    )


def _targets(root: Path, stem: str, manifest: dict[str, Any]) -> pd.DataFrame:
    """Read whole rows of targets, whatever columns their plan has."""
    path = frame_path(root, stem, listed=listed_files(manifest))
    if path is None:
        raise FolderError(f"{root} lacks {stem}.csv. Fix: write the publication again.")
    texts = list(manifest.get("texts", {}).get(stem, ["item", "location", "source"]))
    frame = read_frame(path, text=texts)
    there = [name for name in texts if name in frame.columns]
    lacking = [name for name in KEY[:2] if name not in frame.columns]
    if lacking:
        raise FolderError(
            f"{root}: table {stem} lacks {', '.join(lacking)}. Fix: write the publication again."
        )
    return _whole(frame.fillna(dict.fromkeys(there, "")))


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    kinds = {name: "Int64" for name in _WHOLE if name in frame.columns}
    return frame.astype(kinds)
