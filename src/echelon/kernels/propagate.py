"""Carry customers' demand up the lanes: each end item's units per unit, by every path."""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit


@jit
def seen_upstream(
    component_ptr: Integers,
    pred_ptr: Integers,
    pred_stage: Integers,
    pred_units: Floats,
    own_mean: Floats,
    own_variance: Floats,
    mean: Floats,
    variance: Floats,
    usage: Floats,
) -> None:
    """Mean and variances of the demand each stage sees, end item by end item (clause 7).

    component_ptr, pred_ptr: zero-based; pred_stage numbered within its component.
    own_mean (n_stages,) units; own_variance (k, n_stages): k variances to pool independently.
    mean (n_stages,), variance (k, n_stages): overwritten. usage: scratch, longest component.
    """
    mean[:] = 0.0
    variance[:] = 0.0
    for c in range(component_ptr.shape[0] - 1):
        first = component_ptr[c]
        n = component_ptr[c + 1] - first
        for end in range(n):
            m = own_mean[first + end]
            spread = 0.0
            for k in range(own_variance.shape[0]):
                spread += own_variance[k, first + end]
            if m == 0.0 and spread == 0.0:
                continue
            usage[: end + 1] = 0.0
            usage[end] = 1.0
            for j in range(end, -1, -1):  # upstream first, so no supplier comes after its customer
                u = usage[j]
                if u == 0.0:
                    continue
                mean[first + j] += u * m
                for k in range(own_variance.shape[0]):
                    variance[k, first + j] += u * u * own_variance[k, first + end]
                for lane in range(pred_ptr[first + j], pred_ptr[first + j + 1]):
                    usage[pred_stage[lane]] += u * pred_units[lane]
