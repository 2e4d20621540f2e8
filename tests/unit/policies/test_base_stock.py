"""Base-stock policy: by hand, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from echelon.errors import DomainError
from echelon.policies.base_stock import BaseStock


def test_orders_the_gap_and_never_a_negative_quantity():
    orders = BaseStock(12.5).order(np.array([[0.0, 12.5], [20.0, -3.0]]))
    assert orders.tolist() == [[12.5, 0.0], [0.0, 15.5]]


@pytest.mark.parametrize("level", [float("nan"), float("inf")])
def test_a_level_must_be_a_number(level):
    with pytest.raises(DomainError, match="level must be a finite number"):
        BaseStock(level)
