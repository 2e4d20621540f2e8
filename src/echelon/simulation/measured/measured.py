"""Blocks of runs of a shard, measured and merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from echelon.kernels.flow_arrays import FeatureSums, Sums
from echelon.kernels.measures import measure
from echelon.kernels.quantities import N_CROSSES, N_POOLED, N_POOLED_CROSSES, N_QUANTITIES
from echelon.kernels.segment_measures import measure_segments
from echelon.network.compiled import Floats, Integers
from echelon.simulation.measured.estimates import GROUP, SEGMENT, STAGE, Estimates, estimate
from echelon.simulation.measured.moments import Moments, add_rows, group_means
from echelon.simulation.measured.scheme import Numbers, Scheme

FEW_NUMBERS: Final = 5e6
"""Quantities of every run at every stage: 40 MB."""

_NO_NUMBERS: Final = np.zeros(0, dtype=np.int64)

DISRUPTION_SUMS: Final = ("events", "survived", "survive", "recover", "recovered")
"""Fields of ``FeatureSums`` that say what disruptions did."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Quantities of every run: (n_rows, n_quantities, n_runs) of stages, of rows, of segments."""

    stages: Floats
    rows: Floats
    segments: Floats


@dataclass(frozen=True, slots=True)
class Measured:
    """Some runs of a shard.

    Attributes
    ----------
    stages, rows, segments : Moments
        Over independent runs or groups of dependent ones.
    spans : (n_touched, n_pooled, n_runs) float64
        Quantities of the groups of several components that this shard has a part in.
    values : (n_values, 6, n_runs) float64
        Quantities of the values of segment columns that this shard has.
    disruptions : (5, n_disruptions, n_runs) float64
        What ``FeatureSums`` says of them.
    kept : Kept or None
    group : int
        Runs that depend on each other.
    """

    stages: Moments
    rows: Moments
    segments: Moments
    spans: Floats
    values: Floats
    disruptions: Floats
    kept: Kept | None
    group: int

    def finish(self, scheme: Scheme) -> Finished:
        """Turn moments into estimates once all runs are there."""
        own = np.flatnonzero(scheme.own)
        return Finished(
            stages=estimate(self.stages, STAGE, scheme.demand_seen),
            segments=estimate(self.segments, SEGMENT, np.zeros(len(self.segments.mean))),
            rows=self.rows.rows(own),
            row_group=scheme.row_group[own],
            spans=self.spans,
            span_of=_touched(scheme.span),
            values=self.values if scheme.values_by_run else None,
            value_moments=Moments.of(group_means(self.values, self.group), SEGMENT.pair_numbers),
            value_of=_touched(scheme.segment_value),
            segment_demand=scheme.segment_demand,
            disruptions=self.disruptions,
            kept=None
            if self.kept is None
            else Kept(self.kept.stages, self.kept.rows[own], self.kept.segments),
            group=self.group,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """All runs of a shard: estimates of what lies within it, sums of what does not.

    ``row_group``, ``span_of``, ``value_of`` and ``segment_demand`` say which groups, spans, values
    and compiled demand rows the rows of the other arrays are: of the shard as :meth:`Scheme.part`
    numbers them, of the network once they are :meth:`placed`.
    """

    stages: Estimates
    segments: Estimates
    rows: Moments
    row_group: Integers
    spans: Floats
    span_of: Integers
    values: Floats | None
    value_moments: Moments
    value_of: Integers
    segment_demand: Integers
    disruptions: Floats
    kept: Kept | None
    group: int

    def placed(self, numbers: Numbers) -> Finished:
        """Name groups, spans, values and demand rows by their numbers in the network."""
        return replace(
            self,
            row_group=numbers.groups[self.row_group],
            span_of=numbers.spans[self.span_of],
            value_of=numbers.values[self.value_of],
            segment_demand=numbers.demand[self.segment_demand],
        )

    def without_rows(self) -> Finished:
        """What is left once estimates, spans and the moments of rows are elsewhere."""
        nothing = Estimates.blank(0, 0)
        return replace(
            self,
            stages=nothing,
            segments=nothing,
            rows=Moments.none(0, 0, 0),
            spans=np.zeros((0, 0, 0)),
            span_of=_NO_NUMBERS,
        )


def merged(parts: Sequence[Measured]) -> Measured:
    """Blocks of runs of the same shard, one after the other.

    All at once: what is kept of every run is then copied once, however many blocks there are.
    """
    first = parts[0]
    stages, rows, segments = first.stages, first.rows, first.segments
    for part in parts[1:]:
        stages = stages.merge(part.stages, STAGE.pair_numbers)
        rows = rows.merge(part.rows, GROUP.pair_numbers)
        segments = segments.merge(part.segments, SEGMENT.pair_numbers)
    kept = [part.kept for part in parts if part.kept is not None]
    return Measured(
        stages=stages,
        rows=rows,
        segments=segments,
        spans=_side_by_side([part.spans for part in parts]),
        values=_side_by_side([part.values for part in parts]),
        disruptions=_side_by_side([part.disruptions for part in parts]),
        kept=Kept(
            stages=_side_by_side([one.stages for one in kept]),
            rows=_side_by_side([one.rows for one in kept]),
            segments=_side_by_side([one.segments for one in kept]),
        )
        if len(kept) == len(parts)
        else None,
        group=first.group,
    )


def _side_by_side(arrays: Sequence[Floats]) -> Floats:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=2)


