"""The demand a stage sees: its customers' and that of every end item it goes into (clause 7)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


def seen_upstream(
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    pred_units: Floats,
    own_mean: Floats,
    own_variance: Floats,
) -> tuple[Floats, Floats]:
    r"""Pool independent end demands over every path from the end item up.

    Parameters
    ----------
    component_ptr, pred_ptr, pred_stage, pred_units
        The arrays of a ``CompiledNetwork`` or a shard of it.
    own_mean : (n_stages,) float64
        Mean demand of a stage's own customers, units per period.
    own_variance : (k, n_stages) float64
        Variances of it, each row pooled by itself (for example of demand, and of its bound).

    Returns
    -------
    mean : (n_stages,) float64
        :math:`\sum_i a_{ij}\mu_i`, with :math:`a_{ij}` the units of ``j`` in one unit of end item
        ``i``, summed over paths.
    variance : (k, n_stages) float64
        :math:`\sum_i a_{ij}^2\sigma_i^2`. Never arc by arc: two branches of a diamond carry the
        same end demand, and adding their variances would count it as two independent ones.

    Examples
    --------
    A part that goes twice into one end item of variance 9 sees a variance of 36:

    >>> import numpy as np
    >>> mean, variance = seen_upstream(
    ...     np.array([0, 2]), np.array([0, 0, 1]), np.array([0]), np.array([2.0]),
    ...     np.array([0.0, 5.0]), np.array([[0.0, 9.0]]),
    ... )
    >>> mean.tolist(), variance.tolist()
    ([10.0, 5.0], [[36.0, 9.0]])
    """
    from echelon.kernels import propagate  # numba: not before it is needed

    mean, variance = np.empty_like(own_mean), np.empty_like(own_variance)
    propagate.seen_upstream(
        component_ptr - component_ptr[0],
        pred_ptr - pred_ptr[0],
        pred_stage,
        pred_units,
        own_mean,
        own_variance,
        mean,
        variance,
        np.empty(int(np.diff(component_ptr).max(initial=0))),
    )
    return mean, variance


def seen_upstream_plain(
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    pred_units: Floats,
    own_mean: Floats,
    own_variance: Floats,
) -> tuple[Floats, Floats]:
    """The plain twin of :func:`seen_upstream`: one dense usage matrix, ``(I - units)^-1``."""
    n = len(own_mean)
    units = np.zeros((n, n))
    component = np.repeat(np.arange(len(component_ptr) - 1), np.diff(component_ptr))
    customer = np.repeat(np.arange(n), np.diff(pred_ptr))
    first = (component_ptr - component_ptr[0])[component[customer]]
    np.add.at(units, (pred_stage + first, customer), pred_units)
    usage = np.linalg.inv(np.eye(n) - units)
    return usage @ own_mean, (usage**2 @ own_variance.T).T
