"""The drawn rows of a network by the numbers of their components: demand, and what else varies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from echelon.distributions import make
from echelon.network.compiled import CompiledNetwork, Floats, Integers
from echelon.network.network import Network
from echelon.rng import key_words_of
from echelon.simulation.described.feature_rows import QUANTITIES, ExtraRows
from echelon.simulation.described.features import FeatureSet
from echelon.simulation.drawn.draw_rows import (
    FAMILY_CODES,
    OTHER,
    DrawRow,
    Given,
    Joint,
    Law,
    RowColumns,
)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRows:
    """Names and laws of all drawn rows, as columns.

    Attributes
    ----------
    compiled : CompiledNetwork
    names : tuple of (n_demands,) object
        Item, location and segments of each row of ``Network.demand``.
    family : (n_demands,) int64
        ``FAMILY_CODES`` of the same rows; ``OTHER`` where ``laws`` has the law.
    mean, std : (n_demands,) float64
        Units per period.
    laws : mapping of int to Distribution or Given
        Of rows that their family and moments do not describe.
    joint : mapping of int to Joint
        How the rows are drawn that are correlated with others.
    extra : ExtraRows
    extra_names : mapping of str to tuple of object arrays
        The columns that name a row of ``stages``, ``lanes`` or ``disruptions``.
    """

    compiled: CompiledNetwork
    names: tuple[NDArray[np.object_], ...]
    family: Integers
    mean: Floats
    std: Floats
    laws: Mapping[int, Law]
    joint: Mapping[int, Joint]
    extra: ExtraRows
    extra_names: Mapping[str, tuple[NDArray[np.object_], ...]]

    @classmethod
    def of(cls, network: Network, feature_set: FeatureSet, *, replay: Floats | None) -> DrawnRows:
        """Collect them.

        Parameters
        ----------
        network : Network
        feature_set : FeatureSet
            Of the same network.
        replay : (n_demand_rows, n_periods) float64 or None
            Demand that is given, in the row order of ``Network.demand``.

        Raises
        ------
        DomainError
            With every pair and group of demand rows that cannot be correlated as they should be.
        """
        joint = {
            int(row): Joint(group.keys[: place + 1], group.lower[place, : place + 1])
            for group in (network.score_groups if replay is None else ())
            for place, row in enumerate(group.rows)
        }
        key = ("item", "location", *network.segments)
        demand = network.columns("demand", (*key, "family", "mean", "std", "parameters"))
        if replay is None:
            family = _closed(demand)
            others = np.flatnonzero(family == OTHER)
            laws: dict[int, Law] = {row: network.demand_laws[row] for row in others.tolist()}
        else:
            family = np.full(len(demand), OTHER, dtype=np.int64)
            laws = {row: Given(given) for row, given in enumerate(replay)}
        used = {_TABLES[kind] for kind in np.unique(feature_set.extra.quantity).tolist()}
        return cls(
            compiled=network.compiled,
            names=_texts(demand, key),
            family=family,
            mean=demand["mean"].to_numpy(dtype=np.float64),
            std=demand["std"].to_numpy(dtype=np.float64),
            laws=laws,
            joint=joint,
            extra=feature_set.extra,
            extra_names={name: _texts(_frame(network, name), _NAMES[name]) for name in used},
        )

    def with_extra(self, extra: ExtraRows) -> DrawnRows:
        """The same demand with other laws of what varies besides, in the same places."""
        return replace(self, extra=extra)

    def part(self, first: int, last: int) -> SomeRows:
        """Rows of components ``first`` up to, not including, ``last``, as structures number them.

        Those of a component's demand in compiled order, then the others.
        """
        compiled, extra = self.compiled, self.extra
        bounds = compiled.demand_ptr[compiled.component_ptr[first : last + 1]]
        numbers = compiled.demand_row[bounds[0] : bounds[-1]]
        extra_ptr = extra.ptr[first : last + 1]
        if extra_ptr[0] < extra_ptr[-1]:
            component = np.arange(last - first)
            of_row = np.concatenate(
                [np.repeat(component, np.diff(bounds)), np.repeat(component, np.diff(extra_ptr))]
            )
            others = len(self.family) + np.arange(extra_ptr[0], extra_ptr[-1])
            numbers = np.concatenate([numbers, others])[np.argsort(of_row, kind="stable")]
        return SomeRows(self, numbers)


@dataclass(frozen=True, slots=True, eq=False)
class SomeRows(Sequence[DrawRow]):
    """Drawn rows of some components; objects are made where one is asked for.

    Attributes
    ----------
    source : DrawnRows
        Of the whole network.
    numbers : (n_rows,) int64
        Row of ``Network.demand``; from the number of these on, row of ``source.extra``.
    """

    source: DrawnRows
    numbers: Integers

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[DrawRow]:
        return (self._row(number) for number in self.numbers.tolist())

    @overload
    def __getitem__(self, place: int, /) -> DrawRow: ...
    @overload
    def __getitem__(self, place: slice, /) -> SomeRows: ...
    def __getitem__(self, place: int | slice, /) -> DrawRow | SomeRows:
        if isinstance(place, slice):
            return SomeRows(self.source, self.numbers[place])
        return self._row(int(self.numbers[place]))

    def _row(self, number: int) -> DrawRow:
        source, n_demands = self.source, len(self.source.family)
        if number >= n_demands:
            at = number - n_demands
            kind = int(source.extra.quantity[at])
            row = int(source.extra.table_row[at])
            names = tuple(column[row] for column in source.extra_names[_TABLES[kind]])
            return DrawRow(QUANTITIES[kind], names, source.extra.laws[int(source.extra.law[at])])
        names = tuple(column[number] for column in source.names)
        law = source.laws.get(number)
        if law is None:
            family = _FAMILIES[int(source.family[number])]
            law = make(family, float(source.mean[number]), float(source.std[number]))
        return DrawRow("demand", names, law, source.joint.get(number))

    def __reduce__(self) -> tuple[type[SomeRows], tuple[DrawnRows, Integers]]:
        """Go to another process without the rows of other components."""
        alone = self.alone()
        return SomeRows, (alone.source, alone.numbers)

    def alone(self) -> SomeRows:
        """The same rows of a source that has no others."""
        source, n_demands = self.source, len(self.source.family)
        bought = self.numbers[self.numbers < n_demands]
        at = self.numbers[self.numbers >= n_demands] - n_demands
        numbers = np.empty_like(self.numbers)
        numbers[self.numbers < n_demands] = np.arange(len(bought))
        numbers[self.numbers >= n_demands] = len(bought) + np.arange(len(at))
        extra, extra_names = self._extra_alone(at)
        rows = list(enumerate(bought.tolist()))
        cut = replace(
            source,
            compiled=source.compiled.shard(0, 0),
            names=tuple(column[bought] for column in source.names),
            family=source.family[bought],
            mean=source.mean[bought],
            std=source.std[bought],
            laws={place: source.laws[row] for place, row in rows if row in source.laws},
            joint={place: source.joint[row] for place, row in rows if row in source.joint},
            extra=extra,
            extra_names=extra_names,
        )
        return SomeRows(cut, numbers)

    def _extra_alone(
        self, at: Integers
    ) -> tuple[ExtraRows, dict[str, tuple[NDArray[np.object_], ...]]]:
        """Rows ``at`` of the extra ones, with the names and laws that they use."""
        extra = self.source.extra
        quantity, table_row = extra.quantity[at], extra.table_row[at].copy()
        names = {}
        for kind in np.unique(quantity).tolist():
            of_table = np.isin(
                quantity, [k for k, name in enumerate(_TABLES) if name == _TABLES[kind]]
            )
            rows = np.unique(extra.table_row[at][of_table])
            table_row[of_table] = np.searchsorted(rows, extra.table_row[at][of_table])
            columns = self.source.extra_names[_TABLES[kind]]
            names[_TABLES[kind]] = tuple(column[rows] for column in columns)
        used, law = np.unique(extra.law[at], return_inverse=True)
        laws = tuple(extra.laws[one] for one in used.tolist())
        return ExtraRows(np.array([0, len(at)]), quantity, table_row, law, laws), names

    def columns(self, seed: int) -> RowColumns:
        """All of them, their addresses as keys."""
        source, numbers = self.source, self.numbers
        n, n_demands = len(numbers), len(source.family)
        keys = np.empty((n, 2), dtype=np.uint64)
        family = np.full(n, OTHER, dtype=np.int64)
        mean, std = np.zeros(n), np.zeros(n)
        bought = np.flatnonzero(numbers < n_demands)
        rows = numbers[bought]
        keys[bought] = key_words_of(
            seed, "demand", *(column[rows].tolist() for column in source.names)
        )
        family[bought], mean[bought], std[bought] = (
            column[rows] for column in (source.family, source.mean, source.std)
        )
        others = np.flatnonzero(family[bought] == OTHER)
        laws = {
            place: source.laws[row]
            for place, row in zip(bought[others].tolist(), rows[others].tolist(), strict=True)
        }
        joint = {}
        if source.joint:
            joint = {
                place: source.joint[row]
                for place, row in zip(bought.tolist(), rows.tolist(), strict=True)
                if row in source.joint
            }
        if len(bought) < n:
            extra = np.flatnonzero(numbers >= n_demands)
            at = numbers[extra] - n_demands
            keys[extra] = self._extra_keys(seed, at)
            law = source.extra.law[at].tolist()
            laws |= dict(zip(extra.tolist(), map(source.extra.laws.__getitem__, law), strict=True))
            laws = dict(sorted(laws.items(), key=lambda one: one[0]))
        return RowColumns(keys, family, mean, std, laws, joint)

    def _extra_keys(self, seed: int, at: Integers) -> NDArray[np.uint64]:
        extra = self.source.extra
        keys = np.empty((len(at), 2), dtype=np.uint64)
        quantity, table_row = extra.quantity[at], extra.table_row[at]
        for kind in np.unique(quantity).tolist():
            places = np.flatnonzero(quantity == kind)
            names = self.source.extra_names[_TABLES[kind]]
            rows = table_row[places]
            keys[places] = key_words_of(
                seed, QUANTITIES[kind], *(column[rows].tolist() for column in names)
            )
        return keys


_FAMILIES = {code: name for name, code in FAMILY_CODES.items()}

_TABLES = ("stages", "stages", "lanes", "stages", "disruptions")
"""Where each of ``QUANTITIES`` has its rows."""

_NAMES = {
    "stages": ("item", "location"),
    "lanes": ("from_item", "from_location", "to_item", "to_location"),
    "disruptions": ("name",),
}
"""What a row of a table is called in the address of its draws."""


def _frame(network: Network, table: str) -> pd.DataFrame:
    return network.disruptions if table == "disruptions" else network.columns(table, _NAMES[table])


def _closed(demand: pd.DataFrame) -> Integers:
    """Codes of the families that moments describe, ``OTHER`` elsewhere."""
    code, names = pd.factorize(demand["family"])
    family = np.array([FAMILY_CODES.get(name, OTHER) for name in names], dtype=np.int64)[code]
    return np.where((demand["parameters"] == "").to_numpy(dtype=np.bool_), family, OTHER)


def _texts(frame: pd.DataFrame, names: Sequence[str]) -> tuple[NDArray[np.object_], ...]:
    columns = []
    for name in names:
        code, texts = pd.factorize(frame[name])  # each text is one object, however often it comes
        columns.append(np.asarray(texts, dtype=object)[code])
    return tuple(columns)
