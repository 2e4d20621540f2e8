"""Demand of one period by row of the demand table, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from echelon.distributions import Distribution
from echelon.distributions.base import make_checked


class DemandLaws(Sequence[Distribution]):
    """One distribution per row of demand: a portfolio does without most of its own.

    Parameters
    ----------
    family, mean, std, parameters : (n_demands,) ndarray
        The columns of the table, checked.

    Examples
    --------
    >>> import numpy as np
    >>> laws = DemandLaws(*map(np.array, (["normal", "poisson"], [9.0, 4.0], [2.0, 2.0], ["", ""])))
    >>> len(laws), laws[1], laws[1] is laws[1]
    (2, Poisson(mean=4.0), True)
    """

    def __init__(
        self,
        family: NDArray[Any],
        mean: NDArray[Any],
        std: NDArray[Any],
        parameters: NDArray[Any],
    ) -> None:
        # a number at a time is read off a list in a third of the time that an array takes
        self._family: list[str] = family.astype(str).tolist()
        self._mean: list[float] = mean.astype(np.float64).tolist()
        self._std: list[float] = std.astype(np.float64).tolist()
        self._parameters: list[Any] = parameters.tolist()
        self._made: dict[int, Distribution] = {}

    @property
    def made(self) -> frozenset[int]:
        """Rows whose distribution has been made."""
        return frozenset(self._made)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._family)

    @overload
    def __getitem__(self, row: int) -> Distribution: ...

    @overload
    def __getitem__(self, row: slice) -> tuple[Distribution, ...]: ...

    def __getitem__(self, row: int | slice) -> Distribution | tuple[Distribution, ...]:
        """Give the distribution of one row, or those of several."""
        if isinstance(row, slice):
            return tuple(self.of(range(*row.indices(len(self)))))
        found = self._made.get(row)
        return self.of((row,))[0] if found is None else found

    def of(self, rows: Iterable[int]) -> list[Distribution]:
        """Give the distributions of some rows, made where they have not been."""
        made = self._made
        family, mean, std, parameters = self._family, self._mean, self._std, self._parameters
        found = []
        for row in rows:
            law = made.get(row)
            if law is None:
                law = make_checked(family[row], mean[row], std[row], parameters[row] or None)
                made[row] = law
            found.append(law)
        return found
