"""How an extension takes part in making a stage's stock."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from echelon.distributions import Distribution
from echelon.lead_time.deviation import Wait
from echelon.network.compiled import Booleans, CompiledNetwork, Floats, Integers
from echelon.optimization.cost.demand_over_time import DemandOverTime
from echelon.optimization.cost.stage_stock import StageStock
from echelon.optimization.demand_seen import DemandSeen
from echelon.optimization.random_times import wait_std

Entry = TypeVar("Entry")


class Stages:
    """All stages of a network whose stocks are being made, customers before their suppliers.

    Stages have the numbers of the whole compiled network. What is read of one stage at a time is
    kept as lists, off which a number is read in a fraction of the time that an array takes.

    Parameters
    ----------
    compiled : CompiledNetwork
    seen : DemandSeen
        Of its stages.
    exact : mapping of stage to (distribution of one period's demand, service level)
        Stages whose own demand has a distribution over time other than a normal one.
    waits : mapping of stage to Wait
        Stages whose supplies vary, by distributions.

    Attributes
    ----------
    compiled : CompiledNetwork
        As though it were one component, so that lanes lead to stages by these numbers.
    seen, exact, waits
        As given.
    row, review : list of int
        Of each stage, its row in the table ``stages`` and its review period.
    wait_std : list of float
        As :func:`~echelon.optimization.random_times.wait_std` gives it, periods.
    excess : dict of stage to float
        By how much what it orders can exceed what it is asked for, units; where it orders in lots.
    lumps : dict of stage to float
        By how much what it is asked for can exceed the demand, units; where lots are below it.
    """

    def __init__(
        self,
        compiled: CompiledNetwork,
        seen: DemandSeen,
        exact: Mapping[int, tuple[Distribution, float]],
        waits: Mapping[int, Wait],
    ) -> None:
        self.compiled, self.seen = compiled.as_one(), seen
        self.exact, self.waits = exact, waits
        self.row: list[int] = compiled.stage_row.tolist()
        self.review: list[int] = compiled.review_period.tolist()
        self.wait_std: list[float] = wait_std(compiled).tolist()
        self.excess: dict[int, float] = {}
        self.lumps: dict[int, float] = {}

    @cached_property
    def demand_rows(self) -> list[list[int]]:
        """Rows of each stage's own customers in the table ``demand``."""
        return _by_stage(self.compiled.demand_row.tolist(), self.compiled.demand_ptr)

    @cached_property
    def customers(self) -> list[list[tuple[int, float]]]:
        """By lane out of each stage: customer stage, and units of this stage in one of it."""
        below = self.compiled.succ_stage.tolist()
        usage = self.compiled.pred_usage[self.compiled.succ_lane].tolist()
        return _by_stage(list(zip(below, usage, strict=True)), self.compiled.succ_ptr)


def _by_stage(entries: list[Entry], ptr: Integers) -> list[list[Entry]]:
    return [entries[begin:end] for begin, end in pairwise((ptr - ptr[0]).tolist())]


class Extension:
    """One extension of the model, prepared once for a network in which it is in use.

    The stock of a stage is made in three steps, each in the order of the registry: the demand over
    time is changed, a kind of stock is chosen, and that is wrapped. A step that an extension does
    not override hands on what it is given, so that a stage which is not concerned stays as it is.
    The demand of all stages is changed before the stock of any is chosen; what can be worked out
    for many stages together is, in between.

    Attributes
    ----------
    concerned : (n_stages,) bool or None
        Stages of the whole compiled network that it is asked about, all where None. Of others it
        need not be told, as it would neither change anything nor remember it.
    """

    concerned: Booleans | None = None

    def change_demand(self, stages: Stages, stage: int, demand: DemandOverTime) -> DemandOverTime:
        """Change the demand over time that a stage sees."""
        del stages, stage
        return demand

    def prepare(self, stages: Stages, demands: Mapping[int, DemandOverTime]) -> None:
        """Look at all stages at once, when it is known what demand each of them sees.

        ``demands`` are those of the stages that some extension is asked about.
        """
        del stages, demands

    def choose_stock(
        self, stages: Stages, stage: int, demand: DemandOverTime, stock: StageStock
    ) -> StageStock:
        """Choose another kind of stock than the one chosen so far."""
        del stages, stage, demand
        return stock

    def orders(self, stages: Stages) -> dict[str, Floats]:
        """Columns of ``GuaranteedServiceCost.orders`` that this extension gives, (n_stages,).

        NaN where a stage has none.
        """
        del stages
        return {}

    def wrap_stock(self, stages: Stages, stage: int, stock: StageStock) -> StageStock:
        """Wrap the stock: same questions, other answers."""
        del stages, stage
        return stock
