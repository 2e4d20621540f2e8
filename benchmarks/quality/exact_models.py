"""Classical models: a batch of SKUs in one call, beside stockpyl one SKU at a time, in one run.

python -m benchmarks.quality.exact_models
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from stockpyl.finite_horizon import finite_horizon_dp
from stockpyl.newsvendor import newsvendor_normal, newsvendor_poisson
from stockpyl.rq import r_q_poisson_exact
from stockpyl.ss import s_s_discrete_exact
from stockpyl.ssm_serial import optimize_base_stock_levels
from stockpyl.wagner_whitin import wagner_whitin

from benchmarks.peers.stockpyl import repair_series
from benchmarks.registry import DisagreementError
from echelon.distributions import array
from echelon.exact.horizon.finite_horizon import finite_horizon
from echelon.exact.known_demand.lot_sizing import lot_sizing
from echelon.exact.multi_echelon.serial import clark_scarf
from echelon.exact.single_stage.min_max import min_max_policy
from echelon.exact.single_stage.newsvendor import newsvendor
from echelon.exact.single_stage.reorder_point_cost import reorder_policy
from echelon.rng import stream

BATCH = 10_000
PATIENCE_SECONDS = 4.0
"""How long the peer is timed in each case, three SKUs at least."""

ENOUGH_SECONDS = 0.1
"""How long ours is repeated, three times at least: a batch may take a millisecond."""

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ModelCase:
    """One model: data of a batch, our one call, and the peer's call for one SKU of it.

    Attributes
    ----------
    name : str
    asked : float
        By how much one of our SKUs should be faster.
    draw : callable
        Of a generator and a number of SKUs.
    ours : callable
        Of the data; the cost of every SKU.
    theirs : callable
        Of the data and a SKU; its cost.
    few : int
        SKUs of the peer that are timed, at most.
    batch : int
        SKUs of ours.
    tolerance : float
        Relative, of the costs of both; beyond it there is nothing to time.
    """

    name: str
    asked: float
    draw: Callable[[np.random.Generator, int], Data]
    ours: Callable[[Data], np.ndarray]
    theirs: Callable[[Data, int], float]
    few: int = 200
    batch: int = BATCH
    tolerance: float = 1e-9


@dataclass(frozen=True, slots=True)
class Outcome:
    """CPU seconds per SKU of both, and how the costs differ over the SKUs both solved."""

    case: ModelCase
    ours: float
    theirs: float
    lower: float
    higher: float

    @property
    def ratio(self) -> float:
        """How many times faster one of our SKUs is."""
        return self.theirs / self.ours


def measure(case: ModelCase) -> Outcome:
    """Time a batch of ours and SKUs of the peer while patience lasts: the mean of both, warm."""
    data = case.draw(stream(0, "benchmark", case.name), case.batch)
    costs = case.ours(data)  # compiles what is to be compiled
    own = _cpu(case.ours, data)
    spent, their_costs = [], []
    gc.collect()  # before all of them: each time, it would empty the caches and slow the peer
    began = time.perf_counter()
    for sku in range(min(case.few, case.batch)):
        clock = time.process_time()
        their_costs.append(case.theirs(data, sku))
        spent.append(time.process_time() - clock)
        if sku >= 2 and time.perf_counter() - began > PATIENCE_SECONDS:
            break
    difference = np.array(their_costs) / costs[: len(their_costs)] - 1.0
    if not (np.abs(difference) <= case.tolerance).all():
        raise DisagreementError(f"{case.name}: stockpyl's costs over ours {difference + 1.0}")
    # the mean over SKUs: what a portfolio would take
    return Outcome(
        case,
        own / case.batch,
        float(np.mean(spent)),
        float(difference.min()),
        float(difference.max()),
    )


def _cpu(call: Callable[[Data], np.ndarray], data: Data) -> float:
    """Mean of three runs, and of more where they are short."""
    gc.collect()
    spent: list[float] = []
    while len(spent) < 3 or sum(spent) < ENOUGH_SECONDS:
        clock = time.process_time()
        call(data)
        spent.append(time.process_time() - clock)
    return float(np.mean(spent))


def _newsvendor(rng: np.random.Generator, n: int) -> Data:
    return {
        "mean": rng.uniform(20.0, 200.0, n),
        "std": rng.uniform(2.0, 10.0, n),
        "holding": rng.uniform(0.1, 1.0, n),
        "shortage": rng.uniform(1.0, 20.0, n),
    }


def _our_newsvendor(lead_time: int) -> Callable[[Data], np.ndarray]:
    def ours(data: Data) -> np.ndarray:
        told = newsvendor(
            array("normal", data["mean"], data["std"]),
            holding_cost=data["holding"],
            shortage_cost=data["shortage"],
            lead_time=lead_time,
        )
        return np.asarray(told.cost)

    return ours


def _their_newsvendor(lead_time: int) -> Callable[[Data, int], float]:
    def theirs(data: Data, k: int) -> float:
        given = (data[name][k] for name in ("holding", "shortage", "mean", "std"))
        return float(newsvendor_normal(*given, lead_time)[1])

    return theirs


def _our_counted(lead_time: int) -> Callable[[Data], np.ndarray]:
    def ours(data: Data) -> np.ndarray:
        told = newsvendor(
            array("poisson", data["mean"]),
            holding_cost=data["holding"],
            shortage_cost=data["shortage"],
            lead_time=lead_time,
        )
        return np.asarray(told.cost)

    return ours


def _their_counted(lead_time: int) -> Callable[[Data, int], float]:
    def theirs(data: Data, k: int) -> float:
        costs = data["holding"][k], data["shortage"][k]
        # it takes no lead time: the demand of lead time + 1 periods is given
        return float(newsvendor_poisson(*costs, (lead_time + 1) * data["mean"][k])[1])

    return theirs


def _costs(mean: float) -> Callable[[np.random.Generator, int], Data]:
    def draw(rng: np.random.Generator, n: int) -> Data:
        return {
            "mean": mean * rng.uniform(0.9, 1.1, n),
            "holding": rng.uniform(0.8, 1.2, n),
            "shortage": rng.uniform(5.0, 20.0, n),
            "fixed": rng.uniform(30.0, 100.0, n),
        }

    return draw


def _our_reorder(data: Data) -> np.ndarray:
    told = reorder_policy(
        array("poisson", data["mean"]),
        fixed_cost=data["fixed"],
        holding_cost=data["holding"],
        shortage_cost=data["shortage"],
        lead_time=2.0,
    )
    return np.asarray(told.cost)


def _their_reorder(data: Data, k: int) -> float:
    given = (data[name][k] for name in ("holding", "shortage", "fixed", "mean"))
    return float(r_q_poisson_exact(*given, 2)[2])


def _our_min_max(data: Data) -> np.ndarray:
    told = min_max_policy(
        array("poisson", data["mean"]),
        fixed_cost=data["fixed"],
        holding_cost=data["holding"],
        shortage_cost=data["shortage"],
    )
    return np.asarray(told.cost)


def _their_min_max(data: Data, k: int) -> float:
    given = (data[name][k] for name in ("holding", "shortage", "fixed"))
    return float(s_s_discrete_exact(*given, use_poisson=True, demand_mean=data["mean"][k])[2])


def _series(n_stages: int) -> Callable[[np.random.Generator, int], Data]:
    def draw(rng: np.random.Generator, n: int) -> Data:
        return {
            "echelon": rng.uniform(0.5, 3.0, (n, n_stages)),
            "lead": rng.integers(1, 4, (n, n_stages)).astype(float),
            "shortage": rng.uniform(20.0, 60.0, n),
            "mean": rng.uniform(4.0, 8.0, n),
            "std": rng.uniform(0.8, 1.5, n),
        }

    return draw


def _our_series(data: Data) -> np.ndarray:
    told = clark_scarf(
        array("normal", data["mean"], data["std"]),
        echelon_holding_cost=data["echelon"],
        lead_time=data["lead"],
        shortage_cost=data["shortage"],
        progress=False,
    )
    return np.asarray(told.cost)


def _their_series(data: Data, k: int) -> float:
    repair_series()
    n_stages = data["echelon"].shape[1]
    return float(
        optimize_base_stock_levels(
            num_nodes=n_stages,
            node_order_in_system=list(range(n_stages, 0, -1)),
            node_order_in_lists=list(range(1, n_stages + 1)),
            echelon_holding_cost=data["echelon"][k].tolist(),
            lead_time=data["lead"][k].tolist(),
            stockout_cost=data["shortage"][k],
            demand_mean=data["mean"][k],
            demand_standard_deviation=data["std"][k],
        )[1]
    )


def _lots(rng: np.random.Generator, n: int) -> Data:
    return {
        "demand": rng.integers(0, 100, (n, 52)).astype(float),
        "fixed": rng.uniform(100.0, 1000.0, n),
        "holding": rng.uniform(0.5, 2.0, n),
    }


def _our_lots(data: Data) -> np.ndarray:
    told = lot_sizing(
        data["demand"],
        fixed_cost=data["fixed"][:, None],
        holding_cost=data["holding"][:, None],
    )
    return np.asarray(told.cost)


def _their_lots(data: Data, k: int) -> float:
    return float(
        wagner_whitin(52, data["holding"][k], data["fixed"][k], data["demand"][k].tolist())[1]
    )


def _horizon(rng: np.random.Generator, n: int) -> Data:
    return {
        "mean": rng.uniform(15.0, 40.0, n),
        "std": rng.uniform(3.0, 6.0, n),
        "fixed": rng.uniform(20.0, 60.0, n),
        "shortage": rng.uniform(10.0, 30.0, n),
    }


def _our_horizon(data: Data) -> np.ndarray:
    told = finite_horizon(
        array("normal", data["mean"], data["std"]),
        holding_cost=1.0,
        shortage_cost=data["shortage"],
        fixed_cost=data["fixed"],
        unit_cost=1.0,
        terminal_holding_cost=1.0,
        terminal_shortage_cost=data["shortage"],
        discount_factor=0.98,
        n_periods=5,
        lattice="rounded",
    )
    return np.asarray(told.cost)


def _their_horizon(data: Data, k: int) -> float:
    short = data["shortage"][k]
    told = finite_horizon_dp(
        5, 1, short, 1, short, 1, data["fixed"][k], data["mean"][k], data["std"][k],
        discount_factor=0.98,
    )  # fmt: skip
    return float(told[2])


CASES = (
    *(
        ModelCase(
            f"newsvendor, normal, lead time {lead}",
            1000,
            _newsvendor,
            _our_newsvendor(lead),
            _their_newsvendor(lead),
        )
        for lead in (0, 4)
    ),
    *(
        ModelCase(
            f"newsvendor, Poisson, mean {m}, lead time {lead}",
            1000,
            _costs(m),
            _our_counted(lead),
            _their_counted(lead),
        )
        for lead in (0, 4)
        for m in (6, 50, 200)
    ),
    *(
        ModelCase(f"(r, Q), Poisson, mean {m}", 1000, _costs(m), _our_reorder, _their_reorder, 40)
        for m in (6, 50, 200)
    ),
    *(
        ModelCase(f"(s, S), Poisson, mean {m}", 1000, _costs(m), _our_min_max, _their_min_max, 40)
        for m in (6, 50, 200)
    ),
    *(
        ModelCase(
            f"series of {k} stages, normal",
            100,
            _series(k),
            _our_series,
            _their_series,
            3,
            2_000,
            1e-3,
        )
        for k in (3, 4, 5, 6)
    ),
    ModelCase("Wagner-Whitin, 52 periods", 1000, _lots, _our_lots, _their_lots),
    ModelCase(
        "finite horizon, 5 periods, normal",
        100,
        _horizon,
        _our_horizon,
        _their_horizon,
        5,
        2_000,
        1e-3,
    ),
)


def table() -> str:
    """The table of RESULTS.md."""
    rows = []
    for case in CASES:
        told = measure(case)
        rows.append(
            f"| {case.name} | {_time(told.ours)} | {_time(told.theirs)} | **{told.ratio:,.0f}** | "
            f"{case.asked:,.0f} | {told.lower:+.1e} to {told.higher:+.1e} |"
        )
        print(rows[-1], flush=True)
    return "\n".join(
        (
            "### Classical models, per SKU",
            "",
            f"One call for {BATCH:,} SKUs (2,000 in series and over a horizon) that all differ, "
            f"building their demand included, beside stockpyl {_version()} one SKU after another; "
            "CPU time per SKU. Its `ssm_serial` does not run on NumPy 2 and is measured with two "
            "calls mended (`benchmarks/peers/stockpyl.py`).",
            "",
            "| model | echelon | stockpyl | times faster | asked | cost of stockpyl over ours |",
            "|---|---:|---:|---:|---:|---|",
            *rows,
            "",
        )
    )


def _version() -> str:
    from importlib.metadata import version

    return version("stockpyl")


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.3g} µs" if seconds < 1e-3 else f"{seconds * 1e3:,.3g} ms"


if __name__ == "__main__":
    print(table())
