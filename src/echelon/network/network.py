"""What a person holds: stages, lanes and demand, checked, in one period and one currency."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.demand.covariance import DemandCovariance
from echelon.distributions import Distribution, make
from echelon.errors import DomainError
from echelon.folder import NETWORK, FileFormat, write_folder
from echelon.network.check import positions
from echelon.network.compile import compile_network
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.network.component_digests import MODELLED, component_digests
from echelon.network.demand_seen import SeenDemand, check_period
from echelon.network.described import LEAD_TIME_NAMES, RELEASE_TIME_NAMES, Names
from echelon.network.features import (
    OPTIONAL,
    completed,
    default_cells,
    in_use,
    some_columns,
    warn_of_unreckoned,
    without_unused,
)
from echelon.network.oddities import warn_of_oddities
from echelon.network.scores import ScoreGroup, score_groups
from echelon.network.summary import NetworkSummary, summarize
from echelon.network.tables import Resolved, resolve, without_computed
from echelon.results import frame_digest
from echelon.tables import CATALOG, DEMAND, LANES, STAGES, Table, label_of, with_segments

if TYPE_CHECKING:
    from networkx import DiGraph


class _Keep:
    """Marks an argument of :meth:`Network.replace` that stays as it is."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP = _Keep()


@dataclass(frozen=True, eq=False, repr=False)
class Network:
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

    _tables: Resolved

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
        warn_of_unreckoned(self._frames, self._contracts, what, reckoned, only)

    @property
    def correlation(self) -> pd.DataFrame:
        """One row per pair of demand rows that vary together, every key column filled."""
        return self._tables.correlation.frame.copy()

    @property
    def forecast_errors(self) -> pd.DataFrame:
        """One row per demand row and pair of horizons, every key column filled."""
        return self._tables.forecast_errors.frame.copy()

    @cached_property
    def forecast_revisions(self) -> dict[int, Floats]:
        """Covariance of the revisions of a period, by row of :attr:`demand`, made on first use.

        Square arrays by periods ahead, units squared; rows that are not forecast are not there.
        """
        return self._tables.forecast_errors.matrices()

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
    def compiled(self) -> CompiledNetwork:
        """The network as arrays, made on first use."""
        tables = self._tables
        return compile_network(
            tables.stages,
            tables.lanes,
            tables.demand,
            tables.graph,
            tables.customer,
            tables.alternatives.share,
        )

    @cached_property
    def distributions(self) -> tuple[Distribution, ...]:
        """Demand of one period, one distribution per row of :attr:`demand`, made on first use."""
        names = ("family", "mean", "std", "parameters")
        columns = (self.cells("demand", name).tolist() for name in names)
        return tuple(
            make(family, mean, std, parameters or None)
            for family, mean, std, parameters in zip(*columns, strict=True)
        )

    @cached_property
    def lead_time_distributions(self) -> tuple[Distribution | None, ...]:
        """Lead time of each row of :attr:`stages`, without its release; made on first use.

        None where it is fixed, and where its mean and standard deviation are all that is known.
        """
        return _times(self._tables.stages, LEAD_TIME_NAMES)

    @cached_property
    def release_time_distributions(self) -> tuple[Distribution | None, ...]:
        """Release time of each row of :attr:`stages`, as :attr:`lead_time_distributions`."""
        if "release_time" not in self._tables.stages.columns:
            return (None,) * self.n_stages
        return _times(self._tables.stages, RELEASE_TIME_NAMES)

    @cached_property
    def lane_lead_time_distributions(self) -> tuple[Distribution | None, ...]:
        """Lead time of each row of :attr:`lanes`, as :attr:`lead_time_distributions`."""
        return _times(self._tables.lanes, LEAD_TIME_NAMES)

    def process_time(self, row: int) -> tuple[float, tuple[Distribution, ...] | None]:
        """What a stage takes once all inputs are there: lead time and release together.

        Parameters
        ----------
        row : int
            Of :attr:`stages`.

        Returns
        -------
        fixed : float
            Periods that do not vary.
        varying : tuple of Distribution, or None
            What is added to them, independent of one another; None where the mean and standard
            deviation of some part are all that is known.
        """
        fixed, laws = 0.0, []
        for means, stds, known in self._process_times:
            law = known[row]
            if law is not None:
                laws.append(law)
            elif stds[row] > 0.0:
                return fixed, None
            else:
                fixed += float(means[row])
        return fixed, tuple(laws)

    @cached_property
    def _process_times(self) -> list[tuple[Floats, Floats, tuple[Distribution | None, ...]]]:
        """Mean, standard deviation and distribution of each part, by row of stages."""
        stages = self._tables.stages
        parts = [(LEAD_TIME_NAMES, self.lead_time_distributions)]
        if "release_time" in stages.columns:
            parts.append((RELEASE_TIME_NAMES, self.release_time_distributions))
        return [
            (stages[names.mean].to_numpy(), stages[names.std].to_numpy(), laws)
            for names, laws in parts
        ]

    @cached_property
    def independent(self) -> bool:
        """Whether demand rows vary independently: no pair is correlated, no row has a season."""
        changing = (self.cells("demand", "family") == "per_period").any()
        return not (changing or self._tables.correlation.coefficient.any())

    @cached_property
    def covariance(self) -> DemandCovariance:
        """How the rows of :attr:`demand` vary together in one period, made on first use."""
        pairs = self._tables.correlation
        return DemandCovariance.of(self.distributions, pairs.first, pairs.second, pairs.coefficient)

    @cached_property
    def score_groups(self) -> tuple[ScoreGroup, ...]:
        """Groups of demand rows that are drawn together, made on first use.

        Raises
        ------
        DomainError
            With every pair and group that no Gaussian copula gives the correlation asked for.
        """
        if not len(self._tables.correlation.frame):
            return ()  # a portfolio does without its hundred thousand distributions
        return score_groups(self._tables.correlation, self.distributions, self.demand_keys)

    @cached_property
    def demand_keys(self) -> tuple[tuple[str, ...], ...]:
        """Key of each row of :attr:`demand`: item, location and segments."""
        names = ("item", "location", *self.segments)
        return tuple(zip(*(self._tables.demand[name] for name in names), strict=True))

    def demand_seen(self, period: int | None = None) -> SeenDemand:
        """Demand that every stage sees, its own customers' and that of all it goes into (clause 7).

        Parameters
        ----------
        period : int, optional
            Of the cycle, from 0. Unless given, a period picked at random: where demand changes by
            period, the season then counts as variation.

        Returns
        -------
        SeenDemand
            Mean, standard deviation, covariance and, where it is known, the distribution.

        Raises
        ------
        DomainError
            If the period is negative or no whole number.

        Examples
        --------
        Two shops of one bike; where both sell well in the same weeks, pooling helps the plant less:

        >>> import pandas as pd
        >>> stages = pd.DataFrame({"item": "bike", "location": ["plant", "north", "south"],
        ...                        "holding_cost": [1.0, 2.0, 2.0]})
        >>> lanes = pd.DataFrame({"from_item": "bike", "from_location": "plant",
        ...                       "to_item": "bike", "to_location": ["north", "south"]})
        >>> demand = pd.DataFrame({"item": "bike", "location": ["north", "south"],
        ...                        "mean": [20.0, 30.0], "std": [3.0, 4.0]})
        >>> together = pd.DataFrame({"item": ["bike"], "location": "north", "other_item": "bike",
        ...                          "other_location": "south", "coefficient": 0.5})
        >>> network = Network.from_tables(stages, lanes, demand, correlation=together)
        >>> seen = network.demand_seen()
        >>> seen.to_frame()[["location", "mean", "std", "std_if_independent", "std_if_in_step"]
        ...     ].round(3)
          location  mean    std  std_if_independent  std_if_in_step
        0    plant  50.0  6.083                 5.0             7.0
        1    north  20.0  3.000                 3.0             3.0
        2    south  30.0  4.000                 4.0             4.0
        >>> seen.distribution("bike", "north")
        Normal(mean=20.0, std=3.0)
        """
        return SeenDemand.of(
            self._tables.stages,
            self.compiled,
            self.distributions,
            self._tables.correlation,
            None if period is None else check_period(period),
        )

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
    def kept(self) -> dict[Hashable, object]:
        """What other rooms derive from this network and keep with it, by names of their own.

        A network never changes, so what is kept stays true; it goes where the network goes.
        """
        return {}

    def __getstate__(self) -> dict[str, object]:
        """Give what a copy in another process needs; that makes anew what was kept."""
        made_anew = ("kept", "_contracts")
        return {name: value for name, value in vars(self).items() if name not in made_anew}

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
        tables = self._tables
        keep = np.isin(tables.graph.component, wanted)
        rows = keep[tables.customer]
        demand = tables.given["demand"][rows]
        pairs, events, planning = tables.correlation, tables.events, tables.planning
        uses = planning.given["resource_use"][keep[planning.use_stages]]
        shared = planning.given["resources"]
        kept_lanes = keep[tables.graph.source]
        down = np.append(keep, False)[events.disruption_stages]
        down |= np.append(kept_lanes, False)[events.disruption_lanes]
        kept = resolve(
            tables.given["stages"][keep],
            tables.given["lanes"][kept_lanes],
            demand if len(demand) else None,
            pairs.frame[rows[pairs.first] & rows[pairs.second]],
            {
                "levels": events.given["levels"][keep[events.level_stages]],
                "calendar": events.given["calendar"][keep[events.calendar_stages]],
                "disruptions": events.given["disruptions"][down],
                "stock": planning.given["stock"][keep[planning.stock_stages]],
                "open_orders": planning.given["open_orders"][keep[planning.open_order_stages]],
                "resources": shared[shared["resource"].isin(uses["resource"])],
                "resource_use": uses,
            },
            dict(tables.settings),
            forecast_errors=tables.forecast_errors.frame[rows[tables.forecast_errors.row]],
        )
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


def _times(frame: pd.DataFrame, names: Names) -> tuple[Distribution | None, ...]:
    if not frame[names.family].to_numpy().any():
        return (None,) * len(frame)
    made: dict[tuple[Any, ...], Distribution] = {}  # a lead time is made once for all its rows
    laws: list[Distribution | None] = []
    for row in zip(*(frame[name] for name in names.texts), strict=True):
        family, mean, std, parameters = row
        if family == "" or std == 0.0:
            laws.append(None)
            continue
        if row not in made:
            made[row] = make(family, mean, std, parameters or None)
        laws.append(made[row])
    return tuple(laws)
