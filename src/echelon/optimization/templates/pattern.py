"""What of a component's problem decides its constraints: the order of its candidate times.

Two components whose lanes are alike and whose candidate service times stand in the same order have
the same constraint matrix, however long their lead times are. Only what pairs of times cost
differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.exact.guaranteed_service.runs import pointers
from echelon.network.compiled import Floats, Integers


@dataclass(frozen=True, slots=True)
class OrderPattern:
    """The pairs and the lane rows of a component, by position.

    Candidates are numbered end to end over the stages, inbound and outbound ones apart.

    Attributes
    ----------
    inbound_ptr, outbound_ptr : (n_stages + 1,) int64
        Where the candidates of each stage begin.
    pair_inbound, pair_outbound : (n_pairs,) int64
        Candidates of each pair that the times allow, by stage, inbound and outbound time.
    lane_inbound, lane_outbound : (n_lane_rows,) int64
        Of each lane row: a customer's inbound candidate, and the last of the supplier's outbound
        candidates that arrive by then; -1 where none does. Inbound candidates by which all of them
        have arrived have no row.
    """

    inbound_ptr: Integers
    outbound_ptr: Integers
    pair_inbound: Integers
    pair_outbound: Integers
    lane_inbound: Integers
    lane_outbound: Integers

    @classmethod
    def of(cls, problem: ServiceTimeProblem) -> OrderPattern:
        """Read the pattern of a problem; pairs whose cost is ``inf`` are left out."""
        times = problem.times
        inbound_ptr = pointers([len(one) for one in problem.inbound])
        outbound_ptr = pointers([len(one) for one in problem.outbound])
        pairs = [np.nonzero(np.isfinite(table)) for table in problem.cost]
        heard, delivered = [], []
        for lane, (i, j) in enumerate(
            zip(times.pred_stage.tolist(), times.lane_customer.tolist(), strict=True)
        ):
            arrives = problem.outbound[i] + times.lane_delay[lane]
            by_then = np.searchsorted(arrives, problem.inbound[j], side="right") - 1
            rows = np.flatnonzero(by_then < len(arrives) - 1)
            heard.append(inbound_ptr[j] + rows)
            delivered.append(np.where(by_then >= 0, outbound_ptr[i] + by_then, -1)[rows])
        return cls(
            inbound_ptr,
            outbound_ptr,
            _joined([ptr + a for ptr, (a, _) in zip(inbound_ptr, pairs, strict=False)]),
            _joined([ptr + b for ptr, (_, b) in zip(outbound_ptr, pairs, strict=False)]),
            _joined(heard),
            _joined(delivered),
        )

    @classmethod
    def read(cls, key: Integers) -> OrderPattern:
        """Read a pattern from its key, as integers."""
        n, n_pairs, n_rows = key[:3].tolist()
        parts = [3, n + 1, n + 1, n_pairs, n_pairs, n_rows, n_rows]
        ends = list(accumulate(parts))
        return cls(*(key[begin:end] for begin, end in pairwise(ends)))

    @property
    def arrays(self) -> tuple[Integers, Integers, Integers, Integers, Integers, Integers]:
        """All of it, in the order of the attributes."""
        return (
            self.inbound_ptr,
            self.outbound_ptr,
            self.pair_inbound,
            self.pair_outbound,
            self.lane_inbound,
            self.lane_outbound,
        )

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.inbound_ptr) - 1

    @property
    def n_pairs(self) -> int:
        """How many pairs."""
        return len(self.pair_inbound)

    @property
    def is_forest(self) -> bool:
        """Whether the lanes that have rows make no cycle, whichever way they run."""
        stages = np.arange(self.n_stages)
        tied = self.lane_outbound >= 0  # other rows are about the customer alone
        customer = np.repeat(stages, np.diff(self.inbound_ptr))[self.lane_inbound[tied]]
        supplier = np.repeat(stages, np.diff(self.outbound_ptr))[self.lane_outbound[tied]]
        lanes = set(zip(supplier.tolist(), customer.tolist(), strict=True))
        joined = list(range(self.n_stages))  # to another stage of the same tree, or to itself

        def root(stage: int) -> int:
            while joined[stage] != stage:
                stage = joined[stage]
            return stage

        for one, other in lanes:
            first, second = root(one), root(other)
            if first == second:
                return False
            joined[first] = second
        return True

    @property
    def key(self) -> bytes:
        """The pattern as one value: components that share it share their model."""
        sizes = np.array([self.n_stages, self.n_pairs, len(self.lane_inbound)], dtype=np.int64)
        return np.concatenate([sizes, *self.arrays]).tobytes()


def pair_costs(problem: ServiceTimeProblem) -> Floats:
    """Costs of a problem's pairs in the order of its pattern, (n_pairs,) money per period."""
    return np.concatenate([table[np.isfinite(table)] for table in problem.cost])


def _joined(parts: list[Integers]) -> Integers:
    if not parts:
        return np.zeros(0, dtype=np.int64)
    return np.concatenate(parts).astype(np.int64, copy=False)
