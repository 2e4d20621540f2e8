"""One shard of a simulation: some components, some blocks of replications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from echelon.execution import Outcome, attempt
from echelon.kernels.base_stock_flow import (
    Chain,
    Sums,
    base_stock_flow,
    start_state,
    zero_sums,
)
from echelon.network.compiled import CompiledNetwork, Floats
from echelon.simulation.chain import Levels, chain_of
from echelon.simulation.draw import LANES, DemandRow, draw_blocks
from echelon.simulation.metrics import TOTALS, Moments, Window, measure


@dataclass(frozen=True, slots=True)
class Shard:
    """All that a worker needs, and no more, so that it is quick to send.

    Attributes
    ----------
    first : int
        Number of its first component in the network.
    compiled, levels
        Its components.
    rows : tuple of DemandRow
        Their demand rows, in the order of the compiled arrays.
    replay : ndarray of float64, shape (n_rows, n_periods), or None
        Demand that is given and not drawn.
    blocks : (first, last)
        Blocks of replications, half open.
    replications : int
        Of the whole run; the last block may be used in part.
    windows : tuple of Window
        The counted periods of each component.
    seed : int
    charge_pipeline : bool
    """

    first: int
    compiled: CompiledNetwork
    levels: Levels
    rows: tuple[DemandRow, ...]
    replay: Floats | None
    blocks: tuple[int, int]
    replications: int
    windows: tuple[Window, ...]
    seed: int
    charge_pipeline: bool

    @property
    def window(self) -> Window:
        """The counted periods of a shard of one component."""
        (window,) = self.windows
        return window

    @property
    def lanes(self) -> int:
        """Replications that the shard holds."""
        first, last = self.blocks
        return min(last * LANES, self.replications) - first * LANES

    def components(self) -> Iterator[Shard]:
        """Split into shards of one component each."""
        compiled = self.compiled
        stage_ptr = compiled.component_ptr - compiled.component_ptr[0]
        demand_ptr = compiled.demand_ptr - compiled.demand_ptr[0]
        for c in range(compiled.n_components):
            start, stop = int(stage_ptr[c]), int(stage_ptr[c + 1])
            rows = slice(int(demand_ptr[start]), int(demand_ptr[stop]))
            yield Shard(
                first=self.first + c,
                compiled=compiled.shard(c, c + 1),
                levels=self.levels.part(start, stop),
                rows=self.rows[rows],
                replay=None if self.replay is None else self.replay[rows],
                blocks=self.blocks,
                replications=self.replications,
                windows=(self.windows[c],),
                seed=self.seed,
                charge_pipeline=self.charge_pipeline,
            )

    def demand(self, block: int) -> Iterator[Floats]:
        """Demand of one component, stretch by stretch: (n_customers, periods, lanes)."""
        n_customers = len({row.customer for row in self.rows})
        if self.replay is None:
            return draw_blocks(
                self.rows,
                n_customers=n_customers,
                n_periods=self.window.last,
                seed=self.seed,
                block=block,
            )
        given = np.zeros((n_customers, self.window.last, 1))
        for row, quantities in zip(self.rows, self.replay, strict=True):
            given[row.customer, :, 0] += quantities
        return iter([given])


@dataclass(frozen=True, slots=True)
class Finished:
    """What a shard comes to.

    Attributes
    ----------
    components : tuple of Outcome
        Moments of each component's measures, or its failure.
    totals : ndarray of float64, shape (n_totals, lanes)
        Sums over the components that went well.
    """

    components: tuple[Outcome[Moments], ...]
    totals: Floats


def simulate_shard(shard: Shard) -> Finished:
    """Simulate every component of a shard; one that fails does not stop the others."""
    totals = np.zeros((len(TOTALS), shard.lanes))
    outcomes: list[Outcome[Moments]] = []
    for component in shard.components():
        outcome = attempt(_simulate_component, component)
        if outcome.failed:
            outcomes.append(Outcome(None, outcome.error, outcome.message))
            continue
        moments, own = outcome.unwrap()
        totals += own
        outcomes.append(Outcome(moments))
    return Finished(tuple(outcomes), totals)


def _simulate_component(shard: Shard) -> tuple[Moments, Floats]:
    chain = chain_of(shard.compiled, shard.levels)
    moments, totals = [], []
    for block in range(*shard.blocks):
        sums = _run_block(shard, chain, block)
        measures, of_block = measure(
            shard.compiled, chain, sums, shard.window, charge_pipeline=shard.charge_pipeline
        )
        used = min(shard.replications - block * LANES, LANES)
        moments.append(Moments.of(measures[:, :, :used]))
        totals.append(of_block[:, :used])
    return reduce(Moments.merge, moments), np.concatenate(totals, axis=1)


def _run_block(shard: Shard, chain: Chain, block: int) -> Sums:
    lanes = LANES if shard.replay is None else 1
    state = start_state(chain, shard.levels.initial_stock, lanes)
    sums = zero_sums(chain, lanes)
    period = 0
    for demand in shard.demand(block):
        base_stock_flow(chain, demand, period, shard.window.first, state, sums)
        period += demand.shape[1]
    return sums
