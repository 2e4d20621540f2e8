"""On which lattice the requests to each stage lie, and the positions of what orders in lots."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import gcd

import numpy as np

from echelon.distributions import Distribution
from echelon.distributions.base import FAMILIES
from echelon.distributions.lattice import WHOLE_FAMILIES, lattice_step
from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network
from echelon.optimization.cost.along_lanes import reached_from, supplied_by
from echelon.optimization.cost.extension import Stages

_MOST_DENOMINATOR = 1_000
_ONE = Fraction(1)


class RequestSteps:
    """Steps of the lattices of requests, found when they are asked for.

    Parameters
    ----------
    network : Network
    lot : (n_stages,) float64
        In whose multiples each stage orders, units, in compiled order; 0 where in none.

    Notes
    -----
    Customers ask for what the family of their demand allows, stages for their lots or for what
    they are asked for, times the units that go into one of them. Mostly all of it is whole units,
    which is found for all stages at once; the others are looked at one by one.
    """

    def __init__(self, network: Network, lot: Floats) -> None:
        self._laws: Sequence[Distribution] = network.demand_laws
        family: list[str] = network.cells("demand", "family").tolist()
        varies = network.cells("demand", "std").astype(np.float64) != 0.0  # else of any amount
        whole = np.array([one in WHOLE_FAMILIES for one in family], dtype=np.bool_) & varies
        known = _densities()
        density = np.array([one in known for one in family], dtype=np.bool_) & varies
        self._whole: list[bool] = whole.tolist()
        self._lot: list[float] = lot.tolist()
        self._ones, self._nowhere = (
            one.tolist() for one in _seen_at_once(network, lot, whole, density)
        )
        self._steps: dict[int, Fraction | None] = {}

    def grain(self, stages: Stages, stage: int) -> float | None:
        """Lattice of the stage's positions, units: of its requests and of its own lots together."""
        lot = self._lot[stage]
        if self._nowhere[stage]:
            return None
        if self._ones[stage] and lot % 1.0 == 0.0:
            return 1.0
        step, own = self._step(stages, stage), _fraction(lot)
        if step is None or own is None:
            return None
        return float(_common([step, own])) if own else float(step)

    def _step(self, stages: Stages, stage: int) -> Fraction | None:
        """Lattice on which all requests to a stage lie, units; None where they lie on none."""
        if self._ones[stage] or self._nowhere[stage]:
            return _ONE if self._ones[stage] else None
        if stage not in self._steps:
            self._steps[stage] = self._find_step(stages, stage)
        return self._steps[stage]

    def _find_step(self, stages: Stages, stage: int) -> Fraction | None:
        steps: list[Fraction] = []
        for row in stages.demand_rows[stage]:
            if self._whole[row]:
                steps.append(_ONE)
                continue
            found = lattice_step(self._laws[row])
            if found is None:
                return None
            steps.append(_ONE if found == (1, 1) else Fraction(*found))
        for below, units in stages.customers[stage]:
            lot = self._lot[below]
            step = _fraction(lot) if lot else self._step(stages, below)
            usage = _ONE if units == 1.0 else _fraction(units)
            if step is None or usage is None:
                return None
            if usage:
                steps.append(step if usage is _ONE else step * usage)
        return _common(steps) if steps else None


def _seen_at_once(
    network: Network, lot: Floats, whole: Booleans, density: Booleans
) -> tuple[Booleans, Booleans]:
    """Which stages are asked for whole units, and which for any amount, by families alone.

    ``whole`` and ``density`` say of rows of demand whether their family makes them so. Neither may
    hold of a stage that other lots and usages reach.
    """
    compiled = network.compiled
    n = compiled.n_stages
    stage = np.repeat(np.arange(n), np.diff(compiled.demand_ptr))
    customer, supplier = supplied_by(compiled)
    odd = np.bincount(stage, ~whole[compiled.demand_row], n) > 0
    odd[supplier[(compiled.pred_usage != 1.0) | ~np.isin(lot[customer], (0.0, 1.0))]] = True
    odd |= (np.bincount(stage, minlength=n) == 0) & (np.bincount(supplier, minlength=n) == 0)
    nowhere = np.bincount(stage, density[compiled.demand_row], n) > 0
    handed_on = lot[customer] == 0.0  # a lot is ordered whatever it is for
    lanes = customer[handed_on], supplier[handed_on]
    return ~reached_from(odd, *lanes), reached_from(nowhere, *lanes)


def _densities() -> set[str]:
    """Families of which no member lies on a lattice."""
    unknown = lattice_step.dispatch(object)
    return {name for name, one in FAMILIES.items() if lattice_step.dispatch(one) is unknown}


@lru_cache(maxsize=4096)
def _fraction(value: float) -> Fraction | None:
    found = Fraction(value).limit_denominator(_MOST_DENOMINATOR)
    return found if abs(float(found) - value) <= 1e-12 * max(abs(value), 1.0) else None


def _common(steps: list[Fraction]) -> Fraction:
    """Largest number of which all are multiples."""
    first = steps[0]
    if all(step is first or step == first for step in steps):
        return first
    above = [step.numerator for step in steps]
    denominator = 1
    for step in steps:
        denominator = denominator * step.denominator // gcd(denominator, step.denominator)
    above = [step.numerator * (denominator // step.denominator) for step in steps]
    return Fraction(gcd(*above), denominator)
