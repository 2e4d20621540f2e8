"""Which stages add to which groups, over which periods and at which prices: made once per run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from echelon.kernels.flow_arrays import Structure
from echelon.kernels.quantities import N_POOLED, SEGMENT_QUANTITIES
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers

MOST_KEPT: Final = 2e7
"""Numbers: groups of several components are added up run by run as long as these are no more."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What things cost, in the order of the compiled network.

    Attributes
    ----------
    holding_cost, backorder_cost : (n_stages,) float64
        Money per unit and period.
    lost_sale_cost, waste_cost : (n_stages,) float64
        Money per unit.
    order_cost : (n_stages,) float64
        Money per order.
    expedite_cost : (n_lanes,) float64
        Money per unit.
    charge_pipeline : bool
        Whether the pipeline costs what holding costs.
    """

    holding_cost: Floats
    backorder_cost: Floats
    lost_sale_cost: Floats
    order_cost: Floats
    waste_cost: Floats
    expedite_cost: Floats
    charge_pipeline: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the groups, spans, values and demand rows of some components are in their network.

    Attributes
    ----------
    groups, spans, values, demand : ndarray of int64
        Number in the network, in the order of the numbers in the part.
    """

    groups: Integers
    spans: Integers
    values: Integers
    demand: Integers


@dataclass(frozen=True, slots=True)
class Scheme:
    """How the sums of some components are measured.

    A *row* is the part of a group within one component. A *span* is a group of several components,
    whose quantities are added up run by run, and the network; what lies within its component has
    none.

    Attributes
    ----------
    stage_ptr, segment_ptr, row_ptr : (n_components + 1,) int64
        Stages, segments and rows of a component.
    lane_ptr, asker_ptr : (n_stages + 1,) int64
    review, serve_delay : (n_stages,) int64
    row : (n_groupings, n_stages) int64
        The row that a stage adds to; -1 where another grouping's rows stand for it.
    outside : (n_groupings, n_askers) int64
        1 where the asker does not belong to the group.
    own : (n_rows,) int64
        1 where moments of the row are taken.
    span : (n_rows,) int64
        -1 for none.
    row_group : (n_rows,) int64
        Number of the group, through all groupings.
    periods : (n_components,) float64
        Counted.
    cycles : (n_stages, 1 or n_batches) float64
        Whole replenishment cycles counted; one column if all runs have the same.
    stage_money : (n_stages, 5) float64
        Holding, backorder, lost sale, order, waste.
    lane_money : (n_lanes, 2) float64
        Holding cost of the supplier; expediting.
    segment_asker, segment_stage : (n_segments,) int64
        Which asker a segment is, and of which stage.
    segment_demand : (n_segments,) int64
        Its place among the compiled demand rows of the network.
    segment_value : (n_columns, n_segments) int64
        Number of its value in each segment column, through all columns.
    demand_seen : (n_stages,) float64
        Units per period.
    charge_pipeline : bool
    """

    stage_ptr: Integers
    segment_ptr: Integers
    row_ptr: Integers
    lane_ptr: Integers
    asker_ptr: Integers
    review: Integers
    serve_delay: Integers
    row: Integers
    outside: Integers
    own: Integers
    span: Integers
    row_group: Integers
    periods: Floats
    cycles: Floats
    stage_money: Floats
    lane_money: Floats
    segment_asker: Integers
    segment_stage: Integers
    segment_demand: Integers
    segment_value: Integers
    demand_seen: Floats
    values_by_run: bool
    charge_pipeline: bool

    def part(self, first: int, last: int) -> Scheme:
        """Components ``first`` up to, not including, ``last``, everything numbered from 0.

        Groups, spans, values and demand rows are numbered as they occur, so that a part stays the
        same when something is added elsewhere; :meth:`numbers` says what they are in the whole.
        """
        stages = slice(*self.stage_ptr[[first, last]].tolist())
        lanes = slice(*self.lane_ptr[[stages.start, stages.stop]].tolist())
        askers = slice(*self.asker_ptr[[stages.start, stages.stop]].tolist())
        rows = slice(*self.row_ptr[[first, last]].tolist())
        segments = slice(*self.segment_ptr[[first, last]].tolist())
        row = self.row[:, stages]
        cut: dict[str, Any] = {
            "stage_ptr": self.stage_ptr[first : last + 1] - stages.start,
            "segment_ptr": self.segment_ptr[first : last + 1] - segments.start,
            "row_ptr": self.row_ptr[first : last + 1] - rows.start,
            "lane_ptr": self.lane_ptr[stages.start : stages.stop + 1] - lanes.start,
            "asker_ptr": self.asker_ptr[stages.start : stages.stop + 1] - askers.start,
            "row": np.where(row >= 0, row - rows.start, -1),
            "outside": self.outside[:, askers].copy(),
            "periods": self.periods[first:last],
            "lane_money": self.lane_money[lanes],
            "segment_asker": self.segment_asker[segments] - askers.start,
            "segment_stage": self.segment_stage[segments] - stages.start,
            "segment_demand": np.arange(segments.stop - segments.start),
            "segment_value": _as_they_occur(self.segment_value[:, segments])[0],
            "own": self.own[rows],
            "span": _as_they_occur(self.span[rows])[0],
            "row_group": _as_they_occur(self.row_group[rows])[0],
        }
        for name in ("review", "serve_delay", "cycles", "stage_money", "demand_seen"):
            cut[name] = getattr(self, name)[stages]
        return replace(self, **cut)

    def numbers(self, first: int, last: int) -> Numbers:
        """What groups and the others of :meth:`part` are in the whole network."""
        rows = slice(*self.row_ptr[[first, last]].tolist())
        segments = slice(*self.segment_ptr[[first, last]].tolist())
        return Numbers(
            groups=_as_they_occur(self.row_group[rows])[1],
            spans=_as_they_occur(self.span[rows])[1],
            values=_as_they_occur(self.segment_value[:, segments])[1],
            demand=self.segment_demand[segments],
        )

    @property
    def n_values(self) -> int:
        """How many values the segment columns have."""
        return _numbers(self.segment_value)

    @property
    def n_spans(self) -> int:
        """How many groups are added up run by run over components; the network is the last."""
        return _numbers(self.span)


