"""Limits as people asked for them, beside the rows that they are solved as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from echelon.display import quantity
from echelon.errors import InfeasibleError
from echelon.network.compiled import Floats
from echelon.optimization.portfolio.problem import OptionProblem


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit: what it is called and how the row's use is told.

    What is told is ``offset + slope * use``: the use itself, its negative where at least so much
    is asked for, or the service that a shortage leaves.

    Attributes
    ----------
    name : str
        Of the limit.
    group : str
        The segment, place or resource that the row is for; empty where the limit is for all.
    kind : str
        What is limited.
    unit : str
        Of what is told, as the tables write units.
    slope, offset : float
    """

    name: str
    group: str
    kind: str
    unit: str
    slope: float = 1.0
    offset: float = 0.0

    @property
    def label(self) -> str:
        """Name and group together."""
        return f"{self.name} ({self.group})" if self.group else self.name

    @property
    def sense(self) -> str:
        """``at most`` or ``at least``."""
        return "at most" if self.slope > 0.0 else "at least"

    def told(self, use: float) -> float:
        """What a use of the row is in the limit's own unit."""
        return self.offset + self.slope * use

    def words(self, use: float) -> str:
        """The same in words."""
        return in_unit(self.told(use), self.unit)


def in_unit(value: float, unit: str) -> str:
    """Write a number of a limit; service as a share.

    Examples
    --------
    >>> in_unit(0.95, "-"), in_unit(1234.5, "money")
    ('0.9500', '1,234.50')
    """
    return f"{value:.4f}" if unit == "-" else quantity(value)


def refuse_alone(problem: OptionProblem, rows: Sequence[LimitRow]) -> None:
    """Refuse limits that cannot be kept even each by itself.

    Raises
    ------
    InfeasibleError
        Names each, with what the best options give and by how much that misses the limit.
    """
    least = least_uses(problem)
    broken = np.flatnonzero(least > problem.most + problem.tolerance).tolist()
    if broken:
        told = [
            f"{rows[r].label} asks for {rows[r].sense} {rows[r].words(problem.most[r])}, and the "
            f"options of all SKUs reach {rows[r].words(least[r])} at best: it is missed by "
            f"{in_unit(abs(rows[r].slope) * (least[r] - problem.most[r]), rows[r].unit)}"
            for r in broken
        ]
        raise InfeasibleError(
            f"no choice keeps the limits: {_listed(told)}. Fix: relax the limit by as much, or "
            "give SKUs further options."
        )


def refuse_together(problem: OptionProblem, rows: Sequence[LimitRow], missed: Floats) -> NoReturn:
    """Refuse limits that cannot be kept together.

    Raises
    ------
    InfeasibleError
        Names those that have to give, and by how much.
    """
    broken = np.flatnonzero(missed > 1e-6 * np.maximum(np.abs(problem.most), problem.scale))
    told = [
        f"{rows[r].label} by {in_unit(abs(rows[r].slope) * missed[r], rows[r].unit)} (it asks for "
        f"{rows[r].sense} {rows[r].words(problem.most[r])})"
        for r in broken.tolist()
    ]
    raise InfeasibleError(
        "no choice keeps all limits together, though each by itself can be kept. At the least that "
        f"has to give, there are missed: {_listed(told)}. Fix: relax these by a little "
        "more, or the limits that they compete with."
    )


def least_uses(problem: OptionProblem) -> Floats:
    """Least that the options can use of each row, looked at by itself, (n_rows,)."""
    by_sku = np.zeros(problem.n_rows)
    by_row = problem.uses.tocsc()
    size = np.diff(problem.first)
    for r in range(problem.n_rows):
        inside = slice(by_row.indptr[r], by_row.indptr[r + 1])
        sku, use = problem.sku[by_row.indices[inside]], by_row.data[inside]
        least = np.full(problem.n_skus, np.inf)
        np.minimum.at(least, sku, use)
        some = np.bincount(sku, minlength=problem.n_skus)
        least = np.where(some < size, np.minimum(least, 0.0), least)  # options that use nothing
        by_sku[r] = least.sum()
    return by_sku


def _listed(told: list[str]) -> str:
    most = 10
    rest = f"; and {len(told) - most:,} more" if len(told) > most else ""
    return "; ".join(told[:most]) + rest
