"""Check what is no table: the names of segments, and the period that tables are fitted in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from echelon.errors import Fault
from echelon.tables import (
    CORRELATION,
    DEMAND,
    PERIODS,
    SEGMENTS,
)

_TIMED = ("lead_time", "fit_lead_time")
"""What of stages and lanes is in periods, and what fits it."""


def check_segments(names: object) -> tuple[tuple[str, ...], list[Fault]]:
    """Read the names of the segment columns; the default stands in where they are faulty.

    Parameters
    ----------
    names : sequence of str or None

    Returns
    -------
    segments : tuple of str
    faults : list of Fault
    """

    def fault(message: str, remedy: str) -> tuple[tuple[str, ...], list[Fault]]:
        return SEGMENTS, [Fault("network", "segments", 0, names, message, remedy)]

    if names is None:
        return SEGMENTS, []
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        return fault("must be a list of names", 'give a list, ["market", "channel"] for example')
    if not all(isinstance(name, str) and name.strip() == name != "" for name in names):
        return fault("holds what is no name", "give plain texts without blanks around them")
    taken = {*DEMAND.names, *CORRELATION.names} - set(SEGMENTS)
    clash = [name for name in names if name in taken or name.endswith("item")]
    if clash:
        return fault(
            f"names {clash[0]!r}, which means something else in demand or correlation",
            "rename the column",
        )
    if len(set(names)) < len(names):
        return fault("names a column twice", "name each column once")
    return tuple(names), []


def check_periods(period: str, tables: Mapping[str, object]) -> list[Fault]:
    """Find tables that say, by ``attrs["period"]``, that they are in another period.

    Fitted tables say so. The word is lost in a merge, and then nothing is held against the table.

    Parameters
    ----------
    period : str
        Of the network.
    tables : dict of str to DataFrame or None
        ``stages``, ``lanes`` and ``demand`` as given.

    Returns
    -------
    list of Fault
        One per table.
    """
    faults = []
    for name, table in tables.items():
        column, verb = ("mean", "fit_demand") if name == "demand" else _TIMED
        if not isinstance(table, pd.DataFrame) or column not in table.columns:
            continue
        said = table.attrs.get("period")
        if not isinstance(said, str) or said not in PERIODS or said == period:
            continue
        told = f"the demand is per {said}" if name == "demand" else f"the lead times are in {said}s"
        since = "it was" if name == "demand" else "they were"
        faults.append(
            Fault(
                name,
                column,
                0,
                None,
                f"{told}, and the network is in {period}s",
                f"{verb}(..., period={period!r}), or period={said!r} for the network; if {since} "
                f"converted since, take 'period' out of {name}.attrs",
            )
        )
    return faults
