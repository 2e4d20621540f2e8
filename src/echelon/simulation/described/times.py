"""Times of stages and lanes in whole periods: those that are fixed, and those that are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from echelon.network.compiled import Booleans, Floats, Integers
from echelon.simulation.described.cells import Cells, TableName

_WHOLE: Final = 1e-9
"""Periods; a sum of whole times may be this far from whole."""

_FINER: Final = "Fix: use a finer period (days for weeks), or round them where that is right."


@dataclass(frozen=True, slots=True)
class Times:
    """How long things take; a time that is drawn counts with its mean, rounded.

    Attributes
    ----------
    make, release, inbound : (n_stages,) int64
        Making, quality hold after it, and supply from outside, periods.
    lane : (n_lanes,) int64
        Transport, periods.
    make_varies, release_varies, lane_varies : bool
        Of the same shapes: the time is drawn.
    """

    make: Integers
    release: Integers
    inbound: Integers
    lane: Integers
    make_varies: Booleans
    release_varies: Booleans
    lane_varies: Booleans

    @classmethod
    def of(cls, cells: Cells) -> Times:
        """Read them; a time varies where its standard deviation is above 0."""
        return cls(
            make=cells.whole("stages", "lead_time"),
            release=cells.whole("stages", "release_time"),
            inbound=cells.whole("stages", "inbound_service_time"),
            lane=cells.whole("lanes", "lead_time"),
            make_varies=cells.numbers("stages", "lead_time_std") > 0.0,
            release_varies=cells.numbers("stages", "release_time_std") > 0.0,
            lane_varies=cells.numbers("lanes", "lead_time_std") > 0.0,
        )


def check_whole(cells: Cells, service_time: Floats, problems: list[str]) -> None:
    """Add a line for every column of fixed times in which some are not whole.

    Parameters
    ----------
    cells : Cells
    service_time : (n_stages,) float64
        Of the plan, periods.
    problems : list of str
        Gets the lines.
    """
    tables: tuple[tuple[TableName, str], ...] = (
        ("stages", "lead_time"),
        ("stages", "release_time"),
        ("stages", "inbound_service_time"),
        ("lanes", "lead_time"),
    )
    for table, name in tables:
        broken = _broken(cells.numbers(table, name))
        if name != "inbound_service_time":  # what is drawn is put on whole periods
            broken &= ~(cells.numbers(table, f"{name}_std") > 0.0)
        if broken.any():
            where = (
                f"on {cells.named_lanes(broken)}"
                if table == "lanes"
                else f"at {cells.named_stages(broken)}"
            )
            problems.append(f"{table}.{name} is not a whole number of periods {where}. {_FINER}")
    broken = _broken(np.nan_to_num(service_time))
    if broken.any():
        problems.append(
            "the service time is not a whole number of periods at "
            f"{cells.named_stages(broken)}. {_FINER}"
        )


def _broken(times: Floats) -> Booleans:
    return np.asarray(np.abs(times - np.rint(times)) > _WHOLE)
