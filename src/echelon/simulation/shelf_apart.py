"""Large components of which few families fail: only those are run by age, in double precision.

A family that fails in single precision is run again with ages, and what expires of it changes what
its suppliers are asked for, and so perhaps what all those get whom they supply. But what the others
order does not change: see :mod:`echelon.kernels.aged_flow`. So only the families that fail and all
that supply them are run period by period, the *stages ahead*. The *stages behind* seldom get
anything else for it (:mod:`echelon.kernels.aged_ahead`); what was found of them without ages stays.
In runs in which they do they are run again in single precision, behind the stages ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

import numpy as np

from echelon.kernels.aged_ahead import run_ahead
from echelon.kernels.aged_flow import Crossing, overwrite, run_aged
from echelon.kernels.draws import GIVEN, Sources
from echelon.kernels.feature_flow_state import FeatureState, start_feature_state
from echelon.kernels.flow_arrays import WIDTH, Features, FeatureSums, Structure, Sums
from echelon.kernels.plain_flow_work import supply_of
from echelon.kernels.shelf_queues import ShelfWatch, begin_again, nothing_watched
from echelon.kernels.single_draws import ShortTables
from echelon.kernels.single_work import SingleWork
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.described.some_stages import Side, in_order, side_of
from echelon.simulation.measured.room import empty_sums, zero_sums
from echelon.simulation.shelf_crossing import cross, kept_rows, rounding_of
from echelon.simulation.shelf_lives import Draws, Lives

_LEAST_BEHIND: Final = 12
"""Stages behind, with fewer of which it takes longer to take a component apart than to run it."""

_LEAST_SHARE: Final = 0.15
"""Of runs that fail, more than that: what all others order is made once more all the same."""

_WINDOW: Final = 16
"""Runs in the narrowest loop of single precision, and of draws that hang together."""

_MOST_WINDOWS: Final = 2
"""So many narrow windows take no longer than all runs of a block."""

_STRETCH: Final = 4_096
"""Periods in a call, a multiple of those summed at once: an interrupt is heard between calls."""

_OF_ASKERS: Final = ("late", "due", "on_time", "lost")
_OF_LANES: Final = ("component", "in_transit", "expedited")


Found = TypeVar("Found")


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
    lives: Lives,
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
    lives : Lives
        Of the same.
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

    Raises
    ------
    MemoryError
        If the system does not set aside what a single run needs.
    """
    if not worth_it(len(structure.level) - 1, failed):  # whatever may be ahead
        return failed
    chosen = stages_ahead(structure, features, lives, np.asarray(failed.any(axis=1)))
    if not worth_it(int((~chosen).sum()), failed):
        return failed
    apart = _Apart(structure, features, lives, failed, chosen)
    own = {**sums._asdict(), **feature_sums._asdict()}
    anew = failed | apart.run(draws, narrow, own, np.flatnonzero(failed.any(axis=0)))
    return np.asarray(anew & (anew & ~failed).any(axis=0))


