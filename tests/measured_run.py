"""A small driver: the readable engine, measured into the frames of a result."""

from __future__ import annotations

import numpy as np

from echelon.kernels.flow_arrays import FeatureSums, Sums
from echelon.results import Provenance, no_failures
from echelon.simulation.described.layout import lay_out
from echelon.simulation.described.levels import levels_of
from echelon.simulation.measured import output
from echelon.simulation.measured.gathered import gather
from echelon.simulation.measured.labels import labels_of
from echelon.simulation.measured.measured import measure_shard, merged
from echelon.simulation.measured.scheme import Prices, scheme_of
from echelon.simulation.plain.flow import flow
from echelon.simulation.result import Simulation, no_rows


def measured_run(network, *, periods=60, warmup=10, runs=40, seed=1, keep=True, fail=()):
    """Simulate a network whose demand is normal and whose other rows are disruptions by date."""
    problems: list[str] = []
    levels, _ = levels_of(network, None, problems)
    assert not problems, problems
    compiled = network.compiled
    ends = np.full(compiled.n_components, warmup + periods)
    layout = lay_out(network, levels, warmups=np.full_like(ends, warmup), periods=ends)
    structure, features = layout.structure, layout.feature_set.features
    table_row = layout.feature_set.disruption_row
    stages = network.stages.iloc[compiled.stage_row]
    lanes = network.lanes.iloc[compiled.lane_row]
    prices = Prices(
        compiled.holding_cost,
        compiled.backorder_cost,
        *(stages[name].to_numpy(float) for name in ("lost_sale_cost", "order_cost", "waste_cost")),
        np.nan_to_num(lanes["expedite_cost"].to_numpy(float)),
        charge_pipeline=False,
    )
    labels = labels_of(network)
    scheme = scheme_of(
        compiled,
        structure,
        prices,
        labels.groups,
        segment_values=labels.segment_values,
        demand_seen=levels.demand_seen,
        runs=runs,
    )
    parts = []
    for c in range(compiled.n_components):
        if c in fail:
            continue
        own, own_features = layout.shard(c, c + 1)
        draws = np.ones((int(own.row_ptr[-1]), warmup + periods, runs))
        demand = slice(*compiled.demand_ptr[structure.stage_ptr[[c, c + 1]]])
        for i, (mean, std) in enumerate(
            zip(compiled.demand_mean[demand], compiled.demand_std[demand], strict=True)
        ):
            rng = np.random.default_rng([seed, c, i])
            draws[i] = np.maximum(rng.normal(mean, std, draws.shape[1:]), 0.0)
        table = network.disruptions.iloc[table_row[slice(*features.disruption_ptr[[c, c + 1]])]]
        for row, event in zip(own_features.disruption_row, table.itertuples(), strict=True):
            draws[row] = 0.0
            draws[row, int(event.first_period) : int(event.last_period) + 1] = 1.0
        sums, rich = flow(own, own_features, draws)
        part = scheme.part(c, c + 1)
        half = runs // 2
        blocks = [
            measure_shard(
                part,
                Sums(*(np.ascontiguousarray(a[:, block]) for a in sums)),
                FeatureSums(*(np.ascontiguousarray(a[:, block]) for a in rich)),
                n_runs=half,
                keep=keep,
            )
            for block in (slice(half), slice(half, runs))
        ]
        parts.append((c, c + 1, merged(blocks).finish(part).placed(scheme.numbers(c, c + 1))))
    share = compiled.pred_share
    leaving = labels.leaving(network, structure, share, levels.demand_seen)
    gathered = gather(scheme, parts, leaving=leaving, disruption_ptr=features.disruption_ptr)
    frame = output.stage_frame(network, gathered)
    return Simulation(
        failures=no_failures(),
        provenance=Provenance(arguments={}, tables={}, seconds={}, seed=seed),
        stages=frame,
        total=output.total_frame(gathered),
        service=output.service_frame(network, None, levels.service_time, gathered, frame),
        trace=no_rows("trace"),
        periods=periods,
        warmup=warmup,
        replications=runs,
        period=network.period,
        periods_per_year=network.periods_per_year,
        segments=output.segment_frame(network, gathered),
        segment_totals=output.segment_total_frame(labels, gathered),
        items=output.group_frame(labels, gathered, "item"),
        locations=output.group_frame(labels, gathered, "location"),
        warmups=output.warmup_frame(
            network, np.full_like(ends, warmup), ["given"] * compiled.n_components
        ),
        disruptions=output.disruption_frame(
            network,
            table_row,
            gathered.disruptions,
            group=1,
        ),
        segment_columns=network.segments,
        runs=output.runs_of(
            network, labels, gathered, demand_seen=levels.demand_seen, leaving=leaving, group=1
        ),
    )
