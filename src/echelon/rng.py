"""Randomness addressed by name: the same seed and names give the same stream, wherever it is asked.

A stream depends on nothing else: not on the order of calls, the worker, the shard or the other
stages in the network (clause 12 of the convention).
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Open the random stream that belongs to ``seed`` and ``names``.

    Parameters
    ----------
    seed : int
        Any integer, the same for a whole run.
    *names : str or int
        The address, for example ``("demand", item, location, segment, block)``.

    Returns
    -------
    numpy.random.Generator
        A fresh Philox4x64-10 generator. Its key is 128 bits of BLAKE2b over the address, so two
        addresses share a stream with probability 2**-128.

    Examples
    --------
    >>> bool(stream(7, "demand", "A").normal() == stream(7, "demand", "A").normal())
    True
    >>> bool(stream(7, "demand", "A").normal() == stream(7, "demand", "B").normal())
    False
    """
    address = hashlib.blake2b(digest_size=16)
    for part in (seed, *names):
        # with type and length, so that ("ab", "c") and ("a", "bc"), 1 and "1" differ
        text = f"{type(part).__name__}:{part}".encode()
        address.update(len(text).to_bytes(8, "little") + text)
    key = np.frombuffer(address.digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
