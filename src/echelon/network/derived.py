"""What follows from the tables of a network: arrays, distributions, and demand seen by stages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from echelon.demand.covariance import DemandCovariance
from echelon.distributions import Distribution, make
from echelon.network.compile import compile_network
from echelon.network.compiled import CompiledNetwork, Floats
from echelon.network.contents import Contents
from echelon.network.demand_seen import SeenDemand, check_period
from echelon.network.described import LEAD_TIME_NAMES, RELEASE_TIME_NAMES, Names
from echelon.network.laws import DemandLaws
from echelon.network.scores import ScoreGroup, score_groups

Laws: TypeAlias = tuple[Distribution | None, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Derived(Contents):
    """Tables and what is computed from them, each on first use and once."""

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
    def demand_laws(self) -> DemandLaws:
        """As :attr:`distributions`, each made when it is first asked for."""
        names = ("family", "mean", "std", "parameters")
        return DemandLaws(*(self.cells("demand", name) for name in names))

    @cached_property
    def distributions(self) -> tuple[Distribution, ...]:
        """Demand of one period, one distribution per row of :attr:`demand`, made on first use."""
        return self.demand_laws[:]

    @cached_property
    def lead_time_distributions(self) -> Laws:
        """Lead time of each row of :attr:`stages`, without its release; made on first use.

        None where it is fixed, and where its mean and standard deviation are all that is known.
        """
        return _times(self._tables.stages, LEAD_TIME_NAMES)

    @cached_property
    def release_time_distributions(self) -> Laws:
        """Release time of each row of :attr:`stages`, as :attr:`lead_time_distributions`."""
        if "release_time" not in self._tables.stages.columns:
            return (None,) * self.n_stages
        return _times(self._tables.stages, RELEASE_TIME_NAMES)

    @cached_property
    def lane_lead_time_distributions(self) -> Laws:
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
                fixed += means[row]
        return fixed, tuple(laws)

    @cached_property
    def _process_times(self) -> list[tuple[list[float], list[float], Laws]]:
        """Mean, standard deviation and distribution of each part, by row of stages."""
        stages = self._tables.stages
        parts = [(LEAD_TIME_NAMES, self.lead_time_distributions)]
        if "release_time" in stages.columns:
            parts.append((RELEASE_TIME_NAMES, self.release_time_distributions))
        return [
            (stages[names.mean].to_list(), stages[names.std].to_list(), laws)
            for names, laws in parts
        ]

    @cached_property
    def forecast_revisions(self) -> dict[int, Floats]:
        """Covariance of the revisions of a period, by row of :attr:`demand`, made on first use.

        Square arrays by periods ahead, units squared; rows that are not forecast are not there.
        """
        return self._tables.forecast_errors.matrices()

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

        >>> import echelon as ec, pandas as pd
        >>> stages = pd.DataFrame({"item": "bike", "location": ["plant", "north", "south"],
        ...                        "holding_cost": [1.0, 2.0, 2.0]})
        >>> lanes = pd.DataFrame({"from_item": "bike", "from_location": "plant",
        ...                       "to_item": "bike", "to_location": ["north", "south"]})
        >>> demand = pd.DataFrame({"item": "bike", "location": ["north", "south"],
        ...                        "mean": [20.0, 30.0], "std": [3.0, 4.0]})
        >>> together = pd.DataFrame({"item": ["bike"], "location": "north", "other_item": "bike",
        ...                          "other_location": "south", "coefficient": 0.5})
        >>> network = ec.Network.from_tables(stages, lanes, demand, correlation=together)
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


def _times(frame: pd.DataFrame, names: Names) -> Laws:
    if not frame[names.family].to_numpy().any():
        return (None,) * len(frame)
    made: dict[tuple[Any, ...], Distribution] = {}  # a lead time is made once for all its rows
    laws: list[Distribution | None] = [None] * len(frame)
    varying = (frame[names.family].to_numpy() != "") & (frame[names.std].to_numpy() != 0.0)
    at = np.flatnonzero(varying)
    columns = (frame[name].to_numpy()[at].tolist() for name in names.texts)
    for place, row in zip(at.tolist(), zip(*columns, strict=True), strict=True):
        if row not in made:
            family, mean, std, parameters = row
            made[row] = make(family, mean, std, parameters or None)
        laws[place] = made[row]
    return tuple(laws)
