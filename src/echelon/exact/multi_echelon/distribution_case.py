"""What the models of a warehouse with retailers are given, checked and laid out.

A *system* is one warehouse with its retailers. Retailers lie along the last axis of their
arguments, systems along the axes before it, which are the axes of the warehouse's arguments.
Systems of unequal size are given flat, with a label per retailer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from echelon.distributions.arguments import Floats
from echelon.errors import DomainError
from echelon.exact.manner import Case, Given, Value

MOST_OUTSTANDING = 10_000.0
"""Orders outstanding on average, beyond which counting them one by one takes too long."""


@dataclass(frozen=True, slots=True)
class Systems:
    """Checked arguments of a call, flat: retailers system by system.

    Attributes
    ----------
    shape : tuple of int
        Of the systems; ``()`` for one.
    retailer_shape : tuple of int
        Of what is answered about retailers; ``()`` where all arguments were plain numbers.
    retailers, warehouses : mapping of str to ndarray of float64
        ``(n_retailers,)`` and ``(n_systems,)``.
    retailer_ptr : (n_systems + 1,) ndarray of int64
        Retailers of system ``s`` are ``range(retailer_ptr[s], retailer_ptr[s + 1])``.
    order : (n_retailers,) ndarray of int64
        Where each retailer stood in the arguments.
    labels : (n_systems,) ndarray
        Names of the systems, or their numbers.
    """

    shape: tuple[int, ...]
    retailer_shape: tuple[int, ...]
    retailers: dict[str, Floats]
    warehouses: dict[str, Floats]
    retailer_ptr: NDArray[np.int64]
    order: NDArray[np.int64]
    labels: NDArray[Any]

    @property
    def owner(self) -> NDArray[np.int64]:
        """System of each retailer, (n_retailers,)."""
        return np.repeat(np.arange(len(self.retailer_ptr) - 1), np.diff(self.retailer_ptr))

    @property
    def warehouse_demand(self) -> Floats:
        """Demand rate at each warehouse, units/period, (n_systems,)."""
        return np.add.reduceat(self.retailers["demand_rate"], self.retailer_ptr[:-1])

    @property
    def share(self) -> Floats:
        """Share of each retailer in the demand of its warehouse; 0 where there is none."""
        rate, whole = self.retailers["demand_rate"], self.warehouse_demand[self.owner]
        return np.divide(rate, whole, out=np.zeros_like(rate), where=whole > 0.0)

    def of_retailers(self, values: NDArray[Any]) -> Value:
        """Give one value per retailer in the shape and order of the arguments."""
        placed = np.empty_like(values)
        placed[self.order] = values
        return _shaped(placed, self.retailer_shape)

    def of_warehouses(self, values: NDArray[Any]) -> Value:
        """Give one value per system in the shape of the arguments."""
        return _shaped(values.copy(), self.shape)

    def names(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Label of the system and number within it, for each retailer in the order given."""
        number = np.arange(len(self.order)) - self.retailer_ptr[self.owner]
        placed = np.empty_like(number)
        placed[self.order] = number
        owner = np.empty_like(self.owner)
        owner[self.order] = self.owner
        return self.labels[owner], placed


