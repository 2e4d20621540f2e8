"""Rows of demand as each stage sees them, and the variance of the windows they are covered over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm, nan

import numpy as np

from echelon.demand.covariance import independent_rows, mean_product, usage_of_rows
from echelon.distributions.per_period import PerPeriod
from echelon.errors import DomainError
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.cost.demand_over_time import DemandOverTime, SteadyDemand
from echelon.optimization.cost.exact_demands import whole_components
from echelon.optimization.cost.extension import Stages
from echelon.optimization.cost.forecast_lags import Lags, forecast_lags, latest_service
from echelon.optimization.cost.guaranteed_service_cost import steady
from echelon.optimization.cost.seasonal_quantile import SeasonalQuantile
from echelon.optimization.cost.window_variance import RevisedPair, WindowVariance
from echelon.optimization.cost.windowed_stock import WindowedStock
from echelon.optimization.service_targets import ServiceTargets

_LONGEST_CYCLE = 2_000
"""Periods of the cycle that all demand a stage sees has in common."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one row of demand asks of a stage along paths of one lag."""

    row: int
    units: float
    own: bool
    lag: float


class RowsAtStages:
    """Rows of demand of one network: who sees them, how they vary and how they are forecast.

    Parameters
    ----------
    network : Network
    targets : ServiceTargets
    by_period : bool
        Whether demand that changes by period is covered by levels that do.
    """

    def __init__(self, network: Network, targets: ServiceTargets, *, by_period: bool) -> None:
        compiled = network.compiled
        self._network, self._compiled = network, compiled.as_one()
        self._laws = network.distributions
        self._revisions = network.forecast_revisions
        self._covariance = network.covariance
        self._factor = targets.row_factor
        self._level = targets.service_level
        self._labels = network.labels
        self._usage = usage_of_rows(
            compiled.component_ptr,
            compiled.pred_ptr,
            compiled.pred_stage,
            compiled.pred_usage,
            compiled.demand_ptr,
            compiled.demand_row,
        )
        self._customer_time = customer_times(network)
        self._seasonal = by_period
        self._partners = self._coefficients()
        self._roots = {row: _root(matrix) for row, matrix in self._revisions.items()}

    def seen_by(self, stage: int) -> list[int]:
        """Rows of demand that a stage sees, by whatever path."""
        rows: list[int] = self._usage.indices[
            slice(*self._usage.indptr[stage : stage + 2])
        ].tolist()
        return rows

    def customer_time(self, stage: int) -> float:
        """Service time of its customers apart from stages, periods; NaN where there is none."""
        return float(self._customer_time[stage])

    def are_forecast(self, rows: Collection[int]) -> bool:
        """Whether some of the rows are."""
        return any(row in self._revisions for row in rows)

    def have_seasons(self, rows: Collection[int]) -> bool:
        """Whether some of the rows change by period, and levels with them."""
        return self._seasonal and any(isinstance(self._laws[row], PerPeriod) for row in rows)

    def windows(
        self,
        stages: Stages,
        stage: int,
        *,
        later: Collection[int] = (),
        factor: float | None = None,
    ) -> WindowVariance:
        """Give mean and variance of the windows of a stage.

        Parameters
        ----------
        stages : Stages
        stage : int
        later : collection of int, optional
            Rows of the stage's own customers that are served after the others, one period of whose
            demand need not be covered.
        factor : float, optional
            Standard deviations of the bound; each row's own unless given.
        """
        parts = self._parts(stages, stage)
        customer_time = self.customer_time(stage)
        apart = not np.isnan(customer_time)
        classes = [int(part.own if apart else part.row in later) for part in parts]
        n_classes = 1 + (apart or len(later) > 0)
        n_periods = self.cycle([part.row for part in parts], stages, stage)
        mean = np.zeros((n_classes, n_periods))
        for part, of in zip(parts, classes, strict=True):
            mean[of] += part.units * self._means(part.row, n_periods)
        promised = self._promised[stage]
        spread = self._spread(parts, classes, n_periods, n_classes)
        revised = self._revised(parts, classes, float(promised))
        if factor is not None:
            spread[1] = factor**2 * spread[0]
            revised = tuple(pair.scaled(factor) for pair in revised)
        return WindowVariance(
            mean=mean,
            spread=spread,
            revised=revised,
            start=int(stages.review[stage] == 0),
        )

    def _parts(self, stages: Stages, stage: int) -> list[_Part]:
        """Rows that the stage sees; one that is forecast once for each lag of a path to it."""
        own = set(stages.demand_rows[stage])
        span = slice(*self._usage.indptr[stage : stage + 2])
        seen = zip(self._usage.indices[span].tolist(), self._usage.data[span].tolist(), strict=True)
        steady_parts = [
            _Part(row, units, row in own, nan)
            for row, units in seen
            if row not in self._revisions and units != 0.0
        ]
        lags = self._lags[stage]
        return steady_parts + [
            _Part(row, units, row in own, lag) for (row, lag), units in lags.items()
        ]

    @cached_property
    def _lags(self) -> list[Lags]:
        """Lags of the forecast rows at every stage."""
        return forecast_lags(self._compiled, self._revisions.keys(), self._promised)

    @cached_property
    def _promised(self) -> Floats:
        """What each stage's customers are promised: the most, as stock is then least."""
        own = self._customer_time
        return np.where(np.isnan(own), latest_service(self._compiled), own)

    @cached_property
    def _whole(self) -> Booleans:
        """Stages in components of which every time is in whole periods."""
        compiled = self._network.compiled
        return np.repeat(whole_components(compiled), np.diff(compiled.component_ptr))

    def cycle(self, rows: Sequence[int], stages: Stages, stage: int) -> int:
        """Length of the cycle of rows that a stage sees, 1 where it sees no season.

        Raises
        ------
        DomainError
            If their cycles come round together too seldom.
        """
        if not self._seasonal:
            return 1
        laws = [self._laws[row] for row in rows if row not in self._revisions]
        n_periods = lcm(*(len(law.periods) for law in laws if isinstance(law, PerPeriod)), 1)
        if n_periods > _LONGEST_CYCLE:
            label = self._labels[stages.row[stage]]
            raise DomainError(
                f"the cycles of the demand that {label} sees come round together after "
                f"{n_periods:,} periods only, more than {_LONGEST_CYCLE:,}. Fix: give them "
                "lengths that divide one another, or base_stocks='constant'."
            )
        return n_periods

    def _means(self, row: int, n_periods: int) -> Floats:
        law = self._laws[row]
        if n_periods > 1 and isinstance(law, PerPeriod) and row not in self._revisions:
            return np.resize(law.means, n_periods)
        return np.full(n_periods, law.mean)

    def _stds(self, row: int, n_periods: int) -> Floats:
        law = self._laws[row]
        if n_periods > 1 and isinstance(law, PerPeriod):
            return np.resize(law.stds, n_periods)
        return np.full(n_periods, law.std)

    def _spread(
        self, parts: Sequence[_Part], classes: Sequence[int], n_periods: int, n_classes: int
    ) -> Floats:
        """Covariance of the classes by period, of rows that are not forecast."""
        spread = np.zeros((2, n_classes, n_classes, n_periods))
        known = [k for k, part in enumerate(parts) if part.row not in self._revisions]
        if not known:
            return spread
        if not self._seasonal and not self._covariance.independent:
            self._add_matrix(spread, [parts[k] for k in known], [classes[k] for k in known])
            return spread
        place = {parts[k].row: k for k in known}
        stds = {k: self._stds(parts[k].row, n_periods) for k in known}
        for k in known:
            part, of = parts[k], classes[k]
            variance = (part.units * stds[k]) ** 2
            spread[0, of, of] += variance
            spread[1, of, of] += self._factor[part.row] ** 2 * variance
            for row, coefficient in self._partners.get(part.row, {}).items():
                other = place.get(row)
                if other is None:
                    continue
                shared = coefficient * part.units * parts[other].units * stds[k] * stds[other]
                factor = self._factor[part.row] * self._factor[row]
                spread[0, of, classes[other]] += shared
                spread[1, of, classes[other]] += factor * shared
        return spread

    def _add_matrix(self, spread: Floats, parts: Sequence[_Part], classes: Sequence[int]) -> None:
        """Covariance where a season counts as variation that all rows know of."""
        from scipy.sparse import coo_array

        n_classes = spread.shape[1]
        rows = [part.row for part in parts]
        units = np.array([part.units for part in parts])
        shape = (n_classes, self._covariance.n_rows)
        for which, scale in enumerate((np.ones(len(rows)), self._factor[rows])):
            weights = coo_array((units * scale, (classes, rows)), shape=shape).tocsr()
            spread[which, :, :, 0] = self._covariance.between(weights)

    def _revised(
        self, parts: Sequence[_Part], classes: Sequence[int], promised: float
    ) -> tuple[RevisedPair, ...]:
        """Pairs of classes and lags, with the revisions of all rows that have these."""
        forecast = [k for k, part in enumerate(parts) if part.row in self._revisions]
        if not forecast:
            return ()
        size = max(len(root) for root in self._roots.values())
        found: dict[tuple[int, int, float | None, float], Floats] = {}
        for one, other in self._linked(parts, forecast):
            if self._rank(parts[other], promised) > self._rank(parts[one], promised):
                one, other = other, one
            p, q = parts[one], parts[other]
            apart = 0.0
            if p.own and q.own:
                apart = float(classes[one] - classes[other])  # served later, covered for less
            elif q.row in self._revisions:
                apart = (-promised if q.own else q.lag) - (-promised if p.own else p.lag)
            shared = self._shared(p.row, q.row, size) * p.units * q.units
            if one != other:
                shared = 2.0 * shared
            factor = float(self._factor[p.row] * self._factor[q.row])
            key = (classes[one], classes[other], None if p.own else p.lag, round(apart, 9))
            before = found.setdefault(key, np.zeros((2, size, size)))
            before += np.stack([shared, factor * shared])
        return tuple(
            RevisedPair.of(first, second, nan if lag is None else lag, apart, revisions)
            for (first, second, lag, apart), revisions in found.items()
        )

    def _rank(self, part: _Part, promised: float) -> tuple[bool, float, bool]:
        """Rank of a part in a pair: forecast rows before others, of those the earlier end first.

        A window is never shorter than the time covered; ends counted from the earlier one never lie
        before it, so that what two windows have in common depends on no order of lanes.
        """
        if part.row not in self._revisions:
            return (False, 0.0, False)
        return (True, promised if part.own else -part.lag, part.own)

    def _linked(self, parts: Sequence[_Part], forecast: Sequence[int]) -> list[tuple[int, int]]:
        """Pairs of parts that vary together, at least one of which is forecast, each once."""
        of_row: dict[int, list[int]] = {}
        for k, part in enumerate(parts):
            of_row.setdefault(part.row, []).append(k)
        pairs = set()
        for k in forecast:
            row = parts[k].row
            for mate in (row, *self._partners.get(row, {})):
                for other in of_row.get(mate, []):
                    pairs.add((min(k, other), max(k, other)))
        return sorted(pairs)

    def _shared(self, row: int, other: int, size: int) -> Floats:
        """Covariance of the revisions of two rows by horizons, of the same cause as their own."""
        roots = [np.zeros((size, size)) for _ in range(2)]
        for root, one in zip(roots, (row, other), strict=True):
            known = self._roots.get(one)
            if known is None:  # not forecast: what it is comes out in its own period
                root[0, 0] = self._laws[one].std
            else:
                root[: len(known), : len(known)] = known
        coefficient = 1.0 if row == other else self._partners[row][other]
        return np.asarray(coefficient * roots[0] @ roots[1].T)

    def _coefficients(self) -> dict[int, dict[int, float]]:
        """Correlations within a period by row and partner."""
        covariance = self._covariance
        found: dict[int, dict[int, float]] = {}
        ends = zip(covariance.first.tolist(), covariance.second.tolist(), strict=True)
        for (i, k), shared in zip(ends, covariance.pairs.tolist(), strict=True):
            if shared == 0.0:
                continue
            laws = (self._laws[i], self._laws[k])
            stds = [law.stds if isinstance(law, PerPeriod) else law.std for law in laws]
            coefficient = shared / mean_product(stds[0], stds[1])
            found.setdefault(i, {})[k] = coefficient
            found.setdefault(k, {})[i] = coefficient
        return found

    def windowed(
        self,
        stages: Stages,
        stage: int,
        demand: DemandOverTime,
        windows: WindowVariance,
        factor: float | None = None,
    ) -> WindowedStock:
        """Give stock under the normal bound for windows of a stage."""
        usual = steady(stages.seen, stage)
        if factor is not None:
            usual = replace(usual, safety_factor=factor, bound_std=factor * usual.std)
            demand = usual if isinstance(demand, SteadyDemand) else demand
        if windows.n_periods > 1:
            demand = usual  # reviews below take a season for variation: stretched later instead
        known = stage in stages.waits
        return WindowedStock(
            windows=windows,
            demand=demand,
            steady=usual,
            customer_time=self.customer_time(stage),
            normal=self.are_normal(self.seen_by(stage)),
            wait_std=0.0 if known else stages.wait_std[stage],
            wait=stages.waits.get(stage),
        )

    def quantile(
        self,
        stages: Stages,
        stage: int,
        *,
        later: Collection[int] = (),
        level: float | None = None,
    ) -> SeasonalQuantile:
        """Give stock by exact quantiles for a stage that has them."""
        rows = self.seen_by(stage)
        first = tuple(self._laws[row] for row in rows if row not in later)
        asked = self._level[stage] if level is None else level
        return SeasonalQuantile(
            laws=first,
            level=float(asked),
            n_periods=self.cycle(rows, stages, stage),
            start=int(stages.review[stage] == 0),
            later=tuple(self._laws[row] for row in rows if row in later),
        )

    def have_quantiles(self, stages: Stages, stage: int, rows: Sequence[int]) -> bool:
        """Whether the stage's own demand has a quantile that is not that of the normal bound."""
        return bool(
            not stages.customers[stage]
            and not self.are_normal(rows)
            and independent_rows(rows, self._covariance.partners())
            and self._level[stage] < 1.0
            and stages.wait_std[stage] == 0.0
            and self._whole[stage]
        )

    def are_normal(self, rows: Sequence[int]) -> bool:
        """Whether demand of all rows, in every period, is normal or known."""
        for row in rows:
            if row in self._revisions:
                continue  # its errors are taken for normal
            law = self._laws[row]
            laws = law.periods if isinstance(law, PerPeriod) and self._seasonal else (law,)
            if any(one.family not in ("normal", "deterministic") for one in laws):
                return False
        return True


def customer_times(network: Network) -> Floats:
    """Service time that customers of a stage are promised apart from stages, compiled order.

    Returns
    -------
    (n_stages,) float64
        Periods; NaN where they are quoted the same, as at stages that supply none.
    """
    compiled = network.compiled
    given = network.cells("stages", "customer_service_time")[compiled.stage_row]
    return np.where(np.diff(compiled.succ_ptr) > 0, given, nan)


def _root(matrix: Floats) -> Floats:
    """Symmetric root of a covariance matrix; what rounding leaves below 0 is 0."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
