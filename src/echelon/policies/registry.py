"""The policies by the names that tables use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from echelon.errors import UnknownNameError
from echelon.policies.base import Policy
from echelon.policies.base_stock import BaseStock, EchelonBaseStock
from echelon.policies.min_max import MinMax
from echelon.policies.reorder_point import ReorderPoint, ReorderPointOnce

POLICIES: Final[Mapping[str, type[Policy]]] = MappingProxyType(
    {
        "base_stock": BaseStock,
        "echelon_base_stock": EchelonBaseStock,
        "min_max": MinMax,
        "reorder_point": ReorderPoint,
        "reorder_point_once": ReorderPointOnce,
    }
)
"""Every policy by the name that ``stages.policy`` uses, in the order of the kernels' codes."""


def policy_named(name: str) -> type[Policy]:
    """Give the policy of that name.

    Raises
    ------
    UnknownNameError
        If there is none; lists the policies there are.

    Examples
    --------
    >>> policy_named("min_max")
    <class 'echelon.policies.min_max.MinMax'>
    """
    if name not in POLICIES:
        raise UnknownNameError("policy", name, POLICIES)
    return POLICIES[name]
