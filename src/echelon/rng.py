"""Randomness addressed by name: the same seed and names give the same stream, wherever it is asked.

A stream depends on nothing else: not on the order of calls, the worker, the shard or the other
stages in the network (clause 12 of the convention).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
    key = np.frombuffer(_digest(16, seed, *names), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def key_words(seed: int, *names: str | int) -> tuple[int, int]:
    """Give the key of the counter-based draws that belong to ``seed`` and ``names``.

    Parameters
    ----------
    seed : int
        Any integer, the same for a whole run.
    *names : str or int
        The address, for example ``("demand", item, location, segment)``.

    Returns
    -------
    tuple of two int
        Words of 32 bits. The 64 bits are BLAKE2b over the address, so two given addresses share a
        key with probability 2**-64.

    Examples
    --------
    >>> key_words(7, "demand", "A") == key_words(7, "demand", "A")
    True
    >>> key_words(7, "demand", "A") == key_words(8, "demand", "A")
    False
    """
    number = int.from_bytes(_digest(8, seed, *names), "little")
    return number & 0xFFFFFFFF, number >> 32


def key_words_of(seed: int, quantity: str, *columns: Sequence[str]) -> NDArray[np.uint64]:
    """Give the keys of many addresses at once, as :func:`key_words` gives each.

    Parameters
    ----------
    seed : int
        Any integer, the same for a whole run.
    quantity : str
        The first part of every address.
    *columns : sequence of str
        The other parts of the addresses, all of one length.

    Returns
    -------
    ndarray of uint64, shape (n_addresses, 2)
        Words of 32 bits.

    Examples
    --------
    >>> key_words_of(7, "demand", ["A", "B"]).tolist()[1] == list(key_words(7, "demand", "B"))
    True
    """
    head = _told(seed) + _told(quantity)
    told = []
    for column in columns:
        once = {part: _told(part) for part in set(column)}  # names come again and again
        told.append([once[part] for part in column])
    blake2b = hashlib.blake2b
    digests = b"".join(
        [
            blake2b(head + b"".join(parts), digest_size=8).digest()
            for parts in zip(*told, strict=True)
        ]
    )
    numbers = np.frombuffer(digests, dtype="<u8").astype(np.uint64)
    return np.stack([numbers & np.uint64(0xFFFFFFFF), numbers >> np.uint64(32)], axis=1)


def _digest(size: int, *parts: str | int) -> bytes:
    return hashlib.blake2b(b"".join(map(_told, parts)), digest_size=size).digest()


def _told(part: str | int) -> bytes:
    """A part with type and length, so that ("ab", "c") and ("a", "bc"), 1 and "1" differ."""
    text = f"{type(part).__name__}:{part}".encode()
    return len(text).to_bytes(8, "little") + text
