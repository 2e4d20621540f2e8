"""Many distributions at once: one per SKU, members of one family answered by one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.distributions.base import Distribution, as_distribution, make
from echelon.distributions.check import check_moments
from echelon.distributions.closed import CLOSED
from echelon.distributions.loss import expected_shortage
from echelon.errors import DomainError

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Members:
    """Those of one closed family: positions, moments in units, as columns."""

    family: str
    at: Integers
    mean: Floats
    std: Floats


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
    """

    __slots__ = ("mean", "members", "others", "std")

    def __init__(
        self, n: int, members: Sequence[Members], others: Sequence[tuple[int, Distribution]]
    ) -> None:
        self.members, self.others = tuple(members), tuple(others)
        self.mean, self.std = np.empty(n), np.empty(n)
        for group in self.members:
            self.mean[group.at], self.std[group.at] = group.mean, group.std
        for at, law in self.others:
            self.mean[at], self.std[at] = law.mean, law.std
        self.mean.setflags(write=False)
        self.std.setflags(write=False)

    def __len__(self) -> int:
        return len(self.mean)

    def __repr__(self) -> str:
        counts = {group.family: len(group.at) for group in self.members}
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
        return dict(self.others)[position]

    def __iter__(self) -> Iterator[Distribution]:
        laws: list[Any] = [None] * len(self)
        for group in self.members:
            rows = zip(group.at.tolist(), group.mean.tolist(), group.std.tolist(), strict=True)
            for at, mean, std in rows:
                laws[at] = make(group.family, mean, std)
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
        members = []
        for number, group in enumerate(self.members):
            to = np.flatnonzero(group_of[wanted] == number)
            rows = row_of[wanted[to]]
            if to.size:
                members.append(Members(group.family, to, group.mean[rows], group.std[rows]))
        known = dict(self.others)
        others = [(int(to), known[int(wanted[to])]) for to in np.flatnonzero(group_of[wanted] < 0)]
        return DistributionArray(len(wanted), members, others)

    def cdf(self, x: ArrayLike) -> Floats:
        """Probability of at most ``x`` units, shape of ``x`` broadcast against ``(n,)``."""
        return self._each(lambda group: CLOSED[group.family].cdf, lambda law: law.cdf, x)

    def shortage(self, x: ArrayLike) -> Floats:
        """Expected units above ``x``, shape of ``x`` broadcast against ``(n,)``."""
        return self._each(
            lambda group: CLOSED[group.family].shortage,
            lambda law: lambda points: expected_shortage(law, points),
            x,
        )

    def _each(
        self,
        of_group: Callable[[Members], Callable[[Floats, Floats, Floats], Floats]],
        of_law: Callable[[Distribution], Callable[[Floats], Floats]],
        x: ArrayLike,
    ) -> Floats:
        points = np.asarray(x, dtype=np.float64)
        points = np.broadcast_to(points, np.broadcast_shapes(points.shape, (len(self),)))
        values = np.empty(points.shape)
        for group in self.members:
            values[..., group.at] = of_group(group)(points[..., group.at], group.mean, group.std)
        for at, law in self.others:
            values[..., at] = of_law(law)(points[..., at])
        return values


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
        are; or a frame with the columns ``family``, ``mean`` and, where needed, ``std`` and
        ``parameters`` of the demand table.
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
    if isinstance(family, pd.DataFrame):
        return _of_frame(family)
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
    listed = isinstance(family, (Sequence, np.ndarray, pd.Series)) and len(family) > 0
    return listed and all(isinstance(one, str) for one in np.asarray(family, dtype=object).ravel())


def _of_frame(frame: pd.DataFrame) -> DistributionArray:
    for name in ("family", "mean"):
        if name not in frame.columns:
            raise DomainError(f"demand frame has no column {name!r}. Fix: add it.")
    n = len(frame)
    stds = frame["std"].to_numpy(np.float64) if "std" in frame else np.full(n, np.nan)
    extra = frame["parameters"].tolist() if "parameters" in frame else None
    names = frame["family"].to_numpy(dtype=object)
    return _of_columns(names, frame["mean"].to_numpy(np.float64), stds, extra)


def _of_columns(
    names: NDArray[np.object_], means: Floats, stds: Floats, extra: list[Any] | None
) -> DistributionArray:
    members: list[Members] = []
    others: list[tuple[int, Distribution]] = []
    faults: list[str] = []
    for family in pd.unique(names):
        at = np.flatnonzero(names == family)
        given = None if extra is None else [extra[row] for row in at.tolist()]
        mean, std, found = check_moments(family, means[at], stds[at], given)
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
    for at, law in enumerate(laws):
        if law.family in CLOSED:
            closed.setdefault(law.family, []).append((at, law.mean, law.std))
        else:
            others.append((at, law))
    members = []
    for family, rows in closed.items():
        at_rows, mean, std = (np.array(column) for column in zip(*rows, strict=True))
        members.append(Members(family, at_rows.astype(np.int64), mean, std))
    return DistributionArray(len(laws), members, others)
