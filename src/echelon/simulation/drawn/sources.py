"""The drawn rows of a shard, made ready for the draw kernel: keys by name, tables by law."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import scipy

from echelon.distributions import PerPeriod
from echelon.errors import DomainError
from echelon.kernels._jit import Floats, Integers
from echelon.kernels.draws import (
    CELLS_PER_SCORE,
    GIVEN,
    LARGEST_SCORE,
    LAW,
    UP_DOWN,
    Sources,
)
from echelon.kernels.philox import (
    ANTITHETIC,
    INDEPENDENT,
    STRATIFIED,
    Words,
    multiples_of_sixteen,
)
from echelon.rng import key_words
from echelon.simulation.drawn.draw_rows import (
    OTHER,
    DrawRow,
    Given,
    Joint,
    Law,
    ListedRows,
    RowColumns,
    Rows,
    UpDown,
)
from echelon.simulation.drawn.law_tables import LawTables

__all__ = ["TOGETHER", "DrawRow", "Given", "Joint", "Law", "UpDown", "sources_of"]

TOGETHER: Final = {
    "independent": INDEPENDENT,
    "antithetic": ANTITHETIC,
    "stratified": STRATIFIED,
}
"""Ways to draw, each with the number of runs that hang together: 1, 2 or 16."""


def sources_of(
    rows: list[DrawRow] | tuple[DrawRow, ...] | Rows, seed: int, draws: str = "independent"
) -> Sources:
    """Make rows ready to be drawn by :func:`~echelon.kernels.draws.fill`.

    What a row draws depends on the seed, its own address and law, and for a joint row those of its
    group: not on the other rows, nor on their order.

    Parameters
    ----------
    rows : list or tuple of DrawRow, or Rows
    seed : int
    draws : {"independent", "antithetic", "stratified"}
        How neighbouring runs hang together; :data:`TOGETHER` gives the size of the groups of runs
        that are independent of one another.

    Returns
    -------
    Sources

    Raises
    ------
    DomainError
        If a law gives no finite rising quantiles, or ``draws`` is unknown; tells of every row.

    Examples
    --------
    >>> import numpy as np
    >>> from echelon.distributions import make
    >>> from echelon.kernels.draws import fill
    >>> row = DrawRow("demand", ("bolt", "shop"), make("poisson", 3.0))
    >>> out = np.empty((1, 2, 128))
    >>> fill(sources_of([row], 7), 0, 1, 0, 2, 0, 128, np.zeros((1, 128)), out)
    >>> sorted(set(out.ravel().tolist()))[:3]
    [0.0, 1.0, 2.0]
    """
    if draws not in TOGETHER:
        raise DomainError(f"draws is {draws!r}. Fix: give one of {', '.join(map(repr, TOGETHER))}.")
    drawn: Rows = ListedRows(rows) if isinstance(rows, list | tuple) else rows
    columns = drawn.columns(seed)
    n = len(drawn)
    kind, joint = np.full(n, LAW, dtype=np.int64), np.zeros(n, dtype=np.int64)
    joint[list(columns.joint)] = 1
    rates = np.zeros((2, n))
    n_laws, n_given = np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    given: list[Floats] = []
    for place, law in columns.laws.items():
        if isinstance(law, Given):
            kind[place], n_laws[place], n_given[place] = GIVEN, 0, len(law.values)
            given.append(np.asarray(law.values, dtype=np.float64))
        elif isinstance(law, UpDown):
            kind[place], n_laws[place] = UP_DOWN, 0
            rates[:, place] = law.failure_rate, law.recovery_rate
        elif isinstance(law, PerPeriod):
            n_laws[place] = len(law.periods)
    law_ptr, given_ptr = _starts(n_laws), _starts(n_given)
    tables, table, location, scale = _laws(drawn, columns, law_ptr).finish()
    return Sources(
        tables=tables,
        together=np.array([TOGETHER[draws]], dtype=np.int64),
        multiples=_multiples(),
        normal=_normal_cubics(),
        kind=kind,
        keys=columns.keys,
        law_ptr=law_ptr,
        table=table,
        location=location,
        scale=scale,
        given_ptr=given_ptr,
        given=np.concatenate(given) if given else np.zeros(0),
        failure_rate=rates[0].copy(),
        recovery_rate=rates[1].copy(),
        joint=joint,
        **_scores(columns.joint, seed),
    )


def _starts(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])


def _laws(rows: Rows, columns: RowColumns, law_ptr: Integers) -> LawTables:
    """Put every law in its slot, a row of several periods in several."""
    n_laws = int(law_ptr[-1])
    family, mean, std = np.full(n_laws, OTHER, dtype=np.int64), np.zeros(n_laws), np.zeros(n_laws)
    one = columns.family != OTHER
    at = law_ptr[:-1][one]
    family[at], mean[at], std[at] = columns.family[one], columns.mean[one], columns.std[one]
    laws = LawTables(family, mean, std)
    faults: list[str] = []
    for place, law in columns.laws.items():
        if isinstance(law, Given | UpDown):
            continue
        first = int(law_ptr[place])
        try:
            for slot, part in enumerate(
                law.periods if isinstance(law, PerPeriod) else (law,), first
            ):
                laws.add(slot, part)
        except DomainError as error:
            faults.append(f"{_named(rows[place])}: {error}")
    if faults:
        raise DomainError("\n".join(faults))
    return laws


def _named(row: DrawRow) -> str:
    item, *rest = row.address
    location, segments = (rest[0], [part for part in rest[1:] if part]) if rest else ("", [])
    where = f"{item} @ {location}" if location else item
    return f"{row.quantity} of {where}" + (f", segment {', '.join(segments)}" if segments else "")


@lru_cache(maxsize=1)
def _multiples() -> Words:
    return multiples_of_sixteen()


@lru_cache(maxsize=1)
def _normal_cubics() -> Floats:
    """Taylor's cubics of the lower normal tail at the middles of cells; shape (n, 4)."""
    n = int(LARGEST_SCORE * CELLS_PER_SCORE) + 1
    z = (np.arange(n) + 0.5) / CELLS_PER_SCORE
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    terms = scipy.special.ndtr(-z), -density, 0.5 * z * density, (1.0 - z * z) * density / 6.0
    return np.stack(terms, axis=1)


def _scores(joint: Mapping[int, Joint], seed: int) -> dict[str, Any]:
    """Independent scores in the order of their addresses, and the rows that use each."""
    addresses = sorted({address for one in joint.values() for address in one.addresses})
    numbers = {address: number for number, address in enumerate(addresses)}
    uses = sorted(
        (numbers[address], place, weight)
        for place, one in joint.items()
        for address, weight in zip(one.addresses, one.weights.tolist(), strict=True)
        if weight != 0.0
    )
    number, row, weight = np.array(uses, dtype=np.float64).reshape(len(uses), 3).T.copy()
    keys = [key_words(seed, "score", *address) for address in addresses]
    return {
        "score_ptr": np.searchsorted(number, np.arange(len(addresses) + 1)).astype(np.int64),
        "score_row": row.astype(np.int64),
        "score_weight": weight,
        "score_keys": np.array(keys, dtype=np.uint64).reshape(len(addresses), 2),
    }
