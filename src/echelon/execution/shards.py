"""Cut a row of pieces of work into shards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echelon.errors import DomainError


def cut(work: Sequence[float], *, share: float) -> list[tuple[int, int]]:
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
