"""Stock that knows the periods of a cycle apart, and how it is found inside what wraps it."""

from __future__ import annotations

from typing import TypeAlias, cast

from echelon.optimization.cost.inside import inside
from echelon.optimization.cost.seasonal_quantile import SeasonalQuantile
from echelon.optimization.cost.segmented_stock import SegmentedStock
from echelon.optimization.cost.windowed_stock import WindowedStock

SeasonalStock: TypeAlias = WindowedStock | SeasonalQuantile | SegmentedStock
"""Stock that knows of the periods of a cycle."""


def seasonal(stock: object) -> SeasonalStock | None:
    """Give the stock itself, or what is wrapped in it, where it knows of periods that differ."""
    kinds = (WindowedStock, SeasonalQuantile, SegmentedStock)
    found = cast("SeasonalStock | None", inside(stock, kinds))
    return found if found is not None and found.n_periods > 1 else None