class _Apart:
    """A component taken apart: which stages are run by age follows from all runs that failed.

    So no bit depends on how many of these runs are run at once.
    """

    def __init__(
        self,
        structure: Structure,
        features: Features,
        lives: Lives,
        failed: Booleans,
        chosen: Booleans,
    ) -> None:
        self._structure, self._features, self._failed = structure, features, failed
        self._chosen, self._ahead = chosen, side_of(structure, features, chosen)
        self._lives = Lives(self._ahead.structure, self._ahead.features)
        self._families = _families_in(lives, self._ahead, self._lives)
        self._kept = self._lives.without(np.asarray(failed.any(axis=1))[self._families])
        self._of_all = lives

    def run(self, draws: Draws, narrow: Narrow, own: dict[str, Floats], runs: Integers) -> Booleans:
        """Run the stages ahead in some runs, and those behind where what they get is another.

        What fails now, (n_families, n_runs); nothing of other runs.
        """
        anew = np.zeros_like(self._failed)
        moved = np.zeros(anew.shape[1], dtype=np.bool_)
        whole = self._whole()
        ahead = partial(self._run_ahead, whole, draws, narrow, own)
        for some, (bad, other) in _halved(ahead, runs):
            anew[:, some], moved[some] = bad, other
        if moved.any():
            behind = side_of(self._structure, self._features, ~self._chosen)
            rest = partial(self._run_both, behind, draws, narrow, own)
            for near in _windows(np.flatnonzero(moved)):
                for some, bad in _halved(rest, near):
                    anew[:, some] = bad
        return anew

    def _whole(self) -> Side:
        """The component with the stages ahead first, of which no period is counted."""
        order = np.concatenate([np.flatnonzero(self._chosen), np.flatnonzero(~self._chosen)])
        whole = in_order(self._structure, self._features, order)
        return whole._replace(structure=whole.structure._replace(warmup=whole.structure.periods))

    def _run_ahead(
        self, whole: Side, draws: Draws, narrow: Narrow, own: dict[str, Floats], runs: Integers
    ) -> tuple[Booleans, Booleans]:
        """Run the stages ahead; what fails, and in which runs those behind get something else."""
        ahead, crossing, state, looks, by_run = self._by_age(whole, narrow.block, runs)
        upper = whole.structure._replace(stage_ptr=np.array([0, len(ahead.stages)]))
        work = narrow.work._replace(times=supply_of(whole.features))
        near, moved = rounding_of(whole, crossing), np.zeros(len(runs), dtype=np.float32)
        nothing = nothing_watched(whole.structure, single=True)
        sources = self._without_times_behind(draws, crossing)
        first, n_runs = _window(runs, draws.n_runs)
        crossing = crossing._replace(runs=runs - first)
        for period, end in self._calls():
            run_ahead(
                ahead.structure, self._kept, state, *by_run, whole.structure, upper, sources,
                narrow.tables, draws.first_row, period, end, draws.first_run + first,
                n_runs, narrow.block, work, nothing, crossing, near, moved,
            )  # fmt: skip
        self._put_back_ahead(own, by_run, runs)
        return self._failed_ahead(looks, len(runs)), moved > 0.0

    def _without_times_behind(self, draws: Draws, crossing: Crossing) -> Sources:
        """What the component draws, but for times of stages behind, which nobody reads."""
        asked = self._structure.asker_row[self._structure.asker_row >= 0]
        unread = np.ones(draws.last_row - draws.first_row, dtype=np.bool_)
        unread[asked], unread[crossing.ahead] = False, False
        kind = draws.sources.kind.copy()
        kind[draws.first_row : draws.last_row][unread] = GIVEN  # no values, and so zeros
        return draws.sources._replace(kind=kind)

    def _run_both(
        self, behind: Side, draws: Draws, narrow: Narrow, own: dict[str, Floats], runs: Integers
    ) -> Booleans:
        """Run all stages, those behind from the first of the runs to the last; what fails."""
        ahead, crossing, state, looks, by_run = self._by_age(behind, narrow.block, runs)
        first, n_runs = _window(runs, draws.n_runs)
        columns = runs - first
        crossing = crossing._replace(runs=columns)
        lives = Lives(behind.structure, behind.features)
        watch = lives.watch(lives.unknown, narrow.block, single=True, width=WIDTH)
        wide, in_release = empty_sums(behind.structure, behind.features)
        work = narrow.work._replace(times=supply_of(behind.features))
        for period, end in self._calls():
            run_aged(
                ahead.structure, self._kept, state, *by_run, behind.structure, draws.sources,
                narrow.tables, draws.first_row, period, end, draws.first_run + first, n_runs,
                narrow.block, work, wide, in_release, watch, crossing,
            )  # fmt: skip
        self._put_back_ahead(own, by_run, runs)
        _put_back(behind, own, {**wide._asdict(), "in_release": in_release}, runs, columns)
        anew = self._failed_ahead(looks, len(runs))
        below = _families_in(self._of_all, behind, lives)
        anew[below] = watch.failed[: len(below), columns] > 0.0
        return anew

    def _by_age(
        self, other: Side, block: int, runs: Integers
    ) -> tuple[Side, Crossing, FeatureState, ShelfWatch, tuple[Sums, FeatureSums]]:
        """Make room for the stages ahead in some runs; they ship to stages of another side."""
        n_runs, families = len(runs), self._families[self._lives.family]
        ahead, crossing = cross(self._structure, self._ahead, other, runs, block)
        looks = self._lives.watch(self._lives.unknown, 1, single=False, width=n_runs)
        begin_again(looks)
        by_age = self._failed[np.ix_(families, runs)]
        state = start_feature_state(ahead.structure, self._kept, 0, looks, n_runs, by_age)
        sent = np.zeros((len(crossing.lane), block, n_runs))
        state = state._replace(sent_row=kept_rows(ahead, crossing), sent=sent)
        return ahead, crossing, state, looks, zero_sums(ahead.structure, self._kept, n_runs)

    def _calls(self) -> Iterator[tuple[int, int]]:
        """First and last periods of calls."""
        last = int(self._structure.periods[0])
        return pairwise([*range(0, last, _STRETCH), last])

    def _put_back_ahead(
        self, own: dict[str, Floats], by_run: tuple[Sums, FeatureSums], runs: Integers
    ) -> None:
        found = {**by_run[0]._asdict(), **by_run[1]._asdict()}
        _put_back(self._ahead, own, found, runs, np.arange(len(runs)))

    def _failed_ahead(self, looks: ShelfWatch, n_runs: int) -> Booleans:
        """What fails of the stages ahead, (n_families of the component, n_runs)."""
        failed = np.zeros((len(self._failed), n_runs), dtype=np.bool_)
        failed[self._families] = looks.failed[: len(self._families), :n_runs] > 0.0
        return failed


def _halved(run: Callable[[Integers], Found], runs: Integers) -> Iterator[tuple[Integers, Found]]:
    """Some runs and what is found of them, half of them where no more memory is set aside."""
    try:
        found = run(runs)
    except MemoryError:
        if len(runs) == 1:
            raise
        for half in np.array_split(runs, 2):
            yield from _halved(run, half)
    else:
        yield runs, found


def _window(runs: Integers, n_runs: int) -> tuple[int, int]:
    """First run and number of runs of the narrowest window around some of ``n_runs``."""
    first = int(runs[0]) // _WINDOW * _WINDOW
    return first, min(int(runs[-1]) // _WINDOW * _WINDOW + _WINDOW, n_runs) - first


def _windows(runs: Integers) -> list[Integers]:
    """Runs that are run behind together: few of them each among its neighbours, or else all."""
    window = runs // _WINDOW
    ends = np.flatnonzero(np.diff(window)) + 1
    return np.split(runs, ends) if len(ends) + 1 <= _MOST_WINDOWS else [runs]


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
