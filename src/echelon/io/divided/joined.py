"""What is tied together, directly or through others, found batch by batch in four bytes a thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echelon.io.divided.keys import Numbers
from echelon.network.compiled import Integers
from echelon.network.graph import components

_AT_ONCE = 65_536
"""Things that are numbered at once."""


class Joined:
    """A forest over things: those in one tree are tied together, and the least of them is its root.

    Ties are added in batches and not kept [1]_, so that memory does not depend on their number.

    Parameters
    ----------
    n_things : int
        None of them is tied to another yet.

    References
    ----------
    .. [1] Tarjan & van Leeuwen (1984), Worst-case analysis of set union algorithms, *Journal of
       the ACM* 31.

    Examples
    --------
    >>> joined = Joined(5)
    >>> joined.add(np.array([3, 4]), np.array([1, 3]))
    >>> joined.numbered().tolist()
    [0, 1, 2, 1, 1]
    """

    def __init__(self, n_things: int) -> None:
        self._above: Numbers = np.arange(n_things, dtype=np.int32)

    def widened(self, n_things: int) -> Joined:
        """Give a copy with further things, tied to nothing, after those there are."""
        wider = Joined(n_things)
        wider._above[: len(self._above)] = self._above
        return wider

    def add(self, one: NDArray[np.integer], other: NDArray[np.integer]) -> None:
        """Tie each of some things to another.

        Parameters
        ----------
        one, other : (n_ties,) of integers
        """
        one, other = self._roots(one), self._roots(other)
        apart = one != other
        ends = np.concatenate([one[apart], other[apart]])
        if not len(ends):
            return
        nodes, at = np.unique(ends, return_inverse=True)
        half = len(ends) // 2
        number = components(len(nodes), at[:half], at[half:])
        _, least = np.unique(number, return_index=True)
        self._above[nodes] = nodes[least[number]]

    def numbered(self) -> Numbers:
        """Number the trees by the least thing of each; nothing can be added after that.

        Returns
        -------
        (n_things,) int32
            Takes the place of the forest, and no memory of its own.
        """
        number, n_trees = self._above, 0
        for first in range(0, len(number), _AT_ONCE):
            things = np.arange(first, min(first + _AT_ONCE, len(number)))
            root = self._roots_of_block(things, first)
            own = root == things
            number[things[own]] = n_trees + np.arange(own.sum())
            number[things[~own]] = number[root[~own]]
            n_trees += int(own.sum())
        return number

    def _roots(self, things: NDArray[np.integer]) -> Numbers:
        root: Numbers = self._above[things]
        while len(unsettled := np.flatnonzero(self._above[root] != root)):
            root[unsettled] = self._above[root[unsettled]]
        self._above[things] = root  # a shorter way for the next
        return root

    def _roots_of_block(self, things: Integers, first: int) -> Numbers:
        """Roots of a block before which all is numbered already; roots there are their children's.

        A thing whose parent is numbered is given that parent, which has its tree's number.
        """
        root: Numbers = self._above[things]
        while True:
            inside = np.flatnonzero(root >= first)
            above = self._above[root[inside]]
            if (above == root[inside]).all():
                return root
            root[inside] = above
