"""Each classical model as a network sees it: which components fit, and one call for many."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.array import array
from echelon.distributions.base import Distribution
from echelon.distributions.discrete import Deterministic, Poisson
from echelon.distributions.sums import sum_of
from echelon.exact.multi_echelon.assembly import rosling
from echelon.exact.multi_echelon.distribution_answer import TwoEchelon
from echelon.exact.multi_echelon.distribution_levels import two_echelon_levels
from echelon.exact.multi_echelon.levels import SerialMeasures, serial_measures
from echelon.exact.multi_echelon.metric import graves_two_moment, metric
from echelon.exact.multi_echelon.serial import clark_scarf
from echelon.exact.multi_echelon.shang_song import shang_song
from echelon.exact.multi_echelon.two_echelon import axsater
from echelon.exact.single_stage.base_stock_levels import base_stock_measures
from echelon.exact.single_stage.newsvendor import newsvendor
from echelon.exact.topology import (
    Component,
    UnsuitableError,
    require_alone,
    require_assembly,
    require_depot,
    require_fixed_times,
    require_review,
    require_rising_cost,
    require_series,
)


@dataclass(frozen=True, slots=True)
class Solved:
    """What a model says of one component: columns of its stages, and its costs per period."""

    stages: dict[str, Floats]
    costs: dict[str, float]


Levels = Sequence[Floats] | None


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes
    ----------
    title : str
    fits : callable
        Of a component; raises and says what does not fit.
    shape : callable
        Of a component: those of one shape are solved in one call.
    solve : callable
        Of components of one shape, and the base stocks of each or None for the best.
    takes_levels : bool
        Whether it judges given levels too.
    finds : str
        What levels it finds by itself.
    """

    title: str
    fits: Callable[[Component], None]
    shape: Callable[[Component], Hashable]
    solve: Callable[[Sequence[Component], Levels], list[Solved]]
    takes_levels: bool = True
    finds: str = "best levels"


def _one_for_one(one: Component) -> None:
    require_depot(one)
    require_review(one, allowed=(0,))
    require_fixed_times(one)
    for stage, law in enumerate(one.demand):
        if law is not None and not isinstance(law, Poisson):
            raise UnsuitableError(
                f"the demand of {one.labels[stage]} is {law.family}, the model's Poisson. "
                "Fix: use optimize and simulate."
            )


def _depots(
    evaluator: Callable[..., TwoEchelon],
) -> Callable[[Sequence[Component], Levels], list[Solved]]:
    """Levels of least cost by the exact model, judged by the one asked for."""

    def solve(components: Sequence[Component], levels: Levels) -> list[Solved]:
        retail = np.array([one.holding_cost[1:] for one in components])
        central = np.array([one.holding_cost[0] for one in components])
        short = np.array([one.shortage_cost[1:] for one in components])
        times = np.array([one.lead_time for one in components], dtype=np.float64)
        rate = np.array([[law.mean for law in one.demand if law] for one in components])
        given = {"lead_time": times[:, 1:], "warehouse_lead_time": times[:, 0]}
        if levels is None:
            best = two_echelon_levels(
                rate,
                **given,
                holding_cost=retail,
                shortage_cost=short,
                warehouse_holding_cost=central,
            )
            at_0, at = best.warehouse_base_stock, best.base_stock
        else:
            known = np.array(levels)
            at_0, at = known[:, 0], known[:, 1:]
        told = evaluator(rate, **given, base_stock=at, warehouse_base_stock=at_0)
        own = np.column_stack((at_0, at)).astype(np.float64)
        echelon = own.copy()
        echelon[:, 0] = own.sum(axis=1)
        on_hand = np.column_stack((told.warehouse_on_hand, told.on_hand))
        owed = np.column_stack((told.warehouse_backorders, told.backorders))
        blank = np.full((len(components), 1), np.nan)
        fill, ready = np.hstack((blank, told.fill_rate)), np.hstack((blank, told.ready_rate))
        held = (on_hand * np.column_stack((central, retail))).sum(axis=1)
        # on its way to a retailer it is still worth what it was at the depot
        moving = (rate * times[:, 1:]).sum(axis=1) * central
        late = (owed[:, 1:] * short).sum(axis=1)
        return [
            Solved(
                {
                    "base_stock": own[k],
                    "echelon_base_stock": echelon[k],
                    "on_hand": on_hand[k],
                    "backorders": owed[k],
                    "fill_rate": fill[k],
                    "ready_rate": ready[k],
                },
                {
                    "cost": float(held[k] + moving[k] + late[k]),
                    "holding_cost": float(held[k]),
                    "pipeline_cost": float(moving[k]),
                    "shortage_cost": float(late[k]),
                },
            )
            for k in range(len(components))
        ]

    return solve


