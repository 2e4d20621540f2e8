"""How far levels can be from the best of the true problem: fresh samples, solved again.

The least cost on a sample is on average no higher than the true least cost, and the cost of given
levels on it is on average their true cost. So the mean of the differences over independent samples
bounds the optimality gap, with a confidence that follows from their spread (Mak, Morton and Wood,
1999). A service target would break the first half, as a sample's levels may miss it: there the
least of cost plus price times what is missing takes the place of the least cost, which is on
average no higher than the true least cost for any price >= 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from echelon.optimization.sampled_base_stock.problem import SampledProblem, Target
from echelon.optimization.sampled_base_stock.recursion import evaluate
from echelon.optimization.sampled_base_stock.single_level import SingleLevel
from echelon.optimization.sampled_base_stock.solve import SolveOptions, solve_sampled

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrueGap:
    """Bound on the optimality gap of the true problem, money per period.

    Attributes
    ----------
    replications : int
    cost : float
        Of the levels, over all fresh paths.
    gap, gap_se : float
        Mean over replications of cost less least cost, and its standard error.
    upper : float
        The true gap is at most this, with the confidence asked for.
    price : float
        Of one point of service, as a fraction; 0 without a target.
    how : str
    """

    replications: int
    cost: float
    gap: float
    gap_se: float
    upper: float
    price: float
    how: str


def is_priced(problem: SampledProblem) -> bool:
    """Whether the true gap can be bounded: several levels with a target, or a tail, cannot."""
    if not problem.targets:
        return True
    return problem.single >= 0 and (problem.tail is None or problem.tail.weight == 0.0)


def true_gap(
    problem: SampledProblem,
    levels: Floats,
    fresh: Sequence[SampledProblem],
    options: SolveOptions,
    confidence: float,
) -> TrueGap:
    """Bound the gap of levels by fresh samples of the same problem.

    Parameters
    ----------
    problem : SampledProblem
        On which the levels were chosen; the price of service is found on it.
    levels : (n_stages,) float64
    fresh : sequence of SampledProblem
        At least 2.
    options : SolveOptions
    confidence : float
    """
    from scipy.special import stdtrit

    price = 0.0
    if problem.targets and is_priced(problem):
        price = _Priced.of(problem, problem.targets[0]).best_price()
    differences, costs = [], []
    for sample in fresh:
        cost = evaluate(sample, levels).objective
        costs.append(cost)
        differences.append(cost - _least(sample, price, options))
    gaps = np.array(differences)
    error = float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
    mean = float(gaps.mean())
    how = "least costs"
    if problem.targets:
        how = "least costs with service priced"
    if problem.tail is not None and np.isfinite(problem.tail.limit):
        how += ", without the limit on the tail"
    return TrueGap(
        len(gaps),
        float(np.mean(costs)),
        mean,
        error,
        mean + float(stdtrit(len(gaps) - 1, confidence)) * error,
        price,
        how,
    )


def _least(sample: SampledProblem, price: float, options: SolveOptions) -> float:
    """A lower bound on the true least cost, on average."""
    if sample.targets:
        return _Priced.of(sample, sample.targets[0]).least(price)
    if sample.tail is not None:
        sample = replace(sample, tail=replace(sample.tail, limit=np.inf))
    return solve_sampled(sample, options).outcome.bound


@dataclass(frozen=True, slots=True, eq=False)
class _Priced:
    """Cost and what is missing in service at every level that can be the best for some price.

    Between neighbouring knots the cost is linear and the share missing constant, or linear too.

    Attributes
    ----------
    cost : (n_knots,) float64
        Money per period.
    missing : (n_knots,) float64
        Share short, less what may be; above 0 where the target is missed.
    """

    cost: Floats
    missing: Floats

    @classmethod
    def of(cls, problem: SampledProblem, target: Target) -> _Priced:
        single = SingleLevel.of(problem, target.stage, problem.lower)
        gap = single.gap.ravel()
        knots = [np.zeros(1), gap]
        if target.measure == "fill":
            knots.append((single.gap - single.due).ravel())
        levels = np.unique(np.concatenate(knots))
        levels = levels[levels >= 0.0]
        ones = np.ones_like(gap)
        late = _excess(gap, ones, levels) / gap.size
        on_hand = levels - float(gap.mean()) + late
        cost = single.holding_cost * on_hand + single.backorder_cost * late
        if target.measure == "fill":
            share = single.share.ravel()
            new = _excess(gap, share, levels)
            new -= _excess((single.gap - single.due).ravel(), share, levels)
            due = float((single.due * single.share).sum())
            short = new / due if due > 0.0 else np.zeros_like(new)
        else:
            events = gap
            if target.measure == "cycle":
                events = np.concatenate([single.gap[c].max(axis=0) for c in single.cycles])
            met = np.searchsorted(np.sort(events), levels, side="right")
            short = 1.0 - met / events.size
        return cls(cost, short - (1.0 - target.level))

    def least(self, price: float) -> float:
        """Least of cost plus price times what is missing."""
        return float((self.cost + price * self.missing).min())

    def best_price(self) -> float:
        """The price, >= 0, for which the least is highest: concave, one line per level."""
        low = int(np.argmin(self.cost))
        high = int(np.argmin(self.missing))
        if self.missing[low] <= 0.0 or self.missing[high] >= 0.0:
            return 0.0
        while True:  # two lines meet at a price; the lowest there replaces one of them
            fall = self.missing[low] - self.missing[high]
            price = float((self.cost[high] - self.cost[low]) / fall)
            lines = self.cost + price * self.missing
            at = int(np.argmin(lines))
            if lines[at] >= lines[low] - 1e-12 * (1.0 + abs(lines[low])):
                return price
            if self.missing[at] > 0.0:
                low = at
            elif self.missing[at] < 0.0:
                high = at
            else:
                return price


def _excess(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Sum of ``weights * max(values - level, 0)`` at each level."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    above = np.concatenate([np.cumsum(weights[::-1])[::-1], [0.0]])
    mass = np.concatenate([np.cumsum((weights * values)[::-1])[::-1], [0.0]])
    first = np.searchsorted(values, levels, side="right")
    return np.asarray(mass[first] - levels * above[first])
