"""What a replenishment policy is."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Policy(Protocol):
    """Anything that turns inventory positions into orders.

    A position is on hand + on order - outstanding requests (clause 5), where what is outstanding
    includes requests accepted and not yet due, so that goods promised are not counted as free.
    """

    def order(self, position: Floats) -> Floats:
        """Order quantities, units, >= 0, in the shape of ``position``."""
        ...  # a protocol has no body
