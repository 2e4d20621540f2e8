"""What a person holds: stages, lanes and demand, checked, in one period and one currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from echelon.demand.covariance import DemandCovariance
from echelon.distributions import Distribution, make
from echelon.errors import DomainError
from echelon.folder import NETWORK, FileFormat, write_folder
from echelon.network.check import positions
from echelon.network.compile import compile_network
from echelon.network.compiled import CompiledNetwork
from echelon.network.demand_seen import SeenDemand, check_period
from echelon.network.oddities import warn_of_oddities
from echelon.network.scores import ScoreGroup, score_groups
from echelon.network.summary import NetworkSummary, summarize
from echelon.network.tables import Resolved, resolve, without_computed
from echelon.results import frame_digest
from echelon.tables import DEMAND, LANES, STAGES, label_of, with_segments

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
            Once for stages with a service target and no customers, and once for stages that
            neither lanes nor demand reach.
        """
        settings: dict[str, object] = {
            "period": period,
            "periods_per_year": periods_per_year,
            "holding_rate": holding_rate,
            "currency": currency,
            "name": name,
            "segments": segments,
        }
        tables = resolve(stages, lanes, demand, correlation, settings)
        sells = np.zeros(len(tables.stages), dtype=np.bool_)
        sells[tables.customer] = True
        warn_of_oddities(tables.stages, tables.graph, sells, name)
        return cls(tables)

    @property
    def stages(self) -> pd.DataFrame:
        """One row per stage: all columns of the catalog, defaults filled.

        ``holding_cost`` and, where the value is known, ``unit_cost`` are filled too, and so are the
        moments of a lead time that has a family. A ``lead_time_distribution`` that was given is
        written as family and parameters, and its column is blank.
        """
        return self._tables.stages.copy()

    @property
    def lanes(self) -> pd.DataFrame:
        """One row per lane: all columns of the catalog, defaults and lead times filled as there."""
        return self._tables.lanes.copy()

    @property
    def demand(self) -> pd.DataFrame:
        """One row per stage and segment: key, family, mean, std and parameters.

        Where demand changes by period, the family is ``per_period``, and mean and std are those of
        a period picked at random from the cycle.
        """
        return self._tables.demand.copy()

    @property
    def correlation(self) -> pd.DataFrame:
        """One row per pair of demand rows that vary together, every key column filled."""
        return self._tables.correlation.frame.copy()

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
            tables.stages, tables.lanes, tables.demand, tables.graph, tables.customer
        )

    @cached_property
    def distributions(self) -> tuple[Distribution, ...]:
        """Demand of one period, one distribution per row of :attr:`demand`, made on first use."""
        columns = (self._tables.demand[name] for name in ("family", "mean", "std", "parameters"))
        return tuple(
            make(family, mean, std, parameters or None)
            for family, mean, std, parameters in zip(*columns, strict=True)
        )

    @cached_property
    def lead_time_distributions(self) -> tuple[Distribution | None, ...]:
        """Lead time of each row of :attr:`stages`, made on first use.

        None where it is fixed, and where its mean and standard deviation are all that is known.
        """
        return _lead_times(self._tables.stages)

    @cached_property
    def lane_lead_time_distributions(self) -> tuple[Distribution | None, ...]:
        """Lead time of each row of :attr:`lanes`, as :attr:`lead_time_distributions`."""
        return _lead_times(self._tables.lanes)

    @property
    def independent(self) -> bool:
        """Whether demand rows vary independently: no pair is correlated, no row has a season."""
        changing = (self._tables.demand["family"] == "per_period").any()
        return not changing and not self._tables.correlation.coefficient.any()

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
    def _digests(self) -> dict[str, str]:
        tables = self._tables
        frames = {"stages": tables.stages, "lanes": tables.lanes, "demand": tables.demand}
        if len(tables.correlation.frame):
            frames["correlation"] = tables.correlation.frame
        return {name: frame_digest(frame) for name, frame in frames.items()}

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
        ``lead_time_std`` beside a ``lead_time_family``.

        Parameters
        ----------
        stages, lanes, demand, correlation : DataFrame, optional
            In place of this network's; ``None`` means none. Correlations that stay must find their
            rows in the demand.
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
            stages = without_computed(stages, self._tables.stages, given["stages"], STAGES)
        if isinstance(lanes, pd.DataFrame):
            lanes = without_computed(lanes, self._tables.lanes, given["lanes"], LANES)
        if isinstance(demand, pd.DataFrame):
            table = with_segments(DEMAND, self.segments)
            demand = without_computed(demand, self._tables.demand, given["demand"], table)
        return Network.from_tables(
            chosen(stages, given["stages"]),
            chosen(lanes, given["lanes"]),
            chosen(demand, self._given_demand()),
            correlation=chosen(correlation, given["correlation"]),
            segments=chosen(segments, self.segments),
            period=self.period,
            periods_per_year=chosen(periods_per_year, settings["periods_per_year"]),
            holding_rate=chosen(holding_rate, self.holding_rate),
            currency=chosen(currency, self.currency),
            name=chosen(name, self.name),
        )

    def _given_demand(self) -> pd.DataFrame | None:
        demand = self._tables.given["demand"]
        return demand if len(demand) else None

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
        pairs = tables.correlation
        kept = resolve(
            tables.given["stages"][keep],
            tables.given["lanes"][keep[tables.graph.source]],
            demand if len(demand) else None,
            pairs.frame[rows[pairs.first] & rows[pairs.second]],
            dict(tables.settings),
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
        if not len(frames["correlation"]) and not list(Path(folder).glob("correlation.*")):
            del frames["correlation"]
        manifest = {"kind": NETWORK, **self._tables.settings}
        return write_folder(folder, frames, manifest, file_format=file_format)

    def summary(self) -> NetworkSummary:
        """Count stages, lanes and components, and describe each component."""
        return summarize(
            self._tables.stages, self.compiled, self._tables.graph, self._tables.settings
        )

    def to_networkx(self) -> DiGraph[Any]:
        """Give a ``networkx.DiGraph``; needs networkx.

        Nodes are ``(item, location)`` with the columns of stages as attributes and, at stages with
        customers, ``demand``: a list of rows as dictionaries. Edges have the columns of lanes.
        The settings and the rows of ``correlation`` are attributes of the graph.
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


def _lead_times(frame: pd.DataFrame) -> tuple[Distribution | None, ...]:
    names = ("lead_time_family", "lead_time", "lead_time_std", "lead_time_parameters")
    made: dict[tuple[Any, ...], Distribution] = {}  # a lead time is made once for all its rows
    laws: list[Distribution | None] = []
    for row in zip(*(frame[name] for name in names), strict=True):
        family, mean, std, parameters = row
        if family == "" or std == 0.0:
            laws.append(None)
            continue
        if row not in made:
            made[row] = make(family, mean, std, parameters or None)
        laws.append(made[row])
    return tuple(laws)
