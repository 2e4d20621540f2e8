"""From a network and where the search begins to the problems of its components."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from echelon.errors import DomainError
from echelon.kernels.flow_arrays import Features
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.calibration.problem import level_steps
from echelon.optimization.simulated_base_stock.asked import Asked
from echelon.optimization.simulated_base_stock.problem import Problem, Target, price_of, unpriced
from echelon.optimization.simulated_base_stock.start import Start
from echelon.optimization.simulated_base_stock.wired import unfollowed, wire, zero_totals
from echelon.simulation.arguments import raise_all
from echelon.simulation.described.cells import Cells
from echelon.simulation.described.levels import levels_of
from echelon.simulation.described.overload import Overload, overloads
from echelon.simulation.prepare import Setup, prepare


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A network made ready for the search.

    Attributes
    ----------
    network : Network
    asked : Asked
    start : Start
    setup : Setup
        Of the simulation that the search goes through again and again.
    hopeless : tuple of (Overload, (n_stages,) bool)
        Stages of which what is owed grows without end, by what limits them.
    by_factor : bool
    """

    network: Network
    asked: Asked
    start: Start
    setup: Setup
    hopeless: tuple[tuple[Overload, Booleans], ...]
    by_factor: bool

    @classmethod
    def of(
        cls,
        network: Network,
        asked: Asked,
        start: Start,
        *,
        periods: int,
        warmup: int | None,
        seed: int,
        charge_pipeline: bool,
        by_factor: bool,
    ) -> Described:
        """Describe it as a simulation of the start would.

        Raises
        ------
        DomainError
            As :func:`echelon.simulate` does, for times that are not whole for example.
        """
        problems: list[str] = []
        levels, absent = levels_of(network, start.served_at_once, problems)
        raise_all(problems, None)
        setup = prepare(
            network,
            levels,
            absent,
            periods=periods,
            warmup=warmup,
            replay=None,
            runs=1,
            batches=0,
            seed=seed,
            draws="independent",
            keep=False,
            charge_pipeline=charge_pipeline,
            policies={},
            precision="double",
        )
        hopeless = _hopeless(network, setup.layout.feature_set.features)
        return cls(network, asked, start, setup, hopeless, by_factor)

    def problem(self, component: int) -> Problem:
        """Give one component.

        Raises
        ------
        DomainError
            If it has what pathwise derivatives do not follow, waiting customers cost nothing, or
            a stage is asked for more than it can make or may order.
        """
        compiled = self.network.compiled
        stages = slice(*compiled.component_ptr[component : component + 2].tolist())
        task = self.setup.task(component, component + 1, (), whole=False)
        blank = np.isnan(self.network.cells("stages", "initial_stock")[compiled.stage_row[stages]])
        net = wire(task.structure, task.features, blank)
        price = price_of(task.scheme, net, zero_totals(net, 1))
        first_demand = int(compiled.demand_ptr[stages.start])
        own = compiled.demand_row[first_demand : int(compiled.demand_ptr[stages.stop])].tolist()
        asker_of_row = {own[row]: a for a, row in enumerate(net.asker_row.tolist()) if row >= 0}
        targets = tuple(
            replace(target, askers=tuple(asker_of_row[row] for row in target.rows))
            for target in self.asked.targets(self.network, component)
        )
        found = Problem(
            number=int(compiled.component_id[component]),
            net=net,
            task=task,
            price=price,
            starts=self._starts(stages),
            centre=self.start.centre[stages],
            unit=self.start.unit[stages],
            step=level_steps(self.network)[stages],
            free=compiled.can_stock[stages] & (self.start.unit[stages] > 0.0),
            targets=targets,
            by_factor=self.by_factor,
        )
        faults = self._faults(found, stages, targets)
        if faults:
            raise DomainError("\n".join(faults))
        return found

    def _starts(self, stages: slice) -> Floats:
        """The plan's levels; a deviation of stock everywhere; and next to none but at the ends."""
        compiled, start = self.network.compiled, self.start
        planned, centre, unit = (
            each[stages] for each in (start.base_stock, start.centre, start.unit)
        )
        inner = np.diff(compiled.succ_ptr)[stages] > 0
        spread = centre + unit
        late = centre + np.where(inner, -1.0, 2.0) * unit
        return np.maximum(np.stack([planned, spread, late]), 0.0)

    def _faults(self, problem: Problem, stages: slice, targets: tuple[Target, ...]) -> list[str]:
        faults = []
        special = unfollowed(problem.task.structure, problem.task.features)
        if special:
            told = "; ".join(f"{name} at {self._named(stages, where.nonzero()[0])}"
                             for name, where in special.items())  # fmt: skip
            faults.append(
                f"pathwise derivatives do not follow {told}. Fix: take that out, or move the "
                "levels of a plan by calibrate(), which simulates everything."
            )
        idle = unpriced(problem.price, problem.net, targets)
        if len(idle):
            faults.append(
                "customers may wait, or be lost, at no cost and without a target at "
                f"{self._named(stages, idle)}: least cost is no stock. Fix: give backorder_cost, "
                "lost_sale_cost or service_level."
            )
        for load, where in self.hopeless:
            if where[stages].any():
                own = np.flatnonzero(where[stages])
                faults.append(
                    f"{self._named(stages, own)} {load.told(stages.start + int(own[0]))}: what is "
                    "owed grows with every period, so that no base stock is best. "
                    f"Fix: {load.remedy}."
                )
        long = [
            t.stage for t in targets if t.measure == "cycle" and problem.net.review[t.stage] > 1
        ]
        if long:
            faults.append(
                "a cycle service level has cycles of several periods, whose shortages have no "
                f"slope here, at {self._named(stages, np.array(long))}. Fix: give "
                "service_measure='ready' or 'fill'."
            )
        return faults

    def _named(self, stages: slice, own: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> str:
        rows = self.network.compiled.stage_row[stages][own]
        first = self.network.stages.iloc[int(rows[0])]
        others = len(rows) - 1
        return f"{first['item']} @ {first['location']}{f' and {others:,} more' if others else ''}"


def _hopeless(network: Network, features: Features) -> tuple[tuple[Overload, Booleans], ...]:
    """Where more is needed than a limit lets through; or as much, if demand varies."""
    loads = overloads(Cells.of(network), features)
    if not loads:
        return ()
    varies = network.demand_seen().std[network.compiled.stage_row] > 0.0
    return tuple((load, load.over | (load.full & varies)) for load in loads)
