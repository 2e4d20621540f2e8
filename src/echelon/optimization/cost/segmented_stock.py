"""Stock of a stage that serves its segments one after the other, each promised its own level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.cost.seasonal_quantile import SeasonalQuantile
from echelon.optimization.cost.stage_stock import StageTimes
from echelon.optimization.cost.windowed_stock import WindowedStock

Member: TypeAlias = WindowedStock | SeasonalQuantile


@dataclass(frozen=True, slots=True)
class SegmentedStock:
    r"""Base stock that keeps the promise to every segment, which are served by priority.

    In a period that ends with :math:`X` units late, segments up to the ``k``-th are owed something
    only if :math:`X` is more than the others have asked for in it: they come first in what arrives,
    and what was left the period before was theirs before. So all of them are served if

    .. math:: D_{\le k}(\tau) + D_{> k}(\tau - 1) \le B,

    and a base stock that covers this demand with the probability promised to segment ``k``, for
    each ``k``, keeps all promises; those to the first segments with some to spare. It is the
    largest of them.

    Attributes
    ----------
    members : tuple of WindowedStock or SeasonalQuantile
        In the order of service; the last covers all demand over the same time.
    rows : tuple of int
        Row of demand of each.
    """

    members: tuple[Member, ...]
    rows: tuple[int, ...]
    concave = False

    @property
    def covered_only(self) -> bool:
        """Whether nothing counts but the time covered."""
        return all(member.covered_only for member in self.members)

    @property
    def n_periods(self) -> int:
        """Length of the cycle, 1 where all periods are alike."""
        return self.members[-1].n_periods

    def levels(self, times: StageTimes) -> Floats:
        """Base stock of each period, (..., n_periods) units."""
        return np.asarray(np.max([member.levels(times) for member in self.members], axis=0))

    def base_stock(self, times: StageTimes) -> Floats:
        """Mean over the cycle, units."""
        return np.asarray(self.levels(times).mean(axis=-1))

    def safety_stock(self, times: StageTimes) -> Floats:
        """Base stock less the mean demand of the time covered, units."""
        mean = self.members[-1].means(times).mean(axis=-1)
        return np.asarray(self.base_stock(times) - mean)

    def extra_stock(self, times: StageTimes) -> Floats:
        """None."""
        return np.zeros(np.shape(times.covered))

    def mean_of_period(self, n: int) -> Floats:
        """Mean demand of each of ``n`` periods, units."""
        return self.members[-1].mean_of_period(n)

    def std_of_period(self, n: int) -> Floats:
        """Standard deviation of the same, units."""
        return self.members[-1].std_of_period(n)

    def promised_service(self, times: StageTimes, base_stock: float) -> float:
        """Cycle service level to all segments together, which is that of the last."""
        return self.promised_to_rows(times, base_stock)[self.rows[-1]]

    def promised_to_rows(self, times: StageTimes, base_stock: float) -> dict[int, float]:
        """Cycle service level to each segment, at least, by row of demand."""
        levels = self.levels(times)
        levels = levels + base_stock - levels.mean()
        kept = [member.kept(times, levels) for member in self.members]
        return dict(zip(self.rows, kept, strict=True))
