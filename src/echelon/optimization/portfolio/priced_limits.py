"""What each limit costs, as a frame with a sentence per limit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from echelon.display import quantity
from echelon.network.compiled import Floats
from echelon.optimization.portfolio.choose import Chosen
from echelon.optimization.portfolio.columns import LIMITS
from echelon.optimization.portfolio.problem import OptionProblem
from echelon.optimization.portfolio.rows import LimitRow, in_unit

_POINT = 0.01


def limits_frame(
    problem: OptionProblem, rows: Sequence[LimitRow], chosen: Chosen, what: str
) -> pd.DataFrame:
    """Lay out the limits, what they allow, what is used of them, and their prices.

    Parameters
    ----------
    problem : OptionProblem
    rows : sequence of LimitRow
    chosen : Chosen
    what : str
        What is minimised and its unit, in words: ``"EUR of stock"``.

    Returns
    -------
    DataFrame
        Columns of :data:`~echelon.optimization.portfolio.columns.LIMITS`.
    """
    slope = np.array([row.slope for row in rows])
    told = [
        (
            row.name,
            row.group,
            row.kind,
            row.sense,
            row.told(float(problem.most[r])),
            row.told(float(chosen.used[r])),
        )
        for r, row in enumerate(rows)
    ]
    frame = pd.DataFrame(told, columns=list(LIMITS.names[:6]))
    frame["room"] = (problem.most - chosen.used) * np.abs(slope)
    frame["price"] = prices_of(chosen.price, slope)
    frame["sentence"] = [
        sentence(row, price, what) for row, price in zip(rows, frame["price"].tolist(), strict=True)
    ]
    return frame


def prices_of(price: Floats, slope: Floats) -> Floats:
    """What a limit costs per unit in which it is told."""
    return np.asarray(price / np.abs(slope))


def sentence(row: LimitRow, price: float, what: str) -> str:
    """Say what a limit costs.

    Examples
    --------
    >>> row = LimitRow("service", "EU", "fill_rate", "-", slope=-0.01, offset=1.0)
    >>> sentence(row, 120_000.0, "EUR of stock")
    'the next point of service (EU) costs 1,200.00 EUR of stock'
    >>> sentence(LimitRow("budget", "", "stock", "money"), 0.25, "EUR a week")
    'one more of budget saves 0.25 EUR a week'
    """
    if price <= 0.0:
        return ""
    if row.unit == "-":
        return f"the next point of {row.label} costs {quantity(_POINT * price)} {what}"
    if row.slope < 0.0:
        return f"one more of {row.label} costs {quantity(price)} {what}"
    return f"one more of {row.label} saves {quantity(price)} {what}"


def binding_lines(frame: pd.DataFrame, most: int) -> list[str]:
    """Sentences of the dearest limits, ``most`` of them, each with what is asked for."""
    dear = frame[frame["price"] > 0.0]
    kinds = dear["price"].where(dear["kind"] != "service", _POINT * dear["price"])
    shown = dear.loc[kinds.sort_values(ascending=False, kind="stable").index].head(most)
    units = shown["kind"].map({"service": "-"}).fillna("").tolist()
    return [
        f"  {row['sentence']} ({row['sense']} {in_unit(row['asked'], unit)})"
        for row, unit in zip(shown.to_dict("records"), units, strict=True)
    ]
