"""Labels put back: what was measured of a network to the frames of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.simulation.columns import FAN, PATHS
from echelon.simulation.described.cells import same_stages
from echelon.simulation.measured.estimates import GROUP, SEGMENT, STAGE, Estimates
from echelon.simulation.measured.gathered import Gathered
from echelon.simulation.measured.labels import Labels
from echelon.simulation.measured.moments import Moments, group_means
from echelon.simulation.measured.quantiles import LevelRuns, Runs
from echelon.simulation.result import no_rows

if TYPE_CHECKING:
    from echelon.policies.plan import Plan


def stage_frame(network: Network, gathered: Gathered) -> pd.DataFrame:
    """Measures of the stages that went well, in the row order of ``Network.stages``."""
    rows = _stage_rows(network, gathered)
    keys = network.columns("stages", ("item", "location")).iloc[network.compiled.stage_row[rows]]
    return _framed(keys, STAGE.measures, gathered.stages, rows)


def segment_frame(network: Network, gathered: Gathered) -> pd.DataFrame:
    """Measures of the segments that went well, in the row order of ``Network.demand``."""
    rows = _segment_rows(network, gathered)
    keys = _segment_keys(network, rows)
    return _framed(keys, SEGMENT.measures, gathered.segments, rows)


def group_frame(labels: Labels, gathered: Gathered, grouping: str) -> pd.DataFrame:
    """Measures of every ``item`` or ``location`` of which some stage went well."""
    own = labels.slice_of(grouping)
    rows = own.start + np.flatnonzero(~np.isnan(gathered.groups.value[0, own]))
    keys = pd.DataFrame({grouping: labels.names[grouping][rows - own.start]})
    return _framed(keys, GROUP.measures, gathered.groups, rows)


def total_frame(gathered: Gathered) -> pd.DataFrame:
    """One row for the network; none where everything failed."""
    rows = np.flatnonzero(~np.isnan(gathered.groups.value[0, -1:])) - 1
    return _framed(pd.DataFrame(index=range(len(rows))), GROUP.measures, gathered.groups, rows)


def segment_total_frame(labels: Labels, gathered: Gathered) -> pd.DataFrame:
    """Measures of all customers with the same value of a segment column."""
    rows = np.flatnonzero(~np.isnan(gathered.values.value[0]))
    keys = labels.segment_names.iloc[rows]
    return _framed(keys, SEGMENT.measures, gathered.values, rows)


def runs_of(
    network: Network,
    labels: Labels,
    gathered: Gathered,
    *,
    demand_seen: Floats,
    leaving: Floats,
    group: int,
) -> Runs:
    """Quantities of every run of the levels at which they were kept.

    Parameters
    ----------
    network, labels, gathered
    demand_seen, leaving : ndarray of float64
        As for the scheme and for gathering.
    group : int
        Runs that depend on each other.
    """
    total = pd.DataFrame(index=range(len(gathered.total_runs)))
    levels = {"total": LevelRuns(GROUP, total, gathered.total_runs, leaving[-1:])}
    if gathered.value_runs is not None:
        nothing = np.zeros(len(gathered.value_runs))
        keys = labels.segment_names
        levels["segment_total"] = LevelRuns(SEGMENT, keys, gathered.value_runs, nothing)
    if gathered.stage_runs is not None:
        rows = _stage_rows(network, gathered)
        keys = network.columns("stages", ("item", "location")).iloc[
            network.compiled.stage_row[rows]
        ]
        levels["stage"] = LevelRuns(STAGE, keys, gathered.stage_runs[rows], demand_seen[rows])
    if gathered.segment_runs is not None:
        rows = _segment_rows(network, gathered)
        levels["segment"] = LevelRuns(
            SEGMENT, _segment_keys(network, rows), gathered.segment_runs[rows], np.zeros(len(rows))
        )
    if gathered.group_runs is not None:
        for grouping, names in labels.names.items():
            own = labels.slice_of(grouping)
            keys = pd.DataFrame({grouping: names})
            levels[grouping] = LevelRuns(GROUP, keys, gathered.group_runs[own], leaving[own])
    return Runs(levels=levels, group=group)


def disruption_frame(
    network: Network, table_row: Integers, sums: Floats, *, group: int
) -> pd.DataFrame:
    """What each disruption did and how long service survived it.

    Parameters
    ----------
    network : Network
    table_row : ndarray of int64, shape (n_disruptions,)
        Row of ``Network.disruptions`` of each disruption in ``sums``.
    sums : ndarray of float64, shape (5, n_disruptions, n_runs)
        Of each run, in the order of :data:`DISRUPTION_SUMS`.
    group : int
        Runs that depend on each other.

    Returns
    -------
    DataFrame
        In the row order of ``Network.disruptions``. Times are means over the events that have one.
    """
    keys = ["name", "item", "location", "from_item", "from_location", "to_item", "to_location"]
    here = np.flatnonzero(~np.isnan(sums[0]).any(axis=1)) if sums.shape[2] else np.arange(0)
    if not len(here):
        return no_rows("disruptions")
    here = here[np.argsort(table_row[here], kind="stable")]
    events, survived, survive, recover, recovered = group_means(sums[:, here], group)
    n = events.shape[1]
    pairs = {
        "events": (events, np.ones_like(events)),
        "share_survived": (survived, events),
        "time_to_survive": (survive, events - survived),
        "time_to_recover": (recover, recovered),
    }
    columns = {}
    for name, (top, bottom) in pairs.items():
        moments = Moments.of(np.stack([top, bottom], axis=1), [(0, 1)])
        with np.errstate(divide="ignore", invalid="ignore"):
            below = np.where(moments.mean[:, 1] > 0.0, moments.mean[:, 1], np.nan)
            ratio = moments.mean[:, 0] / below
            apart = moments.spread[:, 0] - 2.0 * ratio * moments.cross[:, 0]
            apart = np.maximum(apart + ratio**2 * moments.spread[:, 1], 0.0)
            error = np.sqrt(apart / (n - 1) / n) / below if n > 1 else np.full_like(ratio, np.nan)
        columns[name], columns[f"{name}_se"] = ratio, error
    frame = network.disruptions[keys].iloc[table_row[here]].reset_index(drop=True)
    return pd.concat([frame, pd.DataFrame(columns)], axis=1)


def path_frame(
    network: Network, stages: Sequence[int], paths: Mapping[str, Floats], warmups: Integers
) -> pd.DataFrame:
    """Mean and quantiles over the runs, period by period, of some stages.

    Parameters
    ----------
    network : Network
    stages : sequence of int
        Their places in the compiled network.
    paths : mapping of str to ndarray of float64, shape (n_stages, n_periods, n_runs)
        ``on_hand``, ``backorders`` and ``net_inventory`` at the end of each period, warm-up
        included.
    warmups : ndarray of int64, shape (n_stages,)
        First period counted, of each stage.

    Returns
    -------
    DataFrame
        Columns of :data:`PATHS`, by period and then in the order of ``stages``.
    """
    n_stages, n_periods, _ = paths["on_hand"].shape
    keys = network.columns("stages", ("item", "location")).iloc[
        network.compiled.stage_row[list(stages)]
    ]
    period = np.repeat(np.arange(n_periods), n_stages)
    columns: dict[str, np.ndarray] = {
        "period": period,
        "item": np.tile(keys["item"].to_numpy(), n_periods),
        "location": np.tile(keys["location"].to_numpy(), n_periods),
        "counted": period >= np.tile(warmups, n_periods),
    }
    for name, values in paths.items():
        columns[name] = values.mean(axis=2).T.ravel()
        fan = np.quantile(values, list(FAN.values()), axis=2)
        for suffix, quantile in zip(FAN, fan, strict=True):
            columns[f"{name}_{suffix}"] = quantile.T.ravel()
    return pd.DataFrame(columns, columns=list(PATHS.names))


def warmup_frame(network: Network, warmups: Integers, how: Sequence[str]) -> pd.DataFrame:
    """First period counted of each component and how it was found.

    Parameters
    ----------
    network : Network
    warmups : ndarray of int64, shape (n_components,)
    how : sequence of str
        ``given``, ``exact``, ``detected`` or whatever found it.

    Returns
    -------
    DataFrame
        component, the item and location of its last stage, warmup, found.
    """
    compiled = network.compiled
    last = compiled.stage_row[compiled.component_ptr[1:] - 1]
    keys = network.columns("stages", ("item", "location")).iloc[last].reset_index(drop=True)
    frame = pd.DataFrame({"component": compiled.component_id, **keys, "warmup": warmups})
    return frame.assign(found=list(how))


def service_frame(
    network: Network,
    plan: Plan | None,
    service_time: Integers,
    gathered: Gathered,
    stages: pd.DataFrame,
) -> pd.DataFrame:
    """Promised and simulated cycle service level of the stages that have customers.

    Parameters
    ----------
    network : Network
    plan : Plan or None
    service_time : ndarray of int64, shape (n_stages,)
        In compiled order.
    gathered : Gathered
    stages : DataFrame
        Of :func:`stage_frame`.
    """
    key = ["item", "location"]
    places = _stage_rows(network, gathered)
    sells = np.diff(network.compiled.demand_ptr)[places] > 0
    simulated, error = (
        stages[f"cycle_service_level{end}"].to_numpy()[sells] for end in ("", "_se")
    )
    keys = stages[key].iloc[np.flatnonzero(sells)].reset_index(drop=True)
    if plan is None:
        promised = np.full(len(keys), np.nan)
    elif same_stages(plan.stages, stages):
        promised = plan.stages["service_level"].to_numpy(dtype=np.float64, na_value=np.nan)[sells]
    else:
        levels = plan.stages[[*key, "service_level"]]
        found = keys.merge(levels, on=key, how="left", validate="one_to_one")
        promised = found["service_level"].to_numpy(dtype=np.float64, na_value=np.nan)
    # no variation between replications: nought errors where there is no difference, else unknown
    with np.errstate(invalid="ignore"):
        apart = (simulated - promised) / np.where(error > 0.0, error, np.nan)
    return keys.assign(
        service_time=service_time[places[sells]],
        promised=promised,
        simulated=simulated,
        simulated_se=error,
        difference_in_se=np.where(simulated == promised, 0.0, apart),
    )


def _stage_rows(network: Network, gathered: Gathered) -> Integers:
    """Places of the stages that went well, in the order of the table."""
    rows = np.flatnonzero(~np.isnan(gathered.stages.value[0]))
    return np.asarray(rows[np.argsort(network.compiled.stage_row[rows], kind="stable")])


def _segment_rows(network: Network, gathered: Gathered) -> Integers:
    rows = np.flatnonzero(~np.isnan(gathered.segments.value[0]))
    return np.asarray(rows[np.argsort(network.compiled.demand_row[rows], kind="stable")])


def _segment_keys(network: Network, rows: Integers) -> pd.DataFrame:
    key = ["item", "location", *network.segments]
    return network.columns("demand", key).iloc[network.compiled.demand_row[rows]]


def _framed(
    keys: pd.DataFrame, measures: Sequence[str], estimates: Estimates, rows: Integers
) -> pd.DataFrame:
    """Keys and, measure by measure, value and standard error of some rows."""
    values = estimates.both  # one block, and no copy where it is in order: a portfolio's is large
    if len(rows) and rows[0] >= 0 and (np.diff(rows) == 1).all():
        values = values[:, int(rows[0]) : int(rows[0]) + len(rows)]
    else:
        values = values[:, rows]
    names = [name for measure in measures for name in (measure, f"{measure}_se")]
    frame = pd.DataFrame(values.T, columns=names, copy=False)
    for place, name in enumerate(keys.columns):
        column = keys[name]
        # what is stored as pandas stores text is not made into objects and back
        frame.insert(place, name, column.array if column.dtype == "str" else column.to_numpy())
    return frame