def keeps_runs(n_stages: int, runs: int, *, asked: bool | None) -> bool:
    """Whether a simulation keeps the quantities of every run at every stage.

    Where nobody says, it does if that takes no more than :data:`FEW_NUMBERS`.
    """
    return n_stages * N_QUANTITIES * runs <= FEW_NUMBERS if asked is None else asked


def measure_shard(
    scheme: Scheme,
    sums: Sums,
    feature_sums: FeatureSums | None,
    *,
    n_runs: int,
    group: int = 1,
    keep: bool = False,
) -> Measured:
    """Measure a block of runs of a shard.

    Parameters
    ----------
    scheme : Scheme
        Of the components of the shard.
    sums : Sums
        Of the counted periods, (rows, at least n_runs).
    feature_sums : FeatureSums, optional
        None if no component of the shard has a feature.
    n_runs : int
        Runs used, a multiple of ``group``; batches of one long run count as runs.
    group : int, default 1
        Runs that depend on each other: 2 for antithetic pairs, 16 for strata.
    keep : bool, default False
        Also keep the quantities of every run.

    Returns
    -------
    Measured
    """
    n_stages, n_rows, n_segments = (
        len(scheme.review),
        len(scheme.row_group),
        len(scheme.segment_asker),
    )
    width = max(n_runs, 1)
    rich = feature_sums is not None
    none = np.zeros((1, width))
    features = tuple(feature_sums)[:6] if feature_sums is not None else (none,) * 6
    touched = _touched(scheme.span)
    stages = _moment_arrays(n_stages, N_QUANTITIES, N_CROSSES)
    rows = _moment_arrays(n_rows, N_POOLED, N_POOLED_CROSSES)
    most_rows = int(np.diff(scheme.row_ptr).max(initial=0))
    spans = np.zeros((len(touched), N_POOLED, width))
    kept_stages = np.empty((n_stages if keep else 0, N_QUANTITIES, n_runs))
    kept_rows = np.empty((n_rows if keep else 0, N_POOLED, n_runs))
    measure(
        (scheme.stage_ptr, scheme.lane_ptr, scheme.asker_ptr, scheme.review, scheme.serve_delay),
        (scheme.row_ptr, scheme.row, scheme.outside, scheme.own, _local(scheme.span, touched)),
        (scheme.periods, scheme.cycles, scheme.stage_money, scheme.lane_money),
        scheme.charge_pipeline,
        tuple(sums),
        rich,
        features,
        n_runs,
        group,
        np.empty((N_QUANTITIES, width)),
        np.empty((most_rows, N_POOLED, width)),
        stages,
        rows,
        spans,
        kept_stages,
        kept_rows,
    )
    n_quantities = len(SEGMENT.quantities)
    segments = np.empty((n_segments, n_quantities, n_runs))
    of_segments = _moment_arrays(n_segments, n_quantities, len(SEGMENT.pairs))
    component = np.repeat(np.arange(len(scheme.periods)), np.diff(scheme.segment_ptr))
    measure_segments(
        scheme.segment_asker,
        scheme.segment_stage,
        scheme.serve_delay,
        scheme.periods[component],
        scheme.stage_money,
        sums.late,
        sums.due,
        sums.on_time,
        rich,
        features[4],
        n_runs,
        group,
        np.empty((n_quantities, n_runs)),
        segments,
        *of_segments,
    )
    n = n_runs // group
    disruptions = np.zeros((len(DISRUPTION_SUMS), 0, n_runs))
    if feature_sums is not None:
        of = [getattr(feature_sums, name)[:, :n_runs] for name in DISRUPTION_SUMS]
        disruptions = np.stack(of)
    return Measured(
        stages=Moments(n, *stages),
        rows=Moments(n, *rows),
        segments=Moments(n, *of_segments),
        spans=spans,
        values=_by_value(segments, scheme.segment_value),
        disruptions=disruptions,
        kept=Kept(kept_stages, kept_rows, segments) if keep else None,
        group=group,
    )


def _moment_arrays(n_rows: int, n_quantities: int, n_pairs: int) -> tuple[Floats, Floats, Floats]:
    return (
        np.zeros((n_rows, n_quantities)),
        np.zeros((n_rows, n_quantities)),
        np.zeros((n_rows, n_pairs)),
    )


def _touched(numbers: Integers) -> Integers:
    """Which numbers of the whole network occur, ascending; -1 is none."""
    found = np.unique(numbers)
    return found[found >= 0]


def _local(numbers: Integers, touched: Integers) -> Integers:
    """Places of numbers among those that occur; -1 stays -1."""
    return np.where(numbers >= 0, np.searchsorted(touched, numbers), -1)


def _by_value(segments: Floats, value: Integers) -> Floats:
    """Add up segments that have a value of a segment column in common, run by run."""
    touched = _touched(value)
    total = np.zeros((len(touched), *segments.shape[1:]))
    for of_column in value:
        add_rows(segments, np.searchsorted(touched, of_column), total)
    return total
