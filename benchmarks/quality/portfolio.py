"""Budgets over a portfolio: how far proven, how fast, and what it saves over equal service.

Options of 50,000 SKUs are made from normal loss functions of SKUs with heavy tails in demand and in
value. Against equal service the same total fill rate is asked for: the levels of both are measured
by the same exact formulas, and a sample of the chosen ones is simulated.

python -m benchmarks.quality.portfolio
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

import echelon as ec
from benchmarks.quality import carparts
from echelon.exact.single_stage.base_stock import single_stage
from echelon.optimization.portfolio.choose import choose
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow

TITLE = "Budgets over a portfolio: proof, time, and the stock saved against equal service"
N_SKUS, N_OPTIONS, N_SEGMENTS = 50_000, 20, 1_000
FILL_RATES = (0.90, 0.95, 0.98)

Floats = NDArray[np.float64]


def options_of(n_skus: int, seed: int = 1) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Tidy options of SKUs with heavy tails, and the segment of each SKU."""
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(3.0, 1.5, n_skus)
    worth = rng.lognormal(2.0, 1.2, n_skus)
    std = mean * rng.uniform(0.3, 1.5, n_skus)
    z = np.linspace(-1.0, 3.5, N_OPTIONS)
    loss = norm.pdf(z) - z * norm.sf(z)
    weight = rng.lognormal(0.0, 0.5, n_skus)  # what a unit short counts for
    segment = rng.integers(0, N_SEGMENTS, n_skus)
    volume = rng.lognormal(0.0, 1.0, n_skus)  # of one unit
    short = std[:, None] * loss
    names = np.array([f"SKU {k:05d}" for k in range(n_skus)])
    frame = pd.DataFrame(
        {
            "sku": np.repeat(names, N_OPTIONS),
            "option": np.tile(np.array([f"z {value:.2f}" for value in z]), n_skus),
            "segment": np.repeat(np.array([f"segment {s}" for s in segment]), N_OPTIONS),
            "penalty": (short * weight[:, None]).ravel(),
            "short": short.ravel(),
            "stock_value": (worth[:, None] * std[:, None] * (z + loss)).ravel(),
            "volume": (volume[:, None] * std[:, None] * (z + loss)).ravel(),
        }
    )
    return frame, segment


def engine_rows() -> Iterator[str]:
    """One budget, and a budget with a service floor for each of 1,000 segments."""
    frame, _ = options_of(N_SKUS)
    budget = ec.AtMost("stock_value", 0.5 * frame.groupby("sku")["stock_value"].max().sum())
    ec.choose_options(frame.head(2_000), ec.AtMost("stock_value", 1e12), cost="penalty")
    best, choice = np.inf, None
    for _ in range(4):
        cpu = time.process_time()
        choice = ec.choose_options(frame, budget, cost="penalty", gap=1e-6)
        best = min(best, time.process_time() - cpu)
    assert choice is not None
    yield _row("50,000 SKUs x 20 options, one budget", best, choice.gap, choice.n_fractional, 1)
    reached = choice.chosen.groupby("segment")["short"].sum()
    rng = np.random.default_rng(2)
    most = {name: value * rng.uniform(0.9, 1.5) for name, value in reached.items()}
    floors = ec.AtMost("short", most, by="segment", name="shortage")
    for what, limits, minimised in (
        (
            "the same, and 1,000 segments at most 0.9 to 1.5 of that short",
            budget,
            "penalty",
        ),
        (
            "least stock value, room for 95 % of the volume that takes, the same",
            None,
            "stock_value",
        ),
    ):
        if limits is None:
            loose = ec.choose_options(frame, floors, cost=minimised, gap=1e-2)
            limits = ec.AtMost("volume", 0.95 * float(loose.chosen["volume"].sum()))
        cpu = time.process_time()
        found = ec.choose_options(frame, [limits, floors], cost=minimised, gap=1e-3)
        cpu = time.process_time() - cpu
        binding = int((found.limits["price"] > 0.0).sum())
        yield _row(what, cpu, found.gap, found.n_fractional, binding)


def _row(what: str, seconds: float, gap: float, split: int, binding: int) -> str:
    return f"| {what} | {seconds:.2f} s | {gap:.1e} | {binding:,} | {split:,} |"


def audit() -> str:
    """Compare the fast route with the declared model on 200 random problems."""
    from echelon.errors import EchelonError
    from echelon.optimization.portfolio.model import choose_by_model

    equal = infeasible = 0
    for seed in range(200):
        problem = random_problem(seed)
        rows = [LimitRow(f"row {r}", "", "use", "") for r in range(problem.n_rows)]
        outcome, want = choose_by_model(problem, None, gap=0.0, time_limit=None)
        try:
            cost = choose(problem, rows, gap=0.0, time_limit=30.0).cost
        except EchelonError:
            infeasible += want is None
            continue
        if want is not None:
            equal += abs(cost - outcome.objective) <= 1e-6 * max(1.0, abs(cost))
    return f"{equal} optima equal and {infeasible} infeasible alike of 200 random problems"


def random_problem(seed: int) -> OptionProblem:
    """Up to twelve SKUs with up to six options and four rows, some with negative uses."""
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(seed)
    n_skus, n_rows = int(rng.integers(1, 13)), int(rng.integers(1, 5))
    counts = rng.integers(1, 7, n_skus)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    n = int(first[-1])
    cost = rng.integers(0, 30, n).astype(float) if seed % 3 else rng.lognormal(1.0, 1.0, n)
    sign = np.where(rng.random(n_rows) < 0.25, -1.0, 1.0)
    dense = np.where(rng.random((n, n_rows)) < 0.7, rng.lognormal(1.0, 1.0, (n, n_rows)), 0.0)
    dense = sign * (np.round(dense) if seed % 2 else dense)
    reached = dense[first[:-1] + rng.integers(0, counts)].sum(axis=0)
    uses = csr_matrix(dense)
    return OptionProblem(
        first=first,
        cost=cost,
        use_first=uses.indptr.astype(np.int64),
        use_row=uses.indices.astype(np.int64),
        use=uses.data,
        most=reached + np.abs(reached) * rng.uniform(-0.15, 0.3, n_rows),
    )


