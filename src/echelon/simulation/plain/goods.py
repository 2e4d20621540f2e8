"""Goods by remaining life, and the lines in which they travel, are made and are held.

Goods are an array of shape (classes, runs), units. Row ``i`` has ``i + 1`` periods of life left;
goods that do not perish have one row and no age.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from echelon.policies.base import Floats


def fresh(quantity: Floats, classes: int) -> Floats:
    """Goods with all their life ahead of them, from units of shape (runs,)."""
    goods = np.zeros((classes, quantity.size))
    goods[-1] = quantity
    return goods


def aged(goods: Floats, periods: int) -> tuple[Floats, Floats]:
    """Goods after some periods, and the units (runs,) whose life has ended by then."""
    gone = min(periods, len(goods))
    left = np.zeros_like(goods)
    left[: len(goods) - gone] = goods[gone:]
    return left, goods[:gone].sum(axis=0)


def first_expired(goods: Floats, wanted: Floats, least_life: int = 1) -> tuple[Floats, Floats]:
    """Take ``wanted`` units (runs,) first expired first out; gives what is taken and what is left.

    Only goods with ``least_life`` periods of life or more are taken; there may be too few.
    """
    left, taken = goods.copy(), np.zeros_like(goods)
    rest = np.maximum(wanted, 0.0)
    for i in range(max(least_life, 1) - 1, len(goods)):
        taken[i] = np.minimum(left[i], rest)
        left[i] = left[i] - taken[i]
        rest = rest - taken[i]
    return taken, left


class Delay:
    """A line in which every quantity spends a fixed number of whole periods."""

    def __init__(self, periods: int, runs: int) -> None:
        self._line = deque(np.zeros(runs) for _ in range(periods))

    def pass_on(self, entering: Floats) -> Floats:
        """Let ``entering`` in and give what leaves in this period; the same thing at once if 0."""
        self._line.append(entering)
        return self._line.popleft()

    def content(self, runs: int) -> Floats:
        """What is in the line, units, shape (runs,)."""
        return sum(self._line, np.zeros(runs))

    def by_due(self) -> list[Floats]:
        """What leaves in this period, the next one and so on, if it has not left yet; (runs,)."""
        return list(self._line)


@dataclass
class _Batch:
    """What entered in one period: goods, and the period in which each run's leave."""

    entered: int
    goods: Floats
    due: Floats


class Line:
    """A line in which goods spend a time that may differ by period of entry and by run.

    Parameters
    ----------
    shape : (classes, runs)
    ages : bool
        Whether remaining life runs down in it.
    overtaking : bool
        Whether what enters later may leave earlier.
    tolerance : float
        Units; less than this entering is rounding and holds up nobody behind it.
    """

    def __init__(
        self, shape: tuple[int, int], *, ages: bool, overtaking: bool, tolerance: float
    ) -> None:
        self._shape, self._ages = shape, ages
        self._overtaking, self._tolerance = overtaking, tolerance
        self._batches: list[_Batch] = []
        self._last_due = np.full(shape[1], -np.inf)
        self.content = np.zeros(shape[1])
        self.entered = np.zeros(shape[1])

    def enter(self, period: int, goods: Floats, time: Floats | float) -> None:
        """Let goods in for ``time`` periods, (runs,) or the same for all."""
        due = period + np.broadcast_to(np.asarray(time, dtype=np.float64), self._last_due.shape)
        quantity = goods.sum(axis=0)
        if not self._overtaking:
            due = np.maximum(due, self._last_due)
            some = quantity > self._tolerance
            self._last_due = np.where(some, due, self._last_due)
        self._batches.append(_Batch(period, goods, due))
        self.entered = quantity

    def hold(self, held: NDArray[np.bool_]) -> None:
        """Let everything stand still for a period in the runs (runs,) that are held."""
        if held.any():
            for batch in self._batches:
                batch.due = batch.due + held
            self._last_due = self._last_due + held

    def by_due(self, period: int) -> Iterator[tuple[int, Floats]]:
        """Goods in the line as they will leave, and in how many periods, if nothing is held."""
        for batch in self._batches:
            for due in np.unique(batch.due[batch.goods.any(axis=0)]).tolist():
                goods = np.where(batch.due == due, batch.goods, 0.0)
                if self._ages:
                    goods, _ = aged(goods, int(due) - batch.entered)
                yield max(int(due) - period, 0), goods

    def leave(self, period: int) -> tuple[Floats, Floats]:
        """Give the goods that leave in this period and the units whose life ended on the way.

        Call it once per period, after what enters in it.
        """
        leaving, dead = np.zeros(self._shape), np.zeros(self._shape[1])
        gone = np.zeros(self._shape[1])
        for batch in self._batches:
            ready = batch.due <= period
            goods = np.where(ready, batch.goods, 0.0)
            batch.goods = np.where(ready, 0.0, batch.goods)
            gone = gone + goods.sum(axis=0)
            if self._ages:
                goods, expired = aged(goods, period - batch.entered)
                dead = dead + expired
            leaving = leaving + goods
        self._batches = [batch for batch in self._batches if (batch.due > period).any()]
        self.content = self.content + (self.entered - gone)
        self.entered = np.zeros(self._shape[1])
        return leaving, dead
