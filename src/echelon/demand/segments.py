"""Correlation between demand rows, estimated from their history and shrunk, or given as a matrix.

What pooling saves hangs on it. Independent segments let the risk of one make good that of another;
segments that rise and fall together do not. A correlation measured on two years of weeks is mostly
noise, pair by pair; shrinkage takes out as much of the noise as pays.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from echelon.demand.arguments import check_columns
from echelon.demand.columns import GROUPS
from echelon.demand.copula import TOLERANCE, largest_scale, smallest_eigenvalue
from echelon.demand.failures import failures_frame
from echelon.demand.history import Absent, Floats, Integers, Panel, read_history
from echelon.demand.shrinkage import TARGETS, Target, ledoit_wolf
from echelon.errors import DomainError, UnknownNameError
from echelon.results import Provenance, Result, frame_digest
from echelon.tables import SEGMENTS, label_of

_FEWEST_PERIODS = 12
"""Below it even the mean correlation of a group is a guess."""


@dataclass(frozen=True, repr=False, eq=False)
class CorrelationModels(Result):
    """Correlations between demand series; made by ``echelon.fit_correlation``.

    Attributes
    ----------
    pairs : DataFrame
        The table ``correlation`` of a network: one row per pair of series of one group.
    groups : DataFrame
        One row per group: its key, series, periods used and not used, those of them that all series
        have but some ran out of stock in, shrinkage (the weight of the target, 0 to 1), mean
        correlation of its pairs, smallest eigenvalue of their matrix.
    segments : tuple of str
        Segment columns.
    failures : DataFrame
        Series without correlations (``component`` numbers the group), and why; segment columns at
        the end.
    """

    pairs: pd.DataFrame
    groups: pd.DataFrame
    segments: tuple[str, ...]

    @property
    def correlation(self) -> pd.DataFrame:
        """Table ``correlation`` for ``Network.from_tables``, a copy of ``pairs``."""
        return self.pairs.copy()

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the frames that :meth:`write` writes, by file stem."""
        return {"correlation": self.pairs, "groups": self.groups}

    def to_frame(self, level: str = "pairs") -> pd.DataFrame:
        """Give a frame.

        Parameters
        ----------
        level : {"pairs", "groups"}
            ``"pairs"`` is what ``Network.from_tables(correlation=...)`` takes.

        Returns
        -------
        DataFrame
        """
        return self._frame(level, {"pairs": self.pairs, "groups": self.groups})

    def summary(self) -> str:
        """Say in a few lines what was found."""
        lines = [f"Correlation of {int(self.groups['series'].sum()):,} demand series"]
        if len(self.groups):
            groups = self.groups
            lines += [
                f"  groups            {len(groups):,}",
                f"  pairs             {len(self.pairs):,}",
                f"  mean correlation  {self.pairs['coefficient'].mean():.3f}",
                f"  shrinkage         {groups['shrinkage'].min():.2f} to "
                f"{groups['shrinkage'].max():.2f}",
                f"  periods used      {groups['periods'].min():,} to {groups['periods'].max():,}",
            ]
            bare = int(groups["stock_outs"].sum())
            if bare:
                noun = "period" if bare == 1 else "periods"
                verb = "is" if bare == 1 else "are"
                lines.append(f"  {bare:,} {noun} with a stock-out {verb} not used")
        if len(self.failures):
            lines.append(f"  failures          {len(self.failures):,} series, see .failures")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{self.summary()}</pre>{self.groups.head(8).to_html(index=False, border=0)}"


