r"""Random words by counter: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, runs side by side.

A word is a function of its key and its counter and of nothing else, so any word of a run can be
computed without those before it. Words are 32 bits, kept in unsigned integers of 64 bits: a product
of two of them fits, and the compiler makes vector instructions of the loop over runs.

References
----------
Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, *SC11*.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from echelon.kernels._jit import jit_rows_step, jit_step

Words: TypeAlias = NDArray[np.uint64]

INDEPENDENT = 1
ANTITHETIC = 2
STRATIFIED = 16
"""How draws of neighbouring runs hang together, which is the size of an independent group."""


@jit_rows_step
def philox(
    keys: Words,
    key: int,
    first: int,
    halvings: int,
    second: int,
    third: int,
    fourth: int,
    n_groups: int,
    n: int,
    out: Words | NDArray[np.uint32],
) -> None:
    """Write four words for each of ``n`` by ``n_groups`` counters.

    keys (n_keys, 2) words, of which row ``key`` is used; the counter of group ``g`` and column
    ``r`` is ``((first + r) >> halvings, second + g, third, fourth)``; out (>= 4 n_groups, >= n)
    overwritten, four rows for each group.
    """
    one, other = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
    step_one, step_other = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
    low, half, shift = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(halvings)
    begin = np.uint64(first)
    one_key, other_key = keys[key, 0] & low, keys[key, 1] & low
    for g in range(n_groups):
        for r in range(n):
            a = (begin + np.uint64(r)) >> shift
            b, c, d = np.uint64(second + g), np.uint64(third), np.uint64(fourth)
            k, kk = one_key, other_key
            for _ in range(10):  # what stands above 32 bits is dropped where it would matter
                p, q = one * (a & low), other * (c & low)
                a, b = (q >> half) ^ b ^ k, q
                c, d = (p >> half) ^ d ^ kk, p
                k, kk = (k + step_one) & low, (kk + step_other) & low
            out[4 * g, r], out[4 * g + 1, r] = a & low, b & low
            out[4 * g + 2, r], out[4 * g + 3, r] = c & low, d & low


@jit_step
def words(
    keys: Words,
    key: int,
    first_run: int,
    group: int,
    n_groups: int,
    together: int,
    multiples: Words,
    strata: Words,
    n: int,
    out: Words | NDArray[np.uint32],
) -> None:
    """Words of ``n`` runs in ``4 * n_groups`` periods from ``4 * group`` on.

    keys (n_keys, 2), of which row ``key`` is used; together ``INDEPENDENT``, ``ANTITHETIC`` (runs
    ``2 m`` and ``2 m + 1`` have words that add up to ``2**32 - 1``) or ``STRATIFIED`` (in each
    period 16 runs from ``16 m`` on have one word in each sixteenth of the range); multiples
    (16, 16) products of the field of 16 elements; strata (>= 4 n_groups, >= n) scratch; out
    (>= 4 n_groups, >= n) overwritten.
    """
    if together == ANTITHETIC:
        low = np.uint64(0xFFFFFFFF)
        philox(keys, key, first_run, 1, group, 0, 0, n_groups, n, out)
        for j in range(4 * n_groups):
            for r in range(n):
                odd = np.uint64(first_run + r) & np.uint64(1)
                out[j, r] ^= odd * low
        return
    philox(keys, key, first_run, 0, group, 0, 0, n_groups, n, out)
    if together == STRATIFIED:
        # a permutation per group of runs and period: times a factor, plus a term, both random, in
        # the field of 16 elements; of any two runs every pair of different strata is equally likely
        philox(keys, key, first_run, 4, group, 1, 0, n_groups, n, strata)
        inside, bits = np.uint64((1 << 28) - 1), np.uint64(28)
        for j in range(4 * n_groups):
            for r in range(n):
                chance = strata[j, r]
                factor = np.uint64(1) + (((chance & inside) * np.uint64(15)) >> bits)
                place = multiples[factor, (first_run + r) & 15] ^ (chance >> bits)
                out[j, r] = (place << bits) | (out[j, r] & inside)


def multiples_of_sixteen() -> Words:
    """Products of the field of 16 elements, modulo ``x**4 + x + 1``; shape (16, 16)."""
    products = np.zeros((16, 16), dtype=np.uint64)
    for a in range(16):
        for b in range(16):
            total, shifted = 0, a
            for bit in range(4):
                total ^= shifted if b >> bit & 1 else 0
                shifted = shifted << 1 ^ (0b10011 if shifted & 8 else 0)
            products[a, b] = total
    return products
