"""How long a unit is of use at each stage of a network (clauses 9.6 to 9.8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network


@dataclass(frozen=True, slots=True)
class UsableLife:
    """By row of ``network.stages``, periods; NaN where nothing expires.

    Attributes
    ----------
    at_arrival : (n_stages,) float64
        Life left when a unit joins the stock, if nothing was held on its way.
    asked_for : (n_stages,) float64
        The most that customers, or the stages that carry the life on, need of a unit when it
        leaves; at least 1.
    supply : (n_stages,) float64
        From an order to the stock, if suppliers deliver at once.
    """

    at_arrival: Floats
    asked_for: Floats
    supply: Floats

    @property
    def usable(self) -> Floats:
        """Periods in which a unit in stock is of use to all who ask for it."""
        return np.floor(self.at_arrival - self.asked_for + 1.0 + 1e-9)


def usable_life(network: Network) -> UsableLife:
    """Follow the life of units down the network and what is asked of it up.

    Times that vary count at their means.

    Parameters
    ----------
    network : Network

    Returns
    -------
    UsableLife
    """
    shelf_life = network.cells("stages", "shelf_life").astype(np.float64)
    n = network.n_stages
    customers = network.demand[["item", "location"]].assign(
        least=np.maximum(network.cells("demand", "minimum_remaining_life"), 1)
    )
    least = customers.groupby(["item", "location"])["least"].max()
    keys = pd.MultiIndex.from_frame(network.stages[["item", "location"]])
    asked = least.reindex(keys).fillna(1.0).to_numpy(np.float64).copy()
    at_arrival, supply = shelf_life.copy(), np.empty(n)
    lanes = _lanes(network)
    carries = _carries(network, lanes)
    for row in lanes.order:  # suppliers come first
        at_arrival[row] -= lanes.release_time[row]
        into = lanes.into[row]
        way = max((lanes.time[k] for k in into), default=lanes.inbound[row])
        supply[row] = way + lanes.made_in[row]
        if carries[row]:
            at_arrival[row] = max(at_arrival[lanes.supplier[k]] - lanes.time[k] for k in into)
            at_arrival[row] -= lanes.made_in[row]
    for row in reversed(lanes.order):
        if carries[row]:
            for k in lanes.into[row]:
                needed = asked[row] + lanes.made_in[row] + lanes.time[k]
                asked[lanes.supplier[k]] = max(asked[lanes.supplier[k]], needed)
    asked[np.isnan(shelf_life)] = np.nan
    return UsableLife(at_arrival, asked, supply)


@dataclass(frozen=True, slots=True)
class _Lanes:
    """Lanes by row of ``network.stages``."""

    order: list[int]
    into: list[list[int]]
    supplier: list[int]
    time: list[float]
    inbound: Floats
    made_in: Floats
    release_time: Floats


def _lanes(network: Network) -> _Lanes:
    compiled = network.compiled
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    into: list[list[int]] = [[] for _ in range(network.n_stages)]
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    supplier = compiled.stage_row[compiled.pred_stage + first[receiver]]
    for k, stage in enumerate(receiver.tolist()):
        into[int(compiled.stage_row[stage])].append(k)
    inbound, made_in = np.empty(network.n_stages), np.empty(network.n_stages)
    inbound[compiled.stage_row] = compiled.inbound_service_time
    made_in[compiled.stage_row] = compiled.lead_time
    return _Lanes(
        compiled.stage_row.tolist(),
        into,
        supplier.tolist(),
        compiled.pred_lead_time.tolist(),
        inbound,
        made_in,
        network.cells("stages", "release_time").astype(np.float64),
    )


def _carries(network: Network, lanes: _Lanes) -> Booleans:
    """Stages that only move an item which expires, so that its life goes on."""
    item = network.stages["item"].to_numpy()
    expires = ~np.isnan(network.cells("stages", "shelf_life").astype(np.float64))
    alone = np.array(
        [
            bool(into) and all(item[lanes.supplier[k]] == item[row] for k in into)
            for row, into in enumerate(lanes.into)
        ],
        dtype=bool,
    )
    return np.asarray(expires & alone & (lanes.inbound == 0.0))
