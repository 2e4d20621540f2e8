"""Segment columns by any name: market, channel, customer in place of ``segment``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from echelon.tables.column import Column, Table

SEGMENTS = ("segment",)
"""Segment columns unless others are named."""


def with_segments(table: Table, segments: Sequence[str], *, required: bool = False) -> Table:
    """Put segment columns in place of ``segment`` and ``other_segment``.

    Parameters
    ----------
    table : Table
    segments : sequence of str
        Names of columns, none of which the table has already; none leaves no segments.
    required : bool, default False
        Whether each has to be there and filled in every row: a history whose caller names them.

    Returns
    -------
    Table

    Examples
    --------
    >>> from echelon.tables.history import DEMAND_HISTORY
    >>> with_segments(DEMAND_HISTORY, ["market", "channel"]).key
    ('item', 'location', 'market', 'channel', 'period')
    """
    columns: list[Column] = []
    for column in table.columns:
        if column.name not in ("segment", "other_segment"):
            columns.append(column)
            continue
        prefix = column.name.removesuffix("segment")
        named = [replace(column, name=f"{prefix}{name}") for name in segments]
        columns += [_filled(one) for one in named] if required else named
    return replace(table, columns=tuple(columns))


def _filled(column: Column) -> Column:
    return replace(
        column,
        text="Segment of the customers",
        required=True,
        default=None,
        blank="",
        fix="give every row a name, as text or as a whole number",
    )
