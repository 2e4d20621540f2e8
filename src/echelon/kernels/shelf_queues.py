"""Queues in which :mod:`echelon.kernels.shelf_watch` keeps what came into stock, and their room."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import Integers, by_reference
from echelon.kernels.flow_arrays import (
    WIDTH,
    Features,
    Structure,
    empty_rows,
    rows_of_runs,
)

EVERY: Final = 4
"""Periods from one look to the next: what is usable until when is known to as many, less one."""

NEVER: Final = 1e9
"""Until when what is not there can be used, periods."""

Booleans: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[Any]
"""Floats, of single or of double precision."""


@by_reference
class ShelfWatch(NamedTuple):
    """What is watched of a shard, and room for the queues of its largest component.

    Attributes
    ----------
    family : (n_stages,) int64
        Row of ``failed`` that a stage belongs to; -1 where nothing is watched.
    queue, queue_mask : (n_stages,) int64
        First row of the queue, and its number of rows, a power of two, less one.
    sent, sent_mask : (n_stages,) int64
        The same of what is sent on, in ``issued``; -1 where nobody keeps its age.
    lasts : (n_stages,) int64
        Shelf life, periods.
    ahead : (n_stages,) int64
        Periods by which goods are older when they come into stock than when they were new.
    least : (n_stages,) int64
        Remaining life, periods, that every asker takes, and that lasts through all lanes.
    first_until : (n_stages,) int64
        Last period in which what there is at the start can be used, and all that it is made of.
    lane_delay : (n_lanes,) int64
        Longest time from being sent into the stock of a stage that keeps the age; -1 elsewhere.
    inflow, until : (n_rows, WIDTH) float32 or float64
        Queues: units that came in; last period in which they can be used.
    issued : (n_sent, WIDTH)
        Last period in which what is sent in a group of periods can be used, after a spare row.
    coming, before, front : (n_stages, WIDTH)
        Of the stages of a component: units that came into stock since the last look; those there
        at that look; last period in which the oldest of them can be used.
    stock, passed : (1, WIDTH)
        Scratch: units on hand; units that came in after a group.
    failed : (n_families, WIDTH)
        1 where some goods may have been too old, else 0.
    numbers : (5,)
        Of a look, in the precision of the flow: see :func:`look`.
    """

    family: Integers
    queue: Integers
    queue_mask: Integers
    sent: Integers
    sent_mask: Integers
    lasts: Integers
    ahead: Integers
    least: Integers
    first_until: Integers
    lane_delay: Integers
    inflow: Numbers
    until: Numbers
    issued: Numbers
    coming: Numbers
    before: Numbers
    front: Numbers
    stock: Numbers
    passed: Numbers
    failed: Numbers
    numbers: Numbers


def shelf_watch(
    f: Structure,
    x: Features,
    family: Integers,
    least: Integers,
    n_families: int,
    block: int,
    *,
    single: bool,
    width: int = WIDTH,
) -> ShelfWatch:
    """Room to watch the stages of a shard that have a family, for blocks of ``block`` periods.

    Parameters
    ----------
    f, x
        Of the shard.
    family : (n_stages,) int64
        From 0 on through the shard; -1 where a stage is not watched. All stages of a family are,
        unless nothing of theirs can get too old before the end.
    least : (n_stages,) int64
        Remaining life that every asker of a stage takes, periods.
    n_families : int
    block : int
        Periods that a stage may be ahead of those it supplies.
    single : bool
        Whether the flow is in single precision.
    width : int
        Runs that there is room for.
    """
    kind = np.float32 if single else np.float64
    known = _Known.of(f, x, family >= 0, least)
    watched = known.may_fail(f, family)
    if (watched != (family >= 0)).any():
        known = _Known.of(f, x, watched, least)
    family = np.where(watched, family, -1)
    queue_size = _power_of_two(x.shelf_life // EVERY + 3)
    sent_size = _power_of_two((np.maximum(known.longest, 0) + block) // EVERY + 3)
    queue, rows = _rows_of(f, np.where(watched, queue_size, 0))
    sent, sent_rows = _rows_of(f, np.where(known.longest >= 0, sent_size, 0))
    sent[sent >= 0] += 1  # after the spare row
    stages = int(np.diff(f.stage_ptr).max(initial=0))
    return ShelfWatch(
        family=family,
        queue=queue,
        queue_mask=queue_size - 1,
        sent=sent,
        sent_mask=sent_size - 1,
        lasts=x.shelf_life,
        ahead=known.ahead,
        least=known.least,
        first_until=known.first_until,
        lane_delay=known.lane_delay,
        inflow=empty_rows(rows, kind, width),
        until=empty_rows(rows, kind, width),
        issued=empty_rows(1 + sent_rows, kind, width),
        coming=empty_rows(stages, kind, width),
        before=empty_rows(stages, kind, width),
        front=empty_rows(stages, kind, width),
        stock=empty_rows(1, kind, width),
        passed=empty_rows(1, kind, width),
        failed=rows_of_runs(max(n_families, 1), kind, width),
        numbers=np.zeros(5, dtype=kind),
    )


class _Known(NamedTuple):
    """What is known of ages before a run; attributes as of :class:`ShelfWatch`.

    Attributes
    ----------
    ahead, least, first_until, lane_delay
    longest : (n_stages,) int64
        Longest time from being sent into a stock that keeps the age; -1 if into none.
    """

    ahead: Integers
    least: Integers
    first_until: Integers
    lane_delay: Integers
    longest: Integers

    @classmethod
    def of(cls, f: Structure, x: Features, watched: Booleans, least: Integers) -> _Known:
        """Follow goods that keep their age down the lanes between stages ``watched``."""
        ahead = np.maximum(x.release_longest, 0) + np.where(x.carries == 1, x.make_longest, 0)
        kept = watched[f.receiver] & (x.carries[f.receiver] == 1)
        on_the_way = np.maximum(x.lane_longest, x.expedite_delay) + ahead[f.receiver]
        lane_delay = np.where(kept, on_the_way, -1)
        first_until = x.shelf_life - 1
        while kept.any():  # as often as a chain is long
            earlier = first_until.copy()
            np.minimum.at(earlier, f.receiver[kept], first_until[f.supplier[kept]])
            if (earlier == first_until).all():
                break
            first_until = earlier
        longest = np.full(len(watched), -1)
        np.maximum.at(longest, f.supplier[kept], lane_delay[kept])
        return cls(ahead, np.maximum(least, longest + 1), first_until, lane_delay, longest)

    def may_fail(self, f: Structure, family: Integers) -> Booleans:
        """Whether some good of a stage's family may be too old before the end, (n_stages,).

        No good can be used for a shorter time than until ``first_until``.
        """
        watched = np.flatnonzero(family >= 0)
        last = np.repeat(f.periods, np.diff(f.stage_ptr))[watched] - 1
        asked_until = last + np.maximum(self.least[watched] - 1, 1)
        fails = np.zeros(int(family.max(initial=-1)) + 1, dtype=np.bool_)
        fails[family[watched[self.first_until[watched] < asked_until]]] = True
        return (family >= 0) & fails[family]


def nothing_watched(f: Structure, *, single: bool = False) -> ShelfWatch:
    """A watch for a shard that needs none: only ``family`` is read of it."""
    family, lane_delay = np.full(len(f.level), -1), np.full(len(f.units), -1)
    none = np.zeros((1, 1), dtype=np.float32 if single else np.float64)
    return ShelfWatch(
        family, family, family, family, family, family, family, family, family, lane_delay,
        none, none, none, none, none, none, none, none, none, none[0],
    )  # fmt: skip


def begin_again(watch: ShelfWatch) -> None:
    """Do the same for a single component whose first stock the flow itself says came in."""
    watch.front[:] = NEVER
    watch.before[:] = 0.0
    watch.failed[:] = 0.0


def _power_of_two(least: Integers) -> Integers:
    return np.int64(1) << np.ceil(np.log2(least)).astype(np.int64)


def _rows_of(f: Structure, sizes: Integers) -> tuple[Integers, int]:
    """First row of each stage in the room of its component, -1 for none, and rows in all."""
    ends = np.concatenate([[0], np.cumsum(sizes)])
    begin = ends[f.stage_ptr]
    first = ends[:-1] - np.repeat(begin[:-1], np.diff(f.stage_ptr))
    return np.where(sizes > 0, first, -1), int(np.diff(begin).max(initial=0))
