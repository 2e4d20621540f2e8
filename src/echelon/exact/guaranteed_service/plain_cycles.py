"""Small components with cycles under the normal bound, placed exactly by branching on lanes.

What :class:`~echelon.exact.guaranteed_service.plain_tree.PlainTree` is to trees: no table is made,
as the cost of a stage depends on its net replenishment time alone. The lanes of a spanning tree are
a relaxation that the tree program solves; two narrower ones take its place wherever its best plan
breaks a lane that was left out, until the least of their costs is that of a plan.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.network.compiled import Booleans, Floats, Integers

MOST_PROGRAMS = 200
"""Tree programs after which a component is left to other methods."""

_MOST_STAGES, _MOST_CYCLES, _MOST_TICKS = 100, 20, 20_000
"""Stages, lanes more than a tree has, and ticks of all windows of a component to be branched on."""


def small_with_cycles(times: ComponentTimes) -> Booleans:
    """Which components have few cycles, and can be placed by tree programs by the hundred.

    (n_components,).
    """
    sizes = np.diff(times.component_ptr)
    cycles = np.diff(times.pred_ptr[times.component_ptr]) - (sizes - 1)
    few = (cycles > 0) & (cycles <= _MOST_CYCLES) & (sizes <= _MOST_STAGES)
    return np.asarray(few & (times.ticks_of_windows <= _MOST_TICKS))


def place_cycles(
    times: ComponentTimes,
    components: Integers,
    slope: Floats,
    service: Integers,
    *,
    most_programs: int | None = None,
) -> Floats:
    """Find the best service times of some components, each by itself.

    Parameters
    ----------
    times : ComponentTimes
    components : (n,) int64
        Exact, feasible, and with windows narrow enough to be kept tick by tick.
    slope : (n_stages,) float64
        Of all stages: one that covers ``tau`` ticks costs ``slope * sqrt(tau)``, money per period.
    service : (n_stages,) int64
        Ticks; written where the cost is finite.
    most_programs : int, optional
        Tree programs allowed for each component. Default: ``MOST_PROGRAMS``.

    Returns
    -------
    (n,) float64
        Money per period: ``inf`` where no service times keep within the limits, NaN where that many
        tree programs prove nothing.
    """
    each = cycles_placed(times, components, slope, service, most_programs=most_programs)
    return np.fromiter(each, np.float64, len(components))


def cycles_placed(
    times: ComponentTimes,
    components: Integers,
    slope: Floats,
    service: Integers,
    *,
    most_programs: int | None = None,
) -> Iterator[float]:
    """Place one component after the other, as :func:`place_cycles`, and give the cost of each."""
    from echelon.kernels.cycle_placement import place_by_branching  # numba: when it is needed

    room = MOST_PROGRAMS if most_programs is None else most_programs
    low, high = times.windows
    root_ptr, root = times.roots
    bound, split = np.empty(room), np.empty((room, 2), np.int64)
    still = np.zeros_like(slope)
    for c in components.tolist():
        first, last = times.component_ptr[c], times.component_ptr[c + 1]
        own, both = slice(first, last), slice(2 * first, 2 * last)
        lanes = times.pred_ptr[first : last + 1]
        roots = root_ptr[2 * first : 2 * last + 1]
        along = slice(lanes[0], lanes[-1])
        lows, highs = np.empty((2, room, 2 * (last - first)), np.int64)
        yield place_by_branching(
            lanes - lanes[0], times.pred_stage[along], times.lane_delay[along], times.process[own],
            times.can_stock[own], low[both], high[both], roots - roots[0],
            root[roots[0] : roots[-1]], slope[own], still[own], lows, highs, bound, split,
            service[own],
        )  # fmt: skip
