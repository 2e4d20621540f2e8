"""What it costs to keep what is ordered on the way until it is on hand."""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Floats
from echelon.optimization.target_inventory.place import Place
from echelon.optimization.target_inventory.stage_ways import StageWays
from echelon.optimization.target_inventory.whole_times import WholeTimes


def pipeline_cost(
    place: Place, ways: StageWays, cells: dict[str, Floats], times: WholeTimes, n_periods: int
) -> Floats:
    """Money per unit ordered for keeping it on the way, within the periods planned."""
    cost = np.zeros((len(ways.way_stage), n_periods))
    left = n_periods - np.arange(n_periods)  # ends of periods from that of the order on
    for w, j in enumerate(ways.way_stage.tolist()):
        for n in np.flatnonzero(place.lane_to == j).tolist():
            rate = cells["holding_cost"][place.lane_from[n]] * place.units[n] * place.share[n]
            cost[w] += rate * np.minimum(ways.way_lane_time[w, n], left)
        inside = int(times.make[place.rows[j]])
        release = int(times.release[place.rows[j]])
        good = cells["yield_mean"][j] * (1.0 - cells["lot_failure"][j])
        rate = cells["holding_cost"][j]
        for part in np.flatnonzero(ways.start_way == w).tolist():
            after = np.maximum(left - int(ways.start_offset[part]), 0)
            making = np.minimum(inside, after)
            releasing = np.minimum(release, np.maximum(after - inside, 0))
            cost[w] += ways.start_share[part] * rate * (making + good * releasing)
    return cost
