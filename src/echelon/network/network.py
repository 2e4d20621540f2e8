"""What a person holds: stages, lanes and demand, checked, in one period and one currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.folder import NETWORK, FileFormat, write_folder
from echelon.network.derived import Derived
from echelon.network.features import (
    OPTIONAL,
    without_unused,
)
from echelon.network.oddities import warn_of_oddities
from echelon.network.subset import some_components
from echelon.network.summary import NetworkSummary, summarize
from echelon.network.tables import resolve
from echelon.network.without_computed import without_computed
from echelon.tables import DEMAND, LANES, STAGES, with_segments

if TYPE_CHECKING:
    from networkx import DiGraph


class _Keep:
    """Marks an argument of :meth:`Network.replace` that stays as it is."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP = _Keep()


@dataclass(frozen=True, eq=False, repr=False)
class Network(Derived):
    """Where stock sits and how it flows. Make one with :meth:`from_tables` or a builder.

    A network never changes: :meth:`replace` makes another. Frames it gives are copies.

    Examples
    --------
    >>> import pandas as pd
    >>> stages = pd.DataFrame({"item": ["bolt", "bike"], "location": ["plant", "shop"],
    ...                        "lead_time": [4, 2], "added_cost": [1.0, 50.0]})
    >>> lanes = pd.DataFrame({"from_item": ["bolt"], "from_location": ["plant"],
    ...                       "to_item": ["bike"], "to_location": ["shop"], "units_required": [10]})
    >>> demand = pd.DataFrame({"item": ["bike"], "location": ["shop"], "mean": [20], "std": [5]})
    >>> network = Network.from_tables(stages, lanes, demand, period="week", holding_rate=0.26)
    >>> network.stages[["item", "unit_cost", "holding_cost"]]
       item  unit_cost  holding_cost
    0  bolt        1.0         0.005
    1  bike       60.0         0.300
    """

    @classmethod
    def from_tables(
        cls,
        stages: pd.DataFrame,
        lanes: pd.DataFrame | None = None,
        demand: pd.DataFrame | None = None,
        *,
        correlation: pd.DataFrame | None = None,
        forecast_errors: pd.DataFrame | None = None,
        levels: pd.DataFrame | None = None,
        calendar: pd.DataFrame | None = None,
        disruptions: pd.DataFrame | None = None,
        stock: pd.DataFrame | None = None,
        open_orders: pd.DataFrame | None = None,
        resources: pd.DataFrame | None = None,
        resource_use: pd.DataFrame | None = None,
        segments: Sequence[str] | None = None,
        period: str = "week",
        periods_per_year: float | None = None,
        holding_rate: float | None = None,
        currency: str = "",
        name: str = "",
    ) -> Network:
        """Check tables and make a network of them.

        Parameters
        ----------
        stages, lanes, demand : DataFrame
            As ``docs/reference/tables.md`` says. They are not modified, and no memory is shared.
        correlation : DataFrame, optional
            Pairs of demand rows that vary together; rows that are in no pair are independent.
        forecast_errors : DataFrame, optional
            How forecasts of demand rows are revised; stock then covers their errors.
        levels : DataFrame, optional
            Levels of stages that change from period to period.
        calendar : DataFrame, optional
            Windows in which stages make their item.
        disruptions : DataFrame, optional
            What takes stages and lanes down, at random or at given times.
        stock, open_orders : DataFrame, optional
            Stock on hand by age, and orders under way, when a plan over periods begins.
        resources, resource_use : DataFrame, optional
            What stages share, and how much of it each uses.
        segments : sequence of str, optional
            Columns of ``demand`` that together name a segment, for example
            ``["market", "channel"]``; ``["segment"]`` unless given.
        period : {"day", "week", "month"}
            What one period is. Tables of ``fit_demand`` and ``fit_lead_time`` must be in the same;
            the latter is in days unless told otherwise.
        periods_per_year : float, optional
            In place of 365, 52 or 12, for example 260 working days.
        holding_rate : float, optional
            Fraction of a unit's value that holding it for a year costs.
        currency, name : str
            For reports.

        Returns
        -------
        Network

        Raises
        ------
        TableError
            With every fault of all tables: table, column, row, value and remedy.

        Warns
        -----
        DataWarning
            Once for stages with a service target and no customers, once for stages that neither
            lanes nor demand reach, and once for lanes whose fast way is no faster.
        """
        settings: dict[str, object] = {
            "period": period,
            "periods_per_year": periods_per_year,
            "holding_rate": holding_rate,
            "currency": currency,
            "name": name,
            "segments": segments,
        }
        events = {
            "levels": levels,
            "calendar": calendar,
            "disruptions": disruptions,
            "stock": stock,
            "open_orders": open_orders,
            "resources": resources,
            "resource_use": resource_use,
        }
        tables = resolve(
            stages,
            lanes,
            demand,
            correlation,
            events,
            settings,
            forecast_errors=forecast_errors,
        )
        sells = np.zeros(len(tables.stages), dtype=np.bool_)
        sells[tables.customer] = True
        warn_of_oddities(tables.stages, tables.lanes, tables.graph, sells, name)
        return cls(tables)

    def replace(
        self,
        *,
        stages: pd.DataFrame | _Keep = KEEP,
        lanes: pd.DataFrame | _Keep | None = KEEP,
        demand: pd.DataFrame | _Keep | None = KEEP,
        correlation: pd.DataFrame | _Keep | None = KEEP,
        forecast_errors: pd.DataFrame | _Keep | None = KEEP,
        levels: pd.DataFrame | _Keep | None = KEEP,
        calendar: pd.DataFrame | _Keep | None = KEEP,
        disruptions: pd.DataFrame | _Keep | None = KEEP,
        stock: pd.DataFrame | _Keep | None = KEEP,
        open_orders: pd.DataFrame | _Keep | None = KEEP,
        resources: pd.DataFrame | _Keep | None = KEEP,
        resource_use: pd.DataFrame | _Keep | None = KEEP,
        segments: Sequence[str] | _Keep | None = KEEP,
        periods_per_year: float | _Keep | None = KEEP,
        holding_rate: float | _Keep | None = KEEP,
        currency: str | _Keep = KEEP,
        name: str | _Keep = KEEP,
    ) -> Network:
        """Make a network that differs in what is given and is checked as a whole.

        What this network computed is computed anew. In a frame that comes from :attr:`stages`,
        ``unit_cost``, ``holding_cost`` and ``max_service_time`` count as given only where they
        were given, or were changed; in one that comes from :attr:`demand`, so do ``mean`` and
        ``std``; in either :attr:`stages` or :attr:`lanes`, so do ``lead_time`` and
        ``lead_time_std`` beside a ``lead_time_family``, and so with release times.

        Parameters
        ----------
        stages, lanes, demand, correlation, forecast_errors : DataFrame, optional
            In place of this network's; ``None`` means none. Correlations and forecast errors that
            stay must find their rows in the demand.
        levels, calendar, disruptions, stock, open_orders, resources, resource_use : DataFrame
            Likewise, each optional; what stays must find its stages and lanes.
        segments, periods_per_year, holding_rate, currency, name
            As in :meth:`from_tables`.

        Returns
        -------
        Network

        Raises
        ------
        TableError
            With every fault of all tables.

        Examples
        --------
        >>> from echelon.network.build import serial
        >>> network = serial(["plant", "shop"], lead_time=2, added_cost=[5, 1], holding_rate=0.25,
        ...                  demand_mean=10, demand_std=3)
        >>> faster = network.replace(stages=network.stages.assign(lead_time=1, added_cost=6))
        >>> faster.stages["unit_cost"].tolist(), network.stages["unit_cost"].tolist()
        ([6.0, 12.0], [5.0, 6.0])
        """
        given, settings = self._tables.given, self._tables.settings

        def chosen(argument: Any, kept: Any) -> Any:
            return kept if isinstance(argument, _Keep) else argument

        if isinstance(stages, pd.DataFrame):
            stages = without_unused(stages, STAGES, self._tables.stages.columns)
            stages = without_computed(stages, self._tables.stages, given["stages"], STAGES)
        if isinstance(lanes, pd.DataFrame):
            lanes = without_unused(lanes, LANES, self._tables.lanes.columns)
            lanes = without_computed(lanes, self._tables.lanes, given["lanes"], LANES)
        if isinstance(demand, pd.DataFrame):
            table = with_segments(DEMAND, self.segments)
            demand = without_unused(demand, table, self._tables.demand.columns)
            demand = without_computed(demand, self._tables.demand, given["demand"], table)
        return Network.from_tables(
            chosen(stages, given["stages"]),
            chosen(lanes, given["lanes"]),
            chosen(demand, self._given_rows("demand")),
            correlation=chosen(correlation, self._given_rows("correlation")),
            forecast_errors=chosen(forecast_errors, self._given_rows("forecast_errors")),
            levels=chosen(levels, self._given_rows("levels")),
            calendar=chosen(calendar, self._given_rows("calendar")),
            disruptions=chosen(disruptions, self._given_rows("disruptions")),
            stock=chosen(stock, self._given_rows("stock")),
            open_orders=chosen(open_orders, self._given_rows("open_orders")),
            resources=chosen(resources, self._given_rows("resources")),
            resource_use=chosen(resource_use, self._given_rows("resource_use")),
            segments=chosen(segments, self.segments),
            period=self.period,
            periods_per_year=chosen(periods_per_year, settings["periods_per_year"]),
            holding_rate=chosen(holding_rate, self.holding_rate),
            currency=chosen(currency, self.currency),
            name=chosen(name, self.name),
        )

    def _given_rows(self, table: str) -> pd.DataFrame | None:
        """Table as it was given, None where it has no rows: then there is nothing to check."""
        frame = self._tables.given[table]
        return frame if len(frame) else None

    def subset(self, components: int | np.integer | Iterable[int]) -> Network:
        """Make a network of some components, in the order they have here.

        A correlation with demand that is left out is left out too. What remains has the same joint
        distribution as here; drawn by the same seed it is the same numbers where no correlation is
        left out.

        Parameters
        ----------
        components : int or iterable of int
            Numbers from 0.

        Returns
        -------
        Network

        Raises
        ------
        DomainError
            If there is no such component, or none is asked for.
        """
        given = list(components) if isinstance(components, Iterable) else [components]
        wanted = np.unique(np.asarray(given))
        if not wanted.size or wanted.dtype.kind not in "iu":
            raise DomainError(f"components is {components!r}. Fix: give numbers from 0.")
        outside = wanted[(wanted < 0) | (wanted >= self.n_components)]
        if outside.size:
            raise DomainError(
                f"component {outside[0]} is not one of the {self.n_components} of this network. "
                f"Fix: give numbers from 0 to {self.n_components - 1}."
            )
        kept = some_components(self._tables, wanted)
        return Network(kept)  # what is odd in it was told of the whole

    def equals(self, other: object) -> bool:
        """Whether another network has the same tables, bit for bit, and the same settings."""
        if not isinstance(other, Network):
            return False
        mine, theirs = self._tables, other._tables
        return (
            mine.settings == theirs.settings
            and mine.stages.equals(theirs.stages)
            and mine.lanes.equals(theirs.lanes)
            and mine.demand.equals(theirs.demand)
            and mine.correlation.frame.equals(theirs.correlation.frame)
            and mine.forecast_errors.frame.equals(theirs.forecast_errors.frame)
            and all(mine.optional[name].equals(theirs.optional[name]) for name in OPTIONAL)
        )

    def write(self, folder: str | Path, *, file_format: FileFormat = "csv") -> Path:
        """Write the tables as they were given, and a manifest; ``read_network`` reads them back.

        Parameters
        ----------
        folder : str or Path
            Made where absent; tables that are in it are replaced.
        file_format : {"csv", "parquet"}

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        DomainError
            If the format is unknown.
        FolderError
            If the folder cannot be written, holds a result of another kind, or holds tables in
            the other format that :meth:`write` did not write.
        """
        frames = dict(self._tables.given)
        for name in ("correlation", "forecast_errors", *OPTIONAL):
            # a stale file of the name would be read back
            if not len(frames[name]) and not list(Path(folder).glob(f"{name}.*")):
                del frames[name]
        manifest = {"kind": NETWORK, **self._tables.settings}
        return write_folder(folder, frames, manifest, file_format=file_format)

    def summary(self) -> NetworkSummary:
        """Count stages, lanes and components, and describe each component."""
        return summarize(
            self._tables.stages,
            self.compiled,
            self._tables.graph,
            self._tables.settings,
            self.features,
        )

    def to_networkx(self) -> DiGraph[Any]:
        """Give a ``networkx.DiGraph``; needs networkx.

        Nodes are ``(item, location)`` with the columns of stages as attributes and, at stages with
        customers, ``demand``: a list of rows as dictionaries. Edges have the columns of lanes.
        The settings and the rows of ``correlation``, ``forecast_errors``, ``levels``, ``calendar``,
        ``disruptions``, ``stock``, ``open_orders``, ``resources`` and ``resource_use`` are
        attributes of the graph.
        Blank cells are left out, and so is what this network computed. A graph groups lanes and
        demand by stage: the order of the rows of one stage is kept, that of the whole table not.
        """
        from echelon.network.graph_exchange import to_networkx

        return to_networkx(self._tables.given, self._tables.settings)

    @classmethod
    def from_networkx(cls, graph: DiGraph[Any], **settings: Any) -> Network:
        """Make a network of a ``networkx.DiGraph`` laid out as :meth:`to_networkx` does.

        Parameters
        ----------
        graph : networkx.DiGraph
            Nodes are ``(item, location)``.
        **settings
            As in :meth:`from_tables`; those kept in ``graph.graph`` hold otherwise.

        Returns
        -------
        Network

        Raises
        ------
        DomainError
            If a node is not a pair.
        TableError
            With every fault of the tables that the graph holds.
        """
        from echelon.network.graph_exchange import from_networkx

        stages, lanes, demand, kept = from_networkx(graph)
        return cls.from_tables(stages, lanes, demand, **{**kept, **settings})

    def __repr__(self) -> str:
        return repr(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
