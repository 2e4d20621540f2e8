"""Random target-inventory cases of every family, each with its least cost by enumeration.

Nothing of the library finds the optimum here: :func:`least_cost` walks forward over every state
that whole orders can lead to. Sizes are whole numbers, for which some best plan orders whole units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from echelon import Network

State = Any
Step = Callable[[int, State], Iterable[tuple[State, float]]]


@dataclass(frozen=True)
class Case:
    """A network, what the plan is asked for, and its least cost; infinite where there is none."""

    tables: dict[str, pd.DataFrame]
    least: float
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The network, weeks with no looking ahead."""
        tables = dict(self.tables)
        stages, demand = tables.pop("stages"), tables.pop("demand")
        lanes = tables.pop("lanes", None)
        return Network.from_tables(stages, lanes, demand, period="week", **tables)


def least_cost(n_periods: int, start: State, step: Step) -> float:
    """Least cost of a walk from ``start``: ``step`` gives where a period may lead, and its cost."""
    costs = {start: 0.0}
    for t in range(n_periods):
        after: dict[State, float] = {}
        for state, cost in costs.items():
            for state_next, more in step(t, state):
                if cost + more < after.get(state_next, np.inf):
                    after[state_next] = cost + more
        costs = after
    return min(costs.values(), default=np.inf)


def draw_demand(rng: np.random.Generator, n_periods: int, most: int) -> list[int]:
    wanted = rng.integers(0, most + 1, n_periods) * (rng.random(n_periods) < 0.8)
    return [int(d) for d in wanted]


def stage_row(item: str = "a", **columns: Any) -> dict[str, Any]:
    return {"item": item, "location": "x", **columns}


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def known_demand(demand: list[int], item: str = "a", **columns: Any) -> list[dict[str, Any]]:
    known = {"item": item, "location": "x", "family": "deterministic", **columns}
    return [{**known, "period": t, "mean": float(d)} for t, d in enumerate(demand)]


def money(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.round(rng.uniform(low, high), 2))


def in_full(n_periods: int, **options: Any) -> dict[str, Any]:
    return {"horizon": n_periods, "lookahead": 0, "charge_pipeline": False, **options}


