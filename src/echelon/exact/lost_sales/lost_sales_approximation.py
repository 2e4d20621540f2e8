"""Lost sales where the exact chain is too large: one dimension for all that is on order."""

from __future__ import annotations

import numpy as np

from echelon.distributions.arguments import Floats
from echelon.distributions.array import DistributionArray
from echelon.exact.lost_sales.lost_sales_lattices import put_on_lattices, steps_of
from echelon.kernels import orders_on_the_way as kernels


def chain_lost(demand: DistributionArray, base_stock: Floats, lead_time: Floats) -> Floats:
    """Units lost per period under a base stock, by the chain of all that is on order.

    Parameters
    ----------
    demand : DistributionArray of n
    base_stock, lead_time : (n,) ndarray of float64
        Units; whole periods from 1 on.

    Returns
    -------
    (n,) ndarray of float64

    Raises
    ------
    DomainError
        If the chain of some SKU would be too large.
    """
    some = np.where(base_stock > 0.0, base_stock, np.maximum(demand.mean, np.finfo(float).tiny))
    grid = put_on_lattices(demand, some)
    levels = np.rint(base_stock / grid.step).astype(np.int64)
    lost = np.empty(len(demand))
    delay = lead_time.astype(np.int64)
    kernels.lost_units_of(grid.ptr, grid.mass, grid.mean, levels, delay, lost)
    return np.asarray(lost * grid.step)


def chain_levels(
    demand: DistributionArray,
    highest: Floats,
    lead_time: Floats,
    allowed: Floats,
    *,
    marginal: bool,
) -> Floats:
    """Smallest base stock whose lost units per period are at most ``allowed``.

    Parameters
    ----------
    demand : DistributionArray of n
    highest : (n,) ndarray of float64
        Units; a base stock that is enough.
    lead_time : (n,) ndarray of float64
        Whole periods from 1 on.
    allowed : (n,) ndarray of float64
        Units per period; with ``marginal`` what a further unit of stock may save, no unit.
    marginal : bool

    Returns
    -------
    (n,) ndarray of float64
        Units; on the demand's own lattice where it has one.

    Raises
    ------
    DomainError
        See :func:`chain_lost`.
    """
    grid = put_on_lattices(demand, np.maximum(highest, np.finfo(float).tiny))
    most = np.ceil(highest / grid.step - 1e-9).astype(np.int64)
    levels = np.empty(len(demand), dtype=np.int64)
    kernels.smallest_levels(
        grid.ptr,
        grid.mass,
        grid.mean,
        most,
        lead_time.astype(np.int64),
        allowed if marginal else allowed / grid.step,
        marginal,
        levels,
    )
    units = levels * grid.step
    coarse = np.flatnonzero(~grid.own & (levels > 0) & ~np.array(marginal))
    if coarse.size:  # between two coarse points, where a straight line never loses too little
        some = demand.take(coarse)
        ends = [units[coarse] - grid.step[coarse], units[coarse]]
        lost = [chain_lost(some, np.maximum(end, 0.0), lead_time[coarse]) for end in ends]
        fall = np.where(lost[0] > lost[1], lost[0] - lost[1], 1.0)
        share = np.clip((lost[0] - allowed[coarse]) / fall, 0.0, 1.0)
        units[coarse] = ends[0] + share * grid.step[coarse]
    step = steps_of(demand)
    off = ~grid.own & ~np.isnan(step)
    return np.where(off, np.ceil(units / step - 1e-9) * step, units)
