"""How many periods a component needs to forget its start, found from a short run of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from echelon.errors import DomainError
from echelon.kernels.draws import STRETCH, Sources, fill
from echelon.kernels.feature_flow import feature_flow
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH, Features, Structure
from echelon.network.compiled import Floats, Integers
from echelon.simulation.plain.count import zero_feature_sums, zero_sums

BATCH: Final = 5
"""Periods averaged into one number of the series."""

_DRAWN: Final = STRETCH * BATCH
"""Periods drawn in one go: whole batches, and whole stretches of words."""

_ERRORS: Final = 2.5
"""Standard errors; a difference below them is noise."""

_FEWEST: Final = 4
"""Batches; with fewer there is nothing to choose from."""

_ROUNDING: Final = 1e-12
"""Of the size of the series; what varies less does not vary."""


@dataclass(frozen=True, slots=True, eq=False)
class MSER:
    """Where a series may be cut so that its mean is known best.

    Attributes
    ----------
    truncation : int
        Periods at the start to leave out, whole batches of 5.
    found : bool
        Whether the best cut lies within the first half of the series. Where it lies at the end of
        that half the series was still on its way, and ``truncation`` is the whole half.
    statistic : ndarray of float64, shape (n_candidates,)
        Square of the standard error of the mean of what is left, by number of batches left out.
    """

    truncation: int
    found: bool
    statistic: Floats


def mser5(series: ArrayLike) -> MSER:
    """Find the initial transient of a series: MSER of means of batches of 5 periods.

    Of all cuts in the first half the one is taken after which the marginal standard error of the
    mean is least [1]_: what varies only because the start is not forgotten is worth leaving out, as
    long as what is left does not become too short. Batches make it robust against noise [2]_.

    Parameters
    ----------
    series : array_like of float64, shape (n_periods,)
        A measure by period, best a mean over several runs. Periods beyond the last whole batch of
        5 are left out.

    Returns
    -------
    MSER

    Raises
    ------
    DomainError
        If the series is not one of at least 20 finite numbers.

    References
    ----------
    .. [1] White (1997), An effective truncation heuristic for bias reduction in simulation output,
       *Simulation* 69(6), 323-334.
    .. [2] White, Cobb & Spratt (2000), A comparison of five steady-state truncation heuristics for
       simulation, *Proceedings of the Winter Simulation Conference*, 755-760.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(7).normal(0.0, 1.0, 400)
    >>> cut = mser5(100.0 + 50.0 * 0.9 ** np.arange(400) + noise)
    >>> cut.found, 20 <= cut.truncation <= 60
    (True, True)
    """
    values = np.asarray(series, dtype=np.float64)
    least = _FEWEST * BATCH
    if values.ndim != 1 or values.size < least:
        raise DomainError(
            f"series has the shape {values.shape}, must be ({least} or more,). "
            "Fix: give one number per period, of more periods."
        )
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DomainError(
            f"series[{at}] is {values[at]}, must be a finite number. Fix: give every period's."
        )
    whole = values.size - values.size % BATCH
    return _mser(values[:whole].reshape(-1, BATCH).mean(axis=1))


def detect(
    structure: Structure,
    features: Features,
    sources: Sources,
    components: Sequence[int] | Integers,
    holding_cost: Floats,
    backorder_cost: Floats,
    *,
    least: Integers,
    n_periods: Integers,
    n_runs: int = WIDTH,
) -> tuple[Integers, tuple[str, ...]]:
    """Find the warm-up of components from a pilot of each: MSER-5 of their mean cost rate.

    The pilot has the runs 0 to ``n_runs - 1`` of the simulation itself, from its start. The cost
    rate is holding on what is on hand and the penalty on what is late, summed over the stages of
    the component and averaged over the runs; where neither costs anything, in units. Disruptions
    with given dates do not happen in it: what they cost is to be measured and not to be forgotten.

    A warm-up is made longer than ``least`` only if the runs say that it has to be: if their cost
    rates in the quarter of the pilot after it differ from those of its second half by more than
    two and a half standard errors. MSER alone would cut by chance where there is nothing to be cut.

    Parameters
    ----------
    structure, features, sources
        Of a shard. The warm-ups and periods in ``structure`` are not read.
    components : sequence of int
        Numbers of the components within the shard.
    holding_cost, backorder_cost : ndarray of float64, shape (n_stages,)
        Of the shard, money per unit and period.
    least : ndarray of int64, shape (n_components,)
        Periods after which pipelines are full.
    n_periods : ndarray of int64, shape (n_components,)
        Length of the pilot of each component, 20 or more and four times ``least``; periods beyond
        the last whole batch of 5 are not run.
    n_runs : int, default 128
        2 to 128. More runs make the transient stand out from the noise.

    Returns
    -------
    warmups : ndarray of int64, shape (n_components,)
        Periods, ``least`` or more.
    found : tuple of str
        ``pipelines``: there was no more to forget once they were full; ``detected``; or ``not
        settled``, with half of the pilot as the warm-up. Nothing in a component depends on the
        others.

    Raises
    ------
    DomainError
        If a pilot is too short, or has fewer than two runs or more than 128.
    """
    numbers = np.asarray(components, dtype=np.int64)
    shortest = int(n_periods.min(initial=_FEWEST * BATCH))
    if shortest < _FEWEST * BATCH or np.any(n_periods < 4 * least) or not 2 <= n_runs <= WIDTH:
        raise DomainError(
            f"a pilot of {shortest} periods and {n_runs} runs: must be >= {_FEWEST * BATCH} "
            f"periods, four times the least warm-up, and 2 to {WIDTH} runs. Fix: give others."
        )
    # all of the pilot is counted, and it ends with its last batch
    periods = np.array(structure.periods)
    periods[numbers] = n_periods // BATCH * BATCH
    structure = structure._replace(warmup=np.zeros_like(structure.warmup), periods=periods)
    sources = _without_dates(sources, features)
    pilot = _Pilot(structure, features, sources, n_runs)
    warmups, found = np.array(least), []
    for place, component in enumerate(numbers.tolist()):
        rates = pilot.rates(component, holding_cost, backorder_cost)
        first = -(-int(least[place]) // BATCH)
        quarter, half = max(len(rates) // 4, 1), len(rates) // 2
        if not _apart(rates[first : first + quarter], rates[half:]):
            found.append("pipelines")
            continue
        cut = _mser(rates.mean(axis=1))
        warmups[place] = max(warmups[place], cut.truncation)
        drifts = not cut.found and _apart(rates[half : half + quarter], rates[half + quarter :])
        found.append("not settled" if drifts else "detected")
    return warmups, tuple(found)


class _Pilot:
    """Short runs of the components of a shard."""

    def __init__(
        self, structure: Structure, features: Features, sources: Sources, n_runs: int
    ) -> None:
        self._structure, self._features, self._sources = structure, features, sources
        self._n_runs = n_runs
        self._sums = zero_sums(structure, WIDTH)
        self._feature_sums = zero_feature_sums(structure, features, WIDTH)
        self._memory = np.zeros((int(structure.row_ptr[-1]), WIDTH))

    def rates(self, component: int, holding_cost: Floats, backorder_cost: Floats) -> Floats:
        """Cost rate of each batch of periods in each run: (n_batches, n_runs)."""
        structure, n = self._structure, self._n_runs
        stages = slice(*structure.stage_ptr[component : component + 2].tolist())
        askers = slice(*structure.asker_ptr[[stages.start, stages.stop]].tolist())
        rows = slice(*structure.row_ptr[component : component + 2].tolist())
        of_stock, of_late = holding_cost[stages], backorder_cost[stages]
        if not (np.any(of_stock) or np.any(of_late)):
            of_stock = of_late = np.ones(stages.stop - stages.start)
        n_askers = np.diff(structure.asker_ptr[stages.start : stages.stop + 1])
        of_late = np.repeat(of_late, n_askers)
        state = start_feature_state(structure, self._features, component)
        on_hand, late = self._sums.on_hand[stages], self._sums.late[askers]
        n_batches = int(structure.periods[component]) // BATCH
        rates = np.empty((n_batches, n))
        drawn = np.zeros((rows.stop - rows.start, _DRAWN, WIDTH))
        for batch in range(n_batches):
            period = BATCH * batch
            at = period % _DRAWN
            if at == 0:
                steps = min(_DRAWN, BATCH * n_batches - period)
                fill(self._sources, rows.start, rows.stop, period, steps, 0, n, self._memory, drawn)
            on_hand[:] = 0.0
            late[:] = 0.0
            feature_flow(
                structure,
                self._features,
                component,
                np.ascontiguousarray(drawn[:, at : at + BATCH]),
                period,
                BATCH,
                n,
                state,
                self._sums,
                self._feature_sums,
            )
            rates[batch] = (of_stock @ on_hand[:, :n] + of_late @ late[:, :n]) / BATCH
        return rates


def _apart(one: Floats, other: Floats) -> bool:
    """Whether two parts of the same runs differ in their means by more than their errors."""
    difference = one.mean(axis=0) - other.mean(axis=0)
    error = difference.std(ddof=1) / np.sqrt(difference.size)
    size = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
    return bool(abs(difference.mean()) > max(_ERRORS * error, _ROUNDING * size))


def _without_dates(sources: Sources, features: Features) -> Sources:
    """Let the disruptions whose dates are given stay up throughout."""
    given = sources.given.copy()
    for row in features.disruption_row.tolist():  # a row without given values has none here
        given[sources.given_ptr[row] : sources.given_ptr[row + 1]] = 0.0
    return sources._replace(given=given)


def _mser(batches: Floats) -> MSER:
    """MSER of a series of means of batches."""
    n = batches.size
    last = n // 2
    centred = batches - batches[last:].mean()  # so that no digits cancel below
    left = n - np.arange(last + 1)
    total = np.cumsum(centred[::-1])[::-1][: last + 1]
    squares = np.cumsum(centred[::-1] ** 2)[::-1][: last + 1]
    statistic = np.maximum(squares - total**2 / left, 0.0) / left**2
    # a series that stands still but for rounding is cut where it begins to, not anywhere after
    nothing = (_ROUNDING * np.abs(batches).max(initial=0.0)) ** 2 / n
    best = int(np.flatnonzero(statistic <= max(statistic.min(), nothing))[0])
    return MSER(truncation=BATCH * best, found=best < last, statistic=statistic)
