"""The numbers of a run, checked; every fault is told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from echelon.errors import DomainError, TableError, warn_of_data
from echelon.kernels.flow_arrays import WIDTH
from echelon.network.compiled import Floats
from echelon.network.network import Network
from echelon.simulation.drawn.sources import TOGETHER
from echelon.simulation.plain.orders import AnyPolicy
from echelon.simulation.precision import PRECISIONS
from echelon.simulation.replay import read_replay

DEFAULT_PERIODS: Final = 104
DEFAULT_REPLICATIONS: Final = 100
MOST_REPLICATIONS: Final = 10_000

BATCHES: Final = 20
"""Batches of periods that stand in for replications where there is one: between 10 and 30 of them
the confidence interval is steady, says Schmeiser (1982), *Operations Research* 30(3)."""

LEAST_BATCH: Final = 10
"""Periods in a batch; with fewer they would hang together too much."""

MOST_PERIODS: Final = 10_000_000
"""Periods of a run, its warm-up included; more are a slip of the pen that would run for hours."""


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


@dataclass(frozen=True, slots=True)
class Window:
    """How long and how often.

    Attributes
    ----------
    periods, warmup : int
        Counted; before them where that is given, 0 otherwise.
    runs : int
        Replications, or the most of them.
    batches : int
        Batches of periods that stand in for runs; 0 measures runs.
    group : int
        Runs that depend on each other.
    """

    periods: int
    warmup: int
    runs: int
    batches: int
    group: int

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """All runs, cut into blocks."""
        return blocks_of(0, self.runs, self.group)


def blocks_of(first_run: int, last_run: int, group: int) -> tuple[tuple[int, int], ...]:
    """Cut runs into blocks of about equal size and at most ``WIDTH``, whole groups each.

    Examples
    --------
    >>> blocks_of(0, 300, 2)
    ((0, 100), (100, 100), (200, 100))
    """
    groups, most = (last_run - first_run) // group, WIDTH // group
    n_blocks = -(-groups // most)
    ends = [first_run + groups * b // n_blocks * group for b in range(n_blocks + 1)]
    return tuple((a, b - a) for a, b in pairwise(ends))


def window_of(
    network: Network,
    replay: Floats | None,
    periods: int | None,
    warmup: int | None,
    replications: int | None,
    draws: object,
    stop_when: object,
    problems: list[str],
) -> Window:
    """Check the numbers; warm-ups that depend on the network are found later."""
    group = 1
    if not isinstance(draws, str) or draws not in TOGETHER:
        problems.append(f"draws is {draws!r}. Fix: give one of {', '.join(map(repr, TOGETHER))}.")
    else:
        group = TOGETHER[draws]
    runs = DEFAULT_REPLICATIONS if stop_when is None else MOST_REPLICATIONS
    runs += -runs % group
    if replay is not None:
        runs = group = 1
    if replications is not None:
        runs = whole_number(replications, "replications", 1, problems)
        if replay is not None and runs > 1:
            problems.append(
                f"replications is {runs}, but demand is replayed and every one would be the same. "
                "Fix: leave replications out."
            )
        elif runs % group:
            problems.append(
                f"replications is {runs}, but draws={draws!r} makes them in groups of {group}. "
                f"Fix: give a multiple, {runs - runs % group + group} say."
            )
    if replay is not None and stop_when is not None:
        problems.append(
            "stop_when is given, but demand is replayed once. Fix: leave one of them out."
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
    if last > MOST_PERIODS:
        problems.append(
            f"periods and warmup are {last:,} together, more than {MOST_PERIODS:,}. "
            "Fix: give fewer periods; replications make a measure sharper too."
        )
    if replay is not None and replay.shape[1] > last:
        problems.append(
            f"demand goes on to period {replay.shape[1] - 1}, after the last period of the run, "
            f"{last - 1}. Fix: leave periods out, or the rows."
        )
    if not len(network.compiled.demand_row):
        problems.append(
            "the network has no customers. Fix: give it a demand table with at least one row."
        )
    alone = runs == 1 and replay is None and counted >= BATCHES * LEAST_BATCH
    if alone and counted % BATCHES:
        problems.append(
            f"periods is {counted}, which are measured in {BATCHES} batches where there is one "
            f"replication. Fix: give a multiple, {counted - counted % BATCHES} say, or more "
            "replications."
        )
    return Window(counted, first, runs, BATCHES if alone else 0, group)


def check_precision(precision: object, problems: list[str]) -> None:
    """Tell of a precision that there is not."""
    if not isinstance(precision, str) or precision not in PRECISIONS:
        problems.append(
            f"precision is {precision!r}. Fix: give one of {', '.join(map(repr, PRECISIONS))}."
        )


def own_policies(network: Network, policies: object, problems: list[str]) -> dict[int, AnyPolicy]:
    """A user's own policies by stage in compiled order; :func:`levels_of` tells of wrong keys."""
    if not isinstance(policies, Mapping):
        if policies is not None:
            problems.append(
                f"policies is of type {type(policies).__name__}. Fix: give a dict of "
                "(item, location) to an object with order(position) or order_at(view)."
            )
        return {}
    stages = network.columns("stages", ("item", "location")).iloc[network.compiled.stage_row]
    place = {key: j for j, key in enumerate(stages.itertuples(index=False, name=None))}
    chosen = {}
    for key, policy in policies.items():
        if isinstance(policy, type):
            problems.append(
                f"policies[{key!r}] is the class {policy.__name__} itself. "
                f"Fix: give an object of it, {policy.__name__}(...)."
            )
        elif not (_has_method(policy, "order") or _has_method(policy, "order_at")):
            problems.append(
                f"policies[{key!r}] is of type {type(policy).__name__}, which has neither "
                "order(position) nor order_at(view). Fix: give it one of them."
            )
        elif key in place:
            chosen[place[key]] = policy
    return chosen


def _has_method(policy: object, name: str) -> bool:
    return callable(getattr(policy, name, None))


def check_flags(problems: list[str], **flags: object) -> None:
    """Add a line for every argument that must be True or False and is something else."""
    for name, value in flags.items():
        if not isinstance(value, (bool, np.bool_)):
            problems.append(f"{name} is {value!r}. Fix: give True or False.")


def fit(replay: Floats, n_periods: int) -> Floats:
    """Periods after the last row have no demand, of which a person is told.

    Warns
    -----
    DataWarning
    """
    given = replay.shape[1]
    if given < n_periods:
        warn_of_data(
            f"demand= ends with period {given - 1}, and the run, its warm-up included, with period "
            f"{n_periods - 1}: nobody buys in between. Fix: leave periods out, or give warmup and "
            f"periods that come to {given}; nothing, if that is so."
        )
    return np.pad(replay, ((0, 0), (0, n_periods - replay.shape[1])))
