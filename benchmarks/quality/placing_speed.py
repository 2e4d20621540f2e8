"""What a stage's table of costs takes, by kind of demand: many times at once, and one by one.

python -m benchmarks.quality.placing_speed
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

import numpy as np

import echelon as ec
from echelon.distributions import Distribution, Sum
from echelon.distributions import over_times as of_distributions
from echelon.distributions.compound import CompoundPoisson
from echelon.network.compiled import Floats
from echelon.optimization.cost import covered_demand
from echelon.optimization.cost.covered_demand import CoveredDemand
from echelon.optimization.cost.exact_quantile import ExactQuantile
from echelon.optimization.cost.random_wait import RandomWait
from echelon.optimization.proof import Limits
from echelon.optimization.tasks import component_tasks

N_SKUS = 200
SEED = 1
ONE_BY_ONE = 8
"""Stages of a kind that the plain way is timed on, spread over all of them."""
PASSES = 3

Found = TypeVar("Found")
Asked = tuple[CoveredDemand, float, Floats]


def kind_of(demand: CoveredDemand) -> str:
    """Family or families of a demand, and whether it waits a random time."""
    law = demand.law
    parts = law.components if isinstance(law, Sum) else (law,)
    words = " and ".join(sorted(_words(part) for part in parts))
    return words if demand.wait is None else f"{words}, random wait"


def _words(law: Distribution) -> str:
    if isinstance(law, CompoundPoisson):
        return f"orders of {_words(law.size)}"
    return {"negative_binomial": "counts", "poisson": "Poisson"}.get(law.family, law.family)


def asked() -> Iterator[Asked]:
    """Demand, service level and whole times of each stage whose bound is a quantile."""
    network = ec.datasets.make_portfolio(N_SKUS, seed=SEED).network
    for task in component_tasks(
        network, None, "auto", Limits(gap=1e-6, time_limit=None, solver="highs"), whole=True
    ):
        times = task.times
        longest = (times.inbound_high + times.process - times.outbound_low) / times.ticks_per_period
        for stage, stock in task.cost.special.items():
            if isinstance(stock, (ExactQuantile, RandomWait)) and stock.level < 1.0:
                periods = np.arange(float(np.floor(longest[stage])) + 1.0)
                yield stock.demand, stock.level, periods


def at_once(one: Asked) -> Floats:
    """As the library finds them, with nothing kept from before."""
    demand, level, periods = one
    covered_demand._kept.cache_clear()
    of_distributions._inverted.cache_clear()
    of_distributions._mixed.cache_clear()
    if demand.wait is None:
        return ExactQuantile(demand, level).demand.quantile(periods, level)
    mean, std = demand.law.mean, demand.law.std
    return RandomWait(demand, demand.wait, level, mean, std, known=True)._search(periods)


def one_by_one(one: Asked) -> Floats:
    """Plain twin: the total of each time, or the mixture over the wait, by bisection."""
    demand, level, periods = one
    if demand.wait is not None:
        return demand.over(periods, level).ppf(level)
    totals = [cast(Distribution, demand.law.sum_over(time)) for time in periods.tolist()]
    return np.array([float(total.ppf(level)) for total in totals])


def seconds(work: Callable[[], Found]) -> tuple[float, Found]:
    """CPU seconds, the least of some passes, and what was found."""
    least = float("inf")
    for _ in range(PASSES):
        begun = time.process_time()
        found = work()
        least = min(least, time.process_time() - begun)
    return least, found


def table() -> str:
    """The table of RESULTS.md."""
    kinds: dict[str, list[Asked]] = {}
    for one in asked():
        kinds.setdefault(kind_of(one[0]), []).append(one)
    lines = [
        "### Quantiles of a stage's demand, for its table of costs",
        "",
        f"Whole times of {sum(map(len, kinds.values()))} stages of {N_SKUS} SKUs of the made-up "
        "portfolio whose bound is a quantile of their own demand; CPU, the least of "
        f"{PASSES} passes. One by one is the plain way, of {ONE_BY_ONE} stages of a kind at most. "
        "Differences are over the standard deviation of a period's demand.",
        "",
        "| demand | stages | times a stage | at once, a stage | a quantile | one by one | ratio | "
        "largest difference |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, several in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
        lines.append(_row(kind, several))
        print(lines[-1], flush=True)
    return "\n".join([*lines, ""])


def _row(kind: str, several: list[Asked]) -> str:
    at_once(several[0])  # compile
    fast, _ = seconds(lambda: [at_once(one) for one in several])
    some = several[:: max(1, len(several) // ONE_BY_ONE)][:ONE_BY_ONE]
    found = [at_once(one) for one in some]
    begun = time.process_time()
    plain = [one_by_one(one) for one in some]
    slow = time.process_time() - begun
    apart = max(
        float(np.abs(new - old).max()) / max(one[0].law.std, 1e-300)
        for one, new, old in zip(some, found, plain, strict=True)
    )
    n_times = sum(len(one[2]) for one in several)
    n_some = sum(len(one[2]) for one in some)
    each, other = fast / n_times, slow / n_some
    return (
        f"| {kind} | {len(several)} | {n_times / len(several):.0f} | "
        f"{fast / len(several) * 1e6:,.0f} us | **{each * 1e6:.2f} us** | {other * 1e6:,.0f} us | "
        f"{other / each:,.0f} | {apart:.1e} |"
    )


if __name__ == "__main__":
    print(table())
