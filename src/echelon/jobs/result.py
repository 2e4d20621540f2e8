"""What a run gives: its sums, where the time went, and frames that are read from its parts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.display import counted, money, quantity, share
from echelon.errors import DomainError, FolderError, UnknownNameError
from echelon.folder import MANIFEST, read_manifest
from echelon.io.frames import read_frame
from echelon.io.parts import Condition, PartedFrame
from echelon.policies.plan import Plan, gap_in_words
from echelon.results import FAILURE_COLUMNS, Provenance, Result

KIND: Final = "Run"
FAILURES, TIMINGS, LOG, FAULTS = "failures.csv", "timings.csv", "run.log", "faults.csv"
TIMING_COLUMNS: Final = ("step", "seconds", "share", "worker_seconds")
_SHORT: Final = {
    "plan": "plan/stages",
    "simulation": "simulation/stages",
    "service": "simulation/service",
}
_WORST: Final = ("optimal", "feasible", "failed")
"""States of components, the worst last."""

_SERVICES: Final = {
    "cycle_service_level": "customers' cycle service",
    "fill_rate": "customers' fill rate",
    "on_time_rate": "customers' on-time rate",
}


@dataclass(frozen=True, eq=False, repr=False)
class Run(Result):
    """A finished run, in its folder.

    Attributes
    ----------
    folder : Path
    status : {"complete", "partial"}
        ``partial``: some components failed or were set aside, and ``failures`` says why.
    counts : dict of str to int
        ``stages`` and ``components`` that were tried, ``failed`` components, ``shards``, and the
        ``kept_shards`` that an earlier call had finished.
    plan : dict
        ``objective`` and ``bound``, money per period; ``gap``; ``components`` by status.
    simulation : dict or None
        Measures of all customers and stages together, each ``x`` with its ``x_se``, as columns of
        ``Simulation.total``; ``promises``, stages with a promise to customers, and how many are
        ``clearly_below_promise``, by more than 4 standard errors. None where nothing was simulated.
    digest : str
        Of all rows of the plan and the simulation, whatever their order and the shards they are in;
        component numbers and times are left out. 32 hexadecimal digits.
    timings : DataFrame
        One row per step: ``seconds`` as the clock saw it, their ``share``, and ``worker_seconds``,
        processor time of all workers together; of shards that were solved now.
    tables : dict
        Of each table of :meth:`to_frame`, its parts.
    period, currency, name : str
    periods_per_year : float
    peak_worker_bytes : int
        Most memory that one worker held; 0 where it is not known.
    """

    folder: Path
    status: str
    counts: dict[str, int]
    plan: dict[str, Any]
    simulation: dict[str, Any] | None
    digest: str
    timings: pd.DataFrame
    tables: dict[str, list[dict[str, Any]]]
    period: str
    periods_per_year: float
    peak_worker_bytes: int
    currency: str = ""
    name: str = ""

    @property
    def exit_code(self) -> int:
        """What the command line ends with: 0 all went well, 1 some components failed."""
        return int(len(self.failures) > 0)

    def parts(self, table: str = "plan/stages") -> PartedFrame:
        """Give a table without reading it: its rows are read as they are asked for.

        Parameters
        ----------
        table : str
            ``"plan"`` or ``"plan/stages"``, ``"plan/components"``, ``"simulation/stages"``,
            ``"simulation/service"``, and the others that :attr:`tables` has.

        Raises
        ------
        UnknownNameError
            If the run has no such table.
        DomainError
            If it was written as CSV, which cannot be read in part; if no component has a plan.
        """
        files, numbers = self._files(table)
        if any(file.suffix == ".csv" for file in files):
            raise DomainError(f"{table} is CSV. Fix: to_frame({table!r}) reads it as a whole.")
        return PartedFrame(files, {"component": numbers})

    def _files(self, table: str) -> tuple[list[Path], list[NDArray[np.int64]]]:
        """Parts of a table, and the number in the whole of each component in them."""
        name = _SHORT.get(table, table)
        if not self.tables:
            raise DomainError(
                "no component of the run has a plan, so that it has no tables. "
                "Fix: mend what `failures` says, and run again."
            )
        if name not in self.tables:
            raise UnknownNameError("table", table, self.tables)
        parts = self.tables[name]
        files = [self.folder / part["file"] for part in parts]
        return files, [np.array(part["components"], dtype=np.int64) for part in parts]

    def to_frame(
        self,
        level: str = "plan/stages",
        columns: Sequence[str] | None = None,
        where: Sequence[Condition] = (),
    ) -> pd.DataFrame:
        """Read a table into memory, in whole or in part.

        Parameters
        ----------
        level : str
            As ``table`` of :meth:`parts`; ``"plan"`` and ``"simulation"`` mean their stages,
            ``"service"`` the promises and what came of them.
        columns, where
            As of :meth:`PartedFrame.to_frame`: columns to read, and conditions that rows meet.

        Raises
        ------
        UnknownNameError, DomainError
            As :meth:`parts`, the latter only where part of a CSV table is asked for.
        """
        files, numbers = self._files(level)
        if columns is not None or where or files[0].suffix != ".csv":
            return self.parts(level).to_frame(columns, where)
        frames = [read_frame(file, text=("item", "location")) for file in files]
        for frame, of_whole in zip(frames, numbers, strict=True):
            if "component" in frame:
                frame["component"] = of_whole[frame["component"].to_numpy()]
        return pd.concat(frames, ignore_index=True)

    def to_plan(self) -> Plan:
        """Put the plan together in memory, for :func:`echelon.publish` and all that takes a plan.

        Returns
        -------
        Plan
            Rows in the order of the parts. Which stages hold what is that of
            :func:`echelon.optimize`; the search of each component is not kept.
        """
        some: dict[str, Any] = {
            name: self.to_frame(f"plan/{name}")
            for name in ("levels", "segments")
            if f"plan/{name}" in self.tables
        }
        components = self.to_frame("plan/components").sort_values("component", kind="stable")
        found = set(components["status"])
        status = "partial" if self.exit_code else max(found, default="failed", key=_WORST.index)
        return Plan(
            failures=self.failures,
            provenance=self.provenance,
            stages=self.to_frame("plan"),
            components=components.reset_index(drop=True),
            objective=self.plan["objective"],
            bound=self.plan["bound"],
            gap=self.plan["gap"],
            status=status,
            termination="; ".join(sorted(set(components["termination"]))),
            period=self.period,
            periods_per_year=self.periods_per_year,
            currency=self.currency,
            name=self.name,
            **some,
        )

    def summary(self, *, failures: int = 5) -> str:
        """Say in a few lines what the run did, what the plan costs and whom it serves how.

        Parameters
        ----------
        failures : int, default 5
            How many reasons of failures are told, equal ones once; 0 leaves them out.
        """
        counts = self.counts
        kept = f", {counts['kept_shards']:,} of them finished before" * (counts["kept_shards"] > 0)
        lines = [
            f"Run{f' of {self.name}' if self.name else ''}: {self.status}",
            f"  {counted(counts['stages'], 'stage')} in "
            f"{counted(counts['components'], 'component')}, "
            f"{counted(counts['shards'], 'shard')}{kept}",
            *self._money_lines(),
            *self._service_lines(),
            f"  {self.timings['seconds'].sum():,.1f} s; digest {self.digest}",
        ]
        return "\n".join([*lines, *self.failure_lines("run", failures)])

    def _money_lines(self) -> list[str]:
        if not self.tables:
            return ["  no component has a plan"]
        a_year = f"{money(self.currency)} a year"
        yearly = self.periods_per_year
        cost = quantity(self.plan["objective"] * yearly)
        lines = [
            f"  safety stock of the plan  {cost:>16} {a_year}, {gap_in_words(self.plan['gap'])}"
        ]
        if self.simulation is not None and self.simulation["cost"] is not None:
            value, error = (self.simulation[name] for name in ("cost", "cost_se"))
            spread = "" if error is None else f" ± {quantity(error * yearly)}"
            lines.append(
                f"  simulated cost            {quantity(value * yearly):>16}{spread} {a_year}"
            )
        return lines

    def _service_lines(self) -> list[str]:
        if self.simulation is None:
            return []
        lines = []
        for name, label in _SERVICES.items():
            value, error = self.simulation[name], self.simulation[f"{name}_se"]
            if value is not None:
                spread = "" if error is None else f" ± {share(error)}"
                lines.append(f"  {label:<26}{share(value):>16}{spread}")
        below, promises = self.simulation["clearly_below_promise"], self.simulation["promises"]
        lines.append(f"  {below:,} of {counted(promises, 'promise')} clearly not kept")
        return lines

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the small frames; the parts stay where they are."""
        return {"timings": self.timings}

    def __repr__(self) -> str:
        """Summary and where the time went."""
        return f"{self.summary()}\n{self._times()}"

    def _times(self) -> str:
        return self.timings.round({"seconds": 1, "worker_seconds": 1, "share": 3}).to_string(
            index=False, na_rep="-"
        )

    def _repr_html_(self) -> str:
        times = self.timings.round(3).to_html(index=False, border=0, na_rep="-")
        return f"<pre>{escape(self.summary())}</pre>{times}"


