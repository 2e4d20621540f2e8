"""Faults that were found shard by shard, told as of the whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from echelon.errors import Fault
from echelon.io.divided.source import KNOWN
from echelon.network.compiled import Integers
from echelon.tables.check import SAME_KEY

_OTHER_ROW = re.compile(re.escape(SAME_KEY).replace(r"\{\}", r"(\d+)"))


def in_source(fault: Fault, rows: Mapping[str, Integers]) -> Fault:
    """Number the rows of a fault as in the source.

    Parameters
    ----------
    fault : Fault
        Of a part of the tables.
    rows : mapping of str to (n_rows,) int64
        Row of the source, from 0, of each row of the part, by table.

    Returns
    -------
    Fault
    """
    if not fault.row or fault.table not in rows:
        return fault
    of = rows[fault.table]
    other = _OTHER_ROW.fullmatch(fault.message)
    message = SAME_KEY.format(of[int(other[1]) - 1] + 1) if other else fault.message
    return replace(fault, row=int(of[fault.row - 1]) + 1, message=message)


def merged(faults: Iterable[Fault]) -> list[Fault]:
    """Tell once what many parts have in common, with the first row and the count of all.

    Parameters
    ----------
    faults : iterable of Fault
        Of all parts, rows numbered as in the source.

    Returns
    -------
    list of Fault
        By table, as the catalog has them, and row.
    """
    alike: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        words = _OTHER_ROW.sub(SAME_KEY, fault.message)
        alike.setdefault((fault.table, fault.column, words), []).append(fault)
    told = [_one_of(group) for group in alike.values()]
    place = {name: number for number, name in enumerate(KNOWN)}
    return sorted(told, key=lambda fault: (place.get(fault.table, len(place)), fault.row))


def _one_of(faults: Sequence[Fault]) -> Fault:
    first = min(faults, key=lambda fault: fault.row)
    if not first.row:
        return first  # of a whole table or a setting: every part says the same
    return replace(first, count=sum(fault.count for fault in faults))
