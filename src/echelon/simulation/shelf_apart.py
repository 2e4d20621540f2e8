"""Large components of which few families fail: only those are run by age, in double precision.

A family that fails in single precision is run again with ages, and what expires of it changes what
its suppliers are asked for, and so what all those get whom they supply, too. But what the others
order does not change: see :mod:`echelon.kernels.aged_flow`. So only the families that fail and all
that supply them are run period by period, the *stages ahead*; the *stages behind* are run again in
single precision, all runs of a block, in which they are taken from a run that failed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from echelon.kernels.aged_flow import Crossing, overwrite, run_aged
from echelon.kernels.feature_flow_state import start_feature_state
from echelon.kernels.flow_arrays import WIDTH, Features, FeatureSums, Structure, Sums
from echelon.kernels.plain_flow_work import supply_of
from echelon.kernels.shelf_queues import begin_again
from echelon.kernels.single_draws import ShortTables
from echelon.kernels.single_work import SingleWork
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.described.some_stages import Side, numbers_of, side_of
from echelon.simulation.measured.room import empty_sums, zero_sums
from echelon.simulation.shelf_lives import Draws, Lives

_LEAST_BEHIND: Final = 12
"""Stages behind, with fewer of which it takes longer to take a component apart than to run it."""

_LEAST_SHARE: Final = 0.3
"""Of runs that fail, more than that: the others are run behind all the same, and one that is run by
period throughout takes about three times as long."""

_STRETCH: Final = 4_096
"""Periods in a call, whole groups: an interrupt is heard between calls."""

_OF_ASKERS: Final = ("late", "due", "on_time", "lost")
_OF_LANES: Final = ("component", "in_transit", "expedited")


class Narrow(NamedTuple):
    """What single precision needs to run any component of a shard.

    Attributes
    ----------
    work : SingleWork
        Room for the largest, for blocks of ``block`` periods.
    tables : ShortTables
        Of the draws.
    block : int
        A divisor of ``GROUP``; no result depends on it.
    """

    work: SingleWork
    tables: ShortTables
    block: int


def stages_ahead(
    structure: Structure, features: Features, lives: Lives, aged: Booleans
) -> Booleans:
    """Stages of the families ``aged``, all that supply them, and the whole families of those."""
    perishes = lives.family >= 0
    ahead = perishes & aged[lives.family]
    kept = (features.carries == 1) & (features.shelf_life > 0)
    kept_on = kept[structure.receiver]  # a watch begins with the age of what comes
    before = np.zeros_like(ahead)
    while (ahead != before).any():
        before = ahead.copy()
        np.logical_or.at(ahead, structure.supplier, before[structure.receiver])
        np.logical_or.at(ahead, structure.receiver[kept_on], before[structure.supplier[kept_on]])
        families = np.zeros_like(aged)
        families[lives.family[ahead & perishes]] = True
        ahead |= perishes & families[lives.family]
    return ahead


def worth_it(behind: int, failed: Booleans) -> bool:
    """Whether a component with so many stages behind is run faster in two parts."""
    return behind >= _LEAST_BEHIND and bool(failed.any(axis=0).mean() > _LEAST_SHARE)


def run_apart(
    structure: Structure,
    features: Features,
    draws: Draws,
    narrow: Narrow,
    sums: Sums,
    feature_sums: FeatureSums,
    failed: Booleans,
) -> Booleans:
    """Run a component again that failed in single precision, if it is worth taking it apart.

    Parameters
    ----------
    structure, features
        Of that component alone; single precision knows all of it but its ages.
    draws : Draws
    narrow : Narrow
        Of a shard that the component is in; its room is overwritten.
    sums, feature_sums
        Of the component; overwritten in the runs that are run.
    failed : (n_families, n_runs) bool
        Families that have failed in each run.

    Returns
    -------
    (n_families, n_runs) bool
        The same of the runs that are still to be run, with what has failed in them since.
    """
    if not worth_it(len(structure.level) - 1, failed):  # whatever may be ahead
        return failed
    lives, block = Lives(structure, features), narrow.block
    aged = np.asarray(failed.any(axis=1))
    chosen = stages_ahead(structure, features, lives, aged)
    if not worth_it(int((~chosen).sum()), failed):
        return failed
    runs = np.flatnonzero(failed.any(axis=0))
    ahead, behind = (side_of(structure, features, side) for side in (chosen, ~chosen))
    ahead, crossing = _cross(structure, ahead, behind, runs, block)
    first, second = (Lives(side.structure, side.features) for side in (ahead, behind))
    above, below = _families_in(lives, ahead, first), _families_in(lives, behind, second)
    # ahead, by age and in double precision
    kept = first.without(aged[above])
    looks = first.watch(first.unknown, 1, single=False, width=len(runs))
    begin_again(looks)
    by_age = failed[np.ix_(above[first.family], runs)]
    try:
        state = start_feature_state(ahead.structure, kept, 0, looks, len(runs), by_age)
    except MemoryError:  # fewer runs side by side may do
        return failed
    state = state._replace(
        sent_row=_kept(ahead, crossing), sent=np.zeros((len(crossing.lane), block, len(runs)))
    )
    by_run = zero_sums(ahead.structure, kept, len(runs))
    # behind, in single precision
    watch = second.watch(second.unknown, block, single=True, width=WIDTH)
    wide, in_release = empty_sums(behind.structure, behind.features)
    work = narrow.work._replace(times=supply_of(behind.features))
    last = int(structure.periods[0])
    for period, end in pairwise([*range(0, last, _STRETCH), last]):
        run_aged(
            ahead.structure, kept, state, *by_run, behind.structure, draws.sources, narrow.tables,
            draws.first_row, period, end, draws.first_run, draws.n_runs, block, work, wide,
            in_release, watch, crossing,
        )  # fmt: skip
    own = {**sums._asdict(), **feature_sums._asdict()}
    _put_back(
        ahead, own, {**by_run[0]._asdict(), **by_run[1]._asdict()}, runs, np.arange(len(runs))
    )
    _put_back(behind, own, {**wide._asdict(), "in_release": in_release}, runs, runs)
    anew = failed.copy()
    anew[np.ix_(above, runs)] |= looks.failed[: len(above), : len(runs)] > 0.0
    if len(below):
        anew[np.ix_(below, runs)] |= watch.failed[: len(below), runs] > 0.0
    return np.asarray(anew & (anew & ~failed).any(axis=0))


def _cross(
    structure: Structure, ahead: Side, behind: Side, runs: Integers, block: int
) -> tuple[Side, Crossing]:
    """Give the lanes that lead behind rows of demand ahead, after the drawn rows."""
    lane = structure.asker_lane[ahead.askers]
    (askers,) = np.nonzero((lane >= 0) & (ahead.structure.asker_lane < 0))
    n_rows, n_crossing = int(structure.row_ptr[1]), len(askers)
    number = numbers_of(behind.lanes, len(structure.units))
    x = number[lane[askers]]
    asker_row = ahead.structure.asker_row.copy()
    asker_row[askers] = n_rows + np.arange(n_crossing)
    served = ahead.structure._replace(
        asker_row=asker_row, row_ptr=np.array([0, n_rows + n_crossing])
    )
    servant = np.repeat(np.arange(len(ahead.stages)), np.diff(served.asker_ptr))
    least = served.tolerance[servant[askers]]
    overtaking = behind.features.lane_overtaking[x] == 1
    rows = np.concatenate(
        [structure.asker_row[ahead.askers], ahead.features.make_row, ahead.features.lane_row]
    )
    crossing = Crossing(
        lane=x,
        receiver=behind.structure.receiver[x],
        units=behind.structure.units[x],
        least=np.where(overtaking, np.inf, least).astype(np.float32),
        ahead=np.unique(rows[rows >= 0]),
        draws=np.zeros((n_rows + n_crossing, block, len(runs))),
        shipped=np.zeros((n_crossing, len(runs))),
        runs=runs,
    )
    return ahead._replace(structure=served), crossing


def _kept(ahead: Side, crossing: Crossing) -> Integers:
    """Row of what crosses, of each asker ahead."""
    first = int(ahead.structure.row_ptr[1]) - len(crossing.lane)
    return np.maximum(ahead.structure.asker_row - first, -1)


def _families_in(lives: Lives, side: Side, own: Lives) -> Integers:
    """Number in the component of each family of some of its stages."""
    number = np.empty(own.n_families, dtype=np.int64)
    perishes = own.family >= 0
    number[own.family[perishes]] = lives.family[side.stages[perishes]]
    return number


def _put_back(
    side: Side,
    own: dict[str, Floats],
    what: dict[str, Floats],
    runs: Integers,
    columns: Integers,
) -> None:
    """Overwrite the sums of a component, in some runs, by those of some of its stages."""
    for name, part in what.items():
        if not len(part):
            continue
        rows = side.stages
        if name in _OF_ASKERS:
            rows = side.askers
        elif name in _OF_LANES:
            rows = side.lanes
        overwrite(own[name], rows, runs, part, columns)