def fit_correlation(
    history: pd.DataFrame,
    *,
    within: Sequence[str] = ("item",),
    segments: Sequence[str] = (),
    target: Target = "common",
    cycle: int | None = None,
    period: str | None = None,
    absent: Absent = "raise",
) -> CorrelationModels:
    r"""Estimate how demand series vary together, shrunk after Ledoit and Wolf.

    Series are compared within groups, in the periods that all series of a group have and none ran
    out of stock in: shelves that are bare together are no demand that falls together. Each is
    scaled to variance 1, and the sample correlation is drawn towards a target by the share that
    minimises the expected squared error; see :func:`echelon.demand.shrinkage.ledoit_wolf`.

    Parameters
    ----------
    history : DataFrame
        Table ``demand_history``: item, location, segment columns, period, quantity, stock_out. A
        period in which a series of the group ran out of stock is not used.
    within : sequence of str, default ("item",)
        Columns whose values a group shares: by default all locations and segments of one item.
        Empty makes one group of all series.
    segments : sequence of str, optional
        Segment columns, unless it is the one called ``segment``.
    target : {"common", "none"}, default "common"
        Towards the mean correlation of the group, which neither assumes that pooling is free nor
        denies it; or towards none, for groups whose series have nothing in common. Of two series
        the sample correlation is the mean, and ``"common"`` keeps it.
    cycle : int, optional
        Periods of a season whose means are taken out first, 52 for weeks of a year: for demand
        that the network knows period by period. Otherwise a common season counts as correlation,
        as it does as variation.
    period : {"day", "week", "month"}, optional
        What the dates of the history count; not needed where periods are numbers.
    absent : {"raise", "zero"}, default "raise"
        What it means that a period has no row; see ``fit_demand``.

    Returns
    -------
    CorrelationModels
        A group of one series has no pair and no row. A series of fewer than 12 periods (12 beyond
        the cycle) without a stock-out, or one that never changes, is a failure, and the others of
        its group are estimated without it; so are all series of a group that has fewer periods in
        common.

    Raises
    ------
    TableError
        With every fault of the history.
    DomainError, UnknownNameError
        If an argument is outside what it may be.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> shared, own = np.random.default_rng(1).normal(0.0, 10.0, (2, 1, 104, 3))
    >>> sold = 100.0 + shared[:, :, :1] * [1.0, 1.0, 0.3] + own  # C goes its own way
    >>> history = pd.DataFrame({"item": "tea", "location": np.tile(["A", "B", "C"], 104),
    ...                         "period": np.repeat(range(104), 3), "quantity": sold.ravel()})
    >>> fitted = fit_correlation(history)
    >>> fitted.pairs[["location", "other_location", "coefficient"]].round(2)
      location other_location  coefficient
    0        A              B         0.45
    1        A              C         0.03
    2        B              C         0.12
    """
    began = time.perf_counter()
    if target not in TARGETS:
        raise UnknownNameError("shrinkage target", target, TARGETS)
    if cycle is not None and not (type(cycle) is int and cycle >= 2):
        raise DomainError(f"cycle is {cycle!r}. Fix: give a whole number of periods from 2 on.")
    panel = read_history(history, segments=segments, period=period, absent=absent)
    names = tuple(segments) or SEGMENTS
    keys = panel.keys.assign(**{name: "" for name in names if name not in panel.keys.columns})
    key_columns = ("item", "location", *names)
    keys = keys[list(key_columns)]
    wrong = [name for name in check_columns("within", within) if name not in key_columns]
    if wrong:
        raise UnknownNameError("column in within", wrong[0], key_columns)

    group = (
        keys.groupby(list(within), sort=False).ngroup().to_numpy(dtype=np.int64)
        if within
        else np.zeros(len(keys), dtype=np.int64)
    )
    pairs, groups, failures = [], [], []
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members) < 2:
            continue
        name = ", ".join(keys[column].iloc[members[0]] for column in within)
        number = int(group[members[0]])
        members, apart = _usable(panel, keys, members, _FEWEST_PERIODS + (cycle or 0))
        told = _estimate(panel, members, target, cycle) if len(members) > 1 else ""
        if isinstance(told, str):
            apart += [(int(member), told) for member in members if told]
        failures += [(number, member, "DomainError", why) for member, why in apart]
        if isinstance(told, str):
            continue
        matrix, shrinkage, used, unused, bare = told
        one, other = np.triu_indices(len(members), 1)
        pairs.append(_rows(keys, members[one], members[other], matrix[one, other]))
        smallest = smallest_eigenvalue(matrix)
        groups.append(
            (name, len(members), used, unused, bare, shrinkage, matrix[one, other].mean(), smallest)
        )
    nothing = np.zeros(0, dtype=np.int64)
    return CorrelationModels(
        failures=failures_frame(keys, failures),
        provenance=Provenance(
            arguments={
                "within": list(within),
                "segments": list(names),
                "target": target,
                "cycle": cycle,
                "period": period,
                "absent": absent,
            },
            tables={"demand_history": frame_digest(history)},
            seconds={"fit": time.perf_counter() - began},
        ),
        pairs=pd.concat([_rows(keys, nothing, nothing, np.zeros(0)), *pairs], ignore_index=True),
        groups=pd.DataFrame(groups, columns=list(GROUPS.names)),
        segments=names,
    )


