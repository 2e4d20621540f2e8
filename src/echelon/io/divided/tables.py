"""Divided tables: what a folder of shards holds, and the check of all of them."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from echelon.errors import DataWarning, Fault, FolderError, TableError, warn_of_data
from echelon.execution import run_shards
from echelon.folder import read_manifest
from echelon.io.divided.faults import merged
from echelon.io.divided.rows import place_of
from echelon.io.divided.shard import Shard
from echelon.io.frames import lines_of
from echelon.progress import Progress

KIND = "DividedTables"
SHARDS = "shards"


@dataclass(frozen=True, repr=False, eq=False)
class DividedTables:
    """Tables that were divided into shards of whole components, each read by itself.

    Attributes
    ----------
    folder : Path
    settings : dict
        Period, periods_per_year, holding_rate, currency, name, segments, as far as they are given.
    shards : tuple of Shard
        In the order of their first stages; a stage, a lane or a row of demand is in one of them.
    n_components : int
        Of a network of all tables.
    undivided : dict of str to Path
        Tables that belong to no one component: ``shipments``.
    """

    folder: Path
    settings: Mapping[str, Any]
    shards: tuple[Shard, ...]
    n_components: int
    undivided: Mapping[str, Path]
    _sources: Mapping[str, Sequence[tuple[int, str]]]
    _lines: Mapping[str, str]

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return self.n_rows["stages"]

    @cached_property
    def n_rows(self) -> dict[str, int]:
        """How many rows, by table."""
        total: Counter[str] = Counter()
        for shard in self.shards:
            total.update(shard.n_rows)
        return dict(total)

    def check(self, *, n_jobs: int = 1, progress: Progress = None) -> None:
        """Read and check every shard.

        Parameters
        ----------
        n_jobs : int, default 1
            Worker processes; -1 uses every core.
        progress : bool, callable or None, optional
            See :data:`echelon.progress.Progress`.

        Raises
        ------
        TableError
            With every fault of all shards: what is wrong in many rows is told once, with the first
            of them and their number, as :meth:`Network.from_tables` tells it of the whole.

        Warns
        -----
        DataWarning
            Once for each kind of oddity.
        """
        faults = self.faults(n_jobs=n_jobs, progress=progress)
        if faults:
            raise TableError(faults)

    def faults(self, *, n_jobs: int = 1, progress: Progress = None) -> list[Fault]:
        """Read and check every shard, and list what :meth:`check` would raise.

        Parameters
        ----------
        n_jobs : int, default 1
        progress : bool, callable or None, optional

        Returns
        -------
        list of Fault
            Empty where all is well.
        """
        faults: list[Fault] = []
        odd: dict[str, list[str]] = {}
        outcomes = run_shards(
            _look_at,
            self.shards,
            n_jobs=n_jobs,
            progress=progress,
            label="stages checked",
            weigh=lambda shard: shard.n_stages,
        )
        for outcome in outcomes:
            found, told = outcome.unwrap()
            faults += found
            for text in told:
                odd.setdefault(text.rpartition("Fix: ")[2], []).append(text)
        for texts in odd.values() if not faults else ():  # else much is odd for want of those rows
            rest = len(texts) - 1
            more = f" {rest:,} more shards have such stages or lanes." if rest else ""
            warn_of_data(f"{texts[0]}{more}")
        return list(self.error(faults).faults)

    def error(self, faults: Iterable[Fault]) -> TableError:
        """Put faults together that were found shard by shard.

        Parameters
        ----------
        faults : iterable of Fault
            As :meth:`Shard.read` raises them.

        Returns
        -------
        TableError
            Each told once, with the place in a file where there are several files or lines of CSV.
        """
        told = merged(faults)
        starts = {
            name: lines_of(Path(self._lines[name]))
            for name in {fault.table for fault in told if fault.row}
            if name in self._lines and Path(self._lines[name]).exists()
        }
        return TableError([self._placed(fault, starts.get(fault.table, [])) for fault in told])

    def _placed(self, fault: Fault, lines: Sequence[int]) -> Fault:
        if not fault.row:
            return fault
        if len(lines) == self.n_rows.get(fault.table):
            file = Path(self._lines[fault.table]).name
            return replace(fault, place=f"line {lines[fault.row - 1]} of {file}")
        return replace(fault, place=place_of(self._sources.get(fault.table, ()), fault.row))

    def __repr__(self) -> str:
        """Say what there is."""
        rows = ", ".join(f"{count:,} {name}" for name, count in self.n_rows.items())
        largest = max(shard.n_stages for shard in self.shards)
        return (
            f"DividedTables: {rows}\n"
            f"  {self.n_components:,} components in {len(self.shards):,} shards, the largest of "
            f"{largest:,} stages\n"
            f"  in {self.folder}"
        )

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def read_divided(folder: str | Path) -> DividedTables:
    """Open tables that :func:`divide` divided.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    DividedTables

    Raises
    ------
    FolderError
        If the folder holds none.

    Examples
    --------
    >>> import tempfile
    >>> from echelon.datasets import make_portfolio
    >>> from echelon.io.divided import divide
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = divide(make_portfolio(40), folder, stages_per_shard=60)
    ...     read_divided(folder).shards == made.shards
    True
    """
    root = Path(folder)
    manifest = read_manifest(root)
    if manifest.get("kind") != KIND:
        raise FolderError(
            f"{root} holds no divided tables. Fix: divide the tables into it with echelon.divide."
        )
    shards = tuple(
        Shard(
            number=number,
            folder=root / SHARDS / told["digest"],
            digest=told["digest"],
            n_components=told["n_components"],
            n_rows=told["n_rows"],
            settings=manifest["settings"],
            filled_elsewhere={name: tuple(one) for name, one in told["filled_elsewhere"].items()},
            rows=root / manifest["rows"] / str(number),
        )
        for number, told in enumerate(manifest["shards"])
    )
    return DividedTables(
        folder=root,
        settings=manifest["settings"],
        shards=shards,
        n_components=manifest["n_components"],
        undivided={name: root / file for name, file in manifest["undivided"].items()},
        _sources={
            name: [(first, file) for first, file in files]
            for name, files in manifest["sources"].items()
        },
        _lines=manifest["lines"],
    )


def _look_at(shard: Shard) -> tuple[list[Fault], list[str]]:
    """Faults of a shard, and what is odd in it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        try:
            shard.read()
        except TableError as error:
            return list(error.faults), []
    return [], [str(one.message) for one in caught if issubclass(one.category, DataWarning)]