def _alone(components: Sequence[Component], levels: Levels) -> list[Solved]:
    """Stages by themselves, whatever their review periods."""
    demand = array([one.demand[0] for one in components])
    times: dict[str, Any] = {
        "lead_time": [one.lead_time[0] for one in components],
        "review_period": np.array([one.review_period[0] for one in components]),
    }
    holding = np.array([one.holding_cost[0] for one in components])
    short = np.array([one.shortage_cost[0] for one in components])
    if levels is None:
        best = newsvendor(demand, holding_cost=holding, shortage_cost=short, **times)
        at = np.asarray(best.base_stock)
    else:
        at = np.array(levels)[:, 0]
    told = base_stock_measures(demand, base_stock=at, **times)
    return [
        Solved(
            {
                "base_stock": at[k : k + 1],
                "echelon_base_stock": at[k : k + 1],
                "on_hand": told.on_hand[k : k + 1],
                "backorders": told.backorders[k : k + 1],
                "fill_rate": told.fill_rate[k : k + 1],
                "ready_rate": told.ready_rate[k : k + 1],
            },
            {
                "cost": float(holding[k] * told.on_hand[k] + short[k] * told.backorders[k]),
                "holding_cost": float(holding[k] * told.on_hand[k]),
                "pipeline_cost": 0.0,
                "shortage_cost": float(short[k] * told.backorders[k]),
            },
        )
        for k in range(len(components))
    ]


def _in_line(one: Component) -> None:
    require_series(one)
    require_review(one, allowed=(0, 1))
    require_rising_cost(one)


def _series(components: Sequence[Component], levels: Levels) -> list[Solved]:
    """Stages in a row, all in units of the end item, as the model counts."""
    usage = np.array([one.usage for one in components])
    given = _series_arguments(components, usage)
    if levels is None:
        own = np.asarray(clark_scarf(**given, progress=False).base_stock)
    else:
        own = np.array(levels) / usage
    told = serial_measures(**given, base_stock=own)
    return _solved_series(told, usage, _added_pipeline(components, usage))


def _series_arguments(components: Sequence[Component], usage: Floats) -> dict[str, Any]:
    """What the models of a series take.

    Stages that review at the start of a period see the orders of that period only after it (clause
    3), so that each waits one period more, not the customers' stage alone.
    """
    return {
        "demand": array([one.demand[-1] for one in components]),
        "holding_cost": np.array([one.holding_cost for one in components]) * usage,
        "shortage_cost": np.array([one.shortage_cost[-1] for one in components]),
        "lead_time": _lead_times(components),
        "review_period": np.array([one.review_period[-1] for one in components]),
        "stage_order": "upstream_first",
    }


def _lead_times(components: Sequence[Component]) -> Any:
    """Arrays, or stage by stage where some are random: components of one shape share those."""
    review = np.array([one.review_period[-1] for one in components], dtype=np.float64)
    *upstream, last = components[0].lead_time
    random = any(isinstance(time, Distribution) for time in (*upstream, last))
    times: list[Any] = []
    for stage, first in enumerate(components[0].lead_time):
        more = review if stage < len(upstream) else np.zeros(len(components))
        if isinstance(first, Distribution):
            times.append(sum_of([first, Deterministic(float(more[0]))]))
        else:
            times.append(more + [one.lead_time[stage] for one in components])
    return times if random else np.column_stack(times)


def _added_pipeline(components: Sequence[Component], usage: Floats) -> Floats:
    """Cost of what :func:`_lead_times` added between stages, where nothing is on its way."""
    held = np.array([one.holding_cost for one in components]) * usage
    review = np.array([one.review_period[-1] for one in components])
    mean = np.array([one.demand[-1].mean for one in components if one.demand[-1]])
    return np.asarray(held[:, :-2].sum(axis=1) * review * mean)


