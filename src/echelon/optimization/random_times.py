"""Which stages wait a random time for their supplies, and what is known of it.

Where every varying time of a stage has a distribution, the stage's exposure is a mixture over
them. Where some are known by mean and standard deviation only, all enter by these two moments.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from echelon.distributions import Distribution, sum_of
from echelon.errors import warn_of_data
from echelon.lead_time.deviation import Wait
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.network.network import Network


def wait_std(component: CompiledNetwork) -> Floats:
    """Standard deviation of the wait for supplies, from moments alone: (n_stages,), periods.

    Variances of the stage's own time and of all transits to it are added, as though it waited for
    one after the other. The variance of the largest of independent deviations is never more.
    """
    if not (component.lead_time_std.any() or component.pred_lead_time_std.any()):
        return np.zeros(component.n_stages)
    transits = np.bincount(_customer(component), _transit_std(component) ** 2, component.n_stages)
    return np.sqrt(component.lead_time_std**2 + transits)


def wait_std_at(component: CompiledNetwork, stage: int) -> float:
    """Give :func:`wait_std` of one stage of a shard, periods."""
    lanes = slice(*(component.pred_ptr[stage : stage + 2] - component.pred_ptr[0]))
    each = zip(
        component.pred_share[lanes].tolist(),
        component.pred_lead_time_std[lanes].tolist(),
        strict=True,
    )
    transits = sum(std * std for share, std in each if share > 0.0)
    return sqrt(float(component.lead_time_std[stage]) ** 2 + transits)


def random_waits(network: Network) -> dict[int, Wait]:
    """Give the waits of those stages whose varying times are all known, by stage in compiled order.

    Stages that wait alike share one, and what is made of it.
    """
    compiled = network.compiled
    customer, varies = _customer(compiled), _transit_std(compiled) > 0.0
    settled = (compiled.pred_share > 0.0) & ~varies
    fixed = np.bincount(customer, settled, compiled.n_stages) > 0
    # a supply from outside comes when it is said to, beside those of the network
    fixed |= compiled.inbound_service_time > 0.0
    lanes: dict[int, list[int]] = {}
    for stage, row in zip(
        customer[varies].tolist(), compiled.lane_row[varies].tolist(), strict=True
    ):
        lanes.setdefault(stage, []).append(row)
    every = network.lane_lead_time_distributions
    made: dict[tuple[int, ...], Wait] = {}  # by the laws themselves, of which tables share many
    found: dict[int, Wait] = {}
    stages = np.flatnonzero(wait_std(compiled) > 0.0)
    columns = (one[stages].tolist() for one in (compiled.stage_row, fixed))
    for stage, row, has_fixed in zip(stages.tolist(), *columns, strict=True):
        _, laws = network.process_time(row)
        transits = [every[lane] for lane in lanes.get(stage, ())]
        if laws is None or None in transits:
            continue
        key = (has_fixed, *map(id, laws), 0, *map(id, transits))
        if key not in made:
            own = laws[0] if len(laws) == 1 else sum_of(laws)
            known = tuple([law for law in transits if law is not None])
            made[key] = Wait(own if laws else None, known, has_fixed)
        found[stage] = made[key]
    return found


def _transit_std(component: CompiledNetwork) -> Floats:
    """Standard deviation of each transit that a stage waits for; it plans without its backups."""
    return np.where(component.pred_share > 0.0, component.pred_lead_time_std, 0.0)


def warn_of_moments(network: Network) -> None:
    """Warn of stages where a distribution is flattened to two moments, as another is not known."""
    compiled = network.compiled
    own = _known(network.lead_time_distributions) | _known(network.release_time_distributions)
    own = own[compiled.stage_row]
    lane = _known(network.lane_lead_time_distributions)[compiled.lane_row]
    lane &= compiled.pred_share > 0.0
    if not (own.any() or lane.any()):
        return
    customer, n = _customer(compiled), compiled.n_stages
    by_law = own | (np.bincount(customer, lane, n) > 0)
    moments = (compiled.lead_time_std > 0.0) & ~own
    for row in np.flatnonzero(own & (compiled.lead_time_std > 0.0)).tolist():
        moments[row] = network.process_time(int(compiled.stage_row[row]))[1] is None
    moments |= np.bincount(customer, (_transit_std(compiled) > 0.0) & ~lane, n) > 0
    rows = np.sort(compiled.stage_row[by_law & moments])
    if rows.size:
        rest = f" and {rows.size - 1:,} more" if rows.size > 1 else ""
        warn_of_data(
            f"{network.labels[rows[0]]}{rest}: some of the varying lead times of the stage and of "
            "the lanes into it have a distribution and others a standard deviation only, so all of "
            "them enter by mean and standard deviation. Fix: give the others a lead_time_family."
        )


def _known(laws: tuple[Distribution | None, ...]) -> Booleans:
    return np.array([law is not None for law in laws], dtype=np.bool_)


def _customer(component: CompiledNetwork) -> Integers:
    """Customer stage of each lane, numbered within the shard."""
    return np.repeat(np.arange(component.n_stages), np.diff(component.pred_ptr))
