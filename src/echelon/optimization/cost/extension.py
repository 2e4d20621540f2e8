"""How an extension takes part in making a stage's stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from echelon.distributions import Distribution
from echelon.lead_time.deviation import Wait
from echelon.network.compiled import Booleans, CompiledNetwork, Floats
from echelon.optimization.cost.demand_over_time import DemandOverTime
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.demand_seen import DemandSeen


@dataclass(frozen=True, slots=True)
class Component:
    """One component whose stocks are being made, customers first.

    Attributes
    ----------
    shard : CompiledNetwork
    first : int
        Position of its first stage in the whole compiled network.
    seen : DemandSeen
        Of its stages.
    exact : mapping of stage to (distribution of one period's demand, service level)
        Stages whose own demand has a distribution over time other than a normal one.
    waits : mapping of stage to Wait
        Stages whose supplies vary, by distributions.
    made : dict of stage to StageStock
        Stocks of the stages that come later in the order of stages, as far as they are special.
    excess : dict of stage to float
        By how much what it orders can exceed what it is asked for, units; where it orders in lots.
    lumps : dict of stage to float
        By how much what it is asked for can exceed the demand, units; where lots are below it.
    """

    shard: CompiledNetwork
    first: int
    seen: DemandSeen
    exact: Mapping[int, tuple[Distribution, float]]
    waits: Mapping[int, Wait]
    made: dict[int, StageStock] = field(default_factory=dict)
    excess: dict[int, float] = field(default_factory=dict)
    lumps: dict[int, float] = field(default_factory=dict)
    _lanes: list[list[tuple[int, int, float]]] = field(default_factory=list)
    _demands: list[list[int]] = field(default_factory=list)
    _rows: list[int] = field(default_factory=list)

    def row(self, stage: int) -> int:
        """Row of a stage in the table ``stages``."""
        if not self._rows:
            self._rows.extend(self.shard.stage_row.tolist())
        return self._rows[stage]

    def demand_rows(self, stage: int) -> list[int]:
        """Rows of a stage's own customers in the table ``demand``."""
        if not self._demands:
            every = self.shard.demand_row.tolist()
            ptr = (self.shard.demand_ptr - self.shard.demand_ptr[0]).tolist()
            self._demands.extend(every[begin:end] for begin, end in pairwise(ptr))
        return self._demands[stage]

    def customers(self, stage: int) -> slice:
        """Where the lanes to the stage's customer stages are in ``shard.succ_stage``."""
        ptr = self.shard.succ_ptr
        return slice(int(ptr[stage] - ptr[0]), int(ptr[stage + 1] - ptr[0]))

    def lanes_to_customers(self, stage: int) -> list[tuple[int, int, float]]:
        """Customer stage, its row in ``stages`` and units of this stage in one of it, by lane."""
        if not self._lanes:
            shard = self.shard
            below = shard.succ_stage.tolist()
            rows = shard.stage_row[shard.succ_stage].tolist()
            usage = shard.pred_usage[shard.succ_lane].tolist()
            lanes = list(zip(below, rows, usage, strict=True))
            ptr = (shard.succ_ptr - shard.succ_ptr[0]).tolist()
            self._lanes.extend(lanes[begin:end] for begin, end in pairwise(ptr))
        return self._lanes[stage]


class Extension:
    """One extension of the model, prepared once for a network in which it is in use.

    The stock of a stage is made in three steps, each in the order of the registry: the demand over
    time is changed, a kind of stock is chosen, and that is wrapped. A step that an extension does
    not override hands on what it is given, so that a stage which is not concerned stays as it is.

    Attributes
    ----------
    concerned : (n_stages,) bool or None
        Stages of the whole compiled network that it is asked about, all where None. Of others it
        need not be told, as it would neither change anything nor remember it.
    """

    concerned: Booleans | None = None

    def change_demand(
        self, component: Component, stage: int, demand: DemandOverTime
    ) -> DemandOverTime:
        """Change the demand over time that a stage sees."""
        del component, stage
        return demand

    def choose_stock(
        self, component: Component, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Choose another kind of stock than the one chosen so far."""
        del component, stage, demand
        return stock

    def orders(self, component: Component) -> dict[str, Floats]:
        """Columns of ``GuaranteedServiceCost.orders`` that this extension gives, (n_stages,)."""
        del component
        return {}

    def wrap_stock(self, component: Component, stage: int, stock: StageStock) -> StageStock:
        """Wrap the stock: same questions, other answers."""
        del component, stage
        return stock


def upstream_of(compiled: CompiledNetwork, stages: Booleans) -> Booleans:
    """Tell which stages supply some of ``stages``, directly or not: (n_stages,), compiled order."""
    first = np.repeat(compiled.component_ptr[:-1], np.diff(compiled.component_ptr))
    customer = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    supplier = compiled.pred_stage + first[customer]
    reached = np.zeros(compiled.n_stages, dtype=np.bool_)
    found = stages
    while found.any():
        above = np.zeros(compiled.n_stages, dtype=np.bool_)
        above[supplier[found[customer]]] = True
        found = above & ~reached
        reached |= found
    return reached
