"""What the tables of a network say: frames, columns, settings, and digests of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.errors import DomainError
from echelon.network.check import positions
from echelon.network.compiled import Integers
from echelon.network.component_digests import MODELLED, component_digests
from echelon.network.features import (
    completed,
    default_cells,
    in_use,
    some_columns,
    warn_of_unreckoned,
)
from echelon.network.tables import Resolved
from echelon.results import frame_digest
from echelon.tables import CATALOG, DEMAND, Table, label_of, with_segments


@dataclass(frozen=True, eq=False, repr=False)
class Contents:
    """The checked tables of a network. Frames it gives are copies; they never change."""

    _tables: Resolved

    @property
    def stages(self) -> pd.DataFrame:
        """One row per stage: all columns of the catalog, defaults filled.

        ``holding_cost`` and, where the value is known, ``unit_cost`` are filled too, and so are the
        moments of a lead time that has a family. A ``lead_time_distribution`` that was given is
        written as family and parameters, and its column is blank; so is a
        ``release_time_distribution``.
        """
        return self._completed["stages"].copy()

    @property
    def lanes(self) -> pd.DataFrame:
        """One row per lane: all columns of the catalog, defaults and lead times filled as there."""
        return self._completed["lanes"].copy()

    @property
    def demand(self) -> pd.DataFrame:
        """One row per stage and segment: key, family, mean, std, parameters and what they ask for.

        Where demand changes by period, the family is ``per_period``, and mean and std are those of
        a period picked at random from the cycle.
        """
        return self._completed["demand"].copy()

    def columns(self, table: str, names: Sequence[str]) -> pd.DataFrame:
        """Some columns of a table: of a portfolio the rest need not be copied.

        Parameters
        ----------
        table : {"stages", "lanes", "demand"}
        names : sequence of str

        Returns
        -------
        DataFrame
            As :attr:`stages`, :attr:`lanes` or :attr:`demand` has them.
        """
        return some_columns(getattr(self._tables, table), self._contracts[table], names)

    def cells(self, table: str, name: str) -> NDArray[Any]:
        """One column of a table, for code that asks for few and often.

        Parameters
        ----------
        table : {"stages", "lanes", "demand"}
        name : str

        Returns
        -------
        (n_rows,) ndarray
            As :meth:`columns` has it: float64, int64, bool, or objects where it is text. It cannot
            be written to.
        """
        frame: pd.DataFrame = getattr(self._tables, table)
        if name in frame.columns:
            cells: NDArray[Any] = frame[name].to_numpy()
        else:
            cells = np.asarray(default_cells(self._contracts[table][name], len(frame)))
        cells = cells.view()
        cells.flags.writeable = False
        return cells

    @cached_property
    def _completed(self) -> dict[str, pd.DataFrame]:
        """Stages, lanes and demand with the columns that are off, made on first use."""
        frames = {name: getattr(self._tables, name) for name in ("stages", "lanes", "demand")}
        return {name: completed(frame, self._contracts[name]) for name, frame in frames.items()}

    @cached_property
    def _contracts(self) -> dict[str, Table]:
        return {**CATALOG, "demand": with_segments(DEMAND, self.segments)}

    @property
    def levels(self) -> pd.DataFrame:
        """One row per stage and period: levels that change; no rows where none do."""
        return self._tables.events.frames["levels"].copy()

    @property
    def calendar(self) -> pd.DataFrame:
        """One row per stage and window for making, defaults filled; no rows where there is none."""
        return self._tables.events.frames["calendar"].copy()

    @property
    def disruptions(self) -> pd.DataFrame:
        """One row per disruption, defaults filled; no rows where there is none."""
        return self._tables.events.frames["disruptions"].copy()

    @property
    def stock(self) -> pd.DataFrame:
        """One row per stage and remaining life: stock when a plan begins; no rows where untold."""
        return self._tables.planning.frames["stock"].copy()

    @property
    def open_orders(self) -> pd.DataFrame:
        """One row per order under way when a plan begins; no rows where there is none."""
        return self._tables.planning.frames["open_orders"].copy()

    @property
    def resources(self) -> pd.DataFrame:
        """One row per resource, or per resource and period of its cycle; no rows where none is."""
        return self._tables.planning.frames["resources"].copy()

    @property
    def resource_use(self) -> pd.DataFrame:
        """One row per stage and resource that it uses; no rows where none is."""
        return self._tables.planning.frames["resource_use"].copy()

    @property
    def stock_stages(self) -> Integers:
        """Row of :attr:`stages` of each row of :attr:`stock`: (n_rows,) int64."""
        return self._tables.planning.stock_stages.copy()

    @property
    def open_order_stages(self) -> Integers:
        """Row of :attr:`stages` of each row of :attr:`open_orders`: (n_rows,) int64."""
        return self._tables.planning.open_order_stages.copy()

    @property
    def resource_use_stages(self) -> Integers:
        """Row of :attr:`stages` of each row of :attr:`resource_use`: (n_rows,) int64."""
        return self._tables.planning.use_stages.copy()

    @property
    def level_stages(self) -> Integers:
        """Row of :attr:`stages` of each row of :attr:`levels`: (n_levels,) int64."""
        return self._tables.events.level_stages.copy()

    @property
    def calendar_stages(self) -> Integers:
        """Row of :attr:`stages` of each row of :attr:`calendar`: (n_windows,) int64."""
        return self._tables.events.calendar_stages.copy()

    @property
    def disruption_stages(self) -> Integers:
        """Row of :attr:`stages` of each row of :attr:`disruptions`, -1 where it is of a lane."""
        return self._tables.events.disruption_stages.copy()

    @property
    def disruption_lanes(self) -> Integers:
        """Row of :attr:`lanes` of each row of :attr:`disruptions`, -1 where it is of a stage."""
        return self._tables.events.disruption_lanes.copy()

    @property
    def lane_groups(self) -> Integers:
        """Which lanes stand in for one another: (n_lanes,) int64, equal for alternatives.

        Lanes with a ``share`` and backups that bring one item to one stage have one number; every
        other lane has a number of its own.
        """
        return self._tables.alternatives.group.copy()

    @property
    def features(self) -> dict[str, tuple[str, ...]]:
        """What is on that is off by default: by table, columns that say more than their absence.

        Of ``levels``, ``calendar`` and the other tables that a network may do without it is
        ``("rows",)`` where there are any.

        Examples
        --------
        >>> from echelon.network.build import serial
        >>> network = serial(["plant", "shop"], holding_cost=[1, 2], demand_mean=10, demand_std=3)
        >>> network.features["stages"]
        ()
        >>> network.replace(stages=network.stages.assign(capacity=[12.0, None])).features["stages"]
        ('capacity',)
        """
        return dict(self._in_use)

    @cached_property
    def _in_use(self) -> dict[str, tuple[str, ...]]:
        return in_use(self._frames, self._contracts)

    @property
    def _frames(self) -> dict[str, pd.DataFrame]:
        """All tables without what is off."""
        tables = self._tables
        frames = {"stages": tables.stages, "lanes": tables.lanes, "demand": tables.demand}
        return {**frames, **tables.optional}

    def warn_of_unreckoned(
        self, what: str, reckoned: Collection[str] = (), only: Collection[str] | None = None
    ) -> None:
        """Warn once, where the caller was called, of features that a model knows nothing of.

        Parameters
        ----------
        what : str
            Name of the model, the subject of the message.
        reckoned : collection of str
            Columns that it does reckon with, as ``"stages.capacity"``, beside what all models do;
            ``"stages.policy=reorder_point"`` for one text of a column.
        only : collection of str, optional
            Tables to look at, where it reckons with all that is in the others.

        Warns
        -----
        DataWarning
            With the columns, and in how many rows each is on.
        """
        used = {name: self._in_use[name] for name in self._frames if only is None or name in only}
        known = only is not None
        warn_of_unreckoned(self._frames, self._contracts, used, what, reckoned, reckons_rest=known)

    @property
    def correlation(self) -> pd.DataFrame:
        """One row per pair of demand rows that vary together, every key column filled."""
        return self._tables.correlation.frame.copy()

    @property
    def forecast_errors(self) -> pd.DataFrame:
        """One row per demand row and pair of horizons, every key column filled."""
        return self._tables.forecast_errors.frame.copy()

    @property
    def segments(self) -> tuple[str, ...]:
        """Columns of :attr:`demand` that together name a segment."""
        names: tuple[str, ...] = self._tables.settings["segments"]
        return names

    @property
    def period(self) -> str:
        """What one period is: ``"day"``, ``"week"`` or ``"month"``."""
        return str(self._tables.settings["period"])

    @property
    def periods_per_year(self) -> float:
        """How many periods a year has."""
        return float(self._tables.settings["periods_per_year"])

    @property
    def holding_rate(self) -> float | None:
        """Yearly cost of holding as a fraction of value; None where stages give the cost."""
        rate = self._tables.settings["holding_rate"]
        return None if rate is None else float(rate)

    @property
    def currency(self) -> str:
        """Unit of money, for reports."""
        return str(self._tables.settings["currency"])

    @property
    def name(self) -> str:
        """Name of the network, for reports."""
        return str(self._tables.settings["name"])

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self._tables.stages)

    @property
    def n_lanes(self) -> int:
        """How many lanes."""
        return len(self._tables.lanes)

    @property
    def n_components(self) -> int:
        """How many connected components."""
        return self._tables.graph.n_components

    @cached_property
    def demand_keys(self) -> tuple[tuple[str, ...], ...]:
        """Key of each row of :attr:`demand`: item, location and segments."""
        names = ("item", "location", *self.segments)
        return tuple(zip(*(self._tables.demand[name] for name in names), strict=True))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Name of each row of stages for messages and plots: ``"item @ location"``."""
        keys = (self._tables.stages[name] for name in ("item", "location"))
        return tuple(label_of(*key) for key in zip(*keys, strict=True))

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each table, by which a result says what it was made from."""
        return dict(self._digests)

    @cached_property
    def _digests(self) -> dict[str, str]:
        tables = self._tables
        frames = {"stages": tables.stages, "lanes": tables.lanes, "demand": tables.demand}
        if len(tables.correlation.frame):
            frames["correlation"] = tables.correlation.frame
        if len(tables.forecast_errors.frame):
            frames["forecast_errors"] = tables.forecast_errors.frame
        frames |= {name: frame for name, frame in tables.optional.items() if len(frame)}
        return {name: frame_digest(frame) for name, frame in frames.items()}

    def component_digests(self, tables: Collection[str] = MODELLED) -> tuple[str, ...]:
        """Digest of what the tables say of each component, whatever else is in them.

        It changes when a cell of one of its rows does, when a row comes, goes or changes places
        with another of the component, and when a setting does that numbers depend on. Rows of other
        components, its place among them, and columns in which it keeps the default do not matter;
        components that are correlated share the rows that say so.

        Parameters
        ----------
        tables : collection of str
            Names of those that count; what happens to stages and is in them at some time does not,
            unless it is named.

        Returns
        -------
        tuple of str
            Per component, 32 hexadecimal digits.
        """
        key = ("component digests", tuple(sorted(tables)))
        if key not in self.kept:
            self.kept[key] = component_digests(self._tables, self._contracts, tables)
        return cast(tuple[str, ...], self.kept[key])

    @cached_property
    def kept(self) -> dict[Hashable, object]:
        """What other rooms derive from this network and keep with it, by names of their own.

        A network never changes, so what is kept stays true; it goes where the network goes.
        """
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Give what a copy in another process needs; that makes anew what was kept."""
        made_anew = ("kept", "_contracts")
        return {name: value for name, value in vars(self).items() if name not in made_anew}

    def component_of(self, item: str, location: str) -> int:
        """Number of the component that a stage belongs to.

        Parameters
        ----------
        item, location : str

        Returns
        -------
        int
            From 0.

        Raises
        ------
        DomainError
            If there is no such stage.
        """
        key = (pd.Series([item], dtype="str"), pd.Series([location], dtype="str"))
        (found,) = positions(self._tables.stages, [key])
        if found[0] < 0:
            raise DomainError(
                f"no stage {label_of(item, location)!r}. Fix: use an item and location of stages."
            )
        return int(self._tables.graph.component[found[0]])
