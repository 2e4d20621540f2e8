"""The numbers of a run, checked; every fault is told at once."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.errors import DomainError, TableError
from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.simulation.chain import Levels
from echelon.simulation.levels import longest_fill
from echelon.simulation.metrics import Window
from echelon.simulation.replay import read_replay

DEFAULT_PERIODS: Final = 104
DEFAULT_REPLICATIONS: Final = 100


def read_demand(
    demand: pd.DataFrame | None, network: Network
) -> tuple[Floats | None, TableError | None]:
    """Read the demand to replay; its faults are raised together with those of the arguments."""
    if demand is None:
        return None, None
    try:
        return read_replay(demand, network), None
    except TableError as error:
        return np.zeros((len(network.demand), 1)), error


def raise_all(problems: list[str], table: TableError | None) -> None:
    """Raise one error with everything that is wrong; do nothing if nothing is.

    Raises
    ------
    DomainError
        If there are problems with arguments.
    TableError
        If only the table has faults.
    """
    if not problems:
        if table is not None:
            raise table
        return
    if table is not None:
        problems = [*problems, str(table)]
    if len(problems) == 1:
        raise DomainError(f"simulate: {problems[0]}")
    lines = "\n".join(f"  {i}. {problem}" for i, problem in enumerate(problems, 1))
    raise DomainError(f"simulate: {len(problems)} things to mend:\n{lines}")


def whole_number(value: Any, name: str, least: int | None, problems: list[str]) -> int:
    """Give an integer of at least ``least``; a fault, and some number to go on with, otherwise."""
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if is_whole and (least is None or value >= least):
        return int(value)
    wanted = "an integer" if least is None else f"a whole number >= {least}"
    problems.append(f"{name} is {value!r}. Fix: give {wanted}.")
    return least or 0


def window_of(
    network: Network,
    replay: Floats | None,
    periods: int | None,
    warmup: int | None,
    replications: int | None,
    problems: list[str],
) -> tuple[Window, int]:
    """Check the three numbers; warm-ups that depend on the plan are added later."""
    runs = DEFAULT_REPLICATIONS if replay is None else 1
    if replications is not None:
        runs = whole_number(replications, "replications", 1, problems)
        if replay is not None and runs > 1:
            problems.append(
                f"replications is {runs}, but demand is replayed and every one would be the same. "
                "Fix: leave replications out."
            )
    first = 0
    if warmup is not None:
        first = whole_number(warmup, "warmup", 0, problems)
    counted = DEFAULT_PERIODS
    if periods is not None:
        counted = whole_number(periods, "periods", 1, problems)
    elif replay is not None:
        counted = replay.shape[1] - first
        if counted < 1:
            problems.append(
                f"warmup is {first}, but demand ends with period {replay.shape[1] - 1}. "
                "Fix: give a shorter warm-up."
            )
    last = first + counted
    if replay is not None and replay.shape[1] > last:
        problems.append(
            f"demand goes on to period {replay.shape[1] - 1}, after the last period of the run, "
            f"{last - 1}. Fix: leave periods out, or the rows."
        )
    if not len(network.demand):
        problems.append(
            "the network has no customers. Fix: give it a demand table with at least one row."
        )
    return Window(first, last), runs


def warmed_up(network: Network, levels: Levels, window: Window) -> tuple[Window, ...]:
    """Put the default warm-up of each component before its counted periods."""
    fills = longest_fill(network, levels.service_time).tolist()
    return tuple(Window(first, first + window.periods) for first in fills)


def fit(replay: Floats, n_periods: int) -> Floats:
    """Periods after the last row have no demand."""
    return np.pad(replay, ((0, 0), (0, n_periods - replay.shape[1])))
