"""Checks of how a stage orders and of what may go wrong there: columns that depend on another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.tables import Checked
from echelon.tables.ordering import POLICIES

_LOTS = ("reorder_point", "reorder_point_once")
_ROUNDING = 1e-9
_LEAST_STD = 1e-6
"""Of a good share: quantiles of a narrower beta distribution are lost in rounding."""


def check_ordering(stages: Checked) -> None:
    """Add faults of policies, order quantities and review phases."""
    policy = policies(stages)
    names = ("policy", "reorder_point", "order_quantity", "base_stock")
    sound = stages.sound(names)
    lots = np.isin(policy, _LOTS)
    min_max = policy == "min_max"
    point, quantity, level = (_numbers(stages, name) for name in names[1:])
    stages.add(
        "order_quantity",
        lots & np.isnan(quantity) & sound,
        "is missing beside a reorder_point policy",
        "give the units of one order",
    )
    for name, cells, uses, which in (
        ("reorder_point", point, lots | min_max, "min_max or reorder_point"),
        ("order_quantity", quantity, lots, "reorder_point"),
    ):
        stages.add(
            name,
            ~np.isnan(cells) & ~uses & sound,
            f"must be blank where the policy is not {which}",
            f"write policy 'reorder_point', or leave {name} blank",
        )
    stages.add(
        "reorder_point",
        min_max & ~(point < level) & ~np.isnan(point) & ~np.isnan(level) & sound,
        "must be below base_stock, up to which a min_max policy orders",
        "give the smaller of the two as reorder_point",
    )
    _check_quantities(stages)
    _check_phase(stages)


def policies(stages: Checked) -> np.ndarray:
    """Give the policy of each stage, the default where it is blank."""
    if not stages.has("policy"):
        return np.full(len(stages.frame), POLICIES[0], dtype=object)
    named = stages.frame["policy"].to_numpy(dtype=object, copy=True)
    named[named == ""] = POLICIES[0]
    return named


def missing_points(stages: Checked, in_levels: dict[str, Booleans]) -> None:
    """Add faults of min_max stages that have a base stock and no reorder point, here or in levels.

    Parameters
    ----------
    stages : Checked
    in_levels : dict of str to (n_stages,) bool
        Whether the table ``levels`` gives ``base_stock`` and ``reorder_point`` of a stage.
    """
    has = {
        name: ~np.isnan(_numbers(stages, name)) | in_levels[name]
        for name in ("base_stock", "reorder_point")
    }
    stages.add(
        "reorder_point",
        (policies(stages) == "min_max")
        & has["base_stock"]
        & ~has["reorder_point"]
        & stages.sound(("policy", "base_stock", "reorder_point")),
        "is missing at a min_max stage that has a base_stock",
        "give the position at which it orders, or leave both to the plan",
    )


def _check_quantities(stages: Checked) -> None:
    names = ("order_multiple", "minimum_order", "maximum_order")
    if not stages.has("maximum_order"):
        return
    multiple, least, most = (_numbers(stages, name) for name in names)
    sound = stages.sound(names)
    step = np.where(np.isnan(multiple), 1.0, multiple)
    with np.errstate(invalid="ignore"):
        rounded = np.where(np.isnan(multiple), least, step * np.ceil(least / step - _ROUNDING))
        cut = np.where(np.isnan(multiple), most, step * np.floor(most / step + _ROUNDING))
    below = most < multiple
    stages.add(
        "maximum_order",
        below & sound,
        "must be at least order_multiple, or no order is possible",
        "give a larger maximum_order, or a smaller order_multiple",
    )
    stages.add(
        "maximum_order",
        (cut < rounded) & ~below & sound,
        "must be at least minimum_order, both rounded to order_multiple, or no order is possible",
        "give a larger maximum_order, or a smaller minimum_order",
    )


def _check_phase(stages: Checked) -> None:
    if not stages.has("review_phase"):
        return
    phase = stages.frame["review_phase"].to_numpy()
    review = np.zeros(len(phase), dtype=np.int64)
    if stages.has("review_period"):
        review = stages.frame["review_period"].to_numpy()
    sound = stages.sound(("review_phase", "review_period"))
    stages.add(
        "review_phase",
        (phase > 0) & (review == 0) & sound,
        "must be 0 where review is continuous",
        "give a review_period, or write 0",
    )
    stages.add(
        "review_phase",
        (phase >= review) & (review > 0) & sound,
        "must be below review_period",
        "give the first period that has a review, counted from 0",
    )


def check_supply(stages: Checked) -> None:
    """Add faults of yields and shelf lives."""
    if stages.has("yield_std"):
        mean, std = _numbers(stages, "yield_mean", 1.0), _numbers(stages, "yield_std", 0.0)
        sound = stages.sound(("yield_mean", "yield_std"))
        unknown = (std > 0.0) & (mean == 1.0)
        stages.add(
            "yield_std",
            unknown & sound,
            "must be 0 where all is good: no yield_mean below 1 is given",
            "give the yield_mean, 0.95 for example",
        )
        stages.add(
            "yield_std",
            (std > 0.0) & (std < _LEAST_STD) & ~unknown & sound,
            f"must be 0, or at least {_LEAST_STD:f}: with less the share is as good as known",
            "write 0",
        )
        largest = np.sqrt(np.maximum(mean * (1.0 - mean), 0.0))
        stages.add(
            "yield_std",
            (std >= _LEAST_STD) & ~unknown & (std >= largest) & sound,
            "is more than a share of this mean can vary: std^2 must be below mean x (1 - mean)",
            "give a smaller standard deviation; all or nothing is what lot_failure says",
        )
    if stages.has("shelf_life") and stages.has("item"):
        life = _numbers(stages, "shelf_life")
        sound = stages.sound(("item", "shelf_life"))
        item = pd.factorize(stages.frame["item"])[0]
        first = np.full(int(item.max(initial=-1)) + 1, -1, dtype=np.int64)
        rows = np.flatnonzero(sound)[::-1]
        first[item[rows]] = rows  # the first of equal items stays
        apart = np.zeros(len(life), dtype=np.bool_)
        apart[rows] = ~_same(life[rows], life[first[item[rows]]])
        if apart.any():
            row = int(apart.argmax())
            other = life[first[item[row]]]
            told = "none" if np.isnan(other) else f"{other:g}"
            stages.add(
                "shelf_life",
                apart,
                f"must be alike at every stage of an item; the first of this one has {told}",
                "give one shelf life for all of them, or another name to what keeps longer",
            )


def check_remaining_life(demand: Checked, stages: Checked, customer: Integers) -> None:
    """Add faults of demand that no stock could serve; ``customer`` is the stage of each row."""
    if not demand.has("minimum_remaining_life"):
        return
    asked = demand.frame["minimum_remaining_life"].to_numpy()
    life = np.append(_numbers(stages, "shelf_life"), np.nan)[customer]
    known = demand.sound(("minimum_remaining_life",)) & (customer >= 0)
    known &= np.append(stages.sound(("shelf_life",)), False)[customer]
    demand.add(
        "minimum_remaining_life",
        known & (asked > 0) & np.isnan(life),
        "is asked for where nothing expires",
        "give the stage a shelf_life, or leave the cell blank",
    )
    demand.add(
        "minimum_remaining_life",
        known & (asked > life),  # 9.8: in the period of its arrival a unit has all its life left
        "must be at most the shelf_life of the item",
        "give fewer periods, or a longer shelf_life",
    )


def _same(one: Floats, other: Floats) -> Booleans:
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


def _numbers(checked: Checked, name: str, default: float = np.nan) -> Floats:
    """Read a column that may be absent or blank."""
    if not checked.has(name):
        return np.full(len(checked.frame), default)
    cells = checked.frame[name].to_numpy(dtype=np.float64, copy=True)
    if default == default:
        cells[np.isnan(cells)] = default
    return cells
