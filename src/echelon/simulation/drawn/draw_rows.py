"""What a drawn row is: a name and a law; and many of them as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np

from echelon.distributions import (
    Deterministic,
    Distribution,
    Gamma,
    NegativeBinomial,
    Normal,
    Poisson,
)
from echelon.kernels._jit import Floats, Integers
from echelon.kernels.philox import Words
from echelon.rng import key_words

OTHER: Final = -1
"""Code of a law that only its object describes."""

DETERMINISTIC, NORMAL, POISSON, NEGATIVE_BINOMIAL, GAMMA = range(5)
"""Codes of families of which mean and standard deviation say all."""

CODES: Final[dict[type[Any], int]] = {
    Deterministic: DETERMINISTIC,
    Normal: NORMAL,
    Poisson: POISSON,
    NegativeBinomial: NEGATIVE_BINOMIAL,
    Gamma: GAMMA,
}
FAMILY_CODES: Final = {family.family: code for family, code in CODES.items()}
"""The same by the names of the families in tables."""


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """A row's place among the rows it is correlated with, which may be of other components.

    Attributes
    ----------
    addresses : tuple of (item, location, *segments)
        Rows of the group up to this one, in the order of their names.
    weights : (n,) float64
        The row's score is this times one independent normal per address.
    """

    addresses: tuple[tuple[str, ...], ...]
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Values that are known beforehand, the same in every run: a replay, or dates.

    Attributes
    ----------
    values : (n_periods,) float64
        By period, from 0 on; 0.0 after the last.
    """

    values: Floats


@dataclass(frozen=True, slots=True)
class UpDown:
    """A Markov chain of two states: 0.0 up, where it is in period 0, and 1.0 down.

    Attributes
    ----------
    failure_rate, recovery_rate : float
        Probability per period to go down when up, and up when down: times up and down are
        geometric, with means ``1 / failure_rate`` and ``1 / recovery_rate`` periods.
    """

    failure_rate: float
    recovery_rate: float


Law: TypeAlias = Distribution | Given | UpDown


@dataclass(frozen=True, slots=True)
class DrawRow:
    """One row of draws: its name and how it is distributed.

    Attributes
    ----------
    quantity : str
        What it is, as the first part of its address: ``"demand"``, ``"lead_time"``.
    address : tuple of str
        The rest of its address: item, location and what tells it from its neighbours.
    law : Distribution, Given or UpDown
    joint : Joint or None
        How it is drawn together with the rows it is correlated with.
    """

    quantity: str
    address: tuple[str, ...]
    law: Law
    joint: Joint | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RowColumns:
    """Drawn rows as columns.

    Attributes
    ----------
    keys : (n_rows, 2) uint64
        Words that the address of a row is known by.
    family : (n_rows,) int64
        ``FAMILY_CODES``; ``OTHER`` where ``laws`` has the law.
    mean, std : (n_rows,) float64
        Units; not read where ``laws`` has the law.
    laws : mapping of int to Distribution, Given or UpDown
        By row.
    joint : mapping of int to Joint
        How rows are drawn that are correlated with others.
    """

    keys: Words
    family: Integers
    mean: Floats
    std: Floats
    laws: Mapping[int, Law]
    joint: Mapping[int, Joint]


class Rows(Protocol):
    """Drawn rows that know their columns, and make single rows where they are asked for."""

    def __len__(self) -> int:
        """How many rows."""

    def __getitem__(self, place: int, /) -> DrawRow:
        """One of them."""

    def columns(self, seed: int) -> RowColumns:
        """All of them."""


@dataclass(frozen=True, slots=True)
class ListedRows:
    """Rows made one by one."""

    rows: Sequence[DrawRow]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int, /) -> DrawRow:
        return self.rows[place]

    def columns(self, seed: int) -> RowColumns:
        """Every law as an object."""
        n = len(self.rows)
        keys = [key_words(seed, row.quantity, *row.address) for row in self.rows]
        return RowColumns(
            keys=np.array(keys, dtype=np.uint64).reshape(n, 2),
            family=np.full(n, OTHER, dtype=np.int64),
            mean=np.zeros(n),
            std=np.zeros(n),
            laws={place: row.law for place, row in enumerate(self.rows)},
            joint={
                place: row.joint for place, row in enumerate(self.rows) if row.joint is not None
            },
        )
