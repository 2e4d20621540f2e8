"""By which chains of reviews rows of demand reach the stages above, for all stages at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.optimization.cost.along_lanes import reached_from, supplied_by
from echelon.optimization.cost.review_windows import Chain


@dataclass(frozen=True, slots=True)
class Strands:
    """Units of each stage in one of each row of demand, by the chain of reviews between.

    Sorted by stage, chain and row; none twice.

    Attributes
    ----------
    stage, row, chain : (n,) int64
        Stage in compiled order, row of the table ``demand``, and which of ``chains``.
    units : (n,) float64
        Above 0.
    chains : list of Chain
        The first is empty.
    """

    stage: Integers
    row: Integers
    chain: Integers
    units: Floats
    chains: list[Chain]

    @classmethod
    def of(cls, compiled: CompiledNetwork, phase: Integers, wanted: Booleans) -> Strands:
        """Follow demand up to some stages, ``wanted`` (n_stages,).

        A stage is come to when all that it supplies have been.

        Parameters
        ----------
        compiled : CompiledNetwork
            Its components numbered through, as ``as_one`` does.
        phase : (n_stages,) int64
            Of reviews.
        wanted : (n_stages,) bool
        """
        customer, supplier = supplied_by(compiled)
        within = reached_from(wanted, supplier, customer)
        usage, kept = compiled.pred_usage, within[supplier]
        customer, supplier, usage = customer[kept], supplier[kept], usage[kept]
        buyers = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
        links = _Links(compiled.review_period, phase)
        height = _heights(customer, supplier, compiled.n_stages)
        none = np.zeros(0, dtype=np.int64)
        everything = cls(none, none, none, np.zeros(0), links.chains)
        for level in range(int(height.max(initial=0)) + 1):
            own = within & (height == level)
            sold, lanes = own[buyers], own[supplier]
            rows = compiled.demand_row[sold]
            lane, entry = everything._met(customer[lanes])
            lane = np.flatnonzero(lanes)[lane]
            found = cls(
                stage=np.concatenate((buyers[sold], supplier[lane])),
                row=np.concatenate((rows, everything.row[entry])),
                chain=np.concatenate(
                    (np.zeros_like(rows), links.before(customer[lane], everything.chain[entry]))
                ),
                units=np.concatenate((np.ones(len(rows)), usage[lane] * everything.units[entry])),
                chains=links.chains,
            )
            everything = everything._with(found._summed())
        return everything.among(wanted[everything.stage])._in_order_of_chains()

    def at_stages(self) -> Iterator[tuple[int, slice]]:
        """Give each stage that has some, and where they are."""
        begins = np.flatnonzero(np.diff(self.stage, prepend=-1))
        ends = [*begins[1:].tolist(), len(self.stage)]
        for stage, begin, end in zip(
            self.stage[begins].tolist(), begins.tolist(), ends, strict=False
        ):
            yield stage, slice(begin, end)

    def where_rare(self) -> Strands:
        """Give those of stages where some stage between reviews more rarely than every period."""
        is_rare = np.array([any(review > 1 for review, _ in chain) for chain in self.chains])
        return self.among(np.isin(self.stage, self.stage[is_rare[self.chain]]))

    @property
    def by_several_chains(self) -> Booleans:
        """Which are of a row that reaches its stage by several chains, (n,)."""
        order = np.lexsort((self.row, self.stage))
        stage, row = self.stage[order], self.row[order]
        alike = np.zeros(len(order) + 1, dtype=np.bool_)  # each as the one before it
        alike[1:-1] = (stage[1:] == stage[:-1]) & (row[1:] == row[:-1])
        found = np.empty(len(order), dtype=np.bool_)
        found[order] = alike[1:] | alike[:-1]
        return found

    def among(self, chosen: Booleans) -> Strands:
        """Give some of them, ``chosen`` (n,)."""
        return self._taken(chosen)

    def _taken(self, at: NDArray[Any]) -> Strands:
        """Give those that an index of arrays says, in its order."""
        return Strands(self.stage[at], self.row[at], self.chain[at], self.units[at], self.chains)

    def _in_order_of_chains(self) -> Strands:
        """Number chains by what they are, so that no other component has a say in the order."""
        order = sorted(range(len(self.chains)), key=self.chains.__getitem__)
        chain = np.argsort(np.array(order))[self.chain]
        chains = [self.chains[number] for number in order]
        renamed = replace(self, chain=chain, chains=chains)
        return renamed._taken(np.lexsort((self.row, chain, self.stage)))

    def _met(self, customers: Integers) -> tuple[Integers, Integers]:
        """Number the strands of each of some stages: which of the stages, and which strand."""
        begin = np.searchsorted(self.stage, customers)
        sizes = np.searchsorted(self.stage, customers, side="right") - begin
        lane = np.repeat(np.arange(len(customers)), sizes)
        before = np.cumsum(sizes) - sizes
        return lane, np.arange(len(lane)) + (begin - before)[lane]

    def _summed(self) -> Strands:
        """Add up what is of the same stage, row and chain, and leave out what is nothing."""
        own = self._taken(np.lexsort((self.row, self.chain, self.stage)))
        new = np.ones(len(own.row), dtype=np.bool_)
        new[1:] = np.logical_or.reduce(
            [one[1:] != one[:-1] for one in (own.stage, own.row, own.chain)]
        )
        units = np.bincount(np.cumsum(new) - 1, own.units).astype(np.float64)
        summed = replace(own._taken(new), units=units)
        return summed.among(units > 0.0)

    def _with(self, others: Strands) -> Strands:
        """Put those of other stages in their places."""
        both = Strands(
            np.concatenate((self.stage, others.stage)),
            np.concatenate((self.row, others.row)),
            np.concatenate((self.chain, others.chain)),
            np.concatenate((self.units, others.units)),
            self.chains,
        )
        return both._taken(np.argsort(both.stage, kind="stable"))


class _Links:
    """Chains of reviews met so far, by number.

    Parameters
    ----------
    review, phase : (n_stages,) int64
    """

    def __init__(self, review: Integers, phase: Integers) -> None:
        span = int(phase.max(initial=0)) + 1
        codes, self._kind = np.unique(review * span + phase, return_inverse=True)
        self._reviews = [divmod(code, span) for code in codes.tolist()]
        self.chains: list[Chain] = [()]
        self._known: dict[Chain, int] = {(): 0}

    def before(self, customer: Integers, chain: Integers) -> Integers:
        """Number the chains that have the review of a customer before others."""
        keys = self._kind[customer] * len(self.chains) + chain
        distinct, place = np.unique(keys, return_inverse=True)
        pairs = zip(*(one.tolist() for one in np.divmod(distinct, len(self.chains))), strict=True)
        return np.array([self._joined(*pair) for pair in pairs], dtype=np.int64)[place]

    def _joined(self, kind: int, chain: int) -> int:
        review = self._reviews[kind]
        made = (review, *self.chains[chain]) if review[0] else self.chains[chain]
        if made not in self._known:
            self._known[made] = len(self.chains)
            self.chains.append(made)
        return self._known[made]


def _heights(customer: Integers, supplier: Integers, n_stages: int) -> Integers:
    """Most lanes between a stage and its last customers, (n_stages,)."""
    height = np.zeros(n_stages, dtype=np.int64)
    while len(customer):
        short = height[supplier] <= height[customer]
        if not short.any():
            break
        np.maximum.at(height, supplier[short], height[customer[short]] + 1)
    return height
