"""How much of what was planned a new plan changes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from echelon.policies.publication.targets import KEY, Floats


def nervousness(
    old: Floats, new: Floats, unit_value: Floats, period: Floats, decay: float
) -> float:
    r"""Value of the changes over the value of what was planned.

    .. math:: N = \frac{\sum_{i,t} v_i\,a^t\,|y'_{it} - y_{it}|}{\sum_{i,t} v_i\,a^t\,|y_{it}|}

    with targets :math:`y` before and :math:`y'` after, unit values :math:`v` and a weight
    :math:`a \le 1` that counts the near periods for more. It is the instability of Sridharan, Berry
    and Udayabhanu, a weighted sum of absolute changes of planned quantities, laid out over targets
    instead of orders and over money planned instead of the number of orders, so that it is a share.

    Parameters
    ----------
    old, new : (n,) float64
        Units; a target that one side lacks is NaN there. One that is gone counts in full as a
        change, one that is new as a change of its value over nothing planned.
    unit_value : (n,) float64
        Money per unit; all 1 counts units.
    period : (n,) float64
        Periods ahead, 0 for targets that hold in every period.
    decay : float
        :math:`a`, above 0 and at most 1.

    Returns
    -------
    float
        0 where nothing changes; NaN where nothing was planned.

    References
    ----------
    .. [1] Sridharan, Berry & Udayabhanu (1988), Measuring master production schedule stability
       under rolling planning horizons, *Decision Sciences* 19(1).
    .. [2] Kadipasaoglu & Sridharan (1997), Measurement of instability in multi-level MRP systems,
       *International Journal of Production Research* 35(3).
    .. [3] de Kok & Inderfurth (1997), Nervousness in inventory management: comparison of basic
       control rules, *European Journal of Operational Research* 103(1).

    Examples
    --------
    >>> import numpy as np
    >>> old, new = np.array([100.0, 50.0]), np.array([110.0, 50.0])
    >>> round(nervousness(old, new, np.array([2.0, 1.0]), np.zeros(2), 1.0), 3)
    0.08
    """
    weight = unit_value * decay**period
    before, after = np.nan_to_num(old), np.nan_to_num(new)
    planned = float(np.sum(weight * np.abs(before)))
    if planned == 0.0:
        return float("nan")
    return float(np.sum(weight * np.abs(after - before))) / planned


def nervousness_of_moves(
    moves: pd.DataFrame, what: str, unit_values: pd.DataFrame, decay: float
) -> float:
    """Nervousness of the first quantity compared; NaN where there are no targets.

    Parameters
    ----------
    moves : DataFrame
        Of a publication.
    what : {"new", "published"}
        What is compared with the old numbers.
    unit_values : DataFrame
        item, location and ``unit_cost``; without rows, units are counted.
    decay : float
        As of :func:`nervousness`.
    """
    if moves.empty:
        return float("nan")
    rows = moves[moves["quantity"] == moves["quantity"].iloc[0]]
    valued = np.ones(len(rows))
    if len(unit_values):
        value = unit_values.set_index(KEY[:2])["unit_cost"]
        valued = value.reindex(pd.MultiIndex.from_frame(rows[KEY[:2]])).to_numpy(np.float64)
    old, new = (rows[name].to_numpy(np.float64) for name in ("old", what))
    period = rows["period"].fillna(0).to_numpy(np.float64)
    return nervousness(old, new, valued, period, decay)
