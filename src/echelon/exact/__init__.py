"""Answers computed exactly, without sampling and without a solver.

The public models, by name and loaded on first use: ``echelon.exact.newsvendor(...)``.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME: dict[str, str] = {
    "axsater": "multi_echelon.two_echelon",
    "base_stock_for": "single_stage.base_stock_levels",
    "base_stock_measures": "single_stage.base_stock_levels",
    "base_stock_with_disruptions": "supply_uncertainty.disruptions",
    "clark_scarf": "multi_echelon.serial",
    "echelon_levels": "multi_echelon.levels",
    "economic_order_quantity": "known_demand.economic_order",
    "economic_order_with_disruptions": "supply_uncertainty.disruptions",
    "economic_order_with_yield": "supply_uncertainty.yields",
    "finite_horizon": "horizon.finite_horizon",
    "graves_two_moment": "multi_echelon.metric",
    "installation_levels": "multi_echelon.levels",
    "joint_replenishment": "known_demand.joint_replenishment",
    "level_for_leftover": "loss_functions",
    "level_for_second_leftover": "loss_functions",
    "level_for_second_shortage": "loss_functions",
    "level_for_shortage": "loss_functions",
    "loss": "loss_functions",
    "lost_sales_base_stock": "lost_sales.lost_sales",
    "lost_sales_constant_order": "lost_sales.constant_order",
    "lost_sales_fill_rate": "lost_sales.lost_sales",
    "lost_sales_one_for_one": "lost_sales.one_for_one",
    "lost_sales_optimal": "lost_sales.lost_sales_optimal",
    "lot_sizing": "known_demand.lot_sizing",
    "metric": "multi_echelon.metric",
    "min_max_approximation": "single_stage.min_max",
    "min_max_for": "single_stage.min_max_measures",
    "min_max_policy": "single_stage.min_max",
    "min_max_measures": "single_stage.min_max_measures",
    "myopic_bounds": "horizon.myopic_bounds",
    "newsvendor": "single_stage.newsvendor",
    "newsvendor_profit": "single_stage.newsvendor",
    "newsvendor_service": "single_stage.newsvendor",
    "newsvendor_with_yield": "supply_uncertainty.yields",
    "perishable_base_stock": "perishable.base_stock",
    "perishable_fill_rate": "perishable.base_stock",
    "perishable_largest_level": "perishable.largest_level",
    "perishable_optimal": "perishable.optimal",
    "perishable_projected_level": "perishable.projected_level",
    "quantity_discount": "known_demand.quantity_discount",
    "reorder_point_approximation": "single_stage.reorder_point_approximation",
    "reorder_point_for": "single_stage.lot_policy",
    "reorder_point_measures": "single_stage.lot_policy",
    "reorder_policy": "single_stage.reorder_point_cost",
    "rosling": "multi_echelon.assembly",
    "serial_measures": "multi_echelon.levels",
    "shang_song": "multi_echelon.shang_song",
    "two_echelon_for_backorders": "multi_echelon.distribution_levels",
    "two_echelon_for_fill_rate": "multi_echelon.distribution_levels",
    "two_echelon_levels": "multi_echelon.distribution_levels",
    "two_echelon_waiting": "multi_echelon.waiting",
}
"""Each public model and the module it lives in."""

__all__ = sorted(_HOME)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"echelon.exact.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'echelon.exact' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
