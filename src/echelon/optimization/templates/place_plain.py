"""The plain components of a network through templates, shard by shard, here or in workers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from echelon.execution import cut, run_shards
from echelon.network.compiled import Floats, Integers
from echelon.optimization.outcome import relative_gap
from echelon.optimization.placed_block import PlacedBlock, positions_of
from echelon.optimization.plain_components import PlainComponents
from echelon.optimization.proof import Limits
from echelon.optimization.templates.by_template import BRANCHED, RELAXED
from echelon.optimization.templates.shard import PlainShard, ShardPlaced, place_plain_shard
from echelon.progress import Progress

_STAGES_PER_SHARD = 60_000.0
"""So many that patterns come again within one, and few enough to share out."""


def place_plain(
    plain: PlainComponents, limits: Limits, n_jobs: int, progress: Progress
) -> tuple[PlacedBlock, bool]:
    """Place plain components by their declared models; what fails or is too large is left out.

    Parameters
    ----------
    plain : PlainComponents
    limits : Limits
    n_jobs : int
        Worker processes. The answer does not depend on it.
    progress : bool, callable or None

    Returns
    -------
    PlacedBlock
    bool
        Whether an interrupt ended it before all were tried.
    """
    times = plain.times
    ranges = cut(np.diff(times.component_ptr).tolist(), share=_STAGES_PER_SHARD)
    shards = [_shard(plain, limits, first, last) for first, last in ranges]
    outcomes = run_shards(
        place_plain_shard,
        shards,
        n_jobs=n_jobs,
        progress=progress,
        label="placing",
        weigh=lambda shard: len(shard.chosen),
    )
    service = np.zeros(plain.compiled.n_stages, np.int64)
    parts: list[tuple[Integers, ShardPlaced]] = []
    stopped = False
    try:
        for (first, _), outcome in zip(ranges, outcomes, strict=True):
            if outcome.value is not None:
                placed = outcome.value
                components = first + placed.components
                service[positions_of(components, times.component_ptr)] = placed.service
                parts.append((components, placed))
    except KeyboardInterrupt:  # what has been placed until then is kept
        stopped = True
    return _block(plain, limits, service, parts), stopped


def _shard(plain: PlainComponents, limits: Limits, first: int, last: int) -> PlainShard:
    here = slice(*np.searchsorted(plain.components, [first, last]).tolist())
    stages = slice(*plain.times.component_ptr[[first, last]].tolist())
    return PlainShard(
        plain.times.shard(first, last),
        plain.slope[stages],
        plain.components[here] - first,
        plain.is_tree[here],
        limits.gap,
        limits.time_limit,
    )


def _block(
    plain: PlainComponents,
    limits: Limits,
    service: Integers,
    parts: list[tuple[Integers, ShardPlaced]],
) -> PlacedBlock:
    """Evaluate the plans and put their certificates beside them."""
    joined = _Joined.of(parts)
    columns = plain.evaluated(joined.components, service)
    sizes = np.diff(plain.times.component_ptr)[joined.components]
    ends = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    holding = columns["holding_cost"]
    objective = np.array([float(holding[begin:end].sum()) for begin, end in pairwise(ends)])
    bound = np.minimum(joined.bound, objective)
    gap = np.array([relative_gap(*pair) for pair in zip(objective, bound, strict=True)])
    solved = (gap <= max(limits.gap, 1e-12)).tolist()
    return PlacedBlock(
        components=joined.components,
        columns=columns,
        objective=objective,
        bound=bound,
        gap=gap,
        seconds=joined.seconds,
        status=["optimal" if one else "feasible" for one in solved],
        termination=[
            "optimal" if one else why for one, why in zip(solved, joined.termination, strict=True)
        ],
        method=joined.method,
    )


@dataclass(frozen=True, slots=True)
class _Joined:
    components: Integers
    bound: Floats
    seconds: Floats
    method: list[str]
    termination: list[str]

    @classmethod
    def of(cls, parts: list[tuple[Integers, ShardPlaced]]) -> _Joined:
        branched = [one for _, placed in parts for one in placed.branched.tolist()]
        none = np.zeros(0)
        return cls(
            np.concatenate([np.zeros(0, np.int64), *(components for components, _ in parts)]),
            np.concatenate([none, *(placed.bound for _, placed in parts)]),
            np.concatenate([none, *(placed.seconds for _, placed in parts)]),
            [BRANCHED if one else RELAXED for one in branched],
            [why for _, placed in parts for why in placed.termination],
        )
