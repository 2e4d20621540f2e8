"""The readable engine of the simulation: the convention with every feature, clause by clause.

It is vectorised over runs and loops over everything else, slow and plain on purpose: the judge of
the fast kernels, the engine of a traced run, and the one that runs a user's own policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from echelon.kernels.flow_arrays import Features, FeatureSums, Structure, Sums
from echelon.policies.base import Floats
from echelon.simulation.plain.count import (
    Record,
    count_features,
    count_stage,
    record_of,
    zero_feature_sums,
    zero_sums,
)
from echelon.simulation.plain.disruptions import Disruptions
from echelon.simulation.plain.orders import AnyPolicy, Ordering
from echelon.simulation.plain.service import serve, ship
from echelon.simulation.plain.state import Stage, build
from echelon.simulation.plain.supply import make_and_release, outdate, receive, start


def flow(
    structure: Structure,
    features: Features | None,
    draws: Floats,
    *,
    policies: Mapping[int, AnyPolicy] | None = None,
    names: Sequence[str] | None = None,
    records: list[Record] | None = None,
) -> tuple[Sums, FeatureSums]:
    """Run one component from period 0, exactly in the convention's order of events.

    Parameters
    ----------
    structure : Structure
        One component.
    features : Features, optional
        Without them every stage has a base stock, fixed times, and nothing else.
    draws : ndarray of float64, shape (n_rows, n_periods, runs)
        Demand in units (negative is a return), times in whole periods, good shares, and states of
        disruptions (1 is down), by the rows that the other arguments name.
    policies : mapping from stage to policy, optional
        A user's own, instead of the stage's.
    names : sequence of str, optional
        The stages in the message about a user's own policy; their numbers if left out.
    records : list of Record, optional
        Gets one record per period and stage.

    Returns
    -------
    sums : Sums
    feature_sums : FeatureSums
        Both with arrays of width ``runs``; sums over the counted periods.

    Raises
    ------
    DomainError
        If a policy's order is not one finite quantity >= 0 per run.
    """
    draws = np.asarray(draws, dtype=np.float64)
    runs = draws.shape[2]
    warmup = int(structure.warmup[0])
    sums, feature_sums = zero_sums(structure, runs), zero_feature_sums(structure, features, runs)
    stages, lanes = build(structure, features, runs)
    ordering = Ordering(structure, features, policies or {}, names)
    disruptions = Disruptions(structure, features, runs)

    for period in range(draws.shape[1]):
        counted = period >= warmup
        disruptions.start_period(draws, period)
        for j, stage in enumerate(stages):
            _new_period(stage)
            _destroy(j, stage, disruptions)
        ordering.sweep(period, draws, stages, lanes, disruptions)
        # 3: shipments travel down, so suppliers come first.
        for j, stage in enumerate(stages):
            receive(period, stage, lanes, disruptions)
            started = start(period, j, stage, lanes, features, disruptions)
            make_and_release(period, j, stage, started, structure, features, draws)
            goods = serve(j, stage, structure, features, disruptions)
            for asker, shipped in zip(stage.askers, goods, strict=True):
                if asker.lane >= 0:
                    ship(period, asker, shipped, stages, lanes, structure, features, draws)
            outdate(stage, lanes)
            count_stage(period, j, stage, lanes, structure, sums)
            if counted:
                count_features(j, stage, lanes, structure, feature_sums)
            if records is not None:
                records.append(record_of(period, j, stage, lanes))
        short = _customers_short(stages, structure)
        disruptions.end_period(period, short, counted, feature_sums)
    return sums, feature_sums


def _new_period(stage: Stage) -> None:
    zero = np.zeros_like(stage.position)
    stage.expired, stage.destroyed, stage.scrapped = zero, zero, zero


def _destroy(j: int, stage: Stage, disruptions: Disruptions) -> None:
    """Step 0: a stage that goes down loses a share of its stock, once per disruption."""
    for share in disruptions.destroyed(j):
        lost = stage.on_hand * share
        stage.stock = stage.stock - stage.stock * share
        stage.destroyed = stage.destroyed + lost
        stage.position = stage.position - lost


def _customers_short(stages: list[Stage], structure: Structure) -> NDArray[np.bool_]:
    """Runs in which customers of some stage wait at the end of the period, or have lost units."""
    short = np.zeros(stages[0].position.size, dtype=bool)
    for j, stage in enumerate(stages):
        missing = np.zeros_like(stage.position)
        for asker in stage.askers:
            if asker.lane < 0:
                missing = missing + (asker.late + asker.lost)
        short |= missing > structure.tolerance[j]
    return short
