"""From the SKUs' options and the limits of a network to a problem of options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from echelon.errors import DomainError
from echelon.network.compiled import Booleans, Floats, Integers
from echelon.network.network import Network
from echelon.optimization.portfolio.chains import StageWeights
from echelon.optimization.portfolio.limits import (
    AggregateService,
    PortfolioLimit,
    SharedCapacity,
    SharedStorage,
    StockBudget,
)
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow
from echelon.optimization.portfolio.sku_options import SkuOptions

MINIMISE = ("stock_value", "holding_cost", "total_cost", "shortage", "shortage_value")

Quantity = str
"""Name of a column of ``SkuOptions`` that a row counts."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a limit's rows count: for stage ``stage[i]`` the quantity times ``weight[i]``."""

    quantity: Quantity
    stage: Integers
    row: Integers
    weight: Floats


class Assembler:
    """Costs and limits of a network in terms of what its SKUs' options hold and miss.

    Parameters
    ----------
    network : Network
    limits : sequence of PortfolioLimit
    minimise : str
    taking_part : (n_stages,) bool
        Rows of ``Network.stages`` whose SKUs have options.

    Raises
    ------
    DomainError
        With every fault of the limits that the network shows.
    """

    def __init__(
        self,
        network: Network,
        limits: Sequence[PortfolioLimit],
        minimise: str,
        taking_part: Booleans,
    ) -> None:
        self._network, self._in = network, taking_part
        self._n = network.n_stages
        self._item = network.columns("stages", ["item"])["item"].astype(str)
        self._place = network.columns("stages", ["location"])["location"].astype(str)
        self.value = network.cells("stages", "unit_cost").astype(np.float64)
        self.holding = self._by_stage(network.compiled.holding_cost)
        self._owed = self._by_stage(network.compiled.backorder_cost)
        self._order = network.cells("stages", "order_cost").astype(np.float64)
        self.demand = np.zeros(self._n)
        keys = network.columns("demand", ["item", "location"])
        place = pd.MultiIndex.from_arrays([self._item, self._place])
        self._demand_stage = place.get_indexer(pd.MultiIndex.from_frame(keys.astype(str)))
        self._mean = np.array([law.mean for law in network.distributions])
        np.add.at(self.demand, self._demand_stage, self._mean)
        self.rows: list[LimitRow] = []
        self.most: list[float] = []
        self._parts: list[_Part] = []
        self._faults: list[str] = []
        self._minimise = minimise
        if minimise in ("stock_value", "shortage_value"):
            self._need_value(f"minimise={minimise!r}")
        for limit in limits:
            self._add(limit)
        if self._faults:
            raise DomainError("; ".join(self._faults))

    def problem(self, options: SkuOptions) -> OptionProblem:
        """Cost and uses of options, sorted by SKU."""
        from scipy.sparse import coo_matrix

        option = options.option
        uses, at_option, at_row = [], [], []
        for part in self._parts:
            values = self._quantity(part.quantity, options)
            by_stage = np.argsort(part.stage, kind="stable")
            counts = np.bincount(part.stage, minlength=self._n)
            begin = np.cumsum(counts) - counts
            many = counts[options.stage]
            owner = np.repeat(np.arange(len(options.stage)), many)
            place = begin[options.stage][owner] + np.arange(len(owner))
            place -= (np.cumsum(many) - many)[owner]
            entry = by_stage[place]
            uses.append(values[owner] * part.weight[entry])
            at_option.append(option[owner])
            at_row.append(part.row[entry])
        shape = (options.n_options, len(self.rows))
        together = (
            np.concatenate(uses) if uses else np.zeros(0),
            (
                np.concatenate(at_option) if uses else np.zeros(0, np.int64),
                np.concatenate(at_row) if uses else np.zeros(0, np.int64),
            ),
        )
        matrix = coo_matrix(together, shape=shape).tocsr()
        matrix.eliminate_zeros()
        counts = np.unique(options.sku, return_counts=True)[1]
        cost = np.bincount(option, self._cost(options), options.n_options)
        return OptionProblem(
            first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            cost=cost.astype(np.float64),
            use_first=matrix.indptr.astype(np.int64),
            use_row=matrix.indices.astype(np.int64),
            use=matrix.data,
            most=np.array(self.most),
        )

    def weights(self, price: Floats) -> StageWeights:
        """What stocks and shortages of stages cost, uses charged at prices (n_rows,)."""
        by: dict[str, Floats] = {
            name: np.zeros(self._n)
            for name in ("on_hand", "level", "short", "missed", "backorders", "fixed")
        }
        if self._minimise in ("stock_value", "holding_cost", "total_cost"):
            by["on_hand"] += self.value if self._minimise == "stock_value" else self.holding
        if self._minimise == "total_cost":
            by["backorders"] += self._owed
            by["fixed"] += self._order * self._orders(self._reviews())
        if self._minimise in ("shortage", "shortage_value"):
            by["short"] += self.demand * (self.value if self._minimise == "shortage_value" else 1.0)
        for part in self._parts:
            weight = np.bincount(part.stage, price[part.row] * part.weight, self._n)
            if part.quantity == "orders":
                by["fixed"] += weight * self._orders(self._reviews())
            elif part.quantity == "one":
                by["fixed"] += weight
            else:
                by[part.quantity] += weight
        return StageWeights(**by)

    def _cost(self, options: SkuOptions) -> Floats:
        at = options.stage
        if self._minimise == "stock_value":
            return np.asarray(self.value[at] * options.on_hand)
        if self._minimise == "holding_cost":
            return np.asarray(self.holding[at] * options.on_hand)
        if self._minimise == "total_cost":
            kept = self.holding[at] * options.on_hand + self._owed[at] * options.backorders
            return np.asarray(kept + self._order[at] * self._orders(options.review))
        worth = self.value[at] if self._minimise == "shortage_value" else 1.0
        return np.asarray(worth * self.demand[at] * options.short)

    def _quantity(self, name: Quantity, options: SkuOptions) -> Floats:
        if name == "orders":
            return self._orders(options.review)
        if name == "one":
            return np.ones(len(options.stage))
        return np.asarray(getattr(options, name))

    def _reviews(self) -> Integers:
        return self._network.cells("stages", "review_period").astype(np.int64)

    @staticmethod
    def _orders(review: Integers) -> Floats:
        """Orders per period: one at each review, one in each period of continuous review."""
        return 1.0 / np.maximum(review, 1).astype(np.float64)

    def _by_stage(self, values: Floats) -> Floats:
        found = np.empty(self._n)
        found[self._network.compiled.stage_row] = values
        return found

    def _add(self, limit: PortfolioLimit) -> None:
        kinds: Mapping[type, Callable[[object], None]] = {
            StockBudget: self._budget,  # type: ignore[dict-item]
            AggregateService: self._service,  # type: ignore[dict-item]
            SharedStorage: self._storage,  # type: ignore[dict-item]
            SharedCapacity: self._capacity,  # type: ignore[dict-item]
        }
        if type(limit) not in kinds:
            self._faults.append(
                f"limits has {limit!r}, which is no limit of a portfolio. Fix: give StockBudget, "
                "AggregateService, SharedStorage or SharedCapacity"
            )
            return
        kinds[type(limit)](limit)

    def _row(self, row: LimitRow, most: float) -> int:
        self.rows.append(row)
        self.most.append(most)
        return len(self.rows) - 1

    def _budget(self, limit: StockBudget) -> None:
        self._need_value(f"limit {limit.name!r}")
        row = self._row(LimitRow(limit.name, "", "stock_value", "money"), limit.amount)
        at = np.flatnonzero(self._in)
        name = "level" if limit.stock == "base_stock" else "on_hand"
        self._parts.append(_Part(name, at, np.full(len(at), row), self.value[at]))

    def _storage(self, limit: SharedStorage) -> None:
        for place, room in limit.room.items():
            at = np.flatnonzero(self._in & (self._place == str(place)).to_numpy())
            if not at.size:
                self._faults.append(f"limit {limit.name!r}: no SKU lies at location {place!r}")
                continue
            volume = self._per_item(limit.volume, at, f"limit {limit.name!r}: volume")
            row = self._row(LimitRow(limit.name, str(place), "storage", ""), float(room))
            name = "level" if limit.stock == "base_stock" else "on_hand"
            self._parts.append(_Part(name, at, np.full(len(at), row), volume))

    def _capacity(self, limit: SharedCapacity) -> None:
        for place, amount in limit.amount.items():
            at = np.flatnonzero(self._in & (self._place == str(place)).to_numpy())
            if not at.size:
                self._faults.append(f"limit {limit.name!r}: no SKU is made at location {place!r}")
                continue
            setup = self._per_item(limit.setup, at, f"limit {limit.name!r}: setup")
            unit = self._per_item(limit.per_unit, at, f"limit {limit.name!r}: per_unit")
            row = self._row(LimitRow(limit.name, str(place), "capacity", ""), float(amount))
            rows = np.full(len(at), row)
            self._parts.append(_Part("orders", at, rows, setup))
            seen = self._network.demand_seen().mean[at]
            self._parts.append(_Part("one", at, rows, unit * seen))

    def _service(self, limit: AggregateService) -> None:
        taking = self._in[self._demand_stage]
        stage, mean = self._demand_stage[taking], self._mean[taking]
        if limit.weight == "money":
            self._need_value(f"limit {limit.name!r}")
            mean = mean * self.value[stage]
        groups = self._groups(limit)
        if groups is None:
            return
        group = groups[taking]
        targets = (
            {str(key): float(value) for key, value in limit.target.items()}
            if isinstance(limit.target, Mapping)
            else dict.fromkeys(sorted(set(group.tolist())), float(limit.target))
        )
        quantity = "short" if limit.measure == "fill_rate" else "missed"
        row_of = {}
        for name, target in targets.items():
            whole = float(mean[group == name].sum())
            if whole <= 0.0:
                self._faults.append(f"limit {limit.name!r}: no demand is of group {name!r}")
                continue
            told = LimitRow(limit.name, name, "service", "-", slope=-1.0 / whole, offset=1.0)
            row_of[name] = self._row(told, (1.0 - target) * whole)
        asked = np.array([name in row_of for name in group.tolist()], dtype=bool)
        rows = np.array([row_of[name] for name in group[asked].tolist()], dtype=np.int64)
        self._parts.append(_Part(quantity, stage[asked], rows, mean[asked]))

    def _groups(
        self, limit: AggregateService
    ) -> np.ndarray[tuple[int], np.dtype[np.object_]] | None:
        """Group of each row of demand."""
        frame = self._network.demand
        if limit.by is None:
            return np.full(len(frame), "", dtype=object)
        known = ["item", "location", *self._network.segments]
        if limit.by not in known or limit.by not in frame.columns:
            self._faults.append(
                f"limit {limit.name!r}: by is {limit.by!r}, must be one of "
                f"{', '.join(map(repr, known))}"
            )
            return None
        return frame[limit.by].astype(str).to_numpy(dtype=object)

    def _per_item(
        self, given: float | Mapping[str, float] | None, at: Integers, what: str
    ) -> Floats:
        if given is None:
            return np.ones(len(at))
        if not isinstance(given, Mapping):
            return np.full(len(at), float(given))
        items = self._item.to_numpy(dtype=object)[at]
        missing = [item for item in items.tolist() if item not in given]
        if missing:
            rest = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            self._faults.append(f"{what} of item {missing[0]!r}{rest} is missing")
            return np.zeros(len(at))
        return np.array([float(given[item]) for item in items.tolist()])

    def _need_value(self, who: str) -> None:
        missing = np.flatnonzero(self._in & np.isnan(self.value))
        if missing.size:
            self._faults.append(
                f"{who} values stock at unit_cost, which is missing at {len(missing)} stages, "
                f"first {self._network.labels[int(missing[0])]}. Fix: give unit_cost or added_cost"
            )
