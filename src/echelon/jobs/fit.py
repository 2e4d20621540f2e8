"""Models of demand and of lead times, fitted to all observations before the shards are solved.

Series lend to one another, and so do routes, so that a model depends on more than its shard: what
is fitted is fitted once for all, and each shard gets its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.demand.fit import fit_demand
from echelon.errors import DomainError
from echelon.execution import Ledger, digest_of
from echelon.io.divided import DividedTables, Shard
from echelon.io.parts import write_part
from echelon.jobs.log import RunLog
from echelon.lead_time.fit import fit_lead_time
from echelon.progress import Progress
from echelon.results import FAILURE_COLUMNS, frame_digest
from echelon.tables import DEMAND, LANES, SETTINGS, STAGES, Table

Booleans: TypeAlias = NDArray[np.bool_]

HISTORY, SHIPMENTS = "demand_history", "shipments"
MODEL_COLUMNS: Final = ("family", "mean", "std", "parameters", "distribution", "period")
"""Columns of demand that a model says; the others stay as they are in the table."""

PLACES: Final[dict[str, dict[str, str]]] = {
    "lanes": {"item": "to_item", "from_location": "from_location", "to_location": "to_location"},
    "stages": {"item": "item", "site": "location", "to_location": "location"},
}
"""Columns of a shipment log by the columns that they are in the tables."""

PERIOD: Final = SETTINGS["period"].default

_OF_LOG: Final[dict[str, Any]] = {"table": "lanes", "leg": "total"}


@dataclass(slots=True)
class Fitted:
    """What was fitted, for each shard.

    Attributes
    ----------
    tables : dict of int to dict of str to Path
        By number of a shard and name of a table: the file that takes the place of the shard's.
    digests : dict of int to str
        Of those files, by number of a shard; a shard that gets none is not there.
    failures : DataFrame or None
        Series of customers that got no model and have no row in the table of demand.
    keys : list of str
        Entries of the ledger that hold what was fitted.
    """

    tables: dict[int, dict[str, Path]] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    failures: pd.DataFrame | None = None
    keys: list[str] = field(default_factory=list)

    def put(self, shard: Shard, name: str, frame: pd.DataFrame, folder: Path) -> None:
        """Set a table down for the worker that takes the shard."""
        contract = {"demand": DEMAND, "lanes": LANES, "stages": STAGES}[name]
        path = write_part(folder / f"{shard.number}-{name}.parquet", frame, contract)
        self.tables.setdefault(shard.number, {})[name] = path.absolute()
        before = self.digests.get(shard.number, "")
        self.digests[shard.number] = digest_of(before, name, frame_digest(frame))


def fit_all(
    options: Mapping[str, Mapping[str, Any]],
    divided: DividedTables,
    ledger: Ledger,
    log: RunLog,
    folder: Path,
    progress: Progress,
) -> Fitted:
    """Fit what is asked for, and lay it into the tables of each shard.

    Parameters
    ----------
    options : mapping
        By ``"demand"`` and ``"lead_time"``: arguments of :func:`echelon.fit_demand` and
        :func:`echelon.fit_lead_time`, the latter with the ``table`` that takes the lead times and
        the ``leg`` that is meant.
    divided : DividedTables
    ledger : Ledger
        Models of the same observations are not fitted again.
    log : RunLog
    folder : Path
        For the tables that come of it.
    progress : bool, callable or None

    Raises
    ------
    DomainError
        If the observations are absent, or do not fit the tables.
    TableError
        With every fault of the observations.
    """
    fitted = Fitted()
    if "demand" in options:
        _fit_demand(options["demand"], divided, ledger, log, folder, progress, fitted)
    if "lead_time" in options:
        _fit_lead_time(options["lead_time"], divided, ledger, log, folder, fitted)
    return fitted


def _fit_demand(
    options: Mapping[str, Any],
    divided: DividedTables,
    ledger: Ledger,
    log: RunLog,
    folder: Path,
    progress: Progress,
    fitted: Fitted,
) -> None:
    own = {s.number: _own(s, HISTORY) for s in divided.shards if HISTORY in s.n_rows}
    if not own:
        raise DomainError(f"fit.demand: there is no table {HISTORY}. Fix: add it to the tables.")
    history = pd.concat(own.values(), ignore_index=True)
    segments = tuple(divided.settings.get("segments") or ())
    of_network: dict[str, Any] = {"segments": [n for n in segments if n != "segment"]}
    if "period" in history and not pd.api.types.is_numeric_dtype(history["period"]):
        of_network["period"] = divided.settings.get("period") or PERIOD
    known = {**of_network, **options}
    make = partial(_demand_models, history, known, progress)
    models, without, said = _once(
        make, ("fit_demand", frame_digest(history), known), ledger, fitted
    )
    log.info("demand_fitted", models=len(models), without=len(without), text=said)
    keys = [name for name in models.columns if name not in MODEL_COLUMNS]
    absent = [name for name in segments if name not in keys]
    if absent:
        raise DomainError(
            f"fit.demand: {HISTORY} has no segments {absent}, which the network tells apart. "
            "Fix: add the columns, or fit by echelon.fit_demand and give the table of demand."
        )
    lost: list[pd.DataFrame] = []
    for shard in divided.shards:
        given = _own(shard, "demand") if "demand" in shard.n_rows else pd.DataFrame(columns=keys)
        if shard.number in own:
            here = own[shard.number][keys[:2]].drop_duplicates()
            rows = models.merge(here, on=keys[:2])
            fitted.put(shard, "demand", replaced(DEMAND, given, rows, keys), folder)
            bare = without.merge(here, on=keys[:2])
            bare = bare.merge(given[keys[:2]].drop_duplicates(), "left", indicator="_where")
            lost.append(bare.loc[bare["_where"] == "left_only", list(FAILURE_COLUMNS)])
    fitted.failures = pd.concat(lost, ignore_index=True).assign(component=-1)


def _demand_models(
    history: pd.DataFrame, options: Mapping[str, Any], progress: Progress
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    models = fit_demand(history, **options, progress=progress)
    table = models.demand
    table.attrs.clear()  # the period, which the shards are read in
    return table, models.failures, models.summary().splitlines()[0]


def _fit_lead_time(
    options: Mapping[str, Any],
    divided: DividedTables,
    ledger: Ledger,
    log: RunLog,
    folder: Path,
    fitted: Fitted,
) -> None:
    if SHIPMENTS not in divided.undivided:
        raise DomainError(f"fit.lead_time: no table {SHIPMENTS}. Fix: add it to the tables.")
    shipments = pd.read_parquet(divided.undivided[SHIPMENTS])
    period = divided.settings.get("period") or PERIOD
    known = {"by": ["from_location", "to_location"], "period": period, **_OF_LOG, **options}
    table, leg = known.pop("table"), known.pop("leg")
    if table not in PLACES:
        raise DomainError(f"fit.lead_time: table is {table!r}. Fix: use {' or '.join(PLACES)}.")
    wrong = [name for name in known["by"] if name not in PLACES[table]]
    if wrong:
        raise DomainError(
            f"fit.lead_time: by has {wrong}, which {table} do not tell apart. Fix: use some of "
            f"{', '.join(PLACES[table])}."
        )
    make = partial(_lead_time_models, shipments, known, leg)
    asked = ("fit_lead_time", frame_digest(shipments), known, leg)
    models, said = _once(make, asked, ledger, fitted)
    log.info("lead_times_fitted", models=len(models), text=said)
    models = models.rename(columns=PLACES[table])
    keys = [PLACES[table][name] for name in known["by"]]
    for shard in divided.shards:
        if table in shard.n_rows:
            given = _own(shard, table)
            here = models.merge(given[keys].drop_duplicates(), on=keys)
            if len(here):
                contract = LANES if table == "lanes" else STAGES
                whole = laid_over(contract, given, here, keys)
                fitted.put(shard, table, whole, folder)


def _lead_time_models(
    shipments: pd.DataFrame, options: Mapping[str, Any], leg: str
) -> tuple[pd.DataFrame, str]:
    models = fit_lead_time(shipments, **options)
    table = models.lead_times(leg)
    table.attrs.clear()
    return table, models.summary().splitlines()[0]


def _once(make: Callable[[], Any], asked: Sequence[object], ledger: Ledger, fitted: Fitted) -> Any:
    """Take what was fitted before, or fit it."""
    key = digest_of(*asked)
    fitted.keys.append(key)
    entry = ledger.read(key)
    if entry is not None:
        return entry.value
    value = make()
    ledger.write(key, value, label=str(asked[0]))
    return value


def _own(shard: Shard, name: str) -> pd.DataFrame:
    return pd.read_parquet(shard.folder / f"{name}.parquet")


def replaced(
    table: Table, given: pd.DataFrame, models: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """Put models in the place of the rows of a table that have their keys, and add the others.

    Parameters
    ----------
    table : Table
        The contract; a column that the given table does not have is its default there.
    given, models : DataFrame
        Columns that are no part of a model stay as they are given.
    keys : sequence of str
        Where the table has no column of a segment, its rows are of the only one.

    Examples
    --------
    >>> given = pd.DataFrame({"item": ["a", "b"], "mean": [1.0, 2.0], "priority": [0, 1]})
    >>> models = pd.DataFrame({"item": ["b", "c"], "family": "gamma", "mean": [20.0, 30.0]})
    >>> replaced(DEMAND, given, models, ["item"])
      item  mean  priority  family
    0    a   1.0       0.0  normal
    1    b  20.0       1.0   gamma
    2    c  30.0       NaN   gamma
    """
    on = [name for name in keys if name in given.columns]
    is_fitted = _fitted_rows(given, models, on)
    of_models = [name for name in MODEL_COLUMNS if name in given.columns]
    others = given.loc[is_fitted].drop(columns=of_models)
    once = others.drop_duplicates()  # a season has rows by period, and a model has one
    kept = _with_defaults(table, given.loc[~is_fitted], models.columns)
    parts = [part for part in (kept, models.merge(once, on=on, how="left")) if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else given


def laid_over(
    table: Table, given: pd.DataFrame, models: pd.DataFrame, keys: Sequence[str]
) -> pd.DataFrame:
    """Write lead times into the rows of a table that have their keys; the order of rows stays.

    Parameters
    ----------
    table : Table
    given, models : DataFrame
    keys : sequence of str

    Examples
    --------
    >>> given = pd.DataFrame({"to_item": ["x", "y"], "lead_time": [1.0, 2.0]})
    >>> models = pd.DataFrame({"to_item": ["y"], "lead_time": [5.5], "lead_time_std": [1.5]})
    >>> laid_over(LANES, given, models, ["to_item"])
      to_item  lead_time  lead_time_std
    0       x        1.0            0.0
    1       y        5.5            1.5
    """
    on = list(keys)
    is_fitted = _fitted_rows(given, models, on)
    of_models = [name for name in models.columns if name in given.columns and name not in on]
    new = given.loc[is_fitted].drop(columns=of_models)
    new = new.merge(models, on=on, how="left").set_index(new.index)
    old = _with_defaults(table, given.loc[~is_fitted], models.columns)
    return pd.concat([part for part in (old, new) if len(part)]).sort_index()


def _fitted_rows(given: pd.DataFrame, models: pd.DataFrame, on: list[str]) -> Booleans:
    """Whether a model has the key of each row."""
    found = given[on].merge(models[on].drop_duplicates(), how="left", indicator="_where")
    return np.asarray(found["_where"] == "both")


def _with_defaults(table: Table, rows: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Write down what columns say that are absent, now that they will be there."""
    absent: dict[str, Any] = {
        name: table[name].default for name in names if name not in rows.columns
    }
    return rows.assign(**absent)
