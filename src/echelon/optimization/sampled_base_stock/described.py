"""A network as the paths of a sampled problem read it, and what they cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.distributions.per_period import PerPeriod
from echelon.errors import DomainError
from echelon.kernels.flow_arrays import BASE_STOCK, FIRST_COME, NO_RULE, Features, Structure
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.layout import Layout, lay_out
from echelon.simulation.described.levels import ALLOCATION_CODES, POLICY_CODES, Levels
from echelon.simulation.described.times import check_whole
from echelon.simulation.drawn.rows import DrawnRows, SomeRows

LONGEST_WINDOW: Final = 1_500
"""Periods of a path; what has a longer memory is refused."""

_GUESS: Final = 300
"""Periods up to which a drawn time is told from one that takes for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """What paths are made from, in compiled order.

    Attributes
    ----------
    network : Network
    layout : Layout
        As a simulation reads the network, with base stocks of 0.
    rows : DrawnRows
    mean, std : (n_stages,) float64
        Demand seen, units per period.
    faults : tuple of tuple of str
        Per component, what a sampled problem cannot say.
    other_allocation : (n_stages,) bool
        Stages with several who ask and another rule than first come.
    """

    network: Network
    layout: Layout
    rows: DrawnRows
    mean: Floats
    std: Floats
    faults: tuple[tuple[str, ...], ...]
    other_allocation: Booleans

    @classmethod
    def of(cls, network: Network) -> Described:
        """Read a network.

        Raises
        ------
        DomainError
            If fixed times are not whole, with every stage and lane.
        """
        cells = Cells.of(network)
        compiled = network.compiled
        n = compiled.n_stages
        problems: list[str] = []
        check_whole(cells, np.zeros(n), problems)
        if problems:
            raise DomainError(
                "base_stock_saa: "
                + (problems[0] if len(problems) == 1 else "\n  ".join(["", *problems]))
            )
        seen = network.demand_seen()
        mean, std = seen.mean[compiled.stage_row], seen.std[compiled.stage_row]
        quantity = cells.numbers("stages", "order_quantity", blank=0.0)
        levels = Levels(
            base_stock=np.zeros(n),
            initial_stock=np.zeros(n),
            demand_seen=mean,
            service_time=np.zeros(n, dtype=np.int64),
            customer_time=np.full(n, -1, dtype=np.int64),
            allocation=cells.codes("stages", "allocation", ALLOCATION_CODES),
            policy=cells.codes("stages", "policy", POLICY_CODES),
            order_quantity=quantity,
            maximum_order=np.full(n, np.inf),
            level_ptr=np.arange(n + 1),
            level_at=np.zeros(n),
            reorder_at=np.full(n, np.nan),
            own_policy=np.zeros(n, dtype=np.bool_),
        )
        nothing = np.zeros(compiled.n_components, dtype=np.int64)
        layout = lay_out(network, levels, warmups=nothing, periods=nothing + _GUESS)
        askers = np.diff(layout.structure.asker_ptr)
        return cls(
            network=network,
            layout=layout,
            rows=DrawnRows.of(network, layout.feature_set, replay=None),
            mean=mean,
            std=std,
            faults=_faults(network, cells, layout),
            other_allocation=(askers > 1) & (layout.structure.allocation != FIRST_COME),
        )

    def component(self, c: int) -> tuple[Structure, Features, SomeRows]:
        """Arrays and drawn rows of one component, numbered from 0."""
        structure, features = self.layout.shard(c, c + 1)
        return structure, features, self.rows.part(c, c + 1)


def season_of(rows: SomeRows) -> int:
    """Periods after which the laws of some drawn rows repeat."""
    cycles = {
        len(law.periods)
        for number in rows.numbers.tolist()
        if isinstance(law := rows.source.laws.get(number), PerPeriod)
    }
    return int(np.lcm.reduce(sorted(cycles))) if cycles else 1


def _faults(network: Network, cells: Cells, layout: Layout) -> tuple[tuple[str, ...], ...]:
    """What every component has that a sampled problem cannot say, each with a remedy."""
    compiled = network.compiled
    component = np.repeat(np.arange(compiled.n_components), np.diff(compiled.component_ptr))
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    of_demand = np.repeat(component, np.diff(compiled.demand_ptr))
    found: list[list[str]] = [[] for _ in range(compiled.n_components)]
    for what, bad in _unknown_to_stages(network, cells, layout):
        for c in np.unique(component[bad]).tolist():
            found[c].append(f"{what} at {cells.named_stages(bad & (component == c))}")
    for what, bad in _unknown_to_lanes(cells, layout):
        for c in np.unique(component[receiver[bad]]).tolist():
            here = bad & (component[receiver] == c)
            found[c].append(f"{what} on {cells.named_lanes(here)}")
    own = ~np.isnan(cells.numbers("demand", "service_level"))
    for c in np.unique(of_demand[own]).tolist():
        found[c].append("demand.service_level (give service_level= in the call)")
    return tuple(tuple(lines) for lines in found)


def _unknown_to_stages(
    network: Network, cells: Cells, layout: Layout
) -> Iterator[tuple[str, Booleans]]:
    structure, features = layout.structure, layout.feature_set.features
    n = len(structure.level)
    supplied = np.diff(structure.lane_ptr) > 0
    drawn = (features.make_row >= 0) | (features.release_row >= 0)
    by_period = np.zeros(n, dtype=np.bool_)
    if len(network.levels):
        keys = cells.keys("stages", "item", "location")
        listed = set(zip(network.levels["item"], network.levels["location"], strict=True))
        pairs = zip(keys["item"], keys["location"], strict=True)
        by_period = np.array([pair in listed for pair in pairs], dtype=np.bool_)
    yield "policy other than base_stock", features.policy != BASE_STOCK
    yield "levels by period", by_period
    yield "order_multiple", features.order_multiple > 0.0
    yield "minimum_order", features.minimum_order > 0.0
    yield "maximum_order", features.maximum_order < np.inf
    yield "capacity", features.capacity < np.inf
    yield "calendar", np.diff(features.open_ptr) > 0
    yield "yield_mean or lot_failure", features.yield_row >= 0
    yield "shelf_life", features.shelf_life > 0
    yield "lost_sales_share", features.lost_share > 0.0
    yield "disruptions", np.diff(features.down_ptr) > 0
    yield (
        "customer_service_time",
        ~np.isnan(cells.numbers("stages", "customer_service_time")),
    )
    yield (
        "overtaking of a time that varies, beside suppliers of this network,",
        (features.overtaking > 0) & drawn & supplied,
    )


def _unknown_to_lanes(cells: Cells, layout: Layout) -> Iterator[tuple[str, Booleans]]:
    features = layout.feature_set.features
    share = cells.numbers("lanes", "share")
    yield "share or backup of alternative suppliers", ~np.isnan(share) & (share != 1.0)
    yield "expedite_rule", features.expedite_rule != NO_RULE
    yield "disruptions", np.diff(features.lane_down_ptr) > 0
    yield (
        "overtaking of a time that varies",
        (features.lane_overtaking > 0) & (features.lane_row >= 0),
    )