def _heuristic(components: Sequence[Component], _levels: Levels) -> list[Solved]:
    """Levels between two newsvendors', and what they really cost."""
    usage = np.array([one.usage for one in components])
    given = _series_arguments(components, usage)
    guessed = shang_song(**given)
    told = serial_measures(**given, echelon_base_stock=guessed.echelon_base_stock)
    return _solved_series(told, usage, _added_pipeline(components, usage))


def _assembled(one: Component) -> None:
    require_assembly(one)
    require_review(one, allowed=(0,))
    require_fixed_times(one)


def _tree(one: Component) -> Hashable:
    return tuple(one.customers)


def _assembly(components: Sequence[Component], _levels: Levels) -> list[Solved]:
    first = components[0]
    after = [succs[0] if succs else None for succs in first.customers]
    usage = np.array([one.usage for one in components])
    of_next = np.where([stage is None for stage in after], 1.0, usage[:, [s or 0 for s in after]])
    told = rosling(
        array([one.demand[-1] for one in components]),
        successor=after,
        holding_cost=np.array([one.holding_cost for one in components]),
        shortage_cost=np.array([one.shortage_cost[-1] for one in components]),
        lead_time=np.array([one.lead_time for one in components], dtype=np.float64),
        usage=usage / of_next,
        review_period=np.array([one.review_period[-1] for one in components]),
        progress=False,
    )
    blank = np.full(len(first.rows), np.nan)
    return [
        Solved(
            {
                "base_stock": blank,
                "echelon_base_stock": told.echelon_base_stock[k],
                "on_hand": blank,
                "backorders": blank,
                "fill_rate": blank,
                "ready_rate": blank,
            },
            {
                "cost": float(told.cost[k]),
                "holding_cost": float(told.on_hand_cost[k]),
                "pipeline_cost": float(told.pipeline_cost[k]),
                "shortage_cost": float(told.shortage_cost[k]),
            },
        )
        for k in range(len(components))
    ]


def _solved_series(told: SerialMeasures, usage: Floats, added: Floats) -> list[Solved]:
    def last(values: Any) -> Floats:  # customers buy at the last stage alone
        blank = np.full(usage.shape, np.nan)
        blank[:, -1] = values
        return blank

    columns = {
        "base_stock": np.asarray(told.base_stock) * usage,
        "echelon_base_stock": np.asarray(told.echelon_base_stock) * usage,
        "on_hand": np.asarray(told.on_hand) * usage,
        "backorders": np.asarray(told.backorders) * usage,
        "fill_rate": last(told.fill_rate),
        "ready_rate": last(told.ready_rate),
    }
    costs = {
        "cost": np.asarray(told.cost) - added,
        "holding_cost": told.on_hand_cost,
        "pipeline_cost": np.asarray(told.pipeline_cost) - added,
        "shortage_cost": told.shortage_cost,
    }
    return [
        Solved(
            {name: values[k] for name, values in columns.items()},
            {name: float(values[k]) for name, values in costs.items()},
        )
        for k in range(len(usage))
    ]


def _n_stages(one: Component) -> Hashable:
    return len(one.rows)


def _times(one: Component) -> Hashable:
    """Stages, and the random lead times among theirs."""
    random = [time if isinstance(time, Distribution) else None for time in one.lead_time]
    return (*random, *one.review_period[: any(random)].tolist())


MODELS: dict[str, Model] = {
    "clark_scarf": Model("Series, Clark and Scarf", _in_line, _times, _series),
    "shang_song": Model(
        "Series, Shang and Song",
        _in_line,
        _times,
        _heuristic,
        takes_levels=False,
        finds="levels near the best",
    ),
    "rosling": Model("Assembly, Rosling", _assembled, _tree, _assembly, takes_levels=False),
    "newsvendor": Model("One stage, newsvendor", require_alone, _n_stages, _alone),
    "axsater": Model("Depot and retailers, exact", _one_for_one, _n_stages, _depots(axsater)),
    "graves": Model(
        "Depot and retailers, two moments", _one_for_one, _n_stages, _depots(graves_two_moment)
    ),
    "metric": Model("Depot and retailers, METRIC", _one_for_one, _n_stages, _depots(metric)),
}
"""Every model by name."""
