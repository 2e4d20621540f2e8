"""Stages that are asked for more than they can make or may order, in the long run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.demand.propagate import seen_upstream
from echelon.errors import warn_of_data
from echelon.kernels.flow_arrays import Features
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """A limit of one kind, and what it is asked for in the long run.

    Attributes
    ----------
    limit, needed : (n_stages,) float64
        Units per period; the limit is infinite where there is none.
    words : str
        With ``{limit:g}`` and ``{needed:g}``.
    remedy : str
    """

    limit: Floats
    needed: Floats
    words: str
    remedy: str

    @property
    def over(self) -> Booleans:
        """Stages that need more, (n_stages,)."""
        return np.asarray(self.needed > self.limit * (1.0 + _ROUNDING))

    @property
    def full(self) -> Booleans:
        """Stages that need more, or just as much, (n_stages,)."""
        return np.asarray(self.needed >= self.limit * (1.0 - _ROUNDING))

    def told(self, stage: int) -> str:
        """What there is to say of one stage, after its name."""
        return self.words.format(limit=self.limit[stage], needed=self.needed[stage])


def warn_if_overloaded(network: Network, features: Features) -> None:
    """Warn of stages whose mean demand is above their capacity or their largest orders.

    Backorders then grow as long as the run goes on, and every mean depends on how long that is.
    Demand is what customers do not give up: their mean less ``lost_sales_share``, units required
    and scrapped on the way up included. What disruptions take and a backup brings is left out, so
    that a stage without a warning may still be short of capacity.

    Parameters
    ----------
    network : Network
    features : Features
        Of the whole network.

    Warns
    -----
    DataWarning
        Once for each of the two, with how many stages and the first of them.
    """
    cells = Cells.of(network)
    for each in overloads(cells, features):
        over = each.over
        if not over.any():
            continue
        first = int(over.argmax())
        only = np.zeros_like(over)
        only[first] = True
        others = int(over.sum()) - 1
        warn_of_data(
            f"{cells.named_stages(only)} {each.told(first)}"
            f"{f'; {others:,} more of this kind' if others else ''}: what is owed grows with every "
            f"period, and means depend on how many there are. Fix: {each.remedy}."
        )


def overloads(cells: Cells, features: Features) -> tuple[Overload, ...]:
    """Compare what stages need with their capacity and with their largest orders.

    Empty where nothing is limited.
    """
    compiled = cells.compiled
    n_open = np.diff(features.open_ptr)
    opened = np.concatenate([[0.0], np.cumsum(features.open_at)])[features.open_ptr]
    share = np.where(n_open > 0, np.diff(opened) / np.maximum(n_open, 1), 1.0)
    can_start = np.where(share > 0.0, features.capacity, 0.0) * share
    may_order = features.maximum_order / np.maximum(compiled.review_period, 1)
    if np.isinf(can_start).all() and np.isinf(may_order).all():
        return ()
    needed = _needed(cells, features)
    return (
        Overload(
            can_start,
            needed,
            "can start {limit:g} units a period, the calendar reckoned in, and needs {needed:g}",
            "raise stages.capacity, open the calendar longer, or lower demand",
        ),
        Overload(
            may_order,
            needed,
            "may order {limit:g} units a period, and needs {needed:g}",
            "raise stages.maximum_order, review more often, or lower demand",
        ),
    )


def _needed(cells: Cells, features: Features) -> Floats:
    """Units that each stage has to start, units per period, (n_stages,)."""
    compiled = cells.compiled
    good = cells.numbers("stages", "yield_mean", blank=1.0)
    good *= 1.0 - cells.numbers("stages", "lot_failure", blank=0.0)
    seller = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.demand_ptr))
    kept = np.bincount(seller, np.abs(compiled.demand_mean), compiled.n_stages)
    receiver = np.repeat(np.arange(compiled.n_stages), np.diff(compiled.pred_ptr))
    seen, _ = seen_upstream(
        compiled.component_ptr,
        compiled.pred_ptr,
        compiled.pred_stage,
        compiled.pred_usage / good[receiver],
        kept * (1.0 - features.lost_share),
        np.zeros((0, compiled.n_stages)),
    )
    return np.asarray(seen / good)
