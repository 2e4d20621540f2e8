"""Base stocks for the stages of a network whose items expire, and the largest that are of use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from echelon.distributions import make
from echelon.distributions.arguments import Floats
from echelon.distributions.per_period import PerPeriod
from echelon.errors import DomainError
from echelon.exact.perishable.base_stock import perishable_base_stock, perishable_fill_rate
from echelon.exact.perishable.columns import LEVELS
from echelon.exact.perishable.levels_result import PerishableLevels
from echelon.exact.perishable.life_in_network import UsableLife, usable_life
from echelon.exact.topology import UnsuitableError
from echelon.execution.workers import Outcome, attempt
from echelon.lead_time.exposure import exposure_demand
from echelon.network.compiled import Integers
from echelon.network.network import Network
from echelon.progress import Progress, track
from echelon.results import FAILURE_COLUMNS, Provenance
from echelon.rng import key_words

_RECKONED = (
    "stages.shelf_life",
    "stages.waste_cost",
    "stages.release_time",
    "stages.lost_sales_share",
    "stages.lost_sale_cost",
    "stages.order_multiple",
    "stages.initial_stock",
    "stages.service_measure=fill",
    "demand.minimum_remaining_life",
)
_CHOSEN = LEVELS.names[LEVELS.names.index("base_stock") :]


def perishable_levels(
    network: Network,
    *,
    waste_chance: float = 0.01,
    value_wasted: bool = True,
    method: str = "auto",
    seed: int = 0,
    progress: Progress = None,
) -> PerishableLevels:
    """Base stocks of a network's stages whose stock expires, and the largest that are of use.

    A stage that stands alone gets the base stock that reaches its ``service_level`` where its
    ``service_measure`` is ``fill``, and else the one of least cost: of holding, of backorders or
    lost sales, and of waste. Every stage whose item expires, alone or in a chain, gets the largest
    level of which each unit is used with a chance of ``1 - waste_chance``; in a chain that is a
    screen, as what upstream stock ages is not known before it is simulated.

    Parameters
    ----------
    network : Network
        Stages need ``holding_cost`` and ``backorder_cost``, or ``lost_sale_cost`` with a
        ``lost_sales_share`` of 1. Stages whose item never expires are left out.
    waste_chance : float, default 0.01
    value_wasted : bool, default True
        Whether a unit that expires costs its ``unit_cost`` on top of the ``waste_cost``.
    method, seed
        See :func:`~echelon.exact.perishable.base_stock.perishable_base_stock`.
    progress : bool, callable or None
        See :data:`echelon.progress.Progress`.

    Returns
    -------
    PerishableLevels
        A stage in a chain has no base stock here. One that stands alone and that the model cannot
        take, as where its times vary, is a row of ``failures``.

    Warns
    -----
    DataWarning
        If the tables say of capacity, yield, disruptions or other things what the model does not
        reckon with.

    Raises
    ------
    DomainError
        If ``waste_chance`` is out of range, or no stage has a shelf life.

    Examples
    --------
    >>> import pandas as pd
    >>> import echelon as ec
    >>> network = ec.Network.from_tables(
    ...     pd.DataFrame({"item": ["vaccine"], "location": "clinic", "lead_time": 1,
    ...                   "review_period": 1, "shelf_life": 4, "unit_cost": 20.0,
    ...                   "backorder_cost": 30.0}),
    ...     None,
    ...     pd.DataFrame({"item": ["vaccine"], "location": "clinic", "family": "poisson",
    ...                   "mean": 3, "minimum_remaining_life": 2}),
    ...     period="week", holding_rate=0.26,
    ... )
    >>> levels = ec.perishable_levels(network)
    >>> levels.stages[["largest_level", "base_stock", "fill_rate", "waste_rate"]].round(4)
       largest_level  base_stock  fill_rate  waste_rate
    0            5.0        10.0     0.9606      0.0718
    """
    if not 0.0 < waste_chance < 1.0:
        hint = f"use {waste_chance / 100:g}" if 1.0 < waste_chance < 100.0 else "give 0.01"
        raise DomainError(
            f"waste_chance is {waste_chance!r}, must be above 0 and below 1. Fix: {hint}."
        )
    began = time.perf_counter()
    network.warn_of_unreckoned("the model of shelf life", _RECKONED)
    found = largest_levels(network, waste_chance)
    if found.empty:
        raise DomainError(
            "stages.shelf_life is blank everywhere: nothing expires. Fix: give it, in periods."
        )
    rows = found.index.to_numpy()
    alone = _alone(network, rows)
    chooser = _Chooser(network, usable_life(network), value_wasted, method, seed)
    outcomes: list[Outcome[dict[str, Any]]] = []
    with track(progress, len(alone), "shelf life") as advance:
        for row in alone:
            outcomes.append(attempt(chooser.choose, row))
            advance(1)
    chosen = [one.unwrap() for one in outcomes if not one.failed]
    at = [row for row, one in zip(alone, outcomes, strict=True) if not one.failed]
    stages = network.stages[["item", "location"]].iloc[rows]
    told = pd.concat(
        [stages, found, pd.DataFrame(chosen, index=at, columns=_CHOSEN).reindex(rows)], axis=1
    )
    return PerishableLevels(
        failures=_failures(network, alone, outcomes),
        provenance=Provenance(
            {"waste_chance": waste_chance, "value_wasted": value_wasted, "method": method},
            network.digests,
            {"perishable_levels": time.perf_counter() - began},
            seed=seed,
        ),
        stages=told[list(LEVELS.names)].reset_index(drop=True),
        period=network.period,
        currency=network.currency,
        name=network.name,
    )


def largest_levels(network: Network, waste_chance: float) -> pd.DataFrame:
    """Give the largest useful level of each stage whose item expires, and what it follows from.

    Parameters
    ----------
    network : Network
    waste_chance : float
        See :func:`~echelon.exact.perishable.largest_level.perishable_largest_level`, whose demand
        is that which the stage sees: its distribution where that is known, else the gamma one of
        its mean and standard deviation.

    Returns
    -------
    DataFrame
        The columns ``shelf_life`` to ``largest_level``; the index holds rows of
        ``network.stages``.
    """
    life = usable_life(network)
    rows = np.flatnonzero(~np.isnan(life.asked_for))
    seen = network.demand_seen()
    review = network.cells("stages", "review_period")[rows].astype(np.float64)
    usable = np.maximum(life.usable[rows], 0.0)
    covered = np.where(usable > 0.0, life.supply[rows] + usable - (review == 0.0), 0.0)
    level = np.zeros(len(rows))
    for k, row in enumerate(rows.tolist()):
        law = seen.distributions[row]
        if law is None or isinstance(law, PerPeriod):
            law = make("gamma", float(seen.mean[row]), float(seen.std[row]))
        level[k] = float(exposure_demand(law, covered[k]).ppf(waste_chance))
    return pd.DataFrame(
        {
            "shelf_life": network.cells("stages", "shelf_life")[rows],
            "life_at_arrival": life.at_arrival[rows],
            "life_asked_for": life.asked_for[rows],
            "usable_life": usable,
            "covered": covered,
            "largest_level": np.maximum(level, 0.0),
        },
        index=rows,
    )


def _alone(network: Network, rows: Integers) -> list[int]:
    """Rows of stages that are a component by themselves."""
    compiled = network.compiled
    size = np.diff(compiled.component_ptr)
    single = compiled.stage_row[compiled.component_ptr[:-1][size == 1]]
    return [row for row in rows.tolist() if row in set(single.tolist())]


class _Chooser:
    """The base stock of one stage at a time."""

    def __init__(
        self, network: Network, life: UsableLife, value_wasted: bool, method: str, seed: int
    ) -> None:
        self._network, self._life = network, life
        self._method, self._seed = method, seed
        self._seen = network.demand_seen()
        stages = network.stages
        self._keys = list(zip(stages["item"], stages["location"], strict=True))
        value = network.cells("stages", "unit_cost").astype(np.float64)
        waste = network.cells("stages", "waste_cost").astype(np.float64)
        self._waste_cost: Floats = waste + np.where(value_wasted, np.nan_to_num(value), 0.0)
        self._known = {
            name: network.cells("stages", name)
            for name in (
                "review_period", "lead_time_std", "release_time_std", "holding_cost",
                "backorder_cost", "lost_sale_cost", "lost_sales_share", "order_multiple",
                "policy", "service_level", "service_measure",
            )
        }  # fmt: skip

    def choose(self, row: int) -> dict[str, Any]:
        """Give the columns of the stage from ``base_stock`` on."""
        known = {name: cells[row] for name, cells in self._known.items()}
        law = self._seen.distributions[row]
        label = self._network.labels[row]
        for wrong, what in (
            (law is None, "demand rows are correlated and have no known sum"),
            (isinstance(law, PerPeriod), "demand changes from period to period"),
            (self._network.process_time(row)[1] != (), "times vary"),
            (self._life.supply[row] % 1.0 != 0.0, "times are not whole"),
            (known["policy"] != "base_stock", f"policy is {known['policy']!r}"),
            (0.0 < known["lost_sales_share"] < 1.0, "only a share of unmet demand is lost"),
            (self._life.usable[row] < 1.0, "no unit has the life that customers ask for"),
        ):
            if wrong:
                raise UnsuitableError(
                    f"{label}: {what}, which the model does not know. Fix: choose its base stock "
                    "by simulation."
                )
        arguments: dict[str, Any] = {
            "shelf_life": self._life.at_arrival[row],
            "lead_time": self._life.supply[row],
            "review_period": known["review_period"],
            "minimum_remaining_life": self._life.asked_for[row],
            "unmet": "lost" if known["lost_sales_share"] == 1.0 else "backordered",
            "method": self._method,
            # each stage has paths of its own, whichever others there are
            "seed": key_words(self._seed, "perishable", *self._keys[row])[0],
        }
        if not np.isnan(known["order_multiple"]):
            arguments["order_multiple"] = known["order_multiple"]
        if known["service_measure"] == "fill" and not np.isnan(known["service_level"]):
            target = perishable_fill_rate(law, fill_rate=known["service_level"], **arguments)
            arguments["base_stock"] = target.base_stock
        lost = arguments["unmet"] == "lost"
        found = perishable_base_stock(
            law,
            holding_cost=known["holding_cost"],
            shortage_cost=known["lost_sale_cost" if lost else "backorder_cost"],
            waste_cost=self._waste_cost[row],
            **arguments,
        )
        return {name: getattr(found, name) for name in _CHOSEN}


def _failures(
    network: Network, rows: Sequence[int], outcomes: Sequence[Outcome[dict[str, Any]]]
) -> pd.DataFrame:
    compiled = network.compiled
    component = np.empty(network.n_stages, dtype=np.int64)
    component[compiled.stage_row] = np.repeat(
        compiled.component_id, np.diff(compiled.component_ptr)
    )
    keys = network.stages[["item", "location"]]
    told = [
        (int(component[row]), *keys.iloc[row], one.error, one.message)
        for row, one in zip(rows, outcomes, strict=True)
        if one.failed
    ]
    return pd.DataFrame(told, columns=list(FAILURE_COLUMNS))
