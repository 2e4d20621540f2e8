"""What came out for many components at once, as arrays end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echelon.network.compiled import Floats, Integers


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """Placements of some components of a network.

    Attributes
    ----------
    components : (n,) int64
        Their positions in the compiled network, ascending.
    columns : dict of str to (n_stages,) float64
        Stage columns by name, the components' stages end to end.
    objective, bound, gap, seconds : (n,) float64
    status, termination, method : sequence of n str
    """

    components: Integers
    columns: dict[str, Floats]
    objective: Floats
    bound: Floats
    gap: Floats
    seconds: Floats
    status: Sequence[str]
    termination: Sequence[str]
    method: Sequence[str]

    def rows(self) -> list[tuple[str, float, float, float, str, str, float]]:
        """Status, objective, bound, gap, termination, method and seconds of each component."""
        numbers = (self.objective, self.bound, self.gap, self.seconds)
        objective, bound, gap, seconds = (values.tolist() for values in numbers)
        said = (self.termination, self.method)
        return list(zip(self.status, objective, bound, gap, *said, seconds, strict=True))


def positions_of(components: Integers, component_ptr: Integers) -> Integers:
    """Positions of the stages of some components, end to end."""
    sizes = np.diff(component_ptr)[components]
    first = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(first[-1]) - np.repeat(first[:-1], sizes)
    return np.asarray(np.repeat(component_ptr[components], sizes) + within, dtype=np.int64)
