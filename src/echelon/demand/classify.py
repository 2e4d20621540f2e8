"""Tell smooth, erratic, intermittent and lumpy demand apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from echelon.errors import DomainError

Floats: TypeAlias = NDArray[np.float64]

INTERVAL_CUT = 1.32
"""Periods between demands from which a series is intermittent or lumpy, no unit."""
VARIATION_CUT = 0.49
"""Squared coefficient of variation of sizes from which a series is erratic or lumpy, no unit."""
CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "no demand")
"""Names of the classes; their places are the codes that :func:`classify` gives."""


@dataclass(frozen=True, slots=True)
class Classification:
    """What kind of demand each series is.

    Attributes
    ----------
    interval : (n_series,) float64
        Average demand interval: periods observed per period with demand; infinite where none.
    variation : (n_series,) float64
        Squared coefficient of variation of the sizes, which are the quantities of periods with
        demand (population variance over squared mean); NaN where there is no demand.
    code : (n_series,) int64
        Place in :data:`CLASSES`.
    """

    interval: Floats
    variation: Floats
    code: NDArray[np.int64]

    @property
    def names(self) -> NDArray[np.object_]:
        """The class of each series in words."""
        return np.array(CLASSES, dtype=object)[self.code]


def classify(quantity: ArrayLike) -> Classification:
    """Classify series by demand interval and squared coefficient of variation.

    Smooth: interval below 1.32 and variation below 0.49; erratic: short interval, variation at or
    above; intermittent: long interval, variation below; lumpy: both at or above [1]_. The cut-offs
    are where Croston's forecast and the Syntetos-Boylan one have equal mean squared errors.

    Parameters
    ----------
    quantity : (n_series, n_periods) array_like of float
        Units per period; NaN where not observed.

    Returns
    -------
    Classification

    Raises
    ------
    DomainError
        If the array is not two-dimensional, or a series has no observation.

    References
    ----------
    .. [1] Syntetos, Boylan & Croston (2005), *On the categorization of demand patterns*,
       Journal of the Operational Research Society 56(5), 495-503.

    Examples
    --------
    >>> classes = classify([[4, 5, 6, 5], [0, 0, 5, 0], [0, 1, 0, 9], [0, 0, 0, 0]])
    >>> classes.names.tolist(), classes.interval.tolist()
    (['smooth', 'intermittent', 'lumpy', 'no demand'], [1.0, 4.0, 2.0, inf])
    """
    given = np.asarray(quantity, dtype=np.float64)
    if given.ndim != 2:
        raise DomainError(
            f"quantity has {given.ndim} dimensions. Fix: give one row per series, one column per "
            "period."
        )
    observed = (~np.isnan(given)).sum(axis=1)
    if (observed == 0).any():
        raise DomainError(
            f"quantity[{int((observed == 0).argmax())}] has no observation. "
            "Fix: leave the series out."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        positive = given > 0.0
        count = positive.sum(axis=1)
        total = np.sum(given, axis=1, where=positive)
        mean = total / count
        interval = observed / count
        off = np.where(positive, given - mean[:, None], 0.0)
        variation = np.einsum("ij,ij->i", off, off) / count / mean**2
    code = 2 * (interval >= INTERVAL_CUT) + (variation >= VARIATION_CUT)
    code = np.where(count == 0, len(CLASSES) - 1, code)
    return Classification(interval, variation, code.astype(np.int64))
