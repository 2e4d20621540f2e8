"""One component of which base stocks are searched: what may move, what it costs, what is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.kernels.pathwise_arrays import Totals, Wired
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.arguments import blocks_of
from echelon.simulation.drawn.sources import sources_of
from echelon.simulation.measured.scheme import Scheme
from echelon.simulation.task import Task, drawn


@dataclass(frozen=True, slots=True)
class Target:
    """What some customers of a stage are to get.

    Attributes
    ----------
    stage : int
        Numbered within the component.
    measure : {"cycle", "ready", "fill"}
        ``cycle`` and ``ready`` are a share of periods, ``fill`` of units on time.
    level : float
    rows : tuple of int
        Rows of ``Network.demand`` of those customers.
    askers : tuple of int
        The same among the askers of the component.
    """

    stage: int
    measure: str
    level: float
    rows: tuple[int, ...]
    askers: tuple[int, ...] = ()

    @property
    def in_units(self) -> bool:
        """Whether it counts units, not periods."""
        return self.measure == "fill"


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One component.

    Attributes
    ----------
    number : int
        Of the component in the network.
    net : Wired
    task : Task
        Where its draws come from.
    price : Totals
        Money for a unit of each total, one row.
    starts : (n_starts, n_stages) float64
        Levels to begin with, units.
    centre, unit : (n_stages,) float64
        Mean of the demand that a stage covers, and its standard deviation, units.
    step : (n_stages,) float64
        Levels are multiples of it; 0 where any will do.
    free : (n_stages,) bool
        Whose level may move.
    targets : tuple of Target
    by_factor : bool
        Whether all levels follow from one safety factor.
    """

    number: int
    net: Wired
    task: Task
    price: Totals
    starts: Floats
    centre: Floats
    unit: Floats
    step: Floats
    free: Booleans
    targets: tuple[Target, ...]
    by_factor: bool

    @property
    def n_stages(self) -> int:
        """How many stages."""
        return len(self.unit)

    @property
    def slopes_leave_out(self) -> bool:
        """Whether costs have steps, which no derivative tells.

        Orders cost money; or times are drawn and goods do not overtake one another, where a first
        unit that is shipped holds up those behind it.
        """
        net = self.net
        queues = (net.make_row >= 0) | (net.release_row >= 0)
        queues &= net.overtaking == 0
        waits = (net.lane_row >= 0) & (net.lane_overtaking == 0)
        return bool(queues.any() or waits.any() or self.price.orders.any())

    @property
    def periods(self) -> int:
        """How many periods of a run are counted."""
        return int(self.net.counted[1] - self.net.counted[0])

    @property
    def numbers_per_run(self) -> int:
        """How many numbers are drawn for a run."""
        return int(self.net.counted[1]) * len(self.task.rows)

    def continued(self, times: int) -> Problem:
        """The same run on for so many times its length, and counted from where it ended."""
        last = int(self.net.counted[1])
        ends = np.array([times * last], dtype=np.int64)
        return replace(
            self,
            net=self.net._replace(counted=np.array([last, times * last], dtype=np.int64)),
            task=replace(self.task, structure=self.task.structure._replace(periods=ends)),
        )

    def draw(self, first_run: int, n_runs: int) -> Floats:
        """Draws of some runs, (n_runs, T, n_rows): those that a simulation of this seed makes."""
        sources = sources_of(self.task.rows, self.task.seed, self.task.draws)
        parts = [
            drawn(self.task, sources, first_run + first, runs)
            for first, runs in blocks_of(0, n_runs, 1)
        ]
        return np.ascontiguousarray(np.concatenate(parts, axis=2).transpose(2, 1, 0))

    def rounded(self, levels: Floats) -> Floats:
        """Levels at the nearest multiples of their steps, never below 0."""
        some = self.step > 0.0
        step = np.where(some, self.step, 1.0)
        return np.maximum(np.where(some, np.rint(levels / step) * step, levels), 0.0)


def price_of(scheme: Scheme, net: Wired, zero: Totals) -> Totals:
    """Money for a unit of each total of one component, as a simulation charges it (clause 4.4).

    Parameters
    ----------
    scheme : Scheme
        Of that component.
    net : Wired
    zero : Totals
        One row of zeros, filled.
    """
    holding, owing, losing, ordering, wasting = scheme.stage_money.T
    of_asker = np.repeat(np.arange(len(holding)), np.diff(net.asker_ptr))
    zero.on_hand[0] = holding
    zero.component[0] = scheme.lane_money[:, 0]
    zero.late[0] = owing[of_asker]
    zero.lost[0] = losing[of_asker]
    zero.orders[0] = ordering
    zero.scrapped[0] = wasting
    if scheme.charge_pipeline:
        zero.in_process[0] = holding
        zero.in_release[0] = holding
        zero.in_transit[0] = scheme.lane_money[:, 0]
    return zero


def unpriced(price: Totals, net: Wired, targets: tuple[Target, ...]) -> Integers:
    """Stages whose customers may be kept waiting for ever at no cost and against no target."""
    asked = {target.stage for target in targets}
    found = []
    for j in range(len(net.review)):
        customers = np.flatnonzero(net.asker_lane[net.asker_ptr[j] : net.asker_ptr[j + 1]] < 0)
        if not len(customers) or j in asked:
            continue
        a = int(net.asker_ptr[j] + customers[0])
        share = float(net.lost_share[j])
        # a share of what is lost at a price makes waiting cost too
        if (1.0 - share) * price.late[0, a] + share * price.lost[0, a] <= 0.0:
            found.append(j)
    return np.array(found, dtype=np.int64)
