"""Many plain components through templates: their patterns come from a kernel, not from tables."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from echelon.errors import InfeasibleError
from echelon.exact.guaranteed_service.component_times import ComponentTimes
from echelon.exact.guaranteed_service.problem import ServiceTimeProblem
from echelon.exact.guaranteed_service.runs import pointers
from echelon.execution import attempt
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.optimization.candidate_lists import listed_whole
from echelon.optimization.methods import MOST_PAIRS
from echelon.optimization.templates.found import Found
from echelon.optimization.templates.kept import templates_here
from echelon.optimization.templates.live import LiveTemplate
from echelon.optimization.templates.pattern import OrderPattern


@dataclass(frozen=True, slots=True)
class PlainShard:
    """Consecutive components of a network, and those of them that are placed through templates.

    Attributes
    ----------
    times : ComponentTimes
    slope : (n_stages,) float64
        Money per period and root of a tick covered.
    chosen : (n,) int64
        Components, numbered from the first; ascending.
    is_tree : (n,) bool
        Which of them are trees whose windows can be kept tick by tick.
    gap : float
    time_limit : float or None
        Seconds of branch and bound, per component.
    """

    times: ComponentTimes
    slope: Floats
    chosen: Integers
    is_tree: Booleans
    gap: float
    time_limit: float | None


@dataclass(frozen=True, slots=True)
class ShardPlaced:
    """What came out of a shard, for the components that have a plan.

    Attributes
    ----------
    components : (n,) int64
        Numbered from the first of the shard.
    service : int64
        Outbound service times of their stages end to end, ticks.
    bound, seconds : (n,) float64
    branched : (n,) bool
    termination : list of n str
    """

    components: Integers
    service: Integers
    bound: Floats
    seconds: Floats
    branched: Booleans
    termination: list[str]


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """Patterns, costs of pairs and outbound times of the chosen components, end to end.

    Attributes
    ----------
    ends : (n + 1, 3) int64
        Where each component begins in the other three.
    pattern : int64
        Keys of patterns, as integers.
    cost : float64
    quoted : int64
    """

    ends: Integers
    pattern: Integers
    cost: Floats
    quoted: Integers

    def costs(self, alike: list[int]) -> Floats:
        """Costs of the pairs of components that have one pattern, a row each."""
        ends = self.ends[:, 1]
        return np.stack([self.cost[ends[k] : ends[k + 1]] for k in alike])

    def by_pattern(self) -> dict[bytes, list[int]]:
        """Positions of the components of each pattern, but for those that were left out."""
        ends = self.ends[:, 0].tolist()
        alike: dict[bytes, list[int]] = {}
        for k, (begin, end) in enumerate(pairwise(ends)):
            if end > begin:
                alike.setdefault(self.pattern[begin:end].tobytes(), []).append(k)
        return alike


def place_plain_shard(shard: PlainShard) -> ShardPlaced:
    """Place the chosen components; those that fail are left out, and so are those too large."""
    laid = _lay_out(shard)
    done: dict[int, tuple[Integers, Found, float]] = {}
    for key, alike in laid.by_pattern().items():  # one pattern after the other
        began = time.perf_counter()
        template = attempt(_template, shard, laid, key, alike).value
        if template is None:
            continue
        first_quoted = template.pattern.outbound_ptr[:-1]
        made = (time.perf_counter() - began) / len(alike)
        costs = laid.costs(alike)
        found = template.solve_all(costs, gap=shard.gap, time_limit=shard.time_limit)
        for k, one in zip(alike, found, strict=True):
            if one is not None:
                service = laid.quoted[laid.ends[k, 2] + first_quoted + one.outbound]
                done[k] = service, one, made + one.seconds
    placed = sorted(done)
    services = [done[k][0] for k in placed]
    plans = [done[k][1] for k in placed]
    return ShardPlaced(
        shard.chosen[np.array(placed, dtype=np.int64)],
        np.concatenate(services) if services else np.zeros(0, np.int64),
        np.array([one.bound for one in plans]),
        np.array([done[k][2] for k in placed]),
        np.array([one.branched for one in plans], dtype=np.bool_),
        [one.termination for one in plans],
    )


def _template(shard: PlainShard, laid: _LaidOut, key: bytes, alike: list[int]) -> LiveTemplate:
    begin, end = laid.ends[alike[0] : alike[0] + 2, 0].tolist()
    pattern = OrderPattern.read(laid.pattern[begin:end].copy())  # which outlives the rest
    return templates_here().find(
        pattern,
        lambda: _problem(shard, int(shard.chosen[alike[0]]), pattern),
        key=key,
        n_problems=len(alike),
    )


def _lay_out(shard: PlainShard) -> _LaidOut:
    """List the candidates of each component chosen; nothing where they are many or none."""
    from echelon.kernels.order_patterns import lay_out  # numba: when it is needed

    times = shard.times
    sizes: list[int] = []
    listed: list[Integers] = []
    for c in shard.chosen[~shard.is_tree].tolist():
        lists = listed_whole(times.times(c), whole_periods=False)
        both = [] if lists is None else [*lists.inbound, *lists.outbound]
        n = int(times.component_ptr[c + 1] - times.component_ptr[c])
        sizes += [len(one) for one in both] or [0] * (2 * n)
        sizes.append(0)
        listed += both
    ends = np.empty((len(shard.chosen) + 1, 3), np.int64)
    laid = lay_out(
        shard.chosen, shard.is_tree.astype(np.int64), times.component_ptr, times.pred_ptr,
        times.pred_stage, times.lane_delay, times.process, times.can_stock, shard.slope,
        *times.windows, *times.roots, pointers(sizes),
        np.concatenate([np.zeros(0, np.int64), *listed]), MOST_PAIRS, ends,
    )  # fmt: skip
    return _LaidOut(ends, *laid)


def _problem(shard: PlainShard, component: int, pattern: OrderPattern) -> ServiceTimeProblem:
    """Give what the model of a pattern is declared for, with the costs of one component."""
    times = shard.times.times(component)
    lists = listed_whole(times, whole_periods=False)
    if lists is None:
        raise InfeasibleError("this component has too many candidate service times to list")
    tables = []
    for j in range(pattern.n_stages):
        tau = lists.inbound[j][:, None] + times.process[j] - lists.outbound[j][None, :]
        allowed = tau >= 0 if times.can_stock[j] else tau == 0
        tables.append(np.where(allowed, 0.0, np.inf))
    return ServiceTimeProblem(times, lists.inbound, lists.outbound, tables)