def read_run(folder: str | Path) -> Run:
    """Read a finished run back; its tables are read when they are asked for.

    Parameters
    ----------
    folder : str or Path
        That :func:`run` wrote.

    Raises
    ------
    FolderError
        If there is no finished run in it.

    Examples
    --------
    >>> import tempfile
    >>> import echelon as ec
    >>> shop = ec.serial(["shop"], lead_time=3, holding_cost=1.0, demand_mean=20.0,
    ...                  demand_std=4.0, service_level=0.95)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = ec.run(shop, folder, n_jobs=1)
    ...     again = ec.read_run(folder)
    >>> again.digest == done.digest
    True
    """
    root = Path(folder)
    manifest = read_manifest(root)
    if manifest.get("kind") != KIND:
        raise FolderError(f"{root} holds no finished run. Fix: make one with echelon run.")
    origin = manifest["provenance"]
    failures = read_frame(root / FAILURES, text=FAILURE_COLUMNS[1:])
    failures[list(FAILURE_COLUMNS[1:])] = failures[list(FAILURE_COLUMNS[1:])].fillna("")
    return Run(
        failures=failures,
        provenance=Provenance(**origin),
        folder=root,
        timings=pd.DataFrame(manifest["timings"]).astype(
            dict.fromkeys(TIMING_COLUMNS[1:], "float64")
        ),
        **{name: manifest[name] for name in _KEPT},
    )


_KEPT: Final = (
    "status",
    "counts",
    "plan",
    "simulation",
    "digest",
    "tables",
    "period",
    "periods_per_year",
    "peak_worker_bytes",
    "currency",
    "name",
)
"""Entries of the manifest that are fields of the result."""


def manifest_text(entries: Mapping[str, Any]) -> str:
    """Write entries as JSON, one per line, so that long lists of parts stay short files."""
    lines = (f"  {json.dumps(k)}: {json.dumps(v, default=str)}" for k, v in entries.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


__all__ = ["MANIFEST", "Run", "read_run"]
