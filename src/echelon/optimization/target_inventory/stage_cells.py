"""Numbers of the tables that problems are made of, blank cells as what they amount to."""

from __future__ import annotations

import numpy as np

from echelon.network.compiled import Booleans, Floats
from echelon.network.network import Network

_ROUNDING = 1e-9


def stage_cells(network: Network) -> dict[str, Floats]:
    """Columns of stages, float64, by name: each (n_stages,)."""
    return {name: numbers(network, "stages", name, blank) for name, blank in _BLANKS.items()}


def numbers(network: Network, table: str, name: str, blank: float) -> Floats:
    """One column, with ``blank`` in place of cells that are blank."""
    cells = network.cells(table, name).astype(np.float64)
    return np.where(np.isnan(cells), blank, cells)


def reviews(cells: dict[str, Floats], n_periods: int) -> Booleans:
    """Periods in which a stage may order: (J, T) bool."""
    every = np.maximum(cells["review_period"], 1.0)[:, None]
    return np.asarray(np.arange(n_periods)[None, :] % every == cells["review_phase"][:, None])


def to_multiple(quantity: Floats, multiple: Floats, *, up: bool) -> Floats:
    """Round to the multiple where there is one (clause 11.2)."""
    step = np.where(multiple > 0.0, multiple, 1.0)
    rounded = step * (
        np.ceil(quantity / step - _ROUNDING) if up else np.floor(quantity / step + _ROUNDING)
    )
    whole = (multiple > 0.0) & np.isfinite(quantity)
    return np.where(whole, rounded, quantity)


_BLANKS = {
    "holding_cost": 0.0,
    "order_cost": 0.0,
    "waste_cost": 0.0,
    "backorder_cost": 0.0,
    "lost_sales_share": 0.0,
    "lost_sale_cost": 0.0,
    "yield_mean": 1.0,
    "lot_failure": 0.0,
    "capacity": np.inf,
    "order_multiple": 0.0,
    "minimum_order": 0.0,
    "maximum_order": np.inf,
    "shelf_life": 0.0,
    "can_stock": 1.0,
    "review_period": 0.0,
    "review_phase": 0.0,
    "initial_stock": np.nan,
}
"""Columns of stages that a problem is made of, and what a blank cell amounts to."""