def correlation_table(keys: pd.DataFrame, matrix: ArrayLike) -> pd.DataFrame:
    """Write a correlation matrix as the table ``correlation`` of a network.

    Parameters
    ----------
    keys : DataFrame
        One row per row of the matrix: item, location and segment columns, for example
        ``network.demand[["item", "location", "segment"]]``.
    matrix : (n, n) array_like of float
        Symmetric, 1 on the diagonal, no eigenvalue below 0.

    Returns
    -------
    DataFrame
        One row per pair whose coefficient is not 0.

    Raises
    ------
    DomainError
        If the matrix is no correlation matrix of so many rows; says what is wrong and how to mend
        it.

    Examples
    --------
    >>> import pandas as pd
    >>> keys = pd.DataFrame({"item": "tea", "location": ["A", "B", "C"]})
    >>> correlation_table(keys, [[1.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.0]])
      item location other_item other_location  coefficient
    0  tea        A        tea              B          0.5
    1  tea        B        tea              C          0.2
    """
    given = np.asarray(matrix, dtype=np.float64)
    n = len(keys)
    absent = [name for name in ("item", "location") if name not in keys.columns]
    if absent:
        raise DomainError(f"keys has no column {absent[0]!r}. Fix: name item and location.")
    if given.shape != (n, n) or not np.isfinite(given).all():
        raise DomainError(
            f"the matrix has shape {given.shape} and {int((~np.isfinite(given)).sum())} cells that "
            f"are no number, for {n} keys. Fix: give a number for each pair of keys."
        )
    if np.abs(given - given.T).max(initial=0.0) > TOLERANCE:
        i, k = np.unravel_index(int(np.abs(given - given.T).argmax()), given.shape)
        raise DomainError(
            f"the matrix is not symmetric: [{i}, {k}] is {given[i, k]:g} and [{k}, {i}] is "
            f"{given[k, i]:g}. Fix: give a pair one coefficient."
        )
    if np.abs(np.diag(given) - 1.0).max(initial=0.0) > TOLERANCE:
        at = int(np.abs(np.diag(given) - 1.0).argmax())
        raise DomainError(
            f"[{at}, {at}] of the matrix is {given[at, at]:g}, must be 1. "
            "Fix: give correlations; a covariance is divided by both standard deviations."
        )
    smallest = smallest_eigenvalue(given) if n else 1.0
    if smallest < -TOLERANCE:
        most = np.floor(largest_scale(smallest) * 1e4) / 1e4
        raise DomainError(
            f"the matrix is not positive definite: its smallest eigenvalue is {smallest:.4g}, so "
            f"its coefficients contradict one another. Fix: multiply all of them by {most:g} or "
            "less, the diagonal apart, or use fit_correlation, which never contradicts itself."
        )
    one, other = np.triu_indices(n, 1)
    there = given[one, other] != 0.0
    one, other = one[there], other[there]
    return _rows(keys.reset_index(drop=True), one, other, given[one, other])


