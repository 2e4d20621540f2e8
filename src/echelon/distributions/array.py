"""Many distributions at once: one per SKU, members of one family answered by one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats, probabilities_of
from echelon.distributions.at_quantile import AtQuantile, at_quantile
from echelon.distributions.base import Distribution, as_distribution, make
from echelon.distributions.check import check_moments
from echelon.distributions.closed import CLOSED
from echelon.distributions.empirical_rows import EmpiricalRows
from echelon.distributions.formulas import FORMULAS, columns_of
from echelon.distributions.loss import expected_leftover, expected_shortage
from echelon.distributions.scipy_adapter import Scipy
from echelon.distributions.scipy_families import member_of_ours
from echelon.distributions.second_loss import (
    expected_second_leftover,
    expected_second_shortage,
)
from echelon.errors import DomainError

if TYPE_CHECKING:  # loaded by who has a frame, not here
    import pandas as pd

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Members:
    """Those of one closed family: positions, moments in units, as columns."""

    family: str
    at: Integers
    mean: Floats
    std: Floats


@dataclass(frozen=True, slots=True)
class _Columns:
    """Those of one family whose formulas take columns of parameters."""

    family: str
    at: Integers
    columns: tuple[Floats, ...]


_SUPPORTS: dict[str, tuple[float, float] | None] = {
    "deterministic": None,
    "gamma": (0.0, np.inf),
    "negative_binomial": (0.0, np.inf),
    "normal": (-np.inf, np.inf),
    "poisson": (0.0, np.inf),
}


class DistributionArray(Sequence[Distribution]):
    """One distribution per SKU, as :func:`array` makes it.

    A sequence of distributions that answers for all of them at once. Methods take arguments that
    broadcast against the SKUs along the last axis.

    Attributes
    ----------
    mean, std : (n,) ndarray of float64
        Units.
    members : tuple of Members
        Those of closed families, together.
    others : tuple of (int, Distribution)
        The rest, each with its position.
    tables : tuple of EmpiricalRows
        Those that :func:`~echelon.distributions.empirical_array` made of columns of values.
    """

    __slots__ = ("_columns", "mean", "members", "others", "std", "tables")

    def __init__(
        self,
        n: int,
        members: Sequence[Members],
        others: Sequence[tuple[int, Distribution]],
        tables: Sequence[EmpiricalRows] = (),
    ) -> None:
        self.members, self.others, self.tables = tuple(members), tuple(others), tuple(tables)
        if len(self.members) == 1 and len(self.members[0].at) == n:  # all, and in order
            self.mean, self.std = self.members[0].mean.view(), self.members[0].std.view()
        else:
            self.mean, self.std = np.empty(n), np.empty(n)
            for table in self.tables:
                self.mean[table.at], self.std[table.at] = table.mean, table.std
            for group in self.members:
                self.mean[group.at], self.std[group.at] = group.mean, group.std
            for at, law in self.others:
                self.mean[at], self.std[at] = law.mean, law.std
        self.mean.setflags(write=False)
        self.std.setflags(write=False)
        self._columns: tuple[list[_Columns], list[tuple[Integers, Distribution]]] | None = None

    def __len__(self) -> int:
        return len(self.mean)

    def __repr__(self) -> str:
        counts = {group.family: len(group.at) for group in self.members}
        for table in self.tables:
            counts["empirical"] = counts.get("empirical", 0) + len(table)
        for _, law in self.others:
            counts[law.family] = counts.get(law.family, 0) + 1
        told = ", ".join(f"{count:,} {family}" for family, count in sorted(counts.items()))
        return f"DistributionArray({told})"

    @overload
    def __getitem__(self, key: int) -> Distribution: ...

    @overload
    def __getitem__(self, key: slice) -> DistributionArray: ...

    def __getitem__(self, key: int | slice) -> Distribution | DistributionArray:
        if isinstance(key, slice):
            return self.take(np.arange(len(self))[key])
        position = range(len(self))[key]
        for group in self.members:
            found = np.flatnonzero(group.at == position)
            if found.size:
                at = int(found[0])
                return make(group.family, float(group.mean[at]), float(group.std[at]))
        for table in self.tables:
            found = np.flatnonzero(table.at == position)
            if found.size:
                return table.law(int(found[0]))
        return dict(self.others)[position]

    def __iter__(self) -> Iterator[Distribution]:
        laws: list[Any] = [None] * len(self)
        for group in self.members:
            rows = zip(group.at.tolist(), group.mean.tolist(), group.std.tolist(), strict=True)
            for at, mean, std in rows:
                laws[at] = make(group.family, mean, std)
        for table in self.tables:
            for row, at in enumerate(table.at.tolist()):
                laws[at] = table.law(row)
        for at, law in self.others:
            laws[at] = law
        return iter(laws)

    def take(self, positions: ArrayLike) -> DistributionArray:
        """Give those at some positions, in that order; a position may come more than once.

        Parameters
        ----------
        positions : (m,) array_like of int

        Returns
        -------
        DistributionArray
        """
        wanted = np.asarray(positions, dtype=np.int64)
        group_of, row_of = np.full(len(self), -1), np.empty(len(self), dtype=np.int64)
        for number, group in enumerate(self.members):
            group_of[group.at], row_of[group.at] = number, np.arange(len(group.at))
        tables = []
        for number, table in enumerate(self.tables, len(self.members)):
            group_of[table.at], row_of[table.at] = number, np.arange(len(table))
            to = np.flatnonzero(group_of[wanted] == number)
            if to.size:
                tables.append(table.take(row_of[wanted[to]], to))
        members = []
        for number, group in enumerate(self.members):
            to = np.flatnonzero(group_of[wanted] == number)
            rows = row_of[wanted[to]]
            if to.size:
                members.append(Members(group.family, to, group.mean[rows], group.std[rows]))
        known = dict(self.others)
        others = [(int(to), known[int(wanted[to])]) for to in np.flatnonzero(group_of[wanted] < 0)]
        return DistributionArray(len(wanted), members, others, tables)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units, shape of ``x`` broadcast against ``(n,)``."""
        return self._each("cdf", lambda law, points: law.cdf(points), x)

    def sf(self, x: ArrayLike) -> Floats:
        """Probability of more than ``x`` units."""
        return self._each("sf", _survival, x)

    def ppf(self, q: ArrayLike) -> Floats:
        """Smallest value, units, whose :meth:`cdf` reaches ``q``; the support's ends at 0 and 1."""
        shares = probabilities_of(q)
        ends = (shares == 0.0) | (shares == 1.0)
        found = self._each("ppf", lambda law, q: law.ppf(q), np.where(ends, 0.5, shares))
        if ends.any():
            low, high = self.support()
            found = np.select([shares == 0.0, shares == 1.0], [low, high], found)
        return found

    def support(self) -> tuple[Floats, Floats]:
        """Smallest and largest values, (n,) each, units; infinite where there is no limit."""
        low, high = np.empty(len(self)), np.empty(len(self))
        for group in self.members:
            ends = _SUPPORTS[group.family]
            low[group.at] = group.mean if ends is None else ends[0]
            high[group.at] = group.mean if ends is None else ends[1]
        for at, law in self.others:
            low[at], high[at] = law.support
        for table in self.tables:
            low[table.at], high[table.at] = table.support
        return low, high

    def shortage(self, x: ArrayLike) -> Floats:
        """Expected units above ``x``, shape of ``x`` broadcast against ``(n,)``."""
        return self._each("shortage", expected_shortage, x)

    def leftover(self, x: ArrayLike) -> Floats:
        """Expected units that demand leaves of ``x``."""
        return self._each("leftover", expected_leftover, x)

    def second_shortage(self, x: ArrayLike) -> Floats:
        """Half the expected squared units above ``x``."""
        return self._each("second_shortage", expected_second_shortage, x)

    def second_leftover(self, x: ArrayLike) -> Floats:
        """Half the expected square of the units that demand leaves of ``x``."""
        return self._each("second_leftover", expected_second_leftover, x)

    def at_quantile(self, reach: Floats, miss: Floats) -> AtQuantile:
        """Quantiles with what demand leaves of them and has above them, in one go.

        Parameters
        ----------
        reach, miss : (n,) ndarray of float64
            Shares between 0 and 1, both excluded, and 1 less them; both are given, so that the
            smaller one keeps its digits.

        Returns
        -------
        AtQuantile
            Of (n,) arrays.
        """
        if len(self.members) == 1 and len(self.members[0].at) == len(self):
            group = self.members[0]
            return at_quantile(group.family, reach, miss, group.mean, group.std)
        found = AtQuantile(*(np.empty(len(self)) for _ in range(4)))
        rest = np.ones(len(self), dtype=bool)
        for group in self.members:
            rest[group.at] = False
            columns = reach[group.at], miss[group.at], group.mean, group.std
            found.put(group.at, at_quantile(group.family, *columns))
        if rest.any():
            others = np.flatnonzero(rest)
            laws = self.take(others)
            level = laws.ppf(reach[others])
            asked = level, laws.cdf(level), laws.leftover(level), laws.shortage(level)
            found.put(others, AtQuantile(*asked))
        return found

    def _each(
        self, function: str, of_law: Callable[[Distribution, Floats], Floats], x: ArrayLike
    ) -> Floats:
        points = np.asarray(x, dtype=np.float64)
        points = np.broadcast_to(points, np.broadcast_shapes(points.shape, (len(self),)))
        if len(self.members) == 1 and len(self.members[0].at) == len(self):
            group = self.members[0]
            return np.array(getattr(CLOSED[group.family], function)(points, group.mean, group.std))
        values = np.empty(points.shape)
        for group in self.members:
            answer = getattr(CLOSED[group.family], function)
            values[..., group.at] = answer(points[..., group.at], group.mean, group.std)
        groups, rest = self._of_columns()
        for one in groups:
            answer = getattr(FORMULAS[one.family], function)
            values[..., one.at] = answer(points[..., one.at], *one.columns)
        for at, law in rest:
            values[..., at] = of_law(law, points[..., at])
        for table in self.tables:
            values[..., table.at] = getattr(table, function)(points[..., table.at])
        return values

    def _of_columns(self) -> tuple[list[_Columns], list[tuple[Integers, Distribution]]]:
        """The others: those whose family has formulas for columns, and the rest with its places.

        One and the same object at many places, as of a demand that serves many levels, is asked
        once for all of them.
        """
        if self._columns is None:
            known: dict[str, list[tuple[int, Distribution]]] = {}
            same: dict[int, tuple[list[int], Distribution]] = {}
            for at, law in self.others:
                if law.family in FORMULAS:
                    known.setdefault(law.family, []).append((at, law))
                else:
                    same.setdefault(id(law), ([], law))[0].append(at)
            groups = []
            for family, laws in known.items():
                columns = np.array([columns_of(law) for _, law in laws]).T
                groups.append(_Columns(family, np.array([at for at, _ in laws]), tuple(columns)))
            self._columns = groups, [(np.array(places), law) for places, law in same.values()]
        return self._columns