def heavy_tails(n_skus: int = 2_000, seed: int = 3) -> ec.Network:
    """SKUs of one warehouse, demand gamma, values and volumes over several powers of ten."""
    rng = np.random.default_rng(seed)
    items = [f"item {k:04d}" for k in range(n_skus)]
    mean = rng.lognormal(2.0, 1.3, n_skus)
    stages = pd.DataFrame(
        {
            "item": items,
            "location": "warehouse",
            "unit_cost": rng.lognormal(3.0, 1.3, n_skus),
            "lead_time": rng.integers(1, 9, n_skus),
            "review_period": rng.choice([1, 2, 4], n_skus),
        }
    )
    demand = pd.DataFrame(
        {
            "item": items,
            "location": "warehouse",
            "family": "gamma",
            "mean": mean,
            "std": mean * rng.uniform(0.3, 1.5, n_skus),
        }
    )
    return ec.Network.from_tables(stages, demand=demand, period="week", holding_rate=0.2)


def car_parts() -> ec.Network | None:
    """Parts of the published data with moments of their whole record; values are made up."""
    path = carparts.source()
    if path is None:
        return None
    names, monthly = carparts.read(path)
    mean, variance = np.nanmean(monthly, axis=1), np.nanvar(monthly, axis=1, ddof=1)
    some = mean > 0.0
    names, mean, variance = names[some], mean[some], variance[some]
    family = np.where(variance > 1.02 * mean, "negative_binomial", "poisson")
    rng = np.random.default_rng(4)
    stages = pd.DataFrame(
        {
            "item": names,
            "location": "warehouse",
            "unit_cost": rng.lognormal(3.0, 1.3, len(names)),
            "lead_time": 2,
            "review_period": 1,
        }
    )
    demand = pd.DataFrame(
        {
            "item": names,
            "location": "warehouse",
            "family": family,
            "mean": mean,
            "std": np.where(family == "poisson", np.sqrt(mean), np.sqrt(variance)),
        }
    )
    return ec.Network.from_tables(stages, demand=demand, period="month", holding_rate=0.2)


def saved_rows(name: str, network: ec.Network) -> Iterator[str]:
    """Stock of equal service, and of the portfolio at the fill rate that it reaches in all."""
    stages = network.stages
    demand = network.demand.set_index("item").loc[stages["item"]]
    mean = demand["mean"].to_numpy(np.float64)
    worth = stages["unit_cost"].to_numpy(np.float64)
    alone = single_stage(
        list(network.distributions),
        stages["lead_time"].to_numpy(np.float64),
        stages["review_period"].to_numpy(np.float64),
    )
    whole = demand["family"].isin(["poisson", "negative_binomial"]).to_numpy()
    for target in FILL_RATES:
        level = alone.base_stock_for("fill_rate", np.full(len(mean), target))
        equal = alone.measures(np.where(whole, np.ceil(level - 1e-9), level))
        reached = float((mean * equal.fill_rate).sum() / mean.sum())
        held = float((worth * equal.on_hand).sum())
        cells = []
        for n_levels in (32, 96):
            found = ec.optimize(
                network,
                model="portfolio",
                limits=ec.AggregateService(reached),
                n_levels=n_levels,
            )
            cells.append(f"{found.stock_value:,.0f} (gap {found.gap:.0e})")
        saved = 1.0 - found.stock_value / held
        yield (
            f"| {name} | {target:.2f} | {reached:.4f} | {held:,.0f} | {' | '.join(cells)} | "
            f"{saved:.1%} |"
        )


def simulated() -> str:
    """Fill rates of a sample of chosen levels, simulated: standard errors from what was told."""
    network = heavy_tails(200, seed=5)
    found = ec.optimize(network, model="portfolio", limits=ec.AggregateService(0.95))
    run = ec.simulate(found.apply(network), periods=3_000, replications=16, seed=6)
    both = found.skus.merge(run.stages, on=["item", "location"], suffixes=("", "_run"))
    error = (both["fill_rate_run"] - both["fill_rate"]) / both["fill_rate_se"]
    total = float((both["fill_rate_run"] * both["demand"]).sum() / both["demand"].sum())
    return (
        f"of 200 SKUs simulated, {int((error.abs() > 4.0).sum())} are off by more than 4 standard "
        f"errors (mean {error.mean():+.2f}); fill rate of all {total:.4f}, asked for 0.9500"
    )


def table() -> str:
    """The table of RESULTS.md."""
    lines = [
        f"### {TITLE}",
        "",
        "CPU seconds in one process, the least of four for one budget; the gap is the one proven. "
        "Options: normal loss functions; demand, value, penalty and volume lognormal.",
        "",
        "| problem | CPU | proven gap | limits that bind | SKUs split |",
        "|---|---:|---:|---:|---:|",
        *engine_rows(),
        "",
        f"{audit()}.",
        "",
        "| portfolio | fill rate of each SKU | of all | stock, equal service | "
        "portfolio, 32 levels | 96 levels | saved |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *saved_rows("2,000 SKUs, heavy tails", heavy_tails()),
    ]
    parts = car_parts()
    if parts is not None:
        lines += saved_rows(f"{parts.n_stages:,} car parts, values made up", parts)
    return "\n".join([*lines, "", f"{simulated()}."])


if __name__ == "__main__":
    print(table())
