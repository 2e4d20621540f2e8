"""Who gets the stock when it does not cover every request (clause 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from echelon.errors import UnknownNameError
from echelon.policies.base import Floats

Allocation: TypeAlias = Callable[[Floats, Floats], Floats]
"""``allocate(available, requests)``: units available, shape (...), and requests, shape
(n_requestors, ...), to shipments of the shape of ``requests``. A rule of :data:`BY_DUE_PERIOD`
takes requests by the period they fell due, shape (n_due_periods, n_requestors, ...)."""


def proportional(available: Floats, requests: Floats) -> Floats:
    """Give every requestor the same share of what it asks for.

    Parameters
    ----------
    available : ndarray of float64, shape (...)
        Units on hand, >= 0.
    requests : ndarray of float64, shape (n_requestors, ...)
        Units late or due, >= 0.

    Returns
    -------
    ndarray of float64, shape (n_requestors, ...)
        Units shipped: all that is asked for where there is enough.

    Examples
    --------
    >>> proportional(np.array([6.0]), np.array([[8.0], [4.0]])).tolist()
    [[4.0], [2.0]]
    """
    wanted = np.zeros_like(available)
    for request in requests:
        wanted = wanted + request
    share = np.ones_like(wanted)
    np.divide(available, wanted, out=share, where=wanted > available)
    return np.asarray(share * requests)


def priority(available: Floats, requests: Floats) -> Floats:
    """Serve requestors in their order, each in full before the next.

    Parameters
    ----------
    available : ndarray of float64, shape (...)
        Units on hand, >= 0.
    requests : ndarray of float64, shape (n_requestors, ...)
        Units late or due, >= 0; who is served first in front.

    Returns
    -------
    ndarray of float64, shape (n_requestors, ...)
        Units shipped.

    Examples
    --------
    >>> priority(np.array([6.0]), np.array([[4.0], [8.0]])).tolist()
    [[4.0], [2.0]]
    """
    left = available
    shipped = np.zeros_like(requests)
    for place, request in enumerate(requests):
        shipped[place] = np.minimum(left, request)
        left = left - shipped[place]
    return shipped


def first_come(available: Floats, requests: Floats) -> Floats:
    """Serve requests in the order in which they fell due, those of one period proportionally.

    Parameters
    ----------
    available : ndarray of float64, shape (...)
        Units on hand, >= 0.
    requests : ndarray of float64, shape (n_due_periods, n_requestors, ...)
        Units not yet served, >= 0, those that fell due first in front.

    Returns
    -------
    ndarray of float64, shape (n_due_periods, n_requestors, ...)
        Units shipped; their sum over the first axis is what each requestor gets.

    Examples
    --------
    Of six units four go to what fell due first, and two are shared by the eight of the next period.

    >>> waiting = np.array([[[4.0], [0.0]], [[2.0], [6.0]]])
    >>> first_come(np.array([6.0]), waiting).sum(axis=0).tolist()
    [[4.5], [1.5]]
    """
    left = available
    shipped = np.zeros_like(requests)
    for place, request in enumerate(requests):
        shipped[place] = proportional(left, request)
        left = np.maximum(left - shipped[place].sum(axis=0), 0.0)
    return shipped


ALLOCATIONS: Final[Mapping[str, Allocation]] = MappingProxyType(
    {"proportional": proportional, "priority": priority, "first_come": first_come}
)
"""Every allocation rule by the name that ``stages.allocation`` uses."""

BY_DUE_PERIOD: Final = frozenset({"first_come"})
"""Rules that need to know when each unit fell due."""


def allocation_named(name: str) -> Allocation:
    """Give the rule of that name.

    Raises
    ------
    UnknownNameError
        If there is none; lists the rules there are.

    Examples
    --------
    >>> allocation_named("priority") is priority
    True
    """
    if name not in ALLOCATIONS:
        raise UnknownNameError("allocation rule", name, ALLOCATIONS)
    return ALLOCATIONS[name]