def _survival(law: Distribution, x: Floats) -> Floats:
    frozen = getattr(law, "frozen", law)  # of scipy.stats, which knows its tail better
    return np.asarray(frozen.sf(x) if hasattr(frozen, "sf") else 1.0 - law.cdf(x))


def array(
    family: object,
    mean: ArrayLike | None = None,
    std: ArrayLike | None = None,
) -> DistributionArray:
    """Make many distributions at once.

    Parameters
    ----------
    family : str, sequence of n str, sequence of n distributions, DataFrame, or one distribution
        The name of a family or one for each, beside ``mean`` and ``std``; distributions as they
        are; or a frame with the columns ``mean`` and, where needed, ``family`` (normal without it),
        ``std`` and ``parameters`` of the demand table.
    mean, std : (n,) array_like of float, optional
        Moments, units; ``std`` may be left out where it follows from the mean. They broadcast.

    Returns
    -------
    DistributionArray

    Raises
    ------
    UnknownNameError
        If a family has no such name.
    DomainError
        If the moments are outside what their family allows; lists every fault with its position.

    Examples
    --------
    >>> array("gamma", mean=[10.0, 20.0], std=4.0)
    DistributionArray(2 gamma)
    >>> array("normal", mean=[10.0, 20.0, 30.0], std=[1.0, -2.0, 3.0])
    Traceback (most recent call last):
    ...
    echelon.errors.DomainError: std[1] is -2.0: must be a finite number >= 0. \
Fix: give the standard deviation per period; 0 is a known demand.
    """
    if isinstance(family, DistributionArray):
        return family
    if hasattr(family, "columns") and hasattr(family, "iloc"):
        frame: Any = family
        return _of_frame(frame)
    if isinstance(family, str) or _names(family):
        if mean is None:
            raise DomainError("mean is missing. Fix: give mean and std beside the family's name.")
        names = np.asarray(family, dtype=object)
        means, stds = np.asarray(mean, float), np.asarray(np.nan if std is None else std, float)
        names, means, stds = np.broadcast_arrays(np.atleast_1d(names), means, stds)
        if names.ndim > 1:
            raise DomainError(f"moments of shape {names.shape}. Fix: give one axis, the SKUs.")
        return _of_columns(names, means, stds, None)
    laws = list(family) if isinstance(family, (Sequence, np.ndarray)) else [family]
    return _of_laws([as_distribution(one) for one in laws])