def _usable(
    panel: Panel, keys: pd.DataFrame, members: Integers, needed: int
) -> tuple[Integers, list[tuple[int, str]]]:
    """Series of a group that can have a correlation; and those that cannot, with why."""
    of_group = _in_stock(panel, members)
    there = ~np.isnan(of_group)
    periods = there.sum(axis=1)
    every = np.isnan(panel.quantity[members]).sum(axis=1) + periods == panel.n_periods
    most = np.max(of_group, axis=1, where=there, initial=-np.inf)
    flat = most == np.min(of_group, axis=1, where=there, initial=np.inf)
    left_out = []
    for k in np.flatnonzero((periods < needed) | flat).tolist():
        name = _label(keys, int(members[k]))
        told = f"{periods[k]} periods{'' if every[k] else ' without a stock-out'}"
        if periods[k] < needed:
            why = f"{name!r} has {told}, and {needed} are needed."
        else:
            why = f"{name!r} never changes in its {told}, so it has no correlation."
        left_out.append(
            (
                int(members[k]),
                f"{why} Fix: nothing, if it may count as independent; it is left out.",
            )
        )
    return members[(periods >= needed) & ~flat], left_out


def _in_stock(panel: Panel, members: Integers) -> Floats:
    """Demand of a group, NaN where it was not observed and where stock ran out."""
    of_group = panel.quantity[members]
    if panel.censored is None:
        return of_group
    return np.where(panel.censored[members], np.nan, of_group)


def _label(keys: pd.DataFrame, row: int) -> str:
    item, location, *names = keys.iloc[row]
    return label_of(item, location, ", ".join(name for name in names if name))


def _estimate(
    panel: Panel, members: Integers, target: Target, cycle: int | None
) -> tuple[Floats, float, int, int, int] | str:
    """Correlation matrix, shrinkage, periods used, not used, bare; or why there is none."""
    of_group = _in_stock(panel, members)
    observed = ~np.isnan(panel.quantity[members])
    common = ~np.isnan(of_group).any(axis=0)
    used = int(common.sum())
    unused = int((observed.any(axis=0) & ~common).sum())
    bare = int((observed.all(axis=0) & ~common).sum())
    needed = _FEWEST_PERIODS + (cycle or 0)
    if used < needed:
        of_them = f", {bare} of them with a stock-out of one or another" if bare else ""
        remedy = ", those most often out of stock" if bare else ""
        return (
            f"the {len(members)} series have {used + bare} periods in common{of_them}, and "
            f"{needed} are needed. Fix: leave out the shortest{remedy}, or give the correlation "
            "by hand."
        )
    demand = of_group[:, common].T
    if cycle is not None:
        phase = np.flatnonzero(common) % cycle
        count = np.bincount(phase, minlength=cycle)[:, None]
        total = np.zeros((cycle, len(members)))
        np.add.at(total, phase, demand)
        demand = demand - (total / np.maximum(count, 1))[phase]
    apart = demand - demand.mean(axis=0)
    spread = np.sqrt((apart**2).mean(axis=0))
    flat = np.flatnonzero(
        spread <= 1e-12 * np.maximum(np.abs(of_group[:, common]).max(axis=1), 1.0)
    )
    if flat.size:
        names = ", ".join(repr(_label(panel.keys, int(members[k]))) for k in flat[:3].tolist())
        more = f" and {flat.size - 3} more" if flat.size > 3 else ""
        return (
            f"{names}{more} never changes in the {used} periods in common, so it has no "
            "correlation. Fix: leave it out."
        )
    matrix, shrinkage = ledoit_wolf(apart / spread, target)
    np.fill_diagonal(matrix, 1.0)  # 1 but for rounding
    return matrix, shrinkage, used, unused, bare


def _rows(keys: pd.DataFrame, one: Integers, other: Integers, coefficient: Floats) -> pd.DataFrame:
    first = keys.iloc[one].reset_index(drop=True)
    second = keys.iloc[other].reset_index(drop=True).add_prefix("other_")
    return pd.concat([first, second], axis="columns").assign(coefficient=coefficient)
