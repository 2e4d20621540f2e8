"""Stock and backorders of given base stocks of stages in series, from upstream, on lattices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.distributions.arguments import Floats
from echelon.exact.multi_echelon.lattice import convolve, leftovers, taylor
from echelon.exact.multi_echelon.lead_time_demand import LeadTimeDemand
from echelon.exact.multi_echelon.series import Series, blocks
from echelon.exact.multi_echelon.window import MOST_FINER, MOST_IN_BLOCK, Window, window_of

_FAR = 1e-13
"""A level that is passed with no larger probability is as good as any higher one."""
_PARTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 50, 100)
_OTHERWISE = 64
_NODES = np.arange(-2, 4)


@dataclass(frozen=True, slots=True)
class Stock:
    """Means at the end of a period, (n, n_stages), units; the ready rate, and what was exact, (n,).

    Exact is demand whose own lattice was short enough to be used.
    """

    on_hand: Floats
    backorders: Floats
    ready_rate: Floats
    exact: NDArray[np.bool_]


def installation_stock(levels: Floats) -> Floats:
    """Base stocks of the stages from (..., n_stages) echelon ones, the customers' stage first."""
    nested = np.minimum.accumulate(levels[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([nested[..., :1], np.diff(nested, axis=-1)], axis=-1)


def never_varies(laws: list[LeadTimeDemand]) -> NDArray[np.bool_]:
    """SKUs whose demand is known at all stages, (n,)."""
    return np.asarray(np.max([law.std for law in laws], axis=0) == 0.0)


def settled_stock(series: Series, levels: Floats, tolerance: float) -> tuple[Stock, Floats]:
    """Stock and backorders on lattices as fine as a tolerance asks, and the error of their cost.

    Parameters
    ----------
    series : Series
    levels : (n, n_stages) ndarray
        Echelon base stocks, units.
    tolerance : float
        See :func:`serial_measures`.

    Returns
    -------
    stock : Stock
    error : (n,) ndarray
        By how much the cost changed when the lattice was last made finer, money per period.
    """
    n = len(series)
    pipeline = series.pipeline_cost()
    stock = stock_and_backorders(series, levels, np.ones(n))
    error, finer = np.zeros(n), 2.0
    todo = np.flatnonzero(~stock.exact)
    while todo.size and finer <= MOST_FINER:
        part = series.take(todo)
        better = stock_and_backorders(part, levels[todo], np.full(todo.size, finer))
        cost = part.stock_cost(better.on_hand, better.backorders)
        error[todo] = np.abs(cost - part.stock_cost(stock.on_hand[todo], stock.backorders[todo]))
        stock.on_hand[todo], stock.backorders[todo] = better.on_hand, better.backorders
        stock.ready_rate[todo] = better.ready_rate
        todo = todo[error[todo] > tolerance * (cost + pipeline[todo])]
        finer *= 4.0
    return stock, error


def stock_and_backorders(series: Series, levels: Floats, finer: Floats) -> Stock:
    """Stock and backorders of (n, n_stages) echelon base stocks, units; see :func:`window_of`."""
    n = len(series)
    laws = series.laws()
    own = installation_stock(levels)
    # what is above everything that may be asked for is added to what is on hand
    ends = [law.quantile(np.full(n, 1.0 - _FAR)) for law in laws]
    reach = np.cumsum(ends[::-1], axis=0)[::-1].T
    used = np.minimum(own, np.where(reach > 0.0, reach, 0.0))
    window = window_of(series, laws, np.cumsum(used, axis=1), finer, _refined(series, used))
    on_hand, owed, ready = np.empty_like(own), np.empty_like(own), np.empty(n)
    for at in blocks(window.points, MOST_IN_BLOCK):
        part = series.take(at)
        on_hand[at], owed[at], ready[at] = _forward(part.laws(), window.take(at), used[at])
    if (known := never_varies(laws)).any():
        mean = np.stack([law.mean for law in laws], axis=1)[known]
        on_hand[known], owed[known], ready[known] = _known(mean, used[known])
    return Stock(on_hand + (own - used), owed, ready, window.exact)


def _refined(series: Series, own: Floats) -> Floats:
    """Into how many parts a lattice step is cut so that all levels are on points."""
    parts = np.full(len(series), float(_OTHERWISE))
    steps = own * (series.natural[:, 1] / series.natural[:, 0])[:, None]
    for count in reversed(_PARTS):
        scaled = steps * count
        with np.errstate(invalid="ignore"):
            met = (np.abs(scaled - np.rint(scaled)) <= 1e-9 * (1.0 + np.abs(scaled))).all(axis=1)
        parts[met] = count
    return parts


def _forward(
    laws: list[LeadTimeDemand], window: Window, own: Floats
) -> tuple[Floats, Floats, Floats]:
    """On-hand stock, backorders and ready rate, from upstream, on windows of one length."""
    n, step = len(own), window.step
    on_hand, owed = np.empty_like(own), np.empty_like(own)
    n_points = int(window.points[0])
    masses = {id(law): window.masses(law, stage) for stage, law in enumerate(laws)}
    single, rest = np.ones(n), np.zeros((n, n_points))
    mean, started = np.zeros(n), np.zeros(n, dtype=bool)
    # of the last law that a demand was added to, and how much of it has been covered since
    slope, left = leftovers(np.eye(1, n_points).repeat(n, axis=0), step)
    first, covered, ready = np.zeros(n), np.zeros(n), np.ones(n)
    for stage in range(len(laws) - 1, -1, -1):
        law, level = laws[stage], own[:, stage]
        varies = law.moves
        added = convolve(single, rest, masses[id(law)], window.smooth & started & (law.std > 0.0))
        new = leftovers(added, step)
        slope = np.where(varies[:, None], new[0], slope)
        left = np.where(varies[:, None], new[1], left)
        first = np.where(varies, window.low[:, stage], first)
        covered = np.where(varies, level, covered + level)
        started |= varies
        place = covered / step - first
        slopes, kept, ready = _below(slope, left, step, place, window.smooth & started)
        mean = mean + law.mean - level
        before = on_hand[:, stage + 1] if stage + 1 < len(laws) else np.zeros(n)
        # where there is no demand in between, both stages' stock covers the same law
        on_hand[:, stage] = np.where(varies, kept, kept - _upstream(on_hand, laws, stage, before))
        mean = mean + on_hand[:, stage]
        owed[:, stage] = np.maximum(mean, 0.0)
        single = ready
        rest = np.diff(slopes, prepend=0.0, axis=1)
        rest[:, 0] -= single
    return on_hand, owed, ready


def _upstream(on_hand: Floats, laws: list[LeadTimeDemand], stage: int, before: Floats) -> Floats:
    """Stock of the stages upstream as far as no demand is in between."""
    total, still = before.copy(), np.ones(len(before), dtype=bool)
    for above in range(stage + 2, len(laws)):
        still &= ~laws[above - 1].moves
        total += np.where(still, on_hand[:, above], 0.0)
    return total


def _below(
    slope: Floats, left: Floats, step: Floats, place: Floats, curved: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Slopes of the leftover from a place on, the leftover there, and the probability up to it.

    Between points by straight lines, which is exact on the law's own lattice, or by the quintic
    through six values of the leftover, where it is curved.
    """
    n_points = slope.shape[1]
    nearest = np.rint(place)
    place = np.where(np.abs(place - nearest) <= 1e-9 * (1.0 + np.abs(place)), nearest, place)
    whole = np.clip(np.floor(place), -n_points - 4, n_points - 1).astype(np.int64)
    share = np.clip(place - whole, 0.0, 1.0)
    weights = np.where(curved, _lagrange(share), _straight(share))
    index = whole[:, None] + np.arange(-2, n_points + 4)
    inside = np.clip(index, 0, n_points - 1)
    slopes = np.where(index < 0, 0.0, np.take_along_axis(slope, inside, axis=1))
    values = np.where(index < 0, 0.0, np.take_along_axis(left, inside, axis=1))[:, :6]
    shifted = sum(weights[m][:, None] * slopes[:, m : m + n_points] for m in range(6))
    kept = np.maximum((weights.T * values).sum(axis=1), 0.0)
    reached = slopes[:, 2]
    if curved.any():
        at = np.clip(np.rint(place), -n_points - 4, n_points - 1).astype(np.int64)
        offset, a = place - at, taylor(left, at) / step[:, None]
        rise = a[:, 1] + offset * (2 * a[:, 2] + offset * (3 * a[:, 3] + offset * 4 * a[:, 4]))
        reached = np.where(curved, np.clip(rise, 0.0, 1.0), reached)
    return np.asarray(shifted), kept, np.minimum(reached, 1.0)


def _straight(share: Floats) -> Floats:
    weights = np.zeros((6, len(share)))
    weights[2], weights[3] = 1.0 - share, share
    return weights


def _lagrange(share: Floats) -> Floats:
    """Weights of values at -2, …, 3 for the value at a share between 0 and 1, (6, n)."""
    weights = np.ones((6, len(share)))
    for m, node in enumerate(_NODES):
        for other in _NODES[node != _NODES]:
            weights[m] *= (share - other) / (node - other)
    return weights


def _known(mean: Floats, own: Floats) -> tuple[Floats, Floats, Floats]:
    """The same of demand that never varies."""
    on_hand, owed = np.empty_like(own), np.empty_like(own)
    short = np.zeros(len(own))
    for stage in range(own.shape[1] - 1, -1, -1):
        left = own[:, stage] - mean[:, stage] - short
        left[np.abs(left) <= 1e-12 * mean.sum(axis=1)] = 0.0  # the rounding of sums of means
        short = np.maximum(-left, 0.0)
        on_hand[:, stage], owed[:, stage] = np.maximum(left, 0.0), short
    return on_hand, owed, (short == 0.0).astype(np.float64)