def _names(family: object) -> bool:
    listed = isinstance(family, (Sequence, np.ndarray)) or hasattr(family, "to_numpy")
    names = np.asarray(family, dtype=object).ravel() if listed else np.empty(0)
    return len(names) > 0 and all(isinstance(one, str) for one in names)


def _of_frame(frame: pd.DataFrame) -> DistributionArray:
    if "mean" not in frame.columns:
        raise DomainError("the frame has no column 'mean'. Fix: add it, units per period.")
    n = len(frame)
    stds = frame["std"].to_numpy(np.float64) if "std" in frame else np.full(n, np.nan)
    extra = frame["parameters"].tolist() if "parameters" in frame else None
    known = frame["family"] if "family" in frame else ["normal"] * n
    names = np.asarray(known, dtype=object)
    return _of_columns(names, frame["mean"].to_numpy(np.float64), stds, extra)


def _of_columns(
    names: NDArray[np.object_], means: Floats, stds: Floats, extra: list[Any] | None
) -> DistributionArray:
    members: list[Members] = []
    others: list[tuple[int, Distribution]] = []
    faults: list[str] = []
    single = len(names) > 0 and names.strides == (0,)  # one name for all
    for family in names[:1] if single else dict.fromkeys(names.tolist()):
        at = np.arange(len(names)) if single else np.flatnonzero(names == family)
        given = None if extra is None else [extra[row] for row in at.tolist()]
        columns = (means, stds) if single else (means[at], stds[at])
        mean, std, found = check_moments(family, *columns, given)
        for fault in found:
            column = {"mean": means, "std": stds}.get(fault.column)
            for row in fault.rows:
                place = int(at[row])
                told = "" if column is None else f" is {float(column[place])!r}"
                faults.append(
                    f"{fault.column}[{place}]{told}: {fault.message}. Fix: {fault.remedy}."
                )
        if found:
            continue
        if family in CLOSED and not any(_given(one) for one in given or ()):
            known = std > 0.0 if family != "deterministic" else np.ones(len(at), dtype=bool)
            if known.all():
                members.append(Members(family, at, mean, std))
                continue
            for name, rows in ((family, known), ("deterministic", ~known)):
                if rows.any():
                    members.append(Members(name, at[rows], mean[rows], std[rows]))
            continue
        parameters = given or [None] * len(at)
        for row, place in enumerate(at.tolist()):
            others.append((place, make(family, mean[row], std[row], parameters[row])))
    if faults:
        raise DomainError("\n".join(faults))
    return DistributionArray(len(names), members, others)


def _given(parameters: object) -> bool:
    return parameters is not None and parameters == parameters and parameters != ""


def _of_laws(laws: list[Distribution]) -> DistributionArray:
    closed: dict[str, list[tuple[int, float, float]]] = {}
    others = []
    for at, given in enumerate(laws):
        law = (member_of_ours(given) or given) if isinstance(given, Scipy) else given
        if law.family in CLOSED:
            closed.setdefault(law.family, []).append((at, law.mean, law.std))
        else:
            others.append((at, law))
    members = []
    for family, rows in closed.items():
        at_rows, mean, std = (np.array(column) for column in zip(*rows, strict=True))
        members.append(Members(family, at_rows.astype(np.int64), mean, std))
    return DistributionArray(len(laws), members, others)