def cycles_of(structure: Structure, bounds: Integers | None = None) -> Floats:
    """Whole replenishment cycles that are counted, per stage and batch of periods.

    A cycle starts where the order of a review is nominally received, ends before the next one, and
    counts in the batch in which it ends if it began after the warm-up. Under continuous review and
    one of every period each period is one.

    Parameters
    ----------
    structure : Structure
    bounds : ndarray of int64, shape (n_batches + 1,), optional
        Where batches begin and end, in periods after the warm-up of the component. Without it,
        all periods that are counted.

    Returns
    -------
    ndarray of float64, shape (n_stages, n_batches)
    """
    sizes = np.diff(structure.stage_ptr)
    warmup = np.repeat(structure.warmup, sizes)[:, None]
    if bounds is None:
        counted = np.repeat(structure.periods - structure.warmup, sizes)[:, None]
        edges = np.concatenate([np.zeros_like(counted), counted], axis=1)
    else:
        edges = np.broadcast_to(bounds, (len(warmup), len(bounds)))
    length = np.maximum(structure.review, 1)[:, None]
    starts = (structure.phase + structure.nominal_delay)[:, None]
    begins = (starts - warmup) % length  # first start after the warm-up
    ended = np.maximum((edges - begins) // length, 0)
    return np.asarray(np.diff(ended, axis=1), dtype=np.float64)


def scheme_of(
    compiled: CompiledNetwork,
    structure: Structure,
    prices: Prices,
    groups: Mapping[str, Integers],
    *,
    segment_values: Integers,
    demand_seen: Floats,
    runs: int,
    bounds: Integers | None = None,
) -> Scheme:
    """Describe how a whole network is measured.

    Parameters
    ----------
    compiled : CompiledNetwork
    structure : Structure
        Of the whole network.
    prices : Prices
    groups : mapping of str to ndarray of int64
        For each grouping the number of the group of each stage, (n_stages,) in compiled order, all
        from 0 without gaps: ``item`` and ``location``. The last grouping, in which all stages are
        one group, is added.
    segment_values : ndarray of int64, shape (n_columns, n_demands)
        Number of the value that each compiled demand row has in each segment column, through all
        columns.
    demand_seen : ndarray of float64, shape (n_stages,)
        Mean demand seen by each stage, units per period.
    runs : int
        Of the whole simulation; they decide which groups are added up run by run.
    bounds : ndarray of int64, optional
        Batches of periods that are measured in place of runs, as for :func:`cycles_of`; all of the
        same length.

    Returns
    -------
    Scheme
    """
    n_components = compiled.n_components
    component = np.repeat(np.arange(n_components), np.diff(structure.stage_ptr))
    codes = [*groups.values(), np.zeros(compiled.n_stages, dtype=np.int64)]
    asker_stage = np.repeat(np.arange(compiled.n_stages), np.diff(structure.asker_ptr))
    to_lane = structure.asker_lane >= 0
    outside = np.ones((len(codes), len(asker_stage)), dtype=np.int64)
    receiver = structure.receiver[structure.asker_lane[to_lane]]
    for grouping, code in enumerate(codes):
        outside[grouping, to_lane] = code[asker_stage[to_lane]] != code[receiver]
    rows = _rows(component, n_components, codes, _alike(component, asker_stage, outside), runs)
    customers = np.flatnonzero(~to_lane)
    of_component = component[asker_stage[customers]]
    first_demand = compiled.demand_ptr[compiled.component_ptr[:-1]]
    demand = structure.asker_row[customers] + (first_demand - structure.row_ptr[:-1])[of_component]
    counted = structure.periods - structure.warmup
    if bounds is not None:
        counted = np.full(n_components, bounds[1] - bounds[0])
    money = (
        prices.holding_cost,
        prices.backorder_cost,
        prices.lost_sale_cost,
        prices.order_cost,
        prices.waste_cost,
    )
    return Scheme(
        stage_ptr=structure.stage_ptr,
        segment_ptr=np.searchsorted(of_component, np.arange(n_components + 1)),
        lane_ptr=structure.lane_ptr,
        asker_ptr=structure.asker_ptr,
        review=structure.review,
        serve_delay=structure.serve_delay,
        outside=outside,
        periods=counted.astype(np.float64),
        cycles=cycles_of(structure, bounds),
        stage_money=np.stack(money, axis=1),
        lane_money=np.stack(
            [prices.holding_cost[structure.supplier], prices.expedite_cost], axis=1
        ),
        segment_asker=customers,
        segment_stage=asker_stage[customers],
        segment_demand=demand,
        segment_value=segment_values[:, demand],
        demand_seen=demand_seen,
        values_by_run=_numbers(segment_values) * len(SEGMENT_QUANTITIES) * runs <= MOST_KEPT,
        charge_pipeline=prices.charge_pipeline,
        **rows,
    )


def _alike(component: Integers, asker_stage: Integers, outside: Integers) -> Booleans:
    """Components in which the first grouping has the same askers outside as the last."""
    alike = np.ones(int(component.max(initial=-1)) + 1, dtype=bool)
    alike[component[asker_stage[outside[0] != outside[-1]]]] = False
    return alike


def _rows(
    component: Integers, n_components: int, codes: list[Integers], alike: Booleans, runs: int
) -> dict[str, Integers]:
    """Rows of groups, in the order of components, and where each of them goes."""
    first_group = np.cumsum([0, *(_numbers(code) for code in codes)])
    n_groups = int(first_group[-1])
    keys = np.stack(
        [component * n_groups + at + code for at, code in zip(first_group, codes, strict=False)]
    )
    found, at, row = np.unique(keys, return_index=True, return_inverse=True)
    # in a component as its stages come, whatever numbers the groups have in the whole network
    order = np.lexsort((at, found // n_groups))
    found, row = found[order], np.argsort(order)[row.reshape(keys.shape)]
    of_component, group = found // n_groups, found % n_groups
    parts = np.bincount(group, minlength=n_groups)
    spanning = parts > 1
    spanning[-1] = True  # of the network each run is kept
    budget = MOST_KEPT
    for grouping in reversed(range(len(codes) - 1)):
        mine = slice(first_group[grouping], first_group[grouping + 1])
        needed = int(spanning[mine].sum()) * N_POOLED * runs
        if needed > budget:
            spanning[mine] = False
        else:
            budget -= needed
    span_of_group = np.where(spanning, np.cumsum(spanning) - 1, -1)
    span, own = span_of_group[group], (~spanning[group]).astype(np.int64)
    # where what leaves a component's items is what leaves the network, their rows feed the total
    split = np.zeros(n_components, dtype=bool)
    of_first = group < first_group[1]
    split[of_component[of_first & (span >= 0)]] = True
    feeds = alike & ~split
    span[of_first & feeds[of_component]] = span_of_group[-1]
    kept = ~((group == n_groups - 1) & feeds[of_component])
    row[-1, feeds[component]] = -1
    row = np.where(row >= 0, (np.cumsum(kept) - 1)[row], -1)
    of_component, group, span, own = (array[kept] for array in (of_component, group, span, own))
    return {
        "row_ptr": np.searchsorted(of_component, np.arange(n_components + 1)),
        "row": np.ascontiguousarray(row),
        "own": own,
        "span": span,
        "row_group": group,
    }


def leaving(
    structure: Structure, share: Floats, code: Integers, demand_seen: Floats, bought: Floats
) -> Floats:
    """Mean demand that leaves each group of stages, units per period, (n_groups,).

    Parameters
    ----------
    structure : Structure
    share : ndarray of float64, shape (n_lanes,)
        Of the receiver's orders; 1 for a lane without alternatives.
    code : ndarray of int64, shape (n_stages,)
        Group of a stage.
    demand_seen, bought : ndarray of float64, shape (n_stages,)
        Mean demand seen, and that of the stage's own customers.
    """
    total = np.zeros(_numbers(code))
    np.add.at(total, code, bought)
    out = code[structure.supplier] != code[structure.receiver]
    flow = structure.units * share * demand_seen[structure.receiver]
    np.add.at(total, code[structure.supplier[out]], flow[out])
    return total


def _as_they_occur(numbers: Integers) -> tuple[Integers, Integers]:
    """Number from 0 what occurs, in that order, and say what each stands for; -1 stays -1."""
    found, at, place = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(np.where(found < 0, -1, at), kind="stable")
    none = int((found < 0).any())
    return np.argsort(order)[place.reshape(numbers.shape)] - none, found[order][none:]


def _numbers(codes: Integers) -> int:
    """How many numbers from 0 on are used."""
    return int(codes.max(initial=-1)) + 1
