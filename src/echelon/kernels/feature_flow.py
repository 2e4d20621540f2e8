"""Material and orders of one component, period by period, with every feature.

The recursion follows the convention; its readable twin is :mod:`echelon.simulation.plain.flow`,
and a property test holds the two together. What all components have in common is done with the
same operations in the same order as in :mod:`echelon.kernels.plain_flow`, so that a feature that
is configured and never acts changes no bit.

A feature that is off at a stage costs one branch there per period, and none per run.
"""

from __future__ import annotations

from echelon.kernels import flow_rows as rows_of
from echelon.kernels._jit import Floats, jit
from echelon.kernels.feature_flow_count import count, expire_parts
from echelon.kernels.feature_flow_disruptions import follow_events, states
from echelon.kernels.feature_flow_make import make
from echelon.kernels.feature_flow_orders import orders_up
from echelon.kernels.feature_flow_rows import (
    ASKER_ROWS,
    BAD,
    NOW,
    ON_HAND,
    SHIPPED,
    STAGE_ROWS,
    STORED,
    place_of,
)
from echelon.kernels.feature_flow_send import send
from echelon.kernels.feature_flow_service import serve_all
from echelon.kernels.feature_flow_shares import keep
from echelon.kernels.feature_flow_state import FeatureState
from echelon.kernels.flow_arrays import (
    ECHELON_BASE_STOCK,
    Features,
    FeatureSums,
    Structure,
    Sums,
)
from echelon.kernels.shelf_watch import look, look_is_due


@jit
def feature_flow(
    structure: Structure,
    features: Features,
    component: int,
    draws: Floats,
    first_period: int,
    n_periods: int,
    n_runs: int,
    state: FeatureState,
    sums: Sums,
    feature_sums: FeatureSums,
) -> None:
    """Run one component through a block of periods; state and sums are carried on.

    Parameters
    ----------
    structure, features
        Of the shard.
    component : int
        Which of its components.
    draws : (n_rows, >= n_periods, WIDTH) float64
        The component's drawn rows, numbered from ``structure.row_ptr[component]``: demand in units
        (negative is a return), times in whole periods, good shares, states of disruptions.
    first_period, n_periods : int
        Of the block. All periods up to ``structure.periods[component]`` have to be run: what is on
        its way is counted when it leaves, for all the periods that it will be.
    n_runs : int
        How many of the ``WIDTH`` runs are used.
    state : FeatureState
        Of the component, as the block before left it; overwritten.
    sums, feature_sums
        Of the shard; added to.
    """
    p = place_of(structure, features, component, n_runs)
    echelon = False
    for j in range(p.first, p.last):
        echelon = echelon or features.policy[j] == ECHELON_BASE_STOCK
    for step in range(n_periods):
        period = first_period + step
        counted = period >= p.warmup
        rows_of.fill(n_runs, state.rows, p.work + NOW, float(period))
        if p.last_down > p.down:
            rows_of.zero(n_runs, state.rows, p.work + BAD)
            states(features, state, p, draws, step, counted, feature_sums)
        orders_up(structure, features, state, p, draws, step, period, echelon, sums)
        for j in range(p.first, p.last):
            make(structure, features, state, p, draws, step, period, j, sums, feature_sums)
            serve_all(structure, features, state, p, draws, step, period, j, sums, feature_sums)
            for a in range(structure.asker_ptr[j], structure.asker_ptr[j + 1]):
                k = structure.asker_lane[a]
                if k >= 0:
                    send(
                        structure, features, state, p, draws, step, period, j, k,
                        sums, feature_sums,
                    )  # fmt: skip
                elif state.sent_row[a - p.asker] >= 0:
                    shipped = p.asker_rows + a * ASKER_ROWS + SHIPPED
                    keep(n_runs, state.sent, state.sent_row[a - p.asker], step, state.rows, shipped)
            expire_parts(structure, features, state, p, period, j, feature_sums)
            count(structure, features, state, p, period, j, sums)
            if state.shelves.family[j] >= 0 and look_is_due(period, p.periods):
                own = (j - p.first) * STAGE_ROWS
                look(
                    structure, j, j - p.first, state.shelves, period, state.rows, own + ON_HAND,
                    state.rows, own + STORED, structure.tolerance[j], n_runs,
                )  # fmt: skip
        if p.last_down > p.down:
            follow_events(
                state.rows, p.down_rows, p.work, draws, step, features.disruption_row,
                p.down, p.last_down, p.drawn, period, counted,
                feature_sums.events, feature_sums.survived, feature_sums.survive,
                feature_sums.recover, feature_sums.recovered, n_runs,
            )  # fmt: skip
