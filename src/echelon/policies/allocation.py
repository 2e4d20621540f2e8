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
(n_requestors, ...), to shipments of the shape of ``requests``."""


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
    wanted = requests.sum(axis=0)
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
        Units late or due, >= 0; customers first, then lanes in the order of their rows.

    Returns
    -------
    ndarray of float64, shape (n_requestors, ...)
        Units shipped.

    Examples
    --------
    >>> priority(np.array([6.0]), np.array([[4.0], [8.0]])).tolist()
    [[4.0], [2.0]]
    """
    before = np.cumsum(requests, axis=0) - requests
    return np.clip(available - before, 0.0, requests)


ALLOCATIONS: Final[Mapping[str, Allocation]] = MappingProxyType(
    {"proportional": proportional, "priority": priority}
)
"""Every allocation rule by the name that ``stages.allocation`` uses."""


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
