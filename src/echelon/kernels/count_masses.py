"""Probabilities of counts whose neighbours stand in a ratio of two straight lines, SKU by SKU.

Poisson, negative binomial and binomial in one: with mean :math:`m` and :math:`e` the variance over
the mean less 1, :math:`p_{k+1} / p_k = (m + k e) / ((1 + e)(k + 1))`. From the mode to either
side, so that no probability is lost however large the mean: that of the mode need not be known,
since all are divided by their sum.
"""

from __future__ import annotations

from echelon.kernels._jit import Floats, Integers, jit


@jit
def count_lengths(
    mean: Floats, excess: Floats, tail: float, most: int, length: Integers, whole: Floats
) -> None:
    """How many points from 0 hold all but a probability of ``tail``, and what they add up to.

    mean (m,) units, >= 0; excess (m,) > -1; most: where to stop; length (m,) overwritten, above
    ``most`` where more are needed; whole (m,) overwritten, sum with that of the mode 1.
    """
    for j in range(mean.shape[0]):
        m, e = mean[j], excess[j]
        mode = max(int(m - e), 0)
        total, here = 1.0, 1.0
        for k in range(mode - 1, -1, -1):
            here *= (1.0 + e) * (k + 1.0) / (m + k * e)
            total += here
            if here < 1e-20 * total:
                break
        limit = max(e / (1.0 + e), 0.0)  # to which the ratio of neighbours comes down or up
        here, k = 1.0, mode
        while k < most:
            ratio = (m + k * e) / ((1.0 + e) * (k + 1.0))
            worst = max(ratio, limit)
            if ratio <= 0.0 or (worst < 1.0 and here * worst <= tail * total * (1.0 - worst)):
                break
            here *= ratio
            total += here
            k += 1
        length[j], whole[j] = k + 1, total


@jit
def count_masses(
    term_ptr: Integers,
    mean: Floats,
    excess: Floats,
    weight: Floats,
    length: Integers,
    whole: Floats,
    ptr: Integers,
    out: Floats,
) -> None:
    """Mixtures of counts, each made 1 in total over its points.

    term_ptr (n + 1,) where the terms of each SKU begin; mean, excess, weight, length, whole (m,)
    of each term; ptr (n + 1,) where each SKU begins in out; out (ptr[n],) overwritten.
    """
    for i in range(term_ptr.shape[0] - 1):
        base = ptr[i]
        for at in range(base, ptr[i + 1]):
            out[at] = 0.0
        for j in range(term_ptr[i], term_ptr[i + 1]):
            m, e, n = mean[j], excess[j], length[j]
            mode = max(int(m - e), 0)
            start = weight[j] / whole[j]
            out[base + mode] += start
            here = start
            for k in range(mode, n - 1):
                here *= (m + k * e) / ((1.0 + e) * (k + 1.0))
                out[base + k + 1] += here
            here = start
            for k in range(mode - 1, -1, -1):
                here *= (1.0 + e) * (k + 1.0) / (m + k * e)
                if here < 1e-300:  # slow to count with, and of no weight
                    break
                out[base + k] += here