class SystemsGiven:
    """The arguments of one call, about retailers and about warehouses, with their faults.

    Parameters
    ----------
    model : str
        Name of the function, for the message.
    system : sequence of hashable, optional
        Label of each retailer's system where systems differ in size; the arguments about retailers
        are then flat, and those about warehouses follow the labels as they first appear.
    """

    def __init__(self, model: str, system: Sequence[Any] | NDArray[Any] | None = None) -> None:
        self.retailer = Given(model)
        self.warehouse = Given(model)
        self.warehouse.faults = self.retailer.faults  # one list, told at once
        self._codes: NDArray[np.int64] | None = None
        self._labels: NDArray[Any] = np.zeros(0)
        if system is not None:
            told = np.asarray(system)
            if told.ndim != 1 or not told.size:
                self.retailer.faults.append(
                    f"system has shape {told.shape}. Fix: give a label for each retailer."
                )
                return
            codes, self._labels = pd.factorize(told)
            self._codes = codes.astype(np.int64)
            if (self._codes < 0).any():
                at = int(np.argmax(self._codes < 0))
                self.retailer.faults.append(
                    f"system[{at}] is {told[at]!r}, no label. Fix: label every retailer."
                )

    def demand_and_times(
        self, demand_rate: ArrayLike, lead_time: ArrayLike, warehouse_lead_time: ArrayLike
    ) -> None:
        """Take what all these models have in common."""
        self.retailer.number("demand_rate", demand_rate, least=0.0, unit="units/period")
        self.retailer.number("lead_time", lead_time, least=0.0, unit="periods")
        self.warehouse.number("warehouse_lead_time", warehouse_lead_time, least=0.0, unit="periods")

    def levels(self, base_stock: ArrayLike, warehouse_base_stock: ArrayLike) -> None:
        """Take base stocks, whole units."""
        self.retailer.number("base_stock", base_stock, least=0.0, most=1e9, whole=True)
        self.warehouse.number(
            "warehouse_base_stock", warehouse_base_stock, least=0.0, most=1e9, whole=True
        )

    def settle(self, *, most_outstanding: float = MOST_OUTSTANDING) -> Systems:
        """Raise all faults in one error, or give the arguments laid out.

        Raises
        ------
        DomainError
            Lists every fault with argument, position, value and remedy.
        """
        given, warehouses = self.retailer.settle(), self.warehouse.settle()
        systems = self._flat(given, warehouses)
        retail, central = systems.retailers, systems.warehouses
        self._few(
            "outstanding orders at a warehouse",
            systems.warehouse_demand * central["warehouse_lead_time"],
            most_outstanding,
        )
        self._few(
            "orders on their way to a retailer",
            retail["demand_rate"] * retail["lead_time"],
            most_outstanding,
        )
        self.retailer.settle()
        return systems

    def _few(self, what: str, mean: Floats, most: float) -> None:
        if (mean > most).any():
            self.retailer.fault(
                f"mean of {what}", mean, mean > most, f"must be at most {most:g}", "units",
                "count in larger units or in shorter periods",
            )  # fmt: skip

    def _flat(self, given: Case, warehouses: Case) -> Systems:
        if self._codes is not None:
            return self._labelled(given, warehouses, self._codes)
        single = not given.shape
        inner = given.shape or (1,)
        shape = self._common(inner[:-1], warehouses.shape)
        n_here = inner[-1]
        n_systems = int(np.prod(shape))
        if not n_here or not n_systems:
            raise DomainError(f"{self.retailer.model}: no retailers. Fix: give one or more.")
        full = (*shape, n_here)
        return Systems(
            shape,
            shape if single else full,
            {
                name: np.broadcast_to(one.reshape(inner), full).reshape(-1).copy()
                for name, one in given.numbers.items()
            },
            _spread(warehouses, shape),
            np.arange(n_systems + 1, dtype=np.int64) * n_here,
            np.arange(n_systems * n_here, dtype=np.int64),
            np.arange(n_systems),
        )

    def _labelled(self, given: Case, warehouses: Case, codes: NDArray[np.int64]) -> Systems:
        if given.shape not in ((), codes.shape):
            raise DomainError(
                f"{self.retailer.model}: arguments about retailers have shape {given.shape} and "
                f"system has {codes.shape}. Fix: give one number for each retailer."
            )
        n_systems = len(self._labels)
        shape = self._common((n_systems,), warehouses.shape)
        if shape != (n_systems,):
            raise DomainError(
                f"{self.retailer.model}: arguments about warehouses have shape {warehouses.shape}, "
                f"for {n_systems} systems. Fix: give one number for each system."
            )
        order = np.argsort(codes, kind="stable")
        return Systems(
            shape,
            codes.shape,
            {
                name: np.broadcast_to(one.reshape(given.shape), codes.shape)[order]
                for name, one in given.numbers.items()
            },
            _spread(warehouses, shape),
            np.concatenate(([0], np.cumsum(np.bincount(codes, minlength=n_systems)))),
            order,
            self._labels,
        )

    def _common(self, systems: tuple[int, ...], warehouses: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return np.broadcast_shapes(systems, warehouses)
        except ValueError:
            raise DomainError(
                f"{self.retailer.model}: arguments about retailers tell of systems of shape "
                f"{systems}, those about warehouses of {warehouses}. "
                "Fix: put retailers along the last axis and systems along those before it."
            ) from None


def _spread(warehouses: Case, shape: tuple[int, ...]) -> dict[str, Floats]:
    return {
        name: np.broadcast_to(one.reshape(warehouses.shape), shape).reshape(-1).copy()
        for name, one in warehouses.numbers.items()
    }


def _shaped(values: NDArray[Any], shape: tuple[int, ...]) -> Value:
    placed = values.reshape(shape)
    if not shape:
        return placed.item()
    placed.setflags(write=False)
    return placed
