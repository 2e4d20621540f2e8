"""A distribution as a table of its inverse, from which draws are looked up.

The table of a law is made from nothing but its quantiles, so every family and every class of one's
own has one; Poisson, negative binomial, binomial, gamma and compound Poisson laws have kernels that
make many at once, see :mod:`echelon.simulation.drawn.law_tables`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, cast

from echelon.distributions import Distribution
from echelon.simulation.drawn.cells import Table
from echelon.simulation.drawn.kept_tables import KeptWithin
from echelon.simulation.drawn.line_tables import table_of_quantiles
from echelon.simulation.drawn.point_tables import points_of, table_of_points
from echelon.simulation.drawn.quantiles import quantiles_of


def table_of(law: Distribution) -> Table:
    """Make the table of a law, from its points if it is discrete and else from its quantiles.

    Parameters
    ----------
    law : Distribution
        Of a standard deviation above 0.

    Returns
    -------
    Table

    Raises
    ------
    DomainError
        If its quantiles are no rising finite numbers.

    Examples
    --------
    >>> from echelon.distributions import Empirical
    >>> table_of(Empirical([2.5, 4.0], [0.25, 0.75])).lines.tolist()
    [2.5, 4.0]
    """
    try:
        return _table_of(cast(Hashable, law))
    except TypeError:  # a class of one's own that cannot be remembered
        return _make(law)


def _make(law: Distribution) -> Table:
    points = points_of(law) if law.discrete else None
    if points is not None:
        return table_of_points(*points)
    low, high = law.support
    return table_of_quantiles(quantiles_of(law), law.mean, law.std, low, high)


_ROOM: Final = 1 << 24
"""Bytes that the tables of laws may take which are kept for the next simulation."""

_ENTRY: Final = 1024
"""Bytes of a law and its place beside the arrays, roughly."""

_table_of = KeptWithin(
    _ROOM,
    lambda law: _make(cast(Distribution, law)),
    lambda table: table.lines.nbytes + table.cells.nbytes + _ENTRY,
)
