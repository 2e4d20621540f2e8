"""What is drawn beside demand: times, good shares and states of disruptions, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from echelon.distributions import Distribution, Empirical, make
from echelon.errors import DomainError
from echelon.network.compiled import Floats, Integers
from echelon.network.network import Network
from echelon.simulation.described.cells import Cells, TableName
from echelon.simulation.described.times import Times
from echelon.simulation.drawn.laws import good_share, whole_periods
from echelon.simulation.drawn.sources import Law

QUANTITIES: Final = ("make_time", "release_time", "lane_time", "good_share", "disruption")
"""What extra rows are, as the first part of their address; a component has them in this order."""

_TWO_MOMENTS: Final = "gamma"
"""The family of a time of which mean and standard deviation are all that is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Rows of one quantity.

    Attributes
    ----------
    places : (n_rows,) int64
        Stages, lanes or disruptions in compiled order.
    component, table_row : (n_rows,) int64
        Component; row of their table.
    law : (n_rows,) int64
        Position in ``laws``.
    laws : tuple
        What is drawn, each law once.
    """

    places: Integers
    component: Integers
    table_row: Integers
    law: Integers
    laws: tuple[Law, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExtraRows:
    """All drawn rows that are no demand, as columns: portfolios have hundreds of thousands.

    Attributes
    ----------
    ptr : (n_components + 1,) int64
        Rows of a component in the arrays below.
    quantity, table_row, law : (n_rows,) int64
        Positions in ``QUANTITIES``, in the table of ``stages``, ``lanes`` or ``disruptions``, and
        in ``laws``.
    laws : tuple
        Of whole periods, good shares and states.
    """

    ptr: Integers
    quantity: Integers
    table_row: Integers
    law: Integers
    laws: tuple[Law, ...]


def number_rows(
    kinds: Sequence[Drawn], demand_rows: Integers
) -> tuple[Integers, list[Integers], ExtraRows]:
    """Put extra rows behind those of their component's demand.

    Parameters
    ----------
    kinds : sequence of Drawn
        One for each of ``QUANTITIES``.
    demand_rows : (n_components,) int64
        Rows of demand.

    Returns
    -------
    row_ptr : (n_components + 1,) int64
        All rows of a component.
    numbers : list of (n,) int64
        Number of each row, kind by kind.
    extra : ExtraRows
    """
    component = np.concatenate([kind.component for kind in kinds])
    quantity = np.repeat(np.arange(len(kinds)), [len(kind.component) for kind in kinds])
    first_law = np.cumsum([0, *(len(kind.laws) for kind in kinds)])[:-1]
    law = np.concatenate([kind.law for kind in kinds]) + first_law[quantity]
    table_row = np.concatenate([kind.table_row for kind in kinds])
    counts = np.bincount(component, minlength=len(demand_rows))
    ptr = np.concatenate([[0], np.cumsum(counts)])
    row_ptr = np.concatenate([[0], np.cumsum(demand_rows + counts)])
    order = np.argsort(component, kind="stable")
    number = np.empty(len(component), dtype=np.int64)
    before = (row_ptr[:-1] + demand_rows - ptr[:-1])[component[order]]
    number[order] = before + np.arange(len(order))
    extra = ExtraRows(
        ptr=ptr,
        quantity=quantity[order],
        table_row=table_row[order],
        law=law[order],
        laws=tuple(law for kind in kinds for law in kind.laws),
    )
    ends = np.cumsum([len(kind.component) for kind in kinds])[:-1]
    return row_ptr, np.split(number, ends), extra


@dataclass(frozen=True, slots=True)
class DrawnTime:
    """A kind of time of which some are drawn.

    Attributes
    ----------
    quantity : str
        One of ``QUANTITIES``.
    table, column : str
        Where its moments stand.
    places : (n,) int64
        Stages or lanes at which it is drawn, in compiled order.
    fixed : (n_stages,) or (n_lanes,) int64
        The time where it is not drawn.
    """

    quantity: str
    table: TableName
    column: str
    places: Integers
    fixed: Integers

    def known_laws(self, network: Network) -> tuple[Distribution | None, ...]:
        """Give the distribution of each row of the table."""
        if self.table == "lanes":
            return network.lane_lead_time_distributions
        if self.quantity == "make_time":
            return network.lead_time_distributions
        return network.release_time_distributions

    def longest(self, drawn: Drawn) -> Integers:
        """Longest time that can be drawn, the fixed one elsewhere."""
        times = self.fixed.copy()
        of_law = [round(law.support[1]) for law in drawn.laws if isinstance(law, Empirical)]
        times[self.places] = np.array(of_law, dtype=np.int64)[drawn.law]
        return times


def drawn_times(times: Times) -> tuple[DrawnTime, ...]:
    """All kinds of times, in the order of ``QUANTITIES``."""
    make, release, lane = (
        np.flatnonzero(varies)
        for varies in (times.make_varies, times.release_varies, times.lane_varies)
    )
    return (
        DrawnTime("make_time", "stages", "lead_time", make, times.make),
        DrawnTime("release_time", "stages", "release_time", release, times.release),
        DrawnTime("lane_time", "lanes", "lead_time", lane, times.lane),
    )


def draw_times(
    network: Network,
    cells: Cells,
    time: DrawnTime,
    component: Integers,
    most: int,
    problems: list[str],
) -> Drawn:
    """Rows of times in whole periods; of a gamma where mean and deviation are all that is known.

    ``component`` has the component of each stage or lane; what takes longer than ``most`` periods,
    so that it does not come within the run, takes so many; ``problems`` gets a line for each
    distribution that cannot be put on whole periods.
    """
    places = time.places
    rows = cells.rows(time.table)[places]
    known = time.known_laws(network) if places.size else ()
    position: dict[int, int] = {}
    laws: list[Distribution] = []
    number = np.full(len(rows), -1, dtype=np.int64)
    for at, row in enumerate(rows.tolist()):
        law = known[row]
        if law is None:
            continue
        if id(law) not in position:
            position[id(law)] = len(laws)
            laws.append(law)
        number[at] = position[id(law)]
    by_moments = np.flatnonzero(number < 0)
    if by_moments.size:
        moments = pd.DataFrame(
            {
                "mean": cells.numbers(time.table, time.column)[places[by_moments]],
                "std": cells.numbers(time.table, f"{time.column}_std")[places[by_moments]],
            }
        )
        group = moments.groupby(["mean", "std"], sort=False).ngroup().to_numpy()
        number[by_moments] = len(laws) + group
        laws += [
            make(_TWO_MOMENTS, mean, std)
            for mean, std in moments.drop_duplicates().itertuples(index=False)
        ]
    whole: list[Law] = []
    for place, law in enumerate(laws):
        try:
            whole.append(_cut(whole_periods(law), most))
        except DomainError as error:
            chosen = np.zeros(len(cells.rows(time.table)), dtype=np.bool_)
            chosen[places[number == place]] = True
            name = cells.named_lanes if time.table == "lanes" else cells.named_stages
            problems.append(f"{time.table}.{time.column} at {name(chosen)}: {error}")
    return Drawn(places, component[places], rows, number, tuple(whole))


def _cut(law: Empirical, most: int) -> Empirical:
    """The same with all that is above ``most`` at ``most``: delay lines get no longer."""
    values, masses = np.asarray(law.values), np.asarray(law.probabilities)
    inside = values <= most
    if inside.all():
        return law
    kept, left = values[inside].tolist(), masses[inside].tolist()
    return Empirical((*kept, float(most)), (*left, float(masses[~inside].sum())))


def draw_good_shares(
    cells: Cells, component: Integers, mean: Floats, std: Floats, lot_failure: Floats
) -> Drawn:
    """Rows of the stages where not all is good."""
    places = np.flatnonzero((mean < 1.0) | (std > 0.0) | (lot_failure > 0.0))
    if not len(places):
        return Drawn(places, places, places, places, ())
    frame = pd.DataFrame({"mean": mean, "std": std, "lot_failure": lot_failure}).iloc[places]
    group = np.asarray(frame.groupby(list(frame), sort=False).ngroup(), dtype=np.int64)
    laws = tuple(good_share(*row) for row in frame.drop_duplicates().itertuples(index=False))
    return Drawn(places, component[places], cells.rows("stages")[places], group, laws)
