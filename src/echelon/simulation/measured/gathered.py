"""Shards brought together: estimates of a whole network, its groups and its segments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from echelon.kernels.quantities import N_POOLED, N_QUANTITIES
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.measured.estimates import GROUP, SEGMENT, STAGE, Estimates, Level, estimate
from echelon.simulation.measured.measured import DISRUPTION_SUMS, Finished, Kept
from echelon.simulation.measured.moments import Moments, add_rows, group_means, joined
from echelon.simulation.measured.scheme import Scheme

_AT_A_TIME: Final = 4096
"""Groups estimated at once: what is made on the way is as large as the estimates."""

Parts: TypeAlias = list[tuple[int, int, Finished]]
"""Shards in order: first component, component after the last, what came of them."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A whole network.

    Attributes
    ----------
    stages : Estimates
        Of all stages, in compiled order; NaN where the component failed.
    segments : Estimates
        Of all compiled demand rows; NaN likewise.
    groups : Estimates
        Of all groups, those of the first grouping first, the network last.
    values : Estimates
        Of all values of segment columns.
    pooled : (n_groups,) bool
        Groups of several components whose variances were added as those of independent parts,
        for want of room to add them up run by run.
    disruptions : (5, n_disruptions, n_runs) float64
        Sums of each run; NaN where the component failed.
    total_runs : (1, n_pooled, n_runs) float64
        Quantities of the network in each run.
    stage_runs, group_runs, segment_runs, value_runs : ndarray of float64 or None
        Quantities of each run, of the same rows as the estimates; None if they were not kept.
    """

    stages: Estimates
    segments: Estimates
    groups: Estimates
    values: Estimates
    pooled: Booleans
    disruptions: Floats
    total_runs: Floats
    stage_runs: Floats | None
    group_runs: Floats | None
    segment_runs: Floats | None
    value_runs: Floats | None


def gather(
    scheme: Scheme,
    shards: Iterable[tuple[int, int, Finished]],
    *,
    leaving: Floats,
    disruption_ptr: Integers | None = None,
) -> Gathered:
    """Bring the shards of a network together.

    Parameters
    ----------
    scheme : Scheme
        Of the whole network.
    shards : iterable of (first, last, Finished)
        Components ``first`` up to, not including, ``last``, in order; those that failed are left
        out.
    leaving : ndarray of float64, shape (n_groups,)
        Mean demand that leaves each group, units per period.
    disruption_ptr : ndarray of int64, shape (n_components + 1,), optional
        Disruptions of each component; without it there are none.

    Returns
    -------
    Gathered
        Groups and values count the components that are there. All NaN if there is none.
    """
    n_groups = len(leaving)
    n_stages = len(scheme.review)
    stages = Estimates(np.empty((2 * len(STAGE.measures), n_stages)))
    missing = np.ones(n_stages, dtype=np.bool_)
    segments = Estimates.blank(len(SEGMENT.measures), len(scheme.segment_demand))
    spans = np.zeros((0, N_POOLED, 0))
    met = np.zeros(scheme.n_spans, dtype=bool)
    rows = Moments.none(n_groups, len(GROUP.quantities), len(GROUP.pairs))
    counts = np.zeros(n_groups, dtype=np.int64)
    parts: Parts = []
    for first, last, part in shards:
        if not parts:
            spans = np.zeros((scheme.n_spans, N_POOLED, part.spans.shape[2]))
        own = slice(*scheme.stage_ptr[[first, last]].tolist())
        stages.both[:, own] = part.stages.both
        missing[own] = False
        segments.both[:, part.segment_demand] = part.segments.both
        add_rows(part.spans, part.span_of, spans)
        met[part.span_of] = True
        rows = rows.with_rows(part.row_group, part.rows)
        np.add.at(counts, part.row_group, 1)
        parts.append((first, last, part.without_rows()))  # what has its place is let go
    stages.both[:, missing] = np.nan
    if not parts:
        return _nothing(scheme, stages, segments, n_groups)
    n_runs, group = spans.shape[2], parts[0][2].group
    groups, pooled, of_span = _groups(scheme, rows, counts, spans, met, group, leaving)
    values, value_runs = _values(scheme, parts, n_runs, group)
    kept = _kept(scheme, parts, n_groups, n_runs)
    if kept is not None:
        kept.rows[of_span] = spans[met]
    return Gathered(
        stages=stages,
        segments=segments,
        groups=groups,
        values=values,
        pooled=pooled,
        disruptions=_disruptions(parts, disruption_ptr, n_runs),
        total_runs=spans[-1:],
        stage_runs=None if kept is None else kept.stages,
        group_runs=None if kept is None else kept.rows,
        segment_runs=None if kept is None else kept.segments,
        value_runs=value_runs,
    )


def _disruptions(parts: Parts, ptr: Integers | None, n_runs: int) -> Floats:
    """What disruptions did in each run, NaN in components that failed."""
    found = np.full((len(DISRUPTION_SUMS), 0 if ptr is None else int(ptr[-1]), n_runs), np.nan)
    for first, last, part in parts:
        if ptr is not None and ptr[last] > ptr[first]:
            found[:, ptr[first] : ptr[last]] = part.disruptions
    return found


def _groups(
    scheme: Scheme,
    rows: Moments,
    counts: Integers,
    spans: Floats,
    met: Booleans,
    group: int,
    leaving: Floats,
) -> tuple[Estimates, Booleans, Integers]:
    """Estimates of groups, which of them are pooled, and the group of each span that is met."""
    groups = Estimates.blank(len(GROUP.measures), len(leaving))
    here = np.flatnonzero(counts)
    for first in range(0, len(here), _AT_A_TIME):
        at = here[first : first + _AT_A_TIME]
        groups.both[:, at] = estimate(rows.rows(at), GROUP, leaving[at]).both
    of_span = _group_of_span(scheme, len(leaving))[met]
    across = _moments(spans[met], group, GROUP)
    groups.both[:, of_span] = estimate(across, GROUP, leaving[of_span]).both
    return groups, counts > 1, of_span


def _group_of_span(scheme: Scheme, n_groups: int) -> Integers:
    group = np.zeros(scheme.n_spans, dtype=np.int64)
    across = scheme.own == 0
    group[scheme.span[across]] = scheme.row_group[across]
    group[-1] = n_groups - 1  # the network, which rows of items may feed
    return group


def _values(
    scheme: Scheme, parts: Parts, n_runs: int, group: int
) -> tuple[Estimates, Floats | None]:
    """Estimates of the values of segment columns, and their quantities in each run."""
    if not scheme.values_by_run:
        value_of = np.concatenate([part.value_of for _, _, part in parts])
        moments = joined([part.value_moments for _, _, part in parts])
        added = moments.added(value_of, scheme.n_values)
        return estimate(added, SEGMENT, np.zeros(scheme.n_values)), None
    runs = np.zeros((scheme.n_values, len(SEGMENT.quantities), n_runs))
    for _, _, part in parts:
        if part.values is not None:
            runs[part.value_of] += part.values
    return estimate(_moments(runs, group, SEGMENT), SEGMENT, np.zeros(len(runs))), runs


def _kept(scheme: Scheme, parts: Parts, n_groups: int, n_runs: int) -> Kept | None:
    """Quantities of each run of the network's stages, groups and demand rows, if all have them."""
    if any(part.kept is None for _, _, part in parts):
        return None
    n_stages = len(scheme.review)
    stages = np.empty((n_stages, N_QUANTITIES, n_runs))
    missing = np.ones(n_stages, dtype=np.bool_)
    segments = np.full((len(scheme.segment_demand), len(SEGMENT.quantities), n_runs), np.nan)
    rows = np.zeros((n_groups, N_POOLED, n_runs))
    for first, last, part in parts:
        if part.kept is not None:
            own = slice(*scheme.stage_ptr[[first, last]].tolist())
            if len(part.kept.stages) == n_stages:
                stages = part.kept.stages  # all there is, and large
            else:
                stages[own] = part.kept.stages
            missing[own] = False
            segments[part.segment_demand] = part.kept.segments
            add_rows(part.kept.rows, part.row_group, rows)
    stages[missing] = np.nan
    return Kept(stages, rows, segments)


def _nothing(scheme: Scheme, stages: Estimates, segments: Estimates, n_groups: int) -> Gathered:
    """What is known when every component failed."""
    return Gathered(
        stages=stages,
        segments=segments,
        groups=Estimates.blank(len(GROUP.measures), n_groups),
        values=Estimates.blank(len(SEGMENT.measures), scheme.n_values),
        pooled=np.zeros(n_groups, dtype=bool),
        disruptions=np.zeros((len(DISRUPTION_SUMS), 0, 0)),
        total_runs=np.zeros((1, N_POOLED, 0)),
        stage_runs=None,
        group_runs=None,
        segment_runs=None,
        value_runs=None,
    )


def _moments(values: Floats, group: int, level: Level) -> Moments:
    return Moments.of(group_means(values, group), level.pair_numbers)
