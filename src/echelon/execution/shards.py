"""Cut a row of pieces of work into shards, the same on every machine."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from echelon.errors import DomainError


def cut(work: Sequence[float] | NDArray[np.number], *, share: float) -> list[tuple[int, int]]:
    """Cut consecutive pieces into shards of about ``share`` work each.

    The cut depends on the work alone, never on the number of workers, so that whatever is summed
    shard by shard has the same bits for any ``n_jobs``.

    Parameters
    ----------
    work : sequence of n floats
        Work of each piece, >= 0, in any unit.
    share : float
        Work of one shard, > 0. A piece that is larger makes a shard by itself.

    Returns
    -------
    list of (first, last)
        Half-open ranges that cover ``range(n)`` in order.

    Raises
    ------
    DomainError
        If ``share`` is not positive.

    Examples
    --------
    >>> cut([1, 1, 1, 5, 1], share=2)
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    if not share > 0.0:
        raise DomainError(f"share is {share!r}, must be > 0. Fix: give the work of one shard.")
    shards: list[tuple[int, int]] = []
    first, held = 0, 0.0
    for piece, amount in enumerate(np.asarray(work, dtype=float).tolist()):
        if piece > first and held + amount > share:
            shards.append((first, piece))
            first, held = piece, 0.0
        held += amount
    if len(work):
        shards.append((first, len(work)))
    return shards


def cut_by_key(
    work: Sequence[float] | NDArray[np.number], keys: Iterable[str], *, share: float
) -> list[tuple[int, int]]:
    """Cut consecutive pieces into shards of about ``share`` work, at places that their keys choose.

    Adding, removing or changing a piece changes the shards around it and leaves all others as they
    are, so that what was finished of them still stands. A shard ends after a piece whose key has
    the least hash of all those within half a share of work on either side [1]_; what is then larger
    than two shares is cut by work alone.

    Parameters
    ----------
    work : sequence of n floats
        Work of each piece, >= 0, in any unit.
    keys : iterable of n str
        A name of each piece that it keeps; different ones for different pieces.
    share : float
        Work of one shard, > 0.

    Returns
    -------
    list of (first, last)
        Half-open ranges that cover ``range(n)`` in order.

    Raises
    ------
    DomainError
        If ``share`` is not positive, or there is not one key for each piece.

    References
    ----------
    .. [1] Bjorner, Blass & Gurevich (2010), Content-dependent chunking for differential
       compression, the local maximum approach, *Journal of Computer and System Sciences* 76.

    Examples
    --------
    >>> before = cut_by_key([1] * 8, list("abcdefgh"), share=3)
    >>> after = cut_by_key([1] * 9, list("abcdefghi"), share=3)
    >>> before[:-1] == after[: len(before) - 1]
    True
    """
    if not share > 0.0:
        raise DomainError(f"share is {share!r}, must be > 0. Fix: give the work of one shard.")
    hashes = np.fromiter(map(_hash_of, keys), dtype=np.uint64)
    if len(hashes) != len(work):
        raise DomainError(f"{len(hashes)} keys for {len(work)} pieces. Fix: give one for each.")
    ends = np.cumsum(work, dtype=float)
    last = _least_within(ends.data, hashes.data, 0.5 * share)
    bounds = sorted({0, len(hashes), *(piece + 1 for piece in last)})
    return [
        (start + first, start + stop)
        for start, end in pairwise(bounds)
        for first, stop in cut(work[start:end], share=2.0 * share)
    ]


def _hash_of(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


def _least_within(ends: Sequence[float], hashes: Sequence[int], reach: float) -> list[int]:
    """Pieces whose hash is the least of all that end within ``reach`` work of their own end.

    One pass with a queue of rising hashes, as for the minimum of a sliding window.
    """
    found: list[int] = []
    queue: deque[int] = deque()
    ahead = 0
    for piece, end in enumerate(ends):
        while ahead < len(ends) and ends[ahead] <= end + reach:
            while queue and hashes[queue[-1]] > hashes[ahead]:
                queue.pop()
            queue.append(ahead)
            ahead += 1
        while ends[queue[0]] < end - reach:
            queue.popleft()
        if queue[0] == piece:
            found.append(piece)
    return found