@dataclass(frozen=True)
class OneStage:
    """One stage without components: orders of period t are there in ``t + lag``."""

    demand: list[int]
    holding: float
    opening: int
    fixed: float = 0.0
    lag: int = 0
    backorder: float | None = None
    lost: float | None = None
    price: list[float] | None = None
    floor: list[int] | None = None
    floor_price: float = 0.0
    open_orders: dict[int, int] = field(default_factory=dict)

    def least(self, quantities: Callable[[int], Iterable[int]]) -> float:
        """Least cost where an order of period t has one of some quantities, 0 always among them."""
        n_periods = len(self.demand)
        sunk = 0.0
        for t in range(max(0, n_periods - self.lag), n_periods):  # of no use within the horizon
            sunk += min(self._ordering(t, q) for q in quantities(t))

        def step(t: int, stock: int) -> Iterator[tuple[int, float]]:
            ordered = t - self.lag
            there = stock + self.open_orders.get(t, 0)
            choices = quantities(ordered) if ordered >= 0 else (0,)
            if there >= sum(self.demand[t:]) + max(self.floor or [0]):  # enough for ever
                choices = (min(choices),)
            for q in choices:
                paid = self._ordering(ordered, q) if q else 0.0
                for left, more in self._serve(t, there + q):
                    yield left, paid + more

        return sunk + least_cost(n_periods, self.opening, step)

    def _ordering(self, t: int, quantity: int) -> float:
        each = self.price[t] if self.price else 0.0
        return (self.fixed if quantity else 0.0) + each * quantity

    def _serve(self, t: int, there: int) -> Iterator[tuple[int, float]]:
        left = there - self.demand[t]
        if self.lost is not None:
            for served in range(min(there, self.demand[t]) + 1):
                missed = self.lost * (self.demand[t] - served)
                yield there - served, self._keep(t, there - served) + missed
        elif left >= 0:
            yield left, self._keep(t, left)
        elif self.backorder is not None:
            yield left, self._keep(t, 0) - self.backorder * left

    def _keep(self, t: int, on_hand: int) -> float:
        missing = max(self.floor[t] - on_hand, 0) if self.floor else 0
        return self.holding * on_hand + self.floor_price * missing

    def tables(self, **columns: Any) -> dict[str, pd.DataFrame]:
        """The same as tables of a network; the lag is made of making and release."""
        stage = stage_row(
            holding_cost=self.holding,
            order_cost=self.fixed,
            initial_stock=float(self.opening),
            lead_time=float(self.lag - self.lag // 2),
            release_time=float(self.lag // 2),
            **columns,
        )
        if self.backorder is not None:
            stage["backorder_cost"] = self.backorder
        if self.lost is not None:
            stage |= {"lost_sales_share": 1.0, "lost_sale_cost": self.lost}
        tables = {"stages": frame(stage), "demand": frame(*known_demand(self.demand))}
        if self.open_orders:
            tables["open_orders"] = frame(
                *(
                    {"item": "a", "location": "x", "period": t, "quantity": float(q)}
                    for t, q in self.open_orders.items()
                )
            )
        return tables


def _one_stage(rng: np.random.Generator, *, most: int = 6, **given: Any) -> OneStage:
    n_periods = int(rng.integers(4, 8))
    lag = int(rng.integers(0, 3))
    demand = draw_demand(rng, n_periods, most)
    base = {
        "demand": demand,
        "holding": money(rng, 0.1, 2.0),
        "opening": sum(demand[:lag]) + int(rng.integers(0, 5)),
        "fixed": money(rng, 0.0, 15.0),
        "lag": lag,
    }
    return OneStage(**{**base, **given})


def lot_sizing(rng: np.random.Generator) -> Case:
    """Set-ups, prices that change, and a yield."""
    stage = _one_stage(rng)
    n_periods = len(stage.demand)
    price = [money(rng, 1.0, 4.0) for _ in range(n_periods)]
    good = float(rng.choice([1.0, 0.5]))
    stage = OneStage(**{**vars(stage), "price": [p / good for p in price]})
    prices = frame(
        *({"item": "a", "location": "x", "period": t, "price": p} for t, p in enumerate(price))
    )
    least = stage.least(lambda _: range(sum(stage.demand) + 1))
    return Case(stage.tables(yield_mean=good), least, in_full(n_periods, prices=prices))


def batches(rng: np.random.Generator) -> Case:
    """Whole batches."""
    stage, size = _one_stage(rng), int(rng.integers(2, 6))
    most = sum(stage.demand) // size + 1
    least = stage.least(lambda _: range(0, size * most + 1, size))
    return Case(stage.tables(order_multiple=float(size)), least, in_full(len(stage.demand)))


def order_bounds(rng: np.random.Generator) -> Case:
    """Minimum and maximum orders, with and without whole batches."""
    stage = _one_stage(rng)
    size = int(rng.choice([1, 1, 2, 3]))
    smallest = size * int(rng.integers(1, 5))
    largest = smallest + size * int(rng.integers(0, 4))
    columns = {"minimum_order": float(smallest), "maximum_order": float(largest)}
    if size > 1:
        columns["order_multiple"] = float(size)
    least = stage.least(lambda _: [0, *range(smallest, largest + 1, size)])
    return Case(stage.tables(**columns), least, in_full(len(stage.demand)))


def capacity(rng: np.random.Generator) -> Case:
    """So many units a period at most; what would be short may be owed at a price."""
    priced = money(rng, 1.0, 8.0) if rng.random() < 0.7 else None
    stage = _one_stage(rng, backorder=priced)
    most = int(rng.integers(2, 7))
    least = stage.least(lambda _: range(most + 1))
    return Case(stage.tables(capacity=float(most)), least, in_full(len(stage.demand)))


def campaigns(rng: np.random.Generator) -> Case:
    """Making only in windows."""
    priced = money(rng, 1.0, 8.0) if rng.random() < 0.7 else None
    stage = _one_stage(rng, backorder=priced)
    start, length = int(rng.integers(0, 3)), int(rng.integers(1, 3))
    every = length + int(rng.integers(1, 4))
    n_periods = len(stage.demand)
    is_open = [t >= start and (t - start) % every < length for t in range(n_periods)]
    most = range(sum(stage.demand) + 1)
    least = stage.least(lambda t: most if is_open[t] else (0,))
    window = {"item": "a", "location": "x", "start": start, "length": length, "every": every}
    tables = stage.tables() | {"calendar": frame(window)}
    return Case(tables, least, in_full(n_periods))


def lost_sales(rng: np.random.Generator) -> Case:
    """What is not served at once is lost, in batches of at most a capacity."""
    stage, size = _one_stage(rng, lost=money(rng, 1.0, 20.0)), int(rng.integers(2, 5))
    most = size * int(rng.integers(1, 3))
    least = stage.least(lambda _: range(0, most + 1, size))
    columns = {"order_multiple": float(size), "maximum_order": float(most)}
    return Case(stage.tables(**columns), least, in_full(len(stage.demand)))


def frozen(rng: np.random.Generator) -> Case:
    """Orders of the first periods are fixed, and others are on their way."""
    stage = _one_stage(rng, opening=int(rng.integers(0, 6)), backorder=money(rng, 1.0, 8.0))
    n_periods, size = len(stage.demand), int(rng.integers(1, 4))
    fixed = [size * int(rng.integers(0, 3)) for _ in range(int(rng.integers(1, 4)))]
    due = {int(t): int(rng.integers(1, 6)) for t in rng.choice(n_periods, 2, replace=False)}
    stage = OneStage(**{**vars(stage), "open_orders": due})
    most = range(0, sum(stage.demand) + size, size)
    least = stage.least(lambda t: (fixed[t],) if t < len(fixed) else most)
    orders = frame(
        *({"item": "a", "location": "x", "period": t, "order": q} for t, q in enumerate(fixed))
    )
    columns = {"order_multiple": float(size)} if size > 1 else {}
    options = in_full(n_periods, frozen=len(fixed), frozen_orders=orders)
    return Case(stage.tables(**columns), least, options)


def floors(rng: np.random.Generator) -> Case:
    """Safety stock that may be gone below at a price."""
    stage = _one_stage(rng)
    n_periods = len(stage.demand)
    floor = [int(f) for f in rng.integers(0, 6, n_periods)]
    stage = OneStage(**{**vars(stage), "floor": floor, "floor_price": money(rng, 0.2, 6.0)})
    most = int(rng.integers(3, 10))
    least = stage.least(lambda _: range(most + 1))
    table = frame(
        *({"item": "a", "location": "x", "period": t, "floor": f} for t, f in enumerate(floor))
    )
    options = in_full(n_periods, floors=table, floor_price=stage.floor_price)
    return Case(stage.tables(maximum_order=float(most)), least, options)


FAMILIES = (lot_sizing, batches, order_bounds, capacity, campaigns, lost_sales, frozen, floors)
